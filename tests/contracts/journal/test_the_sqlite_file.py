"""The file that the SQLite journal keeps."""

from __future__ import annotations

import json
import os
import sqlite3
import stat
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from scv_voicemail.errors import JournalLost
from scv_voicemail.journal.sqlite import SqliteJournal
from scv_voicemail.ports import RunState

from tests.builders import NOON, a_voicemail
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


def _removed(path: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        Path(f"{path}{suffix}").unlink(missing_ok=True)


def _moved(path: Path) -> None:
    path.rename(path.with_name("elsewhere.db"))


def _replaced(path: Path) -> None:
    other = path.with_name("other.db")
    with closing(SqliteJournal(other)):
        pass
    other.rename(path)


def _cut(path: Path) -> None:
    os.truncate(path, 4096)


def _emptied(path: Path) -> None:
    os.truncate(path, 0)


@pytest.mark.covers("journal-1")
@pytest.mark.parametrize("harm", [_removed, _moved, _replaced, _cut, _emptied], ids=lambda one: one.__name__)
def test_a_journal_that_was_taken_away_is_noticed_at_the_next_write(
    tmp_path: Path, harm: Callable[[Path], None]
) -> None:
    """Nothing is written into a file that nobody can find any more, and whoever asked for it is told."""
    path = tmp_path / "journal.db"
    with closing(SqliteJournal(path)) as journal:
        for number in range(200):
            journal.accept(a_voicemail(id=f"before-{number}"), targets=["voice_call"], now=NOON)
        harm(path)

        with pytest.raises(JournalLost) as lost:
            accept(journal, id="after")

    assert str(path) in str(lost.value)
    assert "backup" in lost.value.fix


@pytest.mark.covers("journal-1")
def test_tidying_up_is_no_loss(tmp_path: Path) -> None:
    """VACUUM makes the file shorter; it is the same journal."""
    path = tmp_path / "journal.db"
    with closing(SqliteJournal(path)) as journal:
        for number in range(200):
            journal.accept(a_voicemail(id=f"v-{number}"), targets=["voice_call"], now=NOON)
        with closing(sqlite3.connect(path)) as other:
            other.execute("DELETE FROM events")
            other.commit()
            other.execute("VACUUM")

        journal.accept(a_voicemail(id="after"), targets=["voice_call"], now=NOON)

        assert journal.voicemail("after") is not None
