"""Permission sets: what they may name, and what a user who has nothing else may do."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.emulator.metadata.packages import (
    CLERK,
    DATA,
    Target,
    a_field,
    a_target,
    an_object,
    metadata,
)

TEXT = "<length>10</length><type>Text</type>"
OBJECT = an_object(
    a_field("Text__c", TEXT),
    a_field("Secret__c", TEXT),
    a_field("Needed__c", f"<required>true</required>{TEXT}"),
    a_field("Number__c", "<displayFormat>N-{0}</displayFormat><type>AutoNumber</type>"),
)
_RIGHTS = ("Create", "Delete", "Edit", "Read")


def an_object_permission(name: str, rights: str = "Read") -> str:
    """Object permissions, on one line."""
    flags = "".join(f"<allow{one}>{str(one in rights).lower()}</allow{one}>" for one in _RIGHTS)
    return (
        f"<objectPermissions>{flags}<modifyAllRecords>false</modifyAllRecords><object>{name}</object>"
        "<viewAllRecords>false</viewAllRecords></objectPermissions>"
    )


def a_field_permission(name: str, *, editable: bool = False) -> str:
    """Field permissions, on one line."""
    editing = str(editable).lower()
    return (
        f"<fieldPermissions><editable>{editing}</editable><field>{name}</field>"
        "<readable>true</readable></fieldPermissions>"
    )


STATUS_ACCESS = (
    "<servicePresenceStatusAccesses><enabled>true</enabled><servicePresenceStatus>S</servicePresenceStatus>"
    "</servicePresenceStatusAccesses>"
)
API = "<userPermissions><enabled>true</enabled><name>ApiEnabled</name></userPermissions>"


def grant(target: Target, *parts: str, user: str = CLERK) -> None:
    """Deploy the object and a permission set with these parts, and assign it."""
    fields = "".join(one for one in parts if one.startswith("<fieldP"))
    others = "".join(one for one in parts if one.startswith("<objectP"))
    rest = "".join(one for one in parts if not one.startswith(("<fieldP", "<objectP")))
    body = f"{fields}\n<label>Clerk</label>\n{others}\n{rest}{API}"
    result = target.deploy(
        {"objects/Message__c.object": OBJECT, "permissionsets/Clerk.permissionset": metadata("PermissionSet", body)},
        CustomObject="Message__c",
        PermissionSet="Clerk",
    )
    assert result["status"] == "Succeeded", result["details"]["componentFailures"]
    target.assign("Clerk", user)


def error(answer: Any) -> tuple[int, str, str]:
    """Status, code and message of a refusal."""
    body = answer.json()[0]
    return answer.status_code, body["errorCode"], body["message"]


# ---------------------------------------------------------------------------------------------------------- enforcement


def test_a_user_without_permission_sets_cannot_use_the_api(target: Target) -> None:
    """The profile of a user with minimum access lacks API Enabled."""
    assert error(target.http("GET", f"{DATA}/limits", user=CLERK))[:2] == (403, "API_DISABLED_FOR_ORG")


def test_an_object_without_permission_does_not_exist(target: Target) -> None:
    """Not for a query, not for a record resource, not for describe; the setup can be read, not written."""
    grant(target)

    queried = target.http("GET", f"{DATA}/query", params={"q": "SELECT Id FROM Message__c"}, user=CLERK)
    described = target.http("GET", f"{DATA}/sobjects/Message__c/describe", user=CLERK)
    listed = {one["name"] for one in target.get("sobjects", user=CLERK)["sobjects"]}
    group = target.http("POST", f"{DATA}/sobjects/Group", json={"Name": "x"}, user=CLERK)

    assert error(queried)[:2] == (400, "INVALID_TYPE")
    assert error(described)[:2] == (404, "NOT_FOUND")
    assert "User" in listed
    assert "Message__c" not in listed
    assert "Case" not in listed
    assert target.query("SELECT Name FROM Organization", user=CLERK)
    assert error(group)[:2] == (400, "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY")


def test_reading_does_not_allow_writing(target: Target) -> None:
    """Create, change and delete are refused in the vendor's words."""
    grant(target, an_object_permission("Message__c"), a_field_permission("Message__c.Text__c", editable=True))
    record = target.http("POST", f"{DATA}/sobjects/Message__c", json={"Needed__c": "x"}).json()["id"]

    created = target.http("POST", f"{DATA}/sobjects/Message__c", json={"Needed__c": "y"}, user=CLERK)
    changed = target.http("PATCH", f"{DATA}/sobjects/Message__c/{record}", json={"Text__c": "y"}, user=CLERK)
    deleted = target.http("DELETE", f"{DATA}/sobjects/Message__c/{record}", user=CLERK)

    refusal = (403, "INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights on object id")
    assert error(created) == (400, "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "entity type cannot be inserted: Message")
    assert (error(changed), error(deleted)) == (refusal, refusal)


def test_a_field_without_permission_does_not_exist(target: Target) -> None:
    """For queries, answers, describe and writes; a field that may only be read cannot be written."""
    grant(target, an_object_permission("Message__c", "Read Create Edit"), a_field_permission("Message__c.Text__c"))
    fields = {"Needed__c": "x", "Secret__c": "s", "Text__c": "t"}
    record = target.http("POST", f"{DATA}/sobjects/Message__c", json=fields).json()["id"]

    queried = target.http("GET", f"{DATA}/query", params={"q": "SELECT Secret__c FROM Message__c"}, user=CLERK)
    filtered = target.http(
        "GET", f"{DATA}/query", params={"q": "SELECT Id FROM Message__c WHERE Secret__c = 's'"}, user=CLERK
    )
    read = target.get(f"sobjects/Message__c/{record}", user=CLERK)
    described = {one["name"]: one for one in target.get("sobjects/Message__c/describe", user=CLERK)["fields"]}
    hidden = target.http("PATCH", f"{DATA}/sobjects/Message__c/{record}", json={"Secret__c": "y"}, user=CLERK)
    locked = target.http("PATCH", f"{DATA}/sobjects/Message__c/{record}", json={"Text__c": "y"}, user=CLERK)

    assert "No such column 'Secret__c'" in error(queried)[2]
    assert "No such column 'Secret__c'" in error(filtered)[2]
    assert (read["Text__c"], read["Needed__c"], "Secret__c" in read) == ("t", "x", False)
    assert ("Secret__c" in described, described["Text__c"]["updateable"]) == (False, False)
    assert error(hidden)[:2] == (400, "INVALID_FIELD")
    assert error(locked)[:2] == (400, "INVALID_FIELD_FOR_INSERT_UPDATE")


def test_parents_are_governed_too(target: Target) -> None:
    """A query through a lookup sees only what may be read there."""
    grant(target, an_object_permission("Case"), a_field_permission("Case.ContactId"), an_object_permission("Contact"))

    name = target.http("GET", f"{DATA}/query", params={"q": "SELECT Contact.Name FROM Case"}, user=CLERK)
    phone = target.http("GET", f"{DATA}/query", params={"q": "SELECT Contact.Phone FROM Case"}, user=CLERK)

    assert name.status_code == 200
    assert "No such column 'Phone'" in error(phone)[2]


def test_upserts_collections_and_composites_are_governed(target: Target) -> None:
    """Whichever way a write takes."""
    grant(target, an_object_permission("Message__c"), a_field_permission("Message__c.Key__c"))

    upserted = target.http("PATCH", f"{DATA}/sobjects/Message__c/Key__c/vm-1", json={"Needed__c": "x"}, user=CLERK)
    record = {"attributes": {"type": "Message__c"}, "Needed__c": "x"}
    many = target.http("POST", f"{DATA}/composite/sobjects", json={"records": [record]}, user=CLERK)
    part = {"method": "POST", "url": f"{DATA}/sobjects/Message__c", "referenceId": "a", "body": {"Needed__c": "x"}}
    composite = target.http("POST", f"{DATA}/composite", json={"compositeRequest": [part]}, user=CLERK)

    code = "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY"
    assert error(upserted)[1] == code
    assert many.json()[0]["errors"][0]["statusCode"] == code
    assert composite.json()["compositeResponse"][0]["body"][0]["errorCode"] == code


def test_permission_sets_add_up_and_administrators_are_free(target: Target) -> None:
    """Two sets together allow what either allows; taking one away takes its rights away at once."""
    grant(target, an_object_permission("Message__c"))
    more = metadata("PermissionSet", f"<label>More</label>\n{an_object_permission('Message__c', 'Read Create')}")
    target.deploy({"permissionsets/More.permissionset": more}, PermissionSet="More")
    target.assign("More")

    first = target.http("POST", f"{DATA}/sobjects/Message__c", json={"Needed__c": "x"}, user=CLERK)
    database = target.org.database
    given = database.first("PermissionSet", Name="More")
    assert given is not None
    for link in database.find("PermissionSetAssignment", PermissionSetId=given["Id"]):
        target.http("DELETE", f"{DATA}/sobjects/PermissionSetAssignment/{link['Id']}")
    second = target.http("POST", f"{DATA}/sobjects/Message__c", json={"Needed__c": "x"}, user=CLERK)
    third = target.http("POST", f"{DATA}/sobjects/Message__c", json={"Needed__c": "x", "Secret__c": "s"})

    assert [one.status_code for one in (first, second, third)] == [201, 400, 201]


def test_modify_all_data_lifts_everything(target: Target) -> None:
    """As for an administrator."""
    grant(target, "<userPermissions><enabled>true</enabled><name>ModifyAllData</name></userPermissions>")

    made = target.http("POST", f"{DATA}/sobjects/Message__c", json={"Needed__c": "x", "Secret__c": "s"}, user=CLERK)

    assert made.status_code == 201


@pytest.mark.parametrize(("governed", "status"), [(True, 400), (False, 200)])
def test_whether_standard_fields_of_voice_calls_are_governed_is_a_switch(governed: bool, status: int) -> None:
    """The vendor publishes no list of the fields of VoiceCall that take permissions."""
    target = a_target(voice_field_security=governed)
    grant(target, an_object_permission("VoiceCall"))

    answer = target.http("GET", f"{DATA}/query", params={"q": "SELECT CallOrigin FROM VoiceCall"}, user=CLERK)

    assert answer.status_code == status


def test_custom_permissions_are_granted(target: Target) -> None:
    """To whoever has the permission set."""
    permission = metadata("CustomPermission", "<label>Hear</label>")
    target.deploy({"customPermissions/Hear.customPermission": permission}, CustomPermission="Hear")
    grant(target, "<customPermissions><enabled>true</enabled><name>Hear</name></customPermissions>")

    has = target.org.core.permissions.has_custom_permission
    clerk, rep = target.org.user_id_of(CLERK), target.org.user_id_of("rep@example.com")

    assert (has(str(clerk), "Hear"), has(str(rep), "Hear"), has(str(clerk), "Nope")) == (True, False, False)


# --------------------------------------------------------------------------------------------------------------- deploy


@pytest.mark.parametrize(
    ("part", "problem"),
    [
        (a_field_permission("Message__c.Nope__c"), "In field: field - no CustomField named Message__c.Nope__c found"),
        (a_field_permission("Nope__c.A__c"), "In field: field - no CustomObject named Nope__c found"),
        (a_field_permission("Message__c.Needed__c"), "You cannot deploy to a required field: Message__c.Needed__c"),
        (a_field_permission("Message__c.Number__c", editable=True), "cannot be edited by anybody"),
        (
            a_field_permission("Message__c.Text__c", editable=True).replace("true</readable", "false</readable"),
            "depends",
        ),
        (a_field_permission("Message__c.OwnerId"), "takes no field permissions"),
        (a_field_permission("Message__c.Text__c") * 2, "Duplicate fieldPermissions"),
        (an_object_permission("Nope__c"), "In field: object - no CustomObject named Nope__c found"),
        (an_object_permission("User"), "User takes no object permissions"),
        (an_object_permission("Case", "Edit"), "Permission Edit Case depends on permission(s): Read Case"),
        (an_object_permission("Case").replace("allowRead", "allowLook"), "allowLook invalid at this location"),
        (
            "<classAccesses><apexClass>A</apexClass><enabled>true</enabled></classAccesses>",
            "no ApexClass named A found",
        ),
        ("<customPermissions><enabled>true</enabled><name>P</name></customPermissions>", "no CustomPermission named P"),
        ("<flowAccesses><enabled>true</enabled><flow>F</flow></flowAccesses>", "no Flow named F found"),
        ("<tabSettings><tab>T</tab><visibility>Visible</visibility></tabSettings>", "no CustomTab named T found"),
        ("<tabSettings><tab>T</tab><visibility>Hidden</visibility></tabSettings>", "PermissionSetTabVisibility"),
        (
            STATUS_ACCESS,
            "no ServicePresenceStatus named S found",
        ),
        (
            "<customMetadataTypeAccesses><enabled>true</enabled><name>M__mdt</name></customMetadataTypeAccesses>",
            "no CustomObject named M__mdt found",
        ),
        (
            "<applicationVisibilities><application>A</application><visible>true</visible></applicationVisibilities>",
            "no CustomApplication named A found",
        ),
    ],
)
def test_what_a_permission_set_names_must_be_there(target: Target, part: str, problem: str) -> None:
    """Each refusal names the line in which the name stands."""
    target.deploy({"objects/Message__c.object": OBJECT}, CustomObject="Message__c")

    found, line = target.one_problem(
        "PermissionSet", "permissionsets/P.permissionset", "PermissionSet", "P", f"<label>P</label>\n{part}"
    )

    assert problem in found
    assert line == 3


def test_a_second_deploy_replaces_what_was_granted(target: Target) -> None:
    """Who has the permission set keeps it."""
    grant(target, an_object_permission("Message__c"))
    narrow = metadata("PermissionSet", f"<label>Clerk</label>\n{API}")

    target.deploy({"permissionsets/Clerk.permissionset": narrow}, PermissionSet="Clerk")

    answer = target.http("GET", f"{DATA}/query", params={"q": "SELECT Id FROM Message__c"}, user=CLERK)
    assert error(answer)[1] == "INVALID_TYPE"
    assert len(target.org.database.all("PermissionSetAssignment")) == 1
