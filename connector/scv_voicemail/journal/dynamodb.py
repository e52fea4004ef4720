"""A journal in one DynamoDB table, shared by any number of hosts.

Every change is one conditional transaction: what was read (consistently) must still be there, or nothing is written.
The index that finds runs is a moment behind the table, so it only proposes; what it proposes is read again.
Items are described in `dynamodb_items`, the table in `dynamodb_table`.
"""

from __future__ import annotations

import contextlib
import heapq
import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from scv_voicemail.errors import TryAgain, Unavailable
from scv_voicemail.journal import dynamodb_items as items
from scv_voicemail.journal import transitions
from scv_voicemail.journal.dynamodb_items import Item
from scv_voicemail.journal.dynamodb_table import Busy, Changed, Put, Table
from scv_voicemail.journal.moments import from_number, to_number
from scv_voicemail.ports import Event, Gate, Receipt, Run, RunState
from scv_voicemail.voicemail import Transcript, Voicemail

log = logging.getLogger(__name__)

OPEN = (RunState.WAITING, RunState.RUNNING)
RACES = 20
"""How often a write is begun anew because somebody else was faster; each time somebody did get on."""
PAGE = 25
"""How many due runs are read from the index at a time."""
INDEX_LAG_SECONDS = 10.0
"""How long a run that was written here and does not show in the index is asked for by its key."""


class DynamoDbJournal:
    """The journal in the table of this name, which `create` makes. Any number of threads may use it.

        journal = DynamoDbJournal("voicemails")
        journal.accept(voicemail, targets=["voice_call"], now=datetime.now(UTC))

    `client` is a boto3 DynamoDB client, by default the one that boto3's own settings describe.
    """

    def __init__(
        self,
        table: str,
        *,
        client: Any = None,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._table = Table(table, client=client, sleep=sleep)
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._targets: frozenset[str] = frozenset()
        self._written: dict[tuple[str, str], tuple[float, Run]] = {}

    @property
    def where(self) -> str:
        """The journal's name for people."""
        return f"dynamodb://{self._table.name}"

    def close(self) -> None:
        """Close the connections; the journal is of no use afterwards."""
        self._table.close()

    def create(self) -> None:
        """Make the table; one that is there stays as it is."""
        self._table.create()

    def check_rights(self) -> None:
        """Raises unless this journal can be written; changes nothing, because the write's condition cannot hold."""
        nobody = {"pk": "doctor", "sk": "nobody", "version": 0}
        try:
            self._table.write(Put(nobody, before=nobody))
        except Changed:
            return

    def accept(self, voicemail: Voicemail, *, targets: Sequence[str], now: datetime) -> bool:
        """See `ports.Journal`. Raises `BadVoicemail` for one that is larger than an item may be; nothing is kept."""
        told = [transitions.accepted(voicemail.id, target, now=now) for target in dict.fromkeys(targets)]
        whole = items.of_voicemail(voicemail, version=1)
        self._know_targets(targets)
        try:
            self._table.write(*(Put(one) for one in [whole, *(i for c in told for i in items.of_change(c, version=1))]))
        except Changed:
            return False
        for change in told:
            self._remember(change.run)
        return True

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
        """See `ports.Journal`. Whoever loses the race for a run goes on to the next one."""
        gates = self._gates()
        passing = {target for target, (gate, _) in gates.items() if gate.lets_through(now)}
        for found in self._candidates(passing, now=now, voicemail_id=voicemail_id, is_gone=is_gone):
            run = items.run(found)
            if run.target not in passing or not _is_free(run, now=now, is_gone=is_gone):
                continue
            change = transitions.claimed(run, owner=owner, now=now, lease_seconds=lease_seconds)
            puts = _puts(found, change)
            gate, before = gates[run.target]
            if gate.open_until is not None:
                probed = transitions.probed(gate, now=now, probe_seconds=probe_seconds)
                puts.append(Put(items.of_gate(probed, version=before["version"] + 1), before))
            try:
                self._table.write(*puts, patient=False)
            except Changed as lost:
                if gate.open_until is not None and len(puts) - 1 in lost.places:
                    passing.discard(run.target)  # somebody else probes
                continue
            except Busy:
                continue
            return self._remember(change.run)
        return None

    def receive(
        self, run: Run, step: str, receipt: Receipt, *, now: datetime, lease_seconds: float, reached: bool = True
    ) -> Run:
        """See `ports.Journal`."""
        return self._change(
            run,
            lambda held: transitions.received(held, step, receipt, now=now, lease_seconds=lease_seconds),
            reached=reached,
        )

    def postpone(
        self, run: Run, *, step: str, why: str, due: datetime, now: datetime, failed: bool, reached: bool
    ) -> None:
        """See `ports.Journal`."""
        self._change(
            run,
            lambda held: transitions.postponed(held, step=step, why=why, due=due, now=now, failed=failed),
            reached=reached,
        )
        if not (reached or failed):
            self._after_an_answer(run.target, transitions.probe_given_back)

    def redo(self, run: Run, *, step: str, why: str, now: datetime) -> None:
        """See `ports.Journal`."""
        self._change(run, lambda held: transitions.sent_back(held, step=step, why=why, now=now), reached=True)

    def finish(self, run: Run, *, now: datetime) -> None:
        """See `ports.Journal`."""
        self._change(run, lambda held: transitions.finished(held, now=now), reached=False)

    def park(self, run: Run, *, step: str, why: str, now: datetime, reached: bool) -> None:
        """See `ports.Journal`."""
        self._change(run, lambda held: transitions.parked(held, step=step, why=why, now=now), reached=reached)

    def retry(self, voicemail_id: str, *, now: datetime, target: str | None = None) -> int:
        """See `ports.Journal`. Run by run: called again after an interruption it puts back what is left."""
        put_back = 0
        for run in self.runs(voicemail_id=voicemail_id):
            if target in (None, run.target) and self._make_due(run, _retried, now=now):
                put_back += 1
                self._change_gate(
                    run.target,
                    lambda gate: gate if gate.open_until is None else replace(gate, open_until=now, probe_until=None),
                )
        return put_back

    def wake(self, voicemail_id: str, *, now: datetime) -> int:
        """See `ports.Journal`. Run by run: called again after an interruption it wakes what is left."""
        return sum(self._make_due(run, transitions.woken, now=now) for run in self.runs(voicemail_id=voicemail_id))

    def keep_transcript(self, voicemail_id: str, transcript: Transcript) -> None:
        """See `ports.Journal`. Raises `BadVoicemail` when the voicemail would become larger than an item may be."""
        before = self._table.get(items.voicemail_key(voicemail_id))
        if before is None or (known := items.voicemail(before)).transcript is not None:
            return
        kept = items.of_voicemail(known.with_transcript(transcript), version=before["version"] + 1)
        try:
            self._table.write(Put(kept, before))
        except Changed:
            return  # the other transcript was first, and stays

    def trip(self, target: str, *, now: datetime, threshold: int, open_seconds: float) -> Gate:
        """See `ports.Journal`."""
        self._know_targets([target])
        return self._change_gate(
            target,
            lambda gate: transitions.tripped(gate, now=now, threshold=threshold, open_seconds=open_seconds),
        )

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

    def events(self, voicemail_id: str) -> list[Event]:
        """See `ports.Journal`."""
        return [items.event(one) for one in self._table.partition(items.partition(voicemail_id), begins=items.EVENTS)]

    def counts(self) -> dict[RunState, int]:
        """See `ports.Journal`. Reads the whole index: some 25 units for every 1,000 runs, delivered ones included."""
        targets = self._gates()
        return {state: sum(self._table.count(items.lane(state, target)) for target in targets) for state in RunState}

    def gates(self) -> list[Gate]:
        """See `ports.Journal`."""
        return [gate for gate, _ in self._gates().values() if gate.open_until is not None]

    def next_due(self, *, voicemail_id: str | None = None) -> datetime | None:
        """See `ports.Journal`."""
        gates = {target: gate for target, (gate, _) in self._gates().items()}
        if voicemail_id is not None:
            free = [(run.target, _free_at(run)) for run in self.runs(voicemail_id=voicemail_id) if run.state in OPEN]
        else:
            lanes = [(target, items.lane(state, target)) for target in gates for state in OPEN]
            first = [(target, next(self._table.lane(lane, limit=1), None)) for target, lane in lanes]
            free = [(target, from_number(one["at"])) for target, one in first if one is not None]
            free = free or [(run.target, _free_at(run)) for run in self._not_in_the_index()]
        times = [max(at, gates.get(target, Gate(target=target)).next_probe or at) for target, at in free]
        return min(times, default=None)

    # ------------------------------------------------------------------------------------------------------ inside

    def _candidates(
        self, targets: set[str], *, now: datetime, voicemail_id: str | None, is_gone: Callable[[str], bool]
    ) -> Iterator[Item]:
        """Runs that look free, due longest first, each as it is now."""
        if voicemail_id is not None:
            yield from sorted(self._table.partition(items.partition(voicemail_id), begins=items.RUNS), key=_age)
            return
        at = to_number(now)
        running = [one for target in targets for one in self._table.lane(items.lane(RunState.RUNNING, target))]
        leased = sorted((one for one in running if one["at"] <= at or is_gone(one["owner"])), key=_age)
        lanes = [items.lane(RunState.WAITING, target) for target in targets]
        waiting = (self._table.lane(lane, until=at, limit=PAGE) for lane in lanes)
        for proposed in heapq.merge(leased, *waiting, key=_age):
            found = self._table.get({"pk": proposed["pk"], "sk": proposed["sk"]})
            if found is not None:
                yield found

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
                self._table.write(*_puts(before, change))
            except Changed:
                continue
            self._remember(change.run)
            if reached:
                self._after_an_answer(run.target, lambda gate: Gate(target=gate.target))
            return change.run
        raise _too_many_races(f"the run of {run.voicemail_id}")

    def _make_due(self, run: Run, transition: Callable[..., transitions.Change | None], *, now: datetime) -> bool:
        """Change a run that nobody holds; False when somebody does, or when there is nothing to change."""
        for _ in range(RACES):
            before = self._table.get(items.run_key(run))
            change = None if before is None else transition(items.run(before), now=now)
            if before is None or change is None:
                return False
            try:
                self._table.write(*_puts(before, change))
            except Changed:
                continue
            self._remember(change.run)
            return True
        raise _too_many_races(f"the run of {run.voicemail_id}")

    # ------------------------------------------------------------------------------------------------------- gates

    def _gates(self) -> dict[str, tuple[Gate, Item]]:
        """Every target that was ever used, with its gate and the item that says so."""
        found = list(self._table.partition(items.GATES, begins=items.GATE))
        return {one["target"]: (items.gate(one), one) for one in found}

    def _know_targets(self, targets: Sequence[str]) -> None:
        """A target is on the list before its first run is written, so that no lane is ever overlooked."""
        for target in frozenset(targets) - self._targets:
            with contextlib.suppress(Changed):  # it is there
                self._table.write(Put(items.of_gate(Gate(target=target), version=1)))
            self._targets |= {target}

    def _change_gate(self, target: str, change: Callable[[Gate], Gate]) -> Gate:
        for _ in range(RACES):
            before = self._table.get(items.gate_key(target))
            gate = Gate(target=target) if before is None else items.gate(before)
            changed = change(gate)
            if changed == gate:
                return gate
            version = 1 if before is None else before["version"] + 1
            try:
                self._table.write(Put(items.of_gate(changed, version=version), before))
            except Changed:
                continue
            return changed
        raise _too_many_races(f"the gate of {target}")

    def _after_an_answer(self, target: str, change: Callable[[Gate], Gate]) -> None:
        """The run is written already; a gate that cannot be changed now is left to the next answer."""
        try:
            self._change_gate(target, change)
        except TryAgain as error:
            log.warning("the gate of %s stays as it is until the next answer: %s", target, error.brief)

    # ------------------------------------------------------------------------------------------ the index is behind

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


def _puts(before: Item, change: transitions.Change) -> list[Put]:
    run, *told = items.of_change(change, version=before["version"] + 1)
    return [Put(run, before), *(Put(one) for one in told)]


def _retried(run: Run, *, now: datetime) -> transitions.Change | None:
    return transitions.retried(run, now=now) if run.state in (RunState.PARKED, RunState.WAITING) else None


def _is_free(run: Run, *, now: datetime, is_gone: Callable[[str], bool]) -> bool:
    if run.state is RunState.WAITING:
        return run.due <= now
    return run.state is RunState.RUNNING and (_free_at(run) <= now or is_gone(run.owner))


def _free_at(run: Run) -> datetime:
    """When a waiting run is due; when a running one's lease ends."""
    return run.lease_until or run.due


def _age(item: Item) -> tuple[int, int, str, str]:
    return item["due"], item["accepted_at"], item["pk"], item["sk"]


def _too_many_races(what: str) -> Unavailable:
    return Unavailable(f"{what} was changed by others {RACES} times in a row", service="journal")
