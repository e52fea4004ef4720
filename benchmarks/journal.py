"""The SQLite journal when it is full: what a claim costs beside 10,000 waiting and 10,000 delivered voicemails.

    python benchmarks/journal.py --number 10000

Each call is timed alone, on a journal that holds nothing else and on a full one. A call whose cost grows with the
journal would show in the last column.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from figures import heading, percentile, show
from scv_voicemail.journal.sqlite import SqliteJournal
from scv_voicemail.ports import Run, RunState
from scv_voicemail.voicemail import Recording, Voicemail

START = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
LEASE_SECONDS = 120.0
RECEIPT = {"voiceCallId": "0LQ000000000001AAA"}
REPEATS = 100


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--number", type=int, default=10_000, help="waiting and delivered ones each (default 10000)")
    given = parser.parse_args()
    heading(f"A journal with {given.number:,} waiting and {given.number:,} delivered voicemails")
    with tempfile.TemporaryDirectory(prefix="scv-voicemail-benchmark-") as folder:
        empty = SqliteJournal(Path(folder, "empty.db"))
        full = SqliteJournal(Path(folder, "full.db"))
        sys.stderr.write("filling the journal, about 1 s per 1,000\n")
        _fill(full, given.number)
        small, large = _measure(empty, "small"), _measure(full, "large")
        megabytes = Path(folder, "full.db").stat().st_size / 1e6
        written = [_fsync(Path(folder, "fsync")) for _ in range(REPEATS)]
    rows = [[name, small[name], large[name], large[name] / small[name]] for name in small]
    show("Milliseconds per call, p50", ["call", "empty", "full", "times"], rows)
    print(
        f"\nthe full journal has {megabytes:.0f} MB; 4 KB written and synced to the same disk: "
        f"{percentile(written, 0.5):.2f} ms"
    )


def _fill(journal: SqliteJournal, number: int) -> None:
    for place in range(number):
        at = START + timedelta(milliseconds=place)
        journal.accept(_voicemail(f"done-{place}"), targets=["voice_call"], now=at)
        run = _claimed(journal, at, f"done-{place}")
        run = journal.receive(run, "open", RECEIPT, now=at, lease_seconds=LEASE_SECONDS)
        journal.finish(run, now=at)
    for place in range(number):
        at = START + timedelta(hours=1, milliseconds=place)
        journal.accept(_voicemail(f"waiting-{place}"), targets=["voice_call"], now=at)


def _measure(journal: SqliteJournal, kind: str) -> dict[str, float]:
    """The calls in the order in which a voicemail needs them; each voicemail is delivered, so nothing piles up."""
    took: dict[str, list[float]] = {}

    def timed(name: str, call: Callable[..., Any], *given: Any, **named: Any) -> Any:
        began = time.perf_counter()
        result = call(*given, **named)
        took.setdefault(name, []).append((time.perf_counter() - began) * 1000)
        return result

    later = START + timedelta(hours=2)
    for number in range(REPEATS):
        timed("accept", journal.accept, _voicemail(f"{kind}-{number}"), targets=["voice_call"], now=START)
        run = timed("claim the one due longest", _claimed, journal, later)
        key = run.voicemail_id
        timed("voicemail", journal.voicemail, key)
        run = timed("receive", journal.receive, run, "open", RECEIPT, now=later, lease_seconds=LEASE_SECONDS)
        timed("postpone", journal.postpone, run, step="mark", why="", due=later, now=later, failed=False)
        run = timed("claim one by its id", _claimed, journal, later, key)
        timed("finish", journal.finish, run, now=later)
        timed("runs of one voicemail", journal.runs, voicemail_id=key)
        timed("events of one voicemail", journal.events, key)
        timed("next due of one voicemail", journal.next_due, voicemail_id=key)
        timed("next due of all", journal.next_due)
    for _ in range(10):
        timed("list 20 parked (`status`)", journal.runs, state=RunState.PARKED, limit=20)
        timed("counts (`status`)", journal.counts)
    return {name: percentile(values, 0.5) for name, values in took.items()}


def _claimed(journal: SqliteJournal, now: datetime, voicemail_id: str | None = None) -> Run:
    run = journal.claim(
        owner="benchmark", now=now, lease_seconds=LEASE_SECONDS, probe_seconds=60, voicemail_id=voicemail_id
    )
    assert run is not None
    return run


def _voicemail(voicemail_id: str) -> Voicemail:
    return Voicemail(
        id=voicemail_id,
        caller="+14155550142",
        dialed_number="+18005550100",
        started_at=START,
        recording=Recording(path="/recordings/a.wav", duration_seconds=12.5, size_bytes=200_044, sha256="5f" * 32),
    )


def _fsync(path: Path) -> float:
    with path.open("ab") as file:
        began = time.perf_counter()
        file.write(bytes(4096))
        file.flush()
        os.fsync(file.fileno())
        return (time.perf_counter() - began) * 1000


if __name__ == "__main__":
    main()
