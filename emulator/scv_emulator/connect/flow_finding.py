"""What can be wrong with a contact flow, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. The vendor's are those that Amazon Connect enforces or documents; the others are ours."""

    name: str
    fix: str
    vendor: bool = False


def _vendor(name: str, fix: str) -> Rule:
    return Rule(name, fix, vendor=True)


_RULES = (
    _vendor("flow.shape", "export the flow from the console again, or write it as the Flow language describes it"),
    _vendor("flow.version", 'set Version to "2019-10-30"'),
    _vendor("flow.start", "let StartAction name one of the actions"),
    _vendor("flow.size", "split the flow: it may have 250 actions and 256,000 characters"),
    _vendor("action.name", "use at most 50 characters, none of % : ( \\ / ) = $ , ; [ ] { }"),
    _vendor("action.twice", "give every action a name of its own"),
    _vendor("action.type", "use a type of the Flow language; its names differ from those in the console"),
    _vendor("action.place", "use the action in a type of flow that supports it"),
    Rule("action.unchecked", "look this action up yourself: it is not in the table of this check"),
    _vendor("parameter.unknown", "take the parameter out, or write it as its page does"),
    _vendor("parameter.missing", "add the parameter"),
    _vendor("parameter.together", "keep one of the parameters"),
    _vendor("parameter.value", "correct the value"),
    _vendor("transition.target", "let the branch lead to an action that exists"),
    _vendor("transition.missing", "add NextAction"),
    _vendor("transition.after_end", "take the transitions out: nothing follows this action"),
    _vendor("error.missing", "wire the branch: without it the flow cannot be published"),
    _vendor("error.unknown", "take the branch out: the action has no such error"),
    _vendor("condition.unknown", "compare with something that this action can result in"),
    _vendor("condition.missing", "add the condition"),
    Rule("reference.literal", "write ${Parameter} instead, so that the flow works in every instance"),
    Rule("reference.token", "name a parameter of the template in ${...}"),
    Rule("graph.unreachable", "lead to the action, or take it out"),
    Rule("graph.stuck", "give the action a way to an end of the flow"),
    Rule("graph.endless", "put a Loop into the circle, so that it ends"),
    Rule("input.time_over", "wire InputTimeLimitExceeded: silence is no error"),
    Rule("ssml.reference", "use Text where an attribute is spoken: in SSML a single & or < in it makes the block fail"),
    Rule("ssml.malformed", "write SSML as well-formed XML within <speak>"),
    Rule("attribute.unset", "set the attribute on every way to this action, or ask for it with Compare first"),
    Rule("attribute.unknown", "use an attribute that the connector knows; a misspelt one does nothing"),
    Rule("attribute.external", "read $.External only behind the function that returns it"),
    Rule("function.method", "call a method that the flow function has"),
    Rule("voicemail.source", "set vm_source to ivr or kvs before the recording begins"),
    Rule("voicemail.recording_first", "start the recording before the flag says that there is one"),
    Rule("voicemail.timestamp", "set vm_timestamp together with the flag: it says where the message begins"),
    Rule("voicemail.flag_before_beep", "set vm_flag to 1 before the beep: who hangs up early has left a message too"),
    Rule("voicemail.beep_before_listening", "beep before the caller is listened to"),
    Rule("voicemail.pound", "let # end the message"),
    Rule("voicemail.confirmed_too_early", "say that the message is kept only when it was recorded"),
    Rule("voicemail.recording_left_on", "stop the recording first: what follows is not part of the message"),
    Rule("voicemail.streaming_left_on", "stop the media streaming first"),
    Rule("voicemail.flag_left_set", "set vm_flag to 0 first: the caller goes on without a message"),
    Rule("voicemail.left_marked", "call giveUpVoicemail first: Salesforce holds this call for a voicemail"),
    Rule("voicemail.routing_left_off", "call rerouteFlowExecution first, or the caller waits for nobody"),
    Rule("voicemail.whisper_keeps_flag", "set vm_flag to 0: a rep has answered"),
    Rule("voicemail.dropped_after_error", "try a queue before hanging up"),
    Rule("voicemail.silent_drop", "tell the caller before hanging up"),
    Rule("voicemail.logging", "leave flow logging off: the log would hold phone numbers and links to recordings"),
)

RULES: Mapping[str, Rule] = MappingProxyType({one.name: one for one in _RULES})


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """Something that is wrong in one place. `action` is empty when it is the flow as a whole."""

    flow: str
    action: str
    rule: str
    problem: str

    @property
    def fix(self) -> str:
        return RULES[self.rule].fix

    @property
    def vendor(self) -> bool:
        """Whether Amazon Connect would refuse it, or documents that it does not work."""
        return RULES[self.rule].vendor

    def __str__(self) -> str:
        place = f"{self.flow}: {self.action}" if self.action else self.flow
        return f"{place}: {self.problem} [{self.rule}] → {self.fix}"
