"""Objects and fields: what is deployed can be queried, written and described; what is wrong names its line."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.emulator.metadata.packages import (
    DATA,
    Target,
    a_field,
    a_manifest,
    a_target,
    an_object,
    metadata,
)

FILE = "objects/Message__c.object"
CASE = "objects/Case.object"
NUMBER = "<precision>18</precision><scale>0</scale><type>Number</type>"


def deploy_message(target: Target, *parts: str) -> None:
    """Deploy Message__c with these parts."""
    result = target.deploy({FILE: an_object(*parts)}, CustomObject="Message__c")
    assert result["status"] == "Succeeded", result["details"]["componentFailures"]


def test_a_deployed_object_can_be_written_queried_and_described(target: Target) -> None:
    """Names are numbered, external ids are upserted, lookups lead to their parent, defaults are filled in."""
    deploy_message(
        target,
        a_field("Case__c", "<referenceTo>Case</referenceTo><type>Lookup</type>"),
        a_field(
            "Status__c",
            "<type>Picklist</type><valueSet><restricted>true</restricted><valueSetDefinition>"
            "<value><fullName>New</fullName><default>true</default><label>New</label></value>"
            "<value><fullName>Heard</fullName><label>Heard</label></value></valueSetDefinition></valueSet>",
        ),
        a_field("Seconds__c", "<precision>6</precision><scale>0</scale><type>Number</type>"),
        a_field("Urgent__c", "<defaultValue>false</defaultValue><type>Checkbox</type>"),
    )
    case = target.http("POST", f"{DATA}/sobjects/Case", json={"Subject": "Call back"}).json()["id"]

    made = target.http("PATCH", f"{DATA}/sobjects/Message__c/Key__c/vm-1", json={"Case__c": case, "Seconds__c": 12})
    again = target.http("PATCH", f"{DATA}/sobjects/Message__c/Key__c/vm-1", json={"Seconds__c": 13})
    wrong = target.http("POST", f"{DATA}/sobjects/Message__c", json={"Status__c": "Lost"})

    assert (made.status_code, again.status_code) == (201, 200)
    assert wrong.json()[0]["errorCode"] == "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"
    rows = target.query("SELECT Name, Status__c, Seconds__c, Urgent__c, Case__r.Subject FROM Message__c")
    assert [row | {"Case__r": row["Case__r"]["Subject"]} for row in rows] == [
        {"Name": "M-0001", "Status__c": "New", "Seconds__c": 13.0, "Urgent__c": False, "Case__r": "Call back"}
    ]
    described = {one["name"]: one for one in target.get("sobjects/Message__c/describe")["fields"]}
    assert (
        described["Key__c"]["externalId"]
        is described["Key__c"]["unique"]
        is described["Key__c"]["caseSensitive"]
        is True
    )
    assert (described["Seconds__c"]["precision"], described["Seconds__c"]["scale"]) == (6, 0)


def test_case_counts_in_a_case_sensitive_key(target: Target) -> None:
    """`vm-1` and `VM-1` are two records, and the third upsert finds the first."""
    deploy_message(target)

    statuses = [
        target.http("PATCH", f"{DATA}/sobjects/Message__c/Key__c/{key}", json={}).status_code
        for key in ("vm-1", "VM-1")
    ]

    assert statuses == [201, 201]


def test_a_number_that_does_not_fit_is_refused(target: Target) -> None:
    """Precision 6, scale 2 leaves four digits before the point, and rounds behind it."""
    deploy_message(target, a_field("Amount__c", "<precision>6</precision><scale>2</scale><type>Number</type>"))

    refused = target.http("POST", f"{DATA}/sobjects/Message__c", json={"Amount__c": 12345})
    taken = target.http("POST", f"{DATA}/sobjects/Message__c", json={"Amount__c": 1.239})

    assert refused.json()[0]["errorCode"] == "NUMBER_OUTSIDE_VALID_RANGE"
    assert taken.status_code == 201
    assert target.query("SELECT Amount__c FROM Message__c") == [{"Amount__c": 1.24}]


def test_records_that_are_there_already_get_a_new_fields_default(target: Target) -> None:
    """A checkbox is false, not empty."""
    target.http("POST", f"{DATA}/sobjects/Case", json={"Subject": "Old"})

    target.deploy(
        {
            CASE: metadata(
                "CustomObject", a_field("Heard__c", "<defaultValue>false</defaultValue><type>Checkbox</type>")
            )
        },
        CustomField="Case.Heard__c",
    )

    assert target.query("SELECT Heard__c FROM Case WHERE Heard__c = false") == [{"Heard__c": False}]


def test_formula_fields_are_calculated_when_they_are_read(target: Target) -> None:
    """With the org's clock, in the select list and in a condition; nobody may write them."""
    deploy_message(
        target,
        a_field(
            "Wait__c",
            f"<formula>IF(ISBLANK(At__c), NULL, (NOW() - At__c) * 1440)</formula>{NUMBER}",
        ),
        a_field("At__c", "<type>DateTime</type>"),
    )
    target.org.clock.freeze(frozen=True)
    moment = target.org.clock.now().isoformat()
    target.http("POST", f"{DATA}/sobjects/Message__c", json={"At__c": moment})
    target.org.clock.advance(90 * 60)

    found = target.query("SELECT Wait__c FROM Message__c WHERE Wait__c > 60")
    refused = target.http("POST", f"{DATA}/sobjects/Message__c", json={"Wait__c": 1})

    assert [round(row["Wait__c"]) for row in found] == [90]
    assert refused.json()[0]["errorCode"] == "INVALID_FIELD_FOR_INSERT_UPDATE"


def test_validation_rules_judge_what_clients_save(target: Target) -> None:
    """On create and on update, with the value before; the field that shows the error is named."""
    deploy_message(
        target,
        a_field("Share__c", "<precision>3</precision><scale>2</scale><type>Number</type>"),
        "<validationRules><fullName>Is_A_Share</fullName><active>true</active>"
        "<errorConditionFormula>OR(Share__c &gt; 1, AND(ISCHANGED(Share__c), PRIORVALUE(Share__c) = 1))"
        "</errorConditionFormula><errorDisplayField>Share__c</errorDisplayField>"
        "<errorMessage>From 0 to 1, and 1 stays.</errorMessage></validationRules>",
    )

    refused = target.http("POST", f"{DATA}/sobjects/Message__c", json={"Share__c": 1.5})
    made = target.http("POST", f"{DATA}/sobjects/Message__c", json={"Share__c": 1}).json()["id"]
    changed = target.http("PATCH", f"{DATA}/sobjects/Message__c/{made}", json={"Share__c": 0.5})

    error: dict[str, object] = {"message": "From 0 to 1, and 1 stays.", "fields": ["Share__c"]}
    error |= {"errorCode": "FIELD_CUSTOM_VALIDATION_EXCEPTION"}
    assert (refused.status_code, refused.json(), changed.json()) == (400, [error], [error])


def test_a_platform_event_can_be_published_and_not_queried(target: Target) -> None:
    """Publishing answers 201 and says that the event is queued."""
    event = metadata(
        "CustomObject",
        "<deploymentStatus>Deployed</deploymentStatus><eventType>HighVolume</eventType><label>Told</label>"
        "<pluralLabel>Told</pluralLabel><publishBehavior>PublishAfterCommit</publishBehavior>"
        + a_field("Key__c", "<length>80</length><type>Text</type>"),
    )
    target.deploy({"objects/Told__e.object": event}, CustomObject="Told__e")

    published = target.http("POST", f"{DATA}/sobjects/Told__e", json={"Key__c": "vm-1"})
    queried = target.http("GET", f"{DATA}/query", params={"q": "SELECT Id FROM Told__e"})

    assert (published.status_code, published.json()["errors"][0]["statusCode"]) == (201, "OPERATION_ENQUEUED")
    assert queried.json()[0]["errorCode"] == "INVALID_TYPE_FOR_OPERATION"
    assert [row["Key__c"] for row in target.org.database.all("Told__e")] == ["vm-1"]


SETTING = metadata(
    "CustomObject",
    "<label>Setting</label><pluralLabel>Settings</pluralLabel><visibility>Public</visibility>"
    + a_field("Queue__c", "<length>80</length><type>Text</type><required>true</required>")
    + a_field("On__c", "<defaultValue>false</defaultValue><type>Checkbox</type>"),
)


def a_setting(values: str) -> str:
    """A record of custom metadata."""
    text = metadata("CustomMetadata", f"<label>Default</label>\n{values}")
    return text.replace("xmlns=", 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="x" xmlns=')


def test_custom_metadata_is_queryable_and_not_writeable(target: Target) -> None:
    """By its developer name, with typed values."""
    values = (
        '<values><field>Queue__c</field><value xsi:type="xsd:string">Voicemail</value></values>'
        '<values><field>On__c</field><value xsi:type="xsd:boolean">true</value></values>'
    )
    files = {"objects/Setting__mdt.object": SETTING, "customMetadata/Setting.Default.md": a_setting(values)}
    target.deploy(files, CustomObject="Setting__mdt", CustomMetadata="Setting.Default")

    refused = target.http("POST", f"{DATA}/sobjects/Setting__mdt", json={"Queue__c": "x"})

    assert target.query("SELECT DeveloperName, Queue__c, On__c FROM Setting__mdt") == [
        {"DeveloperName": "Default", "Queue__c": "Voicemail", "On__c": True}
    ]
    assert refused.json()[0]["errorCode"] == "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY"


@pytest.mark.parametrize(
    ("values", "problem", "line"),
    [
        (
            "<values><field>Nope__c</field></values>",
            "In field: field - no CustomField named Setting__mdt.Nope__c found",
            3,
        ),
        ("", "Required fields are missing: [Queue__c]", 1),
        ("<values>\n<field>Queue__c</field>\n<value>x</value></values>", "needs an xsi:type", 5),
        ('<values><field>On__c</field>\n<value xsi:type="xsd:boolean">si</value></values>', "On__c: bad value 'si'", 4),
    ],
)
def test_a_wrong_custom_metadata_record_is_refused(target: Target, values: str, problem: str, line: int) -> None:
    """An unknown field, a required one left out, a value without type or of the wrong one."""
    target.deploy({"objects/Setting__mdt.object": SETTING}, CustomObject="Setting__mdt")

    ((name, found, at),) = target.problems({"customMetadata/Setting.Default.md": a_setting(values)}, CustomMetadata="*")

    assert (name, at) == ("Setting.Default", line)
    assert problem in found


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("<type>Text</type>", "Must specify 'length' for a CustomField of type Text"),
        ("<length>256</length><type>Text</type>", "length must be between 1 and 255: 256"),
        ("<length>2000</length><type>LongTextArea</type>", "Must specify 'visibleLines'"),
        ("<type>Number</type>", "Must specify 'precision'"),
        ("<type>Checkbox</type>", "Must specify 'defaultValue'"),
        ("<type>Picklist</type>", "Must specify either valueSetDefinition or valueSetName"),
        ("<referenceTo>Nope__c</referenceTo><type>Lookup</type>", "referenceTo value of 'Nope__c' does not resolve"),
        ("<type>Teapot</type>", "does not know the field type 'Teapot'"),
        ("<externalId>true</externalId><type>Phone</type>", "cannot be an external ID"),
        ("<type>Phone</type><colour>red</colour>", "colour invalid at this location in type CustomField"),
        (
            "<formula>Nope__c + 1</formula>" + NUMBER,
            "Field Nope__c does not exist",
        ),
        ("<formula>FOO(1)</formula>" + NUMBER, "function FOO()"),
        ("<inlineHelpText>" + "x" * 511 + "</inlineHelpText><type>Phone</type>", "maximum length is:510"),
    ],
)
def test_a_wrong_field_is_refused_with_its_line(target: Target, body: str, problem: str) -> None:
    """Each in the words that name what is missing or wrong."""
    content = metadata("CustomObject", "\n" + a_field("Wrong__c", body))

    ((name, found, line),) = target.problems({CASE: content}, CustomField="Case.Wrong__c")

    assert (name, line) == ("Case.Wrong__c", 2)
    assert problem in found


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (("<label>Message</label>", ""), "non-empty label"),
        (("<pluralLabel>Messages</pluralLabel>", ""), "non-empty pluralLabel"),
        (("<sharingModel>ReadWrite</sharingModel>", ""), "sharingModel"),
        (("ReadWrite", "Everybody"), "'Everybody' is not a valid value for the enum 'SharingModel'"),
        (("M-{0000}", "M-"), "Invalid displayFormat"),
        (("<type>AutoNumber</type>", "<type>Phone</type>"), "nameField of type Text or AutoNumber"),
    ],
)
def test_a_wrong_object_is_refused(target: Target, change: tuple[str, str], problem: str) -> None:
    """And its fields with it, because their object is not there."""
    found = target.problems({FILE: an_object().replace(*change, 1)}, CustomObject="Message__c")

    assert [name for name, _, _ in found] == ["Message__c", "Message__c.Key__c"]
    assert problem in found[0][1]


def test_an_org_without_voice_knows_no_voice_call() -> None:
    """Neither a field of VoiceCall nor a lookup to it can be deployed, and the telephony API refuses."""
    target = a_target(voice_enabled=False)
    lookup = a_field("Call__c", "<referenceTo>VoiceCall</referenceTo><type>Lookup</type>")
    text = a_field("A__c", "<length>10</length><type>Text</type>")

    found = target.problems(
        {CASE: metadata("CustomObject", lookup), "objects/VoiceCall.object": metadata("CustomObject", text)},
        CustomField=["Case.Call__c", "VoiceCall.A__c"],
    )
    refused = target.http("POST", "/telephony/v1/voiceCalls", json={})

    assert {name for name, _, _ in found} == {"Case.Call__c", "VoiceCall.A__c"}
    assert any("no CustomObject named VoiceCall found" in problem for _, problem, _ in found)
    assert refused.status_code == 403
    assert target.http("GET", f"{DATA}/sobjects/VoiceCall/describe").status_code == 404


def test_fields_and_objects_can_be_deleted_again(target: Target) -> None:
    """By destructive changes; an object that others refer to stays."""
    deploy_message(target)
    lookup = a_field("Message__c", "<referenceTo>Message__c</referenceTo><type>Lookup</type>")
    target.deploy({CASE: metadata("CustomObject", lookup)}, CustomField="Case.Message__c")

    def delete(**types: Any) -> list[tuple[str, str, int]]:
        return target.problems({"package.xml": a_manifest(), "destructiveChanges.xml": a_manifest(**types)})

    refused = delete(CustomObject="Message__c")
    assert delete(CustomObject="Message__c", CustomField="Case.Message__c") == []

    assert refused == [("Message__c", "This custom object is referenced elsewhere: Case.Message__c", 0)]
    assert target.http("GET", f"{DATA}/sobjects/Message__c/describe").status_code == 404
    assert "Message__c" not in {one["name"] for one in target.get("sobjects/Case/describe")["fields"]}
