"""The file that the SQLite journal keeps."""

from __future__ import annotations

import json
import sqlite3
import stat
from pathlib import Path

from scv_voicemail.journal.sqlite import SqliteJournal
from scv_voicemail.ports import RunState

from tests.builders import NOON
from tests.contracts.journal.claims import accept, claim, held


def test_the_sqlite_file_is_its_owners_only(tmp_path: Path) -> None:
    """The journal and its side files hold personal data: mode 0600, also when the file was there before."""
    path = tmp_path / "journal.db"
    path.touch(mode=0o644)

    journal = SqliteJournal(path)
    accept(journal)

    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}
    journal.close()
    assert set(modes.values()) == {0o600}, modes


def test_two_processes_share_one_sqlite_file(tmp_path: Path) -> None:
    """What one connection accepts another claims, and the leases hold between them."""
    one, two = SqliteJournal(tmp_path / "journal.db"), SqliteJournal(tmp_path / "journal.db")
    accept(one)

    run = held(two)

    assert claim(one, owner="b") is None
    two.finish(run, now=NOON)
    assert one.counts()[RunState.DELIVERED] == 1
    one.close()
    two.close()


def test_receipts_are_plain_json_in_the_file(tmp_path: Path) -> None:
    """An engineer can read the journal with the sqlite3 shell."""
    journal = SqliteJournal(tmp_path / "journal.db")
    accept(journal)
    journal.receive(held(journal), "open", {"voiceCallId": "0LQ"}, now=NOON, lease_seconds=60)
    journal.close()

    with sqlite3.connect(tmp_path / "journal.db") as db:
        (text,) = db.execute("SELECT receipts FROM runs").fetchone()
    db.close()

    assert json.loads(text) == {"open": {"voiceCallId": "0LQ"}}
