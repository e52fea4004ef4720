"""Defects, each planted into one of our contact flows: what is planted, and which rule has to find it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]
Plant = Callable[[Json], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """One defect in one flow."""

    defect: str
    flow: str
    plant: Plant
    rule: str


def action(flow: Json, name: str) -> Json:
    """The action of this name; it has to be there, or the mutant needs another place."""
    [found] = [one for one in flow["Actions"] if one["Identifier"] == name]
    return found


def _step(part: str) -> str | int:
    return int(part) if part.isdecimal() else part


def _set(name: str, path: str, value: Any) -> Plant:
    def plant(flow: Json) -> None:
        *parts, last = path.split("/")
        place: Any = action(flow, name)
        for part in parts:
            place = place[_step(part)]
        place[_step(last)] = value

    return plant


def _drop(name: str, path: str) -> Plant:
    def plant(flow: Json) -> None:
        *parts, last = path.split("/")
        place: Any = action(flow, name)
        for part in parts:
            place = place[_step(part)]
        del place[_step(last)]

    return plant


def _lead(name: str, to: str, *, whence: str = "") -> Plant:
    """Every branch that led to `whence` leads to `to` instead; without `whence`, every branch of the action."""

    def plant(flow: Json) -> None:
        transitions = action(flow, name)["Transitions"]
        for place in (transitions, *transitions.get("Errors", ()), *transitions.get("Conditions", ())):
            if "NextAction" in place and (not whence or place["NextAction"] == whence):
                place["NextAction"] = to

    return plant


def _without_error(name: str, kind: str) -> Plant:
    def plant(flow: Json) -> None:
        transitions = action(flow, name)["Transitions"]
        kept = [one for one in transitions["Errors"] if one["ErrorType"] != kind]
        assert len(kept) < len(transitions["Errors"])
        transitions["Errors"] = kept

    return plant


def _without_condition(name: str, operand: str) -> Plant:
    def plant(flow: Json) -> None:
        transitions = action(flow, name)["Transitions"]
        kept = [one for one in transitions["Conditions"] if operand not in one["Condition"]["Operands"]]
        assert len(kept) < len(transitions["Conditions"])
        transitions["Conditions"] = kept

    return plant


def _error_to(name: str, kind: str, to: str) -> Plant:
    def plant(flow: Json) -> None:
        [found] = [one for one in action(flow, name)["Transitions"]["Errors"] if one["ErrorType"] == kind]
        found["NextAction"] = to

    return plant


def _skip(name: str) -> Plant:
    """The action is taken out; what led to it leads to what follows it."""

    def plant(flow: Json) -> None:
        gone = action(flow, name)
        after = gone["Transitions"]["NextAction"]
        flow["Actions"].remove(gone)
        for one in flow["Actions"]:
            transitions = one["Transitions"]
            for place in (transitions, *transitions.get("Errors", ()), *transitions.get("Conditions", ())):
                if place.get("NextAction") == name:
                    place["NextAction"] = after
        if flow["StartAction"] == name:
            flow["StartAction"] = after

    return plant


def _rename(name: str, to: str) -> Plant:
    def plant(flow: Json) -> None:
        action(flow, name)["Identifier"] = to

    return plant


def _add(new: Json) -> Plant:
    def plant(flow: Json) -> None:
        flow["Actions"].append(new)

    return plant


def _envelope(key: str, value: Any) -> Plant:
    def plant(flow: Json) -> None:
        flow[key] = value

    return plant


def _many(flow: Json) -> None:
    for number in range(250):
        flow["Actions"].append({**action(flow, "Say busy"), "Identifier": f"Say busy {number}"})


def _of(flow: str, rule: str, *defects: tuple[str, Plant]) -> list[Mutant]:
    return [Mutant(defect=defect, flow=flow, plant=plant, rule=rule) for defect, plant in defects]


_M, _K, _F, _Q, _C, _I = (
    "voicemail_module",
    "voicemail_module_kvs",
    "voicemail_flow",
    "in_queue_offer",
    "customer_whisper",
    "inbound_sample",
)
_LAMBDA = "Before recording"

MUTANTS = (
    # ------------------------------------------------------------------------------------------ the Flow language
    *_of(_M, "flow.version", ("another version", _envelope("Version", "2020-01-01"))),
    *_of(_M, "flow.start", ("starts nowhere", _envelope("StartAction", "Begin"))),
    *_of(_M, "flow.size", ("too many actions", _many)),
    *_of(
        _M,
        "action.name",
        ("a name with a slash", _rename("Say sorry", "Say sorry / busy")),
        ("a name that is too long", _rename("Say sorry", "Say sorry" * 6)),
        ("a name that is a method", _rename("Say sorry", "toString")),
    ),
    *_of(_M, "action.twice", ("two of one name", _rename("Say sorry", "Say thanks"))),
    *_of(
        _M,
        "action.type",
        ("the block's old name", _set("Start streaming", "Type", "StartMediaStreaming")),
        ("the console's name", _set("Beep", "Type", "PlayPrompt")),
    ),
    *_of(_M, "action.unchecked", ("waits for a while", _set("Beep", "Type", "Wait"))),
    *_of(
        _Q,
        "action.place",
        ("a module in a queue flow", _set("Stop the routing", "Type", "InvokeFlowModule")),
        ("a transfer in a queue flow", _set("Hang up", "Type", "TransferContactToQueue")),
        ("a module's end in a queue flow", _set("Stay in the queue", "Type", "TransferToFlow")),
    ),
    *_of(_C, "action.place", ("input in a whisper", _set("Say someone is here", "Type", "GetParticipantInput"))),
    *_of(
        _M,
        "parameter.unknown",
        ("a misspelt parameter", _set(_LAMBDA, "Parameters/InvocationTimeoutSeconds", "3")),
        ("the input's old name", _set("Listen", "Parameters/InputTimeoutSeconds", "60")),
    ),
    *_of(
        _M,
        "parameter.missing",
        ("no time limit", _drop("Listen", "Parameters/InputTimeLimitSeconds")),
        ("nothing to say", _drop("Explain", "Parameters/Text")),
        ("nothing to record", _drop("Start recording", "Parameters/VoiceBehavior")),
    ),
    *_of(_M, "parameter.together", ("text and SSML", _set("Explain", "Parameters/SSML", "<speak>Hello</speak>"))),
    *_of(
        _M,
        "parameter.value",
        ("a function may take 30 s", _set(_LAMBDA, "Parameters/InvocationTimeLimitSeconds", "30")),
        ("an input of 300 s", _set("Listen", "Parameters/InputTimeLimitSeconds", "300")),
        (
            "recording switched On",
            _set("Start recording", "Parameters/VoiceBehavior/VoiceRecordingBehavior/IVRRecordingBehavior", "On"),
        ),
        ("streams the rep", _set("Start streaming", "Parameters/Participants/0/ParticipantType", "Agent")),
        ("101 loops", _set("Takes left", "Parameters/LoopCount", "101")),
        ("half a loop", _set("Takes left", "Parameters/LoopCount", "0.5")),
        ("compares a text", _set("Did it fail", "Parameters/ComparisonValue", "vm_result")),
        ("a time limit from an attribute", _set(_LAMBDA, "Parameters/InvocationTimeLimitSeconds", "$.Attributes.x")),
    ),
    *_of(
        _Q,
        "parameter.value",
        ("interrupts a rep who accepts", _set("Wait in silence", "Parameters/InterruptFrequencySeconds", "15")),
        (
            "two hooks at once",
            _set("Whisper to the rep", "Parameters/EventHooks/CustomerHold", "${AgentWhisperFlowArn}"),
        ),
        (
            "an unknown hook",
            _set("Whisper to the rep", "Parameters/EventHooks", {"RepWhisper": "${AgentWhisperFlowArn}"}),
        ),
    ),
    *_of(_M, "transition.target", ("leads nowhere", _lead("Explain", "Record"))),
    *_of(_M, "transition.missing", ("no next action", _drop("Explain", "Transitions/NextAction"))),
    *_of(
        _M,
        "transition.after_end",
        ("something after the end", _set("Return", "Transitions", {"NextAction": "Say sorry"})),
    ),
    *_of(
        _M,
        "error.missing",
        ("the function's error", _without_error(_LAMBDA, "NoMatchingError")),
        ("the recording's error", _without_error("Start recording", "NoMatchingError")),
        ("a channel that is not voice", _without_error("Start recording", "ChannelMismatch")),
        ("another key", _without_error("Listen", "NoMatchingCondition")),
        ("no match", _without_error("Did it fail", "NoMatchingCondition")),
    ),
    *_of(_F, "error.missing", ("a full queue", _without_error("Back to the queue", "QueueAtCapacity"))),
    *_of(
        _M,
        "error.unknown",
        (
            "an error that is none",
            _set(
                "Explain",
                "Transitions/Errors",
                [
                    {"NextAction": "Say sorry", "ErrorType": "NoMatchingError"},
                    {"NextAction": "Say sorry", "ErrorType": "Timeout"},
                ],
            ),
        ),
    ),
    *_of(_M, "input.time_over", ("silence as an error", _without_error("Choose", "InputTimeLimitExceeded"))),
    *_of(
        _M,
        "condition.unknown",
        ("a key with two digits", _set("Choose", "Transitions/Conditions/0/Condition/Operands", ["10"])),
        ("keys by number", _set("Choose", "Transitions/Conditions/0/Condition/Operator", "NumberGreaterThan")),
        ("an operator that is none", _set("Did it fail", "Transitions/Conditions/0/Condition/Operator", "Contains")),
    ),
    *_of(
        _M,
        "condition.missing",
        ("a loop without an end", _without_condition("Takes left", "DoneLooping")),
        ("a comparison with nothing", _without_condition("Did it fail", "failed")),
    ),
    # --------------------------------------------------------------------------------------------------- portable
    *_of(
        _M,
        "reference.literal",
        ("somebody's function", _set(_LAMBDA, "Parameters/LambdaFunctionARN", "arn:aws:lambda:x:1:function:f")),
    ),
    *_of(
        _Q,
        "reference.literal",
        ("somebody's music", _set("Wait in line", "Parameters/Messages/1", {"PromptId": "arn:aws:connect:x"})),
        (
            "somebody's whisper",
            _set("Whisper to the rep", "Parameters/EventHooks", {"AgentWhisper": "arn:aws:connect:x"}),
        ),
    ),
    *_of(
        _F, "reference.literal", ("somebody's queue", _set("Default queue", "Parameters/QueueId", "arn:aws:connect:x"))
    ),
    *_of(
        _M,
        "reference.token",
        ("a parameter that is not there", _set(_LAMBDA, "Parameters/LambdaFunctionARN", "${Function}")),
        ("an attribute in braces", _set("Explain", "Parameters/Text", "Hello ${$.Attributes.vm_from}")),
    ),
    # ------------------------------------------------------------------------------------------------ as a graph
    *_of(
        _M,
        "graph.unreachable",
        ("an action that nothing leads to", _lead("Why a voicemail", "Explain", whence="Say closed")),
    ),
    *_of(_M, "graph.stuck", ("no way out", _lead("Say thanks", "Say thanks"))),
    *_of(
        _M,
        "graph.endless",
        ("takes without end", _lead("Choose", "Before recording", whence="Takes left")),
        ("reviews without end", _lead("Choose with review", "Prepare the review", whence="Reviews left")),
        ("stray keys without end", _lead("Listen", "Listen", whence="Stray keys")),
    ),
    *_of(
        _I,
        "graph.endless",
        ("a VoiceCall is tried for ever", _error_to("Create the VoiceCall", "NoMatchingError", "Create the VoiceCall")),
    ),
    # ------------------------------------------------------------------------------------------ attributes, words
    *_of(
        _M,
        "attribute.unknown",
        ("a misspelt flag", _set("Begin the take", "Parameters/Attributes/vm_flagg", "1")),
        ("a misspelt question", _set("Can it be played", "Parameters/ComparisonValue", "$.Attributes.vm_reviw")),
    ),
    *_of(
        _M,
        "attribute.unset",
        ("speaks what may not be set", _set("Explain", "Parameters/Text", "You called $.Attributes.vm_mailbox")),
        ("speaks the greeting unasked", _lead("Why a voicemail", "Say their greeting", whence="Is there a greeting")),
    ),
    *_of(
        _M,
        "attribute.external",
        (
            "the moment of another function",
            _set("Note the end", "Parameters/Attributes/vm_end_timestamp", "$.External.vm_timestamp"),
        ),
        ("the moment although the function failed", _error_to(_LAMBDA, "NoMatchingError", "Begin the take")),
    ),
    *_of(
        _M,
        "function.method",
        ("a misspelt method", _set(_LAMBDA, "Parameters/LambdaInvocationAttributes/methodName", "beforeRecoding")),
    ),
    *_of(
        _M,
        "ssml.reference",
        ("an attribute in SSML", _set("Beep", "Parameters/SSML", "<speak>$.Attributes.vm_from</speak>")),
    ),
    *_of(
        _M,
        "ssml.malformed",
        ("SSML with an open tag", _set("Listen", "Parameters/SSML", '<speak><break time="1s"></speak>')),
    ),
    # -------------------------------------------------------------------------------------------- the voicemail
    *_of(_M, "voicemail.source", ("no source", _drop("Note the caller", "Parameters/Attributes/vm_source"))),
    *_of(
        _M,
        "voicemail.recording_first",
        ("no recording", _skip("Start recording")),
        ("goes on although nothing is recorded", _error_to("Start recording", "NoMatchingError", "Start streaming")),
        ("the wrong source", _set("Note the caller", "Parameters/Attributes/vm_source", "kvs")),
    ),
    *_of(
        _K,
        "voicemail.recording_first",
        ("goes on although nothing is streamed", _error_to("Start streaming", "NoMatchingError", "Before recording")),
    ),
    *_of(
        _M,
        "voicemail.timestamp",
        ("the flag without its moment", _drop("Begin the take", "Parameters/Attributes/vm_timestamp")),
    ),
    *_of(
        _M,
        "voicemail.flag_before_beep",
        ("the flag is not set", _drop("Begin the take", "Parameters/Attributes/vm_flag")),
        ("the flag in vain", _error_to("Begin the take", "NoMatchingError", "Beep")),
        ("a beep without a function", _error_to(_LAMBDA, "NoMatchingError", "Beep")),
    ),
    *_of(_M, "voicemail.beep_before_listening", ("no beep", _skip("Beep"))),
    *_of(_M, "voicemail.pound", ("# does nothing", _without_condition("Listen", "#"))),
    *_of(
        _M,
        "voicemail.confirmed_too_early",
        ("kept before it was recorded", _set("Note the caller", "Parameters/Attributes/vm_result", "recorded")),
    ),
    *_of(
        _M,
        "voicemail.recording_left_on",
        ("the recording goes on", _lead("Choose", "Stop streaming", whence="Stop recording")),
        ("the recording goes on in the queue", _skip("Recording off")),
    ),
    *_of(
        _M,
        "voicemail.streaming_left_on",
        ("the stream goes on", _skip("Stop streaming")),
        ("the stream goes on in the queue", _skip("Streaming off")),
    ),
    *_of(
        _C,
        "voicemail.streaming_left_on",
        ("the whisper streams", _set("Streaming off", "Parameters/MediaStreamingState", "Enabled")),
    ),
    *_of(
        _M,
        "voicemail.flag_left_set",
        ("deleted, and yet a voicemail", _drop("Note the return", "Parameters/Attributes/vm_flag")),
        ("failed, and yet a voicemail", _drop("Note the failure", "Parameters/Attributes/vm_flag")),
        ("the flag means no", _set("Note the return", "Parameters/Attributes/vm_flag", "1")),
    ),
    *_of(_M, "voicemail.left_marked", ("Salesforce is not told", _skip("Give up"))),
    *_of(_Q, "voicemail.routing_left_off", ("back in a queue that nobody routes", _skip("Resume the routing"))),
    *_of(_C, "voicemail.whisper_keeps_flag", ("the rep gets a voicemail, too", _skip("Note the answer"))),
    *_of(
        _F,
        "voicemail.dropped_after_error",
        ("hangs up on an error", _lead("Say sorry", "Hang up")),
        ("hangs up after a failed module", _error_to("Leave a voicemail", "NoMatchingError", "Say goodbye")),
    ),
    *_of(_Q, "voicemail.dropped_after_error", ("hangs up on a waiting caller", _lead("Say sorry", "Hang up"))),
    *_of(
        _F,
        "voicemail.silent_drop",
        ("a full queue, silently", _lead("To the default queue", "Hang up", whence="Note the overflow")),
    ),
    *_of(
        _M,
        "voicemail.logging",
        (
            "logs phone numbers",
            _add(
                {
                    "Identifier": "Log",
                    "Type": "UpdateFlowLoggingBehavior",
                    "Parameters": {"FlowLoggingBehavior": "Enabled"},
                    "Transitions": {"NextAction": "Return"},
                }
            ),
        ),
    ),
)
