"""Our contact flows with a caller and a small world around them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from scv_emulator.connect.call_audio import seconds_of, silence
from scv_emulator.connect.caller import Step
from scv_emulator.connect.flow import Flow, read_flows
from scv_emulator.connect.phone_call import Circumstances
from scv_emulator.connect.ports import FunctionFailed, SimulatedContact
from scv_emulator.connect.simulator import CallReport, simulate

REPOSITORY = Path(__file__).parents[4]
FOLDER = REPOSITORY / "lambdas" / "contact_flows"
INSTANCE = "arn:aws:connect:eu-central-1:123456789012:instance/11111111-2222-4333-8444-555555555555"
QUEUE = f"{INSTANCE}/queue/66666666-7777-4888-8999-000000000000"
BEGAN_AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
PARAMETERS = {
    "FlowCallFunctionArn": "arn:aws:lambda:eu-central-1:123456789012:function:FlowCall:live",
    "QueueArn": QUEUE,
    "HoldPromptArn": f"{INSTANCE}/prompt/hold",
    "VoicemailSeconds": "60",
    "VoicemailExtensions": "0",
    "OfferSeconds": "60",
    "VoicemailModuleArn": f"{INSTANCE}/flow-module/voicemail_module",
    "VoicemailFlowArn": f"{INSTANCE}/contact-flow/voicemail_flow",
    "InQueueOfferFlowArn": f"{INSTANCE}/contact-flow/in_queue_offer",
    "CustomerWhisperFlowArn": f"{INSTANCE}/contact-flow/customer_whisper",
    "AgentWhisperFlowArn": f"{INSTANCE}/contact-flow/agent_whisper",
}


@dataclass(slots=True)
class FakeWorld:
    """Answers like the flow function, and remembers what it was told."""

    broken: frozenset[str] = frozenset()
    calls: list[dict[str, Any]] = field(default_factory=list)
    recordings: list[tuple[datetime, bytes, bytes]] = field(default_factory=list)
    streams: list[tuple[datetime, bytes, bytes]] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    attributes: list[dict[str, str]] = field(default_factory=list)

    def contact_began(self, contact: SimulatedContact) -> None:
        self.told.append("began")

    def contact_changed(self, contact: SimulatedContact, *, at: datetime) -> None:
        self.attributes.append(dict(contact.attributes))

    def invoke(
        self, function_arn: str, event: Mapping[str, Any], *, at: datetime, limit_seconds: float
    ) -> Mapping[str, Any]:
        self.calls.append(dict(event))
        method = event["Details"]["Parameters"]["methodName"]
        if method in self.broken:
            raise FunctionFailed(method)
        stamp = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        answers: dict[str, dict[str, str]] = {
            "createVoiceCall": {"voiceCallId": "0LQ000000000001"},
            "cancelOmniFlowExecution": {"cleared": "true"},
            "rerouteFlowExecution": {"rerouted": "true"},
            "beforeRecording": {"vm_timestamp": stamp, "marked": "true"},
            "afterRecording": {"vm_end_timestamp": stamp},
            "reviewRecording": {"reviewUri": f"https://reviews/{len(self.calls)}.wav"},
            "giveUpVoicemail": {"givenUp": "true"},
        }
        return answers[method]

    def prompt(self, uri: str) -> bytes:
        if "missing" in self.broken:
            raise LookupError(uri)
        return silence(2)

    def stream_opened(self, contact: SimulatedContact, *, at: datetime) -> None:
        self.told.append("stream opened")
        contact.stream_arn, contact.stream_began_at, contact.stream_start_fragment = "arn:stream", at, "1"

    def streamed(self, contact: SimulatedContact, *, at: datetime, customer: bytes, system: bytes) -> None:
        self.streams.append((at, customer, system))

    def stream_closed(self, contact: SimulatedContact, *, at: datetime) -> None:
        self.told.append("stream closed")

    def recorded(self, contact: SimulatedContact, *, began_at: datetime, customer: bytes, system: bytes) -> None:
        self.recordings.append((began_at, customer, system))

    def contact_ended(self, contact: SimulatedContact) -> None:
        self.told.append("ended")

    @property
    def methods(self) -> list[str]:
        """The methods that were called, in their order."""
        return [one["Details"]["Parameters"]["methodName"] for one in self.calls]

    def message(self, contact: SimulatedContact) -> bytes:
        """The caller's side of the recording between the moments that the attributes name, as the connector cuts it."""
        [(began_at, customer, _system)] = self.recordings
        start = moment(contact.attributes["vm_timestamp"]) - began_at
        ended = contact.attributes.get("vm_end_timestamp", "")
        end = moment(ended) - began_at if "T" in ended and moment(ended) > began_at + start else None
        return customer[_offset(start) : None if end is None else _offset(end)]


def moment(text: str) -> datetime:
    """A moment in an attribute."""
    return datetime.fromisoformat(text)


def _offset(duration: timedelta) -> int:
    return 2 * round(duration.total_seconds() * 8_000)


def spoken_in(pcm: bytes) -> float:
    """For how many seconds a side is not silent, to the tenth."""
    block = 1_600
    return sum(seconds_of(pcm[at : at + block]) for at in range(0, len(pcm), block) if any(pcm[at : at + block]))


def a_contact(**changes: Any) -> SimulatedContact:
    """A caller who has just been connected."""
    given: dict[str, Any] = {
        "contact_id": "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee",
        "instance_arn": INSTANCE,
        "customer_number": "+14155550123",
        "system_number": "+18005550100",
        "began_at": BEGAN_AT,
    }
    return SimulatedContact(**(given | changes))


def our_flows() -> dict[str, Flow]:
    """The flows that are shipped."""
    return read_flows(FOLDER)


def a_call(
    entry: str,
    script: Sequence[Step],
    *,
    world: FakeWorld | None = None,
    contact: SimulatedContact | None = None,
    parameters: Mapping[str, str] | None = None,
    **circumstances: Any,
) -> tuple[CallReport, FakeWorld]:
    """A call to one of our flows; with it the world that it left behind."""
    around = world or FakeWorld()
    report = simulate(
        our_flows(),
        entry,
        script,
        around,
        contact=contact or a_contact(queue_arn=QUEUE, queue_name="Support"),
        parameters=PARAMETERS | dict(parameters or {}),
        circumstances=Circumstances(**circumstances),
        strict=False,
    )
    return report, around
