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


@pytest.mark.covers("transcript-1")
@pytest.mark.parametrize(
    ("supplied", "times"),
    [
        ([a_segment(end_ms=25_000)], [(0, 10_000)]),
        ([a_segment(start_ms=9_000, end_ms=13_001)], [(9_000, 10_000)]),
        ([a_segment(start_ms=800, end_ms=700)], [(800, 800)]),
        ([a_segment(), a_segment(start_ms=None, end_ms=2_000)], [(0, 900), (900, 2_000)]),
        ([{"text": "Hello.", "start": 3_000, "end": 4_000}], [(10_000, 10_000)]),
        ([{"text": "Hello.", "start_ms": 1}], [(1, 1)]),
        ([{"text": "Hello."}], [(0, 0)]),
        ([a_segment(end_ms=float("nan"))], [(0, 0)]),
        ([a_segment(start_ms=float("-inf"))], [(0, 900)]),
        ([a_segment(start_ms=-9_999)], [(0, 900)]),
        ([a_segment(end_ms=10**400)], [(0, 0)]),
        ([a_segment(end_ms=10**5_000)], [(0, 0)]),
        ([a_segment(end_ms=True)], [(0, 0)]),
        ([a_segment(end_ms="soon")], [(0, 0)]),
        ([a_segment(end_ms={"at": 7})], [(0, 0)]),
    ],
)
def test_times_that_cannot_be_are_moved_into_the_recording(
    supplied: list[object], times: list[tuple[int, int]]
) -> None:
    """What was said is kept, where in the recording is a guess then, and that is told."""
    transcript = read_transcript(supplied, duration_seconds=10)

    assert transcript is not None
    assert [(one.start_ms, one.end_ms) for one in transcript.segments] == times
    assert transcript.segments[-1].text == "Hello."
    assert transcript.warnings == ("1 segments of the transcript had times outside the recording, or none",)


@pytest.mark.covers("transcript-1")
@pytest.mark.parametrize("bad", [a_segment(text=None), a_segment(text=7), {}, "Hello.", None, 7, [], float("nan")])
def test_a_segment_without_text_costs_only_itself(bad: object) -> None:
    """The others are delivered, and the warning counts what is missing."""
    transcript = read_transcript([a_segment(), bad, a_segment(text="Bye.", start_ms=900)], duration_seconds=10)

    assert transcript is not None
    assert transcript.text == "Hello. Bye."
    assert transcript.warnings == ("1 segments of the transcript had no text and were left out",)


@pytest.mark.covers("transcript-1")
def test_too_many_segments_are_joined_with_their_neighbours() -> None:
    """Nothing that was said is lost."""
    supplied = [a_segment(text=f"w{n}", start_ms=n, end_ms=n + 1) for n in range(12_001)]

    transcript = read_transcript(supplied, duration_seconds=20)

    assert transcript is not None
    assert len(transcript.segments) <= 5_000
    assert transcript.text == " ".join(f"w{n}" for n in range(12_001))
    assert (transcript.segments[0].start_ms, transcript.segments[0].end_ms) == (0, 3)
    assert transcript.warnings == ("the transcript had 12,001 segments: neighbours were joined",)


@pytest.mark.covers("transcript-1")
@pytest.mark.parametrize(
    "supplied", ["x" * 200_001, "x" * 3_000_000, [a_segment(text="y" * 70_000)] * 3, {"text": "x" * 200_001}]
)
def test_a_transcript_without_end_is_cut(supplied: object) -> None:
    """At what Salesforce and the journals can carry."""
    transcript = read_transcript(supplied, duration_seconds=10)

    assert transcript is not None
    assert sum(len(one.text) for one in transcript.segments) == 200_000
    assert transcript.warnings == ("the transcript was cut: it had more than 200,000 characters",)


@pytest.mark.covers("transcript-1")
@pytest.mark.parametrize("confidence", [98, -1, "high", float("nan"), 10**400, True])
def test_a_confidence_that_is_none_is_left_out(confidence: object) -> None:
    """It is an extra of an extra."""
    transcript = read_transcript([a_segment(confidence=confidence)], duration_seconds=10)

    assert transcript == Transcript(segments=(Segment(text="Hello.", start_ms=0, end_ms=900),))
    assert transcript.warnings == ()


@pytest.mark.covers("transcript-1")
def test_a_transcript_object_is_looked_at_like_any_other() -> None:
    """A program of the library's user may have made it of anything."""
    made = Transcript(
        segments=(Segment(text="Hello.\x00", start_ms=0, end_ms=99_000), Segment(text=None, start_ms=0, end_ms=1)),  # type: ignore[arg-type]
        language="en-US",
        provider="own",
    )

    transcript = read_transcript(made, duration_seconds=10)

    assert transcript is not None
    assert (transcript.text, transcript.language, transcript.provider) == ("Hello.", "en-US", "own")
    assert len(transcript.warnings) == 2


@pytest.mark.parametrize(
    ("supplied", "named"),
    [
        ([{}, 7], "none of the 2 segments of the transcript has text"),
        (7, "the transcript is int"),
        (b"x", "the transcript is bytes"),
        ({"segments": 7}, "the transcript is NoneType"),
    ],
)
def test_what_is_no_transcript_at_all_is_refused(supplied: object, named: str) -> None:
    """Whoever takes the voicemail in leaves it out, and says why."""
    with pytest.raises(BadVoicemail, match=named):
        read_transcript(supplied, duration_seconds=10)


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=3) | st.just(10**400),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["text", "start", "end", "start_ms", "end_ms", "words", "segments"]), inner
            )
        ),
        max_leaves=12,
    )
)
def test_nothing_at_all_breaks_the_reader(supplied: object) -> None:
    """It reads, or refuses by our own error; what it reads lies inside the recording."""
    try:
        transcript = read_transcript(supplied, duration_seconds=10)
    except BadVoicemail:
        return
    assert transcript is None or all(0 <= one.start_ms <= one.end_ms <= 10_000 for one in transcript.segments)


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
