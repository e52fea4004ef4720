"""The rehearsal with records: the shipped metadata in a local Salesforce, least rights, Case and record compared."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scv_voicemail.cli.rehearsal import CALLER, Comparison
from scv_voicemail.delivery.case import CASE_KEY
from scv_voicemail.delivery.custom_object import VOICEMAIL_KEY, VOICEMAIL_OBJECT
from scv_voicemail.errors import SettingsInvalid
from scv_voicemail.voicemail import Mailbox, MailboxKind, Voicemail

if TYPE_CHECKING:
    from scv_voicemail.cli.rehearsal import LocalSalesforce
    from scv_voicemail.salesforce import SalesforceClient

INTEGRATION, ADMINISTRATOR = "integration@example.com", "admin@example.com"
PERMISSION_SETS = ("Voicemail_Integration", "Voicemail_Integration_Voice")
QUEUE = Mailbox(kind=MailboxKind.QUEUE, name="Voicemail")
FLOW = "Voicemail_Omni_Routing"

LEAST_RIGHTS: Mapping[str, Any] = {
    "users": [
        {"username": INTEGRATION, "name": "Integration User", "admin": False},
        {"username": ADMINISTRATOR, "name": "Ada Admin"},
    ],
}
"""Users of the rehearsed org: the connector's may do only what its permission sets allow."""

CASE_COLUMNS = (
    "Subject, Origin, ContactId, Owner.Name, Voicemail__c, Voicemail_Caller_Number__c, Voicemail_Duration_Seconds__c, "
    "Voicemail_Recording_Location__c, Voicemail_Transcript__c"
)
VOICEMAIL_COLUMNS = (
    "Status__c, Contact__c, Owner.Name, Case__c, Voice_Call__c, Caller_Number__c, Dialed_Number__c, Received_At__c, "
    "Duration_Seconds__c, Recording_Location__c, Transcript__c, Transcript_Segments__c, Transcription_Status__c"
)
OBJECTS = {
    "voice_call": ("VoiceCall", "VendorCallKey", "RelatedRecordId, Voicemail__c"),
    "case": ("Case", CASE_KEY, CASE_COLUMNS),
    "custom_object": (VOICEMAIL_OBJECT, VOICEMAIL_KEY, VOICEMAIL_COLUMNS),
}
"""Object, key and columns of each target, as they are read back."""

LINKS = (
    ("VoiceCall's related record", "voice_call", "RelatedRecordId", "case"),
    ("VoiceCall's voicemail", "voice_call", "Voicemail__c", "custom_object"),
    ("Case's voicemail", "case", "Voicemail__c", "custom_object"),
    ("voicemail's Case", "custom_object", "Case__c", "case"),
    ("voicemail's VoiceCall", "custom_object", "Voice_Call__c", "voice_call"),
)
"""What points at what: a name, the target that points, its field, the target that is pointed at."""


def shipped_metadata() -> Path:
    """The Salesforce project. It is part of the source checkout, not of the installed package."""
    folder = Path(__file__).parents[3] / "sfdx" / "force-app"
    if not folder.is_dir():
        raise SettingsInvalid(
            "the Salesforce metadata is not here: it is part of the source checkout, not of the installed package",
            fix="clone the repository and run scripts/demo --targets voice_call,case,custom_object in it",
        )
    return folder


def prepare(local: LocalSalesforce, *, number: str) -> str:
    """What an administrator does after the deployment, by REST; the id of the caller's Contact.

    Permission sets for the integration user, the deployed flow for the number, and a Contact whose number is written
    as people in America write it.
    """
    from scv_voicemail.wiring import salesforce_client

    local.door("POST", "/channels", {"number": number, "flow": FLOW, "fallbackQueue": QUEUE.name})
    client = salesforce_client(local.settings(username=ADMINISTRATOR))
    assert client is not None
    with closing(client):
        user = client.query_one("SELECT Id FROM User WHERE Username = :name", name=INTEGRATION)
        assert user is not None
        for one in client.query("SELECT Id FROM PermissionSet WHERE Name IN :names", names=PERMISSION_SETS):
            client.create("PermissionSetAssignment", {"PermissionSetId": one["Id"], "AssigneeId": user["Id"]})
        return client.create("Contact", {"FirstName": "Ada", "LastName": "Caller", "MobilePhone": written(CALLER)})


def written(number: str) -> str:
    """A number of North America as Salesforce writes it."""
    return f"({number[2:5]}) {number[5:8]}-{number[8:]}"


def compare_records(
    client: SalesforceClient, voicemail: Voicemail, *, targets: Sequence[str], contact_id: str
) -> list[Comparison]:
    """Read every record of a voicemail back by REST, field by field, and follow every link."""
    found: dict[str, dict[str, Any]] = {}
    comparisons = []
    for target in targets:
        object_name, key, columns = OBJECTS[target]
        # Names are the constants above; the key is bound.
        rows = client.query(f"SELECT Id, {columns} FROM {object_name} WHERE {key} = :key", key=voicemail.id)  # noqa: S608
        comparisons.append(Comparison(name=f"{object_name} records with this key", expected=1, found=len(rows)))
        if rows:
            found[target] = rows[0]
    for target, pairs in (("case", _case), ("custom_object", _custom_object)):
        if target in found:
            comparisons += pairs(found[target], voicemail, contact_id)
    comparisons += _links(found)
    return comparisons


def _case(row: Mapping[str, Any], voicemail: Voicemail, contact_id: str) -> Iterator[Comparison]:
    yield _same("Case subject", f"Voicemail from {voicemail.caller}", row["Subject"])
    yield _same("Case origin", "Voicemail", row["Origin"])
    yield _same("Case contact", contact_id, row["ContactId"])
    yield _same("Case owner", QUEUE.name, (row["Owner"] or {}).get("Name"))
    yield _same("Case caller", voicemail.caller, row["Voicemail_Caller_Number__c"])
    yield _same("Case seconds", _seconds(voicemail), row["Voicemail_Duration_Seconds__c"])
    yield _same("Case recording", voicemail.recording.location, row["Voicemail_Recording_Location__c"])
    yield _same("Case transcript", _said(voicemail), row["Voicemail_Transcript__c"])


def _custom_object(row: Mapping[str, Any], voicemail: Voicemail, contact_id: str) -> Iterator[Comparison]:
    provider = voicemail.transcript.provider if voicemail.transcript else ""
    status = {"": "None", "supplied": "Supplied"}.get(provider, "Completed")
    received = datetime.fromisoformat(row["Received_At__c"])
    yield _same("voicemail status", "New", row["Status__c"])
    yield _same("voicemail contact", contact_id, row["Contact__c"])
    yield _same("voicemail owner", QUEUE.name, (row["Owner"] or {}).get("Name"))
    yield _same("voicemail caller", voicemail.caller, row["Caller_Number__c"])
    yield _same("voicemail dialed number", voicemail.dialed_number, row["Dialed_Number__c"])
    off = abs(received - voicemail.started_at)
    yield _same("voicemail received (to the second)", True, off < timedelta(seconds=1))
    yield _same("voicemail seconds", _seconds(voicemail), row["Duration_Seconds__c"])
    yield _same("voicemail recording", voicemail.recording.location, row["Recording_Location__c"])
    yield _same("voicemail transcript", _said(voicemail), row["Transcript__c"])
    yield _same("transcription status", status, row["Transcription_Status__c"])
    timed = [(one["text"], one["start_ms"], one["end_ms"]) for one in json.loads(row["Transcript_Segments__c"] or "[]")]
    segments = voicemail.transcript.segments if voicemail.transcript else ()
    expected = [(one.text, one.start_ms, one.end_ms) for one in segments]
    yield _same("timed segments", expected, timed)


def _links(found: Mapping[str, Mapping[str, Any]]) -> Iterator[Comparison]:
    for name, pointing, field, pointed_at in LINKS:
        if pointing in found and pointed_at in found:
            yield _same(name, found[pointed_at]["Id"], found[pointing][field])


def _same(name: str, expected: object, found: object) -> Comparison:
    return Comparison(name=name, expected=expected, found=found)


def _seconds(voicemail: Voicemail) -> int:
    return math.ceil(voicemail.recording.duration_seconds)


def _said(voicemail: Voicemail) -> str | None:
    return voicemail.transcript.text if voicemail.transcript else None
