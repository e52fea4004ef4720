"""Reads transcripts that somebody else made: plain text, or timed segments in JSON.

A transcript is an extra: nothing that is wrong with it costs the voicemail. What can be mended is mended, what cannot
is left out, and the transcript says so in `warnings`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from scv_voicemail.bounds import read_json
from scv_voicemail.errors import BadVoicemail
from scv_voicemail.voicemail import Segment, Transcript, Word

MAX_SEGMENTS = 5_000
MAX_CHARACTERS = 200_000
MAX_FILE_BYTES = 4 * 1024 * 1024
TOLERANCE_MS = 2_000
"""How far a segment may reach beyond the recording without a word: speech-to-text programs round."""

_MOST_SUPPLIED = 200_000
"""So many segments are looked at."""

# Not every bracket: whisper writes "[BLANK_AUDIO]" and "[Music]" into plain text.
_JSON_BEGINS = re.compile(r"\s*(?:\{|\[\s*[{\]])")
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(?:[-_][A-Za-z0-9]{1,8}){0,3}")
_FORMS = (
    "expected text, or a list of {text, start_ms, end_ms, confidence?, words?}; start and end may be given in seconds"
)


def read_transcript(
    supplied: object, *, duration_seconds: float, language: str = "", provider: str = "supplied"
) -> Transcript | None:
    """The transcript that a text, a list of segments or an object `{segments | text, language?}` stands for.

    A segment is `{text, start_ms, end_ms, confidence?, words?}`; `start_seconds` and `end_seconds`, or `start` and
    `end`, are in seconds, as speech-to-text programs write them. Segments come out in order, inside the recording and
    without control characters; None when no words are left. Times that cannot be are moved, segments without text are
    left out, what is too long is cut: `warnings` tells. `words` are like segments; they are kept when they are complete
    and make up the text. A `BadVoicemail` only says that there is nothing in it that could be a transcript.
    """
    if isinstance(supplied, Transcript):
        language, provider, supplied = supplied.language or language, supplied.provider, _as_told(supplied)
    if isinstance(supplied, Mapping):
        language = _language(supplied.get("language")) or language
        segments = supplied.get("segments")
        supplied = segments if segments and isinstance(segments, Sequence) else supplied.get("text")
    language, provider = _language(language), provider if isinstance(provider, str) else "supplied"
    if isinstance(supplied, str):
        text = _clean(supplied[: 2 * MAX_CHARACTERS])
        whole = Transcript.of_text(
            text[:MAX_CHARACTERS], duration_seconds=duration_seconds, language=language, provider=provider
        )
        is_cut = len(text) > MAX_CHARACTERS or len(supplied) > 2 * MAX_CHARACTERS
        return _or_none(replace(whole, warnings=(_CUT,) if is_cut else ()))
    if not isinstance(supplied, Sequence) or isinstance(supplied, bytes | bytearray | memoryview):
        raise BadVoicemail(f"the transcript is {type(supplied).__name__}: {_FORMS}")
    return _Reading(whole_ms=round(duration_seconds * 1000)).transcript(supplied, language=language, provider=provider)


def parse_transcript(
    text: str, *, duration_seconds: float, language: str = "", provider: str = "supplied"
) -> Transcript | None:
    """The transcript in what a program prints: JSON when it begins like JSON, plain text otherwise."""
    return read_transcript(_json_or_text(text), duration_seconds=duration_seconds, language=language, provider=provider)


def load_transcript(path: str | Path) -> object:
    """What a `.txt` or `.json` file in UTF-8 holds, for `read_transcript`: text, a list of segments or an object."""
    path = Path(path)
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_FILE_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: a name with a zero byte
        reason = getattr(error, "strerror", None) or error
        raise BadVoicemail(f"the transcript {path.name} could not be read: {reason}") from error
    if len(raw) > MAX_FILE_BYTES:
        raise BadVoicemail(f"the transcript {path.name} is larger than {MAX_FILE_BYTES:,} bytes")
    try:
        return _json_or_text(raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise BadVoicemail(f"the transcript {path.name} is not UTF-8", fix="save it as UTF-8") from error


def _json_or_text(text: str) -> object:
    if not _JSON_BEGINS.match(text):
        return text
    try:
        return read_json(text)
    except ValueError as error:
        raise BadVoicemail("the transcript begins like JSON but is not: " + _FORMS) from error


_CUT = f"the transcript was cut: it had more than {MAX_CHARACTERS:,} characters"


@dataclass(slots=True)
class _Reading:
    """One pass over the segments of one transcript, counting what had to be mended."""

    whole_ms: int
    moved: int = 0
    dropped: int = 0
    last_ms: int = 0

    def transcript(self, supplied: Sequence[object], *, language: str, provider: str) -> Transcript | None:
        found = [segment for one in islice(supplied, _MOST_SUPPLIED) if (segment := self._segment(one)) is not None]
        self.dropped += max(0, len(supplied) - _MOST_SUPPLIED)
        if self.dropped and not any(one.text for one in found):
            raise BadVoicemail(f"none of the {len(supplied):,} segments of the transcript has text: {_FORMS}")
        spoken = sorted((one for one in found if one.text), key=lambda one: (one.start_ms, one.end_ms))
        warnings = []
        if self.moved:
            warnings.append(f"{self.moved:,} segments of the transcript had times outside the recording, or none")
        if self.dropped:
            warnings.append(f"{self.dropped:,} segments of the transcript had no text and were left out")
        if len(spoken) > MAX_SEGMENTS:
            warnings.append(f"the transcript had {len(spoken):,} segments: neighbours were joined")
            spoken = list(_joined(spoken))
        if sum(len(one.text) for one in spoken) > MAX_CHARACTERS:
            warnings.append(_CUT)
            spoken = list(_cut(spoken))
        return _or_none(
            Transcript(segments=tuple(spoken), language=language, provider=provider, warnings=tuple(warnings))
        )

    def _segment(self, one: object) -> Segment | None:
        if not isinstance(one, Mapping) or not isinstance(one.get("text"), str):
            self.dropped += 1
            return None
        text = _clean(one["text"][: 2 * MAX_CHARACTERS])
        start, end = _time_ms(one, "start"), _time_ms(one, "end")
        if start is None or not -TOLERANCE_MS <= start <= self.whole_ms + TOLERANCE_MS:
            is_moved, start = True, self.last_ms if start is None else start
        else:
            is_moved = False
        if end is None or end < start or end > self.whole_ms + TOLERANCE_MS:
            is_moved, end = True, start if end is None or end < start else end
        self.moved += bool(is_moved and text)
        start_ms, end_ms = self._inside(start), self._inside(end)
        self.last_ms = end_ms
        return Segment(
            text=text,
            start_ms=start_ms,
            end_ms=end_ms,
            confidence=_confidence(one.get("confidence")),
            words=() if is_moved else self._words(one.get("words"), text),
        )

    def _inside(self, moment_ms: int) -> int:
        return min(max(moment_ms, 0), self.whole_ms)

    def _words(self, supplied: object, text: str) -> tuple[Word, ...]:
        """The words of a segment, or none: they are an extra, and never cost the text."""
        if not isinstance(supplied, list | tuple) or len(supplied) > len(text):
            return ()
        words = [self._word(one) for one in supplied]
        told = tuple(word for word in words if word is not None)
        same = "".join(word.text for word in told) == "".join(text.split())
        return told if same and len(told) == len(words) and all(one.start_ms <= one.end_ms for one in told) else ()

    def _word(self, one: object) -> Word | None:
        if not isinstance(one, Mapping):
            return None
        # whisper calls them word and probability
        said, told = one.get("text", one.get("word")), one.get("confidence", one.get("probability"))
        start, end, confidence = _time_ms(one, "start"), _time_ms(one, "end"), _confidence(told)
        if not isinstance(said, str) or start is None or end is None or (told is not None and confidence is None):
            return None
        return Word(text=_clean(said), start_ms=self._inside(start), end_ms=self._inside(end), confidence=confidence)


def _joined(spoken: Sequence[Segment]) -> Iterator[Segment]:
    """Neighbours made one, as many as it takes; nothing that was said is lost."""
    group = -(-len(spoken) // MAX_SEGMENTS)
    for begin in range(0, len(spoken), group):
        row = spoken[begin : begin + group]
        text, end_ms = " ".join(one.text for one in row), max(one.end_ms for one in row)
        yield Segment(text=text, start_ms=row[0].start_ms, end_ms=end_ms)


def _cut(spoken: Sequence[Segment]) -> Iterator[Segment]:
    left = MAX_CHARACTERS
    for one in spoken:
        if len(one.text) > left:
            if text := one.text[:left].rstrip():
                yield replace(one, text=text, words=())
            return
        left -= len(one.text)
        yield one


def _time_ms(one: Mapping[Any, Any], edge: str) -> int | None:
    """A time in milliseconds; None when it is missing or no number that a time can be."""
    for suffix, factor in (("_ms", 1), ("_seconds", 1000), ("", 1000)):
        if edge + suffix in one:
            value = _number(one[edge + suffix])
            return None if value is None else round(value * factor)
    return None


def _confidence(value: object) -> float | None:
    confidence = _number(value)
    return confidence if confidence is not None and 0 <= confidence <= 1 else None


def _number(value: object) -> float | None:
    try:
        if isinstance(value, bool) or not isinstance(value, int | float | str) or (len(str(value)) > 40):
            return None
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) and abs(number) <= 1e12 else None


def _language(value: object) -> str:
    return value if isinstance(value, str) and _LANGUAGE.fullmatch(value) else ""


def _clean(text: str) -> str:
    """One line without control characters or halves of characters, which neither JSON nor Salesforce can carry."""
    printable = "".join(one if one.isprintable() or one.isspace() else "" for one in text)
    return " ".join(printable.split())


def _as_told(transcript: Transcript) -> list[object]:
    """A transcript of the library's user in the form of one from outside: nobody has looked at it yet."""
    names = ("text", "start_ms", "end_ms", "confidence")
    return [
        {name: getattr(one, name, None) for name in names}
        | {"words": [{name: getattr(word, name, None) for name in names} for word in getattr(one, "words", ())]}
        for one in transcript.segments
    ]


def _or_none(transcript: Transcript) -> Transcript | None:
    return transcript if transcript.segments else None
