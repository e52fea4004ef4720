"""Nothing here or in the product depends on the hour at which it runs: the same calls at hours at which a day ends."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

pytest.importorskip("moto", reason="the local AWS is built on moto, which is not installed")

from tests.scenarios.connect_bench import IVR, KVS, ConnectBench
from tests.scenarios.left_messages import hung_up

HOURS = [
    "2026-11-20T23:40:00",
    "2026-11-21T00:20:00",
    "2026-11-20T03:50:00",
    "2028-02-28T23:55:00",
    "2028-02-29T23:55:00",
    "2027-12-31T23:58:00",
    "2027-03-14T09:59:00",  # summer time begins in New York and Los Angeles
    "2027-03-28T00:59:00",  # … in Europe
    "2027-10-31T00:59:00",  # … and ends there
    "2027-11-07T08:59:00",
]


@pytest.mark.covers("project-1")
@pytest.mark.parametrize("hour", HOURS)
def test_a_lost_event_is_made_good_whichever_day_it_is_when_the_look_begins(hour: str, tmp_path: Path) -> None:
    """The recording lies in the folder of the day of the call, and the look for it comes when that day may be over."""
    with ConnectBench(start=datetime.fromisoformat(hour).replace(tzinfo=UTC)) as bench:
        for hop in ("event:aws.s3", "contact-record"):
            bench.aws.disturb(hop, "lose", times=None)
        bench.message(hung_up, module=IVR, streaming_allowed=False)
        bench.aws.settle()
        bench.aws.account.disturbances.clear()

        for _ in range(2):
            bench.clock.advance(16 * 60)
            bench.aws.fire("ReconcileSchedule")
            bench.aws.settle()

        assert bench.count().wrong == ()


@pytest.mark.covers("project-1")
@pytest.mark.parametrize("hour", HOURS)
def test_a_streamed_message_is_delivered_at_any_hour(hour: str) -> None:
    """From the keypress to the rep, over the end of a day, a month and a year."""
    with ConnectBench(start=datetime.fromisoformat(hour).replace(tzinfo=UTC)) as bench:
        bench.message(hung_up, module=KVS)
        bench.aws.settle()

        assert bench.count().wrong == ()
