"""What is written today is read by yesterday's version, and what tomorrow's writes is left alone."""

from __future__ import annotations

import io
import json
import os
import sqlite3
import subprocess
import sys
import tarfile
import uuid
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from scv_voicemail.journal.dynamodb import DynamoDbJournal
from scv_voicemail.journal.sqlite import SqliteJournal
from scv_voicemail.pipeline import Pipeline
from scv_voicemail.ports import Attempt, Journal, Receipt, RunState, Step
from scv_voicemail.transcription.nothing import NoTranscription
from scv_voicemail.voicemail import Mailbox, MailboxKind

from tests.builders import a_transcript, a_voicemail, time_now
from tests.commands import environment

ROOT = Path(__file__).parents[2]
YESTERDAY = "fac0357"
"""The commit that was installed as 0.1.0: its decoders cannot be mended any more."""


@pytest.fixture(scope="module")
def yesterday(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packages of yesterday's version."""
    packed = subprocess.run(["git", "-C", ROOT, "archive", YESTERDAY, "connector"], capture_output=True, check=False)
    if packed.returncode != 0:
        pytest.skip(f"the commit {YESTERDAY} is not in this clone, so yesterday's version cannot be asked")
    folder = tmp_path_factory.mktemp("yesterday")
    with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as archive:
        archive.extractall(folder, filter="data")
    return folder / "connector"


@dataclass(frozen=True, slots=True)
class Store:
    """A journal that two versions can open: how it is named, and what a process needs to find it."""

    place: str
    settings: dict[str, str]

    def open(self) -> Any:
        kind, _, name = self.place.partition(":")
        return SqliteJournal(Path(name)) if kind == "sqlite" else DynamoDbJournal(name)


@pytest.fixture(params=["sqlite", "dynamodb"])
def store(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """Each kind of store, at a place that other processes reach."""
    if request.param == "sqlite":
        yield Store(f"sqlite:{tmp_path / 'journal.db'}", {})
        return
    pytest.importorskip("moto.server", reason="a local DynamoDB is built on moto, which is not installed")
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    settings = {
        "AWS_ENDPOINT_URL_DYNAMODB": f"http://{host}:{port}",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "nobody",
        "AWS_SECRET_ACCESS_KEY": "nothing",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    table = f"voicemails-{uuid.uuid4()}"
    DynamoDbJournal(table).create()
    yield Store(f"dynamodb:{table}", settings)
    server.stop()


def ask(packages: Path, store: Store, what: str) -> dict[str, list[str]]:
    """What another version does with the journal, and what it says of every run then."""
    answer = subprocess.run(
        [sys.executable, ROOT / "tests" / "scenarios" / "yesterday.py", what, store.place],
        env=environment(store.settings) | {"PYTHONPATH": str(packages), "PYTHONWARNINGS": "ignore"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    found: dict[str, list[str]] = json.loads(answer.stdout)
    return found


class Willing:
    """A target that always succeeds."""

    name = "voice_call"

    def steps(self) -> list[Step]:
        return [Step(name="open", run=lambda _attempt: {}), Step(name="send", run=lambda _attempt: {})]

    def add_transcript(self, _attempt: Attempt) -> Receipt:
        return {}


def work(journal: Journal) -> None:
    pipeline = Pipeline(
        journal=journal,
        targets={"voice_call": Willing()},
        default_targets=["voice_call"],
        transcriber=NoTranscription(),
        owner="today",
    )
    while pipeline.work_one():
        pass


def leave_everything(journal: Any) -> None:
    """Voicemails with all that today's version writes: facts beside, notices, tries, corrections, dismissals."""
    now = time_now() - timedelta(hours=1)

    def accept(name: str, **more: Any) -> None:
        journal.accept(a_voicemail(id=name, **more), targets=["voice_call"], now=now)

    def claim(name: str) -> Any:
        return journal.claim(owner="w", now=now, lease_seconds=60, probe_seconds=60, voicemail_id=name)

    rep = Mailbox(kind=MailboxKind.REP, name="ada@example.com")
    accept("plain")
    accept(
        "rich",
        transcript=a_transcript(),
        mailbox=rep,
        attributes=(("A__c", "1"),),
        warnings=("mended",),
        priority="High",
    )
    journal.keep_beside("rich", {"warnings": '["mended"]', "caller_name": "Ada", "missing_bytes": "7"})
    journal.notice(source="folder /in", name="a.mp3", kind="ignored", reason="no WAV", now=now)
    accept("tried")
    run = journal.receive(claim("tried"), "listen", {"transcript": "none"}, now=now, lease_seconds=60)
    journal.postpone(run, step="open", why="HTTP 503", due=now, now=now, failed=True, reached=False)
    accept("torn")
    run = journal.receive(claim("torn"), "open", {"voiceCallId": "0LQ"}, now=now, lease_seconds=60)
    journal.park(run, step="send", why="HTTP 404", now=now, reached=True)
    journal.retry("torn", now=now, from_step="open")
    accept("dead")
    claim("dead")
    accept("dismissed")
    journal.park(claim("dismissed"), step="open", why="HTTP 404", now=now, reached=True)
    journal.dismiss("dismissed", why="called back", now=now)
    accept("amended")
    journal.amend("amended", now=now, caller="+14155550199")


@pytest.mark.covers("upgrade-1", "operating-2")
def test_what_is_written_today_is_worked_by_yesterdays_version(yesterday: Path, store: Store) -> None:
    """An upgrade is undone, or runs beside the old version for a minute: nothing is parked for that."""
    with closing(store.open()) as journal:
        leave_everything(journal)

    found = ask(yesterday, store, "work")

    states = {name: state for name, (state, _) in found.items()}
    assert states == dict.fromkeys(states, "delivered") | {"dismissed": "parked"}
    assert len(states) == 7


@pytest.mark.covers("upgrade-1", "operating-2")
def test_what_yesterdays_version_wrote_is_worked_today(yesterday: Path, store: Store) -> None:
    """The backlog of an upgrade."""
    ask(yesterday, store, "leave")

    with closing(store.open()) as journal:
        work(journal)
        states = {run.voicemail_id: run.state for run in journal.runs()}

    assert states == {f"yesterday-{number}": RunState.DELIVERED for number in range(3)}


@pytest.mark.covers("upgrade-1", "operating-2")
def test_what_tomorrows_version_writes_is_left_alone_and_stops_nobody(tmp_path: Path) -> None:
    """Members, kinds, states and receipts that nobody knows yet: kept, shown, and others are delivered."""
    path = tmp_path / "journal.db"
    with closing(SqliteJournal(path)) as journal:
        for name in ("member", "kind", "state", "receipt", "plain"):
            mailbox = Mailbox(kind=MailboxKind.QUEUE, name="Support")
            journal.accept(a_voicemail(id=name, mailbox=mailbox), targets=["voice_call"], now=time_now())
    with closing(sqlite3.connect(path)) as rows, rows:
        for name, change in (("member", {"tomorrow": {"a": 1}}), ("kind", {"mailbox": {"kind": "team", "name": "A"}})):
            ((body,),) = rows.execute("SELECT body FROM voicemails WHERE id = ?", (name,)).fetchall()
            known = json.loads(body)
            known["recording"]["codec"] = "opus"
            rows.execute("UPDATE voicemails SET body = ? WHERE id = ?", (json.dumps(known | change), name))
        rows.execute("UPDATE runs SET state = 'snoozed' WHERE voicemail_id = 'state'")
        rows.execute(
            "UPDATE runs SET receipts = ? WHERE voicemail_id = 'receipt'", (json.dumps({"later": {"x": [1]}}),)
        )

    with closing(SqliteJournal(path)) as journal:
        work(journal)
        journal.keep_transcript("member", a_transcript())
        states = {run.voicemail_id: run.state for run in journal.runs()}
        counts = journal.counts()
        (waiting,) = [run for run in journal.runs() if run.voicemail_id == "kind"]
    with closing(sqlite3.connect(path)) as rows:
        bodies = dict(rows.execute("SELECT id, body FROM voicemails").fetchall())
        kept = dict(rows.execute("SELECT voicemail_id, state FROM runs").fetchall())

    assert states == {
        "member": RunState.DELIVERED,
        "receipt": RunState.DELIVERED,
        "plain": RunState.DELIVERED,
        "kind": RunState.WAITING,
        "state": RunState.NEWER,
    }
    assert "team" in waiting.last_error
    assert counts[RunState.NEWER] == 1
    assert json.loads(bodies["member"])["tomorrow"] == {"a": 1}
    assert json.loads(bodies["member"])["recording"]["codec"] == "opus"
    assert kept["state"] == "snoozed"


def test_the_environment_of_other_versions_is_ours() -> None:
    """They run with this interpreter and its packages, and with nothing of the tester's settings."""
    assert not [name for name in environment({}) if name.startswith("SCV_VOICEMAIL_") and name in os.environ]
