"""The commands over a journal in DynamoDB."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from scv_voicemail.cli.app import app
from scv_voicemail.cli.doctor_here import examine
from scv_voicemail.cli.output import run, set_up_logging
from scv_voicemail.settings import Settings, load

from tests.dynamodb import OneAtATime, a_dynamodb

Command = Callable[..., tuple[int, str]]


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[OneAtATime]:
    """An empty DynamoDB, and settings that name a table of it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SCV_VOICEMAIL_JOURNAL", "dynamodb://voicemails")
    with a_dynamodb() as running:
        monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        yield running


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Command:
    def call(*arguments: str) -> tuple[int, str]:
        code = run(app, list(arguments))
        return code, capsys.readouterr().out

    return call


def journal_findings(settings: Settings) -> list[tuple[str, str, str]]:
    return [(one.verdict.value, one.saw, one.fix) for one in examine(settings) if one.check == "journal"]


def test_the_table_is_made_by_a_command_and_used_by_the_others(client: OneAtATime, command: Command) -> None:
    """`status` names it; making it again changes nothing."""
    made = [command("journal", "create"), command("journal", "create")]
    code, out = command("status", "--json")

    assert made == [(0, "dynamodb://voicemails is ready\n")] * 2
    assert client.list_tables()["TableNames"] == ["voicemails"]
    assert code == 0
    assert json.loads(out)["journal"] == "dynamodb://voicemails"


def test_without_the_table_the_commands_say_how_to_make_it(client: OneAtATime, command: Command) -> None:
    """It is a matter of configuration."""
    code, out = command("status", "--json")

    assert code == 3
    assert "scv-voicemail journal create" in out


def test_doctor_looks_at_the_table_and_changes_nothing(client: OneAtATime, command: Command) -> None:
    """A missing one is a failure and is not made; one that is there stays empty."""
    missing = journal_findings(load())
    tables = client.list_tables()["TableNames"]
    command("journal", "create")

    there = journal_findings(load())

    assert missing[0][0] == "FAIL"
    assert "scv-voicemail journal create" in missing[0][2]
    assert tables == []
    assert there == [("ok", "0 waiting, 0 running, 0 delivered, 0 parked", "")]
    assert client.scan(TableName="voicemails")["Count"] == 0


def test_a_sqlite_journal_needs_no_table(command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The same command opens the file, for scripts that set up either."""
    monkeypatch.setenv("SCV_VOICEMAIL_JOURNAL", str(tmp_path / "journal.db"))

    code, out = command("journal", "create", "--json")

    document: dict[str, Any] = json.loads(out)
    assert (code, document["journal"]) == (0, str(tmp_path / "journal.db"))
    assert (tmp_path / "journal.db").exists()


@pytest.mark.parametrize(("level", "shown"), [("debug", True), ("info", True), ("warning", False)])
def test_botocore_never_logs_whole_requests(level: str, shown: bool) -> None:
    """At debug it would write down what a caller said; where only warnings are wanted, it says nothing about itself."""
    root, botocore = logging.getLogger(), logging.getLogger("botocore")
    before = root.handlers[:], root.level, botocore.level
    try:
        set_up_logging(level)

        assert not botocore.isEnabledFor(logging.DEBUG)
        assert botocore.isEnabledFor(logging.INFO) is shown
    finally:
        root.handlers[:] = before[0]
        root.setLevel(before[1])
        botocore.setLevel(before[2])
