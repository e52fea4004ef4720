"""A journal in memory: for tests and for embedding where another store already holds the voicemails."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from scv_voicemail.journal import transitions
from scv_voicemail.ports import KNOWN_STATES, Event, Gate, Notice, Receipt, Run, RunState
from scv_voicemail.voicemail import Transcript, Voicemail


class MemoryJournal:
    """Keeps everything in dictionaries under one lock; gone with the process."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._voicemails: dict[str, Voicemail] = {}
        self._runs: dict[tuple[str, str], Run] = {}
        self._events: list[Event] = []
        self._gates: dict[str, Gate] = {}
        self._beside: dict[str, dict[str, str]] = {}
        self._notices: dict[tuple[str, str], Notice] = {}

    def accept(self, voicemail: Voicemail, *, targets: Sequence[str], now: datetime) -> bool:
        """See `ports.Journal`."""
        with self._lock:
            if voicemail.id in self._voicemails:
                return False
            self._voicemails[voicemail.id] = voicemail
            for target in targets:
                self._store(transitions.accepted(voicemail.id, target, now=now))
            return True

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
        with self._lock:
            free = [
                run
                for run in self._runs.values()
                if voicemail_id in (None, run.voicemail_id)
                and (targets is None or run.target in targets)
                and self._is_free(run, now=now, is_gone=is_gone)
            ]
            if not free:
                return None
            run = min(free, key=lambda one: (one.due, one.accepted_at))
            gate = self._gate(run.target)
            if gate.open_until is not None:
                self._gates[run.target] = transitions.probed(gate, now=now, probe_seconds=probe_seconds)
            return self._store(transitions.claimed(run, owner=owner, now=now, lease_seconds=lease_seconds))

    def receive(
        self, run: Run, step: str, receipt: Receipt, *, now: datetime, lease_seconds: float, reached: bool = True
    ) -> Run:
        """See `ports.Journal`."""
        with self._lock:
            held = self._held(run)
            self._close_gate(run.target, reached=reached)
            return self._store(transitions.received(held, step, receipt, now=now, lease_seconds=lease_seconds))

    def postpone(
        self, run: Run, *, step: str, why: str, due: datetime, now: datetime, failed: bool, reached: bool
    ) -> None:
        """See `ports.Journal`."""
        with self._lock:
            held = self._held(run)
            self._close_gate(run.target, reached=reached)
            if not (reached or failed) and run.target in self._gates:
                self._gates[run.target] = transitions.probe_given_back(self._gates[run.target])
            self._store(transitions.postponed(held, step=step, why=why, due=due, now=now, failed=failed))

    def redo(self, run: Run, *, step: str, why: str, now: datetime, and_later: bool = False) -> None:
        """See `ports.Journal`."""
        with self._lock:
            held = self._held(run)
            self._close_gate(run.target, reached=True)
            self._store(transitions.sent_back(held, step=step, why=why, now=now, and_later=and_later))

    def finish(self, run: Run, *, now: datetime) -> None:
        """See `ports.Journal`."""
        with self._lock:
            self._store(transitions.finished(self._held(run), now=now))

    def park(self, run: Run, *, step: str, why: str, now: datetime, reached: bool) -> None:
        """See `ports.Journal`."""
        with self._lock:
            held = self._held(run)
            self._close_gate(run.target, reached=reached)
            self._store(transitions.parked(held, step=step, why=why, now=now))

    def ensure_held(self, run: Run, *, now: datetime) -> None:
        """See `ports.Journal`."""
        with self._lock:
            transitions.ensure_held(self._runs.get((run.voicemail_id, run.target)), run, now=now)

    def add_target(self, voicemail_id: str, target: str, *, now: datetime) -> bool:
        """See `ports.Journal`."""
        with self._lock:
            if voicemail_id not in self._voicemails:
                raise transitions.unknown(voicemail_id)
            if (voicemail_id, target) in self._runs:
                return False
            self._store(transitions.accepted(voicemail_id, target, now=now))
            return True

    def retry(self, voicemail_id: str, *, now: datetime, target: str | None = None, from_step: str = "") -> int:
        """See `ports.Journal`."""
        with self._lock:
            mine = [run for run in self._of(voicemail_id) if target in (None, run.target)]
            changes = [transitions.retried(run, now=now, from_step=from_step) for run in mine]
            for change in filter(None, changes):
                gate = self._gate(self._store(change).target)
                if gate.open_until is not None:
                    self._gates[gate.target] = replace(gate, open_until=now, probe_until=None)
            return len(list(filter(None, changes)))

    def dismiss(self, voicemail_id: str, *, why: str, now: datetime, target: str | None = None) -> int:
        """See `ports.Journal`."""
        with self._lock:
            mine = [run for run in self._of(voicemail_id) if target in (None, run.target)]
            changes = [change for run in mine if (change := transitions.dismissed(run, why=why, now=now))]
            return len([self._store(change) for change in changes])

    def change_target(self, voicemail_id: str, *, old: str, new: str, now: datetime) -> bool:
        """See `ports.Journal`."""
        with self._lock:
            changes = transitions.retargeted(self._of(voicemail_id), old=old, new=new, now=now)
            return bool([self._store(change) for change in changes])

    def amend(self, voicemail_id: str, *, now: datetime, **changes: Any) -> Voicemail:
        """See `ports.Journal`."""
        with self._lock:
            known, mine = self._voicemails.get(voicemail_id), self._of(voicemail_id)
            voicemail, told = transitions.amended(known, mine, voicemail_id=voicemail_id, now=now, changes=changes)
            self._voicemails[voicemail_id] = voicemail
            self._events.append(told)
            return voicemail

    def know_targets(self, targets: Collection[str]) -> None:
        """See `ports.Journal`. Every run is found here."""

    def mend_times(self, *, now: datetime, longest: timedelta) -> int:
        """See `ports.Journal`."""
        with self._lock:
            for target, gate in list(self._gates.items()):
                self._gates[target] = transitions.gate_brought_back(gate, now=now, longest=longest)
            runs = list(self._runs.values())
            changes = [one for run in runs if (one := transitions.brought_back(run, now=now, longest=longest))]
            return len([self._store(change) for change in changes])

    def wake(self, voicemail_id: str, *, now: datetime) -> int:
        """See `ports.Journal`."""
        with self._lock:
            mine = self._of(voicemail_id)
            changes = [change for run in mine if (change := transitions.woken(run, now=now)) is not None]
            for change in changes:
                self._store(change)
            return len(changes)

    def keep_transcript(self, voicemail_id: str, transcript: Transcript) -> None:
        """See `ports.Journal`."""
        with self._lock:
            known = self._voicemails[voicemail_id]
            if known.transcript is None:
                self._voicemails[voicemail_id] = known.with_transcript(transcript)

    def trip(self, target: str, *, now: datetime, threshold: int, open_seconds: float) -> Gate:
        """See `ports.Journal`."""
        with self._lock:
            gate = transitions.tripped(self._gate(target), now=now, threshold=threshold, open_seconds=open_seconds)
            self._gates[target] = gate
            return gate

    def voicemail(self, voicemail_id: str) -> Voicemail | None:
        """See `ports.Journal`."""
        return self._voicemails.get(voicemail_id)

    def runs(self, *, voicemail_id: str | None = None, state: RunState | None = None, limit: int = 1000) -> list[Run]:
        """See `ports.Journal`."""
        with self._lock:
            chosen = [
                run
                for run in self._runs.values()
                if voicemail_id in (None, run.voicemail_id) and state in (None, run.state)
            ]
        return sorted(chosen, key=lambda run: run.accepted_at, reverse=True)[:limit]

    def events(self, voicemail_id: str) -> list[Event]:
        """See `ports.Journal`."""
        with self._lock:
            return [event for event in self._events if event.voicemail_id == voicemail_id]

    def counts(self) -> dict[RunState, int]:
        """See `ports.Journal`."""
        with self._lock:
            states = [run.state for run in self._runs.values()]
        return {state: states.count(state) for state in KNOWN_STATES}

    def gates(self) -> list[Gate]:
        """See `ports.Journal`."""
        with self._lock:
            return [gate for gate in self._gates.values() if gate.open_until is not None]

    def next_due(self, *, voicemail_id: str | None = None) -> datetime | None:
        """See `ports.Journal`."""
        with self._lock:
            times = []
            for run in self._runs.values():
                if voicemail_id not in (None, run.voicemail_id):
                    continue
                free = {RunState.WAITING: run.due, RunState.RUNNING: run.lease_until}.get(run.state)
                if free is not None:
                    times.append(max(free, self._gate(run.target).next_probe or free))
            return min(times, default=None)

    def beside(self, voicemail_id: str) -> Mapping[str, str]:
        """See `ports.Journal`."""
        with self._lock:
            return dict(self._beside.get(voicemail_id, {}))

    def keep_beside(self, voicemail_id: str, facts: Mapping[str, str]) -> None:
        """See `ports.Journal`."""
        with self._lock:
            self._beside[voicemail_id] = self._beside.get(voicemail_id, {}) | dict(facts)

    def notice(self, *, source: str, name: str, kind: str, reason: str, now: datetime) -> None:
        """See `ports.Journal`."""
        told = transitions.a_notice(source=source, name=name, kind=kind, reason=reason, now=now)
        with self._lock:
            key = told.source, told.name
            self._notices[key] = transitions.noticed(self._notices.get(key), told)

    def clear_notice(self, *, source: str, name: str) -> None:
        """See `ports.Journal`."""
        with self._lock:
            self._notices.pop((transitions.kept_text(source), transitions.kept_text(name)), None)

    def notices(self, *, limit: int = 1000) -> list[Notice]:
        """See `ports.Journal`."""
        with self._lock:
            return sorted(self._notices.values(), key=lambda one: one.last_at, reverse=True)[:limit]

    # ------------------------------------------------------------------------------------------------------ inside

    def _of(self, voicemail_id: str) -> list[Run]:
        return [run for run in self._runs.values() if run.voicemail_id == voicemail_id]

    def _is_free(self, run: Run, *, now: datetime, is_gone: Callable[[str], bool]) -> bool:
        if not self._gate(run.target).lets_through(now):
            return False
        if run.state is RunState.WAITING:
            return run.due <= now
        return run.state is RunState.RUNNING and (
            run.lease_until is None or run.lease_until <= now or is_gone(run.owner)
        )

    def _held(self, run: Run) -> Run:
        return transitions.still_held(self._runs.get((run.voicemail_id, run.target)), run)

    def _store(self, change: transitions.Change) -> Run:
        self._runs[change.run.voicemail_id, change.run.target] = change.run
        if change.event is not None:
            self._events.append(change.event)
        return change.run

    def _close_gate(self, target: str, *, reached: bool) -> None:
        if reached:
            self._gates.pop(target, None)

    def _gate(self, target: str) -> Gate:
        return self._gates.get(target, Gate(target=target))
