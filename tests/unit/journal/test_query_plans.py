"""How SQLite answers what a worker asks again and again: a full journal must not slow it down."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from scv_voicemail.journal import sqlite_rows as sqlite
from scv_voicemail.journal.sqlite import SqliteJournal

PARAMETERS = {"id": "one", "now": 0, "state": None, "limit": 1, "targets": None}
ASKED_BY_EVERY_CLAIM = (sqlite.LEASED, sqlite.LONGEST_DUE, sqlite.NEXT_DUE)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[SqliteJournal]:
    """An empty journal: SQLite plans by the indexes, not by what is in the tables."""
    opened = SqliteJournal(tmp_path / "journal.db")
    yield opened
    opened.close()


def plan(journal: SqliteJournal, query: str) -> list[str]:
    return [str(row["detail"]) for row in journal._all(f"EXPLAIN QUERY PLAN {query}", PARAMETERS)]


@pytest.mark.parametrize("query", ASKED_BY_EVERY_CLAIM)
def test_a_claim_searches_the_index_of_what_is_due(journal: SqliteJournal, query: str) -> None:
    """Neither delivered voicemails nor those that wait for later are looked at."""
    steps = plan(journal, query.format(runs=sqlite.ALL_RUNS))

    searched = [step for step in steps if "runs" in step]

    assert searched
    assert all("INDEX runs_by_due (state=?" in step for step in searched)


@pytest.mark.parametrize("query", [*ASKED_BY_EVERY_CLAIM, sqlite.RUNS])
def test_one_voicemail_is_found_by_its_key(journal: SqliteJournal, query: str) -> None:
    """Whoever asks for one voicemail reads the runs of that one, however many others are waiting."""
    steps = plan(journal, query.format(runs=sqlite.RUNS_OF_ONE))

    assert any("runs USING PRIMARY KEY (voicemail_id=?" in step for step in steps)
    assert not any("runs_by_due" in step for step in steps)
