"""Queries, as far as needed to say what they read: the object, the fields, and the values compared with."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_SELECT = re.compile(
    r"\bSELECT\s+(?P<columns>[^\[\]'();{}]+?)\s+FROM\s+(?P<object>\w+)(?P<rest>[^\]\"]*)", re.IGNORECASE
)
_NAME = re.compile(r"^[A-Za-z]\w*(?:\.\w+)*$")
_COMPARED = re.compile(r"\b([A-Za-z]\w*(?:\.\w+)*)\s*(?:=|!=|<>|<=|>=|<|>|\bIN\b|\bNOT\s+IN\b|\bLIKE\b)", re.IGNORECASE)
_LITERAL = re.compile(r"\b(\w+)\s*=\s*'([^']*)'")
_ORDERED = re.compile(r"\bORDER\s+BY\s+(.+?)(?:\bLIMIT\b|\bFOR\b|\bOFFSET\b|$)", re.IGNORECASE | re.DOTALL)
_STRING = re.compile(r"'[^']*'")


@dataclass(frozen=True, slots=True, kw_only=True)
class Select:
    """One query. `fields` are those of the columns, of the conditions and of the order."""

    object: str
    fields: tuple[str, ...]
    literals: tuple[tuple[str, str], ...]
    start: int


def selects(text: str) -> Iterator[Select]:
    """Every query in a text."""
    for found in _SELECT.finditer(text):
        rest = found["rest"]
        bare = _STRING.sub("''", rest)
        columns = [one.strip() for one in found["columns"].split(",")]
        compared = _COMPARED.findall(bare.replace(":", " :"))
        ordered = [part.split()[0] for block in _ORDERED.findall(bare) for part in block.split(",") if part.strip()]
        names = [name for name in (*columns, *compared, *ordered) if _NAME.match(name)]
        yield Select(
            object=found["object"],
            fields=tuple(dict.fromkeys(names)),
            literals=tuple(_LITERAL.findall(rest)),
            start=found.start(),
        )
