"""Queues, presence, flows, pages: what they refer to must be there, and what is deployed is used."""

from __future__ import annotations

import pytest

from tests.unit.emulator.metadata.packages import ADMIN, DATA, Target, a_manifest, metadata

ROUTING = (
    "<capacityPercentage>100.0</capacityPercentage><label>Fast</label><routingModel>MOST_AVAILABLE</routingModel>"
    "<routingPriority>5</routingPriority>"
)
ROUTING_FILE = "queueRoutingConfigs/Fast.queueRoutingConfig"
QUEUE_FILE = "queues/Messages.queue"


def a_queue(*parts: str) -> str:
    """The file of a queue; each part on its own line, the first on line 3."""
    return metadata("Queue", "\n".join(["<name>Messages</name>", *parts]))


def test_a_queue_is_made_with_its_objects_routing_and_members(target: Target) -> None:
    """And a second deploy changes it; members stay when the file names none."""
    files = {
        ROUTING_FILE: metadata("QueueRoutingConfig", ROUTING),
        QUEUE_FILE: a_queue(
            f"<queueMembers><users><user>{ADMIN}</user></users></queueMembers>",
            "<queueRoutingConfig>Fast</queueRoutingConfig>",
            "<queueSobject><sobjectType>VoiceCall</sobjectType></queueSobject>"
            "<queueSobject><sobjectType>Case</sobjectType></queueSobject>",
        ),
    }
    target.deploy(files, Queue="Messages", QueueRoutingConfig="Fast")
    target.deploy({QUEUE_FILE: a_queue("<queueRoutingConfig>Fast</queueRoutingConfig>")}, Queue="Messages")

    database = target.org.database
    (queue,) = database.find("Group", DeveloperName="Messages")
    (routing,) = database.find("QueueRoutingConfig", Id=queue["QueueRoutingConfigId"])
    assert (queue["Type"], routing["RoutingModel"], routing["CapacityPercentage"]) == ("Queue", "MostAvailable", 100.0)
    assert database.find("QueueSobject", QueueId=queue["Id"]) == []
    (member,) = database.find("GroupMember", GroupId=queue["Id"])
    assert member["UserOrGroupId"] == target.org.user_id_of(ADMIN)


def test_deploying_a_queue_that_is_there_keeps_its_id_members_and_mapping(target: Target) -> None:
    """The seeded queue Voicemail is changed, not replaced."""
    before = target.org.database.first("Group", DeveloperName="Voicemail")
    file = metadata("Queue", "<name>Voicemails</name>")

    target.deploy({"queues/Voicemail.queue": file}, Queue="Voicemail")

    assert before is not None
    after = target.org.database.first("Group", DeveloperName="Voicemail")
    assert after is not None
    assert (after["Id"], after["Name"]) == (before["Id"], "Voicemails")
    assert target.org.database.find("GroupMember", GroupId=after["Id"])
    assert target.org.database.find("CallCenterRoutingMap", ReferenceRecordId=after["Id"])


@pytest.mark.parametrize(
    ("part", "problem"),
    [
        (
            "<queueRoutingConfig>Nope</queueRoutingConfig>",
            "In field: queueRoutingConfig - no QueueRoutingConfig named Nope",
        ),
        ("<queueSobject><sobjectType>Nope__c</sobjectType></queueSobject>", "no CustomObject named Nope__c found"),
        (
            "<queueSobject><sobjectType>Account</sobjectType></queueSobject>",
            "Records of Account cannot belong to a queue",
        ),
        (
            "<queueMembers><users><user>nobody@example.com</user></users></queueMembers>",
            "no User named nobody@example.com",
        ),
        ("<queueMembers><roles><role>CEO</role></roles></queueMembers>", "The emulator has no roles"),
    ],
)
def test_what_a_queue_names_must_be_there(target: Target, part: str, problem: str) -> None:
    """With the line of the name."""
    ((name, found, line),) = target.problems({QUEUE_FILE: a_queue(part)}, Queue="Messages")

    assert (name, line) == ("Messages", 3)
    assert problem in found


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (("MOST_AVAILABLE", "FASTEST"), "'FASTEST' is not a valid value for the enum 'RoutingModel'"),
        (("<routingPriority>5</routingPriority>", ""), "routingPriority"),
        (("<label>Fast</label>", "<capacityWeight>1</capacityWeight><label>Fast</label>"), "either capacityWeight or"),
        (("100.0", "all"), "not a valid value for the type xsd:double"),
    ],
)
def test_a_wrong_routing_configuration_is_refused(target: Target, change: tuple[str, str], problem: str) -> None:
    """Enumerations, required elements, exclusive elements, numbers."""
    found, _ = target.one_problem(
        "QueueRoutingConfig", ROUTING_FILE, "QueueRoutingConfig", "Fast", ROUTING.replace(*change)
    )

    assert problem in found


def test_presence_is_checked(target: Target) -> None:
    """A status names channels that exist; accepting automatically and declining exclude each other."""
    status = "<channels>\n<channel>{}</channel>\n</channels><label>Ready</label>"
    path = "servicePresenceStatuses/Ready.servicePresenceStatus"
    good = metadata("ServicePresenceStatus", status.format("sfdc_phone"))
    both = "<capacity>5</capacity><enableAutoAccept>true</enableAutoAccept><enableDecline>true</enableDecline>"
    configuration = ("PresenceUserConfig", "presenceUserConfigs/C.presenceUserConfig", "PresenceUserConfig", "C")

    bad = target.one_problem("ServicePresenceStatus", path, "ServicePresenceStatus", "Ready", status.format("nope"))
    wrong, _ = target.one_problem(*configuration, f"{both}<label>x</label>")

    assert bad == ("In field: channel - no ServiceChannel named nope found", 3)
    assert wrong == "Requests cannot be accepted automatically and declined"
    assert target.deploy({path: good}, ServicePresenceStatus="Ready")["success"]
    assert target.query("SELECT MasterLabel FROM ServicePresenceStatus WHERE DeveloperName = 'Ready'")


# ---------------------------------------------------------------------------------------------------------------- flows


def a_flow(body: str, *, start: str = "Look", status: str = "Active") -> str:
    """A flow that is called; the body begins on line 2."""
    return metadata(
        "Flow",
        f"{body}\n<apiVersion>66.0</apiVersion><label>Flow</label><processType>AutoLaunchedFlow</processType>"
        f"<start><connector><targetReference>{start}</targetReference></connector></start><status>{status}</status>"
        "<variables><name>key</name><dataType>String</dataType><isCollection>false</isCollection><isInput>true</isInput>"
        "<isOutput>false</isOutput></variables>",
    )


def a_lookup(object_name: str = "Case", field: str = "Subject") -> str:
    """Get Records, over several lines: the filter begins on line 9."""
    return (
        "<recordLookups>\n<name>Look</name>\n<label>Look</label>\n<locationX>0</locationX>\n<locationY>0</locationY>\n"
        "<assignNullValuesIfNoRecordsFound>false</assignNullValuesIfNoRecordsFound>\n<filterLogic>and</filterLogic>\n"
        f"<filters>\n<field>{field}</field><operator>EqualTo</operator><value><elementReference>key</elementReference>"
        f"</value></filters><getFirstRecordOnly>true</getFirstRecordOnly><object>{object_name}</object>"
        "<storeOutputAutomatically>true</storeOutputAutomatically></recordLookups>"
    )


def a_subflow(called: str, argument: str = "key") -> str:
    """A call of another flow."""
    return (
        f"<subflows><name>Call</name><label>Call</label><locationX>0</locationX><locationY>0</locationY>"
        f"<flowName>{called}</flowName><inputAssignments><name>{argument}</name><value><stringValue>x</stringValue>"
        "</value></inputAssignments></subflows>"
    )


def test_a_flow_is_shown_and_kept_by_version(target: Target) -> None:
    """A draft does not take the active version's place."""
    path = "flows/Find.flow"
    target.deploy({path: a_flow(a_lookup())}, Flow="Find")
    target.deploy({path: a_flow(a_lookup(), status="Draft")}, Flow="Find")

    (row,) = target.query(
        "SELECT Label, IsActive, VersionNumber, ActiveVersionId, LatestVersionId FROM FlowDefinitionView "
        "WHERE ApiName = 'Find'"
    )
    active = target.org.flows.get("Find")
    assert active is not None
    assert active.status == "Active"
    assert (row["Label"], row["IsActive"], row["VersionNumber"]) == ("Flow", True, 2)
    assert row["ActiveVersionId"] != row["LatestVersionId"]


@pytest.mark.parametrize(
    ("body", "problem", "line"),
    [
        (a_lookup("Nope__c"), 'Look - The object "Nope__c"', 2),
        (a_lookup(field="Nope__c"), 'Look - The field "Nope__c" for the object "Case" doesn\'t exist', 9),
    ],
)
def test_what_a_flow_names_must_be_there(target: Target, body: str, problem: str, line: int) -> None:
    """Objects and fields, with element and line."""
    ((name, found, at),) = target.problems({"flows/Find.flow": a_flow(body)}, Flow="Find")

    assert name == "Find"
    assert problem in found
    assert at == line


def test_subflows_are_found_in_the_package_and_in_the_org(target: Target) -> None:
    """Whatever their order; a flow that is nowhere, or an input it does not have, is refused."""
    outer = a_flow(a_subflow("Z_Find"), start="Call")
    missing = target.problems({"flows/Outer.flow": outer}, Flow="Outer")
    both = target.deploy({"flows/Outer.flow": outer, "flows/Z_Find.flow": a_flow(a_lookup())}, Flow=["Outer", "Z_Find"])
    again = target.deploy({"flows/Outer.flow": outer}, Flow="Outer")
    wrong = target.problems({"flows/Outer.flow": a_flow(a_subflow("Z_Find", "nope"), start="Call")}, Flow="Outer")

    assert "The flow Z_Find can't be found" in missing[0][1]
    assert (both["status"], again["status"]) == ("Succeeded", "Succeeded")
    assert 'no input variable "nope"' in wrong[0][1]


def test_a_flow_that_cannot_be_run_here_fails_by_the_name_of_its_element(target: Target) -> None:
    """Nothing is skipped in silence."""
    ((_, problem, line),) = target.problems(
        {"flows/Ask.flow": a_flow("\n<screens><name>Ask</name></screens>", start="Ask")}, Flow="Ask"
    )

    assert "does not run" in problem
    assert line > 1


def test_a_record_of_custom_metadata_that_a_flow_names_must_be_there(target: Target) -> None:
    """`$CustomMetadata.Type__mdt.Record.Field`: type, record and field."""
    setting = metadata(
        "CustomObject",
        "<label>S</label><pluralLabel>S</pluralLabel><visibility>Public</visibility>"
        "<fields><fullName>Queue__c</fullName><label>Q</label><length>80</length><type>Text</type></fields>",
    )
    target.deploy({"objects/Setting__mdt.object": setting}, CustomObject="Setting__mdt")
    take = (
        "<assignments><name>Take</name><label>Take</label><locationX>0</locationX><locationY>0</locationY>"
        "<assignmentItems><assignToReference>key</assignToReference><operator>Assign</operator><value>"
        "<elementReference>$CustomMetadata.Setting__mdt.Default.Queue__c</elementReference></value></assignmentItems>"
        "</assignments>"
    )
    flow: dict[str, str | bytes] = {"flows/Take.flow": a_flow(take, start="Take")}
    ((_, problem, line),) = target.problems(flow, Flow="Take")
    record = metadata("CustomMetadata", "<label>Default</label>")
    target.deploy({"customMetadata/Setting.Default.md": record}, CustomMetadata="*")

    assert 'The record "Default" of "Setting__mdt" doesn\'t exist' in problem
    assert line == 2
    assert target.problems(flow, Flow="Take") == []


def test_an_active_flow_is_not_deleted(target: Target) -> None:
    """A draft is."""

    def delete() -> list[tuple[str, str, int]]:
        return target.problems({"package.xml": a_manifest(), "destructiveChangesPost.xml": a_manifest(Flow="Find")})

    target.deploy({"flows/Find.flow": a_flow(a_lookup())}, Flow="Find")
    refused = delete()
    target.org.flows.remove("Find")

    assert "is active" in refused[0][1]
    assert delete() == []
    assert target.query("SELECT Id FROM FlowDefinitionView WHERE ApiName = 'Find'") == []


def test_a_channel_can_be_pointed_at_a_deployed_flow_by_rest(target: Target) -> None:
    """MessagingChannel takes the flow's id; queue members and mappings are records as well."""
    target.deploy({"flows/Find.flow": a_flow(a_lookup())}, Flow="Find")
    (flow,) = target.query("SELECT Id FROM FlowDefinitionView WHERE ApiName = 'Find'")
    (channel,) = target.query("SELECT Id FROM MessagingChannel")
    (center,) = target.query("SELECT Id FROM CallCenter")
    (queue,) = target.query("SELECT Id FROM Group WHERE DeveloperName = 'Live_Calls'")

    changed = target.http(
        "PATCH", f"{DATA}/sobjects/MessagingChannel/{channel['Id']}", json={"SessionHandlerId": flow["Id"]}
    )
    mapping = {"CallCenterId": center["Id"], "ReferenceRecordId": queue["Id"], "ExternalId": "x"}
    mapped = target.http(
        "POST", f"{DATA}/sobjects/CallCenterRoutingMap", json=mapping | {"DeveloperName": "M", "MasterLabel": "M"}
    )
    member = {"GroupId": queue["Id"], "UserOrGroupId": target.org.user_id_of(ADMIN)}
    joined = target.http("POST", f"{DATA}/sobjects/GroupMember", json=member)

    assert [one.status_code for one in (changed, mapped, joined)] == [204, 201, 201]
    assert target.query("SELECT SessionHandler.ApiName FROM MessagingChannel")


# ---------------------------------------------------------------------------------------------------------------- pages


@pytest.mark.parametrize(
    ("path", "content", "problem"),
    [
        (
            "flexipages/P.flexipage",
            metadata("FlexiPage", "<sobjectType>Nope__c</sobjectType>"),
            "no CustomObject named Nope__c",
        ),
        (
            "flexipages/P.flexipage",
            metadata(
                "FlexiPage",
                "<flexiPageRegions><itemInstances><componentInstance><componentName>player</componentName>"
                "</componentInstance></itemInstances></flexiPageRegions>",
            ),
            "no LightningComponentBundle named player found",
        ),
        (
            "layouts/Case-P.layout",
            metadata(
                "Layout",
                "<layoutSections><layoutColumns><layoutItems><field>Nope__c</field></layoutItems></layoutColumns>"
                "</layoutSections>",
            ),
            "no CustomField named Case.Nope__c found",
        ),
        ("layouts/Nope__c-P.layout", metadata("Layout", ""), "Parent entity failed to deploy"),
        (
            "tabs/Nope__c.tab",
            metadata("CustomTab", "<customObject>true</customObject>"),
            "no CustomObject named Nope__c",
        ),
        (
            "reportTypes/R.reportType",
            metadata("ReportType", "<baseObject>Nope__c</baseObject>"),
            "no CustomObject named",
        ),
        (
            "reports/unfiled$public/R.report",
            metadata("Report", "<reportType>R__c</reportType>"),
            "no ReportType named R",
        ),
        (
            "extlClntAppOauthSettings/O.ecaOauth",
            metadata("ExtlClntAppOauthSettings", "<externalClientApplication>A</externalClientApplication>"),
            "no ExternalClientApplication named A found",
        ),
        ("lwc/player/player.js-meta.xml", metadata("LightningComponentBundle", ""), "No JavaScript file player.js"),
    ],
)
def test_what_a_page_names_must_be_there(target: Target, path: str, content: str, problem: str) -> None:
    """Objects, fields, components, report types, apps."""
    kinds = ("FlexiPage", "Layout", "CustomTab", "ReportType", "Report", "ExtlClntAppOauthSettings")

    ((_, found, _),) = target.problems({path: content}, LightningComponentBundle="*", **dict.fromkeys(kinds, "*"))

    assert problem in found
