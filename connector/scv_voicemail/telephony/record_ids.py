"""Salesforce record ids: the guide shows 15 characters, every other API answers with 18."""

from __future__ import annotations

import re

_CHECK_CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_FIFTEEN = re.compile(r"[A-Za-z0-9]{15}")


def to_18(record_id: str) -> str:
    """The 18-character form of a 15-character id; anything else is given back as it is.

    Each of the three extra characters tells which of five characters are capitals, so that ids survive systems that
    ignore case.
    """
    if not _FIFTEEN.fullmatch(record_id):
        return record_id
    chunks = (record_id[start : start + 5] for start in (0, 5, 10))
    marks = (sum(1 << place for place, letter in enumerate(chunk) if "A" <= letter <= "Z") for chunk in chunks)
    return record_id + "".join(_CHECK_CHARACTERS[mark] for mark in marks)
