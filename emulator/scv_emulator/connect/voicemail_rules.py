"""Checks of what a flow does to a voicemail, on every way that a call can take through it."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from scv_emulator.connect.flow import TOKEN, Action, Flow, FlowKind, texts_of
from scv_emulator.connect.flow_finding import Finding
from scv_emulator.connect.flow_language import ACTION_TYPES
from scv_emulator.connect.flow_ways import ATTRIBUTE, SPEAKS, Call, beeps, listens, method, sets, ssml, ways

RETURNS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "createVoiceCall": frozenset({"voiceCallId"}),
        "cancelOmniFlowExecution": frozenset({"cleared"}),
        "rerouteFlowExecution": frozenset({"rerouted"}),
        "beforeRecording": frozenset({"vm_timestamp", "marked"}),
        "afterRecording": frozenset({"vm_end_timestamp"}),
        "reviewRecording": frozenset({"reviewUri"}),
        "giveUpVoicemail": frozenset({"givenUp"}),
    }
)
"""The methods of the flow function, with what they return."""

ATTRIBUTES = frozenset(
    {
        "vm_flag", "vm_timestamp", "vm_end_timestamp", "vm_from", "vm_lang", "vm_queue_arn", "vm_queue_name",
        "vm_dialed_number", "vm_source", "vm_priority", "vm_targets", "vm_mailbox",
        "vm_greeting", "vm_reason", "vm_result", "vm_review", "vm_offer",
    }
)  # fmt: skip
"""The attributes that the connector reads, and those by which our flows talk with one another."""

_EXTERNAL = re.compile(r"\$\.External\.(\w+)")
_LEAVES = frozenset({"TransferContactToQueue", "TransferToFlow", "MessageParticipantIteratively"})

_Problems = Iterator[tuple[str, str]]


def words(flow: Flow) -> Iterator[Finding]:
    """Attributes, methods and SSML, each by itself."""
    for action in flow.actions:
        named = {name for text in texts_of(action.parameters) for name in ATTRIBUTE.findall(text)}
        for name in sorted(named.union(sets(action))):
            if name.startswith("vm") and name not in ATTRIBUTES:
                yield Finding(flow.name, action.name, "attribute.unknown", f"nothing knows {name}")
        if (called := method(action)) and called not in RETURNS:
            yield Finding(flow.name, action.name, "function.method", f"there is no method {called}")
        if action.parameters.get("FlowLoggingBehavior") == "Enabled":
            yield Finding(flow.name, action.name, "voicemail.logging", "turns flow logging on")
        for text in ssml(action):
            if "$." in text:
                yield Finding(flow.name, action.name, "ssml.reference", "a reference in SSML")
            if not _well_formed(text):
                yield Finding(flow.name, action.name, "ssml.malformed", "not SSML")


def voicemails(flow: Flow) -> Iterator[Finding]:
    """What can happen to a voicemail on some way."""
    found = {
        Finding(flow.name, action.name, rule, problem)
        for action, call in ways(flow)
        for judge in (_references, _flag, _beep, _listening, _leaving, _hanging_up)
        for rule, problem in judge(flow, action, call)
    }
    yield from found


def _references(_flow: Flow, action: Action, call: Call) -> _Problems:
    for text in texts_of(action.parameters):
        for name in _EXTERNAL.findall(text):
            if not call.method or name not in RETURNS.get(call.method, {name}):
                yield "attribute.external", f"no function has returned {name}"
        if action.type in SPEAKS:
            for name in ATTRIBUTE.findall(text):
                if name not in call.attributes:
                    yield "attribute.unset", f"{name} may not be set"


def _flag(_flow: Flow, action: Action, call: Call) -> _Problems:
    new = sets(action)
    if new.get("vm_flag") == "1":
        if call.source not in {"ivr", "kvs"}:
            yield "voicemail.source", "the source of the recording is not said"
        if not call.captured:
            yield "voicemail.recording_first", "the flag is set while nothing is recorded"
        if "vm_timestamp" not in new:
            yield "voicemail.timestamp", "the flag is set without the moment"
    if new.get("vm_result") == "recorded" and not (call.captured and new.get("vm_flag", call.flag) == "1"):
        yield "voicemail.confirmed_too_early", "there may be no message"


def _beep(_flow: Flow, action: Action, call: Call) -> _Problems:
    if beeps(action):
        if call.flag != "1":
            yield "voicemail.flag_before_beep", "the flag is not set"
        if not call.captured:
            yield "voicemail.recording_first", "nothing is recorded"


def _listening(_flow: Flow, action: Action, call: Call) -> _Problems:
    if listens(action):
        if not call.beeped:
            yield "voicemail.beep_before_listening", "there was no beep"
        if not any("#" in one.operands for one in action.conditions):
            yield "voicemail.pound", "# does not end the message"


def _leaving(flow: Flow, action: Action, call: Call) -> _Problems:
    kind = ACTION_TYPES.get(action.type)
    if not (action.type in _LEAVES or (kind is not None and kind.ends)):
        return
    if call.recording:
        yield "voicemail.recording_left_on", "the recording is on"
    if call.streaming:
        yield "voicemail.streaming_left_on", "the media streaming is on"
    if call.flag == "1" and call.result != "recorded":
        yield "voicemail.flag_left_set", "vm_flag is 1"
    if call.marked and call.result != "recorded":
        yield "voicemail.left_marked", "the VoiceCall is marked as a voicemail"
    if call.unrouted and action.type == "MessageParticipantIteratively":
        yield "voicemail.routing_left_off", "Salesforce does not look for a rep any more"
    if flow.kind is FlowKind.CUSTOMER_WHISPER and call.result == "recorded" and call.flag != "0":
        yield "voicemail.whisper_keeps_flag", "vm_flag is as it was"


def _hanging_up(_flow: Flow, action: Action, call: Call) -> _Problems:
    if action.type == "DisconnectParticipant":
        if not call.told:
            yield "voicemail.silent_drop", "nothing was said since the last error"
        if call.failed and not (call.queue_tried or call.closed or call.result == "recorded"):
            yield "voicemail.dropped_after_error", "an error leads here past every queue"


def _well_formed(text: str) -> bool:
    try:
        return ET.fromstring(TOKEN.sub("", text)).tag == "speak"  # noqa: S314  # a flow's author is no attacker of his own check
    except ET.ParseError:
        return False
