"""Salesforce is down for hours or days: nothing is lost, nobody hammers on the door, and everything arrives."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from scv_voicemail.ports import RunState

from tests.builders import a_transcript
from tests.scenarios.simulation import Simulation, held

PROBE_SECONDS = 60
TOO_MANY = 10_000
"""Requests of a day's outage: whoever sends more has no breaker, and the test need not go on."""
ONCE = (1, 1, 2, 1)


def leave_many(simulation: Simulation, count: int) -> list[str]:
    return [simulation.leave(id=f"voicemail-{number:03}").id for number in range(count)]


def knocks(requests: Sequence[dict[str, Any]]) -> list[int]:
    """When somebody knocked: requests within five seconds are the quick tries of one knock."""
    times = [request["at"] for request in requests]
    return times[:1] + [later for earlier, later in pairwise(times) if later - earlier > 5000]


def test_after_a_day_without_salesforce_everything_is_delivered_once(tmp_path: Path) -> None:
    """It goes down while 500 voicemails are under way: one probe a minute, and minutes after its return all is done."""
    with Simulation(tmp_path, apply_delay_ms=0, policy={"probe_seconds": PROBE_SECONDS}) as simulation:
        ids = leave_many(simulation, 500)
        simulation.emulator.fault("status", path="*", status=503, times=None, skip=400)
        simulation.work(at_most_hours=24, until=lambda: simulation.emulator.faults()[0]["hits"] > TOO_MANY)
        during = knocks([one for one in simulation.emulator.requests() if one["status"] == 503])
        waiting = simulation.journal.counts()
        simulation.emulator.clear_faults()
        returned = simulation.clock()

        simulation.work()

        minutes = 24 * 3600 / PROBE_SECONDS
        assert 0.9 * minutes <= len(during) <= minutes + 3
        assert waiting[RunState.PARKED] == 0
        assert waiting[RunState.WAITING] + waiting[RunState.DELIVERED] == len(ids)
        assert waiting[RunState.WAITING] > 400
        assert simulation.journal.counts()[RunState.DELIVERED] == len(ids)
        assert simulation.clock() - returned < timedelta(minutes=5)
        state = simulation.emulator.state()
        assert {key: held(state, key).counts for key in ids} == dict.fromkeys(ids, ONCE)


def test_an_outage_beyond_the_horizon_calls_a_human_and_retry_delivers(tmp_path: Path) -> None:
    """For 72 hours it is tried; then it is parked with the reason, and a human's retry delivers it."""
    with Simulation(tmp_path, apply_delay_ms=0, policy={"probe_seconds": 3600}) as simulation:
        ids = leave_many(simulation, 5)
        simulation.emulator.fault("status", path="*", status=503, times=None)
        simulation.work(at_most_hours=71.9)
        before = simulation.journal.counts()
        simulation.work(at_most_hours=8.1)
        parked = simulation.journal.runs(state=RunState.PARKED)
        simulation.emulator.clear_faults()

        for key in ids:
            simulation.journal.retry(key, now=simulation.clock())
        simulation.work()

        assert before[RunState.WAITING] == 5
        assert len(parked) == 5
        assert all("tried for 72 hours" in run.last_error and "HTTP 503" in run.last_error for run in parked)
        state = simulation.emulator.state()
        assert {key: held(state, key).counts for key in ids} == dict.fromkeys(ids, ONCE)


@pytest.mark.parametrize("kind", ["reset_before", "html_200", "rate_limited", "expired_session", "never_committed"])
def test_whatever_the_outage_looks_like_nothing_is_lost_or_doubled(tmp_path: Path, kind: str) -> None:
    """Resets, login pages, 429 and expired sessions on every second request; what is left out is told as a warning."""
    fault = {"kind": "status", "status": 500} if kind == "never_committed" else {"kind": kind}
    with Simulation(tmp_path, apply_delay_ms=0) as simulation:
        ids = [simulation.leave(id=f"voicemail-{number}", transcript=a_transcript()).id for number in range(10)]
        simulation.emulator.fault(**fault, path="*", times=None, probability=0.5)
        simulation.work(at_most_hours=1)
        simulation.emulator.clear_faults()
        for run in simulation.journal.runs(state=RunState.PARKED):
            simulation.journal.retry(run.voicemail_id, now=simulation.clock())

        simulation.work()

        state = simulation.emulator.state()
        warned = {run.voicemail_id for run in simulation.journal.runs() if run.warnings}
        assert {key: held(state, key).counts for key in ids if key not in warned} == dict.fromkeys(
            [key for key in ids if key not in warned], ONCE
        )
        assert {held(state, key).counts for key in warned} <= {(1, 1, 0, 1)}
