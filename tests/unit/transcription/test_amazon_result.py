"""What Amazon Transcribe writes, read: words, punctuation, segments, confidence; never less text than there is."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scv_voicemail.errors import BadVoicemail
from scv_voicemail.transcription.amazon_result import read_result
from scv_voicemail.voicemail import Segment, Transcript, Word


def a_word(content: str, start: float, end: float, confidence: str | None = "0.9", **more: Any) -> dict[str, Any]:
    """An item as the service writes it: every number a string."""
    alternative = {"content": content} | ({} if confidence is None else {"confidence": confidence})
    return {
        "type": "pronunciation",
        "alternatives": [alternative],
        "start_time": str(start),
        "end_time": str(end),
    } | more


def a_mark(content: str) -> dict[str, Any]:
    return {"type": "punctuation", "alternatives": [{"confidence": "0.0", "content": content}]}


ITEMS = [
    a_word("Hello", 0.1, 0.5, "0.99"),
    a_mark(","),
    a_word("Ada", 0.6, 0.9, "0.5"),
    a_mark("."),
    a_word("Bye", 3, 3.4),
]
"""Two utterances."""


def a_result(text: str = "Hello, Ada. Bye", **results: Any) -> bytes:
    numbered = [item | {"id": number} for number, item in enumerate(results.pop("items", ITEMS))]
    told = {"transcripts": [{"transcript": text}], "items": numbered, "language_code": "en-US"} | results
    return json.dumps({"jobName": "x", "accountId": "1", "status": "COMPLETED", "results": told}).encode()


def read(content: bytes, **more: Any) -> Transcript:
    transcript = read_result(content, **{"duration_seconds": 10.0} | more)
    assert transcript is not None
    return transcript


HELLO = Segment(
    text="Hello, Ada.",
    start_ms=100,
    end_ms=900,
    confidence=0.745,
    words=(
        Word(text="Hello,", start_ms=100, end_ms=500, confidence=0.99),
        Word(text="Ada.", start_ms=600, end_ms=900, confidence=0.5),
    ),
)
BYE = Segment(
    text="Bye",
    start_ms=3000,
    end_ms=3400,
    confidence=0.9,
    words=(Word(text="Bye", start_ms=3000, end_ms=3400, confidence=0.9),),
)


def test_the_results_own_segments_are_taken_with_their_words() -> None:
    """Punctuation is glued to the word before it; a segment is as sure as its words on average."""
    segments = [
        {"id": 0, "transcript": "Hello, Ada.", "start_time": "0.1", "end_time": "0.9", "items": [0, 1, 2, 3]},
        {"id": 1, "transcript": "Bye", "start_time": "3.0", "end_time": "3.4", "items": [4]},
    ]

    transcript = read(a_result(audio_segments=segments))

    assert transcript == Transcript(segments=(HELLO, BYE), language="en-US", provider="amazon-transcribe")


def test_without_segments_sentences_and_pauses_make_them() -> None:
    """Older results have items only."""
    items = [*ITEMS[:4], a_word("I", 1.0, 1.1), a_word("am", 1.2, 1.3), a_word("Bob", 2.4, 2.6)]

    transcript = read(a_result("Hello, Ada. I am Bob", items=items))

    assert [segment.text for segment in transcript.segments] == ["Hello, Ada.", "I am", "Bob"]
    assert transcript.segments[0] == HELLO


def test_a_language_without_spaces_is_joined_without_spaces() -> None:
    """As the whole transcript is."""
    items = [a_word("お電話", 0.0, 0.5), a_word("ください", 0.5, 1.0), a_mark("。")]

    transcript = read(a_result("お電話ください。", items=items, language_code="ja-JP"))

    assert transcript.text == "お電話ください。"
    assert [word.text for word in transcript.segments[0].words] == ["お電話", "ください。"]


def test_text_without_any_words_is_kept() -> None:
    """One segment over the whole recording."""
    transcript = read(a_result("Hello, Ada.", items=[]))

    assert transcript.segments == (Segment(text="Hello, Ada.", start_ms=0, end_ms=10_000),)


def test_words_that_do_not_make_up_the_segment_cost_the_words_only() -> None:
    """The text is what the rep reads."""
    segments = [{"id": 0, "transcript": "Hi Ada.", "start_time": "0.1", "end_time": "0.9", "items": [0, 1, 2, 3]}]

    transcript = read(a_result("Hi Ada.", audio_segments=segments))

    assert transcript.segments[0].text == "Hi Ada."
    assert transcript.segments[0].words == ()


def test_what_is_redacted_stays_redacted() -> None:
    """Its word has no confidence of its own, and does not count in the mean."""
    redacted = a_word("x", 0.6, 0.9) | {
        "alternatives": [{"content": "[PII]", "redactions": [{"confidence": "0.99", "type": "NAME"}]}]
    }
    segments = [{"id": 0, "transcript": "Hello, [PII].", "start_time": "0.1", "end_time": "0.9", "items": [0, 1, 2, 3]}]

    transcript = read(a_result("Hello, [PII].", items=[*ITEMS[:2], redacted, a_mark(".")], audio_segments=segments))

    assert transcript.text == "Hello, [PII]."
    assert transcript.segments[0].confidence == 0.99
    assert transcript.segments[0].words[1] == Word(text="[PII].", start_ms=600, end_ms=900)


@pytest.mark.parametrize("results", [{"items": []}, {"items": [], "audio_segments": []}])
def test_when_nothing_was_said_there_is_no_transcript(results: dict[str, Any]) -> None:
    """Not an empty one."""
    assert read_result(a_result("", **results), duration_seconds=10) is None


def test_a_result_that_does_not_name_its_language_is_in_that_of_the_job() -> None:
    """Which was told, not identified."""
    content = a_result(language_code=None)

    assert read(content, language="de-DE").language == "de-DE"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b"\xff\xfe",
        b'{"results": {}}',
        b'{"results": {"transcripts": []}}',
    ],
)
def test_a_malformed_result_is_refused_without_quoting_it(content: bytes) -> None:
    """The voicemail is delivered without it."""
    with pytest.raises(BadVoicemail) as caught:
        read_result(content, duration_seconds=10)

    assert "Hello" not in str(caught.value)


@pytest.mark.covers("transcript-1")
@pytest.mark.parametrize(
    "content",
    [
        a_result(items=[{"type": "pronunciation"}]),
        a_result(items=[a_word("Hello", 0.1, 0.5) | {"start_time": "soon"}]),
        a_result(items=[a_word("Hello", 0.1, 0.5) | {"alternatives": []}]),
        a_result(audio_segments=[{"transcript": "Hello"}]),
        a_result(audio_segments=["Hello"]),
        a_result(items=[a_word("Hello", 0.1, 500)]),
        a_result(items=[a_word("Hello", "nan", "nan")]),
    ],
)
def test_times_that_cannot_be_read_cost_only_themselves(content: bytes) -> None:
    """What was said stands in the result a second time, and is delivered, with a warning."""
    transcript = read_result(content, duration_seconds=10)

    assert transcript is not None
    assert "Hello" in transcript.text
    assert transcript.warnings


@given(
    st.recursive(
        st.none() | st.text(max_size=5) | st.integers(), lambda inner: st.lists(inner, max_size=3), max_leaves=8
    )
)
def test_no_json_at_all_breaks_the_reader(anything: Any) -> None:
    """It reads, or refuses by our own error."""
    content = json.dumps({"results": {"transcripts": [{"transcript": "x"}], "items": anything}}).encode()

    try:
        transcript = read_result(content, duration_seconds=10)
    except BadVoicemail:
        return
    assert transcript is None or transcript.text
