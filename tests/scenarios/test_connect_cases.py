"""The org's own link-case flow and the target `case` behind Amazon Connect: one Case per message, none without one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

pytest.importorskip("moto", reason="the local AWS is built on moto, which is not installed")

from scv_emulator.connect.caller import HangUp, Hear, Press, Say, Step, Wait
from scv_voicemail.telephony import UpdateVoiceCall

from tests.scenarios.connect_bench import KVS, ConnectBench
from tests.scenarios.left_messages import hung_up, sent, speech
from tests.scenarios.record_org import deploy, records
from tests.scenarios.simulation import held

WORDS = speech("somebody who thinks better of it")

Place = Callable[..., ConnectBench]


@pytest.fixture
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Starts a bench whose org has the shipped metadata, for these targets."""
    with ExitStack() as stack:

        def started(*targets: str) -> ConnectBench:
            journal = tmp_path_factory.mktemp("journal") / "journal.db"
            settings = {"JOURNAL": str(journal), "TARGETS": ",".join(targets), "OWNER_QUEUE": "Voicemail"}
            bench = stack.enter_context(ConnectBench(settings=settings))
            deploy(bench.org)
            return bench

        yield started


def end_in_salesforce(bench: ConnectBench, contact_id: str) -> None:
    """What Salesforce's own function does once the contact record is there: the call is over, for everybody."""
    telephony = bench.functions.parts("FlowCallFunction").telephony  # type: ignore[attr-defined]
    telephony.update_voice_call(contact_id, UpdateVoiceCall(is_active_call=False))


@pytest.mark.parametrize(
    "script",
    [
        [Hear("beep"), HangUp()],
        [Hear("beep"), Wait(3), HangUp()],
        [Hear("beep"), Say(WORDS), Press("#"), Hear("press 0"), Press("0"), Wait(20), HangUp()],
    ],
    ids=["hangs up at the beep", "says nothing", "presses 0"],
)
def test_a_caller_who_is_marked_and_leaves_nothing_leaves_no_case(place: Place, script: list[Step]) -> None:
    """The VoiceCall is marked before the beep, and completed without a recording."""
    bench = place("voice_call", "case")
    contact = bench.caller()

    bench.call(script, contact=contact)
    bench.aws.settle()
    end_in_salesforce(bench, contact.contact_id)

    state = bench.org.state()
    (call,) = held(state, contact.contact_id).calls
    assert (call["CallOrigin"], call["CallDisposition"]) == ("Voicemail", "completed")
    assert "Case" not in state


@pytest.mark.covers("salesforce-7")
@pytest.mark.parametrize("targets", [("voice_call",), ("voice_call", "case")])
def test_a_message_leaves_exactly_one_case(place: Place, targets: tuple[str, ...]) -> None:
    """The org's own, or that of the target; a queue owns it and it is linked with the call either way."""
    bench = place(*targets)
    for script, how in ((sent, {}), (hung_up, {"module": KVS})):
        bench.message(script, **how)
    bench.aws.settle()

    state = bench.org.state()
    names: dict[str, Any] = {one["Id"]: one["Username"] for one in state["User"]}
    names |= {one["Id"]: one["DeveloperName"] for one in state["Group"]}
    assert bench.count().wrong == ()
    assert len(state["Case"]) == len(bench.left) == 2
    for contact_id in bench.left:
        (case,), (call,) = (records(state, contact_id)[name] for name in ("Case", "VoiceCall"))
        assert (names[case["OwnerId"]], call["RelatedRecordId"]) == ("Voicemail", case["Id"])
