"""A journal in one DynamoDB table, shared by any number of hosts.

Every change is one conditional transaction: what was read (consistently) must still be there, or nothing is written.
The index that finds runs is a moment behind the table, so it only proposes; what it proposes is read again.
Items are described in `dynamodb_items`, the table in `dynamodb_table`.
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Any

from scv_voicemail.journal import dynamodb_items as items
from scv_voicemail.journal import transitions
from scv_voicemail.journal.dynamodb_aside import Aside
from scv_voicemail.journal.dynamodb_by_hand import ByHand
from scv_voicemail.journal.dynamodb_items import Item
from scv_voicemail.journal.dynamodb_runs import OPEN, free_at, puts_of
from scv_voicemail.journal.dynamodb_table import Busy, Changed, Put, Table
from scv_voicemail.journal.moments import from_number, to_number
from scv_voicemail.ports import KNOWN_STATES, Event, Gate, Receipt, Run, RunState
from scv_voicemail.voicemail import Transcript, Voicemail

PAGE = 25
"""How many due runs are read from the index at a time."""


class DynamoDbJournal(ByHand, Aside):
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
        super().__init__(Table(table, client=client, sleep=sleep), monotonic=monotonic)

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
        self.know_targets(targets)
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
        targets: Collection[str] | None = None,
        is_gone: Callable[[str], bool] = lambda _owner: False,
    ) -> Run | None:
        """See `ports.Journal`. Whoever loses the race for a run goes on to the next one."""
        gates = self._gates()
        passing = {target for target, (gate, _) in gates.items() if gate.lets_through(now)}
        if targets is not None:
            passing &= set(targets)
        for found in self._candidates(passing, now=now, voicemail_id=voicemail_id, is_gone=is_gone):
            run = items.run(found)
            if run.target not in passing or not _is_free(run, now=now, is_gone=is_gone):
                continue
            change = transitions.claimed(run, owner=owner, now=now, lease_seconds=lease_seconds)
            puts = puts_of(found, change)
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

    def redo(self, run: Run, *, step: str, why: str, now: datetime, and_later: bool = False) -> None:
        """See `ports.Journal`."""
        self._change(
            run,
            lambda held: transitions.sent_back(held, step=step, why=why, now=now, and_later=and_later),
            reached=True,
        )

    def finish(self, run: Run, *, now: datetime) -> None:
        """See `ports.Journal`."""
        self._change(run, lambda held: transitions.finished(held, now=now), reached=False)

    def park(self, run: Run, *, step: str, why: str, now: datetime, reached: bool) -> None:
        """See `ports.Journal`."""
        self._change(run, lambda held: transitions.parked(held, step=step, why=why, now=now), reached=reached)

    def ensure_held(self, run: Run, *, now: datetime) -> None:
        """See `ports.Journal`."""
        found = self._table.get(items.run_key(run))
        transitions.ensure_held(None if found is None else items.run(found), run, now=now)

    def keep_transcript(self, voicemail_id: str, transcript: Transcript) -> None:
        """See `ports.Journal`. Raises `BadVoicemail` when the voicemail would become larger than an item may be."""
        before = self._table.get(items.voicemail_key(voicemail_id))
        if before is None or (known := items.voicemail(before)).transcript is not None:
            return
        kept = items.changed_voicemail(before, known.with_transcript(transcript), "transcript")
        try:
            self._table.write(Put(kept, before))
        except Changed:
            return  # the other transcript was first, and stays

    def events(self, voicemail_id: str) -> list[Event]:
        """See `ports.Journal`."""
        return [items.event(one) for one in self._table.partition(items.partition(voicemail_id), begins=items.EVENTS)]

    def mend_times(self, *, now: datetime, longest: timedelta) -> int:
        """See `ports.Journal`. Reads the far end of the lanes of open runs."""
        far, mended = to_number(now + longest), 0
        for target, (gate, _) in self._gates().items():
            if transitions.gate_brought_back(gate, now=now, longest=longest) != gate:
                self._change_gate(target, lambda one: transitions.gate_brought_back(one, now=now, longest=longest))
            for state in OPEN:
                newest = self._table.lane(items.lane(state, target), limit=PAGE, newest=True)
                for key in takewhile(lambda one: one["at"] > far, newest):
                    mended += self._mend(key, now=now, longest=longest)
        return mended

    def _mend(self, key: Item, *, now: datetime, longest: timedelta) -> bool:
        found = self._table.get({"pk": key["pk"], "sk": key["sk"]})
        if found is None:
            return False
        return self._change_free(items.run(found), lambda run: transitions.brought_back(run, now=now, longest=longest))

    def counts(self) -> dict[RunState, int]:
        """See `ports.Journal`. Reads the whole index: some 25 units for every 1,000 runs, delivered ones included."""
        targets = self._gates()
        return {
            state: sum(self._table.count(items.lane(state, target)) for target in targets) for state in KNOWN_STATES
        }

    def next_due(self, *, voicemail_id: str | None = None) -> datetime | None:
        """See `ports.Journal`."""
        gates = {target: gate for target, (gate, _) in self._gates().items()}
        if voicemail_id is not None:
            free = [(run.target, free_at(run)) for run in self.runs(voicemail_id=voicemail_id) if run.state in OPEN]
        else:
            lanes = [(target, items.lane(state, target)) for target in gates for state in OPEN]
            first = [(target, next(self._table.lane(lane, limit=1), None)) for target, lane in lanes]
            free = [(target, from_number(one["at"])) for target, one in first if one is not None]
            free = free or [(run.target, free_at(run)) for run in self._not_in_the_index()]
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


def _is_free(run: Run, *, now: datetime, is_gone: Callable[[str], bool]) -> bool:
    if run.state is RunState.WAITING:
        return run.due <= now
    return run.state is RunState.RUNNING and (free_at(run) <= now or is_gone(run.owner))


def _age(item: Item) -> tuple[int, int, str, str]:
    return item["due"], item["accepted_at"], item["pk"], item["sk"]
