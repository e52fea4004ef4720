"""Transcripts that somebody else made: taken in order and within the recording, or refused by name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scv_voicemail.errors import BadVoicemail
from scv_voicemail.transcripts import load_transcript, parse_transcript, read_transcript
from scv_voicemail.voicemail import Segment, Transcript, Word

BYE = {"word": " Ada.", "start": 0.2, "end": 0.8, "probability": 0.9}
"""A word as whisper writes it."""


def a_segment(**changes: object) -> dict[str, object]:
    return {"text": "Hello.", "start_ms": 0, "end_ms": 900} | changes


def test_plain_text_is_one_segment_over_the_whole_recording() -> None:
    """No times are invented."""
    transcript = read_transcript("  Hello,\n this is Ada. ", duration_seconds=12.5, language="en-US")

    assert transcript == Transcript(
        segments=(Segment(text="Hello, this is Ada.", start_ms=0, end_ms=12_500),), language="en-US"
    )


@pytest.mark.parametrize(
    "times",
    [
        {"start_ms": 1500, "end_ms": 2250},
        {"start_seconds": 1.5, "end_seconds": 2.25},
        {"start": 1.5, "end": 2.25},
    ],
)
def test_times_come_in_milliseconds_or_in_seconds(times: dict[str, float]) -> None:
    """As this product writes them, and as speech-to-text programs do."""
    transcript = read_transcript([{"text": "Hello.", "confidence": 0.5} | times], duration_seconds=10)

    assert transcript is not None
    assert transcript.segments == (Segment(text="Hello.", start_ms=1500, end_ms=2250, confidence=0.5),)


def test_segments_come_out_in_order_and_without_empty_ones() -> None:
    """Speech-to-text programs finish segments out of order and send blanks for noise."""
    supplied = [a_segment(text="two", start_ms=1000, end_ms=2000), a_segment(text=" \n"), a_segment(text="one")]

    transcript = read_transcript(supplied, duration_seconds=10)

    assert transcript is not None
    assert transcript.text == "one two"


def test_segments_slightly_outside_are_moved_inside() -> None:
    """Salesforce does not store what lies outside the call, so rounding must not cost a sentence."""
    supplied = [a_segment(start_ms=-300, end_ms=500), a_segment(text="Bye.", start_ms=9_000, end_ms=11_500)]

    transcript = read_transcript(supplied, duration_seconds=10)

    assert transcript is not None
    assert [(one.start_ms, one.end_ms) for one in transcript.segments] == [(0, 500), (9_000, 10_000)]


@pytest.mark.parametrize(
    ("supplied", "named"),
    [
        ([a_segment(end_ms=25_000)], "segment 1 .* 25000 ms in a recording of 10000 ms"),
        ([a_segment(), a_segment(start=1, start_ms=800, end_ms=700)], "segment 2 "),
        ([{"text": "x", "start": 3000, "end": 4000}], "segment 1 .* from 3000000"),
        ([{"text": "x", "start_ms": 1}], "segment 1 of the transcript has no end"),
        ([a_segment(end_ms="900")], "the end of segment 1 is not a number"),
        ([a_segment(end_ms=True)], "the end of segment 1 is not a number"),
        ([a_segment(end_ms=float("nan"))], "the end of segment 1 is not a number"),
        ([a_segment(confidence=98)], "the confidence of segment 1 is 98"),
        ([a_segment(text=7)], "the text of segment 1 is not text"),
        (["Hello."], "segment 1 of the transcript is no object"),
        (7, "the transcript is int"),
        (b"x", "the transcript is bytes"),
        ({"language": 7, "text": "x"}, "the transcript's language is not text"),
        ([a_segment()] * 5_001, "5,001 segments"),
        ("x" * 200_001, "200,001 characters"),
    ],
)
def test_a_malformed_transcript_is_refused_by_the_place_of_the_fault(supplied: object, named: str) -> None:
    """Times in the wrong unit, numbers as text, too much of it."""
    with pytest.raises(BadVoicemail, match=named):
        read_transcript(supplied, duration_seconds=10)


@pytest.mark.parametrize("supplied", ["", " \x00\n", [], [a_segment(text="\x00")], {"text": ""}])
def test_no_words_are_no_transcript(supplied: object) -> None:
    """Silence is not delivered as an empty message."""
    assert read_transcript(supplied, duration_seconds=10) is None


def test_whispers_own_json_is_taken_as_it_is() -> None:
    """An object with segments in seconds, a language and much else."""
    printed = json.dumps(
        {"text": " Hi. Bye.", "language": "en", "segments": [{"id": 0, "start": 0.0, "end": 0.8, "text": " Hi."}]}
    )

    transcript = parse_transcript(printed, duration_seconds=10, provider="command")

    assert transcript == Transcript(
        segments=(Segment(text="Hi.", start_ms=0, end_ms=800),), language="en", provider="command"
    )


@pytest.mark.parametrize("printed", ["[BLANK_AUDIO] Hello.", "[Music]", "(coughs) Hello."])
def test_a_remark_in_brackets_is_text_and_not_json(printed: str) -> None:
    """Speech-to-text programs write down what is no speech."""
    transcript = parse_transcript(printed, duration_seconds=10)

    assert transcript is not None
    assert transcript.text == printed


@given(st.text())
def test_any_text_survives_as_one_printable_line(text: str) -> None:
    """Control characters, NUL and lone surrogates never reach JSON or Salesforce."""
    transcript = read_transcript(text, duration_seconds=1)

    assert transcript is None or (transcript.text.isprintable() and transcript.text.encode())


def test_a_file_is_json_or_text_by_how_it_begins(tmp_path: Path) -> None:
    """The suffix does not matter; a byte order mark does not disturb."""
    (tmp_path / "a.txt").write_text("\ufeffHello.", encoding="utf-8")
    (tmp_path / "b.json").write_text('\n[{"text": "Hello."}]', encoding="utf-8")

    assert load_transcript(tmp_path / "a.txt") == "Hello."
    assert load_transcript(tmp_path / "b.json") == [{"text": "Hello."}]


@pytest.mark.parametrize(
    ("content", "named"),
    [(b"\xff\xfeH", "not UTF-8"), (b'{"text": ', "begins like JSON"), (b'[{"a":' * 100_000, "JSON")],
)
def test_an_unreadable_file_is_refused(tmp_path: Path, content: bytes, named: str) -> None:
    """Not as a decoding error of the standard library, but as ours."""
    (tmp_path / "a.txt").write_bytes(content)

    with pytest.raises(BadVoicemail, match=named):
        load_transcript(tmp_path / "a.txt")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """The name of the transcript, and why."""
    with pytest.raises(BadVoicemail, match=r"absent.txt could not be read: No such file"):
        load_transcript(tmp_path / "absent.txt")


def test_single_words_are_kept_with_their_times() -> None:
    """As this product writes them, and as whisper does."""
    supplied = [
        a_segment(text="Hi, Ada.", words=[{"text": "Hi,", "start_ms": -5, "end_ms": 100, "confidence": 0.5}, BYE]),
    ]

    transcript = read_transcript(supplied, duration_seconds=10)

    assert transcript is not None
    assert transcript.segments[0].words == (
        Word(text="Hi,", start_ms=0, end_ms=100, confidence=0.5),
        Word(text="Ada.", start_ms=200, end_ms=800, confidence=0.9),
    )


@pytest.mark.parametrize(
    "words",
    [
        "Hi, Ada.",
        [],
        ["Hi,"],
        [{"text": "Hi,"}],
        [{"text": "Ho,", "start_ms": 0, "end_ms": 1}, {"text": "Ada.", "start_ms": 1, "end_ms": 2}],
        [{"text": "Hi,Ada.", "start_ms": 9, "end_ms": 1}],
        [{"text": "Hi,Ada.", "start_ms": 0, "end_ms": 1, "confidence": 98}],
        [{"text": "Hi,Ada.", "start_ms": 0, "end_ms": 1}, *[{"text": "", "start_ms": 0, "end_ms": 1}] * 100_000],
    ],
)
def test_words_that_are_incomplete_or_others_cost_only_themselves(words: object) -> None:
    """The text is what counts; some programs give digits no times."""
    transcript = read_transcript([a_segment(text="Hi, Ada.", words=words)], duration_seconds=10)

    assert transcript is not None
    assert transcript.segments == (Segment(text="Hi, Ada.", start_ms=0, end_ms=900),)
