"""A journal in one SQLite file, shared by any number of processes on one machine.

WAL with `synchronous=FULL`: a change is on the disk when the method returns. Every change is one
`BEGIN IMMEDIATE … COMMIT`, so a kill leaves either the old state or the new one. The file holds personal data
(numbers, transcripts) and is readable by its owner only.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from scv_voicemail.errors import SettingsInvalid, Unavailable
from scv_voicemail.journal import transitions
from scv_voicemail.journal.moments import from_number, to_number
from scv_voicemail.ports import Event, Gate, Receipt, Run, RunState
from scv_voicemail.voicemail import Transcript, Voicemail

VERSION = 1
"""Of the tables below; a newer file is refused rather than guessed at."""

TABLES = """
CREATE TABLE IF NOT EXISTS voicemails (
  id TEXT PRIMARY KEY, accepted_at INTEGER NOT NULL, body TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS runs (
  voicemail_id TEXT NOT NULL REFERENCES voicemails(id), target TEXT NOT NULL, state TEXT NOT NULL,
  accepted_at INTEGER NOT NULL, due INTEGER NOT NULL, patient_since INTEGER NOT NULL,
  attempt INTEGER NOT NULL, tries INTEGER NOT NULL, crashes INTEGER NOT NULL, redone INTEGER NOT NULL,
  step_since INTEGER, owner TEXT NOT NULL, token INTEGER NOT NULL, lease_until INTEGER,
  last_error TEXT NOT NULL, receipts TEXT NOT NULL,
  PRIMARY KEY (voicemail_id, target)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS runs_by_due ON runs (state, due);
CREATE TABLE IF NOT EXISTS events (
  number INTEGER PRIMARY KEY, voicemail_id TEXT NOT NULL, target TEXT NOT NULL, at INTEGER NOT NULL,
  kind TEXT NOT NULL, step TEXT NOT NULL, detail TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS events_by_voicemail ON events (voicemail_id, number);
CREATE TABLE IF NOT EXISTS gates (
  target TEXT PRIMARY KEY, failures INTEGER NOT NULL, open_until INTEGER, probe_until INTEGER
) WITHOUT ROWID;
"""

ALL_RUNS = "runs"
RUNS_OF_ONE = "(SELECT * FROM runs WHERE voicemail_id = :id LIMIT -1) AS runs"
"""Stands at `{runs}` in a query about one voicemail; the LIMIT keeps SQLite at the primary key."""

LEASED = """
SELECT * FROM {runs} WHERE state = 'running'
  AND target NOT IN (SELECT target FROM gates WHERE open_until > :now OR probe_until > :now) ORDER BY due
"""
LONGEST_DUE = """
SELECT * FROM {runs} WHERE state = 'waiting' AND due <= :now
  AND target NOT IN (SELECT target FROM gates WHERE open_until > :now OR probe_until > :now) ORDER BY due LIMIT 1
"""
NEXT_DUE = """
SELECT MIN(at) AS at FROM (
  SELECT MIN(lease_until) AS at FROM {runs} WHERE state = 'running'
    AND target NOT IN (SELECT target FROM gates WHERE open_until IS NOT NULL)
  UNION ALL
  SELECT MIN(due) FROM {runs} WHERE state = 'waiting'
    AND target NOT IN (SELECT target FROM gates WHERE open_until IS NOT NULL)
  UNION ALL
  SELECT MAX(open_until, COALESCE(probe_until, open_until),
             (SELECT MIN(lease_until) FROM {runs} WHERE state = 'running' AND runs.target = gates.target))
    FROM gates WHERE open_until IS NOT NULL
  UNION ALL
  SELECT MAX(open_until, COALESCE(probe_until, open_until),
             (SELECT MIN(due) FROM {runs} WHERE state = 'waiting' AND runs.target = gates.target))
    FROM gates WHERE open_until IS NOT NULL
)
"""
RUNS = """
SELECT * FROM {runs} WHERE (:state IS NULL OR state = :state)
  ORDER BY accepted_at DESC, voicemail_id, target LIMIT :limit
"""
STORE_RUN = """
INSERT OR REPLACE INTO runs VALUES (
  :voicemail_id, :target, :state, :accepted_at, :due, :patient_since, :attempt, :tries, :crashes, :redone,
  :step_since, :owner, :token, :lease_until, :last_error, :receipts)
"""

_TIMES = ("accepted_at", "due", "patient_since", "step_since", "lease_until")


class SqliteJournal:
    """Opens (and on first use creates, mode 0600) the journal at `path`.

        journal = SqliteJournal(Path("journal.db"))
        journal.accept(voicemail, targets=["voice_call"], now=datetime.now(UTC))

    One connection behind one lock serves all threads of a process; SQLite's own lock serves all processes.
    `busy_seconds` is how long a writer waits for the others.
    """

    def __init__(self, path: Path, *, busy_seconds: float = 30.0) -> None:
        self.path = path
        self._lock = threading.RLock()
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
            path.chmod(0o600)
            self._db = sqlite3.connect(path, timeout=busy_seconds, isolation_level=None, check_same_thread=False)
            self._db.row_factory = sqlite3.Row
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=FULL")
            self._create_tables()
        except (OSError, sqlite3.Error) as error:
            raise SettingsInvalid(
                f"the journal {path} cannot be opened: {error}",
                service="journal",
                fix="give SCV_VOICEMAIL_JOURNAL a path on a local disk that this user may write, and a valid file",
            ) from error

    @property
    def where(self) -> str:
        """The journal's name for people."""
        return str(self.path)

    def close(self) -> None:
        """Close the file; the journal is of no use afterwards."""
        with self._lock:
            self._db.close()

    def accept(self, voicemail: Voicemail, *, targets: Sequence[str], now: datetime) -> bool:
        """See `ports.Journal`."""
        with self._commit() as db:
            new = db.execute(
                "INSERT INTO voicemails VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                (voicemail.id, _number(now), json.dumps(voicemail.to_dict())),
            ).rowcount
            if new:
                for target in targets:
                    self._store(transitions.accepted(voicemail.id, target, now=now))
            return bool(new)

    def claim(
        self,
        *,
        owner: str,
        now: datetime,
        lease_seconds: float,
        probe_seconds: float,
        voicemail_id: str | None = None,
        is_gone: Callable[[str], bool] = lambda _owner: False,
    ) -> Run | None:
        """See `ports.Journal`."""
        with self._commit():
            run = self._first_free(now=now, voicemail_id=voicemail_id, is_gone=is_gone)
            if run is None:
                return None
            gate = self._gate(run.target)
            if gate.open_until is not None:
                self._store_gate(transitions.probed(gate, now=now, probe_seconds=probe_seconds))
            return self._store(transitions.claimed(run, owner=owner, now=now, lease_seconds=lease_seconds))

    def receive(
        self, run: Run, step: str, receipt: Receipt, *, now: datetime, lease_seconds: float, reached: bool = True
    ) -> Run:
        """See `ports.Journal`."""
        with self._commit():
            held = self._held(run)
            self._close_gate(run.target, reached=reached)
            return self._store(transitions.received(held, step, receipt, now=now, lease_seconds=lease_seconds))

    def postpone(
        self, run: Run, *, step: str, why: str, due: datetime, now: datetime, failed: bool, reached: bool
    ) -> None:
        """See `ports.Journal`."""
        with self._commit():
            held = self._held(run)
            self._close_gate(run.target, reached=reached)
            if not (reached or failed) and (gate := self._gate(run.target)).probe_until is not None:
                self._store_gate(transitions.probe_given_back(gate))
            self._store(transitions.postponed(held, step=step, why=why, due=due, now=now, failed=failed))

    def redo(self, run: Run, *, step: str, why: str, now: datetime) -> None:
        """See `ports.Journal`."""
        with self._commit():
            held = self._held(run)
            self._close_gate(run.target, reached=True)
            self._store(transitions.sent_back(held, step=step, why=why, now=now))

    def finish(self, run: Run, *, now: datetime) -> None:
        """See `ports.Journal`."""
        with self._commit():
            self._store(transitions.finished(self._held(run), now=now))

    def park(self, run: Run, *, step: str, why: str, now: datetime, reached: bool) -> None:
        """See `ports.Journal`."""
        with self._commit():
            held = self._held(run)
            self._close_gate(run.target, reached=reached)
            self._store(transitions.parked(held, step=step, why=why, now=now))

    def retry(self, voicemail_id: str, *, now: datetime, target: str | None = None) -> int:
        """See `ports.Journal`."""
        with self._commit():
            stuck = [
                run
                for run in self.runs(voicemail_id=voicemail_id)
                if target in (None, run.target) and run.state in (RunState.PARKED, RunState.WAITING)
            ]
            for run in stuck:
                self._store(transitions.retried(run, now=now))
                gate = self._gate(run.target)
                if gate.open_until is not None:
                    self._store_gate(replace(gate, open_until=now, probe_until=None))
            return len(stuck)

    def wake(self, voicemail_id: str, *, now: datetime) -> int:
        """See `ports.Journal`."""
        with self._commit():
            mine = self.runs(voicemail_id=voicemail_id)
            changes = [change for run in mine if (change := transitions.woken(run, now=now)) is not None]
            for change in changes:
                self._store(change)
            return len(changes)

    def keep_transcript(self, voicemail_id: str, transcript: Transcript) -> None:
        """See `ports.Journal`."""
        with self._commit() as db:
            known = self.voicemail(voicemail_id)
            if known is not None and known.transcript is None:
                body = json.dumps(known.with_transcript(transcript).to_dict())
                db.execute("UPDATE voicemails SET body = ? WHERE id = ?", (body, voicemail_id))

    def trip(self, target: str, *, now: datetime, threshold: int, open_seconds: float) -> Gate:
        """See `ports.Journal`."""
        with self._commit():
            gate = transitions.tripped(self._gate(target), now=now, threshold=threshold, open_seconds=open_seconds)
            self._store_gate(gate)
            return gate

    def voicemail(self, voicemail_id: str) -> Voicemail | None:
        """See `ports.Journal`."""
        row = self._one("SELECT body FROM voicemails WHERE id = ?", voicemail_id)
        return None if row is None else Voicemail.from_dict(json.loads(row["body"]))

    def runs(self, *, voicemail_id: str | None = None, state: RunState | None = None, limit: int = 1000) -> list[Run]:
        """See `ports.Journal`."""
        names = {"id": voicemail_id, "state": state, "limit": limit}
        return [_run(row) for row in self._all(_narrowed(RUNS, voicemail_id), names)]

    def events(self, voicemail_id: str) -> list[Event]:
        """See `ports.Journal`."""
        rows = self._all("SELECT * FROM events WHERE voicemail_id = :id ORDER BY number", {"id": voicemail_id})
        return [
            Event(
                at=from_number(row["at"]),
                **{name: row[name] for name in ("voicemail_id", "target", "kind", "step", "detail")},
            )
            for row in rows
        ]

    def counts(self) -> dict[RunState, int]:
        """See `ports.Journal`."""
        rows = self._all("SELECT state, COUNT(*) AS many FROM runs GROUP BY state", {})
        found = {RunState(row["state"]): int(row["many"]) for row in rows}
        return {state: found.get(state, 0) for state in RunState}

    def gates(self) -> list[Gate]:
        """See `ports.Journal`."""
        return [_gate(row) for row in self._all("SELECT * FROM gates WHERE open_until IS NOT NULL", {})]

    def next_due(self, *, voicemail_id: str | None = None) -> datetime | None:
        """See `ports.Journal`."""
        row = self._all(_narrowed(NEXT_DUE, voicemail_id), {"id": voicemail_id})[0]
        return _moment(row["at"])

    # ------------------------------------------------------------------------------------------------------ inside

    @contextmanager
    def _commit(self) -> Iterator[sqlite3.Connection]:
        """One transaction that is on the disk when the block ends, or has never been."""
        with self._lock:
            try:
                self._db.execute("BEGIN IMMEDIATE")
                try:
                    yield self._db
                except BaseException:
                    self._db.execute("ROLLBACK")
                    raise
                self._db.execute("COMMIT")
            except sqlite3.Error as error:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise Unavailable(
                    f"the journal {self.path} could not be written: {error}",
                    service="journal",
                    fix="free disk space or end whatever holds the file; nothing is lost, the step is done again",
                ) from error

    def _first_free(self, *, now: datetime, voicemail_id: str | None, is_gone: Callable[[str], bool]) -> Run | None:
        names = {"id": voicemail_id, "now": _number(now)}
        for row in self._all(_narrowed(LEASED, voicemail_id), names):
            run = _run(row)
            if run.lease_until is None or run.lease_until <= now or is_gone(run.owner):
                return run
        waiting = self._all(_narrowed(LONGEST_DUE, voicemail_id), names)
        return _run(waiting[0]) if waiting else None

    def _held(self, run: Run) -> Run:
        row = self._one("SELECT * FROM runs WHERE voicemail_id = ? AND target = ?", run.voicemail_id, run.target)
        return transitions.still_held(None if row is None else _run(row), run)

    def _store(self, change: transitions.Change) -> Run:
        run = change.run
        columns: dict[str, Any] = {name: getattr(run, name) for name in Run.__dataclass_fields__}
        columns |= {name: _number(columns[name]) for name in _TIMES}
        columns["receipts"] = json.dumps(dict(run.receipts))
        self._db.execute(STORE_RUN, columns)
        if change.event is not None:
            event = change.event
            self._db.execute(
                "INSERT INTO events (voicemail_id, target, at, kind, step, detail) VALUES (?, ?, ?, ?, ?, ?)",
                (event.voicemail_id, event.target, _number(event.at), event.kind, event.step, event.detail),
            )
        return run

    def _gate(self, target: str) -> Gate:
        row = self._one("SELECT * FROM gates WHERE target = ?", target)
        return Gate(target=target) if row is None else _gate(row)

    def _store_gate(self, gate: Gate) -> None:
        self._db.execute(
            "INSERT OR REPLACE INTO gates VALUES (?, ?, ?, ?)",
            (gate.target, gate.failures, _number(gate.open_until), _number(gate.probe_until)),
        )

    def _close_gate(self, target: str, *, reached: bool) -> None:
        if reached:
            self._db.execute("DELETE FROM gates WHERE target = ?", (target,))

    def _one(self, query: str, *values: object) -> sqlite3.Row | None:
        with self._lock:
            row: sqlite3.Row | None = self._db.execute(query, values).fetchone()
            return row

    def _all(self, query: str, names: dict[str, Any]) -> list[sqlite3.Row]:
        with self._lock:
            return self._db.execute(query, names).fetchall()

    def _create_tables(self) -> None:
        with self._commit() as db:
            found = db.execute("PRAGMA user_version").fetchone()[0]
            if found > VERSION:
                raise SettingsInvalid(
                    f"the journal {self.path} was written by a newer version ({found}; this one knows {VERSION})",
                    service="journal",
                    fix="update scv-voicemail, or give SCV_VOICEMAIL_JOURNAL another path",
                )
            for statement in filter(str.strip, TABLES.split(";")):
                db.execute(statement)
            db.execute(f"PRAGMA user_version = {VERSION}")


def _narrowed(query: str, voicemail_id: str | None) -> str:
    return query.format(runs=ALL_RUNS if voicemail_id is None else RUNS_OF_ONE)


def _number(at: datetime | None) -> int | None:
    return None if at is None else to_number(at)


def _moment(number: int | None) -> datetime | None:
    return None if number is None else from_number(number)


def _run(row: sqlite3.Row) -> Run:
    values = dict(row)
    times = {name: _moment(values[name]) for name in _TIMES}
    return Run(**values | times | {"state": RunState(values["state"]), "receipts": json.loads(values["receipts"])})


def _gate(row: sqlite3.Row) -> Gate:
    return Gate(
        target=row["target"],
        failures=row["failures"],
        open_until=_moment(row["open_until"]),
        probe_until=_moment(row["probe_until"]),
    )
