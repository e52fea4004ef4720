"""Defects of flows: ways, references, names of the org, and the contract of routing."""

from __future__ import annotations

from tests.sfdx.mutants.planting import MAIN, VOICE, Mutant, swap

CASE = f"{MAIN}/flows/Voicemail_Find_Or_Create_Case.flow-meta.xml"
OMNI = f"{VOICE}/flows/Voicemail_Omni_Routing.flow-meta.xml"
LINK = f"{VOICE}/flows/VoiceCall_After_Save_Link_Case.flow-meta.xml"


def _said(defect: str, path: str, old: str, new: str, caught_by: str, says: str) -> Mutant:
    return Mutant(defect=defect, plant=swap(path, old, new), caught_by=caught_by, says=says)


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

MUTANTS = (
    _said(
        "connector to an element that does not exist",
        CASE,
        "<targetReference>One_Contact<",
        "<targetReference>One_Caller<",
        "flow graphs",
        "leads to One_Caller",
    ),
    _said(
        "element that nothing leads to",
        CASE,
        "<targetReference>Keep_Refusal<",
        "<targetReference>Keep_Problem<",
        "flow graphs",
        "nothing leads to Keep_Refusal",
    ),
    _said(
        "way that goes round for ever",
        CASE,
        "<targetReference>One_Contact<",
        "<targetReference>Get_Contacts<",
        "flow graphs",
        "for ever",
    ),
    _said(
        "reference to a variable that does not exist",
        OMNI,
        "<assignToReference>agentId<",
        "<assignToReference>agent<",
        "flow graphs",
        "refers to agent",
    ),
    _said(
        "reference in a formula that does not exist",
        CASE,
        "{!voiceCallId}",
        "{!callId}",
        "flow graphs",
        "refers to callId",
    ),
    Mutant(
        defect="variable that nobody uses",
        plant=swap(CASE, "</Flow>", f"{VARIABLE}</Flow>"),
        caught_by="flow graphs",
        says="nobody uses nobodys",
    ),
    _said(
        "two parts of one name",
        OMNI,
        "<name>agentId</name>\n        <dataType",
        "<name>queueId</name>\n        <dataType",
        "flow graphs",
        "2 parts are called queueid",
    ),
    _said(
        "fault path missing",
        LINK,
        "        <faultConnector>\n            <targetReference>Keep_Problem</targetReference>\n        </faultConnector>\n",
        "",
        "flow graphs",
        "has no fault path",
    ),
    _said(
        "record of a flow that no record starts",
        CASE,
        "<elementReference>Get_Contacts<",
        "<elementReference>$Record.Id<",
        "flow graphs",
        "no record starts this flow",
    ),
    _said("flow that is not active", OMNI, "<status>Active", "<status>Draft", "subflows", "is not active"),
    _said(
        "subflow that does not exist",
        LINK,
        "<flowName>Voicemail_Find_Or_Create_Case",
        "<flowName>Find_Case",
        "subflows",
        "no flow Find_Case",
    ),
    _said(
        "input that the subflow does not have",
        LINK,
        "<name>findOpenCase",
        "<name>findCase",
        "subflows",
        "no input findCase",
    ),
    _said(
        "output that the subflow does not have",
        LINK,
        "<name>caseId</name>\n        </outputAssignments>",
        "<name>theCase</name>\n        </outputAssignments>",
        "subflows",
        "no output theCase",
    ),
    _said(
        "subflow that is an Omni-Channel flow",
        CASE,
        "<processType>AutoLaunchedFlow",
        "<processType>RoutingFlow",
        "subflows",
        "cannot be a subflow",
    ),
    _said(
        "field of a filter",
        CASE,
        "<field>Voicemail_External_Id__c",
        "<field>External_Id__c",
        "flow names",
        "no field External_Id__c",
    ),
    _said(
        "field that is written",
        CASE,
        "<field>Voicemail_Caller_Number__c</field>\n            <value>",
        "<field>Caller_Number__c</field>\n            <value>",
        "flow names",
        "no field Caller_Number__c",
    ),
    _said(
        "object of a lookup",
        OMNI,
        "<object>Voicemail_Setting__mdt",
        "<object>Setting__mdt",
        "flow names",
        "no object Setting__mdt",
    ),
    _said(
        "field of a record that was found",
        LINK,
        "Get_Setting.Link_Cases__c",
        "Get_Setting.Link_Case__c",
        "flow names",
        "Link_Case__c",
    ),
    _said(
        "field of a setting that is not read",
        OMNI,
        "        <queriedFields>Live_Queue__c</queriedFields>\n",
        "",
        "flow names",
        "does not read Live_Queue__c",
    ),
    _said(
        "setting that does not exist",
        OMNI,
        "<stringValue>Default",
        "<stringValue>Defaults",
        "flow names",
        "no record Defaults",
    ),
    _said(
        "group that may be anything but a queue",
        OMNI,
        "<stringValue>Queue</stringValue>",
        "<stringValue>Regular</stringValue>",
        "flow names",
        "takes any group",
    ),
    _said(
        "CallOrigin that is none, in a decision",
        OMNI,
        "<stringValue>Voicemail<",
        "<stringValue>VoiceMail<",
        "flow names",
        "CallOrigin is never 'VoiceMail'",
    ),
    _said(
        "CallOrigin that is none, in a start",
        LINK,
        "            <field>CallOrigin</field>\n            <operator>EqualTo</operator>\n            <value>\n                <stringValue>Voicemail<",
        "            <field>CallOrigin</field>\n            <operator>EqualTo</operator>\n            <value>\n                <stringValue>voicemail<",
        "flow names",
        "CallOrigin is never 'voicemail'",
    ),
    _said(
        "isQueueVariable missing",
        OMNI,
        _parameter("isQueueVariable", "booleanValue", "true"),
        "",
        "routing",
        "needs isQueueVariable",
    ),
    _said(
        "versionString missing",
        OMNI,
        "        <versionString>2.0.0</versionString>\n",
        "",
        "routing",
        "needs versionString",
    ),
    _said("queue missing", OMNI, _parameter("queueId", "elementReference", "queueId"), "", "routing", "has no queue"),
    _said(
        "routing type missing",
        OMNI,
        _parameter("routingType", "stringValue", "QueueBased"),
        "",
        "routing",
        "does not say routingType",
    ),
    _said(
        "fixed queue",
        OMNI,
        _parameter("queueId", "elementReference", "queueId"),
        _parameter("queueId", "stringValue", "00G000000000001"),
        "routing",
        "a fixed queueId",
    ),
    _said(
        "fixed queue is an id, too",
        OMNI,
        _parameter("queueId", "elementReference", "queueId"),
        _parameter("queueId", "stringValue", "00G000000000001"),
        "no ids",
        "00G000000000001",
    ),
    _said(
        "recordId that is no input",
        OMNI,
        "<name>recordId</name>\n        <dataType>String</dataType>\n        <isCollection>false</isCollection>\n        <isInput>true",
        "<name>recordId</name>\n        <dataType>String</dataType>\n        <isCollection>false</isCollection>\n        <isInput>false",
        "routing",
        "the input recordId is missing",
    ),
    _said(
        "channel by its label", OMNI, "<setupReference>sfdc_phone", "<setupReference>Phone", "routing", "developer name"
    ),
    _said(
        "owner changed while the call is routed",
        LINK,
        "<field>RelatedRecordId</field>\n            <value>\n                <elementReference>",
        "<field>OwnerId</field>\n            <value>\n                <elementReference>",
        "flow names",
        "",
    ),
    _said(
        "action that the emulator cannot run",
        OMNI,
        "<actionType>routeWork",
        "<actionType>addScreenPop",
        "interpreter",
        "the emulator refuses it",
    ),
    _said("wrong version of a flow", OMNI, "<apiVersion>66.0", "<apiVersion>61.0", "versions", "apiVersion is 61.0"),
    _said(
        "element without description",
        OMNI,
        "        <description>Remember the rep.</description>\n",
        "",
        "descriptions",
        "Take_Rep has no description",
    ),
)
