"""What people and events do to runs in the DynamoDB journal: retry, wake, dismiss, correct."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from scv_voicemail.journal import dynamodb_items as items
from scv_voicemail.journal import transitions
from scv_voicemail.journal.dynamodb_gates import RACES, too_many_races
from scv_voicemail.journal.dynamodb_runs import Runs, puts_of
from scv_voicemail.journal.dynamodb_table import Changed, Put
from scv_voicemail.voicemail import Voicemail


class ByHand(Runs):
    """The part of `DynamoDbJournal` that changes runs which no worker holds."""

    def add_target(self, voicemail_id: str, target: str, *, now: datetime) -> bool:
        """See `ports.Journal`."""
        if self._table.get(items.voicemail_key(voicemail_id)) is None:
            raise transitions.unknown(voicemail_id)
        new = transitions.accepted(voicemail_id, target, now=now)
        self.know_targets([target])
        try:
            self._table.write(*(Put(one) for one in items.of_change(new, version=1)))
        except Changed:
            return False
        self._remember(new.run)
        return True

    def retry(self, voicemail_id: str, *, now: datetime, target: str | None = None, from_step: str = "") -> int:
        """See `ports.Journal`. Run by run: called again after an interruption it puts back what is left."""
        put_back = 0
        for run in self.runs(voicemail_id=voicemail_id):
            if target in (None, run.target) and self._change_free(
                run, lambda one: transitions.retried(one, now=now, from_step=from_step)
            ):
                put_back += 1
                self._change_gate(
                    run.target,
                    lambda gate: gate if gate.open_until is None else replace(gate, open_until=now, probe_until=None),
                )
        return put_back

    def dismiss(self, voicemail_id: str, *, why: str, now: datetime, target: str | None = None) -> int:
        """See `ports.Journal`. Run by run, like `retry`."""
        mine = [run for run in self.runs(voicemail_id=voicemail_id) if target in (None, run.target)]
        return sum(self._change_free(run, lambda one: transitions.dismissed(one, why=why, now=now)) for run in mine)

    def change_target(self, voicemail_id: str, *, old: str, new: str, now: datetime) -> bool:
        """See `ports.Journal`."""
        self.know_targets([new])
        for _ in range(RACES):
            found = list(self._table.partition(items.partition(voicemail_id), begins=items.RUNS))
            changes = transitions.retargeted(map(items.run, found), old=old, new=new, now=now)
            if not changes:
                return False
            before = next(one for one in found if one["target"] == old)
            settled, added = changes
            try:
                self._table.write(*puts_of(before, settled), *(Put(one) for one in items.of_change(added, version=1)))
            except Changed:
                continue
            self._remember(added.run)
            return True
        raise too_many_races(f"the run of {voicemail_id}")

    def amend(self, voicemail_id: str, *, now: datetime, **changes: Any) -> Voicemail:
        """See `ports.Journal`. The runs are written again as they are, so that none is claimed meanwhile."""
        for _ in range(RACES):
            whole = self._table.get(items.voicemail_key(voicemail_id))
            found = list(self._table.partition(items.partition(voicemail_id), begins=items.RUNS))
            known = None if whole is None else items.voicemail(whole)
            voicemail, told = transitions.amended(
                known, map(items.run, found), voicemail_id=voicemail_id, now=now, changes=changes
            )
            assert whole is not None, "amended has seen to it"
            after = items.changed_voicemail(whole, voicemail, *changes)
            runs = [Put(one | {"version": one["version"] + 1}, one) for one in found]
            line = items.of_event(told, version=after["version"])
            try:
                self._table.write(Put(after, whole), Put(line), *runs)
            except Changed:
                continue
            return voicemail
        raise too_many_races(f"the voicemail {voicemail_id}")

    def wake(self, voicemail_id: str, *, now: datetime) -> int:
        """See `ports.Journal`. Run by run: called again after an interruption it wakes what is left."""
        mine = self.runs(voicemail_id=voicemail_id)
        return sum(self._change_free(run, lambda one: transitions.woken(one, now=now)) for run in mine)
