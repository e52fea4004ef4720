"""The Metadata API as `@salesforce/types` declares it: every type with its elements, and every enumeration.

The declarations are made by Salesforce from the API's own description. They are newer than the WSDL that
simple-salesforce carries, but know neither order nor number formats.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Self

_TYPE = re.compile(r"^export type (\w+) = ([^;{]*)(\{\n(.*?)^\})?;$", re.MULTILINE | re.DOTALL)
_ELEMENT = re.compile(r"^ {4}(\w+)(\?)?: (\w+)(\[\])?;$", re.MULTILINE)
_WORD = re.compile(r"'([^']*)'")
SIMPLE = {"string", "number", "boolean", "Date", "any"}


@dataclass(frozen=True, slots=True)
class Element:
    """What may stand in a type."""

    type: str
    is_required: bool
    is_repeated: bool


@dataclass(frozen=True, slots=True)
class Declarations:
    """Types by name, with their own elements and those that they inherit; enumerations by name."""

    types: Mapping[str, Mapping[str, Element]]
    enumerations: Mapping[str, frozenset[str]]

    @classmethod
    def read(cls, text: str) -> Self:
        """The declarations in a file of TypeScript."""
        own: dict[str, dict[str, Element]] = {}
        bases: dict[str, str] = {}
        enumerations: dict[str, frozenset[str]] = {}
        for name, head, body, inner in _TYPE.findall(text):
            if body:
                bases[name] = head.replace("&", "").strip()
                own[name] = {
                    element: Element(kind, is_required=not (optional or many), is_repeated=bool(many))
                    for element, optional, kind, many in _ELEMENT.findall(inner)
                }
            elif words := _WORD.findall(head):
                enumerations[name] = frozenset(words)
            else:
                bases[name], own[name] = head.strip(), {}
        types = {name: _inherited(name, own, bases) for name in own if bases[name] not in SIMPLE}
        return cls(types=types, enumerations=enumerations)


def _inherited(name: str, own: Mapping[str, dict[str, Element]], bases: Mapping[str, str]) -> dict[str, Element]:
    if name not in own:
        return {}
    return _inherited(bases[name], own, bases) | own[name]


@cache
def declarations(file: Path) -> Declarations:
    """The declarations of `@salesforce/types` in node_modules."""
    return Declarations.read(file.read_text(encoding="utf-8"))
