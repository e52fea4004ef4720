"""Deploys as jobs: accepted, carried out later, asked about, canceled, validated first; by SOAP and by REST."""

from __future__ import annotations

import base64
import json
from typing import Any
from xml.etree import ElementTree

import httpx
import pytest
from scv_emulator.metadata.deployment import Options

from tests.unit.emulator.metadata.packages import (
    ADMIN,
    CLERK,
    DATA,
    NAMESPACE,
    Target,
    a_field,
    a_manifest,
    a_target,
    a_zip,
    an_object,
    metadata,
)

FILE = "objects/Message__c.object"
GOOD = a_zip({FILE: an_object(), "package.xml": a_manifest(CustomObject="Message__c")})
BAD_PERMISSION = metadata("PermissionSet", "<label>P</label><classAccesses><apexClass>A</apexClass></classAccesses>")
BAD = a_zip(
    {
        FILE: an_object(),
        "permissionsets/P.permissionset": BAD_PERMISSION,
        "package.xml": a_manifest(CustomObject="Message__c", PermissionSet="P"),
    }
)
REST = f"{DATA}/metadata/deployRequest"


def knows_messages(target: Target) -> bool:
    """Whether the object of the package is in the org."""
    return target.http("GET", f"{DATA}/sobjects/Message__c/describe").status_code == 200


def run(target: Target, content: bytes, **options: bool) -> dict[str, Any]:
    """Deploy with these options; the result."""
    job = target.org.deploys.start(content, Options(**options), user_id=target.org.user_id_of(ADMIN) or "")
    target.org.settle()
    return job.result(details=True)


# ----------------------------------------------------------------------------------------------------------------- jobs


def test_a_dry_run_leaves_the_org_as_it_was(target: Target) -> None:
    """It succeeds, and nothing is there afterwards; then the real deploy creates."""
    dry, real = run(target, GOOD, check_only=True), None
    known = knows_messages(target)
    real = run(target, GOOD)

    assert (dry["status"], dry["checkOnly"], known) == ("Succeeded", True, False)
    assert (real["details"]["componentSuccesses"][0]["created"], knows_messages(target)) == (True, True)
    assert (dry["numberComponentsDeployed"], dry["numberComponentsTotal"]) == (2, 2)


def test_one_failure_undoes_everything_unless_told_otherwise(target: Target) -> None:
    """rollbackOnError is what the CLI sends; without it the good components stay."""
    undone = run(target, BAD)
    known = knows_messages(target)
    kept = run(target, BAD, rollback_on_error=False)

    assert (undone["status"], undone["success"], known) == ("Failed", False, False)
    assert (kept["status"], kept["success"], knows_messages(target)) == ("SucceededPartial", True, True)
    assert (kept["numberComponentErrors"], kept["numberComponentsDeployed"]) == (1, 2)


def test_records_survive_a_deploy_that_is_undone(target: Target) -> None:
    """And so do their values."""
    target.http("POST", f"{DATA}/sobjects/Case", json={"Subject": "Before"})

    run(target, BAD)

    assert target.query("SELECT Subject FROM Case") == [{"Subject": "Before"}]


def test_a_slow_org_shows_each_state(target: Target) -> None:
    """Pending, InProgress, Succeeded; by the org's clock."""
    target.org.switches.set("deploy_delay_ms", 10_000)
    target.org.clock.freeze(frozen=True)
    job = target.org.deploys.start(GOOD, Options(), user_id="")
    states = [job.status]
    for _ in range(2):
        target.org.clock.advance(5)
        target.org.settle()
        states.append(job.status)

    assert states == ["Pending", "InProgress", "Succeeded"]
    assert job.completed is not None


def test_a_reset_forgets_what_was_deployed(target: Target) -> None:
    """Objects, components, jobs and flows."""
    run(target, GOOD)
    target.org.reset()
    target.tokens.clear()

    assert not knows_messages(target)
    assert (target.org.deploys.describe(), target.org.deploys.components.of_type("CustomObject")) == ([], [])


# ----------------------------------------------------------------------------------------------------------------- REST


def post(target: Target, content: bytes, *, user: str = ADMIN, **options: Any) -> httpx.Response:
    """Start a deploy as the CLI does: the package and a JSON part without a file name."""
    parts = {"file": ("package.xml", content, "application/zip")}
    data = {"entity_content": json.dumps({"deployOptions": options})}
    return target.http("POST", REST, files=parts, data=data, user=user)


def test_the_rest_resource_deploys(target: Target) -> None:
    """Started with 201, asked for with and without details."""
    started = post(target, GOOD, checkOnly=False, rollbackOnError=True)
    url = f"{REST}/{started.json()['id']}"
    brief = target.http("GET", url).json()["deployResult"]
    full = target.http("GET", url, params={"includeDetails": "true"}).json()["deployResult"]

    assert started.status_code == 201
    assert started.json()["deployOptions"] == {"checkOnly": False, "rollbackOnError": True}
    assert (brief["status"], brief["details"]) == ("Succeeded", {})
    assert [one["fullName"] for one in full["details"]["componentSuccesses"]] == ["Message__c", "Message__c.Key__c"]
    assert full["createdByName"] == "Ada Admin"


def test_a_validation_can_be_deployed_later_without_the_package(target: Target) -> None:
    """Only one that succeeded."""
    validated = post(target, GOOD, checkOnly=True).json()["id"]
    failed = post(target, BAD, checkOnly=True).json()["id"]

    quick = target.http("POST", REST, json={"validatedDeployRequestId": validated})
    refused = target.http("POST", REST, json={"validatedDeployRequestId": failed})

    assert (quick.status_code, knows_messages(target)) == (201, True)
    assert (refused.status_code, refused.json()[0]["errorCode"]) == (400, "INVALID_ID_FIELD")


def test_a_deploy_can_be_canceled_until_it_is_done() -> None:
    """Then nothing of it happens."""
    target = a_target(deploy_delay_ms=60_000)
    url = f"{REST}/{post(target, GOOD).json()['id']}"
    cancel = {"deployResult": {"status": "Canceling"}}

    first, second = target.http("PATCH", url, json=cancel), target.http("PATCH", url, json=cancel)
    target.org.clock.advance(120)
    target.org.settle()

    assert (first.status_code, first.json()["deployResult"]["status"]) == (202, "Canceled")
    assert second.status_code == 400
    target.tokens.clear()
    assert not knows_messages(target)


@pytest.mark.parametrize(
    ("request_options", "status"),
    [
        ({"json": {}}, 400),
        ({"files": {"other": ("x", b"x")}}, 400),
        ({"files": {"file": ("x", GOOD)}, "data": {"entity_content": "{"}}, 400),
        ({"files": {"file": ("x", GOOD)}, "data": {"entity_content": '{"deployOptions": 1}'}}, 400),
        ({"files": {"file": ("x", GOOD)}, "data": {"j": '{"deployOptions": {"testLevel": "RunLocalTests"}}'}}, 501),
    ],
)
def test_a_request_that_cannot_be_read_is_refused(target: Target, request_options: Any, status: int) -> None:
    """And Apex tests, which are not run here, are refused instead of being skipped."""
    assert target.http("POST", REST, **request_options).status_code == status


def test_only_administrators_deploy(target: Target) -> None:
    """A user with API access and nothing else is refused, at both doors."""
    api = "<userPermissions><enabled>true</enabled><name>ApiEnabled</name></userPermissions>"
    permission = metadata("PermissionSet", f"<label>Api</label>{api}")
    target.deploy({"permissionsets/Api.permissionset": permission}, PermissionSet="Api")
    target.assign("Api")

    rest = post(target, GOOD, user=CLERK)
    soap = call(target, "describeMetadata", "", user=CLERK)

    assert (rest.status_code, rest.json()[0]["errorCode"]) == (403, "INSUFFICIENT_ACCESS")
    assert "INSUFFICIENT_ACCESS" in soap.text


def test_an_unknown_job_is_refused(target: Target) -> None:
    """With the vendor's code."""
    answer = target.http("GET", f"{REST}/0Af000000000001AAA")

    assert (answer.status_code, answer.json()[0]["errorCode"]) == (404, "INVALID_CROSS_REFERENCE_KEY")


# ----------------------------------------------------------------------------------------------------------------- SOAP


def call(target: Target, name: str, body: str, *, user: str = ADMIN, token: str = "") -> httpx.Response:
    """One call of the Metadata WSDL."""
    session = token or target._token(user)
    envelope = (
        '<env:Envelope xmlns:env="http://schemas.xmlsoap.org/soap/envelope/">'
        f'<env:Header><SessionHeader xmlns="{NAMESPACE}"><sessionId>{session}</sessionId></SessionHeader></env:Header>'
        f'<env:Body><{name} xmlns="{NAMESPACE}">{body}</{name}></env:Body></env:Envelope>'
    )
    return target.http("POST", "/services/Soap/m/66.0", content=envelope, headers={"content-type": "text/xml"})


def texts(answer: httpx.Response, name: str) -> list[str]:
    """The texts of all elements of this name."""
    root = ElementTree.fromstring(answer.text)
    return [one.text or "" for one in root.iter(f"{{{NAMESPACE}}}{name}")]


def test_soap_deploys(target: Target) -> None:
    """The zip travels as base64; success and failure tell type, name, file, line and problem."""
    zipped = base64.b64encode(BAD).decode()
    options = "<DeployOptions><checkOnly>false</checkOnly><rollbackOnError>true</rollbackOnError></DeployOptions>"

    started = call(target, "deploy", f"<ZipFile>{zipped}</ZipFile>{options}")
    (job,) = texts(started, "id")
    asked = f"<asyncProcessId>{job}</asyncProcessId><includeDetails>true</includeDetails>"
    status = call(target, "checkDeployStatus", asked)

    assert (texts(started, "state"), texts(started, "done")) == (["Queued"], ["false"])
    assert (texts(status, "status"), texts(status, "numberComponentErrors")) == (["Failed"], ["1"])
    assert texts(status, "problem") == ["In field: apexClass - no ApexClass named A found"]
    assert (texts(status, "lineNumber"), texts(status, "fullName")[0]) == (["2"], "P")
    assert "permissionsets/P.permissionset" in texts(status, "fileName")


def test_soap_lists_and_describes(target: Target) -> None:
    """What was deployed, and which types there are."""
    run(target, GOOD)

    listed = call(target, "listMetadata", "<queries><type>CustomField</type></queries>")
    described = call(target, "describeMetadata", "<asOfVersion>66.0</asOfVersion>")

    assert texts(listed, "fullName") == ["Message__c.Key__c"]
    assert {"CustomObject", "Flow", "Queue"} <= set(texts(described, "xmlName"))


def test_soap_deploys_a_validation_and_cancels() -> None:
    """The two rarer calls."""
    target = a_target()
    validated = target.org.deploys.start(GOOD, Options(check_only=True), user_id="")

    quick = call(target, "deployRecentValidation", f"<validationId>{validated.id}</validationId>")
    target.org.switches.set("deploy_delay_ms", 60_000)
    slow = target.org.deploys.start(GOOD, Options(), user_id="")
    canceled = call(target, "cancelDeploy", f"<String>{slow.id}</String>")

    assert (quick.status_code, knows_messages(target)) == (200, True)
    assert (texts(canceled, "done"), slow.status) == (["true"], "Canceled")


UNKNOWN_JOB = "<asyncProcessId>0Af000000000001AAA</asyncProcessId>"


@pytest.mark.parametrize(
    ("name", "body", "status", "fault"),
    [
        ("deploy", "", 500, "deploy needs a ZipFile"),
        ("deploy", "<ZipFile>***</ZipFile>", 500, "ZipFile is not base64"),
        ("checkDeployStatus", UNKNOWN_JOB, 500, "INVALID_CROSS_REFERENCE_KEY"),
        ("retrieve", "", 501, "does not do the call retrieve"),
        ("teapot", "", 500, "No operation available for request"),
    ],
)
def test_soap_faults_say_what_is_wrong(target: Target, name: str, body: str, status: int, fault: str) -> None:
    """As SOAP faults; what Salesforce has and the emulator has not is refused by its name."""
    answer = call(target, name, body)

    assert answer.status_code == status
    assert fault in answer.text
    assert "<faultcode>" in answer.text


def test_soap_wants_a_session(target: Target) -> None:
    """The one in the SOAP header; no other header counts."""
    answer = call(target, "describeMetadata", "", token="stale")

    assert (answer.status_code, "INVALID_SESSION_ID" in answer.text) == (500, True)


def test_a_body_that_is_no_envelope_is_a_fault(target: Target) -> None:
    """Whatever was sent."""
    for content in ("", "<x/>", "<env:Envelope"):
        answer = target.http("POST", "/services/Soap/m/66.0/00DHs000000EmuLMAS", content=content)

        assert (answer.status_code, "faultstring" in answer.text) == (500, True)


def test_a_field_with_strange_characters_survives_the_xml(target: Target) -> None:
    """What a problem quotes is escaped."""
    body = metadata("CustomObject", a_field("Wrong__c", "<type>a&amp;b&lt;</type>"))
    content = a_zip({"objects/Case.object": body, "package.xml": a_manifest(CustomField="Case.Wrong__c")})
    job = target.org.deploys.start(content, Options(), user_id="")

    asked = f"<asyncProcessId>{job.id}</asyncProcessId><includeDetails>true</includeDetails>"
    status = call(target, "checkDeployStatus", asked)

    assert texts(status, "problem") == ["The emulator does not know the field type 'a&b<'"]
