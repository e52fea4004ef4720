"""The simulator does what Amazon Connect documents, and stops at what it does not know."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import pytest
from scv_emulator.connect.call_audio import seconds_of, silence, tone
from scv_emulator.connect.caller import (
    HangUp,
    HangUpAfter,
    Hear,
    Press,
    Say,
    ScriptInvalid,
    Step,
    Wait,
    script_of,
)
from scv_emulator.connect.flow import Flow, flow_of
from scv_emulator.connect.flow_outcomes import FlowBroken, NotSimulated
from scv_emulator.connect.phone_call import Circumstances
from scv_emulator.connect.references import UnknownReference, resolve
from scv_emulator.connect.simulator import CallReport, FlowRefused, simulate

from tests.unit.emulator.connect.rehearsal import FakeWorld, a_contact, our_flows

BYE = ("Bye", "DisconnectParticipant", {}, {})
TEN_WORDS = "one two three four five six seven eight nine ten"


def a_flow(*actions: tuple[str, str, dict[str, Any], dict[str, Any]], name: str = "flow", kind: str = "") -> Flow:
    """A flow of actions: name, type, parameters, and what each outcome leads to.

    An outcome is `next`, the name of an error, or `=` and what a condition equals.
    """

    def transitions(ways: Mapping[str, str]) -> dict[str, Any]:
        if not ways:
            return {}
        return {
            **({"NextAction": ways["next"]} if "next" in ways else {}),
            "Errors": [
                {"ErrorType": why, "NextAction": to} for why, to in ways.items() if why != "next" and why[0] != "="
            ],
            "Conditions": [
                {"NextAction": to, "Condition": {"Operator": "Equals", "Operands": [why[1:]]}}
                for why, to in ways.items()
                if why[0] == "="
            ],
        }

    return flow_of(
        json.dumps(
            {
                "Version": "2019-10-30",
                "StartAction": actions[0][0],
                "Metadata": {"type": kind} if kind else {},
                "Actions": [
                    {"Identifier": one, "Type": type_, "Parameters": parameters, "Transitions": transitions(ways)}
                    for one, type_, parameters, ways in actions
                ],
            }
        ),
        name=name,
    )


def a_call(
    *flows: Flow, script: Sequence[Step] = (), world: FakeWorld | None = None, **options: Any
) -> tuple[CallReport, FakeWorld]:
    """A call that begins in the first of these flows."""
    around = world or FakeWorld()
    strict = options.pop("strict", False)
    report = simulate(
        {one.name: one for one in flows},
        flows[0].name,
        script,
        around,
        contact=a_contact(),
        circumstances=Circumstances(**options),
        strict=strict,
    )
    return report, around


def prompt(name: str, text: str, to: str) -> tuple[str, str, dict[str, Any], dict[str, Any]]:
    """A prompt that cannot be interrupted."""
    return name, "MessageParticipant", {"Text": text}, {"next": to, "NoMatchingError": "Bye"}


def menu(name: str, text: str, **ways: str) -> tuple[str, str, dict[str, Any], dict[str, Any]]:
    """A prompt with keys."""
    parameters = {"Text": text, "StoreInput": "False", "InputTimeLimitSeconds": "5"}
    rest = dict.fromkeys(("next", "InputTimeLimitExceeded", "NoMatchingCondition", "NoMatchingError"), "Bye")
    return name, "GetParticipantInput", parameters, rest | ways


def call_of(method: str, to: str, error: str = "Bye") -> tuple[str, str, dict[str, Any], dict[str, Any]]:
    """A function."""
    parameters = {
        "LambdaFunctionARN": "arn:f",
        "InvocationTimeLimitSeconds": "3",
        "LambdaInvocationAttributes": {"methodName": method},
    }
    return method, "InvokeLambdaFunction", parameters, {"next": to, "NoMatchingError": error}


def test_a_prompt_takes_as_long_as_its_words() -> None:
    """150 words a minute, and whatever is pressed meanwhile is lost."""
    report, _ = a_call(a_flow(prompt("Hello", TEN_WORDS, "Bye"), BYE), script=[Wait(1), Press("1")])

    assert report.timeline[-1].at_seconds == pytest.approx(4.0)
    assert [one.detail for one in report.timeline if one.kind == "key ignored"] == ["1"]


def test_a_key_interrupts_the_prompt_of_an_input() -> None:
    """The rest of it is not played."""
    flow = a_flow(menu("Choose", TEN_WORDS, **{"=1": "Chosen"}), prompt("Chosen", "Yes", "Bye"), BYE)

    report, _ = a_call(flow, script=[Wait(1), Press("1")])

    assert report.heard() == [TEN_WORDS, "Yes"]
    assert report.timeline[-1].at_seconds == pytest.approx(1.4)
    assert not any(report.system[-2 * 8_000 : -2 * 7_999])


def test_the_time_for_an_input_begins_when_its_prompt_has_ended() -> None:
    """Speech does not count as input."""
    flow = a_flow(menu("Choose", TEN_WORDS, InputTimeLimitExceeded="Late"), prompt("Late", "Late", "Bye"), BYE)

    report, _ = a_call(flow, script=[Wait(2), Say(tone(6.0, 500))])

    assert next(one.at_seconds for one in report.timeline if one.detail == "Late") == pytest.approx(9.0)


def test_digits_are_stored_until_the_pound_key_or_a_pause() -> None:
    """Without a key within the time the stored input is Timeout."""
    stored = {
        "Text": "Number",
        "StoreInput": "True",
        "InputTimeLimitSeconds": "5",
        "InputValidation": {"CustomValidation": {"MaximumLength": "4"}},
        "DTMFConfiguration": {"InterdigitTimeLimitSeconds": "2"},
    }
    told = ("Told", "MessageParticipant", {"Text": "$.StoredCustomerInput"}, {"next": "Bye", "NoMatchingError": "Bye"})
    flow = a_flow(("Ask", "GetParticipantInput", stored, {"next": "Told", "NoMatchingError": "Bye"}), told, BYE)

    scripts: list[list[Step]] = [
        [Wait(1), Press("4"), Press("2"), Press("#")],
        [Wait(1), Press("4"), Wait(3), Press("2")],
        [Wait(1), *[Press(key) for key in "12345"]],
        [],
    ]
    heard = [a_call(flow, script=script)[0].heard()[-1] for script in scripts]

    assert heard == ["42", "4", "1234", "Timeout"]


def test_a_loop_counts_for_the_whole_call_and_begins_again_when_it_is_done() -> None:
    """flow-control-actions-loop.html: so many times on, then done once, then reset."""
    loop = ("Loop", "Loop", {"LoopCount": "2"}, {"=ContinueLooping": "On", "=DoneLooping": "Done"})
    flow = a_flow(
        loop, prompt("On", "on", "Loop"), prompt("Done", "done", "Again"), menu("Again", "again", **{"=1": "Loop"}), BYE
    )

    report, _ = a_call(flow, script=[Hear("again"), Press("1")])

    assert report.heard() == ["on", "on", "done", "again"] * 2


def test_a_function_is_told_of_the_contact_and_answers_for_this_flow_alone() -> None:
    """A module does not see what its caller's function returned."""
    say = {"Text": "[$.External.voiceCallId]"}
    module = a_flow(
        ("Say", "MessageParticipant", say, {"next": "Return", "NoMatchingError": "Return"}),
        ("Return", "EndFlowModuleExecution", {}, {}),
        name="module",
    )
    flow = a_flow(
        call_of("createVoiceCall", "Module"),
        ("Module", "InvokeFlowModule", {"FlowModuleId": "arn:x/module"}, {"next": "Say", "NoMatchingError": "Bye"}),
        ("Say", "MessageParticipant", say, {"next": "Bye", "NoMatchingError": "Bye"}),
        BYE,
    )

    report, world = a_call(flow, module)

    [event] = world.calls
    data = event["Details"]["ContactData"]
    assert report.heard() == ["[]", "[0LQ000000000001]"]
    assert (event["Name"], event["Details"]["Parameters"]) == ("ContactFlowEvent", {"methodName": "createVoiceCall"})
    assert data["CustomerEndpoint"] == {"Address": "+14155550123", "Type": "TELEPHONE_NUMBER"}
    assert (data["Queue"], data["MediaStreams"]) == (None, {"Customer": {"Audio": None}})


def test_an_answer_that_is_no_map_of_strings_is_an_error() -> None:
    """As the default of ResponseValidation has it."""

    class Nested(FakeWorld):
        def invoke(
            self, function_arn: str, event: Mapping[str, Any], *, at: datetime, limit_seconds: float
        ) -> Mapping[str, Any]:
            return {"voiceCallId": {"deep": "er"}}

    flow = a_flow(call_of("createVoiceCall", "Bye", "Sorry"), prompt("Sorry", "Sorry", "Bye"), BYE)

    report, _ = a_call(flow, world=Nested())

    assert report.heard() == ["Sorry"]


def test_a_function_slower_than_its_limit_is_an_error_although_it_did_its_work() -> None:
    """The caller waited for the limit, no longer."""
    flow = a_flow(call_of("createVoiceCall", "Bye", "Sorry"), prompt("Sorry", "Sorry", "Bye"), BYE)

    report, world = a_call(flow, function_seconds=5.0)

    assert report.heard() == ["Sorry"]
    assert world.methods == ["createVoiceCall"]
    assert report.timeline[-1].at_seconds == pytest.approx(3.4)


def test_what_the_caller_says_is_heard_over_whatever_is_played() -> None:
    """Both sides go into the recording at the same time."""
    on = {"VoiceBehavior": {"VoiceRecordingBehavior": {"RecordedParticipants": [], "IVRRecordingBehavior": "Enabled"}}}
    record = ("Record", "UpdateContactRecordingAndAnalyticsBehavior", on, {"next": "Hello", "NoMatchingError": "Bye"})

    _, world = a_call(a_flow(record, prompt("Hello", TEN_WORDS, "Bye"), BYE), script=[Say(tone(2.0, 500))])

    [(_, customer, system)] = world.recordings
    assert len(customer) == len(system) == len(silence(4.0))
    assert any(customer[: len(silence(2.0))])
    assert any(system[: len(silence(2.0))])
    assert not any(customer[len(silence(2.0)) :])


def test_a_caller_without_a_script_stays_on_the_line_until_patience_ends() -> None:
    """A queue that nobody answers would otherwise be waited in for ever."""
    queue = (
        "Queue",
        "UpdateContactTargetQueue",
        {"QueueId": "arn:x/queue/q"},
        {"next": "Go", "NoMatchingError": "Bye"},
    )
    go = ("Go", "TransferContactToQueue", {}, {"next": "Bye", "QueueAtCapacity": "Bye", "NoMatchingError": "Bye"})

    report, _ = a_call(a_flow(queue, go, BYE), caller_waits_seconds=120.0)

    assert report.timeline[-1].at_seconds == 120.0
    assert report.contact.queue_name == "q"
    assert report.contact.disconnect_reason == "CUSTOMER_DISCONNECT"


@pytest.mark.parametrize(
    ("flow", "error", "words"),
    [
        (a_flow(("A", "CheckHoursOfOperation", {}, {})), NotSimulated, "CheckHoursOfOperation is not simulated"),
        (a_flow(prompt("A", "$.Customer.FirstName", "Bye"), BYE), UnknownReference, r"\$\.Customer\.FirstName"),
        (a_flow(("A", "MessageParticipant", {"Text": "a"}, {})), FlowBroken, "nothing is wired"),
        (a_flow(prompt("A", "a", "B")), FlowBroken, "no action 'B'"),
        (a_flow(("A", "TransferToFlow", {"ContactFlowId": "arn:x/other"}, {})), NotSimulated, "no flow arn:x/other"),
        (a_flow(("A", "UpdateFlowLoggingBehavior", {}, {"next": "A"})), FlowBroken, "no end"),
    ],
)
def test_what_is_not_known_stops_the_simulation(flow: Flow, error: type[Exception], words: str) -> None:
    """It says what, and does not guess."""
    with pytest.raises(error, match=words):
        a_call(flow)


def test_a_flow_that_amazon_connect_would_not_take_is_refused() -> None:
    """Unless one wants to see what it would do."""
    flow = a_flow(("A", "MessageParticipant", {"Text": "a"}, {"next": "Bye"}), BYE)

    with pytest.raises(FlowRefused, match=r"NoMatchingError is not wired"):
        a_call(flow, strict=True)

    assert a_call(flow)[0].heard() == ["a"]


def test_flows_are_run_only_with_all_of_their_parameters() -> None:
    """A token that is not filled in would be an ARN that does not exist."""
    with pytest.raises(KeyError, match="FlowCallFunctionArn"):
        simulate(our_flows(), "voicemail_flow", [], FakeWorld(), contact=a_contact(), parameters={})


def test_references_are_filled_in_wherever_they_stand() -> None:
    """In texts, keys apart; what is known and has no value is empty."""
    known = {"Attributes": {"name": "Ana"}, "Queue": {"ARN": ""}}

    found = resolve({"a": ["Hello $.Attributes.name.", "$.Attributes.other", "$.Queue.ARN"], "b": 3}, known)

    assert found == {"a": ["Hello Ana.", "", ""], "b": 3}


def test_a_script_can_be_written_as_json() -> None:
    """As another process sends it."""
    steps = [{"hear": "beep"}, {"say": 2}, {"press": "#"}, {"wait": 1.5}, {"hang_up_after": 60}, {"hang_up": True}]

    script = script_of(steps, audio=silence)

    assert script == [Hear("beep"), Say(silence(2)), Press("#"), Wait(1.5), HangUpAfter(60.0), HangUp()]


@pytest.mark.parametrize(
    "step", [{}, {"dial": "1"}, {"press": "12"}, {"wait": "long"}, {"wait": 1, "press": "1"}, "wait"]
)
def test_a_step_that_no_caller_can_take_is_refused(step: Any) -> None:
    """It says which steps there are, or what is wrong with this one."""
    with pytest.raises(ScriptInvalid):
        script_of([step], audio=silence)


def test_audio_lasts_as_long_as_it_says() -> None:
    """Seconds and bytes agree."""
    assert seconds_of(silence(1.5)) == 1.5
