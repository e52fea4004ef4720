"""The database of the org."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from scv_emulator.salesforce.errors import NotFound, SalesforceError
from scv_emulator.salesforce.schema import Field, SObject

A_CALL = {
    "FromPhoneNumber": "+12025550123",
    "ToPhoneNumber": "+18005550100",
    "CallType": "Inbound",
    "CallStartDateTime": "2026-11-20T10:00:00.000Z",
    "CallEndDateTime": "2026-11-20T11:00:30+01:00",
}


def test_a_new_record_gets_its_system_fields(org: Any) -> None:
    """Id, autonumber, dates and creator are Salesforce's own; moments are kept in UTC."""
    with org.database.acting_as(org.user_id):
        call_id = org.database.insert("VoiceCall", A_CALL)

    record = org.database.get("VoiceCall", call_id[:15])
    assert record["Id"] == call_id
    assert record["Name"] == "VC-00000001"
    assert record["CreatedDate"] == record["SystemModstamp"] == org.clock.now()
    assert record["CreatedById"] == record["OwnerId"] == org.user_id
    assert record["CallEndDateTime"] == datetime(2026, 11, 20, 10, 0, 30, tzinfo=UTC)
    assert record["IsRecorded"] is False


def test_an_update_changes_the_stamps_and_nothing_else(org: Any) -> None:
    """Who changed what when is written down; the creation stays."""
    call_id = org.database.insert("VoiceCall", A_CALL)
    before = org.database.get("VoiceCall", call_id)
    org.clock.advance(60)

    with org.database.acting_as(org.user_id):
        org.database.update("VoiceCall", call_id, {"CallOrigin": "Voicemail"})

    after = org.database.get("VoiceCall", call_id)
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {"CallOrigin", "LastModifiedDate", "LastModifiedById", "SystemModstamp"}


@pytest.mark.parametrize(
    ("fields", "code", "named"),
    [
        ({"CallStatus": "x"}, "INVALID_FIELD_FOR_INSERT_UPDATE", ("CallStatus",)),
        ({"Nonsense": 1}, "INVALID_FIELD", ()),
        ({"_text": "x"}, "INVALID_FIELD", ()),
        ({"CallOrigin": "Fax"}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", ("CallOrigin",)),
        ({"FromPhoneNumber": None}, "REQUIRED_FIELD_MISSING", ("FromPhoneNumber",)),
        ({"VendorCallKey": "x" * 256}, "STRING_TOO_LONG", ("VendorCallKey",)),
        ({"NumberOfHolds": "3"}, "JSON_PARSER_ERROR", ()),
        ({"NumberOfHolds": 2**31}, "NUMBER_OUTSIDE_VALID_RANGE", ("NumberOfHolds",)),
        ({"NumberOfHolds": float("inf")}, "JSON_PARSER_ERROR", ()),
        ({"IsRecorded": "yes"}, "JSON_PARSER_ERROR", ()),
        ({"CallStartDateTime": "yesterday"}, "JSON_PARSER_ERROR", ()),
        ({"VendorCallKey": ["x"]}, "JSON_PARSER_ERROR", ()),
        ({"OwnerId": "nobody"}, "MALFORMED_ID", ("OwnerId",)),
        ({"OwnerId": "005000000000001AAB"}, "MALFORMED_ID", ("OwnerId",)),
        ({"OwnerId": "005000000000001"}, "INVALID_CROSS_REFERENCE_KEY", ("OwnerId",)),
        ({"OwnerId": "00DHs000000EmuL"}, "FIELD_INTEGRITY_EXCEPTION", ("OwnerId",)),
    ],
)
def test_a_client_is_refused_what_salesforce_refuses(
    org: Any, fields: dict[str, Any], code: str, named: tuple[str, ...]
) -> None:
    """Each refusal has the vendor's code and names the field; nothing is written."""
    with pytest.raises(SalesforceError) as refused:
        org.database.insert("VoiceCall", A_CALL | fields)

    assert (refused.value.code, refused.value.fields, refused.value.status) == (code, named, 400)
    assert org.database.all("VoiceCall") == []


def test_the_system_may_write_what_a_client_may_not(org: Any) -> None:
    """The telephony side writes read-only fields and emulator-only ones, but no field that does not exist."""
    call_id = org.a_voice_call(CallStatus="Active", _recordingLocation="https://vm.example/1")

    assert org.database.get("VoiceCall", call_id)["CallStatus"] == "Active"
    assert org.database.dump()["VoiceCall"][0]["_recordingLocation"] == "https://vm.example/1"
    with pytest.raises(SalesforceError, match="No such column 'Typo'"):
        org.database.update("VoiceCall", call_id, {"Typo": 1}, by_system=True)


def test_create_only_fields_cannot_be_updated(org: Any) -> None:
    """The Object Reference gives VendorCallKey the Create property only."""
    call_id = org.a_voice_call()

    with pytest.raises(SalesforceError, match="Unable to create/update fields: VendorCallKey"):
        org.database.update("VoiceCall", call_id, {"VendorCallKey": "other"})


def test_an_external_id_is_unique_whatever_its_case(org: Any) -> None:
    """A second record with the same external id is refused and names the first."""
    first = org.database.insert("Case", {"Voicemail_Id__c": "vm-1"})

    with pytest.raises(SalesforceError, match=f"duplicates value on record with id: {first[:15]}"):
        org.database.insert("Case", {"Voicemail_Id__c": "VM-1"})
    org.database.update("Case", first, {"Voicemail_Id__c": "vm-1", "Subject": "same record"})
    org.database.insert("Case", {"Voicemail_Id__c": None})
    org.database.insert("Case", {"Voicemail_Id__c": None})


def test_finding_follows_every_change(org: Any) -> None:
    """The indexes know new, changed, deleted and rolled back values, and keep the order of creation."""
    first, second, third = (org.a_voice_call(VendorCallKey="same", OwnerId=org.user_id) for _ in range(3))
    assert [row["Id"] for row in org.database.find("VoiceCall", VendorCallKey="same")] == [first, second, third]
    assert org.database.find("VoiceCall", VendorCallKey="SAME") == []

    org.database.update("VoiceCall", first, {"VendorCallKey": "other"}, by_system=True)
    savepoint = org.database.savepoint()
    org.database.delete("VoiceCall", second)
    org.database.update("VoiceCall", first, {"VendorCallKey": "same"}, by_system=True)
    assert [row["Id"] for row in org.database.find("VoiceCall", VendorCallKey="same")] == [first, third]

    org.database.roll_back(savepoint)
    assert [row["Id"] for row in org.database.find("VoiceCall", VendorCallKey="same")] == [second, third]
    assert org.database.first("VoiceCall", VendorCallKey="other", OwnerId=org.user_id[:15])["Id"] == first
    assert org.database.first("VoiceCall", VendorCallKey="never") is None


def test_what_the_database_gives_out_are_copies(org: Any) -> None:
    """Changing a record that was given out changes nothing in the org."""
    call_id = org.a_voice_call()

    org.database.get("VoiceCall", call_id)["CallOrigin"] = "Voicemail"
    org.database.all("VoiceCall")[0]["CallOrigin"] = "Voicemail"
    org.database.find("VoiceCall", Id=call_id)[0]["CallOrigin"] = "Voicemail"

    assert org.database.get("VoiceCall", call_id)["CallOrigin"] is None


def test_a_deleted_record_is_gone_by_name(org: Any) -> None:
    """A deleted record says so; one that never was is not found."""
    call_id = org.a_voice_call()

    org.database.delete("VoiceCall", call_id)

    with pytest.raises(SalesforceError, match="ENTITY_IS_DELETED"):
        org.database.get("VoiceCall", call_id)
    with pytest.raises(NotFound):
        org.database.get("VoiceCall", org.queue_id)
    with pytest.raises(NotFound):
        org.database.delete("VoiceCall", "garbage")


def test_a_person_has_a_name_made_of_parts(org: Any) -> None:
    """Name is a compound field: it follows first and last name."""
    contact = org.database.insert("Contact", {"LastName": "Lovelace", "FirstName": "Ada"})

    org.database.update("Contact", contact, {"FirstName": None})

    assert org.database.get("Contact", contact)["Name"] == "Lovelace"
    assert org.database.get("User", org.user_id)["Name"] == "Integration User"


def test_a_deploy_can_add_objects_and_fields(org: Any) -> None:
    """A new object and a new field work at once, and in this org only."""
    org.database.schema.add_object(
        SObject.of("Voicemail__c", "a00", [Field("Name", "string", "r", autonumber="VM-{0000}")])
    )
    before = org.database.insert("Voicemail__c", {})

    org.database.schema.add_field("Voicemail__c", Field("Key__c", "string", external_id=True, unique=True))
    after = org.database.insert("voicemail__c", {"key__c": "k"})

    assert org.database.find("Voicemail__c", Key__c="k")[0]["Name"] == "VM-0002"
    assert [row["Id"] for row in org.database.all("Voicemail__c")] == [before, after]
    with pytest.raises(ValueError, match="already has"):
        org.database.schema.add_object(SObject.of("Other__c", "a00", []))
