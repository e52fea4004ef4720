"""Files that the SQLite journal does not touch."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from scv_voicemail.errors import SettingsInvalid
from scv_voicemail.journal.sqlite import SqliteJournal


def test_a_journal_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    """An older program must not guess at newer tables."""
    path = tmp_path / "journal.db"
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()

    with pytest.raises(SettingsInvalid, match="newer version"):
        SqliteJournal(path)


def test_a_file_that_is_no_journal_is_refused_with_its_path(tmp_path: Path) -> None:
    """A foreign file is named, and left as it was."""
    path = tmp_path / "journal.db"
    path.write_bytes(b"this is not a database, " * 100)

    with pytest.raises(SettingsInvalid, match=r"journal\.db"):
        SqliteJournal(path)

    assert path.read_bytes().startswith(b"this is not a database")
