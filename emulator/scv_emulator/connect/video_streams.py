"""Kinesis video streams that hold calls' audio: who writes into which, what is kept, where reading begins."""

from __future__ import annotations

import threading
from array import array
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from scv_emulator.connect.matroska import fragment

FRAGMENT_BYTES = 17_408
"""PCM of one track in a whole fragment: 17 blocks, a little more than one second."""
BYTES_PER_SECOND = 16_000
_FIRST_NUMBER = 91_343_852_333_181_432_392_682_062_607_743_920_146_811_378_312
_NUMBER_STEP = 4_951_760_157_141_521
_BUFFER = timedelta(minutes=5)
"""How long a stream without retention still serves from its buffer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFragment:
    """About one second of a call, both directions. Times are the call's own."""

    number: int
    contact_id: str
    producer_at: datetime
    server_at: datetime
    customer: bytes
    system: bytes


@dataclass(slots=True, kw_only=True)
class VideoStream:
    """One stream; call after call writes into it, one at a time."""

    name: str
    arn: str
    retention_hours: int
    contact_id: str = ""
    next_number: int = 0
    fragments: list[StoredFragment] = field(default_factory=list)
    pending_from: datetime | None = None
    pending_customer: bytearray = field(default_factory=bytearray)
    pending_system: bytearray = field(default_factory=bytearray)


class VideoStreams:
    """All streams of the instance; safe to use from several threads.

    Switches: `retention_hours` (0: only what is younger than five minutes can be read), `reuse` (a stream whose call is
    over takes the next one), `big_endian` (samples as `audio/L16` promises, not as Amazon Connect sends them),
    `inclusive` (reading after a fragment number begins with that very fragment: the vendor's pages disagree),
    `idle_seconds` (how long GetMedia waits for more of a stream that nobody writes into).
    """

    def __init__(
        self, *, now: Callable[[], datetime], region: str, account_id: str, prefix: str, instance_id: str
    ) -> None:
        self.retention_hours = 24
        self.reuse = True
        self.big_endian = False
        self.inclusive = False
        self.idle_seconds = 1.0
        self.instance_id = instance_id
        self.now = now
        self._arn = f"arn:aws:kinesisvideo:{region}:{account_id}:stream/{prefix}-contact-"
        self._streams: list[VideoStream] = []
        self._news = threading.Condition()

    def all(self) -> list[VideoStream]:
        """Every stream there is."""
        with self._news:
            return list(self._streams)

    def find(self, *, name: str = "", arn: str = "") -> VideoStream | None:
        """The stream of this name or ARN."""
        return next((one for one in self.all() if one.arn == arn or (name and one.name == name)), None)

    # --------------------------------------------------------------------------------------------------- writing

    def open(self, contact_id: str, *, at: datetime) -> tuple[VideoStream, int]:
        """A stream for a call, and the number that its first fragment will have."""
        with self._news:
            stream = next((one for one in self._streams if self.reuse and not one.contact_id), None)
            if stream is None:
                unique = f"{len(self._streams) + 1:08d}-0000-4000-8000-{round(at.timestamp()):012d}"
                arn = f"{self._arn}{unique}/{round(at.timestamp() * 1000)}"
                stream = VideoStream(name=arn.split("/")[1], arn=arn, retention_hours=self.retention_hours)
                stream.next_number = _FIRST_NUMBER + len(self._streams) * 1_000_003
                self._streams.append(stream)
            stream.contact_id = contact_id
            stream.pending_from = None
            return stream, stream.next_number

    def write(self, stream: VideoStream, *, at: datetime, customer: bytes, system: bytes) -> None:
        """So much was heard from `at` on; whole fragments can be read at once."""
        with self._news:
            if stream.pending_from is None:
                stream.pending_from = at
            stream.pending_customer += customer
            stream.pending_system += system
            while max(len(stream.pending_customer), len(stream.pending_system)) >= FRAGMENT_BYTES:
                self._cut(stream, FRAGMENT_BYTES)
            self._news.notify_all()

    def close(self, stream: VideoStream) -> None:
        """The call writes no more: its last, shorter fragment can be read, and the stream is free again."""
        with self._news:
            rest = max(len(stream.pending_customer), len(stream.pending_system))
            if rest:
                self._cut(stream, rest)
            stream.contact_id = ""
            self._news.notify_all()

    def _cut(self, stream: VideoStream, size: int) -> None:
        began = stream.pending_from
        assert began is not None
        made = StoredFragment(
            number=stream.next_number,
            contact_id=stream.contact_id,
            producer_at=began,
            server_at=began + timedelta(seconds=size / BYTES_PER_SECOND, milliseconds=80),
            customer=bytes(stream.pending_customer[:size]),
            system=bytes(stream.pending_system[:size]),
        )
        del stream.pending_customer[:size], stream.pending_system[:size]
        stream.fragments.append(made)
        stream.next_number += _NUMBER_STEP
        stream.pending_from = began + timedelta(seconds=size / BYTES_PER_SECOND)

    # --------------------------------------------------------------------------------------------------- reading

    def kept(self, stream: VideoStream) -> list[StoredFragment]:
        """What can still be read, oldest first."""
        kept_for = timedelta(hours=stream.retention_hours) if stream.retention_hours else _BUFFER
        oldest = self.now() - kept_for
        with self._news:
            return [one for one in stream.fragments if one.server_at >= oldest]

    def after(self, stream: VideoStream, number: int, *, wait_seconds: float) -> list[StoredFragment]:
        """Fragments beyond a number; waits for the first of them, if there is none yet."""

        def newer() -> list[StoredFragment]:
            return [one for one in self.kept(stream) if one.number > number]

        with self._news:
            self._news.wait_for(newer, timeout=wait_seconds)
            return newer()

    def is_last(self, stream: VideoStream, number: int) -> bool:
        """True when nothing newer was written so far."""
        with self._news:
            return not stream.fragments or stream.fragments[-1].number <= number

    def matroska(self, stream: VideoStream, one: StoredFragment) -> bytes:
        """A fragment as GetMedia sends it."""
        behind = max(timedelta(), self.now() - one.server_at)
        millis = 0 if self.is_last(stream, one.number) else round(behind.total_seconds() * 1_000)
        named = {"AWS_KINESISVIDEO_MILLIS_BEHIND_NOW": str(millis)}
        tail = [
            {"ContactId": one.contact_id},
            {"InstanceId": self.instance_id},
            {"MimeType": "audio/L16;rate=8000;channels=1;"},
            {"AUDIO_FROM_CUSTOMER": "1"},
            {"AUDIO_TO_CUSTOMER": "2"},
            {"Events": "{}"},
            named | {"AWS_KINESISVIDEO_CONTINUATION_TOKEN": str(one.number)},
        ]
        return fragment(
            head={
                "AWS_KINESISVIDEO_FRAGMENT_NUMBER": str(one.number),
                "AWS_KINESISVIDEO_SERVER_TIMESTAMP": f"{one.server_at.timestamp():.3f}",
                "AWS_KINESISVIDEO_PRODUCER_TIMESTAMP": f"{one.producer_at.timestamp():.3f}",
            },
            tail=tail,
            began_ms=round(one.producer_at.timestamp() * 1_000),
            audio=[self._samples(one.customer), self._samples(one.system)],
        )

    def _samples(self, pcm: bytes) -> bytes:
        if not self.big_endian:
            return pcm
        samples = array("h", pcm)
        samples.byteswap()
        return samples.tobytes()
