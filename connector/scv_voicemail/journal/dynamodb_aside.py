"""What the DynamoDB journal keeps beside voicemails and runs: facts about a voicemail, and notices.

Items of their own, in no lane of the index, so that 0.1.0 neither sees nor loses them. A notice that is settled stays
as an empty item: workers need no right to delete anything.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from scv_voicemail.journal import dynamodb_items as items
from scv_voicemail.journal import transitions
from scv_voicemail.journal.dynamodb_gates import RACES, too_many_races
from scv_voicemail.journal.dynamodb_items import Item
from scv_voicemail.journal.dynamodb_table import Changed, Put, Table
from scv_voicemail.ports import Notice


class Aside:
    """The part of `DynamoDbJournal` that keeps facts and notices."""

    _table: Table

    def beside(self, voicemail_id: str) -> Mapping[str, str]:
        """See `ports.Journal`."""
        found = self._table.get(items.facts_key(voicemail_id))
        return {} if found is None else items.facts(found)

    def keep_beside(self, voicemail_id: str, facts: Mapping[str, str]) -> None:
        """See `ports.Journal`."""
        key = items.facts_key(voicemail_id)

        def change(before: Item | None) -> Item:
            known = {} if before is None else items.facts(before)
            return items.of_facts(voicemail_id, known | dict(facts))

        self._change_item(key, change)

    def notice(self, *, source: str, name: str, kind: str, reason: str, now: datetime) -> None:
        """See `ports.Journal`."""
        told = transitions.a_notice(source=source, name=name, kind=kind, reason=reason, now=now)

        def change(before: Item | None) -> Item:
            known = None if before is None else items.notice(before)
            return items.of_notice(transitions.noticed(known, told))

        self._change_item(items.notice_key(told.source, told.name), change)

    def clear_notice(self, *, source: str, name: str) -> None:
        """See `ports.Journal`."""
        key = items.notice_key(transitions.kept_text(source), transitions.kept_text(name))
        self._change_item(key, lambda before: None if before is None or items.notice(before) is None else key)

    def notices(self, *, limit: int = 1000) -> list[Notice]:
        """See `ports.Journal`."""
        kept = map(items.notice, self._table.partition(items.NOTICES, begins=items.NOTICE))
        known = [notice for notice in kept if notice is not None]
        return sorted(known, key=lambda notice: notice.last_at, reverse=True)[:limit]

    def _change_item(self, key: Item, change: Callable[[Item | None], Item | None]) -> None:
        for _ in range(RACES):
            before = self._table.get(key)
            after = change(before)
            if after is None:
                return
            version = 1 if before is None else before["version"] + 1
            try:
                self._table.write(Put(after | {"version": version}, before))
            except Changed:
                continue
            return
        raise too_many_races("an item")
