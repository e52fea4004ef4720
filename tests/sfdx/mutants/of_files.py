"""Defects of files: their XML, their schema, their place and their name."""

from __future__ import annotations

from tests.sfdx.mutants.planting import MAIN, VOICE, Mutant, add, move, remove, swap

QUEUE = f"{VOICE}/queues/Voicemail.queue-meta.xml"
ROUTING = f"{VOICE}/queueRoutingConfigs/Voicemail.queueRoutingConfig-meta.xml"
FLOW = f"{MAIN}/flows/Voicemail_Find_Or_Create_Case.flow-meta.xml"
FIELDS = f"{MAIN}/objects/Voicemail__c/fields"
REP = f"{MAIN}/permissionsets/Voicemail_Rep.permissionset-meta.xml"
CLASS = f"{MAIN}/classes/VoicemailPlayerController.cls"
LWC = f"{MAIN}/lwc/voicemailPlayer"
CSP = f"{MAIN}/cspTrustedSites/Voicemail_Recordings.cspTrustedSite-meta.xml"
NAMESPACE = ' xmlns="http://soap.sforce.com/2006/04/metadata"'
XML = '<?xml version="1.0" encoding="UTF-8"?>\n'

MUTANTS = (
    Mutant(
        defect="malformed XML",
        plant=swap(QUEUE, "</Queue>", "</Quue>"),
        caught_by="well-formed",
        says="is no XML",
    ),
    Mutant(
        defect="an entity that nobody declared",
        plant=swap(QUEUE, "<name>Voicemail<", "<name>Voicemail&nbsp;<"),
        caught_by="well-formed",
        says="nbsp",
    ),
    Mutant(
        defect="no XML declaration",
        plant=swap(QUEUE, '<?xml version="1.0" encoding="UTF-8"?>\n', ""),
        caught_by="well-formed",
        says="declaration",
    ),
    Mutant(
        defect="namespace missing",
        plant=swap(QUEUE, NAMESPACE, ""),
        caught_by="well-formed",
        says="namespace",
    ),
    Mutant(
        defect="unknown element",
        plant=swap(QUEUE, "    <name>", "    <routeType>Queue</routeType>\n    <name>"),
        caught_by="schema",
        says="Element routeType invalid",
    ),
    Mutant(
        defect="element of a newer API version",
        plant=swap(QUEUE, "    <doesSendEmail", "    <doesIncludeBosses>true</doesIncludeBosses>\n    <doesSendEmail"),
        caught_by="schema 63.0",
        says="doesIncludeBosses",
    ),
    Mutant(
        defect="value that the enumeration does not have",
        plant=swap(ROUTING, "MOST_AVAILABLE", "MOST_AVAILIBLE"),
        caught_by="schema",
        says="enum 'RoutingModel'",
    ),
    Mutant(
        defect="wrong root element",
        plant=swap(FLOW, "<Flow xmlns", "<FlowDefinition xmlns"),
        caught_by="well-formed",
        says="is no XML",
    ),
    Mutant(
        defect="root element of another type",
        plant=add(f"{VOICE}/queues/Other.queue-meta.xml", f"{XML}<Group{NAMESPACE}>\n    <name>O</name>\n</Group>\n"),
        caught_by="full names",
        says="the root is Group, not Queue",
    ),
    Mutant(
        defect="required element missing",
        plant=swap(QUEUE, "    <name>Voicemail</name>\n", ""),
        caught_by="schema",
        says="Required field is missing: name",
    ),
    Mutant(
        defect="single element twice",
        plant=swap(QUEUE, "    <name>Voicemail</name>\n", "    <name>Voicemail</name>\n" * 2),
        caught_by="schema",
        says="name is duplicated",
    ),
    Mutant(
        defect="repeated elements that are not side by side",
        plant=swap(FLOW, "    <apiVersion>", "    <decisions/>\n    <apiVersion>"),
        caught_by="schema",
        says="Element decisions is duplicated at this location in type Flow",
    ),
    Mutant(
        defect="elements out of Salesforce's order",
        plant=swap(
            ROUTING,
            "    <label>Voicemail</label>\n    <pushTimeout>30</pushTimeout>\n",
            "    <pushTimeout>30</pushTimeout>\n    <label>Voicemail</label>\n",
        ),
        caught_by="schema 63.0",
        says="not expected",
    ),
    Mutant(
        defect="boolean that is none",
        plant=swap(QUEUE, "ToMembers>false", "ToMembers>no"),
        caught_by="schema",
        says="true or false",
    ),
    Mutant(
        defect="number that is none",
        plant=swap(ROUTING, "Timeout>30", "Timeout>30 s"),
        caught_by="schema",
        says="is a number",
    ),
    Mutant(
        defect="number with a fraction where none may be",
        plant=swap(ROUTING, "Timeout>30", "Timeout>30.5"),
        caught_by="schema 63.0",
        says="30.5",
    ),
    Mutant(
        defect="element of profiles in a permission set",
        plant=swap(REP, "        <tab>", "        <default>true</default>\n        <tab>"),
        caught_by="schema",
        says="Element default invalid",
    ),
    Mutant(
        defect="class without -meta.xml",
        plant=remove(f"{CLASS}-meta.xml"),
        caught_by="places",
        says="left out in silence",
    ),
    Mutant(defect="-meta.xml without class", plant=remove(CLASS), caught_by="places", says="there is no"),
    Mutant(
        defect="component without js-meta.xml",
        plant=remove(f"{LWC}/voicemailPlayer.js-meta.xml"),
        caught_by="places",
        says="left out in silence",
    ),
    Mutant(
        defect="component without its module",
        plant=remove(f"{LWC}/voicemailPlayer.js"),
        caught_by="places",
        says="voicemailPlayer.js is missing",
    ),
    Mutant(
        defect="stray file in a component",
        plant=add(f"{LWC}/notes.txt", "later"),
        caught_by="places",
        says="no such files",
    ),
    Mutant(
        defect="folder in a component",
        plant=add(f"{LWC}/parts/clock.js", "export const A = 1;\n"),
        caught_by="places",
        says="only __tests__",
    ),
    Mutant(
        defect="file in a wrong folder",
        plant=move(QUEUE, f"{VOICE}/groups/Voicemail.queue-meta.xml"),
        caught_by="places",
        says="lies in queues/, not in groups/",
    ),
    Mutant(
        defect="folder of no type",
        plant=move(QUEUE, f"{VOICE}/queue/Voicemail.queue-meta.xml"),
        caught_by="places",
        says="no type of metadata",
    ),
    Mutant(
        defect="file in no folder",
        plant=move(QUEUE, f"{VOICE}/Voicemail.queue-meta.xml"),
        caught_by="places",
        says="in no folder of a type",
    ),
    Mutant(
        defect="unknown ending",
        plant=move(QUEUE, f"{VOICE}/queues/Voicemail.que-meta.xml"),
        caught_by="places",
        says="nothing has the ending que",
    ),
    Mutant(
        defect="name of the metadata format, not of the source format",
        plant=move(QUEUE, f"{VOICE}/queues/Voicemail.queue"),
        caught_by="places",
        says="does not end in -meta.xml",
    ),
    Mutant(
        defect="stray file",
        plant=add(f"{VOICE}/queues/Voicemail.queue-meta.xml.orig", "old"),
        caught_by="places",
        says="is no part of a Queue",
    ),
    Mutant(
        defect="field in the folder of list views",
        plant=move(f"{FIELDS}/Language__c.field-meta.xml", f"{MAIN}/objects/Voicemail__c/listViews/L.field-meta.xml"),
        caught_by="places",
        says="does not end in .listView-meta.xml",
    ),
    Mutant(
        defect="report in a folder that is not described",
        plant=remove(f"{MAIN}/reports/Voicemail_Reports.reportFolder-meta.xml"),
        caught_by="places",
        says="not described by a ReportFolder",
    ),
    Mutant(
        defect="the same component in main/ and voice/",
        plant=lambda root: add(f"{MAIN}/queues/Voicemail.queue-meta.xml", (root / QUEUE).read_text())(root),
        caught_by="places",
        says="too",
    ),
    Mutant(
        defect="fullName that is not the file's",
        plant=swap(f"{FIELDS}/Language__c.field-meta.xml", "Name>Language__c", "Name>Languages__c"),
        caught_by="full names",
        says="the file is named Language__c",
    ),
    Mutant(
        defect="child of an object without fullName",
        plant=swap(f"{FIELDS}/Language__c.field-meta.xml", "    <fullName>Language__c</fullName>\n", ""),
        caught_by="full names",
        says="fullName is missing",
    ),
    Mutant(
        defect="name that is no API name",
        plant=move(QUEUE, f"{VOICE}/queues/Voicemail__Queue.queue-meta.xml"),
        caught_by="full names",
        says="is no API name",
    ),
    Mutant(
        defect="object file of a standard object",
        plant=add(
            f"{VOICE}/objects/VoiceCall/VoiceCall.object-meta.xml",
            f"{XML}<CustomObject{NAMESPACE}>\n    <enableFeeds>true</enableFeeds>\n</CustomObject>\n",
        ),
        caught_by="full names",
        says="overwrite the org's",
    ),
)
