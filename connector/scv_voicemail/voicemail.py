"""The nouns: what a caller left, as this package sees it. Frozen, no I/O."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Self

from scv_voicemail.errors import BadVoicemail, WrittenLater

ANONYMOUS = "anonymous"
"""The caller's number when the caller withheld it."""


class MailboxKind(StrEnum):
    """Whom a voicemail is for."""

    QUEUE = "queue"
    REP = "rep"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailbox:
    """Whom the caller wanted: a queue by developer name, or a rep by username."""

    kind: MailboxKind
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """The audio of a voicemail, as measured from its bytes (never from its header).

    `path` is where this machine can read it. `location` is the lasting https address under which a rep's browser
    fetches it; empty until the wiring knows it. `missing_bytes` is how much of the audio was cut off before it came; it
    stands beside the voicemail.
    """

    path: str
    duration_seconds: float
    size_bytes: int
    sha256: str
    location: str = ""
    missing_bytes: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """One spoken word, with what follows it without a space; times are milliseconds from the start of the recording."""

    text: str
    start_ms: int
    end_ms: int
    confidence: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A stretch of speech; times are milliseconds from the start of the recording.

    `words` are its words where the transcriber tells them apart, `confidence` is between 0 and 1.
    """

    text: str
    start_ms: int
    end_ms: int
    confidence: float | None = None
    words: tuple[Word, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcript:
    """What the caller said, in order. `warnings`, of what was mended in it, are not written down with it."""

    segments: tuple[Segment, ...]
    language: str = ""
    provider: str = "supplied"
    warnings: tuple[str, ...] = field(default=(), compare=False)

    @property
    def text(self) -> str:
        """The whole transcript as one line of prose."""
        return " ".join(segment.text for segment in self.segments)

    def without_words(self) -> Self:
        """The same segments, without what is known of their single words."""
        return replace(self, segments=tuple(replace(segment, words=()) for segment in self.segments))

    @classmethod
    def of_text(cls, text: str, *, duration_seconds: float, language: str = "", provider: str = "supplied") -> Self:
        """A transcript without timings: one segment over the whole recording."""
        whole = Segment(text=text.strip(), start_ms=0, end_ms=round(duration_seconds * 1000))
        return cls(segments=(whole,) if whole.text else (), language=language, provider=provider)


@dataclass(frozen=True, slots=True, kw_only=True)
class Voicemail:
    """One message that one caller left.

    `id` is the telephony system's own key of the call; Salesforce knows it as `vendorCallKey`.
    `caller` and `dialed_number` are E.164, or `anonymous` for a caller who withheld the number.
    `started_at` is when the recording began, in UTC. `targets` empty means: those of the settings.
    `attributes` become `callAttributes`: API names of VoiceCall fields and their values.
    `priority` is a word of the org's own (`High`, `Low`); empty where nobody chose one.
    `warnings` say what was mended or left out when it was taken in; they stand beside the voicemail in the journal.
    `caller_name` is the name that came with the number; it stands beside the voicemail as well.
    `former_ids` are those under which an earlier version may know it.
    """

    id: str
    caller: str
    dialed_number: str
    started_at: datetime
    recording: Recording
    transcript: Transcript | None = None
    mailbox: Mailbox | None = None
    language: str = ""
    source: str = "library"
    targets: tuple[str, ...] = ()
    attributes: tuple[tuple[str, str], ...] = ()
    priority: str = ""
    warnings: tuple[str, ...] = field(default=(), compare=False)
    caller_name: str = field(default="", compare=False)
    former_ids: tuple[str, ...] = field(default=(), compare=False)

    MAX_ID_LENGTH = 255

    def __post_init__(self) -> None:
        if (
            not isinstance(self.id, str)
            or not self.id
            or len(self.id) > self.MAX_ID_LENGTH
            or not self.id.isprintable()
        ):
            raise BadVoicemail(f"the id must be 1 to {self.MAX_ID_LENGTH} printable characters, got {self.id!r}")
        if self.started_at.tzinfo is None:
            raise BadVoicemail("started_at needs a time zone", voicemail_id=self.id)
        if not self.dialed_number:
            raise BadVoicemail("the dialed number is missing", voicemail_id=self.id)

    @property
    def ended_at(self) -> datetime:
        """When the recording ended, in UTC."""
        return self.started_at + timedelta(seconds=self.recording.duration_seconds)

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready copy, for a journal: the members that 0.1.0 knows and no others, so that it can read them."""
        data = asdict(self) | {"started_at": self.started_at.astimezone(UTC).isoformat()}
        for name in ("warnings", "caller_name", "former_ids"):
            del data[name]
        del data["recording"]["missing_bytes"]
        if data["transcript"] is not None:
            del data["transcript"]["warnings"]
        return data

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """The voicemail that `to_dict` wrote down, here or in another version: what is not known here is passed over.

        Raises `WrittenLater` for what cannot be passed over.
        """
        transcript, mailbox = data["transcript"], data["mailbox"]
        return cls(
            **_known(cls, data)
            | {
                "started_at": datetime.fromisoformat(data["started_at"]),
                "recording": Recording(**_known(Recording, data["recording"])),
                "transcript": None if transcript is None else _transcript(transcript),
                "mailbox": _mailbox(mailbox),
                "targets": tuple(str(name) for name in data["targets"]),
                "attributes": tuple((name, value) for name, value in data["attributes"]),
            }
        )

    def with_transcript(self, transcript: Transcript) -> Self:
        """The same voicemail, now with what the caller said."""
        return replace(self, transcript=transcript)


def _mailbox(data: object) -> Mailbox | None:
    """A mailbox as `to_dict` wrote it. 0.1.0 kept whatever a program gave it: a text was meant for a queue."""
    if isinstance(data, dict):
        if data["kind"] not in tuple(MailboxKind):
            raise WrittenLater(f"its mailbox is of the kind {data['kind']!r}, which this version does not know")
        return Mailbox(kind=MailboxKind(data["kind"]), name=data["name"])
    return Mailbox(kind=MailboxKind.QUEUE, name=data) if isinstance(data, str) and data else None


def _transcript(data: dict[str, Any]) -> Transcript:
    segments = tuple(_segment(one) for one in data["segments"])
    return Transcript(**_known(Transcript, data) | {"segments": segments})


def _segment(data: dict[str, Any]) -> Segment:
    """A segment as `to_dict` wrote it, now or before words were kept."""
    words = tuple(Word(**_known(Word, word)) for word in data.get("words", ()))
    return Segment(**_known(Segment, data) | {"words": words})


def _known(kind: type, data: dict[str, Any]) -> dict[str, Any]:
    """The members that this version knows."""
    return {name: value for name, value in data.items() if name in {one.name for one in fields(kind)}}
