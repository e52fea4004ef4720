"""Calls whose callers have left a message: what Amazon Connect and its streams know of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.lambdas.bench import a_key
from tests.mkv_files import a_fragment
from tests.scenarios.left_messages import RATE_HZ as RATE
from tests.scenarios.left_messages import speech

THEIRS = "theirs"
"""The bucket that Amazon Connect writes recordings into."""
INSTANCE_ARN = "arn:aws:connect:eu-central-1:123456789012:instance/11111111-2222-3333-4444-555555555555"
BEGAN = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
MESSAGE_AT = BEGAN + timedelta(seconds=30)
A, B, C = (f"{letter * 8}-1e84-4367-8930-f69a74b30ca6" for letter in "abc")
"""Three contacts."""


def stamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(kw_only=True)
class Call:
    """One call whose caller has left a message, by media streaming unless `way` is ivr.

    `attributes` are those of the contact; `changes` go over what the contact record says besides.
    """

    id: str = A
    said: bytes = b""
    way: str = "kvs"
    caller: str | None = "+14155550142"
    dialed: str | None = "+18005550100"
    attributes: dict[str, str | None] | None = field(default_factory=dict)
    agent_at: datetime | None = None
    other_recordings: list[dict[str, Any]] = field(default_factory=list)
    changes: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.said = self.said or speech(self.id)
        if self.attributes is not None:
            ours: dict[str, str | None] = {"vm_flag": "1", "vm_timestamp": stamp(MESSAGE_AT), "vm_source": self.way}
            ours["vm_lang"] = "en-US"
            self.attributes = ours | self.attributes

    @property
    def stream_arn(self) -> str:
        return (
            f"arn:aws:kinesisvideo:eu-central-1:123456789012:stream/voice-connect-acme-contact-{self.id}/1565272947806"
        )

    @property
    def ended_at(self) -> datetime:
        return MESSAGE_AT + timedelta(seconds=len(self.said) / 2 / RATE)

    @property
    def fragments(self) -> list[bytes]:
        """The message in a video stream, a second in each; number 100 is the first."""
        parts = [self.said[at : at + 2 * RATE] for at in range(0, len(self.said), 2 * RATE)]
        return [
            a_fragment(
                contact_id=self.id, number=100 + n, at=MESSAGE_AT.timestamp() + n, customer=part, system=part[::-1]
            )
            for n, part in enumerate(parts)
        ]

    @property
    def recordings(self) -> list[dict[str, Any]]:
        """The contact's `Recordings`, times as texts."""
        times = {"StartTimestamp": stamp(MESSAGE_AT), "StopTimestamp": stamp(self.ended_at), "Status": "AVAILABLE"}
        if self.way == "kvs":
            count = -(-len(self.said) // (2 * RATE))
            own = {
                "StorageType": "KINESIS_VIDEO_STREAM",
                "Location": self.stream_arn,
                "ParticipantType": "CUSTOMER",
                "FragmentStartNumber": "100",
                "FragmentStopNumber": str(99 + count),
            }
        else:
            own = {"StorageType": "S3", "Location": f"{THEIRS}/{a_key(self.id)}", "ParticipantType": "IVR"}
        return [*self.other_recordings, {"MediaStreamType": "AUDIO", **own, **times}]

    def record(self, **changes: Any) -> dict[str, Any]:
        """The contact record."""
        return {
            "AWSContactTraceRecordFormatVersion": "2017-03-10",
            "ContactId": self.id,
            "Channel": "VOICE",
            "InitiationMethod": "INBOUND",
            "InitiationTimestamp": stamp(BEGAN),
            "DisconnectTimestamp": stamp(self.ended_at),
            "SystemEndpoint": self.dialed and {"Address": self.dialed, "Type": "TELEPHONE_NUMBER"},
            "CustomerEndpoint": self.caller and {"Address": self.caller, "Type": "TELEPHONE_NUMBER"},
            "Attributes": self.attributes,
            "Agent": self.agent_at and {"ConnectedToAgentTimestamp": stamp(self.agent_at)},
            "Queue": None,
            "Recordings": self.recordings,
            "LastUpdateTimestamp": stamp(self.ended_at),
        } | {**self.changes, **changes}

    def described(self) -> dict[str, Any]:
        """What DescribeContact says."""
        record = self.record()
        recordings = [{name: _parsed(name, text) for name, text in one.items()} for one in record["Recordings"] or ()]
        return {
            "Arn": f"{INSTANCE_ARN}/contact/{self.id}",
            "Id": self.id,
            "Channel": record["Channel"],
            "InitiationMethod": record["InitiationMethod"],
            "InitiationTimestamp": BEGAN,
            "DisconnectTimestamp": self.ended_at,
            "SystemEndpoint": record["SystemEndpoint"],
            "CustomerEndpoint": record["CustomerEndpoint"],
            "AgentInfo": {"ConnectedToAgentTimestamp": self.agent_at} if self.agent_at else None,
            "Attributes": record["Attributes"],
            "Recordings": recordings,
        }


def _parsed(name: str, text: str | None) -> Any:
    return datetime.fromisoformat(text) if text and name.endswith("Timestamp") else text
