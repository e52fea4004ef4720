"""Runs in the DynamoDB journal: read, listed, and changed under the condition that they are as they were read."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from scv_voicemail.journal import dynamodb_items as items
from scv_voicemail.journal import transitions
from scv_voicemail.journal.dynamodb_gates import RACES, Gates, too_many_races
from scv_voicemail.journal.dynamodb_items import Item
from scv_voicemail.journal.dynamodb_table import Changed, Put, Table
from scv_voicemail.journal.moments import to_number
from scv_voicemail.ports import Gate, Run, RunState
from scv_voicemail.voicemail import Voicemail

OPEN = (RunState.WAITING, RunState.RUNNING)
INDEX_LAG_SECONDS = 10.0
"""How long a run that was written here and does not show in the index is asked for by its key."""


class Runs(Gates):
    """The part of `DynamoDbJournal` that reads and changes runs."""

    def __init__(self, table: Table, *, monotonic: Callable[[], float]) -> None:
        self._table = table
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._written: dict[tuple[str, str], tuple[float, Run]] = {}

    def voicemail(self, voicemail_id: str) -> Voicemail | None:
        """See `ports.Journal`."""
        found = self._table.get(items.voicemail_key(voicemail_id))
        return None if found is None else items.voicemail(found)

    def runs(self, *, voicemail_id: str | None = None, state: RunState | None = None, limit: int = 1000) -> list[Run]:
        """See `ports.Journal`. Those of one voicemail are up to date; a list of all is a moment behind."""
        if voicemail_id is not None:
            found: Iterator[Item] = self._table.partition(items.partition(voicemail_id), begins=items.RUNS)
        else:
            found = self._table.get_many(self._newest([state] if state else list(RunState), limit=limit))
        chosen = [run for run in map(items.run, found) if state in (None, run.state)]
        chosen.sort(key=lambda run: (-to_number(run.accepted_at), run.voicemail_id, run.target))
        return chosen[:limit]

    def _newest(self, states: Sequence[RunState], *, limit: int) -> list[Item]:
        """The keys of the newest runs in these states. Lanes of open runs are in another order and are read whole."""
        found: list[Item] = []
        for target in self._gates():
            for state in states:
                lane = items.lane(state, target)
                if state in OPEN:
                    found += self._table.lane(lane)
                else:
                    newest = self._table.lane(lane, limit=min(limit, 1000), newest=True)
                    found += (one for one, _ in zip(newest, range(limit), strict=False))
        found.sort(key=lambda one: one["accepted_at"], reverse=True)
        # A run that changed its lane meanwhile may be in two of them.
        keys = dict.fromkeys((one["pk"], one["sk"]) for one in found)
        return [{"pk": pk, "sk": sk} for pk, sk in list(keys)[:limit]]

    def _change(self, run: Run, transition: Callable[[Run], transitions.Change], *, reached: bool) -> Run:
        """Change a run whose lease this worker still holds; see `Table._put` for what stops one that does not."""
        for _ in range(RACES):
            before = self._table.get(items.run_key(run))
            held = transitions.still_held(None if before is None else items.run(before), run)
            assert before is not None, "still_held has seen to it"
            change = transition(held)
            try:
                self._table.write(*puts_of(before, change))
            except Changed:
                continue
            self._remember(change.run)
            if reached:
                self._after_an_answer(run.target, lambda gate: Gate(target=gate.target))
            return change.run
        raise too_many_races(f"the run of {run.voicemail_id}")

    def _change_free(self, run: Run, transition: Callable[[Run], transitions.Change | None]) -> bool:
        """Change a run that nobody holds; False when somebody does, or when there is nothing to change."""
        for _ in range(RACES):
            before = self._table.get(items.run_key(run))
            change = None if before is None else transition(items.run(before))
            if before is None or change is None:
                return False
            try:
                self._table.write(*puts_of(before, change))
            except Changed:
                continue
            self._remember(change.run)
            return True
        raise too_many_races(f"the run of {run.voicemail_id}")

    def _remember(self, run: Run) -> Run:
        """Keep in mind for a moment what was written here: whoever asks `next_due` right after must hear of it."""
        now = self._monotonic()
        with self._lock:
            self._written = {key: one for key, one in self._written.items() if now - one[0] < INDEX_LAG_SECONDS}
            self._written.pop((run.voicemail_id, run.target), None)
            if run.state in OPEN:
                self._written[run.voicemail_id, run.target] = (now, run)
        return run

    def _not_in_the_index(self) -> list[Run]:
        """The open runs written here a moment ago, as they are now."""
        now = self._monotonic()
        with self._lock:
            recent = [run for at, run in self._written.values() if now - at < INDEX_LAG_SECONDS]
        found = self._table.get_many([items.run_key(run) for run in recent])
        return [run for run in map(items.run, found) if run.state in OPEN]


def puts_of(before: Item, change: transitions.Change) -> list[Put]:
    """A run as it was read, as it shall be, and the line that its history gains."""
    run, *told = items.of_change(change, version=before["version"] + 1)
    return [Put(run, before), *(Put(one) for one in told)]


def free_at(run: Run) -> datetime:
    """When a waiting run is due; when a running one's lease ends."""
    return run.lease_until or run.due
