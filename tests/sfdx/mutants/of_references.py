"""Defects of names: what is named does not exist, or must not be named there."""

from __future__ import annotations

from tests.sfdx.mutants.planting import MAIN, VOICE, Mutant, misspelt, several, swap

OBJECT = f"{MAIN}/objects/Voicemail__c"
FIELDS = f"{OBJECT}/fields"
REP = f"{MAIN}/permissionsets/Voicemail_Rep.permissionset-meta.xml"
ADMIN = f"{MAIN}/permissionsets/Voicemail_Admin.permissionset-meta.xml"
REP_VOICE = f"{VOICE}/permissionsets/Voicemail_Rep_Voice.permissionset-meta.xml"
LAYOUT = f"{MAIN}/layouts/Voicemail__c-Voicemail Layout.layout-meta.xml"
NEW = f"{OBJECT}/listViews/New_Voicemails.listView-meta.xml"
FORMULA = f"{FIELDS}/Hours_Waiting__c.field-meta.xml"

MUTANTS = (
    # permission sets
    misspelt(
        "field that does not exist is granted",
        REP,
        ".Status__c<",
        ".State__c<",
        caught_by="permission sets",
        says="State__c",
    ),
    misspelt(
        "required field in fieldPermissions",
        f"{FIELDS}/Language__c.field-meta.xml",
        "<required>false",
        "<required>true",
        caught_by="permission sets",
        says="cannot deploy to a required field: Voicemail__c.Language__c",
    ),
    misspelt(
        "standard field that is always visible is granted",
        REP_VOICE,
        "VoiceCall.IVR_Type__c",
        "VoiceCall.CallStartDateTime",
        caught_by="permission sets",
        says="required field: VoiceCall.CallStartDateTime",
    ),
    misspelt(
        "editing of a formula is granted",
        ADMIN,
        "<editable>false</editable>\n        <field>Voicemail__c.Hours_Waiting__c",
        "<editable>true</editable>\n        <field>Voicemail__c.Hours_Waiting__c",
        caught_by="permission sets",
        says="is a formula",
    ),
    misspelt(
        "field of an event is granted",
        ADMIN,
        "Case.Voicemail__c",
        "Voicemail_Delivered__e.Target__c",
        caught_by="permission sets",
        says="events and custom metadata types are not granted",
    ),
    misspelt(
        "class that does not exist is granted",
        REP,
        "PlayerController<",
        "Player<",
        caught_by="permission sets",
        says="ApexClass",
    ),
    misspelt(
        "custom permission that does not exist is granted",
        REP,
        "Hear_Voicemails",
        "Hear_Voicemail",
        caught_by="permission sets",
        says="CustomPermission Hear_Voicemail",
    ),
    misspelt(
        "tab that does not exist is granted",
        REP,
        "<tab>Voicemail__c",
        "<tab>Mail__c",
        caught_by="permission sets",
        says="CustomTab",
    ),
    misspelt(
        "status that does not exist is granted",
        REP_VOICE,
        "Available_Voicemail",
        "Available",
        caught_by="permission sets",
        says="ServicePresenceStatus Available",
    ),
    misspelt(
        "object without the right to read it",
        REP,
        "<allowRead>true",
        "<allowRead>false",
        caught_by="permission sets",
        says="allowEdit depends on allowRead",
    ),
    misspelt(
        "object that nobody can grant",
        REP,
        "<object>Voicemail__c",
        "<object>Group",
        caught_by="permission sets",
        says="Group is not granted",
    ),
    Mutant(
        defect="field that no permission set grants",
        plant=several(
            *(
                swap(ADMIN.replace("Admin", who), ".Delivery_Key__c", ".Case__c")
                for who in ("Admin", "Supervisor", "Integration")
            )
        ),
        caught_by="nothing forgotten",
        says="Voicemail__c.Delivery_Key__c is in no permission set",
    ),
    misspelt("field granted twice", REP, ".Status__c<", ".Case__c<", caught_by="permission sets", says="2 times"),
    # objects and fields
    misspelt(
        "lookup to an object that does not exist",
        f"{FIELDS}/Case__c.field-meta.xml",
        "To>Case",
        "To>Ticket__c",
        caught_by="fields",
        says="no object Ticket__c",
    ),
    misspelt(
        "relationship name twice",
        f"{FIELDS}/Contact__c.field-meta.xml",
        "<referenceTo>Contact",
        "<referenceTo>Case",
        caught_by="fields",
        says="relationship name",
    ),
    misspelt(
        "text longer than texts can be",
        f"{FIELDS}/Source_System__c.field-meta.xml",
        ">80<",
        ">256<",
        caught_by="fields",
        says="255",
    ),
    misspelt(
        "two defaults of a picklist",
        f"{FIELDS}/Status__c.field-meta.xml",
        "<default>false",
        "<default>true",
        caught_by="fields",
        says="two defaults",
    ),
    misspelt(
        "field of a formula",
        FORMULA,
        "NOW() - Received_At__c",
        "NOW() - Begun_At__c",
        caught_by="formulas",
        says="Begun_At__c",
    ),
    misspelt(
        "picklist value of a formula", FORMULA, '"New"', '"Unheard"', caught_by="formulas", says="never 'Unheard'"
    ),
    misspelt(
        "field of a validation rule",
        f"{OBJECT}/validationRules/External_Id_Is_Lasting.validationRule-meta.xml",
        "ISCHANGED(External_Id__c)",
        "ISCHANGED(Key__c)",
        caught_by="formulas",
        says="Key__c",
    ),
    misspelt(
        "column of a list view",
        NEW,
        "<columns>Hours_Waiting__c",
        "<columns>Age__c",
        caught_by="list views",
        says="Age__c",
    ),
    misspelt(
        "filter value of a list view", NEW, "<value>New", "<value>Open", caught_by="list views", says="never 'Open'"
    ),
    misspelt(
        "queue of a list view",
        f"{VOICE}/objects/Voicemail__c/listViews/Voicemail_Queue.listView-meta.xml",
        "<queue>Voicemail<",
        "<queue>Voicemails<",
        caught_by="list views",
        says="queue Voicemails",
    ),
    misspelt("field of a layout", LAYOUT, "<field>Status__c", "<field>State__c", caught_by="layouts", says="State__c"),
    misspelt(
        "compact layout of an object",
        f"{OBJECT}/Voicemail__c.object-meta.xml",
        "Voicemail_Highlights",
        "Highlights",
        caught_by="objects",
        says="compact layout Highlights",
    ),
    misspelt(
        "page of an object",
        f"{OBJECT}/Voicemail__c.object-meta.xml",
        "Voicemail_Record_Page",
        "Voicemail_Page",
        caught_by="objects",
        says="FlexiPage Voicemail_Page",
    ),
)
