"""The file that a transcription job writes: words with times spread over the audio, every number a string."""

from __future__ import annotations

import re
from typing import Any

_TOKENS = re.compile(r"[\w'\u2019@+-]+|[.,!?;:]")
_SENTENCE_ENDS = frozenset(".!?")
_LEAD_SECONDS, _TAIL_SECONDS = 0.34, 0.2
_PERSONAL = re.compile(r"\d{2,}")


def result_of(
    job_name: str, text: str, *, seconds: float, account_id: str, language_code: str = "", redacted: bool = False
) -> dict[str, Any]:
    """The output of one job; a `language_code` is written where Transcribe has identified the language."""
    items, segments = _items(_TOKENS.findall(text), seconds)
    if redacted:
        text = _PERSONAL.sub("[PII]", text)
        for one in items:
            one["alternatives"][0]["content"] = _PERSONAL.sub("[PII]", one["alternatives"][0]["content"])
        for one in segments:
            one["transcript"] = _PERSONAL.sub("[PII]", one["transcript"])
    results: dict[str, Any] = {"transcripts": [{"transcript": text}], "items": items, "audio_segments": segments}
    if language_code:
        results["language_code"] = language_code
        results["language_identification"] = [{"score": "0.9876", "code": language_code}]
    return {
        "jobName": job_name,
        "accountId": account_id,
        "status": "COMPLETED",
        "results": results,
        **({"isRedacted": True} if redacted else {}),
    }


def _items(tokens: list[str], seconds: float) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    words = [one for one in tokens if _is_word(one)]
    spoken = max(0.1, seconds - _LEAD_SECONDS - _TAIL_SECONDS)
    length = sum(len(one) + 1 for one in words) or 1
    items: list[dict[str, Any]] = []
    segments: list[dict[str, Any]] = []
    sentence: list[dict[str, Any]] = []
    at = min(_LEAD_SECONDS, seconds / 4)
    for number, token in enumerate(tokens):
        item: dict[str, Any] = {"id": number}
        if _is_word(token):
            ends = at + spoken * (len(token) + 1) / length
            confidence = f"{0.99 - (number % 7) * 0.013:.3f}"
            item |= {
                "type": "pronunciation",
                "alternatives": [{"confidence": confidence, "content": token}],
                "start_time": f"{at:.3f}",
                "end_time": f"{ends - 0.02:.3f}",
            }
            at = ends
        else:
            item |= {"type": "punctuation", "alternatives": [{"confidence": "0.0", "content": token}]}
        items.append(item)
        sentence.append(item)
        if token in _SENTENCE_ENDS or number == len(tokens) - 1:
            segments.append(_segment(len(segments), sentence))
            sentence = []
    return items, segments


def _segment(number: int, items: list[dict[str, Any]]) -> dict[str, Any]:
    text = ""
    for one in items:
        content = one["alternatives"][0]["content"]
        text += content if one["type"] == "punctuation" or not text else f" {content}"
    timed = [one for one in items if "start_time" in one]
    return {
        "id": number,
        "transcript": text,
        "start_time": timed[0]["start_time"] if timed else "0.0",
        "end_time": timed[-1]["end_time"] if timed else "0.0",
        "items": [one["id"] for one in items],
    }


def _is_word(token: str) -> bool:
    return any(letter.isalnum() for letter in token)
