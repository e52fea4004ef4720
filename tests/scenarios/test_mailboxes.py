"""A message for one rep or one queue reaches them with everything as it ships, or a warning says who has it instead."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from scv_emulator.seed import PhoneChannel, Queue, Seed, User
from scv_emulator.server import Emulator
from scv_emulator.switches import Switches
from scv_emulator.telephony.flows import OmniFlow
from scv_voicemail.ports import Run, RunState
from scv_voicemail.voicemail import Mailbox, MailboxKind

from tests.scenarios.matrix import left
from tests.scenarios.record_org import deliver, deploy, records
from tests.scenarios.simulation import held

KEY, NUMBER = "mailbox-0001", "+18005550100"
REP, LEFT_COMPANY = "rep@example.com", "gone@example.com"
EVERYBODY = "Voicemail"
SEED = Seed()


@pytest.fixture
def org(tmp_path: Path) -> Iterator[Emulator]:
    """An org to which everything that ships is deployed; the number has the shipped flow."""
    with Emulator(switches=Switches(apply_delay_ms=0), folder=tmp_path) as emulator:
        deploy(emulator)
        emulator.set_channel(NUMBER, flow="Voicemail_Omni_Routing", fallback_queue=EVERYBODY)
        yield emulator


def change(org: Emulator, object_name: str, key: dict[str, Any], **fields: Any) -> str:
    """Change a record of the org as an administrator would; its id."""
    found = org.org.database.first(object_name, **key)
    assert found is not None
    org.org.database.update(object_name, found["Id"], fields, by_system=True)
    return str(found["Id"])


def rep(name: str) -> Mailbox:
    return Mailbox(kind=MailboxKind.REP, name=name)


def queue(name: str) -> Mailbox:
    return Mailbox(kind=MailboxKind.QUEUE, name=name)


def leave(org: Emulator, folder: Path, mailbox: Mailbox | None, *targets: str, **settings: Any) -> dict[str, Run]:
    """A message that was left for a mailbox, delivered."""
    return deliver(org, left(folder, KEY) | {"mailbox": mailbox, "dialed_number": NUMBER}, targets=targets, **settings)


def who_has_the_call(org: Emulator) -> list[str]:
    """Queue or rep of each pending routing of the voicemail."""
    state = org.state()
    names = {one["Id"]: one["DeveloperName"] for one in state["Group"]}
    names |= {one["Id"]: one["Username"] for one in state["User"]}
    return [names[one["GroupId"] or one["PreferredUserId"]] for one in held(state, KEY).pending]


def owner_of_the(org: Emulator, object_name: str) -> str:
    state = org.state()
    names = {one["Id"]: one["DeveloperName"] for one in state["Group"]}
    names |= {one["Id"]: one["Username"] for one in state["User"]}
    (record,) = records(state, KEY)[object_name]
    return str(names[record["OwnerId"]])


@pytest.mark.covers("connect-3", "first-hour-4")
@pytest.mark.parametrize("mailbox", [rep(REP), queue("Live_Calls"), queue("Live Calls")], ids=lambda one: one.name)
def test_a_message_reaches_the_rep_or_queue_with_the_shipped_defaults(
    org: Emulator, tmp_path: Path, mailbox: Mailbox
) -> None:
    """Nobody has set an input of the flow."""
    run = leave(org, tmp_path, mailbox, "voice_call")["voice_call"]

    assert (run.state, run.warnings) == (RunState.DELIVERED, [])
    assert who_has_the_call(org) == [mailbox.name.replace(" ", "_")]


@pytest.mark.covers("connect-4", "first-hour-4")
@pytest.mark.parametrize("field", ["Alias", "FederationIdentifier"])
def test_a_rep_has_other_names_than_the_username(org: Emulator, tmp_path: Path, field: str) -> None:
    """Amazon Connect knows the rep by another one."""
    change(org, "User", {"Username": REP}, **{field: "jdoe"})

    runs = leave(org, tmp_path, rep("jdoe"), "voice_call", "case")

    assert [run.warnings for run in runs.values()] == [[], []]
    assert who_has_the_call(org) == [REP]
    assert owner_of_the(org, "Case") == REP


@pytest.mark.covers("connect-4")
@pytest.mark.parametrize("length", [15, 18])
def test_an_agent_of_amazon_connect_is_the_user_whose_id_the_name_holds(
    org: Emulator, tmp_path: Path, length: int
) -> None:
    """Service Cloud Voice calls its agents username@user id@org id."""
    user_id = change(org, "User", {"Username": REP}, Alias="rep")

    leave(org, tmp_path, rep(f"another@{user_id[:length]}@00DRM000000NgAk"), "voice_call", "case")

    assert who_has_the_call(org) == [REP]
    assert owner_of_the(org, "Case") == REP


@pytest.mark.covers("connect-4", "first-hour-4", "operating-16")
@pytest.mark.parametrize("mailbox", [rep("nobody@example.com"), queue("nowhere")], ids=["rep", "queue"])
def test_a_message_for_nobody_is_everybodys_and_a_warning_says_so(
    org: Emulator, tmp_path: Path, mailbox: Mailbox
) -> None:
    """It is delivered all the same."""
    runs = leave(org, tmp_path, mailbox, "voice_call", "case", "custom_object")

    assert who_has_the_call(org) == [EVERYBODY]
    assert (owner_of_the(org, "Case"), owner_of_the(org, "Voicemail__c")) == (EVERYBODY, EVERYBODY)
    for run in runs.values():
        assert run.state is RunState.DELIVERED
        assert any(mailbox.name in one for one in run.warnings)
    assert any("routed to voicemail-queue" in one for one in runs["voice_call"].warnings)


@pytest.mark.covers("connect-4")
def test_an_inactive_rep_is_nobody(org: Emulator, tmp_path: Path) -> None:
    """Who left the company has no voicemail any more."""
    change(org, "User", {"Username": REP}, IsActive=False)

    runs = leave(org, tmp_path, rep(REP), "voice_call", "case")

    assert who_has_the_call(org) == [EVERYBODY]
    assert owner_of_the(org, "Case") == EVERYBODY
    assert all(run.warnings for run in runs.values())


@pytest.mark.covers("operating-16")
def test_a_record_without_a_mailbox_belongs_to_the_shipped_queue(org: Emulator, tmp_path: Path) -> None:
    """The integration user's own records are private, and no rep sees them."""
    runs = leave(org, tmp_path, None, "case", "custom_object")

    assert [run.warnings for run in runs.values()] == [[], []]
    assert (owner_of_the(org, "Case"), owner_of_the(org, "Voicemail__c")) == (EVERYBODY, EVERYBODY)


@pytest.mark.covers("connect-4")
def test_a_record_that_no_rep_would_see_is_parked(org: Emulator, tmp_path: Path) -> None:
    """Neither the queue of the message nor the chosen one is there; once there is one, `retry` delivers."""
    run = leave(org, tmp_path, queue("Basic Queue"), "case", owner_queue="Missing")["case"]

    assert run.state is RunState.PARKED
    assert "no queue 'Basic Queue'" in run.last_error
    assert "SCV_VOICEMAIL_OWNER_QUEUE" in run.last_error
    assert records(org.state(), KEY)["Case"] == []


@pytest.mark.covers("connect-3")
@pytest.mark.parametrize("mailbox", [rep(REP), queue("Live_Calls")], ids=["rep", "queue"])
def test_the_shipped_permission_sets_are_enough_to_reach_them(tmp_path: Path, mailbox: Mailbox) -> None:
    """Objects of Setup are hidden then; that our half of VoiceCall is deployed says enough."""
    connector = "integration@example.com"
    users = (User(username=connector, admin=False), User(username="admin@example.com"))
    with Emulator(seed=Seed(users=users), switches=Switches(apply_delay_ms=0), folder=tmp_path) as emulator:
        deploy(emulator)
        for name in ("Voicemail_Integration", "Voicemail_Integration_Voice"):
            emulator.assign(connector, name)
        emulator.set_channel(NUMBER, flow="Voicemail_Omni_Routing", fallback_queue=EVERYBODY)

        run = leave(emulator, tmp_path, mailbox, "voice_call")["voice_call"]

        assert run.warnings == []
        assert who_has_the_call(emulator) == [mailbox.name]


@pytest.mark.covers("connect-3")
def test_a_flow_of_ones_own_gets_no_inputs_that_nobody_has_chosen(tmp_path: Path) -> None:
    """It may fail over a name that it does not have; a warning says what to set, and who has the voicemail."""
    channel = PhoneChannel(number=NUMBER, flow="Own_Flow", fallback_queue=EVERYBODY)
    seed = Seed(flows=(OmniFlow(developer_name="Own_Flow", voicemail_queue=EVERYBODY),), phone_channels=(channel,))
    with Emulator(seed=seed, switches=Switches(apply_delay_ms=0), folder=tmp_path) as emulator:
        run = leave(emulator, tmp_path, queue("Live_Calls"), "voice_call")["voice_call"]
        (sent,) = [one for one in emulator.requests() if one["path"].endswith("/omniFlow")]

    assert "flowInputParameters" not in sent["body"]
    assert any("FLOW_INPUT_PARAMETERS" in one and "routed to voicemail-queue" in one for one in run.warnings)


@pytest.mark.covers("connect-3")
@pytest.mark.parametrize("mailbox", [rep(REP), queue("Live_Calls")], ids=["rep", "queue"])
def test_inputs_that_are_set_are_filled_in(org: Emulator, tmp_path: Path, mailbox: Mailbox) -> None:
    """By the names that a flow of one's own has."""
    inputs = {"mailboxType": "{mailbox_type}", "mailboxName": "{mailbox}"}

    run = leave(org, tmp_path, mailbox, "voice_call", flow_input_parameters=inputs)["voice_call"]

    assert run.warnings == []
    assert who_has_the_call(org) == [mailbox.name]


@pytest.mark.covers("connect-3")
def test_a_mailbox_that_cannot_be_routed_to_does_not_keep_the_voicemail(tmp_path: Path) -> None:
    """Its queue is mapped to nothing: after three tries the voicemail goes where all others go."""
    queues = (*SEED.queues, Queue(developer_name="Unmapped", external_id="", reps=()))
    seed = Seed(queues=queues, users=(*SEED.users, User(username="admin@example.com")))
    with Emulator(seed=seed, switches=Switches(apply_delay_ms=0), folder=tmp_path) as emulator:
        deploy(emulator)
        emulator.set_channel(NUMBER, flow="Voicemail_Omni_Routing", fallback_queue=EVERYBODY)

        run = leave(emulator, tmp_path, queue("Unmapped"), "voice_call", retry_base_seconds=0.01)["voice_call"]

        assert run.state is RunState.DELIVERED
        assert any("could not be routed to its mailbox" in one for one in run.warnings)
        assert who_has_the_call(emulator) == [EVERYBODY]
