"""Makes one voicemail of one recording and what is known about the call."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from scv_voicemail import audio
from scv_voicemail.errors import BadRecording, BadVoicemail
from scv_voicemail.intake import arguments
from scv_voicemail.intake.arguments import MailboxLike
from scv_voicemail.intake.spelling import LANGUAGE
from scv_voicemail.phone_numbers import read_caller, to_e164
from scv_voicemail.ports import Clock
from scv_voicemail.transcripts import load_transcript, read_transcript
from scv_voicemail.voicemail import Recording, Transcript, Voicemail

LATEST_IN_FUTURE = timedelta(minutes=5)
"""How far the clock of a telephony system may be ahead of ours."""

_NAMESPACE = uuid.UUID("6f0d9f0e-52a4-4b0c-9d2c-6a5a0c5a8f11")
_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)


def utc_now() -> datetime:
    """The time of this machine."""
    return datetime.now(UTC)


def read_voicemail(
    path: str | Path,
    *,
    caller: str | None,
    dialed_number: str,
    default_region: str = "",
    voicemail_id: str = "",
    received_at: datetime | str | None = None,
    transcript: object = None,
    language: str = "",
    mailbox: MailboxLike | None = None,
    targets: str | Iterable[str] = (),
    attributes: Mapping[str, str] | None = None,
    source: str = "library",
    accept_cut: bool = True,
    max_bytes: int = audio.DEFAULT_MAX_BYTES,
    clock: Clock = utc_now,
) -> Voicemail:
    """The voicemail that a WAV file and its call data stand for; raises `Rejected` when either is unusable.

    `received_at` is when the recording began, with its time zone: a datetime, or ISO 8601 such as
    `2026-03-01T09:30:00Z`. Without it, the file's time of change less the length of the recording is taken.
    `transcript` is text or segments, see `transcripts.read_transcript`, or the path of a file that holds them; one that
    is unusable is left out, and `Voicemail.warnings` says so. Without `voicemail_id` the id is derived from the audio,
    both numbers and `received_at` if it is given, never from the file's time: the same message is the same voicemail.
    A recording that is cut off is taken as far as it goes, with a warning, unless it may still grow (`accept_cut`).
    """
    path = arguments.recording_path(path)
    voicemail_id, language = arguments.text(voicemail_id, "voicemail_id"), arguments.text(language, "language")
    names, whose, fields = arguments.target_names(targets), arguments.mailbox(mailbox), arguments.attributes(attributes)
    as_text = "give numbers as text, such as '+14155550142'"
    caller, dialed_number = (
        arguments.text(caller, "caller", fix=as_text),
        arguments.text(dialed_number, "dialed_number"),
    )
    facts = audio.measure(path, max_bytes=max_bytes, accept_cut=accept_cut)
    who = read_caller(caller, default_region=default_region)
    to_number = to_e164(dialed_number, default_region=default_region)
    now = clock()
    started_at = (
        _changed_at(path) - timedelta(seconds=facts.duration_seconds)
        if received_at is None
        else parse_time(received_at, name="received_at")
    )
    if not _EARLIEST <= started_at <= now + LATEST_IN_FUTURE:
        raise BadVoicemail(
            f"received_at is {started_at.isoformat()}, which is not a time at which somebody can have called "
            f"(it is {now.isoformat()} now)",
            fix="correct the time and the time zone, or the clock of the telephony system",
        )
    if not LANGUAGE.fullmatch(language):
        raise BadVoicemail(f"the language {language!r} is not a code such as en-US")
    call = (facts.sha256, who.number, to_number)
    by_time = derived_id(*call, started_at.isoformat())
    said, warnings = _transcript(transcript, duration_seconds=facts.duration_seconds, language=language)
    return Voicemail(
        id=voicemail_id or (derived_id(*call) if received_at is None else by_time),
        caller=who.number,
        caller_name=who.name,
        dialed_number=to_number,
        started_at=started_at,
        recording=Recording(
            path=str(path.absolute()),
            duration_seconds=facts.duration_seconds,
            size_bytes=facts.size_bytes,
            sha256=facts.sha256,
            missing_bytes=facts.missing_bytes,
        ),
        transcript=said,
        mailbox=whose,
        language=language,
        source=arguments.text(source, "source"),
        targets=names,
        attributes=fields,
        warnings=(*_cut_off(facts), *([who.warning] if who.warning else []), *warnings),
        former_ids=() if voicemail_id or received_at is not None else (by_time,),
    )


def parse_time(value: datetime | str, *, name: str) -> datetime:
    """A moment in UTC, from a datetime or ISO 8601; one without a time zone is a `BadVoicemail`."""
    if not isinstance(value, str | datetime):
        raise BadVoicemail(
            f"{name} is {type(value).__name__}, expected a datetime with its time zone, or ISO 8601 as text",
            fields=(name,),
        )
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise BadVoicemail(f"{name} is {value!r}, expected ISO 8601 such as 2026-03-01T09:30:00Z") from error
    raise BadVoicemail(
        f"{name} is {value!r}, which has no time zone", fix="add Z for UTC or the offset, such as -05:00"
    )


def _cut_off(facts: audio.AudioFacts) -> list[str]:
    if not facts.missing_bytes:
        return []
    whole = facts.data_bytes + facts.missing_bytes
    return [f"the recording is cut off: {facts.data_bytes:,} of {whole:,} bytes of audio have come"]


def _transcript(
    supplied: object, *, duration_seconds: float, language: str
) -> tuple[Transcript | None, tuple[str, ...]]:
    """The transcript, as far as there is one, and what had to be mended in it or why it is left out."""
    if supplied is None:
        return None, ()
    if isinstance(supplied, Path) and not supplied.is_file():
        raise BadVoicemail(f"the transcript {supplied.name} is not there", fix="correct its path, or leave it out")
    try:
        told = load_transcript(supplied) if isinstance(supplied, Path) else supplied
        transcript = read_transcript(told, duration_seconds=duration_seconds, language=language)
    except BadVoicemail as error:
        return None, (f"taken in without its transcript: {error.what}",)
    return transcript, () if transcript is None else transcript.warnings


def derived_id(*facts: str) -> str:
    """An id that the same facts always give: a UUID."""
    return str(uuid.uuid5(_NAMESPACE, "\n".join(facts)))


def _changed_at(path: Path) -> datetime:
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except OSError as error:
        raise BadRecording(f"{path.name} was taken away while it was read: {error.strerror}") from error
