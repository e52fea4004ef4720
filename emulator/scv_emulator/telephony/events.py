"""Conversation events: intelligence signals during a call, and sentiments stored after it."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from scv_emulator.switches import Switches
from scv_emulator.telephony.conversations import Conversations
from scv_emulator.telephony.errors import CONVERSATION_DOES_NOT_EXIST, invalid
from scv_emulator.telephony.fields import Body

_CATEGORY, _SENTIMENT = "IntelligenceSignal__Category", "IntelligenceSignal__Sentiment"
# Not in the guide; the vendor's own function after a call sends it.
_OVERALL = "IntelligenceSignal__OverallSentimentScore"
_LOWEST_SENTIMENT, _HIGHEST_SENTIMENT, _HIGHEST_SCORE = -1000, 1000, 1000


class Events:
    """Checks and keeps the events of "Send a Real-Time …" and "Store a Post-Call Conversation Event"."""

    def __init__(self, conversations: Conversations, switches: Switches) -> None:
        self._conversations = conversations
        self._switches = switches
        self.kept: list[dict[str, Any]] = []

    def realtime(self, key: str, body: Body) -> None:
        """Take the signals of a running call."""
        service = body.required_text("service")
        events = [_read(event, (_CATEGORY, _SENTIMENT), post_call=False) for event in body.objects("events")]
        body.flag("persist")
        self._keep(key, service, events, open_now=True)

    def post_call(self, key: str, body: Body) -> None:
        """Store the sentiments of a call that is over."""
        service = body.required_text("service")
        if service != "AmazonConnectContactLens":
            raise invalid("service must be AmazonConnectContactLens")
        types = (_SENTIMENT, _OVERALL) if self._switches.overall_sentiment_score else (_SENTIMENT,)
        events = [_read(event, types, post_call=True) for event in body.objects("events")]
        self._keep(key, service, events, open_now=False)

    def _keep(self, key: str, service: str, events: list[dict[str, Any]], *, open_now: bool) -> None:
        if any(a["startTime"] > b["startTime"] for a, b in pairwise(events)):
            raise invalid("events must be sorted by startTime")
        conversation = self._conversations.by_key(key)
        if conversation is None:
            raise invalid(CONVERSATION_DOES_NOT_EXIST)
        if conversation["_open"] is not open_now:
            raise invalid("The conversation is closed" if open_now else "The conversation is not closed yet")
        kind = "realtime" if open_now else "postCall"
        self.kept += [{"vendorCallKey": key, "kind": kind, "service": service} | event for event in events]


def _read(event: Body, types: tuple[str, ...], *, post_call: bool) -> dict[str, Any]:
    event.required_text("type")
    kind = event.one_of("type", types)
    read: dict[str, Any] = {"type": kind, "value": event.required_text("value")}
    # The guide says milliseconds and shows seconds; both are whole numbers, so both are taken.
    read["startTime"] = event.milliseconds("startTime")
    if post_call:
        read["endTime"] = event.milliseconds("endTime")
        if read["endTime"] < read["startTime"]:
            raise invalid("endTime must not be before startTime")
    participant = event.one_of("participant", ("AGENT", "CUSTOMER"))
    if kind != _CATEGORY:
        _number_between("value", event.data.get("value"), _LOWEST_SENTIMENT, _HIGHEST_SENTIMENT)
        if participant is None:
            raise invalid("participant is required for a sentiment")
    if event.has("score"):
        read["score"] = _number_between("score", event.data["score"], 0, _HIGHEST_SCORE)
    return read | ({"participant": participant} if participant else {})


def _number_between(name: str, value: Any, least: float, most: float) -> float:
    try:
        number = float(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else None
    except (ValueError, OverflowError):
        number = None
    if number is None or not least <= number <= most:
        raise invalid(f"{name} must be a number from {least:g} to {most:g}")
    return number
