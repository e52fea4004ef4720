"""Defects of names: what is named does not exist, or must not be named there."""

from __future__ import annotations

from tests.sfdx.mutants.planting import MAIN, VOICE, Mutant, move, remove, several, swap

OBJECT = f"{MAIN}/objects/Voicemail__c"
FIELDS = f"{OBJECT}/fields"
REP = f"{MAIN}/permissionsets/Voicemail_Rep.permissionset-meta.xml"
ADMIN = f"{MAIN}/permissionsets/Voicemail_Admin.permissionset-meta.xml"
REP_VOICE = f"{VOICE}/permissionsets/Voicemail_Rep_Voice.permissionset-meta.xml"
QUEUE = f"{VOICE}/queues/Voicemail.queue-meta.xml"
ROUTING = f"{VOICE}/queueRoutingConfigs/Voicemail.queueRoutingConfig-meta.xml"
STATUS = f"{VOICE}/servicePresenceStatuses/Available_Voicemail.servicePresenceStatus-meta.xml"
PRESENCE = f"{VOICE}/presenceUserConfigs/Voicemail_Reps.presenceUserConfig-meta.xml"
LAYOUT = f"{MAIN}/layouts/Voicemail__c-Voicemail Layout.layout-meta.xml"
PAGE = f"{MAIN}/flexipages/Voicemail_Record_Page.flexipage-meta.xml"
CALL_PAGE = f"{VOICE}/flexipages/Voicemail_Voice_Call_Page.flexipage-meta.xml"
REPORTS = f"{MAIN}/reports/Voicemail_Reports"
REPORT_TYPE = f"{MAIN}/reportTypes/Voicemails.reportType-meta.xml"
DASHBOARD = f"{MAIN}/dashboards/Voicemail_Dashboards/Voicemail_Overview.dashboard-meta.xml"
SETTING = f"{MAIN}/customMetadata/Voicemail_Setting.Default.md-meta.xml"
NEW = f"{OBJECT}/listViews/New_Voicemails.listView-meta.xml"
META = f"{MAIN}/lwc/voicemailPlayer/voicemailPlayer.js-meta.xml"
FORMULA = f"{FIELDS}/Hours_Waiting__c.field-meta.xml"
POLICIES = f"{MAIN}/extlClntAppOauthPolicies/Voicemail_Connector_oauthPlcy.ecaOauthPlcy-meta.xml"


def _said(defect: str, path: str, old: str, new: str, caught_by: str, says: str) -> Mutant:
    return Mutant(defect=defect, plant=swap(path, old, new), caught_by=caught_by, says=says)


MUTANTS = (
    # permission sets
    _said("field that does not exist is granted", REP, ".Status__c<", ".State__c<", "permission sets", "State__c"),
    _said(
        "required field in fieldPermissions",
        f"{FIELDS}/Language__c.field-meta.xml",
        "<required>false",
        "<required>true",
        "permission sets",
        "cannot deploy to a required field: Voicemail__c.Language__c",
    ),
    _said(
        "standard field that is always visible is granted",
        REP_VOICE,
        "VoiceCall.IVR_Type__c",
        "VoiceCall.CallStartDateTime",
        "permission sets",
        "required field: VoiceCall.CallStartDateTime",
    ),
    _said(
        "editing of a formula is granted",
        ADMIN,
        "<editable>false</editable>\n        <field>Voicemail__c.Hours_Waiting__c",
        "<editable>true</editable>\n        <field>Voicemail__c.Hours_Waiting__c",
        "permission sets",
        "is a formula",
    ),
    _said(
        "field of an event is granted",
        ADMIN,
        "Case.Voicemail__c",
        "Voicemail_Delivered__e.Target__c",
        "permission sets",
        "events and custom metadata types are not granted",
    ),
    _said("class that does not exist is granted", REP, "PlayerController<", "Player<", "permission sets", "ApexClass"),
    _said(
        "custom permission that does not exist is granted",
        REP,
        "Hear_Voicemails",
        "Hear_Voicemail",
        "permission sets",
        "CustomPermission Hear_Voicemail",
    ),
    _said(
        "tab that does not exist is granted", REP, "<tab>Voicemail__c", "<tab>Mail__c", "permission sets", "CustomTab"
    ),
    _said(
        "status that does not exist is granted",
        REP_VOICE,
        "Available_Voicemail",
        "Available",
        "permission sets",
        "ServicePresenceStatus Available",
    ),
    _said(
        "object without the right to read it",
        REP,
        "<allowRead>true",
        "<allowRead>false",
        "permission sets",
        "allowEdit depends on allowRead",
    ),
    _said(
        "object that nobody can grant",
        REP,
        "<object>Voicemail__c",
        "<object>Group",
        "permission sets",
        "Group is not granted",
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
    _said("field granted twice", REP, ".Status__c<", ".Case__c<", "permission sets", "2 times"),
    # objects and fields
    _said(
        "lookup to an object that does not exist",
        f"{FIELDS}/Case__c.field-meta.xml",
        "To>Case",
        "To>Ticket__c",
        "fields",
        "no object Ticket__c",
    ),
    _said(
        "relationship name twice",
        f"{MAIN}/objects/Case/fields/Voicemail__c.field-meta.xml",
        "<referenceTo>Voicemail__c",
        "<referenceTo>Case",
        "fields",
        "relationship name",
    ),
    _said(
        "text longer than texts can be", f"{FIELDS}/Source_System__c.field-meta.xml", ">80<", ">256<", "fields", "255"
    ),
    _said(
        "two defaults of a picklist",
        f"{FIELDS}/Status__c.field-meta.xml",
        "<default>false",
        "<default>true",
        "fields",
        "two defaults",
    ),
    _said("field of a formula", FORMULA, "NOW() - Received_At__c", "NOW() - Begun_At__c", "formulas", "Begun_At__c"),
    _said("picklist value of a formula", FORMULA, '"New"', '"Unheard"', "formulas", "never 'Unheard'"),
    _said(
        "field of a validation rule",
        f"{OBJECT}/validationRules/External_Id_Is_Lasting.validationRule-meta.xml",
        "ISCHANGED(External_Id__c)",
        "ISCHANGED(Key__c)",
        "formulas",
        "Key__c",
    ),
    _said("column of a list view", NEW, "<columns>Hours_Waiting__c", "<columns>Age__c", "list views", "Age__c"),
    _said("filter value of a list view", NEW, "<value>New", "<value>Open", "list views", "never 'Open'"),
    _said(
        "queue of a list view",
        f"{VOICE}/objects/Voicemail__c/listViews/Voicemail_Queue.listView-meta.xml",
        "<queue>Voicemail<",
        "<queue>Voicemails<",
        "list views",
        "queue Voicemails",
    ),
    _said("field of a layout", LAYOUT, "<field>Status__c", "<field>State__c", "layouts", "State__c"),
    _said(
        "compact layout of an object",
        f"{OBJECT}/Voicemail__c.object-meta.xml",
        "Voicemail_Highlights",
        "Highlights",
        "objects",
        "compact layout Highlights",
    ),
    _said(
        "page of an object",
        f"{OBJECT}/Voicemail__c.object-meta.xml",
        "Voicemail_Record_Page",
        "Voicemail_Page",
        "objects",
        "FlexiPage Voicemail_Page",
    ),
    # reports
    _said(
        "column that the report type does not have",
        f"{REPORTS}/Voicemails_by_Day.report-meta.xml",
        "$Mailbox_Name__c",
        "$Transcript_Segments__c",
        "reports",
        "has no column Voicemail__c$Transcript_Segments__c",
    ),
    _said(
        "column gone from the report type", REPORT_TYPE, "<field>Status__c", "<field>Voicemail__c", "report types", ""
    ),
    _said(
        "filter value of a report",
        f"{REPORTS}/Age_of_New_Voicemails.report-meta.xml",
        "<value>New",
        "<value>new",
        "reports",
        "never 'new'",
    ),
    _said(
        "report type of a report",
        f"{REPORTS}/Voicemails_by_Day.report-meta.xml",
        "Voicemails__c",
        "Mails__c",
        "reports",
        "no report type Mails__c",
    ),
    Mutant(
        defect="report of a dashboard is gone",
        plant=remove(f"{REPORTS}/Voicemails_by_Day.report-meta.xml"),
        caught_by="dashboards",
        says="no report Voicemail_Reports/Voicemails_by_Day",
    ),
    _said(
        "sum that the report does not have",
        DASHBOARD,
        "<aggregate>Maximum",
        "<aggregate>Minimum",
        "dashboards",
        "no Minimum",
    ),
    _said(
        "dashboard components on each other",
        DASHBOARD,
        "<columnIndex>4",
        "<columnIndex>3",
        "dashboards",
        "lies on another",
    ),
    # pages
    _said("component that is not exposed", META, "<isExposed>true", "<isExposed>false", "pages", "is not exposed"),
    _said("component for other pages", META, "RecordPage", "AppPage", "pages", "not for record pages"),
    _said(
        "component that does not exist on a page",
        PAGE,
        "<componentName>voicemailPlayer",
        "<componentName>player",
        "pages",
        "no component player",
    ),
    _said("identifier twice", PAGE, "r>force_detailPanel", "r>voicemailPlayer", "pages", "stands there twice"),
    _said("region that the template does not have", PAGE, "<name>sidebar", "<name>right", "pages", "no region right"),
    _said("CallOrigin that is none, on a page", CALL_PAGE, ">Voicemail</right", ">VoiceMail</right", "pages", "never"),
    # service
    _said("routing that is external", ROUTING, "MOST_AVAILABLE", "EXTERNAL_ROUTING", "queues", "routes externally"),
    _said("routing configuration that is missing", QUEUE, "Config>Voicemail", "Config>Other", "queues", "'Other'"),
    _said("object of a queue", QUEUE, "<sobjectType>Voicemail__c", "<sobjectType>Mail__c", "queues", "no Mail__c"),
    Mutant(
        defect="queue that flows and settings name is gone",
        plant=move(QUEUE, f"{VOICE}/queues/Mail.queue-meta.xml"),
        caught_by="custom metadata",
        says="",
    ),
    _said("channel of a presence status", STATUS, "sfdc_phone", "sfdc_fon", "presence", "no service channel sfdc_fon"),
    Mutant(
        defect="status without a channel",
        plant=swap(STATUS, "    <channels>\n        <channel>sfdc_phone</channel>\n    </channels>\n", ""),
        caught_by="presence",
        says="is away",
    ),
    _said("accepting by itself, and declining", PRESENCE, "Accept>false", "Accept>true", "presence", "declined"),
    _said("field of a setting", SETTING, "<field>Case_Origin__c", "<field>Origin__c", "custom metadata", "Origin__c"),
    _said("type of a setting's value", SETTING, '"xsd:boolean"', '"xsd:string"', "custom metadata", "is a Checkbox"),
    _said(
        "group of a sharing rule",
        f"{MAIN}/sharingRules/Voicemail__c.sharingRules-meta.xml",
        "<group>Voicemail_Integration",
        "<group>Integration",
        "app and sharing",
        "no group Integration",
    ),
    _said(
        "permission set of the client app",
        POLICIES,
        "Set>Voicemail_Integration",
        "Set>Connector",
        "app and sharing",
        "no permission set Connector",
    ),
    # main/ by itself
    _said(
        "VoiceCall named in main/",
        f"{FIELDS}/Case__c.field-meta.xml",
        "<referenceTo>Case",
        "<referenceTo>VoiceCall",
        "main alone",
        "VoiceCall comes with Service Cloud Voice only",
    ),
    _said(
        "field of voice/ named in main/",
        REP,
        "Voicemail__c.Source_System__c",
        "Voicemail__c.Voice_Call__c",
        "main alone",
        "Voicemail__c has no field Voice_Call__c",
    ),
    Mutant(
        defect="queue of voice/ named in main/",
        plant=move(
            f"{VOICE}/objects/Voicemail__c/listViews/Voicemail_Queue.listView-meta.xml",
            f"{OBJECT}/listViews/Voicemail_Queue.listView-meta.xml",
        ),
        caught_by="main alone",
        says="no queue Voicemail",
    ),
    _said(
        "id of a record",
        QUEUE,
        "<name>Voicemail",
        "<name>00G5g000004XYzAEAW",
        "no ids",
        "00G5g000004XYzAEAW",
    ),
)
