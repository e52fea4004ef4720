"""What every org has already: the standard objects, fields and names that the metadata or the connector may use.

Source: Object Reference for the Salesforce Platform; Implementation Guide, chapter 3. Nothing is in here that is not
used: a test holds this list against the metadata, the connector and the emulator's schema.

A field is `Name:Type`, with `(length)`, `[values]` or `>Object looked up` behind it. `!` marks fields that every user
may see, so that no permission set may name them: required ones, and those of the system.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

SYSTEM = "Id:Id! Name:Text(255)! OwnerId:Lookup! CreatedDate:DateTime! CreatedById:Lookup! LastModifiedDate:DateTime!"
SYSTEM += " LastModifiedById:Lookup!"

STANDARD = {
    "Account": "Phone:Phone",
    "AgentWork": "WorkItemId:Lookup! UserId:Lookup! Status:Picklist[Assigned|Opened|Closed]!",
    "CallCenter": "InternalName:Text(240)!",
    "CallCenterRoutingMap": "ReferenceRecordId:Lookup!",
    "Case": "CaseNumber:AutoNumber! Subject:Text(255) Description:LongTextArea(32000) Status:Picklist! Origin:Picklist "
    "Priority:Picklist IsClosed:Checkbox! ContactId:Lookup AccountId:Lookup",
    "Contact": "AccountId:Lookup Phone:Phone MobilePhone:Phone HomePhone:Phone OtherPhone:Phone",
    "FlowDefinitionView": "ApiName:Text(80)! DurableId:Text(255)!",
    "Group": "DeveloperName:Text(80)! Type:Picklist[Queue|Regular]!",
    "ContactCenterChannel": "VoicemailHandler:Picklist! VoicemailFallbackQueueId:Lookup! "
    "ChannelId:Lookup>MessagingChannel!",
    "MessagingChannel": "MessagingPlatformKey:Text(255)!",
    "Organization": "",
    "QueueSobject": "QueueId:Lookup>Group! SobjectType:Picklist[Case]!",
    "PendingServiceRouting": "WorkItemId:Lookup!",
    "User": "Username:Text(80)! IsActive:Checkbox! Alias:Text(8)! FederationIdentifier:Text(512)!",
    "VoiceCall": "CallOrigin:Picklist[Preview|Progressive|Voicemail] CallDisposition:Text(255) VendorCallKey:Text(255) "
    "CallCenterId:Lookup>CallCenter! "
    "CallStartDateTime:DateTime! CallEndDateTime:DateTime! FromPhoneNumber:Phone! ToPhoneNumber:Phone! "
    "CustomerHoldDuration:Number! NumberOfHolds:Number! LongestHoldDuration:Number! "
    "CallDurationInSeconds:Number QueueName:Text(255) RelatedRecordId:Lookup CallRecordingId:Lookup",
    "VoiceCallRecording": "VoiceCallId:Lookup! DurationInSeconds:Number",
}

NEEDS_VOICE = frozenset(
    {
        "VoiceCall",
        "VoiceCallRecording",
        "AgentWork",
        "PendingServiceRouting",
        "MessagingChannel",
        "ContactCenterChannel",
        "CallCenterRoutingMap",
    }
)
"""Objects that an org has only with Service Cloud Voice or Omni-Channel: main/ may not name them."""

NOT_GRANTABLE = frozenset(
    {
        "CallCenter",
        "CallCenterRoutingMap",
        "ContactCenterChannel",
        "FlowDefinitionView",
        "Group",
        "MessagingChannel",
        "Organization",
        "QueueSobject",
        "User",
    }
)
"""Objects whose reading no permission set of one's own grants; the standard ones, or every user, may read them."""

QUEUE_OBJECTS = frozenset({"Case", "ContactRequest", "Lead", "ServiceContract", "Task", "VoiceCall"})
"""Standard objects that a queue may hold."""

SERVICE_CHANNELS = {"sfdc_phone": "Phone"}
"""Channels that Salesforce makes itself, with their labels."""

USER_PERMISSIONS = frozenset({"ApiEnabled", "RunReports"})

PAGE_COMPONENTS = frozenset(
    {
        "force:detailPanel",
        "force:highlightsPanel",
        "force:relatedListContainer",
        "runtime_conversation:mediaPlayer",
        "scrt:conversationBody",
    }
)
"""Salesforce's own components of record pages."""

PAGE_TEMPLATES = {"flexipage:recordHomeTemplateDesktop": frozenset({"header", "main", "sidebar"})}
"""Templates of record pages with their regions."""

LIST_COLUMNS = {
    "NAME": "Name",
    "OWNER.ALIAS": "OwnerId",
    "CREATED_DATE": "CreatedDate",
    "LAST_UPDATE": "LastModifiedDate",
}
"""What list views of custom objects call the standard fields."""

RELATED_LISTS = frozenset({"RelatedActivityList", "RelatedHistoryList", "RelatedEntityHistoryList"})

REPORT_FIELDS = {"Owner": "OwnerId"}
"""What report types call lookups of the system."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldFacts:
    """What is known of a field. `length` is 0 where the type sets it; `values` is empty where anything may stand."""

    name: str
    type: str
    length: int = 0
    precision: int = 0
    scale: int = 0
    values: tuple[str, ...] = ()
    always_visible: bool = False
    is_formula: bool = False
    is_external_id: bool = False
    is_unique: bool = False
    refers_to: str = ""
    path: str = ""

    @property
    def is_custom(self) -> bool:
        """Whether this project makes it."""
        return self.name.endswith("__c")


_FIELD = re.compile(r"^(\w+):(\w+)(?:\((\d+)\))?(?:\[([^\]]*)\])?(?:>(\w+))?(!)?$")


def standard_objects(*, voice: bool = True) -> Mapping[str, Mapping[str, FieldFacts]]:
    """Fields of the standard objects, by object and name."""
    return {
        name: fields_in(f"{SYSTEM} {fields}") for name, fields in STANDARD.items() if voice or name not in NEEDS_VOICE
    }


def fields_in(text: str) -> dict[str, FieldFacts]:
    """Fields as they are written in this list, by name."""
    return {one.name: one for one in map(_field, text.split())}


def _field(text: str) -> FieldFacts:
    found = _FIELD.match(text)
    assert found is not None, text
    name, kind, length, values, target, visible = found.groups()
    return FieldFacts(
        name=name,
        type=kind,
        length=int(length or 0),
        values=tuple(values.split("|")) if values else (),
        always_visible=bool(visible),
        refers_to=target or "",
    )
