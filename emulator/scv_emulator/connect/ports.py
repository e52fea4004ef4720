"""What a simulated call touches outside of its contact flow: contacts, functions, recordings, streams."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

SAMPLE_RATE_HZ = 8_000
"""All audio of a call is 16-bit little-endian PCM, mono, at this rate."""


@dataclass(slots=True, kw_only=True)
class SimulatedContact:
    """One call, as Amazon Connect knows it while it lasts and afterwards. Times are in UTC.

    `stream_began_at`, `stream_arn` and `stream_start_fragment` describe the customer's audio in Kinesis Video Streams;
    `recordings` are entries in the shape of the contact record's `Recordings`.
    """

    contact_id: str
    instance_arn: str
    customer_number: str
    system_number: str
    began_at: datetime
    initiation_method: str = "INBOUND"
    channel: str = "VOICE"
    attributes: dict[str, str] = field(default_factory=dict)
    queue_arn: str = ""
    queue_name: str = ""
    enqueued_at: datetime | None = None
    agent_arn: str = ""
    agent_connected_at: datetime | None = None
    disconnected_at: datetime | None = None
    disconnect_reason: str = ""
    updated_at: datetime | None = None
    stream_arn: str = ""
    stream_start_fragment: str = ""
    stream_began_at: datetime | None = None
    recordings: list[dict[str, Any]] = field(default_factory=list)


class FunctionFailed(Exception):
    """A Lambda function raised, ran out of time, was throttled or is not there: the flow takes its error branch."""


class World(Protocol):
    """The surroundings of a call. Every moment is given in the call's own time, which need not be the wall clock's."""

    def contact_began(self, contact: SimulatedContact) -> None:
        """The contact exists from now on; `DescribeContact` finds it."""
        ...

    def contact_changed(self, contact: SimulatedContact, *, at: datetime) -> None:
        """Attributes, queue or agent have changed."""
        ...

    def invoke(
        self, function_arn: str, event: Mapping[str, Any], *, at: datetime, limit_seconds: float
    ) -> Mapping[str, Any]:
        """The function's answer; raises `FunctionFailed`. The function takes `at` for the time of day."""
        ...

    def prompt(self, uri: str) -> bytes:
        """The PCM of a WAV in S3 that a flow plays; LookupError when it is not there or not playable."""
        ...

    def stream_opened(self, contact: SimulatedContact, *, at: datetime) -> None:
        """Media streaming is on: fills the contact's `stream_*` fields."""
        ...

    def streamed(self, contact: SimulatedContact, *, at: datetime, customer: bytes, system: bytes) -> None:
        """So much was heard from `at` on, both directions equally long."""
        ...

    def stream_closed(self, contact: SimulatedContact, *, at: datetime) -> None:
        """Media streaming is off, or the call has ended: adds the entry to the contact's `recordings`."""
        ...

    def recorded(self, contact: SimulatedContact, *, began_at: datetime, customer: bytes, system: bytes) -> None:
        """A stretch of automated interaction recording. All stretches of one contact become one WAV, in their order."""
        ...

    def contact_ended(self, contact: SimulatedContact) -> None:
        """The call is over: the recording is stored, the contact record and the contact event are sent."""
        ...
