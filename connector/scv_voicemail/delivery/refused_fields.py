"""Writes a record without the fields that Salesforce refuses, although its description of the object foresaw nothing.

the refusal names   what is done
any other field     it is left out, with a warning: a picklist value of another record type, a rule, an integrity check
the owner           the next one of the ladder, with a warning
the recording       tried again, then parked: without it the record is of little use
the key             parked: without it the next try would make a second record
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from scv_voicemail.delivery.field_map import FieldMap
from scv_voicemail.errors import Rejected, TryAgain

Answer = TypeVar("Answer")

OWNER, RECORD_TYPE = "ownerid", "recordtypeid"
OWNER_CODES = frozenset({"INACTIVE_OWNER_OR_USER", "OP_WITH_INVALID_USER_TYPE_EXCEPTION"})
"""Refusals of an owner that need not name the field."""

RECORDING_TRIES = 4
"""How often a recording that is refused is tried."""


class RecordingRefused(TryAgain):
    """Salesforce refuses the field that holds the recording's address."""

    max_tries = RECORDING_TRIES
    fix = "let the field take the address (its length, its validation rules), then `scv-voicemail retry ID`"


@dataclass(slots=True)
class Written:
    """What of a record was written: the values, and what was refused and why, by field."""

    values: dict[str, Any]
    refused: dict[str, str] = field(default_factory=dict)

    def warning(self, object_name: str) -> str:
        """Which fields Salesforce refused, in its own words."""
        return "; ".join(f"{object_name}.{name} refused: {why}" for name, why in self.refused.items())


def write(
    values: Mapping[str, Any],
    send: Callable[[dict[str, Any]], Answer],
    *,
    fields: FieldMap,
    next_owner: Callable[[], str] = lambda: "",
) -> tuple[Answer, Written]:
    """Send the values, without those that are refused by name; raises what leaving fields out does not mend.

    `next_owner` gives another owner than the refused one, or "".
    """
    written = Written(dict(values))
    while True:
        try:
            return send(written.values), written
        except Rejected as error:
            names = _refused(error, written.values)
            if not names or _is_duplicate(error, fields.key):
                raise
            _do_without(names, written, error, fields=fields, next_owner=next_owner)


def _refused(error: Rejected, values: Mapping[str, Any]) -> list[str]:
    """The fields of ours that the refusal names."""
    named = {name.lower() for name in error.fields} | ({OWNER} if error.code in OWNER_CODES else set())
    return [name for name in values if name.lower() in named]


def _is_duplicate(error: Rejected, key: str) -> bool:
    """The record's key is there already; another unique field of the org is a field like any other."""
    return error.code == "DUPLICATE_VALUE" and key.lower() in {name.lower() for name in error.fields}


def _do_without(
    names: list[str], written: Written, error: Rejected, *, fields: FieldMap, next_owner: Callable[[], str]
) -> None:
    for name in names:
        if name.lower() == fields.key.lower():
            raise error
        template = fields.written.get(name)
        if template is not None and "recording_location" in template.names:
            raise RecordingRefused(
                error.what, service=error.service, code=error.code, status=error.status, request_id=error.request_id
            ) from error
        if name.lower() == OWNER:
            other = "" if OWNER in {one.lower() for one in written.refused} else next_owner()
            if not other or other == written.values[name]:
                raise error
            written.values[name] = other
        else:
            del written.values[name]
        instead = "the default record type is taken; " if name.lower() == RECORD_TYPE else ""
        written.refused[name] = f"{instead}{error.what}"
