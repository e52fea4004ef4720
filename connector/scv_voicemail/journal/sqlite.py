"""A journal in one SQLite file, shared by any number of processes on one machine.

WAL with `synchronous=FULL`: a change is on the disk when the method returns. Every change is one
`BEGIN IMMEDIATE … COMMIT`, so a kill leaves either the old state or the new one. The file holds personal data
(numbers, transcripts) and is readable by its owner only.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from scv_voicemail.journal import sqlite_rows as rows
from scv_voicemail.journal import transitions
from scv_voicemail.journal.moments import to_number
from scv_voicemail.journal.sqlite_file import SqliteFile
from scv_voicemail.ports import KNOWN_STATES, Event, Gate, Notice, Receipt, Run, RunState
from scv_voicemail.voicemail import Transcript, Voicemail


class SqliteJournal:
    """Opens (and on first use creates, mode 0600) the journal at `path`.

        journal = SqliteJournal(Path("journal.db"))
        journal.accept(voicemail, targets=["voice_call"], now=datetime.now(UTC))

    One connection behind one lock serves all threads of a process; SQLite's own lock serves all processes.
    `busy_seconds` is how long a writer waits for the others.
    """

    def __init__(self, path: Path, *, busy_seconds: float = 30.0) -> None:
        self.path = path
        self._file = SqliteFile(path, tables=rows.TABLES, busy_seconds=busy_seconds)

    @property
    def where(self) -> str:
        """The journal's name for people."""
        return str(self.path)

    def close(self) -> None:
        """Close the file; the journal is of no use afterwards."""
        self._file.close()

    def accept(self, voicemail: Voicemail, *, targets: Sequence[str], now: datetime) -> bool:
        """See `ports.Journal`."""
        with self._file.commit():
            new = self._file.do(
                "INSERT INTO voicemails (id, accepted_at, body) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                (voicemail.id, to_number(now), json.dumps(voicemail.to_dict())),
            )
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
        targets: Collection[str] | None = None,
        is_gone: Callable[[str], bool] = lambda _owner: False,
    ) -> Run | None:
        """See `ports.Journal`."""
        with self._file.commit():
            run = self._first_free(now=now, voicemail_id=voicemail_id, targets=targets, is_gone=is_gone)
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
        with self._file.commit():
            held = self._held(run)
            self._close_gate(run.target, reached=reached)
            return self._store(transitions.received(held, step, receipt, now=now, lease_seconds=lease_seconds))

    def postpone(
        self, run: Run, *, step: str, why: str, due: datetime, now: datetime, failed: bool, reached: bool
    ) -> None:
        """See `ports.Journal`."""
        with self._file.commit():
            held = self._held(run)
            self._close_gate(run.target, reached=reached)
            if not (reached or failed) and (gate := self._gate(run.target)).probe_until is not None:
                self._store_gate(transitions.probe_given_back(gate))
            self._store(transitions.postponed(held, step=step, why=why, due=due, now=now, failed=failed))

    def redo(self, run: Run, *, step: str, why: str, now: datetime, and_later: bool = False) -> None:
        """See `ports.Journal`."""
        with self._file.commit():
            held = self._held(run)
            self._close_gate(run.target, reached=True)
            self._store(transitions.sent_back(held, step=step, why=why, now=now, and_later=and_later))

    def finish(self, run: Run, *, now: datetime) -> None:
        """See `ports.Journal`."""
        with self._file.commit():
            self._store(transitions.finished(self._held(run), now=now))

    def park(self, run: Run, *, step: str, why: str, now: datetime, reached: bool) -> None:
        """See `ports.Journal`."""
        with self._file.commit():
            held = self._held(run)
            self._close_gate(run.target, reached=reached)
            self._store(transitions.parked(held, step=step, why=why, now=now))

    def ensure_held(self, run: Run, *, now: datetime) -> None:
        """See `ports.Journal`."""
        transitions.ensure_held(self._stored(run), run, now=now)

    def add_target(self, voicemail_id: str, target: str, *, now: datetime) -> bool:
        """See `ports.Journal`."""
        with self._file.commit():
            if self.voicemail(voicemail_id) is None:
                raise transitions.unknown(voicemail_id)
            new = transitions.accepted(voicemail_id, target, now=now)
            if self._stored(new.run) is not None:
                return False
            self._store(new)
            return True

    def retry(self, voicemail_id: str, *, now: datetime, target: str | None = None, from_step: str = "") -> int:
        """See `ports.Journal`."""
        with self._file.commit():
            mine = [run for run in self.runs(voicemail_id=voicemail_id) if target in (None, run.target)]
            changes = [transitions.retried(run, now=now, from_step=from_step) for run in mine]
            for change in filter(None, changes):
                gate = self._gate(self._store(change).target)
                if gate.open_until is not None:
                    self._store_gate(replace(gate, open_until=now, probe_until=None))
            return len(list(filter(None, changes)))

    def dismiss(self, voicemail_id: str, *, why: str, now: datetime, target: str | None = None) -> int:
        """See `ports.Journal`."""
        with self._file.commit():
            mine = [run for run in self.runs(voicemail_id=voicemail_id) if target in (None, run.target)]
            changes = [change for run in mine if (change := transitions.dismissed(run, why=why, now=now))]
            return len([self._store(change) for change in changes])

    def change_target(self, voicemail_id: str, *, old: str, new: str, now: datetime) -> bool:
        """See `ports.Journal`."""
        with self._file.commit():
            mine = self.runs(voicemail_id=voicemail_id)
            changes = transitions.retargeted(mine, old=old, new=new, now=now)
            return bool([self._store(change) for change in changes])

    def amend(self, voicemail_id: str, *, now: datetime, **changes: Any) -> Voicemail:
        """See `ports.Journal`."""
        with self._file.commit():
            known, mine = self.voicemail(voicemail_id), self.runs(voicemail_id=voicemail_id)
            voicemail, told = transitions.amended(known, mine, voicemail_id=voicemail_id, now=now, changes=changes)
            self._store_body(voicemail, *changes)
            self._file.do(rows.STORE_EVENT, rows.of_event(told))
            return voicemail

    def know_targets(self, targets: Collection[str]) -> None:
        """See `ports.Journal`. Every run is found here."""

    def mend_times(self, *, now: datetime, longest: timedelta) -> int:
        """See `ports.Journal`."""
        far = {"far": to_number(now + longest)}
        if not self._all(rows.TOO_FAR, far) and not self._all(rows.GATES_TOO_FAR, far):
            return 0
        with self._file.commit():
            for row in self._all(rows.GATES_TOO_FAR, far):
                self._store_gate(transitions.gate_brought_back(rows.gate(row), now=now, longest=longest))
            runs = [rows.run(row) for row in self._all(rows.TOO_FAR, far)]
            changes = [one for run in runs if (one := transitions.brought_back(run, now=now, longest=longest))]
            return len([self._store(change) for change in changes])

    def wake(self, voicemail_id: str, *, now: datetime) -> int:
        """See `ports.Journal`."""
        with self._file.commit():
            mine = self.runs(voicemail_id=voicemail_id)
            changes = [change for run in mine if (change := transitions.woken(run, now=now)) is not None]
            for change in changes:
                self._store(change)
            return len(changes)

    def keep_transcript(self, voicemail_id: str, transcript: Transcript) -> None:
        """See `ports.Journal`."""
        with self._file.commit():
            known = self.voicemail(voicemail_id)
            if known is not None and known.transcript is None:
                self._store_body(known.with_transcript(transcript), "transcript")

    def trip(self, target: str, *, now: datetime, threshold: int, open_seconds: float) -> Gate:
        """See `ports.Journal`."""
        with self._file.commit():
            gate = transitions.tripped(self._gate(target), now=now, threshold=threshold, open_seconds=open_seconds)
            self._store_gate(gate)
            return gate

    def voicemail(self, voicemail_id: str) -> Voicemail | None:
        """See `ports.Journal`."""
        body = self._body(voicemail_id)
        return None if body is None else Voicemail.from_dict(body)

    def runs(self, *, voicemail_id: str | None = None, state: RunState | None = None, limit: int = 1000) -> list[Run]:
        """See `ports.Journal`."""
        names = {"id": voicemail_id, "state": state, "limit": limit}
        return [rows.run(row) for row in self._all(rows.narrowed(rows.RUNS, voicemail_id), names)]

    def events(self, voicemail_id: str) -> list[Event]:
        """See `ports.Journal`."""
        found = self._all("SELECT * FROM events WHERE voicemail_id = :id ORDER BY number", {"id": voicemail_id})
        return [rows.event(row) for row in found]

    def counts(self) -> dict[RunState, int]:
        """See `ports.Journal`."""
        counted = self._all("SELECT state, COUNT(*) AS many FROM runs GROUP BY state", {})
        found: dict[RunState, int] = dict.fromkeys(KNOWN_STATES, 0)
        for row in counted:
            state = RunState(row["state"])
            found[state] = found.get(state, 0) + int(row["many"])
        return found

    def gates(self) -> list[Gate]:
        """See `ports.Journal`."""
        return [rows.gate(row) for row in self._all("SELECT * FROM gates WHERE open_until IS NOT NULL", {})]

    def next_due(self, *, voicemail_id: str | None = None) -> datetime | None:
        """See `ports.Journal`."""
        row = self._all(rows.narrowed(rows.NEXT_DUE, voicemail_id), {"id": voicemail_id})[0]
        return rows.moment(row["at"])

    def beside(self, voicemail_id: str) -> Mapping[str, str]:
        """See `ports.Journal`."""
        found = self._all("SELECT name, value FROM facts WHERE voicemail_id = :id", {"id": voicemail_id})
        return {row["name"]: row["value"] for row in found}

    def keep_beside(self, voicemail_id: str, facts: Mapping[str, str]) -> None:
        """See `ports.Journal`."""
        with self._file.commit():
            for name, value in facts.items():
                self._file.do(rows.STORE_FACT, {"voicemail_id": voicemail_id, "name": name, "value": value})

    def notice(self, *, source: str, name: str, kind: str, reason: str, now: datetime) -> None:
        """See `ports.Journal`."""
        told = transitions.a_notice(source=source, name=name, kind=kind, reason=reason, now=now)
        with self._file.commit():
            row = self._one("SELECT * FROM notices WHERE source = ? AND name = ?", told.source, told.name)
            known = None if row is None else rows.notice(row)
            self._file.do(rows.STORE_NOTICE, rows.of_notice(transitions.noticed(known, told)))

    def clear_notice(self, *, source: str, name: str) -> None:
        """See `ports.Journal`."""
        with self._file.commit():
            key = transitions.kept_text(source), transitions.kept_text(name)
            self._file.do("DELETE FROM notices WHERE source = ? AND name = ?", key)

    def notices(self, *, limit: int = 1000) -> list[Notice]:
        """See `ports.Journal`."""
        found = self._all("SELECT * FROM notices ORDER BY last_at DESC LIMIT :limit", {"limit": limit})
        return [rows.notice(row) for row in found]

    # ------------------------------------------------------------------------------------------------------ inside

    def _first_free(
        self,
        *,
        now: datetime,
        voicemail_id: str | None,
        targets: Collection[str] | None,
        is_gone: Callable[[str], bool],
    ) -> Run | None:
        known = None if targets is None else json.dumps(sorted(targets))
        names = {"id": voicemail_id, "now": to_number(now), "targets": known}
        for row in self._file.each(rows.narrowed(rows.LEASED, voicemail_id), names):
            run = rows.run(row)
            if run.lease_until is None or run.lease_until <= now or is_gone(run.owner):
                return run
        waiting = self._file.each(rows.narrowed(rows.LONGEST_DUE, voicemail_id), names)
        return next(map(rows.run, waiting), None)

    def _stored(self, run: Run) -> Run | None:
        row = self._one("SELECT * FROM runs WHERE voicemail_id = ? AND target = ?", run.voicemail_id, run.target)
        return None if row is None else rows.run(row)

    def _held(self, run: Run) -> Run:
        return transitions.still_held(self._stored(run), run)

    def _store(self, change: transitions.Change) -> Run:
        self._file.do(rows.STORE_RUN, rows.of_run(change.run))
        if change.event is not None:
            self._file.do(rows.STORE_EVENT, rows.of_event(change.event))
        return change.run

    def _store_body(self, voicemail: Voicemail, *names: str) -> None:
        """Write these members of a voicemail's body; all others stay as they are, also those that we do not know."""
        whole = voicemail.to_dict()
        body = (self._body(voicemail.id) or {}) | {name: whole[name] for name in names}
        self._file.do("UPDATE voicemails SET body = ? WHERE id = ?", (json.dumps(body), voicemail.id))

    def _body(self, voicemail_id: str) -> dict[str, Any] | None:
        row = self._one("SELECT body FROM voicemails WHERE id = ?", voicemail_id)
        body: dict[str, Any] | None = None if row is None else json.loads(row["body"])
        return body

    def _gate(self, target: str) -> Gate:
        row = self._one("SELECT * FROM gates WHERE target = ?", target)
        return Gate(target=target) if row is None else rows.gate(row)

    def _store_gate(self, gate: Gate) -> None:
        self._file.do(rows.STORE_GATE, rows.of_gate(gate))

    def _close_gate(self, target: str, *, reached: bool) -> None:
        if reached:
            self._file.do("DELETE FROM gates WHERE target = ?", (target,))

    def _one(self, query: str, *values: object) -> sqlite3.Row | None:
        return self._file.one(query, *values)

    def _all(self, query: str, names: dict[str, Any]) -> list[sqlite3.Row]:
        return self._file.all(query, names)
