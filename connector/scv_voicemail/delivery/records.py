"""The records of one org, as the record targets need them: described once in a while, found by key, written once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from scv_voicemail.delivery.record_shape import Shape
from scv_voicemail.errors import PermissionMissing, Rejected
from scv_voicemail.salesforce import SalesforceClient

KEEP_SECONDS = 600.0
"""How long a description is believed; a field that is deployed meanwhile is used after that at the latest."""

_UNKNOWN_OBJECT = frozenset({"NOT_FOUND", "INVALID_TYPE"})


class Records:
    """Finds and writes records by their key. Safe to share between threads."""

    def __init__(self, salesforce: SalesforceClient) -> None:
        self.salesforce = salesforce
        self._shapes: dict[str, tuple[datetime, Shape | None]] = {}

    def shape(self, object_name: str, *, now: datetime) -> Shape | None:
        """What the integration user sees of the object; None when there is none, or none to be seen."""
        read_at, shape = self._shapes.get(object_name, (None, None))
        if read_at is None or now - read_at >= timedelta(seconds=KEEP_SECONDS):
            shape = self._describe(object_name, now=now)
            self._shapes[object_name] = (now, shape)
        return shape

    def forget(self, object_name: str) -> None:
        """Ask again next time: what Salesforce refused does not agree with what it said before."""
        self._shapes.pop(object_name, None)

    def find(self, shape: Shape, *, key_field: str, key: str, columns: Iterable[str] = ()) -> list[dict[str, Any]]:
        """The first two records with this key, oldest first; columns that the user cannot see are not asked for."""
        seen = [one.name for one in (shape.field(name) for name in columns) if one is not None]
        names = ", ".join(dict.fromkeys(["Id", *seen]))
        # Names come from describe and from checked settings; only values are bound.
        soql = f"SELECT {names} FROM {shape.name} WHERE {key_field} = :key ORDER BY CreatedDate, Id LIMIT 2"  # noqa: S608
        return self.salesforce.query(soql, key=key)

    def create(self, object_name: str, fields: Mapping[str, Any], *, assignment_rules: bool = False) -> str:
        """A new record; its id. Raises `Rejected` with the code DUPLICATE_VALUE when the key is taken."""
        return self.salesforce.create(object_name, fields, assignment_rules=assignment_rules)

    def update(self, object_name: str, record_id: str, fields: Mapping[str, Any]) -> None:
        """Change fields of a record; assignment rules are never run again."""
        self.salesforce.update(object_name, record_id, fields)

    def _describe(self, object_name: str, *, now: datetime) -> Shape | None:
        try:
            return Shape.of(self.salesforce.describe(object_name), read_at=now)
        except (Rejected, PermissionMissing) as error:
            if error.code in _UNKNOWN_OBJECT or error.status == 404:
                return None
            raise
