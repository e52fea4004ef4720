"""Reads what a job of Amazon Transcribe writes: words with times and confidence, and the segments they make.

{"results": {"language_code": "en-US",
             "transcripts": [{"transcript": "Hello, Ada."}],
             "items": [{"id": 0, "type": "pronunciation", "start_time": "0.1", "end_time": "0.5",
                        "alternatives": [{"confidence": "0.99", "content": "Hello"}]},
                       {"id": 1, "type": "punctuation", "alternatives": [{"content": ","}]}, …],
             "audio_segments": [{"id": 0, "transcript": "Hello, Ada.", "start_time": "0.1", "end_time": "0.9",
                                 "items": [0, 1, 2]}]}}

All numbers but the ids are strings. https://docs.aws.amazon.com/transcribe/latest/dg/how-input.html#how-it-works-output
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import StatisticsError, fmean
from typing import Any

from scv_voicemail.bounds import read_json
from scv_voicemail.errors import BadVoicemail
from scv_voicemail.transcripts import read_transcript
from scv_voicemail.voicemail import Transcript

PROVIDER = "amazon-transcribe"
PAUSE_SECONDS = 1.0
"""So long a silence ends a segment, where the result has no segments of its own."""

_SENTENCE_ENDS = (".", "?", "!", "\u3002", "\uff1f", "\uff01", "\u0964", "\u061f")
"""Also as Chinese and Japanese, Hindi and Arabic write them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Spoken:
    """One word, the punctuation after it included; `item` is its place in the list of items."""

    item: int
    text: str
    start: float
    end: float
    confidence: float | None


def read_result(content: bytes, *, duration_seconds: float, language: str = "") -> Transcript | None:
    """The transcript of a finished job; None when nothing was said. Raises `BadVoicemail` when it is malformed.

    `language` is what the job was told, for results that do not say which one was identified.
    """
    try:
        results = read_json(content)["results"]
        spoken_in = results.get("language_code") or language
        whole = "" + results["transcripts"][0]["transcript"]
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        # The error's own text may quote what was said.
        raise BadVoicemail(
            f"the result of the transcription job cannot be read ({type(error).__name__})", service="transcribe"
        ) from None
    warnings: tuple[str, ...] = ()
    try:
        supplied = _supplied(results, whole)
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, OverflowError, StatisticsError):
        supplied, warnings = whole, ("the times of the transcript could not be read: it is one piece of text",)
    transcript = read_transcript(supplied, duration_seconds=duration_seconds, language=spoken_in, provider=PROVIDER)
    return None if transcript is None else replace(transcript, warnings=transcript.warnings + warnings)


def _supplied(results: Mapping[str, Any], whole: str) -> str | list[dict[str, Any]]:
    """The result in the form that `read_transcript` takes."""
    words = list(_words(results.get("items", ())))
    if results.get("audio_segments"):
        return [_segment_of(one, words) for one in results["audio_segments"]]
    if words:
        between = " " if " " in whole else ""  # Chinese, Japanese and Thai are written without
        return [_segment_between(row, between) for row in _rows(words)]
    return whole


def _words(items: Sequence[Mapping[str, Any]]) -> Iterator[_Spoken]:
    word: _Spoken | None = None
    for number, item in enumerate(items):
        said = item["alternatives"][0]
        text = str(said["content"])
        if item["type"] == "punctuation":
            word = None if word is None else replace(word, text=word.text + text)
            continue
        if word is not None:
            yield word
        confidence = said.get("confidence")  # what is redacted has none
        word = _Spoken(
            item=int(item.get("id", number)),
            text=text,
            start=float(item["start_time"]),
            end=float(item["end_time"]),
            confidence=None if confidence is None else float(confidence),
        )
    if word is not None:
        yield word


def _segment_of(told: Mapping[str, Any], words: Sequence[_Spoken]) -> dict[str, Any]:
    """A segment of the result's own."""
    items = frozenset(map(int, told.get("items", ())))
    mine = [word for word in words if word.item in items]
    return _segment(str(told["transcript"]), float(told["start_time"]), float(told["end_time"]), mine)


def _segment_between(row: Sequence[_Spoken], between: str) -> dict[str, Any]:
    return _segment(between.join(word.text for word in row), row[0].start, row[-1].end, row)


def _segment(text: str, start: float, end: float, words: Sequence[_Spoken]) -> dict[str, Any]:
    known = [word.confidence for word in words if word.confidence is not None]
    told = [
        {"text": word.text, "start_seconds": word.start, "end_seconds": word.end, "confidence": word.confidence}
        for word in words
        if word.text
    ]
    confidence = round(fmean(known), 4) if known else None
    return {"text": text, "start_seconds": start, "end_seconds": end, "confidence": confidence, "words": told}


def _rows(words: Sequence[_Spoken]) -> Iterator[list[_Spoken]]:
    """The words by sentence, or by pause."""
    row: list[_Spoken] = []
    for word in words:
        if row and (row[-1].text.endswith(_SENTENCE_ENDS) or word.start - row[-1].end > PAUSE_SECONDS):
            yield row
            row = []
        row.append(word)
    if row:
        yield row
