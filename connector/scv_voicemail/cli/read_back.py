"""What was read back, beside what it should be: as a table for people, and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from scv_voicemail.cli.output import show_table

if TYPE_CHECKING:
    from scv_voicemail.cli.rehearsal import Comparison


def show_comparisons(comparisons: Sequence[Comparison]) -> None:
    """A row for each; what differs shows both sides."""
    show_table(
        "\nWhat Salesforce holds, read back, beside what the caller left",
        ("", "what", "found"),
        [("ok" if one.agrees else "DIFFERS", one.name, _told(one)) for one in comparisons],
    )


def as_data(one: Comparison) -> dict[str, Any]:
    """A comparison as JSON."""
    values = {"expected": one.expected, "found": one.found}
    dated = {name: value.isoformat() for name, value in values.items() if isinstance(value, datetime)}
    return {"name": one.name, **values, **dated, "agrees": one.agrees}


def _told(one: Comparison) -> str:
    if not one.agrees:
        return f"{_words(one.found)}\nexpected: {_words(one.expected)}"
    if one.name in ("transcript", "timed segments") and isinstance(one.found, list):
        return f"{len(one.found)} entries, word for word"
    text = _words(one.found)
    return text if len(text) <= 60 else f"{text[:23]}…"


def _words(value: object) -> str:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S} UTC"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "; ".join(map(str, value)) or "nothing" if isinstance(value, list) else str(value)
