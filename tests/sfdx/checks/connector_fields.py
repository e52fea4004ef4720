"""What the connector writes fits into the fields: they exist, have the type, are long enough, take every value.

Read from the connector's own field maps; nothing is repeated here but how long things get.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from functools import cache
from itertools import product
from types import MappingProxyType
from typing import Any

from scv_emulator.seed import Seed
from scv_voicemail.delivery import announcement, case, custom_object, links
from scv_voicemail.delivery.field_map import EXAMPLE, Template
from scv_voicemail.delivery.record_facts import FACTS, FOUND, LINKS, Whole, facts_of
from scv_voicemail.telephony import CallOrigin
from scv_voicemail.voicemail import Mailbox, MailboxKind, Transcript, Voicemail

from tests.sfdx.checks.catalog import catalog_of
from tests.sfdx.checks.component import Finding
from tests.sfdx.checks.project import Project
from tests.sfdx.checks.standard_names import FieldFacts

RECORD_MAPS: Mapping[str, tuple[str, Mapping[str, str]]] = MappingProxyType(
    {
        "Case": (case.CASE_KEY, case.CASE_FIELDS),
        custom_object.VOICEMAIL_OBJECT: (custom_object.VOICEMAIL_KEY, custom_object.VOICEMAIL_FIELDS),
    }
)
"""Key and field map by object."""

FITTING: Mapping[type, set[str]] = MappingProxyType(
    {
        bool: {"Checkbox"},
        datetime: {"DateTime"},
        int: {"Number"},
        float: {"Number"},
        str: {"Text", "Phone", "Picklist", "LongTextArea"},
        Whole: {"LongTextArea", "Url", "Text"},
        list: {"LongTextArea"},
        dict: {"LongTextArea"},
    }
)
"""Types of fields that a value of Python fits into."""

POINTS_AT = MappingProxyType(
    {
        "contact_id": "Contact",
        "account_id": "Account",
        "voice_call_id": "VoiceCall",
        "case_id": "Case",
        "custom_object_id": custom_object.VOICEMAIL_OBJECT,
    }
)
"""What ids are ids of; the owner is a user or a group."""

PHONE_LENGTH, ID_LENGTH, NAME_LENGTH = 40, 18, 80
"""Of phone fields and ids; of developer names and usernames."""
LONGEST = MappingProxyType(
    {
        "id": Voicemail.MAX_ID_LENGTH,
        "caller": 16,
        "dialed_number": 16,
        "mailbox_name": NAME_LENGTH,
        "language": 20,
        "source": 40,
        "recording_location": 1024,
    }
)
"""How long these facts get: E.164, names of the org, BCP 47 tags, names of our sources, addresses."""
CUT = frozenset({"transcript", "transcript_segments", "delivery_key", "duration", "directness", "mailbox_type"})
"""Facts that are cut, or always short. A delivery key is cut only when the voicemail's id has over 240 characters."""


def check_field_maps(project: Project) -> Iterator[Finding]:
    """Every field of the default field maps, and the links of the VoiceCall."""
    maps = {name: fields for name, (_, fields) in RECORD_MAPS.items()}
    maps |= {"VoiceCall": {name: f"{{{to}}}" for name, to in links.VOICE_CALL_LINKS.items()}}
    known = catalog_of(project)
    for object_name, fields in maps.items():
        for name, text in fields.items():
            field = known.field(object_name, name)
            problem = known.problem(object_name, name) if field is None else _misfit(field, Template.parse(text))
            if problem:
                path = field.path if field else ""
                yield Finding(path or "connector", 1, f"the connector writes {text!r} into {name}: {problem}")


def check_keys(project: Project) -> Iterator[Finding]:
    """A unique External Id holds any id of a voicemail, and tells upper case from lower case."""
    for object_name, (key, _) in RECORD_MAPS.items():
        one = project.get("CustomField", f"{object_name}.{key}")
        if one is None:
            yield Finding("connector", 1, f"{object_name} has no field {key}")
            continue
        for flag in ("externalId", "unique", "caseSensitive"):
            if not one.root.is_true(flag):
                yield one.finding(one.root.first(flag), f"{flag} must be true: voicemails are known by this key")
        if int(one.root.value("length") or 0) < Voicemail.MAX_ID_LENGTH:
            yield one.finding(one.root.first("length"), f"ids have up to {Voicemail.MAX_ID_LENGTH} characters")


def check_event(project: Project) -> Iterator[Finding]:
    """The event has the fields that are published, all of them and no others."""
    fields = catalog_of(project).objects.get(announcement.EVENT, {})
    lengths = {
        "External_Id__c": Voicemail.MAX_ID_LENGTH,
        "Mailbox_Name__c": NAME_LENGTH,
        "Record_Id__c": ID_LENGTH,
        "Target__c": len("custom_object"),
    }
    for name in announcement.EVENT_FIELDS:
        field, longest = fields.get(name), lengths.get(name, 0)
        if field is None:
            yield Finding("connector", 1, f"{announcement.EVENT} has no field {name}")
        elif field.type != ("Text" if longest else "DateTime") or field.length < longest:
            yield Finding(field.path, 1, f"a {field.type} of {field.length} characters does not take {name}")
    for name, field in fields.items():
        if field.is_custom and name not in announcement.EVENT_FIELDS:
            yield Finding(field.path, 1, f"nobody fills {name}")


def check_words(project: Project) -> Iterator[Finding]:
    """Picklists have the connector's words only, flows ask for its CallOrigin, the names of the seed are shipped."""
    known = catalog_of(project)
    for name, fact in (("Mailbox_Type__c", "mailbox_type"), ("Transcription_Status__c", "transcription_status")):
        field = known.field(custom_object.VOICEMAIL_OBJECT, name)
        if field is not None and set(field.values) != set(facts()[fact]):
            yield Finding(
                field.path, 1, f"has {', '.join(field.values)}; the connector says {', '.join(facts()[fact])}"
            )
    for one in project.of("Flow"):
        for node in one.root.all("decisions", "rules", "conditions"):
            asked = node.value("rightValue", "stringValue")
            if node.value("leftValueReference").endswith("CallOrigin") and asked != CallOrigin.VOICEMAIL.value:
                yield one.finding(
                    node, f"asks for CallOrigin {asked}, the connector sends {CallOrigin.VOICEMAIL.value}"
                )
    seed = Seed()
    named = {("Flow", one.developer_name) for one in seed.flows} | {("Flow", one.flow) for one in seed.phone_channels}
    named |= {("Queue", one.voicemail_queue) for one in seed.flows}
    named |= {("Queue", one.fallback_queue) for one in seed.phone_channels}
    for type_name, name in sorted(named):
        if name not in project.names(type_name):
            yield Finding("emulator", 1, f"the seed names the {type_name} {name}, which does not ship")


@cache
def facts() -> Mapping[str, list[Any]]:
    """Every fact with the values that it takes for voicemails of every kind."""
    boxes = [None, *(Mailbox(kind=kind, name="Support") for kind in MailboxKind)]
    assert EXAMPLE.transcript is not None
    supplied = replace(EXAMPLE.transcript, provider="supplied")
    transcripts: list[Transcript | None] = [None, supplied, replace(supplied, provider="amazon-transcribe")]
    every = [
        facts_of(
            replace(EXAMPLE, mailbox=box, transcript=transcript, attributes=(("tier", "gold"),)),
            target="custom_object",
            transcription_failed=failed,
        )
        for box, transcript, failed in product(boxes, transcripts, (False, True))
    ]
    return {name: [one[name] for one in every if one[name] not in (None, "")] for name in FACTS}


def _misfit(field: FieldFacts, template: Template) -> str:
    """Why the values of a template do not fit; empty when they do."""
    if field.is_formula:
        return "it is a formula"
    fact = template.alone
    if fact in FOUND or fact in LINKS:
        wrong = field.type != "Lookup" or (field.is_custom and field.refers_to != POINTS_AT[fact])
        return f"it does not look up {POINTS_AT.get(fact, 'an owner')}" if wrong else ""
    if not fact:
        text = "" if template.names else "".join(part.literal for part in template.parts)
        if field.type not in FITTING[str]:
            return f"it is a {field.type}"
        return f"its values are {', '.join(field.values)}" if field.values and text not in field.values else ""
    return next((why for why in (_misfit_of(field, fact, value) for value in facts()[fact]) if why), "")


def _misfit_of(field: FieldFacts, fact: str, value: Any) -> str:
    if field.type not in FITTING[type(value)]:
        return f"a {field.type} does not take {value!r}"
    if field.values and value not in field.values:
        return f"{value!r} is not among {', '.join(field.values)}"
    if isinstance(value, float) and field.scale < 2:
        return f"{value!r} has more digits than {field.scale} behind the point"
    length = PHONE_LENGTH if field.type == "Phone" else field.length
    if length and length < LONGEST.get(fact, 0):
        return f"it takes {length} characters of {LONGEST[fact]}"
    return ""
