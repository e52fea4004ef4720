"""EventBridge's event patterns."""

from __future__ import annotations

from typing import Any

import pytest
from scv_emulator.aws.event_patterns import PatternInvalid, matches

EVENT = {
    "source": "aws.s3",
    "count": 3,
    "nothing": None,
    "detail": {"object": {"key": "connect/demo/ivr/2026/a b.wav"}, "names": ["first", "second"]},
    "recordings": [{"kind": "IVR", "state": "OLD"}, {"kind": "AGENT", "state": "NEW"}],
}


@pytest.mark.parametrize(
    "pattern",
    [
        {"source": ["aws.s3", "aws.ec2"]},
        {"source": [{"prefix": "aws."}]},
        {"source": [{"prefix": {"equals-ignore-case": "AWS."}}]},
        {"detail": {"object": {"key": [{"suffix": ".wav"}]}}},
        {"detail": {"object": {"key": [{"wildcard": "connect/*/ivr/*.wav"}]}}},
        {"detail": {"names": ["second"]}},
        {"source": [{"anything-but": "aws.ec2"}]},
        {"source": [{"anything-but": {"prefix": "com."}}]},
        {"count": [{"numeric": [">", 2, "<=", 3]}]},
        {"nothing": [None]},
        {"missing": [{"exists": False}]},
        {"recordings": {"kind": ["IVR"]}},
        {"$or": [{"source": ["nobody"]}, {"count": [3]}]},
        {"source": [{"equals-ignore-case": "AWS.S3"}]},
    ],
)
def test_an_event_matches(pattern: dict[str, Any]) -> None:
    """Every operator finds what it is for; any element of an array will do."""
    assert matches(pattern, EVENT)


@pytest.mark.parametrize(
    "pattern",
    [
        {"source": ["aws.ec2"]},
        {"source": [{"prefix": "com."}]},
        {"detail": {"object": {"key": [{"wildcard": "connect/*.mp3"}]}}},
        {"source": [{"anything-but": ["aws.s3", "aws.ec2"]}]},
        {"source": [{"anything-but": {"suffix": "s3"}}]},
        {"missing": [{"anything-but": "x"}]},
        {"count": ["3"]},
        {"count": [{"numeric": [">", 3]}]},
        {"missing": [None]},
        {"nothing": [{"exists": False}]},
        {"detail": [{"exists": True}]},
        {"recordings": {"kind": ["IVR"], "state": ["NEW"]}},
        {"source": ["aws.s3"], "count": [4]},
    ],
)
def test_an_event_does_not_match(pattern: dict[str, Any]) -> None:
    """All fields have to match, with the type that is asked for, and within one element of an array."""
    assert not matches(pattern, EVENT)


@pytest.mark.parametrize("pattern", [{"source": "aws.s3"}, {"source": [{"cidr": "10.0.0.0/8"}]}])
def test_a_pattern_that_cannot_be_judged_is_refused(pattern: dict[str, Any]) -> None:
    """An operator that is not played must not look like one that never matches."""
    with pytest.raises(PatternInvalid):
        matches(pattern, EVENT)
