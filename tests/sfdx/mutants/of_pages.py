"""Defects of reports, pages, queues and settings, and of main/ by itself."""

from __future__ import annotations

from tests.sfdx.mutants.planting import MAIN, VOICE, Mutant, misspelt, move, remove, swap

OBJECT = f"{MAIN}/objects/Voicemail__c"
FIELDS = f"{OBJECT}/fields"
REP = f"{MAIN}/permissionsets/Voicemail_Rep.permissionset-meta.xml"
QUEUE = f"{VOICE}/queues/Voicemail.queue-meta.xml"
ROUTING = f"{VOICE}/queueRoutingConfigs/Voicemail.queueRoutingConfig-meta.xml"
STATUS = f"{VOICE}/servicePresenceStatuses/Available_Voicemail.servicePresenceStatus-meta.xml"
PRESENCE = f"{VOICE}/presenceUserConfigs/Voicemail_Reps.presenceUserConfig-meta.xml"
PAGE = f"{MAIN}/flexipages/Voicemail_Record_Page.flexipage-meta.xml"
CALL_PAGE = f"{VOICE}/flexipages/Voicemail_Voice_Call_Page.flexipage-meta.xml"
REPORTS = f"{MAIN}/reports/Voicemail_Reports"
REPORT_TYPE = f"{MAIN}/reportTypes/Voicemails.reportType-meta.xml"
DASHBOARD = f"{MAIN}/dashboards/Voicemail_Dashboards/Voicemail_Overview.dashboard-meta.xml"
SETTING = f"{MAIN}/customMetadata/Voicemail_Setting.Default.md-meta.xml"
META = f"{MAIN}/lwc/voicemailPlayer/voicemailPlayer.js-meta.xml"
POLICIES = f"{MAIN}/extlClntAppOauthPolicies/Voicemail_Connector_oauthPlcy.ecaOauthPlcy-meta.xml"

MUTANTS = (
    # reports
    misspelt(
        "column that the report type does not have",
        f"{REPORTS}/Voicemails_by_Day.report-meta.xml",
        "$Mailbox_Name__c",
        "$Transcript_Segments__c",
        caught_by="reports",
        says="has no column Voicemail__c$Transcript_Segments__c",
    ),
    misspelt(
        "column gone from the report type",
        REPORT_TYPE,
        "<field>Status__c",
        "<field>Voicemail__c",
        caught_by="report types",
        says="",
    ),
    misspelt(
        "filter value of a report",
        f"{REPORTS}/Age_of_New_Voicemails.report-meta.xml",
        "<value>New",
        "<value>new",
        caught_by="reports",
        says="never 'new'",
    ),
    misspelt(
        "report type of a report",
        f"{REPORTS}/Voicemails_by_Day.report-meta.xml",
        "Voicemails__c",
        "Mails__c",
        caught_by="reports",
        says="no report type Mails__c",
    ),
    Mutant(
        defect="report of a dashboard is gone",
        plant=remove(f"{REPORTS}/Voicemails_by_Day.report-meta.xml"),
        caught_by="dashboards",
        says="no report Voicemail_Reports/Voicemails_by_Day",
    ),
    misspelt(
        "sum that the report does not have",
        DASHBOARD,
        "<aggregate>Maximum",
        "<aggregate>Minimum",
        caught_by="dashboards",
        says="no Minimum",
    ),
    misspelt(
        "dashboard components on each other",
        DASHBOARD,
        "<columnIndex>4",
        "<columnIndex>3",
        caught_by="dashboards",
        says="lies on another",
    ),
    # pages
    misspelt(
        "component that is not exposed",
        META,
        "<isExposed>true",
        "<isExposed>false",
        caught_by="pages",
        says="is not exposed",
    ),
    misspelt(
        "component for other pages", META, "RecordPage", "AppPage", caught_by="pages", says="not for record pages"
    ),
    misspelt(
        "component that does not exist on a page",
        PAGE,
        "<componentName>voicemailPlayer",
        "<componentName>player",
        caught_by="pages",
        says="no component player",
    ),
    misspelt(
        "identifier twice",
        PAGE,
        "r>force_detailPanel",
        "r>voicemailPlayer",
        caught_by="pages",
        says="stands there twice",
    ),
    misspelt(
        "region that the template does not have",
        PAGE,
        "<name>sidebar",
        "<name>right",
        caught_by="pages",
        says="no region right",
    ),
    misspelt(
        "CallOrigin that is none, on a page",
        CALL_PAGE,
        ">Voicemail</right",
        ">VoiceMail</right",
        caught_by="pages",
        says="never",
    ),
    misspelt(
        "criterion that the filter of a page does not use",
        CALL_PAGE,
        "1 AND 2",
        "1",
        caught_by="pages",
        says="does not use each of its 2 criteria",
    ),
    # service
    misspelt(
        "routing that is external",
        ROUTING,
        "MOST_AVAILABLE",
        "EXTERNAL_ROUTING",
        caught_by="queues",
        says="routes externally",
    ),
    misspelt(
        "routing configuration that is missing",
        QUEUE,
        "Config>Voicemail",
        "Config>Other",
        caught_by="queues",
        says="'Other'",
    ),
    misspelt(
        "object of a queue",
        QUEUE,
        "<sobjectType>Voicemail__c",
        "<sobjectType>Mail__c",
        caught_by="queues",
        says="no Mail__c",
    ),
    Mutant(
        defect="queue that flows and settings name is gone",
        plant=move(QUEUE, f"{VOICE}/queues/Mail.queue-meta.xml"),
        caught_by="custom metadata",
        says="",
    ),
    misspelt(
        "channel of a presence status",
        STATUS,
        "sfdc_phone",
        "sfdc_fon",
        caught_by="presence",
        says="no service channel sfdc_fon",
    ),
    Mutant(
        defect="status without a channel",
        plant=swap(STATUS, "    <channels>\n        <channel>sfdc_phone</channel>\n    </channels>\n", ""),
        caught_by="presence",
        says="is away",
    ),
    misspelt(
        "accepting by itself, and declining",
        PRESENCE,
        "Accept>false",
        "Accept>true",
        caught_by="presence",
        says="declined",
    ),
    misspelt(
        "field of a setting",
        SETTING,
        "<field>Case_Origin__c",
        "<field>Origin__c",
        caught_by="custom metadata",
        says="Origin__c",
    ),
    misspelt(
        "type of a setting's value",
        SETTING,
        '"xsd:boolean"',
        '"xsd:string"',
        caught_by="custom metadata",
        says="is a Checkbox",
    ),
    misspelt(
        "group of a sharing rule",
        f"{MAIN}/sharingRules/Voicemail__c.sharingRules-meta.xml",
        "<group>Voicemail_Integration",
        "<group>Integration",
        caught_by="app and sharing",
        says="no group Integration",
    ),
    misspelt(
        "permission set of the client app",
        POLICIES,
        "Set>Voicemail_Integration",
        "Set>Connector",
        caught_by="app and sharing",
        says="no permission set Connector",
    ),
    # main/ by itself
    misspelt(
        "VoiceCall named in main/",
        f"{FIELDS}/Case__c.field-meta.xml",
        "<referenceTo>Case",
        "<referenceTo>VoiceCall",
        caught_by="main alone",
        says="VoiceCall comes with Service Cloud Voice only",
    ),
    misspelt(
        "field of voice/ named in main/",
        REP,
        "Voicemail__c.Source_System__c",
        "Voicemail__c.Voice_Call__c",
        caught_by="main alone",
        says="Voicemail__c has no field Voice_Call__c",
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
    misspelt(
        "id of a record",
        QUEUE,
        "<name>Voicemail",
        "<name>00G5g000004XYzAEAW",
        caught_by="no ids",
        says="00G5g000004XYzAEAW",
    ),
)
