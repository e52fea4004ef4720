"""Reads transcripts that somebody else made: plain text, or timed segments in JSON."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from scv_voicemail.errors import BadVoicemail
from scv_voicemail.voicemail import Segment, Transcript, Word

MAX_SEGMENTS = 5_000
MAX_CHARACTERS = 200_000
MAX_FILE_BYTES = 4 * 1024 * 1024
TOLERANCE_MS = 2_000
"""How far a segment may reach beyond the recording before its times are taken for wrong."""

# Not every bracket: whisper writes "[BLANK_AUDIO]" and "[Music]" into plain text.
_JSON_BEGINS = re.compile(r"\s*(?:\{|\[\s*[{\]])")
_FORMS = (
    "expected text, or a list of {text, start_ms, end_ms, confidence?, words?}; start and end may be given in seconds"
)


def read_transcript(
    supplied: object, *, duration_seconds: float, language: str = "", provider: str = "supplied"
) -> Transcript | None:
    """The transcript that a text, a list of segments or an object `{segments | text, language?}` stands for.

    A segment is `{text, start_ms, end_ms, confidence?, words?}`; `start_seconds` and `end_seconds`, or `start` and
    `end`, are in seconds, as speech-to-text programs write them. Segments come out in order, inside the recording and
    without control characters; None when no words are left. Anything else is a `BadVoicemail` that names the segment.
    `words` are like segments; they are kept when they are complete and make up the text, and left out otherwise.
    """
    if isinstance(supplied, Mapping):
        language = _text_of(supplied.get("language") or language, "the transcript's language")
        supplied = supplied["segments"] if supplied.get("segments") else supplied.get("text")
    if isinstance(supplied, str):
        text = _clean(supplied)
        _check_size(1, len(text))
        return _or_none(
            Transcript.of_text(text, duration_seconds=duration_seconds, language=language, provider=provider)
        )
    if not isinstance(supplied, Sequence) or isinstance(supplied, bytes | bytearray):
        raise BadVoicemail(f"the transcript is {type(supplied).__name__}: {_FORMS}")
    segments = [_segment(one, number, duration_seconds) for number, one in enumerate(supplied, start=1)]
    spoken = sorted((one for one in segments if one.text), key=lambda one: (one.start_ms, one.end_ms))
    _check_size(len(spoken), sum(len(one.text) for one in spoken))
    return _or_none(Transcript(segments=tuple(spoken), language=language, provider=provider))


def parse_transcript(
    text: str, *, duration_seconds: float, language: str = "", provider: str = "supplied"
) -> Transcript | None:
    """The transcript in what a program prints: JSON when it begins like JSON, plain text otherwise."""
    return read_transcript(_json_or_text(text), duration_seconds=duration_seconds, language=language, provider=provider)


def load_transcript(path: str | Path) -> object:
    """What a `.txt` or `.json` file in UTF-8 holds, for `read_transcript`: text, a list of segments or an object."""
    path = Path(path)
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise BadVoicemail(f"the transcript {path.name} is larger than {MAX_FILE_BYTES:,} bytes")
        return _json_or_text(path.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError as error:
        raise BadVoicemail(f"the transcript {path.name} is not UTF-8", fix="save it as UTF-8") from error
    except OSError as error:
        raise BadVoicemail(f"the transcript {path.name} could not be read: {error.strerror}") from error


def _json_or_text(text: str) -> object:
    if not _JSON_BEGINS.match(text):
        return text
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadVoicemail("the transcript begins like JSON but is not: " + _FORMS) from error


def _segment(one: object, number: int, duration_seconds: float) -> Segment:
    if not isinstance(one, Mapping):
        raise BadVoicemail(f"segment {number} of the transcript is no object: {_FORMS}")
    start_ms, end_ms = _time_ms(one, "start", number), _time_ms(one, "end", number)
    whole_ms = round(duration_seconds * 1000)
    if end_ms < start_ms or start_ms < -TOLERANCE_MS or end_ms > whole_ms + TOLERANCE_MS:
        raise BadVoicemail(
            f"segment {number} of the transcript runs from {start_ms} to {end_ms} ms in a recording of {whole_ms} ms",
            fix="give times from the start of the recording: *_ms in milliseconds, all others in seconds",
        )
    text = _clean(_text_of(one.get("text"), f"the text of segment {number}"))
    return Segment(
        text=text,
        start_ms=min(max(start_ms, 0), whole_ms),
        end_ms=min(max(end_ms, 0), whole_ms),
        confidence=_confidence(one.get("confidence"), number),
        words=_words(one.get("words"), number, text=text, whole_ms=whole_ms),
    )


def _words(supplied: object, number: int, *, text: str, whole_ms: int) -> tuple[Word, ...]:
    """The words of a segment, or none: they are an extra, and never cost the text."""
    if not isinstance(supplied, list) or len(supplied) > len(text):
        return ()
    try:
        words = tuple(_word(one, number, whole_ms) for one in supplied)
    except BadVoicemail:
        return ()
    same = "".join(word.text for word in words) == "".join(text.split())
    return words if same and all(word.start_ms <= word.end_ms for word in words) else ()


def _word(one: object, number: int, whole_ms: int) -> Word:
    if not isinstance(one, Mapping):
        raise BadVoicemail(f"a word of segment {number} is no object")
    # whisper calls them word and probability
    said, confidence = one.get("text", one.get("word")), one.get("confidence", one.get("probability"))
    return Word(
        text=_clean(_text_of(said, f"a word of segment {number}")),
        start_ms=min(max(_time_ms(one, "start", number), 0), whole_ms),
        end_ms=min(max(_time_ms(one, "end", number), 0), whole_ms),
        confidence=_confidence(confidence, number),
    )


def _time_ms(one: Mapping[Any, Any], edge: str, number: int) -> int:
    for suffix, factor in (("_ms", 1), ("_seconds", 1000), ("", 1000)):
        if edge + suffix in one:
            return round(_number(one[edge + suffix], f"the {edge} of segment {number}") * factor)
    raise BadVoicemail(f"segment {number} of the transcript has no {edge}: {_FORMS}")


def _confidence(value: object, number: int) -> float | None:
    if value is None:
        return None
    confidence = _number(value, f"the confidence of segment {number}")
    if not 0 <= confidence <= 1:
        raise BadVoicemail(f"the confidence of segment {number} is {confidence}, expected 0 to 1")
    return confidence


def _number(value: object, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or abs(value) > 1e12:
        raise BadVoicemail(f"{name} is not a number")
    return float(value)


def _text_of(value: object, name: str) -> str:
    if not isinstance(value, str):
        raise BadVoicemail(f"{name} is not text")
    return value


def _clean(text: str) -> str:
    """One line without control characters or halves of characters, which neither JSON nor Salesforce can carry."""
    printable = "".join(one if one.isprintable() or one.isspace() else "" for one in text)
    return " ".join(printable.split())


def _check_size(segments: int, characters: int) -> None:
    if segments > MAX_SEGMENTS or characters > MAX_CHARACTERS:
        raise BadVoicemail(
            f"the transcript has {segments:,} segments and {characters:,} characters, expected at most "
            f"{MAX_SEGMENTS:,} and {MAX_CHARACTERS:,}"
        )


def _or_none(transcript: Transcript) -> Transcript | None:
    return transcript if transcript.segments else None
