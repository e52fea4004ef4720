"""Standard objects of Omni-Channel and the service desk: routing, work, phone channels, cases and contacts.

Source: Object Reference for the Salesforce Platform; Service Cloud Voice Implementation Guide, chapter 3. The key
prefixes of CallCenterRoutingMap, ContactCenterChannel and UserServicePresence are published nowhere: they are this
emulator's own, so a client must ask describe for them.
"""

from __future__ import annotations

from scv_emulator.salesforce.schema import Field, SObject, reference

QUEUE_ROUTING_CONFIG = SObject.of(
    "QueueRoutingConfig",
    "0K9",
    [
        Field("DeveloperName", "string", length=80, required=True, id_lookup=True),
        Field("MasterLabel", "string", length=80, required=True),
        Field(
            "RoutingModel",
            "picklist",
            values=("LeastActive", "MostAvailable", "ExternalRouting"),
            restricted=True,
            default="LeastActive",
        ),
        Field("RoutingPriority", "int", default=1),
        Field("CapacityWeight", "double"),
        Field("CapacityPercentage", "percent"),
        Field("PushTimeout", "int"),
    ],
)

SERVICE_CHANNEL = SObject.of(
    "ServiceChannel",
    "0N9",
    [
        Field("DeveloperName", "string", length=80, required=True, id_lookup=True),
        Field("MasterLabel", "string", length=80, required=True),
        Field("RelatedEntity", "picklist", length=40, required=True),
        Field("IsActive", "boolean", default=True),
    ],
)

SERVICE_PRESENCE_STATUS = SObject.of(
    "ServicePresenceStatus",
    "0N5",
    [
        Field("DeveloperName", "string", length=80, required=True, id_lookup=True),
        Field("MasterLabel", "string", length=80, required=True),
        Field("IsActive", "boolean", default=True),
    ],
)

USER_SERVICE_PRESENCE = SObject.of(
    "UserServicePresence",
    "0N7",
    [
        Field("Name", "string", "r", autonumber="{00000000}"),
        reference("UserId", "User", access="r"),
        reference("OwnerId", "User", "Group", access="r"),
        reference("ServicePresenceStatusId", "ServicePresenceStatus", access="r"),
        Field("IsCurrentState", "boolean", "r", default=False),
        Field("IsAway", "boolean", "r", default=False),
        Field("ConfiguredCapacity", "int", "r"),
        Field("ConfiguredInterruptCapacity", "int", "r"),
        Field("AtCapacityDuration", "int", "r"),
        Field("AverageCapacity", "double", "r"),
        Field("IdleDuration", "int", "r"),
        Field("StatusDuration", "int", "r"),
        Field("StatusStartDate", "datetime", "r"),
        Field("StatusEndDate", "datetime", "r"),
    ],
    createable=False,
    updateable=False,
)

CALL_CENTER = SObject.of(
    "CallCenter",
    "04v",
    [
        Field("Name", "string", "r", length=80),
        Field("InternalName", "string", "r", length=240, id_lookup=True),
        Field("AdapterUrl", "string", "r", length=1300),
        Field("CustomSettings", "textarea", "r", length=131072),
        Field("Version", "double", "r"),
    ],
)

CALL_CENTER_ROUTING_MAP = SObject.of(
    "CallCenterRoutingMap",
    "0Rm",
    [
        reference("CallCenterId", "CallCenter", required=True),
        reference("ReferenceRecordId", "Group", "User"),
        Field("DeveloperName", "string", length=80, required=True, id_lookup=True),
        Field("ExternalId", "string", required=True),
        Field("MasterLabel", "string", length=80, required=True),
        Field("QuickConnect", "string"),
        Field("Language", "picklist", default="en_US"),
    ],
)

MESSAGING_CHANNEL = SObject.of(
    "MessagingChannel",
    "0Mj",
    [
        Field("DeveloperName", "string", length=80, required=True, id_lookup=True),
        Field("MasterLabel", "string", length=80, required=True),
        Field("MessageType", "picklist", "c", values=("Phone", "Text", "EmbeddedMessaging", "WhatsApp"), required=True),
        Field("MessagingPlatformKey", "string", "c", required=True, id_lookup=True),
        Field("IsActive", "boolean", default=False),
        reference("SessionHandlerId", "FlowDefinitionView", "Group"),
        reference("FallbackQueueId", "Group"),
        reference("TargetQueueId", "Group"),
    ],
)

CONTACT_CENTER_CHANNEL = SObject.of(
    "ContactCenterChannel",
    "0Cc",
    [
        reference("ContactCenterId", "CallCenter", access="c", required=True),
        reference("ChannelId", "MessagingChannel", required=True),
        # "Don't change the value in this field": Setup writes the id of the number's voicemail flow here.
        Field("VoicemailHandler", "picklist", length=255),
        reference("VoicemailFallbackQueueId", "Group"),
    ],
)

PENDING_SERVICE_ROUTING = SObject.of(
    "PendingServiceRouting",
    "0JR",
    [
        Field("Name", "string", "r", autonumber="{00000000}"),
        reference("WorkItemId", "VoiceCall", "Case", access="c", required=True),
        reference("ServiceChannelId", "ServiceChannel", access="c", required=True),
        reference("OwnerId", "User", "Group", access="r"),
        reference("GroupId", "Group", access="r"),
        reference("QueueId", "Group", access="r"),
        reference("PreferredUserId", "User"),
        Field("RoutingType", "picklist", "c", values=("QueueBased", "SkillsBased"), restricted=True, required=True),
        Field("RoutingModel", "picklist", values=("LeastActive", "MostAvailable", "ExternalRouting"), restricted=True),
        Field("RoutingPriority", "int"),
        Field("CapacityWeight", "double"),
        Field("CapacityPercentage", "percent"),
        Field("PushTimeout", "int"),
        Field("CustomRequestedDateTime", "datetime"),
        Field("IsReadyForRouting", "boolean", default=False),
        Field("IsPushed", "boolean", "r", default=False),
        Field("IsPushAttempted", "boolean", "r", default=False),
        Field("IsTransfer", "boolean", "r", default=False),
        Field("Serial", "int", "r"),
    ],
)

AGENT_WORK = SObject.of(
    "AgentWork",
    "0Bz",
    [
        Field("Name", "string", "r", autonumber="{00000000}"),
        Field(
            "Status",
            "picklist",
            "r",
            values=(
                "Assigned",
                "Opened",
                "Closed",
                "Declined",
                "DeclinedOnPushTimeout",
                "Unavailable",
                "Canceled",
                "Transferred",
            ),
            default="Assigned",
        ),
        reference("UserId", "User", access="c", required=True),
        reference("OwnerId", "User", "Group", access="r"),
        reference("WorkItemId", "VoiceCall", "Case", access="c", required=True),
        reference("ServiceChannelId", "ServiceChannel", access="c", required=True),
        reference("PendingServiceRoutingId", "PendingServiceRouting", access="r"),
        reference("OriginalGroupId", "Group", access="r"),
        Field("RequestDateTime", "datetime", "r"),
        Field("AssignedDateTime", "datetime", "r"),
        Field("AcceptDateTime", "datetime", "r"),
        Field("CloseDateTime", "datetime", "r"),
        Field("DeclineDateTime", "datetime", "r"),
        Field("DeclineReason", "string", "r"),
        Field("SpeedToAnswer", "int", "r"),
        Field("HandleTime", "int", "r"),
        Field("CapacityWeight", "double", "c"),
        Field("CapacityPercentage", "percent", "c"),
    ],
)

ACCOUNT = SObject.of(
    "Account",
    "001",
    [
        Field("Name", "string", required=True),
        Field("Phone", "phone"),
        Field("AccountNumber", "string", length=40),
        Field("Type", "picklist"),
        Field("Description", "textarea", length=32000),
        reference("OwnerId", "User"),
        reference("ParentId", "Account"),
    ],
)

CONTACT = SObject.of(
    "Contact",
    "003",
    [
        Field("Name", "string", "r", length=121),
        Field("FirstName", "string", length=40),
        Field("LastName", "string", length=80, required=True),
        Field("Email", "email", id_lookup=True),
        Field("Phone", "phone"),
        Field("MobilePhone", "phone"),
        Field("HomePhone", "phone"),
        Field("OtherPhone", "phone"),
        Field("AssistantPhone", "phone"),
        Field("Description", "textarea", length=32000),
        reference("AccountId", "Account"),
        reference("OwnerId", "User"),
    ],
)

CASE = SObject.of(
    "Case",
    "500",
    [
        Field("CaseNumber", "string", "r", autonumber="{00000000}", id_lookup=True),
        Field("Subject", "string"),
        Field("Description", "textarea", length=32000),
        Field("Status", "picklist", values=("New", "Working", "Escalated", "Closed"), default="New"),
        Field("Origin", "picklist", values=("Phone", "Email", "Web", "Voicemail")),
        Field("Priority", "picklist", values=("High", "Medium", "Low"), default="Medium"),
        Field("Reason", "picklist"),
        Field("Type", "picklist"),
        Field("Comments", "textarea", length=4000),
        Field("SuppliedName", "string", length=80),
        Field("SuppliedEmail", "email"),
        Field("SuppliedPhone", "string", length=40),
        Field("SuppliedCompany", "string", length=80),
        Field("ContactPhone", "phone", "r"),
        Field("ContactEmail", "email", "r"),
        Field("IsClosed", "boolean", "r", default=False),
        Field("IsEscalated", "boolean", default=False),
        Field("ClosedDate", "datetime", "r"),
        reference("OwnerId", "User", "Group"),
        reference("ContactId", "Contact"),
        reference("AccountId", "Account"),
        reference("ParentId", "Case"),
    ],
)

OBJECTS = (
    QUEUE_ROUTING_CONFIG,
    SERVICE_CHANNEL,
    SERVICE_PRESENCE_STATUS,
    USER_SERVICE_PRESENCE,
    CALL_CENTER,
    CALL_CENTER_ROUTING_MAP,
    MESSAGING_CHANNEL,
    CONTACT_CENTER_CHANNEL,
    PENDING_SERVICE_ROUTING,
    AGENT_WORK,
    ACCOUNT,
    CONTACT,
    CASE,
)
