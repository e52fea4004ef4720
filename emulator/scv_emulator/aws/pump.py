"""Carries deliveries out: one at a time, until nothing is left, or as time goes by."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Protocol

from scv_emulator.aws.event_bus import EventBus
from scv_emulator.aws.transit import Transit
from scv_emulator.clock import Clock

_IDLE_SECONDS = 0.005
_LONGEST_NAP_SECONDS = 0.2


class NotSettled(Exception):
    """Something was still under way when the time was over; the message names it."""


class Poller(Protocol):
    """Takes work from a queue or stream."""

    def poll(self) -> bool:
        """Do one piece of work; False when there was none."""
        ...

    def next_due(self) -> datetime | None:
        """When there is work; None when there is none in sight."""
        ...


class Pump:
    """Moves what is under way; `concurrency` threads are as many functions running at a time."""

    def __init__(self, transit: Transit, pollers: Sequence[Poller], *, bus: EventBus, clock: Clock) -> None:
        self._transit = transit
        self._pollers = list(pollers)
        self._bus = bus
        self._clock = clock
        self._busy = 0
        self._carried_out = 0
        self._lock = threading.Lock()

    def once(self) -> bool:
        """Carry out one delivery; False when nothing is due."""
        with self._lock:
            self._busy += 1
        try:
            parcel = self._transit.take()
            if parcel is not None:
                parcel.deliver()
                done = True
            else:
                done = any(one.poll() for one in list(self._pollers))
            with self._lock:
                self._carried_out += done
            return done
        finally:
            with self._lock:
                self._busy -= 1

    def settle(
        self, *, timeout_seconds: float, skip_waits: bool, longest_wait_seconds: float, concurrency: int
    ) -> None:
        """Go on until nothing is left; NotSettled when that takes too long, on either clock."""
        over_at = time.monotonic() + timeout_seconds
        last = self._clock.now() + timedelta(seconds=longest_wait_seconds)
        while True:
            self._run_dry(over_at, concurrency)
            before = self._carried_out
            due = self._next_due()
            if self._busy or self._carried_out != before:
                time.sleep(_IDLE_SECONDS)  # `run` is at work on another thread, which may lead to more
                continue
            if due is None or not skip_waits:
                return
            if due > last:
                raise NotSettled(f"after {longest_wait_seconds:g} s of waiting there is still: {self._what_is_left()}")
            self._move_to(due)

    def advance(self, seconds: float, *, timeout_seconds: float, concurrency: int) -> None:
        """Let time pass: everything that falls due on the way is carried out at its moment, schedules fire."""
        over_at = time.monotonic() + timeout_seconds
        end = self._clock.now() + timedelta(seconds=seconds)
        while True:
            self._run_dry(over_at, concurrency)
            moments = [one for one in (self._next_due(), self._bus.next_firing()) if one is not None]
            coming = min(moments, default=end)
            if coming > end:
                break
            self._move_to(coming)
            if not self._bus.fire_due() and coming == end:
                break
        self._move_to(end)
        self._run_dry(over_at, concurrency)

    def run(self, stopping: threading.Event) -> None:
        """Carry deliveries out as time goes by, until told to stop."""
        while not stopping.is_set():
            self._transit.news.clear()
            self._bus.fire_due()
            try:
                if self.once():
                    continue
            except Exception as error:  # noqa: BLE001 - one delivery that cannot be made must not end all others
                self._transit.record("pump", "", f"failed: {type(error).__name__}: {error}")
                continue
            due = self._next_due()
            wait = _LONGEST_NAP_SECONDS if due is None else (due - self._clock.now()).total_seconds()
            self._transit.news.wait(min(_LONGEST_NAP_SECONDS, max(_IDLE_SECONDS, wait)))

    def _run_dry(self, over_at: float, concurrency: int) -> None:
        """Carry out everything that is due now."""
        with ThreadPoolExecutor(max_workers=max(1, concurrency - 1)) as others:
            working = [others.submit(self._work, over_at) for _ in range(concurrency - 1)]
            self._work(over_at)
        for one in working:
            one.result()
        if time.monotonic() >= over_at:
            raise NotSettled(f"time is over, and there is still: {self._what_is_left()}")

    def _work(self, over_at: float) -> None:
        while time.monotonic() < over_at:
            if self.once():
                continue
            if not self._busy:
                return
            time.sleep(_IDLE_SECONDS)  # another thread's delivery may lead to more

    def _next_due(self) -> datetime | None:
        moments = [self._transit.next_due(), *(one.next_due() for one in self._pollers)]
        return min((one for one in moments if one is not None), default=None)

    def _move_to(self, moment: datetime) -> None:
        if moment > self._clock.now():
            self._clock.set(moment)

    def _what_is_left(self) -> str:
        latest = [f"{one.hop} {one.outcome}" for one in self._transit.deliveries[-3:]]
        return f"something due at {self._next_due()}; the latest: {'; '.join(latest)}"
