"""Conversation events: signals about a call, sent while it runs or stored after it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from scv_voicemail.telephony.fields import (
    check_enum,
    check_epoch_ms,
    check_json_object,
    check_text,
    refused,
    without_none,
)

POST_CALL_SERVICE = "AmazonConnectContactLens"
"""The only source whose events the vendor stores after a call."""


class EventType(StrEnum):
    """What an event tells."""

    CATEGORY = "IntelligenceSignal__Category"
    SENTIMENT = "IntelligenceSignal__Sentiment"


class EventParticipant(StrEnum):
    """Whom an event is about."""

    AGENT = "AGENT"
    CUSTOMER = "CUSTOMER"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationEvent:
    """A signal during a call. A sentiment's `value` is a number from -1000 to 1000; `score` is 0 to 1000."""

    type: EventType
    value: str
    start_ms: int
    score: float | None = None
    participant: EventParticipant | None = None
    details: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_enum("events.type", self.type, EventType)
        check_epoch_ms("events.startTime", self.start_ms)
        check_enum("events.participant", self.participant, EventParticipant)
        check_json_object("events.details", self.details)
        if self.score is not None:
            _check_number("events.score", self.score, low=0)
        if self.type == EventType.SENTIMENT:
            _check_number("events.value", self.value, low=-1000)
            if self.participant is None:
                raise refused("events.participant", "AGENT or CUSTOMER for a sentiment")
        else:
            check_text("events.value", self.value)

    def to_json(self) -> dict[str, Any]:
        """The event object."""
        return without_none(
            {
                "type": self.type,
                "value": self.value,
                "startTime": self.start_ms,
                "score": self.score,
                "participant": self.participant,
                "details": dict(self.details) or None,
            }
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PostConversationEvent:
    """A sentiment that was found after the call: `value` is a number from -1000 to 1000."""

    value: str
    start_ms: int
    end_ms: int
    participant: EventParticipant

    def __post_init__(self) -> None:
        _check_number("events.value", self.value, low=-1000)
        check_epoch_ms("events.startTime", self.start_ms)
        check_epoch_ms("events.endTime", self.end_ms)
        if self.end_ms < self.start_ms:
            raise refused("events.endTime", "at or after startTime")
        if self.participant is None:
            raise refused("events.participant", "AGENT or CUSTOMER")
        check_enum("events.participant", self.participant, EventParticipant)

    def to_json(self) -> dict[str, Any]:
        """The event object."""
        return {
            "type": EventType.SENTIMENT,
            "value": self.value,
            "startTime": self.start_ms,
            "endTime": self.end_ms,
            "participant": self.participant,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class RealtimeConversationEvents:
    """Events for the rep's console, in the order of their start; `service` names their source."""

    service: str
    events: Sequence[ConversationEvent]
    persist: bool | None = None

    def __post_init__(self) -> None:
        check_text("service", self.service)
        _check_ascending(self.events)

    def to_json(self) -> dict[str, Any]:
        """The request body."""
        body = {"service": self.service, "persist": self.persist, "events": [event.to_json() for event in self.events]}
        return without_none(body)


@dataclass(frozen=True, slots=True, kw_only=True)
class PostConversationEvents:
    """Events to store with a closed conversation, in the order of their start."""

    events: Sequence[PostConversationEvent]
    service: str = POST_CALL_SERVICE

    def __post_init__(self) -> None:
        if self.service != POST_CALL_SERVICE:
            raise refused("service", POST_CALL_SERVICE)
        _check_ascending(self.events)

    def to_json(self) -> dict[str, Any]:
        """The request body."""
        return {"service": self.service, "events": [event.to_json() for event in self.events]}


def _check_ascending(events: Sequence[ConversationEvent] | Sequence[PostConversationEvent]) -> None:
    if not events:
        raise refused("events", "at least one event")
    starts = [event.start_ms for event in events]
    if starts != sorted(starts):
        raise refused("events", "in ascending order of startTime")


def _check_number(name: str, value: str | float, *, low: int, high: int = 1000) -> None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if isinstance(value, bool) or not low <= number <= high:
        raise refused(name, f"a number from {low} to {high}")
