"""A burst of voicemails: how fast they are taken in and delivered, and whether each arrives exactly once.

    python benchmarks/burst.py --number 1000 --workers 2

Workers and emulator are processes of their own, as they are in use; this process takes the voicemails in, all at once.
It is run twice: with the vendor's limit of 50 new calls per second, which the workers run into and have to survive,
and without that limit. Lost and doubled records are counted in the emulator, not in our own journal.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from figures import heading, percentile, show
from scv_voicemail.cli import chaos
from scv_voicemail.cli.rehearsal import CALLER, LocalSalesforce, demo_recording, demo_transcript, local_salesforce
from scv_voicemail.journal.sqlite import SqliteJournal
from scv_voicemail.ports import RunState
from scv_voicemail.voicemail import Voicemail
from scv_voicemail.wiring import connect

POLL_SECONDS = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What one burst came to."""

    accepted_per_second: float
    delivered_per_second: float
    routed_seconds: list[float]
    delivered_seconds: list[float]
    peak_megabytes: list[float]
    refused_for_limits: int
    lost: int
    duplicated: int


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--number", type=int, default=1000, help="voicemails (default 1000)")
    parser.add_argument("--workers", type=int, default=2, help="worker processes (default 2)")
    parser.add_argument("--calls-per-second", type=int, default=50, help="the vendor's limit in the first run")
    parser.add_argument("--seconds", type=float, default=600, help="give up after so long (default 600)")
    given = parser.parse_args()
    heading(f"{given.number} voicemails at once, {given.workers} workers, {os.cpu_count()} cores for everything")
    limits = [f"{given.calls_per_second} calls/s", "no limits"]
    runs = [
        _burst(given.number, workers=given.workers, calls_per_second=limit, seconds=given.seconds)
        for limit in (given.calls_per_second, 0)
    ]
    rows: list[tuple[str, list[object]]] = [
        ("taken in per second", [run.accepted_per_second for run in runs]),
        ("delivered per second", [run.delivered_per_second for run in runs]),
        ("seconds from taken in to routed, p50", [percentile(run.routed_seconds, 0.5) for run in runs]),
        ("seconds from taken in to routed, p95", [percentile(run.routed_seconds, 0.95) for run in runs]),
        ("seconds from taken in to delivered, p50", [percentile(run.delivered_seconds, 0.5) for run in runs]),
        ("seconds from taken in to delivered, p95", [percentile(run.delivered_seconds, 0.95) for run in runs]),
        ("peak memory of a worker, MB", [max(run.peak_megabytes) for run in runs]),
        ("answers with 429", [run.refused_for_limits for run in runs]),
        ("lost", [run.lost for run in runs]),
        ("duplicated", [run.duplicated for run in runs]),
    ]
    show("What a burst comes to", ["", *limits], [[name, *values] for name, values in rows])
    sys.exit(any(run.lost or run.duplicated for run in runs))


def _burst(number: int, *, workers: int, calls_per_second: int, seconds: float) -> Measured:
    with tempfile.TemporaryDirectory(prefix="scv-voicemail-benchmark-") as folder:
        options = ["--switch", f"calls_per_second={calls_per_second}"]
        with local_salesforce(Path(folder), options=options) as local:
            processes = [_start_worker(local) for _ in range(workers)]
            try:
                began = time.monotonic()
                voicemails = _take_in(local, number)
                taken_in = time.monotonic() - began
                journal = SqliteJournal(local.settings().journal)
                _wait(journal, number, until=began + seconds)
                delivered = time.monotonic() - began
                peaks = [_peak_megabytes(process) for process in processes]
            finally:
                for process in processes:
                    _stop(process)
            routed_seconds, delivered_seconds = _delays(journal, voicemails)
            journal.close()
            counted = chaos.count(local, voicemails, copies=1, kills=0, network_faults=0)
            refused = sum(one["status"] == 429 for one in local.door("GET", "/requests?path=/telephony/"))
    return Measured(
        accepted_per_second=number / taken_in,
        delivered_per_second=number / delivered,
        routed_seconds=routed_seconds,
        delivered_seconds=delivered_seconds,
        peak_megabytes=peaks,
        refused_for_limits=refused,
        lost=counted.lost,
        duplicated=counted.duplicated,
    )


def _start_worker(local: LocalSalesforce) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "scv_voicemail", "--log-level", "error", "worker"],
        env=local.environment(),
        cwd=local.env_file.parent,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _take_in(local: LocalSalesforce, number: int) -> list[Voicemail]:
    """Submit the demo's recording under so many names; the voicemails as the journal holds them."""
    began = datetime.now(UTC) - timedelta(minutes=2)
    with connect(local.settings()) as connector:
        ids = [
            connector.submit(
                demo_recording(),
                caller=CALLER,
                voicemail_id=f"burst-{count}",
                received_at=began,
                transcript=demo_transcript(),
                source="benchmark",
            )
            for count in range(number)
        ]
        known = [connector.journal.voicemail(voicemail_id) for voicemail_id in ids]
        return [voicemail for voicemail in known if voicemail is not None]


def _wait(journal: SqliteJournal, number: int, *, until: float) -> None:
    while (counts := journal.counts())[RunState.DELIVERED] < number:
        if counts[RunState.PARKED] or time.monotonic() > until:
            raise SystemExit(f"not all were delivered: {counts}")
        time.sleep(POLL_SECONDS)


def _peak_megabytes(process: subprocess.Popen[bytes]) -> float:
    """The most memory that a running process has had (Linux only).

    Not `getrusage`: that also counts what its parent held when it forked.
    """
    status = Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8")
    return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM:"))


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End a worker in its ordinary way."""
    process.send_signal(signal.SIGTERM)
    process.wait(timeout=30)


def _delays(journal: SqliteJournal, voicemails: Sequence[Voicemail]) -> tuple[list[float], list[float]]:
    """Seconds from taken in to routed, and to delivered, of each voicemail."""
    routed: list[float] = []
    delivered: list[float] = []
    for voicemail in voicemails:
        events = journal.events(voicemail.id)
        accepted = events[0].at
        routed += [(one.at - accepted).total_seconds() for one in events if (one.kind, one.step) == ("done", "route")]
        delivered += [(one.at - accepted).total_seconds() for one in events if one.kind == "delivered"]
    return routed, delivered


if __name__ == "__main__":
    main()
