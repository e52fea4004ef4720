"""The command line of the endurance run: see `scripts/endure --help`."""

from __future__ import annotations

import argparse
import json
import logging
import random
import socket
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from scv_emulator.server import Emulator
from scv_emulator.switches import Switches
from scv_voicemail.journal.sqlite import SqliteJournal
from scv_voicemail.ports import RunState

from tests.builders import time_now
from tests.endurance.callers import Left, a_message, leave, samples_of
from tests.endurance.trouble import Troubles, Workers

LEASE_SECONDS = 6.0
FAULTS = 0.03
CALM_SECONDS = 240.0
"""After the last trouble, everything has to be delivered by then."""

EXAMPLES = """example: scripts/endure --minutes 5

Two workers watch a folder into which a message is left twice a second. Again and again one of them is killed, stopped
beyond its lease, or finds the disk full; the journal, the folder and Salesforce go away and come back; 3 % of all
requests fail in one of many ways. In the end every sample, sentence and number that Salesforce and the kept recordings
hold is compared with what was left.

It ends with 0 when nothing is lost, doubled, mixed or hidden, and with 1 otherwise."""


def main() -> int:
    """Endure; the exit code."""
    parser = argparse.ArgumentParser(
        prog="scripts/endure", epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=5.0, metavar="M", help="how long trouble lasts (default 5)")
    parser.add_argument("--seed", type=int, default=0, help="draws other troubles; processes still do as they like")
    parser.add_argument("--json", action="store_true", help="the result as one JSON object")
    asked = parser.parse_args()
    # A server that is stopped in the middle of an answer says so at length.
    logging.getLogger("uvicorn").setLevel(logging.CRITICAL)
    with tempfile.TemporaryDirectory(prefix="endure-") as folder:
        result = endure(Path(folder), minutes=asked.minutes, seed=asked.seed, quiet=asked.json)
    print(json.dumps(result) if asked.json else _told(result))
    return 1 if any(result[kind] for kind in ("lost", "doubled", "mixed", "hidden")) else 0


def endure(folder: Path, *, minutes: float, seed: int, quiet: bool) -> dict[str, Any]:
    """Leave messages in the middle of all that trouble, wait for peace, and compare."""
    dice = random.Random(seed)
    incoming = folder / "incoming"
    incoming.mkdir()
    emulator = Emulator(folder=folder / "org", switches=Switches(apply_delay_ms=300), port=_free_port())
    (folder / "org").mkdir()
    with emulator:
        settings = emulator.env() | {
            "SCV_VOICEMAIL_JOURNAL": str(folder / "journal.db"),
            "SCV_VOICEMAIL_RECORDINGS_DIR": str(folder / "kept"),
            "SCV_VOICEMAIL_LEASE_SECONDS": str(LEASE_SECONDS),
            "SCV_VOICEMAIL_TIMEOUT_SECONDS": "3",
            "SCV_VOICEMAIL_PATIENCE_SECONDS": "6",
            "SCV_VOICEMAIL_RETRY_CAP_SECONDS": "5",
            "SCV_VOICEMAIL_PROBE_SECONDS": "2",
        }
        workers = Workers(folder=incoming, settings=settings, log=folder / "workers.log")
        workers.tend()
        time.sleep(3)
        troubles = Troubles(
            dice=dice,
            workers=workers,
            emulator=emulator,
            journal=folder / "journal.db",
            incoming=incoming,
            lease_seconds=LEASE_SECONDS,
        )
        left = _amid_trouble(troubles, until=time.monotonic() + minutes * 60, quiet=quiet)
        emulator.clear_faults()
        _wait_for_peace(workers, folder / "journal.db", left, quiet=quiet)
        workers.end()
        found = _compared(left, emulator.state(), folder / "kept")
    endings = Counter(workers.endings)
    return {"messages": len(left), **found, "troubles": troubles.befell, "endings": dict(endings)}


def _amid_trouble(troubles: Troubles, *, until: float, quiet: bool) -> list[Left]:
    left: list[Left] = []
    next_trouble = time.monotonic() + 5
    for kind in ("status", "reset_after_commit", "latency", "html_200", "rate_limited", "half_body"):
        more = {"status": 503} if kind == "status" else {"latency_ms": 4000} if kind == "latency" else {}
        troubles.emulator.fault(kind, path="*", times=None, probability=FAULTS / 6, **more)
    while time.monotonic() < until:
        troubles.workers.tend()
        message = a_message(len(left))
        try:
            leave(message, troubles.incoming)
        except OSError:
            continue
        left.append(message)
        if time.monotonic() > next_trouble:
            troubles.one()
            next_trouble = time.monotonic() + troubles.dice.uniform(2, 8)
        time.sleep(0.5)
        if not quiet and len(left) % 50 == 0:
            print(f"{len(left)} messages, {sum(troubles.befell.values())} troubles", file=sys.stderr, flush=True)
    return left


def _wait_for_peace(workers: Workers, path: Path, left: list[Left], *, quiet: bool) -> None:
    ends = time.monotonic() + CALM_SECONDS
    while time.monotonic() < ends:
        workers.tend()
        time.sleep(2)
        journal = SqliteJournal(path)
        try:
            counts = journal.counts()
            for run in journal.runs(state=RunState.PARKED, limit=10_000):
                journal.retry(run.voicemail_id, now=time_now())
        finally:
            journal.close()
        if not quiet:
            print(f"{counts[RunState.DELIVERED]} of {len(left)} delivered", file=sys.stderr, flush=True)
        if counts[RunState.DELIVERED] >= len(left):
            return


def _compared(left: list[Left], state: dict[str, list[dict[str, Any]]], kept: Path) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {"lost": [], "doubled": [], "mixed": [], "hidden": []}
    rows = {name: state.get(name, []) for name in ("VoiceCall", "VoiceCallRecording", "ConversationEntry")}
    work = [*state.get("PendingServiceRouting", []), *state.get("AgentWork", [])]
    for message in left:
        calls = [row for row in rows["VoiceCall"] if row["FromPhoneNumber"] == message.caller]
        if not calls:
            found["lost"].append(f"{message.name}: no VoiceCall of {message.caller}")
            continue
        ids = {row["Id"] for row in calls}
        recordings = [row for row in rows["VoiceCallRecording"] if row["VoiceCallId"] in ids]
        routings = [row for row in work if row["WorkItemId"] in ids]
        said = [row["_text"] for row in rows["ConversationEntry"] if row["ConversationId"] in ids]
        counts = (len(calls), len(recordings), len(routings), len(said))
        if max(counts) > 1:
            found["doubled"].append(f"{message.name}: calls, recordings, routings, sentences {counts}")
        if min(counts) < 1:
            found["hidden"].append(f"{message.name}: calls, recordings, routings, sentences {counts}")
            continue
        files = [kept / str(row["_recordingLocation"]).rpartition("/")[2] for row in recordings]
        if any(samples_of(file) != message.samples for file in files) or said[0] != message.said:
            found["mixed"].append(f"{message.name}: {files[0].name} or its words are another message's")
    return found


def _told(result: dict[str, Any]) -> str:
    kinds = ("lost", "doubled", "mixed", "hidden")
    lines = [f"{kind}: {one}" for kind in kinds for one in result[kind]]
    troubles = ", ".join(f"{count} times {name}" for name, count in sorted(result["troubles"].items()))
    counts = ", ".join(f"{kind} {len(result[kind])}" for kind in kinds)
    return "\n".join([*lines, f"{result['messages']} messages amid {troubles}: {counts}"])


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


if __name__ == "__main__":
    sys.exit(main())
