"""Reads the fragments of a Kinesis video stream of Amazon Connect: audio by track, with what the tags tell about it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from scv_voicemail.errors import BadRecording, Misconfigured, PermissionMissing, Unavailable, VoicemailError
from scv_voicemail.intake import ebml
from scv_voicemail.intake.ebml import Mark, block_of, read_elements

SERVICE = "kinesis-video"
CUSTOMER_TRACK = "AUDIO_FROM_CUSTOMER"
OLDER_CUSTOMER_TRACK = "Track_audio/L16"
"""The only track of streams from before Amazon Connect told the two directions apart."""
DEFAULT_SAMPLE_RATE_HZ = 8000
MAX_FRAGMENT_BYTES = 4 * 1024 * 1024
"""A fragment of Amazon Connect is about one second, 32 KB; more than this is held in memory by nobody."""
MAX_TRACKS = 16
MAX_TAGS = 1_000
"""Of a document; Amazon Connect writes two tracks and about a dozen tags."""
LIVE_WITHIN_MILLIS = 1000

_NUMBER = re.compile(r"[0-9]{1,128}")
_KEY = "the KMS key that encrypts the video stream"
_CHECK_KEY = f"check {_KEY} (Amazon Connect, Data storage, Live media streaming), then hand the message in again"
RETENTION_FIX = (
    "set a data retention period of at least 24 hours in Amazon Connect, Data storage, Live media streaming: without "
    "one, nothing is kept after the call"
)
# https://docs.aws.amazon.com/kinesisvideostreams/latest/dg/API_dataplane_GetMedia.html, response elements.
_FAILURES: Mapping[str, tuple[type[VoicemailError], str, str]] = {
    # Not on that page, and yet sent: https://github.com/amazon-connect/voicemail-express-amazon-connect/issues/46
    "3000": (Unavailable, "the requested fragment is not there yet, or not any more", RETENTION_FIX),
    "3002": (Unavailable, "error writing to the stream", ""),
    "4000": (BadRecording, "the requested fragment is not there, or not any more", RETENTION_FIX),
    "4500": (PermissionMissing, f"no access to {_KEY}", f"allow kms:Decrypt on {_KEY} to the function's role"),
    "4501": (Misconfigured, f"{_KEY} is disabled", _CHECK_KEY),
    "4502": (Misconfigured, f"{_KEY} was refused", _CHECK_KEY),
    "4503": (Misconfigured, f"{_KEY} is unavailable", _CHECK_KEY),
    "4504": (Misconfigured, f"{_KEY} is not meant for this", _CHECK_KEY),
    "4505": (Misconfigured, f"{_KEY} is in a state in which it cannot be used", _CHECK_KEY),
    "4506": (Misconfigured, f"{_KEY} does not exist", _CHECK_KEY),
    "5000": (Unavailable, "internal error", ""),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fragment:
    """About one second of a call: what every track said, and what the tags tell about it.

    `tracks` are by name (`AUDIO_FROM_CUSTOMER`, `AUDIO_TO_CUSTOMER`); a track without a name is `track 1`.
    """

    number: int
    contact_id: str
    server_time: datetime
    producer_time: datetime
    tracks: Mapping[str, bytes]
    tags: Mapping[str, str]

    @property
    def customer_audio(self) -> bytes:
        """What the caller said, 16 bit linear, mono; empty when the fragment has nothing of the caller."""
        if CUSTOMER_TRACK not in self.tracks and len(self.tracks) == 1:
            return self.tracks.get(OLDER_CUSTOMER_TRACK, b"")
        return self.tracks.get(CUSTOMER_TRACK, b"")

    @property
    def sample_rate_hz(self) -> int:
        """As the MIME type says (`audio/L16;rate=8000;channels=1;`); `BadRecording` for audio that is not L16 mono."""
        mime = self.tags.get("MimeType", "")
        kind, *rest = [part.strip() for part in mime.lower().split(";")]
        given = dict(part.partition("=")[::2] for part in rest if part)
        rate = given.get("rate", str(DEFAULT_SAMPLE_RATE_HZ))
        if kind not in ("", "audio/l16") or given.get("channels", "1") != "1" or rate not in ("8000", "16000"):
            raise bad_stream(
                f"fragment {self.number} holds {mime[:64]!r}, expected audio/L16, 8 or 16 kHz, one channel"
            )
        return int(rate)

    @property
    def is_live(self) -> bool:
        """Whether this is what the stream's newest fragment was when it was sent."""
        behind = self.tags.get("AWS_KINESISVIDEO_MILLIS_BEHIND_NOW", "")
        return _NUMBER.fullmatch(behind) is not None and int(behind) < LIVE_WITHIN_MILLIS


def read_fragments(chunks: Iterable[bytes]) -> Iterator[Fragment]:
    """The fragments of a GetMedia or GetMediaForFragmentList reply, each as soon as it is complete.

    Raises the failures that Kinesis Video Streams writes into the stream, `Unavailable` when it breaks off inside a
    fragment, `BadRecording` when it cannot be read.
    """
    draft = _Draft()
    has_tokens = False
    for element in read_elements(chunks):
        if element.mark is Mark.HOLDS:
            draft.take(element.id, element.data)
        elif element.mark is Mark.BEGINS:
            draft.begin(element.id)
        elif element.id in (ebml.TAGS, ebml.SEGMENT):
            draft.raise_failure()
            # GetMedia ends every fragment with the token, and then nothing may come until the caller speaks on.
            has_tokens = has_tokens or draft.has_token
            if (draft.has_token and "ContactId" in draft.tags) or element.id == ebml.SEGMENT:
                fragment = draft.fragment()
                if fragment is not None and has_tokens and not draft.has_token:
                    raise cut_stream(f"the stream ended inside fragment {fragment.number}")
                draft = draft.next(same_document=element.id == ebml.TAGS)
                if fragment is not None:
                    yield fragment


class _Draft:
    """A fragment while it comes in."""

    def __init__(self, names: dict[int, str] | None = None) -> None:
        self.tags: dict[str, str] = {}
        self._names = names or {}
        self._blocks: dict[int, list[bytes]] = {}
        self._bytes = 0
        self._track = 0
        self._track_name = ""
        self._tag_name = ""

    def next(self, *, same_document: bool) -> _Draft:
        """An empty draft; the names of the tracks hold for the rest of their document."""
        return _Draft(dict(self._names) if same_document else None)

    @property
    def has_token(self) -> bool:
        return "AWS_KINESISVIDEO_CONTINUATION_TOKEN" in self.tags

    def begin(self, element: int) -> None:
        if element == ebml.TRACK_ENTRY:
            self._track, self._track_name = 0, ""
        elif element == ebml.SIMPLE_TAG:
            self._tag_name = ""

    def take(self, element: int, data: bytes) -> None:
        self._bytes += len(data) + 64  # what Python itself needs for each
        if self._bytes > MAX_FRAGMENT_BYTES:
            raise bad_stream(f"a fragment has more than {MAX_FRAGMENT_BYTES:,} bytes")
        if element in (ebml.SIMPLE_BLOCK, ebml.BLOCK):
            track, payload = block_of(data)
            self._blocks.setdefault(track, []).append(payload)
            self._bound(len(self._blocks), MAX_TRACKS, "tracks")
        elif element == ebml.TAG_NAME:
            self._tag_name = data.decode("utf-8", "replace")
        elif element == ebml.TAG_STRING:
            self.tags[self._tag_name] = data.decode("utf-8", "replace")
            self._bound(len(self.tags), MAX_TAGS, "tags")
        elif element == ebml.TRACK_NUMBER:
            self._track = int.from_bytes(data[:8], "big")
            self._names.setdefault(self._track, self._track_name)
            self._bound(len(self._names), MAX_TRACKS, "tracks")
        elif element == ebml.TRACK_NAME:
            self._track_name = data.decode("utf-8", "replace")
            if self._track:
                self._names[self._track] = self._track_name
        else:
            raise bad_stream("a track is compressed or encrypted, which Kinesis Video Streams does not do")

    @staticmethod
    def _bound(count: int, most: int, what: str) -> None:
        if count > most:
            raise bad_stream(f"a fragment has more than {most:,} {what}")

    def fragment(self) -> Fragment | None:
        """The fragment, or None when nothing but a document's frame has come in."""
        number = self.tags.get("AWS_KINESISVIDEO_FRAGMENT_NUMBER", "")
        if not number and not self._blocks:
            return None
        if not _NUMBER.fullmatch(number):
            raise bad_stream(f"a fragment has the number {number[:64]!r}")
        server_time, producer_time = self._time("SERVER", number), self._time("PRODUCER", number)
        time = producer_time or server_time
        if time is None:
            raise bad_stream(f"fragment {number} has no time")
        return Fragment(
            number=int(number),
            contact_id=self.tags.get("ContactId", ""),
            server_time=server_time or time,
            producer_time=time,
            tracks={self._name(track): b"".join(blocks) for track, blocks in self._blocks.items()},
            tags=self.tags,
        )

    def _name(self, track: int) -> str:
        """The track's own name; or, where it has none, what the tag says (`AUDIO_FROM_CUSTOMER` = `1`)."""
        if CUSTOMER_TRACK not in self._names.values() and self.tags.get(CUSTOMER_TRACK) == str(track):
            return CUSTOMER_TRACK
        return self._names.get(track) or f"track {track}"

    def _time(self, whose: str, number: str) -> datetime | None:
        # GetMediaForFragmentList spells the same tag with SIDE in it.
        for name in (f"AWS_KINESISVIDEO_{whose}_TIMESTAMP", f"AWS_KINESISVIDEO_{whose}_SIDE_TIMESTAMP"):
            if name in self.tags:
                try:
                    return datetime.fromtimestamp(float(self.tags[name]), UTC)
                except (ValueError, OverflowError, OSError) as error:
                    raise bad_stream(f"fragment {number} has the time {self.tags[name][:64]!r}") from error
        return None

    def raise_failure(self) -> None:
        """Raise what the service wrote into the stream instead of audio, if it did."""
        for id_tag, text_tag in (
            ("AWS_KINESISVIDEO_ERROR_ID", "AWS_KINESISVIDEO_ERROR_CODE"),
            ("AWS_KINESISVIDEO_EXCEPTION_ERROR_CODE", "AWS_KINESISVIDEO_EXCEPTION_MESSAGE"),
        ):
            if id_tag not in self.tags and text_tag not in self.tags:
                continue
            code, text = self.tags.get(id_tag, "").strip(), self.tags.get(text_tag, "").strip()
            kind, meaning, fix = _FAILURES.get(code, (Unavailable, "an unknown failure", ""))
            said = f" ({text[:200]})" if text else ""
            raise kind(f"Kinesis Video Streams stopped: {meaning}{said}", service=SERVICE, code=code, fix=fix)


def bad_stream(what: str, *, code: str = "malformed") -> BadRecording:
    """What came is no audio of a call."""
    return BadRecording(
        what,
        service=SERVICE,
        code=code,
        fix="check the flow's Start media streaming block: it must stream `From the customer`",
    )


def cut_stream(what: str) -> Unavailable:
    """The stream broke off: the same request may bring it whole."""
    return Unavailable(what, service=SERVICE, code="truncated")
