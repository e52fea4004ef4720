"""One simulated call: the contact, its line, and what Amazon Connect does for it besides running flows."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from scv_emulator.connect.call_audio import spoken, words_of
from scv_emulator.connect.function_event import function_event
from scv_emulator.connect.line import Line
from scv_emulator.connect.ports import FunctionFailed, SimulatedContact, World


class FunctionFault(Enum):
    """What goes wrong when a flow calls a function."""

    FAILS = "it raises at once"
    TIMES_OUT = "it does nothing until the flow gives up"
    ANSWERS_LATE = "it does its work, and the flow gives up before the answer comes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What a call meets with. Moments are in seconds since the call began.

    `function_faults` are by the flow function's method. `queue_is_full` lets nobody in, the first so many times when
    it is a number. A recording that is `silent` says that it is on, and records nothing. `caller_waits_seconds` is how
    long a caller stays on the line whose script says nothing else.
    """

    rep_answers_at: float = math.inf
    rep_arn: str = ""
    talk_seconds: float = 20.0
    queue_is_full: bool | int = False
    recording: str = "works"
    streaming_allowed: bool = True
    function_seconds: float = 0.4
    function_faults: Mapping[str, FunctionFault] = field(default_factory=dict)
    hold_prompt_seconds: float = 20.0
    queue_names: Mapping[str, str] = field(default_factory=dict)
    caller_waits_seconds: float = 3_600.0


class PhoneCall:
    """The state of a call outside of its flows."""

    def __init__(self, *, contact: SimulatedContact, line: Line, world: World, circumstances: Circumstances) -> None:
        self.contact = contact
        self.line = line
        self.world = world
        self.circumstances = circumstances
        self.hooks: dict[str, str] = {}
        self.loops: dict[tuple[str, str], int] = {}
        self.to_rep = False
        self._queues_tried = 0
        self._recording_since: float | None = None
        self._streaming_since: float | None = None
        self._streamed_since = 0.0
        self._streams_system = False
        self._beep_ended_at: float | None = None
        self._said_after_beep = 0.0

    @property
    def now(self) -> datetime:
        """The moment that the call has come to."""
        return self.moment(self.line.now)

    def moment(self, at_seconds: float) -> datetime:
        return self.contact.began_at + timedelta(seconds=at_seconds)

    # ------------------------------------------------------------------------------------------------- speaking

    def say(self, text: str, *, until_key: bool = False) -> str:
        """Speak a text or SSML; the key that interrupted it, or nothing."""
        words = words_of(text)
        key = self.line.play(words, spoken(text), until_key=until_key, to_caller=not self.to_rep)
        if "expletive" in text:
            self._beep_ended_at, self._said_after_beep = self.line.now, 0.0
        return key

    def play(self, name: str, pcm: bytes, *, until_key: bool = False) -> str:
        """Play audio; the key that interrupted it, or nothing."""
        return self.line.play(name, pcm, until_key=until_key, to_caller=not self.to_rep)

    # ---------------------------------------------------------------------------------- recording and streaming

    def record(self, *, on: bool) -> bool:
        """Turn the automated interaction recording on or off; whether that was possible."""
        if on and self.circumstances.recording == "refused":
            return False
        if on and self._recording_since is None:
            self.line.tell("recording on")
            self._recording_since = self.line.now
        elif not on:
            self.stop_recording()
        return True

    def stop_recording(self) -> None:
        """What was heard until now is a stretch of the recording."""
        since, self._recording_since = self._recording_since, None
        if since is None:
            return
        self._close_take(since)
        self.line.tell("recording off")
        if self.circumstances.recording != "silent" and self.line.now > since:
            customer, system = self._heard_since(since)
            self.world.recorded(self.contact, began_at=self.moment(since), customer=customer, system=system)

    def stream(self, *, on: bool, system: bool) -> bool:
        """Turn media streaming on or off; whether that was possible."""
        if on and not self.circumstances.streaming_allowed:
            return False
        if on and self._streaming_since is None:
            self.line.tell("streaming on")
            self._streamed_since = self._streaming_since = self.line.now
            self._streams_system = system
            self.world.stream_opened(self.contact, at=self.now)
        elif not on:
            self.stop_streaming()
        return True

    def stop_streaming(self) -> None:
        """No more audio goes into the stream."""
        if self._streaming_since is None:
            return
        if self._recording_since is None:
            self._close_take(self._streamed_since)
        self.pass_on_stream()
        self._streaming_since = None
        self.line.tell("streaming off")
        self.world.stream_closed(self.contact, at=self.now)

    def pass_on_stream(self) -> None:
        """What was heard until now is in the stream, so that a function can read it."""
        since = self._streaming_since
        if since is not None and self.line.now > since:
            customer, system = self._heard_since(since)
            system = system if self._streams_system else bytes(len(system))
            self.world.streamed(self.contact, at=self.moment(since), customer=customer, system=system)
            self._streaming_since = self.line.now

    @property
    def said_after_beep_seconds(self) -> float:
        """How long the caller spoke after the last beep, while that was recorded or streamed."""
        return round(self._said_after_beep, 3)

    def _heard_since(self, since: float) -> tuple[bytes, bytes]:
        line = self.line
        return line.customer.between(since, line.now), line.system.between(since, line.now)

    def _close_take(self, captured_since: float) -> None:
        if self._beep_ended_at is not None:
            begin = max(self._beep_ended_at, captured_since)
            self._said_after_beep = self.line.customer.seconds_between(begin, self.line.now)
        self._beep_ended_at = None

    # ------------------------------------------------------------------------------------------ the other sides

    def changed(self) -> None:
        """Tell the world that the contact is another."""
        self.contact.updated_at = self.now
        self.world.contact_changed(self.contact, at=self.now)

    def invoke(self, arn: str, parameters: Mapping[str, str], *, limit_seconds: float) -> Mapping[str, Any]:
        """Call a function; raises FunctionFailed after the time that it took."""
        method = str(parameters.get("methodName", ""))
        fault = self.circumstances.function_faults.get(method)
        self.line.tell("function", method or arn)
        self.pass_on_stream()
        if fault is FunctionFault.FAILS:
            self.line.pass_time(self.circumstances.function_seconds)
            raise FunctionFailed(f"{method} raised")
        if fault is FunctionFault.TIMES_OUT:
            self.line.pass_time(limit_seconds)
            raise FunctionFailed(f"{method} did not answer within {limit_seconds:g} s")
        try:
            answer = self.world.invoke(arn, self.event(parameters), at=self.now, limit_seconds=limit_seconds)
        except FunctionFailed:
            self.line.pass_time(self.circumstances.function_seconds)
            raise
        if fault is FunctionFault.ANSWERS_LATE or self.circumstances.function_seconds > limit_seconds:
            self.line.pass_time(limit_seconds)
            raise FunctionFailed(f"{method} answered after {limit_seconds:g} s")
        self.line.pass_time(self.circumstances.function_seconds)
        return answer

    def event(self, parameters: Mapping[str, str]) -> dict[str, Any]:
        """What a function is told now."""
        return function_event(self.contact, parameters, streams=self._streaming_since is not None, at=self.now)

    def target_queue(self, arn: str) -> None:
        """The queue that the next transfer goes to."""
        self.contact.queue_arn = arn
        self.contact.queue_name = self.circumstances.queue_names.get(arn, arn.rpartition("/")[2])
        self.changed()

    def queue_takes(self) -> bool:
        """Whether there is room in the queue."""
        self._queues_tried += 1
        full = self.circumstances.queue_is_full
        return not (full if isinstance(full, bool) else self._queues_tried <= full)

    def wait_for_ever(self) -> None:
        """The caller stays in the queue until a rep answers or the line is dead."""
        self.line.pass_time(math.inf)
