"""What becomes true of a call as it takes a way through a flow: the ground of the checks for voicemails."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from scv_emulator.connect.flow import Action, Flow, texts_of
from scv_emulator.connect.flow_language import ERROR, FULL

ATTRIBUTE = re.compile(r"\$\.Attributes\.(\w+)")
SPEAKS = frozenset({"MessageParticipant", "GetParticipantInput"})
_FAILURES = frozenset({ERROR, FULL, "ChannelMismatch"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What is true of a call that has come as far as some action.

    `flag`, `result` and `source` are vm_flag, vm_result and vm_source where the flow has set or compared them. `method`
    is the function whose answer can be read. `attributes` are those that are certainly set, of those that the flow
    speaks. `told` is whether anything was said since the last error, `marked` whether Salesforce holds the call for a
    voicemail, `unrouted` whether it has stopped looking for a rep.
    """

    recording: bool = False
    streaming: bool = False
    source: str = ""
    flag: str = ""
    result: str = ""
    beeped: bool = False
    marked: bool = False
    unrouted: bool = False
    failed: bool = False
    told: bool = False
    queue_tried: bool = False
    closed: bool = False
    method: str = ""
    attributes: frozenset[str] = frozenset()

    @property
    def captured(self) -> bool:
        """What the caller says is kept, in the way that the source promises."""
        return self.streaming if self.source == "kvs" else self.recording


def ways(flow: Flow) -> Iterator[tuple[Action, Call]]:
    """Every action with everything that can be true of a call that comes to it."""
    # Which other attributes are set makes no difference to any check, but would make many more ways.
    spoken = frozenset(
        name
        for action in flow.actions
        if action.type in SPEAKS
        for text in texts_of(action.parameters)
        for name in ATTRIBUTE.findall(text)
    )
    seen: set[tuple[str, Call]] = set()
    todo = [(flow.start, Call())]
    while todo:
        place = todo.pop()
        if place in seen or place[0] not in flow.by_name:
            continue
        seen.add(place)
        action, call = flow.by_name[place[0]], place[1]
        yield action, call
        for why, to in action.edges():
            if (after := _after(action, call, why)) is not None:
                todo.append((to, replace(after, attributes=after.attributes & spoken)))


def sets(action: Action) -> Mapping[str, str]:
    """The contact attributes that the action sets."""
    given = action.parameters.get("Attributes", {}) if action.type == "UpdateContactAttributes" else {}
    return given if isinstance(given, Mapping) else {}


def method(action: Action) -> str:
    """The method of the flow function that the action calls; empty for other actions and functions."""
    given = action.parameters.get("LambdaInvocationAttributes", {})
    return str(given.get("methodName", "")) if isinstance(given, Mapping) else ""


def ssml(action: Action) -> Iterator[str]:
    """The SSML that the action speaks."""
    messages = action.parameters.get("Messages", ())
    for place in (action.parameters, *(messages if isinstance(messages, list) else ())):
        if isinstance(place, Mapping) and isinstance(text := place.get("SSML"), str):
            yield text


def beeps(action: Action) -> bool:
    """Whether the block is the tone before a message."""
    return action.type == "MessageParticipant" and any("expletive" in text for text in ssml(action))


def listens(action: Action) -> bool:
    """Whether the block only waits for the caller: its prompt is a pause."""
    return action.type == "GetParticipantInput" and any(
        "<break" in text and not re.sub(r"<[^>]*>", "", text).strip() for text in ssml(action)
    )


def _after(action: Action, call: Call, why: str) -> Call | None:
    """The call behind this branch; None when it cannot be taken."""
    failed = why in _FAILURES
    if failed:
        call = replace(call, failed=True, told=action.type in SPEAKS)
    if action.type == "Compare":
        return _compared(action, call, why)
    effect = _EFFECTS.get(action.type)
    return effect(action, call, failed) if effect else call


def _compared(action: Action, call: Call, why: str) -> Call | None:
    name = found[1] if (found := ATTRIBUTE.fullmatch(str(action.parameters.get("ComparisonValue")))) else ""
    one = {f"{one.operator} {' '.join(one.operands)}": one for one in action.conditions}.get(why)
    if name == "vm_result" and call.result:
        others = {operand for each in action.conditions for operand in each.operands}
        taken = one.operands == (call.result,) if one else call.result not in others
        return call if taken else None
    if one is None:
        return call
    call = replace(call, attributes=call.attributes | {name})
    if name == "vm_result" and one.operator == "Equals":
        return replace(call, result=one.operands[0])
    return replace(call, closed=call.closed or (name == "vm_reason" and one.operands == ("closed",)))


def _spoken(action: Action, call: Call, failed: bool) -> Call:  # noqa: FBT001  # all effects are called alike
    if beeps(action):
        return replace(call, beeped=True)
    return call if failed or listens(action) else replace(call, told=True)


def _attributes_set(action: Action, call: Call, failed: bool) -> Call:  # noqa: FBT001  # all effects are called alike
    new = sets(action)
    if failed:
        # The flow has tried to take the flag back and can do no more. A flag that could not be set is not set.
        return replace(call, flag="0") if new.get("vm_flag") == "0" else call
    return replace(
        call,
        flag=new.get("vm_flag", call.flag),
        beeped=call.beeped and "vm_flag" not in new,
        result=new.get("vm_result", call.result),
        source=new.get("vm_source", call.source),
        attributes=call.attributes.union(new),
    )


def _recording_turned(action: Action, call: Call, failed: bool) -> Call:  # noqa: FBT001  # all effects are called alike
    return replace(call, recording=_turns_on(action) and not failed)


def _streaming_turned(action: Action, call: Call, failed: bool) -> Call:  # noqa: FBT001  # all effects are called alike
    return replace(call, streaming=_turns_on(action) and not failed)


def _turns_on(action: Action) -> bool:
    return "Enabled" in texts_of(action.parameters)


def _called(action: Action, call: Call, failed: bool) -> Call:  # noqa: FBT001  # all effects are called alike
    name = method(action)
    # A function that ran out of time may have done its work.
    marked = name == "beforeRecording" or (call.marked and name != "giveUpVoicemail")
    unrouted = name == "cancelOmniFlowExecution" or (call.unrouted and name != "rerouteFlowExecution")
    return replace(call, marked=marked, unrouted=unrouted, method="" if failed else name or "another")


def _queue_tried(_action: Action, call: Call, _failed: bool) -> Call:  # noqa: FBT001  # all effects are called alike
    return replace(call, queue_tried=True)


def _module_done(_action: Action, call: Call, _failed: bool) -> Call:  # noqa: FBT001  # all effects are called alike
    return replace(call, flag="", result="", method="")


def _waited(_action: Action, call: Call, _failed: bool) -> Call:  # noqa: FBT001  # all effects are called alike
    return replace(call, failed=False, told=False)


_EFFECTS: Mapping[str, Callable[[Action, Call, bool], Call]] = MappingProxyType(
    {
        "MessageParticipant": _spoken,
        "GetParticipantInput": _spoken,
        "UpdateContactAttributes": _attributes_set,
        "UpdateContactRecordingBehavior": _recording_turned,
        "UpdateContactRecordingAndAnalyticsBehavior": _recording_turned,
        "UpdateContactMediaStreamingBehavior": _streaming_turned,
        "InvokeLambdaFunction": _called,
        "TransferContactToQueue": _queue_tried,
        "DequeueContactAndTransferToQueue": _queue_tried,
        "InvokeFlowModule": _module_done,
        "MessageParticipantIteratively": _waited,
    }
)
