"""Takes one caller's audio out of a Kinesis video stream of Amazon Connect, which may hold other calls too."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO

from scv_voicemail.errors import Unavailable
from scv_voicemail.intake.kinesis_fragments import (
    RETENTION_FIX,
    SERVICE,
    Fragment,
    bad_stream,
    cut_stream,
    read_fragments,
)
from scv_voicemail.intake.pcm_timeline import ByteOrder, PcmTimeline


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamedAudio:
    """What was written: 16 bit linear, little-endian, mono.

    `began_at` is the time of the first sample. `gaps_seconds` is how much silence stands for fragments that the stream
    did not have, so that a moment of the call is where its time says.
    """

    began_at: datetime
    pcm_bytes: int
    sample_rate_hz: int
    fragments: int
    first_number: int
    last_number: int
    gaps_seconds: float
    byte_order: ByteOrder

    @property
    def seconds(self) -> float:
        """How long it plays."""
        return self.pcm_bytes / 2 / self.sample_rate_hz


def write_customer_audio(
    chunks: Iterable[bytes],
    out: BinaryIO,
    *,
    contact_id: str,
    start_number: int | None = None,
    stop_number: int | None = None,
    whole: bool = True,
    byte_order: ByteOrder | None = None,
    until_live: bool = False,
) -> StreamedAudio:
    """Write what the caller of one contact said to `out`, as raw samples; to be thrown away when this raises.

    From `start_number` to `stop_number`, both included (None: the contact's first and last fragment). A stream that
    ends before is taken for what it has unless it is to be `whole`; `until_live` ends with what was said until now. No
    chunk is pulled after the one that completes the last fragment: the caller closes the connection then. Other
    contacts on the same stream are skipped before ours, and end it after ours.

    Raises `Unavailable` when the stream breaks off, ends before `stop_number` or has nothing of this contact,
    `BadRecording` for what cannot be audio (code `empty`: the contact is there, but not one sample of the caller).
    """
    timeline: PcmTimeline | None = None
    first = last = fragments = 0
    for fragment in _of_contact(chunks, contact_id, start_number or 0, stop_number, whole=whole, until_live=until_live):
        rate = fragment.sample_rate_hz
        if timeline is None:
            timeline, first = PcmTimeline(out, rate, byte_order=byte_order), fragment.number
        if rate != timeline.sample_rate_hz:
            raise bad_stream(f"fragment {fragment.number} changes the sample rate to {rate:,} Hz")
        timeline.add(fragment.producer_time, fragment.customer_audio)
        last, fragments = fragment.number, fragments + 1
    if timeline is None:
        raise Unavailable(
            "the stream has no fragment of this contact", service=SERVICE, code="no_fragments", fix=RETENTION_FIX
        )
    timeline.close()
    if not timeline.pcm_bytes:
        raise bad_stream("the stream has fragments of this contact, but no audio from the caller", code="empty")
    return StreamedAudio(
        began_at=timeline.began_at,
        pcm_bytes=timeline.pcm_bytes,
        sample_rate_hz=timeline.sample_rate_hz,
        fragments=fragments,
        first_number=first,
        last_number=last,
        gaps_seconds=timeline.gaps_seconds,
        byte_order=timeline.byte_order,
    )


def _of_contact(
    chunks: Iterable[bytes],
    contact_id: str,
    start_number: int,
    stop_number: int | None,
    *,
    whole: bool,
    until_live: bool,
) -> Iterator[Fragment]:
    """The contact's fragments, each once, and nothing pulled after the last one."""
    last: int | None = None
    for fragment in read_fragments(chunks):
        if stop_number is not None and fragment.number > stop_number:
            return
        if fragment.contact_id == contact_id:
            if fragment.number >= start_number and (last is None or fragment.number > last):
                last = fragment.number
                yield fragment
        elif last is not None and fragment.contact_id:
            return
        elif last is not None:
            raise cut_stream(f"fragment {fragment.number} ends before it says whose call it is")
        if fragment.number == stop_number or (until_live and fragment.is_live):
            return
    if whole and stop_number is not None and last is not None:
        raise cut_stream(f"the stream ended after fragment {last}, before the last one of the contact, {stop_number}")
