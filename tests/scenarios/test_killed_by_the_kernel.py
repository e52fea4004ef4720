"""The journal of a process that dies in the middle of a system call: each time it flushes to the disk."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from scv_voicemail.journal.sqlite import SqliteJournal
from scv_voicemail.ports import RunState

from tests.builders import NOON, a_voicemail

ROOT = Path(__file__).parents[2]
AT_MOST = 40

WORK = """
import sys
from pathlib import Path
from scv_voicemail.journal.sqlite import SqliteJournal
from tests.builders import NOON, a_voicemail

journal = SqliteJournal(Path(sys.argv[1]))
journal.accept(a_voicemail(), targets=["voice_call"], now=NOON)
print("accepted", flush=True)
run = journal.claim(owner="worker", now=NOON, lease_seconds=60, probe_seconds=60)
for step in ("open", "mark"):
    run = journal.receive(run, step, {"did": step}, now=NOON, lease_seconds=60)
    print(step, flush=True)
journal.finish(run, now=NOON)
print("finished", flush=True)
"""
"""Says what the journal has promised."""


def _killed_at(flush: int, journal: Path) -> tuple[bool, list[str]]:
    """Let the work die at this flush: whether it died, and what it was promised before."""
    kill = ["strace", "-f", "-o", "/dev/null", "-e", f"inject=fsync,fdatasync:signal=KILL:when={flush}"]
    work = [*kill, sys.executable, "-c", WORK, str(journal)]
    done = subprocess.run(work, check=False, cwd=ROOT, capture_output=True, text=True, timeout=60)
    return done.returncode != 0, done.stdout.split()


@pytest.fixture
def strace() -> None:
    """Skips where processes cannot be traced."""
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    tried = subprocess.run(
        ["strace", "-o", "/dev/null", "-e", "inject=fsync:signal=KILL", sys.executable, "-c", "import os; os.fsync(0)"],
        check=False,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    if tried.returncode == 0 or "strace:" in tried.stderr:
        pytest.skip(f"this machine does not let strace trace: {tried.stderr.strip() or 'nothing was killed'}")


@pytest.mark.usefixtures("strace")
def test_a_journal_killed_at_any_flush_opens_again_and_has_kept_every_promise(tmp_path: Path) -> None:
    """What was acknowledged is there, what was not is there whole or not at all, and the work can go on."""
    deaths = 0
    for flush in range(1, AT_MOST):
        path = tmp_path / f"{flush}.db"

        died, promised = _killed_at(flush, path)

        deaths += died
        journal = SqliteJournal(path)
        runs = journal.runs()
        receipts = set(runs[0].receipts) if runs else set()
        assert journal.voicemail(a_voicemail().id) == (a_voicemail() if runs else None)
        assert runs or "accepted" not in promised
        assert receipts >= {"open", "mark"} & set(promised)
        assert "finished" not in promised or runs[0].state is RunState.DELIVERED
        assert journal.accept(a_voicemail(), targets=["voice_call"], now=NOON) is (not runs)
        journal.close()
        if not died:
            break
    assert not died
    assert deaths >= 5
