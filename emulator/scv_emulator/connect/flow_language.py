"""The action types of Amazon Connect's Flow language, as a table: what each takes, where it may stand, what it needs.

Read from the pages that `source` names, below https://docs.aws.amazon.com/connect/latest/APIReference/, and from the
blocks in the administrator guide. Where Amazon Connect refuses less than its page says, the table follows the page.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from scv_emulator.connect.flow import FlowKind
from scv_emulator.connect.flow_shapes import (
    Anything,
    Choice,
    Fields,
    Many,
    Map,
    Number,
    Parameter,
    Path,
    Reference,
    Shape,
    Text,
)


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


VERSION = "2019-10-30"
MOST_ACTIONS = 250
MOST_CHARACTERS = 256_000
LONGEST_NAME = 50
FORBIDDEN_IN_NAMES = frozenset("%:(\\/)=$,;[]{}")
FORBIDDEN_NAMES = _words(
    "__proto__ constructor __defineGetter__ __defineSetter__ toString hasOwnProperty isPrototypeOf "
    "propertyIsEnumerable toLocaleString valueOf"
)
NO_MATCH, ERROR, TIME_OVER, FULL = "NoMatchingCondition", "NoMatchingError", "InputTimeLimitExceeded", "QueueAtCapacity"
KEYS = tuple("0123456789*#")
LOOPING, LOOPED = "ContinueLooping", "DoneLooping"
INTERRUPTED = "MessagesInterrupted"
COMPARISONS = _words(
    "Equals TextStartsWith TextEndsWith TextContains NumberGreaterThan NumberGreaterOrEqualTo NumberLessThan "
    "NumberLessOrEqualTo"
)
HOOKS = _words(
    "AgentHold AgentWhisper CustomerHold CustomerQueue CustomerRemaining CustomerWhisper DefaultAgentUI "
    "DisconnectAgentUI PauseContact ResumeContact"
)

_K = FlowKind
EVERYWHERE = frozenset(FlowKind)
_INBOUND = frozenset({_K.CONTACT_FLOW, _K.MODULE})
_TRANSFERS = frozenset({_K.AGENT_TRANSFER, _K.QUEUE_TRANSFER})
_WHISPERS = frozenset({_K.CUSTOMER_WHISPER, _K.AGENT_WHISPER, _K.OUTBOUND_WHISPER})
_QUEUE = frozenset({_K.CUSTOMER_QUEUE})
_HOLDS = frozenset({_K.CUSTOMER_HOLD, _K.AGENT_HOLD})


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """Which results can be branched on, and whether one or all of them have to be."""

    operators: tuple[str, ...] = ("Equals",)
    operands: tuple[str, ...] = ()
    all_required: bool = False
    one_required: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionType:
    """One type. `next` says whether there has to be a next action, whatever branches there are.

    `errors` have to be wired, `further_errors` may be. `ends` means that nothing follows in this flow.
    """

    name: str
    parameters: Fields
    source: str
    flows: frozenset[FlowKind] = EVERYWHERE
    errors: tuple[str, ...] = ()
    further_errors: tuple[str, ...] = ()
    conditions: Conditions | None = None
    next: bool = True
    ends: bool = False


def _p(name: str, shape: Shape, *, required: bool = False) -> Parameter:
    return Parameter(name=name, shape=shape, required=required)


def _fields(*fields: Parameter, one_of: str = "", at_most_one_of: str = "") -> Fields:
    return Fields(fields, _words(one_of), _words(at_most_one_of))


_MEDIA = _fields(
    _p("Uri", Text(), required=True),
    _p("SourceType", Choice(("S3",)), required=True),
    _p("MediaType", Choice(("Audio",)), required=True),
)
_SPOKEN = (_p("Text", Text()), _p("SSML", Text()), _p("PromptId", Reference("prompt")), _p("Media", _MEDIA))
_ONE_SPOKEN = "Text SSML PromptId Media"
_ON_OFF = Choice(("Enabled", "Disabled"))
_YES_NO = Choice(("True", "False"))
_RECORDED = Many(Choice(("Agent", "Customer")))
_NOTHING = _fields()
_QUEUE_OR_AGENT = _fields(
    _p("QueueId", Reference("queue")), _p("AgentId", Reference("agent")), one_of="QueueId AgentId"
)
_SCREEN = Many(Choice(("Agent",)))
_VOICE_RECORDING = _fields(
    _p("RecordedParticipants", _RECORDED, required=True), _p("IVRRecordingBehavior", _ON_OFF, required=True)
)

_TYPES = (
    ActionType(
        name="MessageParticipant",
        parameters=_fields(*_SPOKEN, one_of=_ONE_SPOKEN),
        flows=EVERYWHERE - _HOLDS,
        errors=(ERROR,),
        source="participant-actions-messageparticipant.html",
    ),
    ActionType(
        name="GetParticipantInput",
        parameters=_fields(
            *_SPOKEN,
            _p("StoreInput", _YES_NO),
            _p("InputTimeLimitSeconds", Number(1, 180), required=True),
            _p("InputValidation", Anything()),
            _p("InputEncryption", Anything()),
            _p(
                "DTMFConfiguration",
                _fields(
                    _p("InputTerminationSequence", Text(5)),
                    _p("InterdigitTimeLimitSeconds", Number(1, 20)),
                    _p("DisableCancelKey", _YES_NO),
                ),
            ),
            one_of=_ONE_SPOKEN,
        ),
        flows=_INBOUND | _TRANSFERS | _QUEUE,
        errors=(NO_MATCH, ERROR),
        further_errors=(TIME_OVER, "InvalidPhoneNumber"),
        conditions=Conditions(operands=KEYS),
        source="participant-actions-getparticipantinput.html",
    ),
    ActionType(
        name="MessageParticipantIteratively",
        parameters=_fields(
            _p("Messages", Many(_fields(*_SPOKEN, one_of=_ONE_SPOKEN), least=1), required=True),
            # Below 20 s a caller whom a rep is just accepting takes the error branch (adminguide/loop-prompts.html).
            _p("InterruptFrequencySeconds", Number(21, 86_400)),
        ),
        flows=_QUEUE | _HOLDS,
        further_errors=(ERROR,),
        conditions=Conditions(operands=(INTERRUPTED,)),
        next=False,
        source="participant-actions-messageparticipantiteratively.html",
    ),
    ActionType(
        name="DisconnectParticipant",
        parameters=_NOTHING,
        flows=_INBOUND | _TRANSFERS | _QUEUE,
        next=False,
        ends=True,
        source="participant-actions-disconnectparticipant.html",
    ),
    ActionType(
        name="Compare",
        parameters=_fields(_p("ComparisonValue", Path(), required=True)),
        errors=(NO_MATCH,),
        conditions=Conditions(operators=COMPARISONS, one_required=True),
        next=False,
        source="flow-control-actions-compare.html",
    ),
    ActionType(
        name="Loop",
        parameters=_fields(_p("LoopCount", Number(0, 100, may_be_path=True), required=True)),
        further_errors=(ERROR,),
        conditions=Conditions(operands=(LOOPING, LOOPED), all_required=True),
        next=False,
        source="flow-control-actions-loop.html",
    ),
    ActionType(
        name="UpdateContactAttributes",
        parameters=_fields(
            _p("Attributes", Map(1), required=True), _p("TargetContact", Choice(("Current", "Related")))
        ),
        errors=(ERROR,),
        source="contact-actions-updatecontactattributes.html",
    ),
    ActionType(
        name="UpdateFlowAttributes",
        parameters=_fields(_p("FlowAttributes", Map(1, values=_fields(_p("Value", Text()))), required=True)),
        further_errors=(ERROR,),
        source="flow-control-actions-updateflowattributes.html",
    ),
    ActionType(
        name="UpdateContactRecordingBehavior",
        parameters=_fields(
            _p(
                "RecordingBehavior",
                _fields(
                    _p("RecordedParticipants", _RECORDED, required=True),
                    _p("ScreenRecordedParticipants", _SCREEN),
                    _p("IVRRecordingBehavior", _ON_OFF),
                ),
                required=True,
            ),
            _p("AnalyticsBehavior", Anything()),
        ),
        flows=_INBOUND | _TRANSFERS | _QUEUE | {_K.OUTBOUND_WHISPER},
        further_errors=(ERROR,),
        source="contact-actions-updatecontactrecordingbehavior.html",
    ),
    ActionType(
        name="UpdateContactRecordingAndAnalyticsBehavior",
        parameters=_fields(
            _p(
                "VoiceBehavior",
                _fields(
                    _p("VoiceRecordingBehavior", _VOICE_RECORDING, required=True),
                    _p("VoiceAnalyticsBehavior", Anything()),
                ),
            ),
            _p("ChatBehavior", Anything()),
            _p("ScreenRecordingBehavior", _fields(_p("ScreenRecordedParticipants", _SCREEN, required=True))),
            one_of="VoiceBehavior ChatBehavior ScreenRecordingBehavior",
        ),
        errors=(ERROR, "ChannelMismatch"),
        source="contact-actions-updatecontactrecordingandanalyticsbehavior.html",
    ),
    ActionType(
        name="UpdateContactMediaStreamingBehavior",
        parameters=_fields(
            _p("MediaStreamingState", _ON_OFF, required=True),
            _p("MediaStreamType", Choice(("Audio",)), required=True),
            _p(
                "Participants",
                Many(
                    _fields(
                        _p("ParticipantType", Choice(("Customer",)), required=True),
                        _p("MediaDirections", Many(Choice(("From", "To")), least=1), required=True),
                    ),
                    least=1,
                ),
                required=True,
            ),
        ),
        flows=EVERYWHERE - _HOLDS,
        errors=(ERROR,),
        source="contact-actions-updatecontactmediastreamingbehavior.html",
    ),
    ActionType(
        name="InvokeLambdaFunction",
        parameters=_fields(
            _p("LambdaFunctionARN", Reference("function"), required=True),
            _p("InvocationTimeLimitSeconds", Number(1, 8), required=True),
            _p("InvocationType", Choice(("SYNCHRONOUS", "ASYNCHRONOUS"))),
            _p("LambdaInvocationAttributes", Map()),
            _p("ResponseValidation", _fields(_p("ResponseType", Choice(("STRING_MAP", "JSON")), required=True))),
        ),
        errors=(ERROR,),
        source="interactions-invokelambdafunction.html",
    ),
    ActionType(
        name="InvokeFlowModule",
        parameters=_fields(_p("FlowModuleId", Reference("module"), required=True)),
        flows=_INBOUND,
        errors=(ERROR,),
        source="flow-language-actions-invoke-flow-module.html",
    ),
    ActionType(
        name="EndFlowModuleExecution",
        parameters=_NOTHING,
        flows=frozenset({_K.MODULE}),
        next=False,
        ends=True,
        source="endflowmoduleexecution.html",
    ),
    ActionType(
        name="EndFlowExecution",
        parameters=_NOTHING,
        flows=_WHISPERS | _QUEUE,
        next=False,
        ends=True,
        source="flow-control-actions-endflowexecution.html",
    ),
    ActionType(
        name="TransferToFlow",
        parameters=_fields(_p("ContactFlowId", Reference("flow"), required=True)),
        flows=_INBOUND | _TRANSFERS,
        errors=(ERROR,),
        next=False,
        source="flow-control-actions-transfertoflow.html",
    ),
    ActionType(
        name="UpdateContactTargetQueue",
        parameters=_QUEUE_OR_AGENT,
        flows=_INBOUND | _TRANSFERS,
        errors=(ERROR,),
        source="contact-actions-updatecontacttargetqueue.html",
    ),
    ActionType(
        name="TransferContactToQueue",
        parameters=_NOTHING,
        flows=_INBOUND | _TRANSFERS,
        errors=(FULL, ERROR),
        source="contact-actions-transfercontacttoqueue.html",
    ),
    ActionType(
        name="DequeueContactAndTransferToQueue",
        parameters=_QUEUE_OR_AGENT,
        flows=_QUEUE,
        errors=(FULL, ERROR),
        source="contact-actions-dequeuecontactandtransfertoqueue.html",
    ),
    ActionType(
        name="UpdateContactEventHooks",
        parameters=_fields(_p("EventHooks", Map(1, 1, Reference("flow"), HOOKS), required=True)),
        errors=(ERROR,),
        source="contact-actions-updatecontacteventhooks.html",
    ),
    ActionType(
        name="UpdateFlowLoggingBehavior",
        parameters=_fields(_p("FlowLoggingBehavior", _ON_OFF, required=True)),
        source="flow-control-actions-updateflowloggingbehavior.html",
    ),
    ActionType(
        name="UpdateContactTextToSpeechVoice",
        parameters=_fields(
            _p("TextToSpeechVoice", Text(), required=True),
            _p("TextToSpeechEngine", Choice(("Standard", "Neural", "Generative"))),
            _p("TextToSpeechStyle", Text()),
        ),
        further_errors=(ERROR,),
        source="contact-actions-updatecontacttexttospeechvoice.html",
    ),
    ActionType(
        name="CheckHoursOfOperation",
        parameters=_fields(_p("HoursOfOperationId", Reference("hours of operation"))),
        flows=_INBOUND | _TRANSFERS | _QUEUE,
        errors=(ERROR,),
        conditions=Conditions(operands=("True", "False"), all_required=True),
        source="flow-control-actions-checkhoursofoperation.html",
    ),
)

ACTION_TYPES: Mapping[str, ActionType] = MappingProxyType({one.name: one for one in _TYPES})

OTHER_TYPES = _words(
    "CheckMetricData CheckOutboundCallStatus CheckVoiceId CompleteOutboundCall ConnectParticipantWithLexBot "
    "CreateCallbackContact CreateCase CreateCustomerProfile CreateTask CreateWisdomSession DistributeByPercentage "
    "GetCase GetCustomerProfile GetMetricData ResumeContact ShowView StartOutboundChatContact StartVoiceIdStream "
    "TagContact TransferContactToAgent TransferParticipantToThirdParty UnTagContact UpdateCase "
    "UpdateContactCallbackNumber UpdateContactData UpdateContactMediaProcessing UpdateContactRoutingBehavior "
    "UpdateContactRoutingCriteria UpdateCustomerProfile UpdatePreviousContactParticipantState Wait"
)
"""Types that exist and about which this table says nothing."""
