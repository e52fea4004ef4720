"""Finds the merge fields in a text: `Case {!Get_Case.CaseNumber} of {!$Record.FromPhoneNumber}`."""

from __future__ import annotations

import re

from scv_emulator.flows.definition import Reference, Text

_MERGE_FIELD = re.compile(r"\{!\s*(\$?[A-Za-z][A-Za-z0-9_]*(?:\.[A-Za-z][A-Za-z0-9_]*)*)\s*\}", re.ASCII)


def parse(text: str, line: int) -> Text:
    """The text in parts; what only looks like a merge field stays text."""
    parts: list[str | Reference] = []
    position = 0
    for match in _MERGE_FIELD.finditer(text):
        if match.start() > position:
            parts.append(text[position : match.start()])
        parts.append(Reference(tuple(match[1].split(".")), line))
        position = match.end()
    if position < len(text):
        parts.append(text[position:])
    return Text(tuple(parts), line)
