"""Standard objects of every org: the organization, its users, groups, permission sets and flows.

Source: Object Reference for the Salesforce Platform. Only the fields that a voicemail integration, the CLI or a client
library asks for; an object's prefix and fields are data, so a deploy can add to them.
"""

from __future__ import annotations

from scv_emulator.salesforce.schema import Field, SObject, reference

ORGANIZATION = SObject.of(
    "Organization",
    "00D",
    [
        Field("Name", "string", "u", length=80, required=True),
        Field("InstanceName", "string", "r", length=5),
        Field("IsSandbox", "boolean", "r", default=False),
        Field("IsReadOnly", "boolean", "r", default=False),
        Field("NamespacePrefix", "string", "r", length=15),
        Field("OrganizationType", "picklist", "r", values=("Developer Edition", "Enterprise Edition")),
        Field("TrialExpirationDate", "datetime", "r"),
        Field("LanguageLocaleKey", "picklist", "u", default="en_US"),
        Field("DefaultLocaleSidKey", "picklist", "u", default="en_US"),
        Field("TimeZoneSidKey", "picklist", "u", default="Etc/UTC"),
        Field("Country", "string", "u", length=80),
        Field("PrimaryContact", "string", "u", length=80),
    ],
)

USER = SObject.of(
    "User",
    "005",
    [
        Field("Username", "string", length=80, required=True, unique=True, id_lookup=True),
        Field("Name", "string", "r", length=121),
        Field("FirstName", "string", length=40),
        Field("LastName", "string", length=80, required=True),
        Field("Alias", "string", length=8),
        Field("Email", "email", length=128, id_lookup=True),
        Field("IsActive", "boolean", default=True),
        Field("UserType", "picklist", "r", default="Standard"),
        Field("Phone", "phone"),
        Field("FederationIdentifier", "string", length=512),
        Field("TimeZoneSidKey", "picklist", default="Etc/UTC"),
        Field("LocaleSidKey", "picklist", default="en_US"),
        Field("LanguageLocaleKey", "picklist", default="en_US"),
        Field("EmailEncodingKey", "picklist", default="UTF-8"),
        reference("ProfileId", "Profile"),
        reference("CallCenterId", "CallCenter"),
        reference("ManagerId", "User"),
    ],
)

PROFILE = SObject.of(
    "Profile",
    "00e",
    [
        Field("Name", "string", length=255, required=True, id_lookup=True),
        Field("Description", "string"),
        Field("UserType", "picklist", "r", default="Standard"),
        Field("PermissionsModifyAllData", "boolean", "r", default=False),
    ],
)

GROUP = SObject.of(
    "Group",
    "00G",
    [
        Field("Name", "string", length=40, required=True),
        Field("DeveloperName", "string", length=80, id_lookup=True),
        Field(
            "Type",
            "picklist",
            "c",
            values=("Regular", "Queue", "Role", "RoleAndSubordinates", "Organization"),
            restricted=True,
            default="Regular",
        ),
        Field("Email", "email"),
        Field("DoesSendEmailToMembers", "boolean", default=False),
        Field("DoesIncludeBosses", "boolean", default=True),
        reference("OwnerId", "User", "Organization", access="r"),
        reference("RelatedId", "User", access="r"),
        reference("QueueRoutingConfigId", "QueueRoutingConfig"),
    ],
)

GROUP_MEMBER = SObject.of(
    "GroupMember",
    "011",
    [
        reference("GroupId", "Group", access="c", required=True),
        reference("UserOrGroupId", "User", "Group", access="c", required=True),
    ],
)

QUEUE_SOBJECT = SObject.of(
    "QueueSobject",
    "03g",
    [
        reference("QueueId", "Group", access="c", required=True),
        Field("SobjectType", "picklist", "c", length=40, required=True),
    ],
)

PERMISSION_SET = SObject.of(
    "PermissionSet",
    "0PS",
    [
        Field("Name", "string", length=80, required=True, unique=True, id_lookup=True),
        Field("Label", "string", length=80, required=True),
        Field("Description", "string"),
        Field("NamespacePrefix", "string", "r", length=15),
        Field("IsCustom", "boolean", "r", default=True),
        Field("IsOwnedByProfile", "boolean", "r", default=False),
        Field("PermissionsModifyAllData", "boolean", default=False),
        Field("PermissionsViewAllData", "boolean", default=False),
        Field("PermissionsApiEnabled", "boolean", default=False),
        Field("PermissionsViewSetup", "boolean", default=False),
        reference("ProfileId", "Profile", access="r"),
    ],
)

OBJECT_PERMISSIONS = SObject.of(
    "ObjectPermissions",
    "110",
    [
        reference("ParentId", "PermissionSet", access="c", required=True),
        Field("SobjectType", "picklist", "c", length=40, required=True),
        Field("PermissionsRead", "boolean", default=False),
        Field("PermissionsCreate", "boolean", default=False),
        Field("PermissionsEdit", "boolean", default=False),
        Field("PermissionsDelete", "boolean", default=False),
        Field("PermissionsViewAllRecords", "boolean", default=False),
        Field("PermissionsModifyAllRecords", "boolean", default=False),
    ],
)

FIELD_PERMISSIONS = SObject.of(
    "FieldPermissions",
    "01k",
    [
        reference("ParentId", "PermissionSet", access="c", required=True),
        Field("SobjectType", "picklist", "c", length=40, required=True),
        Field("Field", "picklist", "c", length=255, required=True),
        Field("PermissionsRead", "boolean", default=False),
        Field("PermissionsEdit", "boolean", default=False),
    ],
)

CUSTOM_PERMISSION = SObject.of(
    "CustomPermission",
    "0CP",
    [
        Field("DeveloperName", "string", length=80, required=True, id_lookup=True),
        Field("MasterLabel", "string", length=80, required=True),
        Field("Description", "string"),
    ],
)

SETUP_ENTITY_ACCESS = SObject.of(
    "SetupEntityAccess",
    "0J0",
    [
        reference("ParentId", "PermissionSet", access="c", required=True),
        reference("SetupEntityId", "CustomPermission", access="c", required=True),
        Field("SetupEntityType", "picklist", "r", length=40),
    ],
)

PERMISSION_SET_ASSIGNMENT = SObject.of(
    "PermissionSetAssignment",
    "0Pa",
    [
        reference("PermissionSetId", "PermissionSet", access="c", required=True),
        reference("AssigneeId", "User", access="c", required=True),
        Field("IsActive", "boolean", "r", default=True),
        Field("ExpirationDate", "datetime"),
    ],
)

FLOW_DEFINITION_VIEW = SObject.of(
    "FlowDefinitionView",
    "3dd",
    [
        Field("ApiName", "string", "r", id_lookup=True),
        Field("DurableId", "string", "r", id_lookup=True),
        Field("Label", "string", "r"),
        Field("Description", "textarea", "r"),
        Field("ProcessType", "picklist", "r", values=("Flow", "AutoLaunchedFlow", "RoutingFlow")),
        Field("TriggerType", "picklist", "r"),
        Field("ActiveVersionId", "string", "r"),
        Field("LatestVersionId", "string", "r"),
        Field("VersionNumber", "int", "r"),
        Field("IsActive", "boolean", "r", default=False),
        Field("NamespacePrefix", "string", "r", length=15),
    ],
)

# Its key prefix is this emulator's own. `Error` can be read and not filtered: a long text area.
FLOW_INTERVIEW = SObject.of(
    "FlowInterview",
    "0Fo",
    [
        Field("Name", "string", "r", autonumber="{00000000}", id_lookup=True),
        Field("CurrentElement", "string", "r", length=100),
        Field("EngineType", "picklist", "r", default="Flow"),
        Field("Error", "textarea", "r", length=1000),
        Field("FlowVersionViewId", "string", "r", length=512),
        Field("Guid", "string", "r", id_lookup=True),
        Field("InterviewLabel", "string", "r", length=1000),
        Field(
            "InterviewStatus",
            "picklist",
            "r",
            values=("Completed", "Error", "Paused", "Running", "VersionPaused"),
            restricted=True,
        ),
        Field("PauseLabel", "string", "r", length=1000),
        Field("WasPausedFromScreen", "boolean", "r", default=False),
        reference("OwnerId", "User", "Group", access="r"),
    ],
    createable=False,
    updateable=False,
)

OBJECTS = (
    ORGANIZATION,
    USER,
    PROFILE,
    GROUP,
    GROUP_MEMBER,
    QUEUE_SOBJECT,
    PERMISSION_SET,
    PERMISSION_SET_ASSIGNMENT,
    OBJECT_PERMISSIONS,
    FIELD_PERMISSIONS,
    CUSTOM_PERMISSION,
    SETUP_ENTITY_ACCESS,
    FLOW_DEFINITION_VIEW,
    FLOW_INTERVIEW,
)
