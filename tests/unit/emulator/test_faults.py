"""Which requests a fault hits."""

from __future__ import annotations

from typing import Any

import pytest
from scv_emulator.faults import FaultInvalid, Faults


def hits(faults: Faults, requests: int, *, method: str = "POST", path: str = "/telephony/v1/voiceCalls") -> str:
    """One letter per request: X for a hit."""
    return "".join("X" if faults.hit(method, path) else "-" for _ in range(requests))


def test_a_fault_skips_then_hits_then_is_used_up() -> None:
    """The third and fourth request."""
    faults = Faults()
    fault = faults.add("status", skip=2, times=2)

    seen = hits(faults, 6)

    assert seen == "--XX--"
    assert (fault.hits, fault.seen) == (2, 4)


def test_a_fault_is_about_its_method_and_path_only() -> None:
    """The glob crosses slashes."""
    faults = Faults()
    faults.add("status", method="patch", path="*/omniFlow", times=None)

    elsewhere = hits(faults, 1) + hits(faults, 1, method="POST", path="/telephony/v1/voiceCalls/x/omniFlow")
    there = hits(faults, 2, method="PATCH", path="/telephony/v1/voiceCalls/x/omniFlow")

    assert (elsewhere, there) == ("--", "XX")


def test_the_same_seed_hits_the_same_requests() -> None:
    """Chance that can be repeated."""
    runs = []

    for seed in (1, 1, 2):
        faults = Faults(seed=seed)
        faults.add("status", probability=0.5, times=None)
        runs.append(hits(faults, 40))

    assert runs[0] == runs[1] != runs[2]
    assert set(runs[0]) == {"X", "-"}


@pytest.mark.parametrize(
    ("details", "message"),
    [
        ({"kind": "explode"}, "kind: expected one of"),
        ({"kind": "status", "colour": 1}, "colour: unknown key"),
        ({"kind": "status", "status": "500"}, "status: expected a number"),
        ({"kind": "status", "probability": 2}, "probability: expected a number from 0 to 1"),
        ({"kind": "status", "headers": {"X": "a\r\nb"}}, "headers: expected"),
        ({"kind": "status", "headers": {"a b": "c"}}, "headers: expected"),
        ({"kind": "status", "times": 0}, "times: expected"),
        ({"kind": "status", "path": 1}, "path: expected text"),
        ({"kind": "status", "after_commit": "yes"}, "after_commit: expected true or false"),
    ],
)
def test_a_wrong_fault_names_the_key(details: dict[str, Any], message: str) -> None:
    """And is not set."""
    faults = Faults()

    with pytest.raises(FaultInvalid, match=message):
        faults.add(**details)

    assert faults.all() == []
