"""The org's clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from scv_emulator.clock import Clock
from scv_emulator.due import DueWork


class WallClock:
    """Real time that a test moves by hand."""

    def __init__(self) -> None:
        self.time = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time


def test_a_moved_clock_goes_on_running() -> None:
    """The distance to real time stays."""
    wall = WallClock()
    clock = Clock(real_time=wall)

    clock.advance(60)
    wall.time += timedelta(seconds=5)

    assert clock.now() == datetime(2026, 1, 1, 0, 1, 5, tzinfo=UTC)


def test_a_frozen_clock_stands_still_until_it_is_moved() -> None:
    """And runs on from where it was left."""
    wall = WallClock()
    clock = Clock(real_time=wall)
    clock.freeze()

    wall.time += timedelta(hours=1)
    clock.advance(1)
    frozen = clock.now()
    clock.freeze(frozen=False)
    wall.time += timedelta(seconds=1)

    assert frozen == datetime(2026, 1, 1, 0, 0, 1, tzinfo=UTC)
    assert clock.now() == datetime(2026, 1, 1, 0, 0, 2, tzinfo=UTC)


def test_a_moment_without_a_time_zone_is_refused() -> None:
    """Nobody should have to guess."""
    clock = Clock(real_time=WallClock())

    with pytest.raises(ValueError, match="time zone"):
        clock.set(datetime(2026, 1, 1))


def test_work_is_done_when_it_is_due_and_in_order() -> None:
    """Earlier due first; equal ones as they came."""
    wall = WallClock()
    due, done = DueWork(now=wall), []
    for name, delay in (("late", 200), ("first", 100), ("second", 100)):
        due.after(delay, lambda name=name: done.append(name))

    due.settle()
    before = list(done)
    wall.time += timedelta(milliseconds=100)
    due.settle()

    assert before == []
    assert done == ["first", "second"]
    assert len(due) == 1
