"""The tables of the SQLite journal, the questions it asks them, and its rows as runs, events, gates and notices."""

from __future__ import annotations

import json
import sqlite3
from datetime import datetime
from typing import Any

from scv_voicemail.journal.moments import from_number, to_number
from scv_voicemail.ports import Event, Gate, Notice, Run, RunState

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
CREATE TABLE IF NOT EXISTS facts (
  voicemail_id TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (voicemail_id, name)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS notices (
  source TEXT NOT NULL, name TEXT NOT NULL, kind TEXT NOT NULL, reason TEXT NOT NULL,
  first_at INTEGER NOT NULL, last_at INTEGER NOT NULL, times INTEGER NOT NULL, PRIMARY KEY (source, name)
) WITHOUT ROWID;
"""
"""The first four are those of 0.1.0, which goes on to read and write them: what is new gets a table of its own."""

ALL_RUNS = "runs"
RUNS_OF_ONE = "(SELECT * FROM runs WHERE voicemail_id = :id LIMIT -1) AS runs"
"""Stands at `{runs}` in a query about one voicemail; the LIMIT keeps SQLite at the primary key."""

LEASED = """
SELECT * FROM {runs} WHERE state = 'running'
  AND (:targets IS NULL OR target IN (SELECT value FROM json_each(:targets)))
  AND target NOT IN (SELECT target FROM gates WHERE open_until > :now OR probe_until > :now) ORDER BY due
"""
LONGEST_DUE = """
SELECT * FROM {runs} WHERE state = 'waiting' AND due <= :now
  AND (:targets IS NULL OR target IN (SELECT value FROM json_each(:targets)))
  AND target NOT IN (SELECT target FROM gates WHERE open_until > :now OR probe_until > :now) ORDER BY due
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
TOO_FAR = """
SELECT * FROM runs WHERE (state = 'waiting' AND due > :far) OR (state = 'running' AND lease_until > :far) LIMIT 1000
"""
GATES_TOO_FAR = "SELECT * FROM gates WHERE open_until > :far OR probe_until > :far"
RUNS = """
SELECT * FROM {runs} WHERE (:state IS NULL OR state = :state)
  ORDER BY accepted_at DESC, voicemail_id, target LIMIT :limit
"""

RUN = tuple(Run.__dataclass_fields__)
TIMES = ("accepted_at", "due", "patient_since", "step_since", "lease_until")
EVENT = ("voicemail_id", "target", "kind", "step", "detail")
GATE = ("target", "failures", "open_until", "probe_until")
NOTICE = tuple(Notice.__dataclass_fields__)


def upsert(table: str, columns: tuple[str, ...], *, key: int) -> str:
    """Write a row whose first `key` columns are its key; columns that only a newer version knows stay as they are."""
    names, values = ", ".join(columns), ", ".join(f":{name}" for name in columns)
    changes = ", ".join(f"{name} = excluded.{name}" for name in columns[key:])
    on = ", ".join(columns[:key])
    return f"INSERT INTO {table} ({names}) VALUES ({values}) ON CONFLICT ({on}) DO UPDATE SET {changes}"  # noqa: S608 - our own names


STORE_RUN = upsert("runs", RUN, key=2)
STORE_GATE = upsert("gates", GATE, key=1)
STORE_FACT = upsert("facts", ("voicemail_id", "name", "value"), key=2)
STORE_NOTICE = upsert("notices", NOTICE, key=2)
STORE_EVENT = "INSERT INTO events (voicemail_id, target, at, kind, step, detail) VALUES (?, ?, ?, ?, ?, ?)"


def narrowed(query: str, voicemail_id: str | None) -> str:
    """A question about all runs, or about those of one voicemail."""
    return query.format(runs=ALL_RUNS if voicemail_id is None else RUNS_OF_ONE)


def number(at: datetime | None) -> int | None:
    """A time as it is kept."""
    return None if at is None else to_number(at)


def moment(at: int | None) -> datetime | None:
    """A time as it was kept."""
    return None if at is None else from_number(at)


def of_run(run: Run) -> dict[str, Any]:
    """A run as a row."""
    row: dict[str, Any] = {name: getattr(run, name) for name in RUN}
    row |= {name: number(row[name]) for name in TIMES}
    row["receipts"] = json.dumps(dict(run.receipts))
    return row


def run(row: sqlite3.Row) -> Run:
    """The run that `of_run` wrote."""
    values: dict[str, Any] = {name: row[name] for name in RUN}
    times = {name: moment(values[name]) for name in TIMES}
    return Run(**values | times | {"state": RunState(values["state"]), "receipts": json.loads(values["receipts"])})


def of_event(event: Event) -> tuple[object, ...]:
    """What `STORE_EVENT` takes."""
    return event.voicemail_id, event.target, number(event.at), event.kind, event.step, event.detail


def event(row: sqlite3.Row) -> Event:
    """A line of the history."""
    return Event(at=from_number(row["at"]), **{name: row[name] for name in EVENT})


def of_gate(gate: Gate) -> dict[str, Any]:
    """A gate as a row."""
    until = {"open_until": number(gate.open_until), "probe_until": number(gate.probe_until)}
    return {"target": gate.target, "failures": gate.failures} | until


def gate(row: sqlite3.Row) -> Gate:
    """The gate that `of_gate` wrote."""
    until = {"open_until": moment(row["open_until"]), "probe_until": moment(row["probe_until"])}
    return Gate(target=row["target"], failures=row["failures"], **until)


def of_notice(notice: Notice) -> dict[str, Any]:
    """A notice as a row."""
    row = {name: getattr(notice, name) for name in NOTICE}
    return row | {"first_at": to_number(notice.first_at), "last_at": to_number(notice.last_at)}


def notice(row: sqlite3.Row) -> Notice:
    """The notice that `of_notice` wrote."""
    values: dict[str, Any] = {name: row[name] for name in NOTICE}
    return Notice(**values | {"first_at": from_number(row["first_at"]), "last_at": from_number(row["last_at"])})
