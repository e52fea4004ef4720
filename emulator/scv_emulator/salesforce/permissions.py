"""What a user may do: object permissions and field-level security, from the permission sets that are assigned.

Source: Salesforce Help, "Object Permissions", "Field-Level Security"; Object Reference, "ObjectPermissions" and
"FieldPermissions". Which standard objects and fields take such permissions is published for few of them, so the lists
below are this emulator's own. Sharing of single records is not emulated.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from scv_emulator.salesforce.errors import SalesforceError
from scv_emulator.salesforce.schema import Access, Field, Schema, SObject

if TYPE_CHECKING:
    from scv_emulator.salesforce.records import Database

_VOICE = frozenset({"VoiceCall", "VoiceCallRecording"})
_OMNI_CHANNEL = frozenset({"AgentWork", "MessagingChannel", "PendingServiceRouting"})
_GOVERNED = frozenset({"Account", "Contact", "Case"}) | _VOICE | _OMNI_CHANNEL
_SETUP = frozenset({"ContactCenterChannel"})
"""Objects of Setup: readable with "View Setup and Configuration" only (Object Reference, "Special Access Rules")."""
_NEVER_GOVERNED_FIELDS = frozenset({"Name", "FirstName", "LastName", "OwnerId", "CaseNumber", "IsClosed", "Status"})


def is_governed(object_name: str) -> bool:
    """Whether a user needs a permission for this object; every user of the API may read the others."""
    return object_name in _GOVERNED or object_name.endswith(("__c", "__e", "__mdt"))


def is_permissionable(sobject: SObject, field: Field) -> bool:
    """Whether field-level security applies: to neither system fields nor names, owners and required fields."""
    if not sobject.name.endswith("__c") and not is_governed(sobject.name):
        return False
    if (
        sobject.name in _OMNI_CHANNEL
        or sobject.name.endswith(("__e", "__mdt"))
        or field.required
        or field.name in _NEVER_GOVERNED_FIELDS
    ):
        return False
    return field.custom or (field.access != "r" and field.name != "Id")


@dataclass(frozen=True, slots=True)
class _Grant:
    """What all permission sets of a user allow together for one object."""

    read: bool = False
    create: bool = False
    edit: bool = False
    delete: bool = False


class Permissions:
    """Answers what a user sees of the schema.

    A user whose profile or permission set has Modify All Data, or who has no profile, sees and may do everything.
    """

    def __init__(self, database: Database, *, voice_fields_are_governed: Callable[[], bool] = lambda: False) -> None:
        self._database = database
        self._voice_fields_are_governed = voice_fields_are_governed

    def is_unlimited(self, user_id: str) -> bool:
        """Whether nothing is withheld from this user."""
        user = self._database.first("User", Id=user_id)
        if user is None or not user["ProfileId"]:
            return True
        profile = self._database.first("Profile", Id=user["ProfileId"])
        if profile is None or profile["PermissionsModifyAllData"]:
            return True
        return any(one["PermissionsModifyAllData"] for one in self._sets_of(user_id))

    def seen_by(self, user_id: str) -> Schema | None:
        """The schema as far as this user may use it; None for the whole of it. Raises without "API Enabled"."""
        if self.is_unlimited(user_id):
            return None
        sets = self._sets_of(user_id)
        if not any(one["PermissionsApiEnabled"] for one in sets):
            raise SalesforceError(403, "API_DISABLED_FOR_ORG", "The REST API is not enabled for this Organization.")
        ids = [one["Id"] for one in sets]
        sees_all_data = any(one["PermissionsViewAllData"] for one in sets)
        fields = self._field_grants(ids)
        sees_setup = any(one["PermissionsViewSetup"] for one in sets)
        seen = []
        for sobject in self._database.schema:
            if sobject.name in _SETUP and not sees_setup:
                continue
            if not is_governed(sobject.name):
                seen.append(sobject.copy(createable=False, updateable=False, deletable=False))
                continue
            grant = self._grant(ids, sobject.name)
            if grant.read or sees_all_data or (sees_setup and sobject.name == "MessagingChannel"):
                seen.append(self._reduced(sobject, grant, fields))
        return Schema(seen)

    def hidden_custom_fields(self, user_id: str, object_name: str) -> set[str]:
        """The custom fields of an object that no permission set lets this user read, on a page as by the API.

        Its standard fields come with the profile or with Salesforce's own sets, which are not emulated.
        """
        if self.is_unlimited(user_id):
            return set()
        granted = self._field_grants([one["Id"] for one in self._sets_of(user_id)])
        fields = self._database.schema.sobject(object_name).fields.values()
        return {one.name for one in fields if one.custom and f"{object_name}.{one.name}" not in granted}

    def has_custom_permission(self, user_id: str, name: str) -> bool:
        """Whether a permission set of this user, or the profile of an administrator, holds a custom permission."""
        permission = self._database.first("CustomPermission", DeveloperName=name)
        if permission is None:
            return False
        ids = {one["Id"] for one in self._sets_of(user_id)}
        grants = self._database.find("SetupEntityAccess", SetupEntityId=permission["Id"])
        return any(one["ParentId"] in ids for one in grants)

    def _sets_of(self, user_id: str) -> list[dict[str, object]]:
        assigned = self._database.find("PermissionSetAssignment", AssigneeId=user_id)
        found = (self._database.first("PermissionSet", Id=one["PermissionSetId"]) for one in assigned)
        return [one for one in found if one is not None]

    def _grant(self, sets: list[object], object_name: str) -> _Grant:
        rows = [
            row
            for one in sets
            for row in self._database.find("ObjectPermissions", ParentId=one, SobjectType=object_name)
        ]
        return _Grant(
            read=any(row["PermissionsRead"] for row in rows),
            create=any(row["PermissionsCreate"] for row in rows),
            edit=any(row["PermissionsEdit"] for row in rows),
            delete=any(row["PermissionsDelete"] for row in rows),
        )

    def _field_grants(self, sets: list[object]) -> dict[str, bool]:
        """The fields that may be read, as `Object.Field`, and whether they may be edited."""
        grants: dict[str, bool] = {}
        for one in sets:
            for row in self._database.find("FieldPermissions", ParentId=one):
                if row["PermissionsRead"]:
                    grants[row["Field"]] = grants.get(row["Field"], False) or bool(row["PermissionsEdit"])
        return grants

    def _reduced(self, sobject: SObject, grant: _Grant, granted: dict[str, bool]) -> SObject:
        fields = []
        for field in sobject.fields.values():
            if not self._needs_grant(sobject, field):
                fields.append(field)
                continue
            editable = granted.get(f"{sobject.name}.{field.name}")
            if editable is not None:
                fields.append(field if editable else _read_only(field))
        return sobject.copy(
            fields,
            createable=sobject.createable and grant.create,
            updateable=sobject.updateable and grant.edit,
            deletable=sobject.deletable and grant.delete,
        )

    def _needs_grant(self, sobject: SObject, field: Field) -> bool:
        if sobject.name in _VOICE and not field.custom and not self._voice_fields_are_governed():
            return False
        return is_permissionable(sobject, field)


def _read_only(field: Field) -> Field:
    access: Access = "r"
    return replace(field, access=access)
