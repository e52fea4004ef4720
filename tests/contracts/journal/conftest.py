"""Every journal in turn."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from scv_voicemail.journal.dynamodb import DynamoDbJournal
from scv_voicemail.journal.memory import MemoryJournal
from scv_voicemail.journal.sqlite import SqliteJournal

from tests.dynamodb import a_dynamodb


@pytest.fixture(params=["memory", "sqlite", "dynamodb"])
def journal(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """One journal of each kind in turn."""
    if request.param == "memory":
        yield MemoryJournal()
    elif request.param == "dynamodb":
        with a_dynamodb() as client:
            table = DynamoDbJournal("journal", client=client)
            table.create()
            yield table
    else:
        opened = SqliteJournal(tmp_path / "state" / "journal.db")
        yield opened
        opened.close()
