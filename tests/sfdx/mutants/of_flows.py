"""Defects of flows: ways, references, names of the org, and the contract of routing."""

from __future__ import annotations

from tests.sfdx.mutants.planting import MAIN, VOICE, Mutant, misspelt, swap

CASE = f"{MAIN}/flows/Voicemail_Find_Or_Create_Case.flow-meta.xml"
OMNI = f"{VOICE}/flows/Voicemail_Omni_Routing.flow-meta.xml"
LINK = f"{VOICE}/flows/VoiceCall_After_Save_Link_Case.flow-meta.xml"


def _parameter(name: str, kind: str, value: str) -> str:
    """An input of Route Work, as the file has it."""
    inside = f"                <{kind}>{value}</{kind}>\n"
    return (
        f"        <inputParameters>\n            <name>{name}</name>\n            <value>\n{inside}"
        "            </value>\n        </inputParameters>\n"
    )


VARIABLE = (
    "    <variables>\n        <description>Nobody needs it.</description>\n        <name>nobodys</name>\n"
    "        <dataType>String</dataType>\n        <isCollection>false</isCollection>\n"
    "        <isInput>false</isInput>\n        <isOutput>false</isOutput>\n    </variables>\n"
)

FAULT = (
    "        <faultConnector>\n            <targetReference>Keep_Problem</targetReference>\n        </faultConnector>\n"
)
ORIGIN = (
    "            <field>CallOrigin</field>\n            <operator>EqualTo</operator>\n            <value>\n"
    "                <stringValue>Voicemail<"
)
RECORD_ID = (
    "<name>recordId</name>\n        <dataType>String</dataType>\n        <isCollection>false</isCollection>\n"
    "        <isInput>true"
)

MUTANTS = (
    misspelt(
        "connector to an element that does not exist",
        CASE,
        "<targetReference>One_Contact<",
        "<targetReference>One_Caller<",
        caught_by="flow graphs",
        says="leads to One_Caller",
    ),
    misspelt(
        "element that nothing leads to",
        CASE,
        "<targetReference>Keep_Refusal<",
        "<targetReference>Keep_Problem<",
        caught_by="flow graphs",
        says="nothing leads to Keep_Refusal",
    ),
    misspelt(
        "way that goes round for ever",
        CASE,
        "<targetReference>One_Contact<",
        "<targetReference>Get_Contacts<",
        caught_by="flow graphs",
        says="for ever",
    ),
    misspelt(
        "reference to a variable that does not exist",
        OMNI,
        "<assignToReference>agentId<",
        "<assignToReference>agent<",
        caught_by="flow graphs",
        says="refers to agent",
    ),
    misspelt(
        "reference in a formula that does not exist",
        CASE,
        "{!voiceCallId}",
        "{!callId}",
        caught_by="flow graphs",
        says="refers to callId",
    ),
    Mutant(
        defect="variable that nobody uses",
        plant=swap(CASE, "</Flow>", f"{VARIABLE}</Flow>"),
        caught_by="flow graphs",
        says="nobody uses nobodys",
    ),
    misspelt(
        "two parts of one name",
        OMNI,
        "<name>agentId</name>\n        <dataType",
        "<name>queueId</name>\n        <dataType",
        caught_by="flow graphs",
        says="2 parts are called queueid",
    ),
    misspelt(
        "fault path missing",
        LINK,
        FAULT,
        "",
        caught_by="flow graphs",
        says="has no fault path",
    ),
    misspelt(
        "record of a flow that no record starts",
        CASE,
        "<elementReference>Get_Contacts<",
        "<elementReference>$Record.Id<",
        caught_by="flow graphs",
        says="no record starts this flow",
    ),
    misspelt(
        "flow that is not active", OMNI, "<status>Active", "<status>Draft", caught_by="subflows", says="is not active"
    ),
    misspelt(
        "subflow that does not exist",
        LINK,
        "<flowName>Voicemail_Find_Or_Create_Case",
        "<flowName>Find_Case",
        caught_by="subflows",
        says="no flow Find_Case",
    ),
    misspelt(
        "input that the subflow does not have",
        LINK,
        "<name>findOpenCase",
        "<name>findCase",
        caught_by="subflows",
        says="no input findCase",
    ),
    misspelt(
        "output that the subflow does not have",
        LINK,
        "<name>caseId</name>\n        </outputAssignments>",
        "<name>theCase</name>\n        </outputAssignments>",
        caught_by="subflows",
        says="no output theCase",
    ),
    misspelt(
        "subflow that is an Omni-Channel flow",
        CASE,
        "<processType>AutoLaunchedFlow",
        "<processType>RoutingFlow",
        caught_by="subflows",
        says="cannot be a subflow",
    ),
    misspelt(
        "field of a filter",
        CASE,
        "<field>Voicemail_External_Id__c",
        "<field>External_Id__c",
        caught_by="flow names",
        says="no field External_Id__c",
    ),
    misspelt(
        "field that is written",
        CASE,
        "<field>Voicemail_Caller_Number__c</field>\n            <value>",
        "<field>Caller_Number__c</field>\n            <value>",
        caught_by="flow names",
        says="no field Caller_Number__c",
    ),
    misspelt(
        "object of a lookup",
        OMNI,
        "<object>Voicemail_Setting__mdt",
        "<object>Setting__mdt",
        caught_by="flow names",
        says="no object Setting__mdt",
    ),
    misspelt(
        "field of a record that was found",
        LINK,
        "Get_Setting.Link_Cases__c",
        "Get_Setting.Link_Case__c",
        caught_by="flow names",
        says="Link_Case__c",
    ),
    misspelt(
        "field of a setting that is not read",
        OMNI,
        "        <queriedFields>Live_Queue__c</queriedFields>\n",
        "",
        caught_by="flow names",
        says="does not read Live_Queue__c",
    ),
    misspelt(
        "setting that does not exist",
        OMNI,
        "<stringValue>Default",
        "<stringValue>Defaults",
        caught_by="flow names",
        says="no record Defaults",
    ),
    misspelt(
        "group that may be anything but a queue",
        OMNI,
        "<stringValue>Queue</stringValue>",
        "<stringValue>Regular</stringValue>",
        caught_by="flow names",
        says="takes any group",
    ),
    misspelt(
        "CallOrigin that is none, in a decision",
        OMNI,
        "<stringValue>Voicemail<",
        "<stringValue>VoiceMail<",
        caught_by="flow names",
        says="CallOrigin is never 'VoiceMail'",
    ),
    misspelt(
        "CallOrigin that is none, in a start",
        LINK,
        ORIGIN,
        ORIGIN.replace("Voicemail", "voicemail"),
        caught_by="flow names",
        says="CallOrigin is never 'voicemail'",
    ),
    misspelt(
        "isQueueVariable missing",
        OMNI,
        _parameter("isQueueVariable", "booleanValue", "true"),
        "",
        caught_by="routing",
        says="needs isQueueVariable",
    ),
    misspelt(
        "versionString missing",
        OMNI,
        "        <versionString>2.0.0</versionString>\n",
        "",
        caught_by="routing",
        says="needs versionString",
    ),
    misspelt(
        "queue missing",
        OMNI,
        _parameter("queueId", "elementReference", "queueId"),
        "",
        caught_by="routing",
        says="has no queue",
    ),
    misspelt(
        "routing type missing",
        OMNI,
        _parameter("routingType", "stringValue", "QueueBased"),
        "",
        caught_by="routing",
        says="does not say routingType",
    ),
    misspelt(
        "fixed queue",
        OMNI,
        _parameter("queueId", "elementReference", "queueId"),
        _parameter("queueId", "stringValue", "00G000000000001"),
        caught_by="routing",
        says="a fixed queueId",
    ),
    misspelt(
        "fixed queue is an id, too",
        OMNI,
        _parameter("queueId", "elementReference", "queueId"),
        _parameter("queueId", "stringValue", "00G000000000001"),
        caught_by="no ids",
        says="00G000000000001",
    ),
    misspelt(
        "recordId that is no input",
        OMNI,
        RECORD_ID,
        RECORD_ID.replace("<isInput>true", "<isInput>false"),
        caught_by="routing",
        says="the input recordId is missing",
    ),
    misspelt(
        "channel by its label",
        OMNI,
        "<setupReference>sfdc_phone",
        "<setupReference>Phone",
        caught_by="routing",
        says="developer name",
    ),
    misspelt(
        "owner changed while the call is routed",
        LINK,
        "<field>RelatedRecordId</field>\n            <value>\n                <elementReference>",
        "<field>OwnerId</field>\n            <value>\n                <elementReference>",
        caught_by="routing",
        says="OwnerId must not be changed",
    ),
    misspelt(
        "action that the emulator cannot run",
        OMNI,
        "<actionType>routeWork",
        "<actionType>addScreenPop",
        caught_by="interpreter",
        says="the emulator refuses it",
    ),
    misspelt(
        "wrong version of a flow",
        OMNI,
        "<apiVersion>66.0",
        "<apiVersion>61.0",
        caught_by="versions",
        says="apiVersion is 61.0",
    ),
    misspelt(
        "element without description",
        OMNI,
        "        <description>Remember the rep.</description>\n",
        "",
        caught_by="descriptions",
        says="Take_Rep has no description",
    ),
)
