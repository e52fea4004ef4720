"""Numbers, times and JSON from outside stay within bounds."""

from __future__ import annotations

import contextlib
import json
import math
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scv_voicemail.bounds import LONGEST_WAIT_SECONDS, http_date, read_json, wait_seconds

from tests.builders import NOON

SCALARS = (
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
)
VALUES = st.recursive(
    SCALARS | st.text(),
    lambda parts: st.lists(parts) | st.dictionaries(st.text(), parts),
    max_leaves=20,
)


@given(VALUES)
def test_whatever_an_api_sends_is_read_as_ever(value: object) -> None:
    """Within the bounds nothing changes."""
    assert read_json(json.dumps(value)) == value


@given(st.binary() | st.text())
def test_any_bytes_are_read_or_refused(raw: bytes | str) -> None:
    """Never another exception than the one that callers expect."""
    with contextlib.suppress(ValueError):
        read_json(raw)


@pytest.mark.covers("poison-9", "poison-1")
@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000 + "]" * 100_000,
        '{"a":' * 500 + "1" + "}" * 500,
        "NaN",
        "[Infinity]",
        '{"a": -Infinity}',
        "1" * 400,
        f"[{2**63}]",
        "1e999",
        '"\\ud800"',
        '{"\\udfff": 1}',
        "9" * 100_000,
    ],
    ids=lambda text: text[:12],
)
def test_what_nobody_means_is_refused_without_being_quoted(text: str) -> None:
    """Nesting, numbers that are none, integers without end, halves of characters."""
    with pytest.raises(ValueError, match=r"^(it|Exceeds)") as refused:
        read_json(text)

    assert len(str(refused.value)) < 200


@pytest.mark.covers("poison-4")
@pytest.mark.parametrize(
    "header",
    [
        "1796086953",
        "1e20",
        "nan",
        "inf",
        "-inf",
        "Fri, 31 Dec 9999 23:59:59 GMT",
        "soon",
        "",
        "0x10",
        "86401",
        "1_000_000",
    ],
)
def test_a_wait_that_nobody_can_mean_counts_as_absent(header: str) -> None:
    """An epoch where seconds are meant, a date in 9999, no number at all."""
    assert wait_seconds(header, now=NOON) is None


@pytest.mark.covers("poison-4")
def test_a_wait_is_read_as_seconds_or_as_a_date() -> None:
    """Both forms of RFC 9110; a date that has gone by asks for nothing."""
    soon = (NOON + timedelta(seconds=90)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    past = (NOON - timedelta(days=900)).strftime("%a, %d %b %Y %H:%M:%S GMT")

    assert [wait_seconds(one, now=NOON) for one in ("0", " 30 ", "2.5", soon, past)] == [0, 30, 2.5, 90, 0]


@given(st.text() | st.floats().map(str) | st.integers().map(str) | st.datetimes().map(str))
def test_any_header_gives_a_wait_within_bounds_or_none(header: str) -> None:
    """Whatever somebody writes there."""
    seconds = wait_seconds(header, now=NOON)

    assert seconds is None or (math.isfinite(seconds) and 0 <= seconds <= LONGEST_WAIT_SECONDS)


@pytest.mark.covers("poison-4", "poison-9")
@pytest.mark.parametrize(
    "header", ["Fri, 31 Dec 9999 23:59:59 GMT", "Thu, 01 Jan 1970 00:00:00 GMT", "Fri, 31 Dec 0001", "x", "", "1 2 3"]
)
def test_a_date_of_another_age_is_none(header: str) -> None:
    """A clock is not set by it."""
    assert http_date(header) is None
