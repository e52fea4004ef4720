"""Defects between the connector and the metadata: a field too short, a right too few, a right too many."""

from __future__ import annotations

from tests.sfdx.mutants.planting import MAIN, VOICE, Mutant, misspelt, move, remove, swap

FIELDS = f"{MAIN}/objects/Voicemail__c/fields"
EVENT = f"{MAIN}/objects/Voicemail_Delivered__e/fields"
CASE_KEY = f"{MAIN}/objects/Case/fields/Voicemail_External_Id__c.field-meta.xml"
INTEGRATION = f"{MAIN}/permissionsets/Voicemail_Integration.permissionset-meta.xml"
INTEGRATION_VOICE = f"{VOICE}/permissionsets/Voicemail_Integration_Voice.permissionset-meta.xml"
OMNI = f"{VOICE}/flows/Voicemail_Omni_Routing.flow-meta.xml"


def _field_permission(name: str, *, editable: bool) -> str:
    """A block of a permission set, as the file has it."""
    return (
        f"    <fieldPermissions>\n        <editable>{str(editable).lower()}</editable>\n"
        f"        <field>{name}</field>\n        <readable>true</readable>\n    </fieldPermissions>\n"
    )


MUTANTS = (
    Mutant(
        defect="field that the connector writes is gone",
        plant=remove(f"{FIELDS}/Source_System__c.field-meta.xml"),
        caught_by="connector's fields",
        says="no field Source_System__c",
    ),
    misspelt(
        "date where the connector writes a moment",
        f"{FIELDS}/Received_At__c.field-meta.xml",
        "DateTime",
        "Date",
        caught_by="connector's fields",
        says="a Date does not take",
    ),
    misspelt(
        "field shorter than what is written",
        f"{FIELDS}/Mailbox_Name__c.field-meta.xml",
        "<length>255",
        "<length>40",
        caught_by="connector's fields",
        says="40 characters of 80",
    ),
    misspelt(
        "lookup at another object than the connector's",
        f"{FIELDS}/Contact__c.field-meta.xml",
        "To>Contact",
        "To>User",
        caught_by="connector's fields",
        says="does not look up Contact",
    ),
    misspelt(
        "picklist without a value that is written",
        f"{FIELDS}/Status__c.field-meta.xml",
        "<fullName>New",
        "<fullName>Unheard",
        caught_by="connector's fields",
        says="its values are Unheard",
    ),
    misspelt(
        "confidence without fractions",
        f"{FIELDS}/Transcription_Confidence__c.field-meta.xml",
        "<scale>2",
        "<scale>0",
        caught_by="connector's fields",
        says="behind the point",
    ),
    misspelt(
        "key that is not unique",
        CASE_KEY,
        "<unique>true",
        "<unique>false",
        caught_by="connector's keys",
        says="unique must be true",
    ),
    misspelt(
        "key that takes upper for lower case",
        CASE_KEY,
        "<caseSensitive>true",
        "<caseSensitive>false",
        caught_by="connector's keys",
        says="caseSensitive must be true",
    ),
    misspelt(
        "key that is too short",
        CASE_KEY,
        "<length>255",
        "<length>80",
        caught_by="connector's keys",
        says="up to 255",
    ),
    Mutant(
        defect="field of the event is gone",
        plant=remove(f"{EVENT}/Target__c.field-meta.xml"),
        caught_by="connector's event",
        says="has no field Target__c",
    ),
    misspelt(
        "field of the event is too short",
        f"{EVENT}/Record_Id__c.field-meta.xml",
        "<length>18",
        "<length>15",
        caught_by="connector's event",
        says="does not take Record_Id__c",
    ),
    Mutant(
        defect="field of the event that nobody fills",
        plant=move(f"{EVENT}/Target__c.field-meta.xml", f"{EVENT}/Targets__c.field-meta.xml"),
        caught_by="connector's event",
        says="nobody fills Targets__c",
    ),
    misspelt(
        "picklist value that the connector never says",
        f"{FIELDS}/Mailbox_Type__c.field-meta.xml",
        "<fullName>Rep",
        "<fullName>Agent",
        caught_by="connector's words",
        says="the connector says",
    ),
    misspelt(
        "CallOrigin of the dialer where voicemails are meant",
        OMNI,
        "<stringValue>Voicemail<",
        "<stringValue>Preview<",
        caught_by="connector's words",
        says="the connector sends Voicemail",
    ),
    Mutant(
        defect="flow that the emulator's seed names is called otherwise",
        plant=move(OMNI, OMNI.replace("Voicemail_Omni_Routing", "Voicemail_Routing")),
        caught_by="connector's words",
        says="which does not ship",
    ),
    Mutant(
        defect="right that the connector needs is missing",
        plant=swap(INTEGRATION, _field_permission("Contact.HomePhone", editable=False), ""),
        caught_by="connector's rights",
        says="the connector needs Contact.HomePhone: read",
    ),
    Mutant(
        defect="right to edit what is only read",
        plant=swap(
            INTEGRATION,
            _field_permission("Contact.HomePhone", editable=False),
            _field_permission("Contact.HomePhone", editable=True),
        ),
        caught_by="connector's rights",
        says="Contact.HomePhone is granted: edit; the connector needs read",
    ),
    misspelt(
        "right that nobody needs",
        INTEGRATION_VOICE,
        "VoiceCall.Voicemail__c",
        "VoiceCall.IVR_Type__c",
        caught_by="connector's rights",
        says="the connector needs nothing",
    ),
    misspelt(
        "right to delete",
        INTEGRATION,
        "<allowDelete>false",
        "<allowDelete>true",
        caught_by="connector's rights",
        says="allowDelete",
    ),
    misspelt(
        "user permission that nobody needs",
        INTEGRATION,
        "<name>ApiEnabled",
        "<name>RunReports",
        caught_by="connector's rights",
        says="RunReports",
    ),
)
