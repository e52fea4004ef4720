"""Case and custom object in front of an org with the shipped metadata, its flows and its permission sets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from scv_emulator.seed import PhoneChannel, Seed, User
from scv_emulator.server import Emulator
from scv_emulator.switches import Switches
from scv_voicemail.ports import RunState
from scv_voicemail.settings import Settings
from scv_voicemail.voicemail import Mailbox, MailboxKind
from scv_voicemail.wiring import connect, salesforce_client

from tests.scenarios.matrix import CALLER, left, look, settings_of
from tests.scenarios.record_org import ALL_TARGETS, deliver, deploy, let_the_queue_take, look_everywhere, records

KEY = "record-0001"
LEAST_RIGHTS = Seed(users=(User(admin=False), User(username="admin@example.com", name="Ada Admin")))
SALES = Mailbox(kind=MailboxKind.QUEUE, name="Voicemail")


def an_administrator(emulator: Emulator) -> Any:
    """A REST client that may do everything; the default integration user may."""
    client = salesforce_client(Settings(_env_file=None, **settings_of(emulator)))
    assert client is not None
    return client


def test_a_voicemail_goes_to_all_three_targets_and_is_linked_all_around(tmp_path: Path) -> None:
    """One VoiceCall, one Case, one Voicemail, pointing at each other; no warning anywhere."""
    voicemail = left(tmp_path, KEY)
    with Emulator(switches=Switches(apply_delay_ms=0), folder=tmp_path) as emulator:
        deploy(emulator)
        runs = deliver(emulator, voicemail, publish_event=True)
        wrong = look_everywhere(emulator, voicemail)
        events = emulator.state()["Voicemail_Delivered__e"]

    assert wrong == []
    assert {name: (run.state, run.warnings) for name, run in runs.items()} == {
        name: (RunState.DELIVERED, []) for name in ALL_TARGETS
    }
    assert sorted(event["Target__c"] for event in events) == sorted(ALL_TARGETS)


def test_the_shipped_permission_sets_are_enough_for_the_connector(tmp_path: Path) -> None:
    """An integration user who may do nothing else delivers everywhere, with every field and every link."""
    voicemail = left(tmp_path, KEY)
    with Emulator(seed=LEAST_RIGHTS, switches=Switches(apply_delay_ms=0), folder=tmp_path) as emulator:
        deploy(emulator)
        for name in ("Voicemail_Integration", "Voicemail_Integration_Voice"):
            emulator.assign("integration@example.com", name)
        runs = deliver(emulator, voicemail, publish_event=True)
        wrong = look_everywhere(emulator, voicemail)

    assert [run.last_error for run in runs.values() if run.state is not RunState.DELIVERED] == []
    assert [warning for run in runs.values() for warning in run.warnings] == []
    assert wrong == []


def test_without_the_permission_sets_nothing_is_lost_and_the_fix_is_named(tmp_path: Path) -> None:
    """Parked before anything is written; once the rights are granted, `retry` delivers."""
    voicemail = left(tmp_path, KEY)
    with Emulator(seed=LEAST_RIGHTS, switches=Switches(apply_delay_ms=0), folder=tmp_path) as emulator:
        deploy(emulator, "main")
        refused = deliver(emulator, voicemail, targets=("case",))
        none_yet = records(emulator.state(), KEY)["Case"]
        emulator.assign("integration@example.com", "Voicemail_Integration")
        with connect(Settings(_env_file=None, **settings_of(emulator, targets=("case",)))) as connector:
            connector.journal.retry(KEY, now=connector.pipeline.now())
            (run,) = connector.deliver(KEY, wait_seconds=20)
        held = records(emulator.state(), KEY)["Case"]

    assert (refused["case"].state, none_yet) == (RunState.PARKED, [])
    assert "permission set" in refused["case"].last_error
    assert (run.state, len(held)) == (RunState.DELIVERED, 1)


def test_an_org_without_voice_gets_case_and_record(tmp_path: Path) -> None:
    """No telephony settings, no VoiceCall, no voice half of the metadata: and nothing to warn about."""
    voicemail = left(tmp_path, KEY) | {"dialed_number": "+18005550100"}
    without = {"telephony_url": "", "org_id": "", "call_center": "", "private_key_file": None}
    seed = Seed(phone_channels=(), flows=())
    with Emulator(seed=seed, switches=Switches(voice_enabled=False), folder=tmp_path) as emulator:
        deploy(emulator, "main")
        let_the_queue_take(emulator, "Case", "Voicemail__c")
        runs = deliver(emulator, voicemail, targets=("case", "custom_object"), **without)
        held = records(emulator.state(), KEY)

    assert {run.state for run in runs.values()} == {RunState.DELIVERED}
    assert [warning for run in runs.values() for warning in run.warnings] == []
    assert held["Case"][0]["Voicemail__c"] == held["Voicemail__c"][0]["Id"]
    assert held["Voicemail__c"][0]["Case__c"] == held["Case"][0]["Id"]


def test_the_case_that_the_orgs_flow_made_for_the_call_is_completed_and_not_doubled(tmp_path: Path) -> None:
    """VoiceCall first: its after-save flow makes the Case; the target finds it by the same External Id."""
    voicemail = left(tmp_path, KEY)
    with Emulator(switches=Switches(apply_delay_ms=0), folder=tmp_path) as emulator:
        deploy(emulator)
        deliver(emulator, voicemail, targets=("voice_call",))
        of_the_flow = records(emulator.state(), KEY)["Case"]
        runs = deliver(emulator, voicemail, targets=("case", "custom_object"), journal=tmp_path / "second.db")
        wrong = look_everywhere(emulator, voicemail)

    assert len(of_the_flow) == 1
    assert of_the_flow[0]["Voicemail_Transcript__c"] is None
    assert {run.state for run in runs.values()} == {RunState.DELIVERED}
    assert wrong == []


def test_caller_and_owner_are_found_in_the_org(tmp_path: Path) -> None:
    """A Contact whose number is written as in America; the queue of the mailbox, which takes both objects."""
    voicemail = left(tmp_path, KEY) | {"mailbox": SALES}
    with Emulator(switches=Switches(apply_delay_ms=0), folder=tmp_path) as emulator:
        deploy(emulator)
        client = an_administrator(emulator)
        account = client.create("Account", {"Name": "Acme"})
        contact = client.create("Contact", {"LastName": "Ada", "MobilePhone": "(415) 555-0142", "AccountId": account})
        deliver(emulator, voicemail)
        held = records(emulator.state(), KEY)
        (queue,) = client.query("SELECT Id FROM Group WHERE Type = 'Queue' AND DeveloperName = 'Voicemail'")
        client.close()

    case, record = held["Case"][0], held["Voicemail__c"][0]
    assert (case["ContactId"], case["AccountId"], case["OwnerId"]) == (contact, account, queue["Id"])
    assert (record["Contact__c"], record["Account__c"], record["OwnerId"]) == (contact, account, queue["Id"])


def test_no_write_lets_assignment_rules_loose_unless_they_are_asked(tmp_path: Path) -> None:
    """Salesforce runs them on every REST write that does not say otherwise; only the create of a Case may ask."""
    voicemail = left(tmp_path, KEY)
    with Emulator(switches=Switches(apply_delay_ms=0), folder=tmp_path) as emulator:
        deploy(emulator)
        deliver(emulator, voicemail, case_owner="rules")
        writes = [one for one in emulator.requests(path="/sobjects/") if one["method"] in ("POST", "PATCH")]

    asked = {(one["method"], one["path"].split("/")[5]): one["headers"]["sforce-auto-assign"] for one in writes}
    assert asked.pop(("POST", "Case")) == "TRUE"
    assert set(asked.values()) == {"FALSE"}
    assert len(asked) >= 3


def test_a_case_may_be_the_only_thing_a_voicemail_becomes(tmp_path: Path) -> None:
    """Per voicemail, beside settings that name all three; the others are not made."""
    voicemail = left(tmp_path, KEY) | {"targets": ("case",)}
    with Emulator(switches=Switches(apply_delay_ms=0), folder=tmp_path) as emulator:
        deploy(emulator)
        runs = deliver(emulator, voicemail)
        held = records(emulator.state(), KEY)

    assert list(runs) == ["case"]
    assert {name: len(rows) for name, rows in held.items()} == {"VoiceCall": 0, "Case": 1, "Voicemail__c": 0}


def test_a_related_record_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    """A rep has linked the call with another Case before ours is made."""
    voicemail = left(tmp_path, KEY)
    with Emulator(switches=Switches(apply_delay_ms=0), folder=tmp_path) as emulator:
        deploy(emulator)
        client = an_administrator(emulator)
        theirs = client.create("Case", {"Subject": "Theirs"})
        deliver(emulator, voicemail, targets=("voice_call",))
        call = records(emulator.state(), KEY)["VoiceCall"][0]
        client.update("VoiceCall", call["Id"], {"RelatedRecordId": theirs})
        runs = deliver(emulator, voicemail, targets=("case",), journal=tmp_path / "second.db")
        client.close()
        found = look(emulator, voicemail)
        held = records(emulator.state(), KEY)

    assert held["VoiceCall"][0]["RelatedRecordId"] == theirs
    assert (found.wrong, len(held["Case"])) == ((), 1)
    assert "points at something else" in runs["case"].receipts["link"]["note"]


@pytest.mark.parametrize("unroutable", [False, True])
def test_a_target_that_cannot_be_reached_holds_no_other_back(tmp_path: Path, unroutable: bool) -> None:
    """Each target is a run of its own: the Case arrives although nobody can route the call, and the other way round."""
    voicemail = left(tmp_path, KEY) | {"dialed_number": "+18005550100"}
    seed = Seed(phone_channels=(PhoneChannel(flow="", fallback_queue=""),)) if unroutable else Seed()
    with Emulator(seed=seed, switches=Switches(apply_delay_ms=0), folder=tmp_path) as emulator:
        deploy(emulator)
        if not unroutable:
            emulator.fault("status", status=400, method="POST", path="*/sobjects/Case/", times=None)
        runs = deliver(emulator, voicemail, retry_base_seconds=0.01, patience_seconds=0.2)
        held = records(emulator.state(), KEY)

    expected = {"case": "delivered", "custom_object": "delivered", "voice_call": "parked"}
    if not unroutable:
        expected = {"case": "parked", "custom_object": "delivered", "voice_call": "delivered"}
    assert {name: run.state.value for name, run in runs.items()} == expected
    assert len(held["Voicemail__c"]) == 1
    assert CALLER not in runs["case"].last_error


@pytest.mark.covers("poison-8")
def test_a_rule_that_names_a_field_costs_the_field_and_not_the_case(tmp_path: Path) -> None:
    """The org refuses a subject that its description allows."""
    place = tmp_path / "rules" / "objects" / "Case" / "validationRules"
    place.mkdir(parents=True)
    rule = (
        '<ValidationRule xmlns="http://soap.sforce.com/2006/04/metadata"><fullName>No_Such_Subject</fullName>'
        "<active>true</active><errorConditionFormula>CONTAINS(Subject, &quot;Voicemail&quot;)</errorConditionFormula>"
        "<errorDisplayField>Subject</errorDisplayField><errorMessage>Another subject.</errorMessage></ValidationRule>"
    )
    (place / "No_Such_Subject.validationRule-meta.xml").write_text(rule)
    with Emulator(switches=Switches(apply_delay_ms=0), folder=tmp_path) as emulator:
        deploy(emulator)
        assert emulator.deploy(tmp_path / "rules")["success"]
        run = deliver(emulator, left(tmp_path, KEY), targets=("case",))["case"]
        (case,) = records(emulator.state(), KEY)["Case"]

    assert run.state is RunState.DELIVERED
    assert case["Subject"] is None
    assert any("Case.Subject refused" in one and "Another subject." in one for one in run.warnings)
