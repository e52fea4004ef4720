"""Links the records of one voicemail with each other, whichever was made first. Never overwrites a link.

Every target that makes a record looks for the others after it has made its own. Whoever looks last sees all of them, so
nobody has to wait: both ways are linked by then.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from scv_voicemail.delivery.field_map import FieldMap
from scv_voicemail.delivery.identity import CALL_FIELDS, compared, disagreements
from scv_voicemail.delivery.record_shape import Shape, same
from scv_voicemail.delivery.records import Records
from scv_voicemail.errors import AuthenticationFailed, Misconfigured, Rejected
from scv_voicemail.ports import Attempt, Receipt
from scv_voicemail.voicemail import Voicemail

VOICE_CALL_LINKS: Mapping[str, str] = {"RelatedRecordId": "case_id", "Voicemail__c": "custom_object_id"}
"""Fields of VoiceCall and what they point at; a custom object cannot be a RelatedRecord (Object Reference)."""


RECORDS = frozenset({"case", "custom_object"})
"""The targets that make a record beside the VoiceCall."""

MADE = RECORDS | {"voice_call"}
"""The targets that there are here: a voicemail may name others, and then goes to those that it names of these."""


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """An object that takes part: how its record of a voicemail is found, and which fields point at the others.

    `compared` are fields that tell whether the record is this voicemail's, and what they hold.
    """

    placeholder: str
    object_name: str
    key_field: str
    links: Mapping[str, str]
    compared: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, placeholder: str, fields: FieldMap) -> End:
        """The end that a field map describes."""
        return cls(
            placeholder=placeholder,
            object_name=fields.object_name,
            key_field=fields.key,
            links=dict(fields.links),
            compared=compared(fields),
        )


VOICE_CALL = End(
    placeholder="voice_call_id",
    object_name="VoiceCall",
    key_field="VendorCallKey",
    links=VOICE_CALL_LINKS,
    compared=CALL_FIELDS,
)


@dataclass(frozen=True, slots=True)
class Found:
    """A record that is there."""

    end: End
    shape: Shape
    id: str
    held: Mapping[str, object]

    def foreign_to(self, voicemail: Voicemail) -> list[str]:
        """Why it cannot be this voicemail's."""
        return disagreements(voicemail, self.held, self.end.compared)


class Links:
    """Joins what an org holds of a voicemail. An org without Voice has no VoiceCall, and nothing fails."""

    def __init__(self, records: Records, ends: Sequence[End], *, default_targets: Collection[str]) -> None:
        self.records = records
        self.ends = tuple(ends)
        self.default_targets = frozenset(default_targets)

    def join(self, attempt: Attempt, *, known: Mapping[str, str] | None = None) -> Receipt:
        """Write the links that are empty; `known` are ids by placeholder that need no looking up.

        The records are in front of the rep by now: a link that Salesforce refuses is a warning, not a failure. A
        voicemail that becomes a VoiceCall only has nothing to be linked with, and nobody is asked.
        """
        if RECORDS.isdisjoint(MADE.intersection(attempt.voicemail.targets) or self.default_targets):
            return {}
        own = dict(known or {})
        there = [one for one in (self._look(end, attempt, own) for end in self.ends) if one is not None]
        foreign = [one for one in there if own.get(one.end.placeholder) != one.id and one.foreign_to(attempt.voicemail)]
        found = [one for one in there if one not in foreign]
        ids = {one.end.placeholder: one.id for one in found} | own
        linked: list[str] = []
        notes: list[str] = []
        warnings = [f"{one.shape.name} {one.id} has this key and is another voicemail's: not linked" for one in foreign]
        for one in found:
            wanted, other = self._wanted(one, ids)
            notes += other
            if not wanted:
                continue
            try:
                self.records.update(one.shape.name, one.id, wanted)
            except AuthenticationFailed:
                raise
            except (Rejected, Misconfigured) as error:
                self.records.forget(one.end.object_name)
                warnings.append(f"{one.shape.name} was not linked: {error.what}")
            else:
                linked += [f"{one.shape.name}.{name}" for name in wanted]
        return {"linked": linked, "note": "; ".join(notes), "warning": "; ".join(warnings)}

    def _look(self, end: End, attempt: Attempt, own: Mapping[str, str]) -> Found | None:
        shape = self.records.shape(end.object_name, now=attempt.now)
        if shape is None or shape.field(end.key_field) is None:
            return None
        columns = [*end.links, *end.compared]
        rows = self.records.find(shape, key_field=end.key_field, key=attempt.voicemail.id, columns=columns)
        mine = [row for row in rows if row["Id"] == own.get(end.placeholder)]
        row = next(iter([*mine, *rows]), None)
        return Found(end, shape, str(row["Id"]), row) if row else None

    def _wanted(self, one: Found, ids: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
        """The links to write, and which fields point at something else already."""
        wanted, other = {}, []
        for name, placeholder in one.end.links.items():
            field, target = one.shape.field(name), ids.get(placeholder)
            if field is None or target is None or not self._takes(field.reference_to, placeholder):
                continue
            held = one.held.get(field.name)
            if held is None and field.updateable:
                wanted[field.name] = target
            elif held is not None and not same(str(held)[:15], target[:15]):
                other.append(f"{one.shape.name}.{field.name} points at something else and is left so")
        return wanted, other

    def _takes(self, reference_to: Collection[str], placeholder: str) -> bool:
        return any(end.object_name in reference_to for end in self.ends if end.placeholder == placeholder)
