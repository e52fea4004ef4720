"""The line between a scripted caller and a flow, in a time of its own: seconds since the call began."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from scv_emulator.connect.call_audio import Track, seconds_of
from scv_emulator.connect.caller import HangUp, HangUpAfter, Hear, Press, Say, Step, Wait

REACTION_SECONDS = 0.3
"""How long a caller takes to do something after a prompt."""


class CallerHungUp(Exception):
    """The line is dead: whatever was going on is over."""


class RepAnswered(Exception):
    """A rep takes the call out of the queue: whatever the queue's flow was doing is over."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened in a call."""

    at_seconds: float
    kind: str
    detail: str = ""


class Line:
    """Lets time pass, and the caller act meanwhile. Nothing here waits for real."""

    def __init__(self, script: Sequence[Step], *, rep_answers_at: float = math.inf, longest_seconds: float) -> None:
        self.now = 0.0
        self.customer = Track()
        self.system = Track()
        self.timeline: list[Event] = []
        self.in_queue = False
        self._rep_answers_at = rep_answers_at
        self._steps = [one for one in script if not isinstance(one, HangUpAfter)]
        hang_ups = [one.seconds for one in script if isinstance(one, HangUpAfter)]
        self._hangs_up_at = min((*hang_ups, longest_seconds))
        self._longest_seconds = longest_seconds
        self._ready_at = 0.0
        self._hearing = ""

    def tell(self, kind: str, detail: str = "") -> None:
        """Note what happened."""
        self.timeline.append(Event(round(self.now, 3), kind, detail))

    def play(self, words: str, pcm: bytes, *, until_key: bool = False, to_caller: bool = True) -> str:
        """Play a prompt to its end, or to the first key; the key, or nothing."""
        self.tell("prompt" if to_caller else "prompt to rep", words)
        if to_caller:
            self.system.add(self.now, pcm)
        try:
            return self.pass_time(seconds_of(pcm), until_key=until_key)
        finally:
            if to_caller:
                self.system.cut(self.now)
                self._heard(words)

    def pass_time(self, seconds: float, *, until_key: bool = False) -> str:
        """Let so much time pass, or less when a key is waited for; the key, or nothing.

        Raises `CallerHungUp`, and `RepAnswered` when the caller waits in a queue.
        """
        end = self.now + seconds
        while True:
            self.now = self._next_moment(end)
            if self.now >= self._hangs_up_at:
                self.tell("hung up", "no script lasts so long" if self.now >= self._longest_seconds else "")
                raise CallerHungUp
            if self._acts():
                key = self._act()
                if key and until_key:
                    return key
                if key:
                    self.tell("key ignored", key)
            elif self.in_queue and self.now >= self._rep_answers_at:
                self._rep_answers_at = math.inf
                raise RepAnswered
            elif self.now >= end:
                return ""

    def _next_moment(self, end: float) -> float:
        moments = [end, self._hangs_up_at]
        if self._steps and not self._hearing:
            moments.append(self._ready_at)
        if self.in_queue:
            moments.append(self._rep_answers_at)
        return max(min(moments), self.now)

    def _acts(self) -> bool:
        return bool(self._steps) and not self._hearing and self._ready_at <= self.now

    def _act(self) -> str:
        """The caller's next step; the key, when it is one."""
        step = self._steps.pop(0)
        self._ready_at = self.now
        if isinstance(step, Wait):
            self._ready_at += step.seconds
        elif isinstance(step, Hear):
            self._hearing = step.words.lower()
        elif isinstance(step, Say):
            self.tell("caller speaks", f"{seconds_of(step.pcm):.1f} s")
            self.customer.add(self.now, step.pcm)
            self._ready_at += seconds_of(step.pcm)
        elif isinstance(step, HangUp):
            self.tell("hung up")
            raise CallerHungUp
        elif isinstance(step, Press):
            self.tell("key", step.key)
            return step.key
        return ""

    def _heard(self, words: str) -> None:
        if self._hearing and self._hearing in words.lower():
            self._hearing = ""
            self._ready_at = self.now + REACTION_SECONDS
