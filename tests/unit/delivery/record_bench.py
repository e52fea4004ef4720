"""Record targets in front of an org that remembers its records, refuses what Salesforce refuses, and can be changed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from scv_voicemail.delivery.case import CASE_FIELDS, CASE_KEY, CaseTarget
from scv_voicemail.delivery.custom_object import (
    VOICEMAIL_FIELDS,
    VOICEMAIL_KEY,
    VOICEMAIL_OBJECT,
    CustomObjectTarget,
)
from scv_voicemail.delivery.field_map import FieldMap, changed
from scv_voicemail.delivery.links import VOICE_CALL, End, Links
from scv_voicemail.delivery.people import (
    ACCOUNTS,
    CONTACTS,
    QUEUE,
    QUEUE_BY_LABEL,
    REP,
    REP_BY_ALIAS,
    REP_BY_FEDERATION_ID,
    REP_BY_ID,
    People,
)
from scv_voicemail.delivery.record_target import RecordOptions, RecordTarget
from scv_voicemail.delivery.records import Records
from scv_voicemail.errors import PermissionMissing, Rejected, VoicemailError
from scv_voicemail.ports import Attempt, Receipt
from scv_voicemail.voicemail import Voicemail

from tests.builders import NOON, a_transcript, a_voicemail

_BY_KEY = re.compile(
    r"SELECT (?P<columns>.+) FROM (?P<object>\w+) WHERE (?P<field>\w+) = :key ORDER BY CreatedDate, Id"
)
_POINTS_AT = {
    "ContactId": "Contact",
    "Contact__c": "Contact",
    "AccountId": "Account",
    "Account__c": "Account",
    "Voice_Call__c": "VoiceCall",
    "Case__c": "Case",
    "Voicemail__c": "Voicemail__c",
    "RelatedRecordId": "Case",
}
PEOPLE = (CONTACTS, ACCOUNTS, REP, REP_BY_ID, REP_BY_FEDERATION_ID, REP_BY_ALIAS, QUEUE, QUEUE_BY_LABEL)
_TYPES = {"Received_At__c": "datetime", "Ended_At__c": "datetime", "Transcription_Confidence__c": "double"}
_LONG = 131_072
_LENGTHS = {"Transcript__c": _LONG, "Transcript_Segments__c": _LONG, "Voicemail_Transcript__c": _LONG}


def a_field(name: str, **changes: Any) -> dict[str, Any]:
    """A field of a describe result."""
    kind = "double" if name.endswith("Seconds__c") else "reference" if name in _POINTS_AT else "string"
    return {
        "name": name,
        "type": _TYPES.get(name, kind),
        "length": _LENGTHS.get(name, 255 if name != "Description" else 32_000),
        "createable": True,
        "updateable": True,
        "referenceTo": [_POINTS_AT[name]] if name in _POINTS_AT else [],
    } | changes


class FakeSalesforce:
    """An org; `before` is what happens just before a write is carried out, as another client would do it."""

    def __init__(self) -> None:
        self.objects = {
            "VoiceCall": [a_field(name) for name in ("VendorCallKey", "RelatedRecordId", "Voicemail__c")],
            "Case": [a_field(name) for name in CASE_FIELDS] + [a_field(CASE_KEY, unique=True, externalId=True)],
            VOICEMAIL_OBJECT: [a_field(name) for name in VOICEMAIL_FIELDS]
            + [a_field(VOICEMAIL_KEY, unique=True, externalId=True)],
        }
        self.rows: dict[str, list[dict[str, Any]]] = {name: [] for name in self.objects}
        self.people: dict[str, list[dict[str, Any]]] = {soql: [] for soql in PEOPLE}
        self.refused: dict[str, VoicemailError] = {}
        self.asked: list[dict[str, Any]] = []
        self.writes: list[tuple[str, str, dict[str, Any]]] = []
        self.by_rules: list[bool] = []
        self.described: list[str] = []
        self.before: list[Any] = []
        self.failing: list[VoicemailError] = []

    def add(self, object_name: str, **fields: Any) -> str:
        """A record that somebody else has made."""
        row = {"Id": f"{object_name[:3]}{len(self.rows[object_name]):015}", **fields}
        self.rows[object_name].append(row)
        return str(row["Id"])

    def describe(self, object_name: str) -> dict[str, Any]:
        self.described.append(object_name)
        if object_name not in self.objects:
            raise Rejected("describe: not there", code="NOT_FOUND", status=404)
        return {"name": object_name, "createable": True, "updateable": True, "fields": self.objects[object_name]}

    def query(self, soql: str, /, **values: Any) -> list[dict[str, Any]]:
        if soql in self.refused:
            raise self.refused[soql]
        if soql in self.people:
            self.asked.append({"soql": soql, **values})
            return [row for row in self.people[soql] if row.get("name", values.get("name")) == values.get("name")]
        if soql in PEOPLE:
            raise PermissionMissing("no such object", code="INVALID_TYPE", status=400)
        match = _BY_KEY.match(soql)
        assert match, soql
        columns = match["columns"].split(", ")
        self._check(match["object"], {*columns, match["field"]} - {"Id"})
        return [
            {name: row.get(name) for name in columns}
            for row in self.rows[match["object"]]
            if row.get(match["field"]) == values["key"]
        ][:2]

    def create(self, object_name: str, fields: Mapping[str, Any], *, assignment_rules: bool = False) -> str:
        self._write("create", object_name, fields)
        self.by_rules.append(assignment_rules)
        keys = [one["name"] for one in self.objects[object_name] if one.get("unique")]
        for key in keys:
            if any(row.get(key) == fields[key] for row in self.rows[object_name]):
                raise Rejected("duplicate value found", code="DUPLICATE_VALUE", status=400)
        return self.add(object_name, **fields)

    def update(self, object_name: str, record_id: str, fields: Mapping[str, Any]) -> None:
        self._write("update", object_name, fields)
        (row,) = [one for one in self.rows[object_name] if one["Id"] == record_id]
        row.update(fields)

    def _write(self, kind: str, object_name: str, fields: Mapping[str, Any]) -> None:
        if self.before:
            self.before.pop(0)()
        if self.failing:
            raise self.failing.pop(0)
        self.writes.append((kind, object_name, dict(fields)))
        self._check(object_name, fields)

    def _check(self, object_name: str, names: Any) -> None:
        known = {one["name"] for one in self.objects.get(object_name, [])}
        if unknown := set(names) - known:
            raise PermissionMissing(f"no such column {unknown.pop()}", code="INVALID_FIELD", status=400)


class Bench:
    """Both record targets over one org, as the wiring builds them."""

    def __init__(self, **options: Any) -> None:
        self.org = FakeSalesforce()
        self.records = Records(self.org)  # type: ignore[arg-type]
        fields = options.pop("case_fields", {})
        self.maps = {
            "case": FieldMap("Case", key=CASE_KEY, fields=changed(CASE_FIELDS, fields), setting="case_fields"),
            "custom_object": FieldMap(
                VOICEMAIL_OBJECT, key=VOICEMAIL_KEY, fields=VOICEMAIL_FIELDS, setting="custom_object_fields"
            ),
        }
        ends = [VOICE_CALL, *(End.of(f"{name}_id", one) for name, one in self.maps.items())]
        self.links = Links(self.records, ends, default_targets=("case", "custom_object"))
        self.options = RecordOptions(**options)
        self.receipts: dict[str, dict[str, Receipt]] = {}

    def target(self, name: str) -> RecordTarget:
        kind = {one.name: one for one in (CaseTarget, CustomObjectTarget)}[name]
        return kind(
            records=self.records,
            people=People(self.org),  # type: ignore[arg-type]
            links=self.links,
            fields=self.maps[name],
            options=self.options,
        )

    def do(self, target: str, *steps: str, voicemail: Voicemail | None = None, waited: float = 0.0) -> Receipt:
        """Run these steps (all, if none is named), keeping their receipts; the last receipt."""
        held = self.receipts.setdefault(target, {})
        for step in self.target(target).steps():
            if step.name in (steps or [step.name]):
                attempt = Attempt(
                    voicemail=voicemail or a_voicemail(transcript=a_transcript()),
                    receipts=held,
                    number=2 if step.name in held else 1,
                    since=NOON,
                    now=NOON + timedelta(seconds=waited),
                )
                held[step.name] = step.run(attempt)
                last = held[step.name]
        return last

    @property
    def case(self) -> dict[str, Any]:
        """The only Case."""
        (row,) = self.org.rows["Case"]
        return row

    @property
    def record(self) -> dict[str, Any]:
        """The only custom object's record."""
        (row,) = self.org.rows[VOICEMAIL_OBJECT]
        return row
