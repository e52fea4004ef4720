"""Salesforce's time, as told by the Date header of its replies: a token's times are judged by Salesforce's clock."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from scv_voicemail.bounds import http_date

TOLERANCE = timedelta(seconds=2)
"""Below this, a difference is the network's and the header's whole seconds, and is left alone."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request on its way: its number in the order of sending, and when it was sent by the local clock."""

    number: int
    sent_at: datetime


class ServerClock:
    """Local time, corrected by how far the server's clock was seen to be off. Safe to share between threads."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._local_now = now
        self._lock = threading.Lock()
        self._skew = timedelta(0)
        self._begun = 0
        self._learnt_from = 0

    def now(self) -> datetime:
        """The server's time, as far as it is known."""
        with self._lock:
            return self._local_now() + self._skew

    def begin(self) -> Exchange:
        """Note that a request is about to be sent."""
        with self._lock:
            self._begun += 1
            return Exchange(self._begun, self._local_now())

    def learn(self, exchange: Exchange, date_header: str | None) -> None:
        """Take the Date header of a reply into account; a missing or broken one changes nothing.

        The header was written between sending and receiving and cuts off fractions of a second, which gives a window
        for the difference. While what is believed lies in that window (give or take `TOLERANCE`) it stays, and a reply
        to an older request never overwrites what a newer one has told.
        """
        told = http_date(date_header or "")
        if told is None:
            return
        with self._lock:
            if exchange.number < self._learnt_from:
                return
            self._learnt_from = exchange.number
            least = told - self._local_now()
            most = told + timedelta(seconds=1) - exchange.sent_at
            if not least - TOLERANCE <= self._skew <= most + TOLERANCE:
                middle = (least + most) / 2
                self._skew = middle if abs(middle) > TOLERANCE else timedelta(0)
