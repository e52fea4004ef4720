"""Which fields of a record are filled, and with what: templates over the facts of a voicemail, checked when read.

FieldMap("Case", key="Voicemail_External_Id__c", fields={"Subject": "Voicemail from {caller}"}, setting="case_fields")
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from string import Formatter
from typing import Any

from scv_voicemail.delivery.record_facts import FACTS, FOUND, LINKS, as_text, facts_of
from scv_voicemail.errors import SettingsInvalid
from scv_voicemail.voicemail import Mailbox, MailboxKind, Recording, Segment, Transcript, Voicemail

_API_NAME = re.compile(r"[A-Za-z]\w{0,254}", re.ASCII)
_ATTRIBUTE = re.compile(r"attribute\[[^\[\]{}]+\]")

EXAMPLE = Voicemail(
    id="example",
    caller="+14155550142",
    dialed_number="+18005550100",
    started_at=datetime(2026, 1, 1, tzinfo=UTC),
    recording=Recording(path="", duration_seconds=1.0, size_bytes=1, sha256="", location="https://example.com/a.wav"),
    transcript=Transcript(segments=(Segment(text="Hello", start_ms=0, end_ms=1, confidence=1.0),), language="en-US"),
    mailbox=Mailbox(kind=MailboxKind.QUEUE, name="Voicemail"),
)
"""What templates are tried on before the first voicemail comes."""


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a template: literal text, then a placeholder (or "") with its format specification."""

    literal: str
    name: str = ""
    spec: str = ""

    @property
    def fact(self) -> str:
        """The placeholder without its index."""
        return self.name.partition("[")[0]


@dataclass(frozen=True, slots=True)
class Template:
    """A text with placeholders as in `str.format`: `{caller}`, `{received_at:%d.%m.%Y}`, `{attribute[tier]}`."""

    parts: tuple[Part, ...]

    @classmethod
    def parse(cls, text: str) -> Template:
        """Raises ValueError with a sentence about what is wrong."""
        example = facts_of(EXAMPLE, target="example") | dict.fromkeys((*FOUND, *LINKS), "x")
        parts = []
        for literal, name, spec, conversion in Formatter().parse(text):
            part = Part(literal, name or "", spec or "")
            if name is not None:
                if conversion:
                    raise ValueError(f"has {{{name}!{conversion}}}, a conversion nobody needs here")
                if name not in example and not _ATTRIBUTE.fullmatch(name):
                    known = ", ".join(f"{{{one}}}" for one in (*FACTS, *FOUND, *LINKS))
                    raise ValueError(f"has {{{name}}}, known are {known}, {{attribute[NAME]}}")
                if part.fact == "attribute" and name == "attribute":
                    raise ValueError("has {attribute} without its name: write {attribute[NAME]}")
                _said("x" if part.fact == "attribute" else example[part.fact], part.spec)
            parts.append(part)
        return cls(tuple(parts))

    @property
    def names(self) -> frozenset[str]:
        """The facts that it needs."""
        return frozenset(part.fact for part in self.parts if part.name)

    @property
    def alone(self) -> str:
        """The placeholder, if there is nothing beside it: then its value keeps its type."""
        bare = len(self.parts) == 1 and not self.parts[0].literal and not self.parts[0].spec
        return self.parts[0].name if bare else ""

    def value(self, facts: Mapping[str, Any]) -> Any:
        """What the field gets; None when there is nothing to say."""
        if self.alone:
            value = _fact(self.parts[0], facts)
            return None if value == "" else value
        text = "".join(
            part.literal + (_said(_fact(part, facts), part.spec) if part.name else "") for part in self.parts
        )
        return text.strip() or None


class FieldMap:
    """The fields of one object: `written` when the record is made, `links` when the other record is there."""

    def __init__(self, object_name: str, *, key: str, fields: Mapping[str, str], setting: str) -> None:
        self.object_name = object_name
        self.key = key
        self.written: dict[str, Template] = {}
        self.links: dict[str, str] = {}
        for name in (object_name, key, *fields):
            if not _API_NAME.fullmatch(name):
                raise SettingsInvalid(f"{setting}: {name!r} is no API name of an object or field")
        for name, text in fields.items():
            try:
                self._add(name, Template.parse(text))
            except ValueError as error:
                raise SettingsInvalid(f"{setting}: {name} {error}", fix="correct the template") from None
        if any(name.lower() == key.lower() for name in fields):
            raise SettingsInvalid(f"{setting}: {key} holds the voicemail's id and nothing else", fix="remove the field")

    def _add(self, name: str, template: Template) -> None:
        links = template.names & LINKS.keys()
        if not links:
            self.written[name] = template
        elif template.alone:
            self.links[name] = template.alone
        else:
            raise ValueError(f"has more than {{{next(iter(links))}}}, which must stand alone")

    def values(self, facts: Mapping[str, Any]) -> dict[str, Any]:
        """What each field gets; fields about which there is nothing to say are left out."""
        values = ((name, template.value(facts)) for name, template in self.written.items())
        return {name: value for name, value in values if value is not None}


def changed(default: Mapping[str, str], changes: Mapping[str, str]) -> dict[str, str]:
    """The default map with changes: other fields come in, other templates win, an empty one takes its field away."""
    own = {name.lower(): name for name in default}
    fields = dict(default) | {own.get(name.lower(), name): text for name, text in changes.items()}
    return {name: text for name, text in fields.items() if text}


def _fact(part: Part, facts: Mapping[str, Any]) -> Any:
    if part.fact == "attribute":
        return facts["attribute"].get(part.name.removeprefix("attribute[").removesuffix("]"))
    return facts.get(part.fact)


def _said(value: Any, spec: str) -> str:
    if value in (None, "") or not spec:
        return as_text(value)
    try:
        return format(value, spec)
    except (TypeError, ValueError) as error:
        raise ValueError(f"has the format {spec!r}, which does not fit") from error
