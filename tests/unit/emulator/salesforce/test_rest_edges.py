"""The REST API around its records: versions, limits, describe, queries, refusals, garbage."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

DATA = "/services/data/v63.0"


def test_the_versions_are_open_to_everybody(http: Any) -> None:
    """The list needs no session; each version below it does."""
    versions = http.get("/services/data", headers={"Authorization": ""})
    closed = http.get("/services/data/v63.0", headers={"Authorization": ""})

    assert [one["version"] for one in versions.json()] == [f"{number}.0" for number in range(51, 68)]
    assert versions.json()[-1]["url"] == "/services/data/v67.0"
    assert (closed.status_code, closed.json()[0]["errorCode"]) == (401, "INVALID_SESSION_ID")


def test_the_resource_map_names_the_identity(org: Any, http: Any) -> None:
    """jsforce finds out who it is from here."""
    resources = http.get(f"{DATA}/").json()

    assert resources["query"] == f"{DATA}/query"
    assert resources["identity"] == f"{org.base_url}/id/00DHs000000EmuLMAS/{org.user_id}"


def test_every_answer_tells_how_much_was_used(http: Any) -> None:
    """Each request counts, also one that is refused."""
    first = http.get(f"{DATA}/limits/")
    second = http.get(f"{DATA}/nonsense")

    assert first.headers["sforce-limit-info"] == "api-usage=1/1000000"
    assert second.headers["sforce-limit-info"] == "api-usage=2/1000000"
    assert first.json()["DailyApiRequests"] == {"Max": 1_000_000, "Remaining": 999_999}


def test_what_the_command_line_asks_at_login_is_answered(org: Any, http: Any) -> None:
    """A Dev Hub question is refused as in any other org, the organization is found, columns are described."""
    hub = http.get("/services/data/v51.0/query?q=SELECT%20Id%20FROM%20ScratchOrgInfo%20limit%201")
    soql = (
        "SELECT Name, InstanceName, IsSandbox, TrialExpirationDate, NamespacePrefix, OrganizationType FROM Organization"
    )
    organization = http.get(f"{DATA}/query", params={"q": soql}).json()
    columns = http.get(f"{DATA}/query", params={"q": soql, "columns": "true"}).json()

    assert (hub.status_code, hub.json()[0]["errorCode"]) == (400, "INVALID_TYPE")
    assert organization["records"][0]["Name"] == "Test Org"
    assert len(columns["columnMetadata"]) == 6


def test_the_batch_size_of_a_query_is_the_clients_wish(org: Any, http: Any) -> None:
    """`Sforce-Query-Options: batchSize=200` cuts pages of 200; the next page is where the answer says."""
    for number in range(201):
        org.database.insert("Account", {"Name": str(number)})

    page = http.get(f"{DATA}/query/?q=SELECT+Id+FROM+Account", headers={"Sforce-Query-Options": "batchSize=200"}).json()
    rest = http.get(page["nextRecordsUrl"]).json()

    assert (len(page["records"]), page["done"], len(rest["records"]), rest["done"]) == (200, False, 1, True)


def test_describe_tells_what_can_be_done_with_each_field(http: Any) -> None:
    """Key prefixes, types and permissions come from here, so that no client has to hard-code them."""
    described = http.get(f"{DATA}/sobjects/VoiceCall/describe.json").json()
    fields = {one["name"]: one for one in described["fields"]}
    names = {one["name"] for one in http.get(f"{DATA}/sobjects").json()["sobjects"]}
    brief = http.get(f"{DATA}/sobjects/voicecall").json()["objectDescribe"]

    assert (described["keyPrefix"], brief["keyPrefix"], brief["name"]) == ("0LQ", "0LQ", "VoiceCall")
    assert (fields["VendorCallKey"]["idLookup"], fields["VendorCallKey"]["updateable"]) == (True, False)
    assert fields["OwnerId"]["referenceTo"] == ["User", "Group"]
    assert fields["CallEndDateTime"]["nillable"] is False
    assert {"PendingServiceRouting", "AgentWork", "ConversationEntry", "PermissionSetAssignment"} <= names


def test_emulator_only_values_are_invisible(org: Any, http: Any) -> None:
    """What begins with an underscore is in no record and no describe."""
    call_id = org.a_voice_call(_recordingLocation="https://vm.example/1")

    record = http.get(f"{DATA}/sobjects/VoiceCall/{call_id}").json()

    assert "_recordingLocation" not in record
    assert http.get(f"{DATA}/sobjects/VoiceCall/{call_id}?fields=_recordingLocation").status_code == 400


def test_unknown_and_unbuilt_resources_are_told_apart(http: Any) -> None:
    """404 for what nobody has; 501 with its name for what Salesforce has and the emulator has not."""
    assert http.get("/services/data/v12.0/query?q=x").json()[0]["errorCode"] == "NOT_FOUND"
    assert http.get(f"{DATA}/nonsense").json()[0]["errorCode"] == "NOT_FOUND"
    assert http.get("/services/nonsense").json()[0]["errorCode"] == "NOT_FOUND"
    tooling = http.get(f"{DATA}/tooling/query?q=x")
    soap = http.post("/services/Soap/m/63.0", content="<x/>")
    assert (tooling.status_code, "tooling/query" in tooling.json()[0]["message"]) == (501, True)
    assert (soap.status_code, "/services/Soap/m/63.0" in soap.json()[0]["message"]) == (501, True)


def test_a_broken_body_is_a_parser_error(http: Any) -> None:
    """No JSON, half JSON, JSON nested without end, and bytes that are no text."""
    for content in (b"", b"{", b"nonsense", b"[" * 100_000, b"\xff\xfe\x00", b'{"Subject": NaN}' + b"}"):
        answer = http.post(f"{DATA}/sobjects/Case", content=content)
        assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, "JSON_PARSER_ERROR")


def test_odd_values_survive_the_way_there_and_back(http: Any) -> None:
    """Half a surrogate pair, a zero byte and numbers without end neither break the org nor change."""
    created = http.post(f"{DATA}/sobjects/Case", content=b'{"Subject": "a\\ud800\\u0000b"}').json()
    endless = http.post(f"{DATA}/sobjects/PendingServiceRouting", content=b'{"CapacityWeight": 1e999}')

    record = http.get(f"{DATA}/sobjects/Case/{created['id']}").json()

    assert record["Subject"] == "a\ud800\x00b"
    assert endless.status_code == 400


def test_a_method_can_be_overridden_as_for_clients_without_patch(org: Any, http: Any) -> None:
    """`?_HttpMethod=PATCH` on a POST is a PATCH."""
    case = org.database.insert("Case", {"Subject": "before"})

    answer = http.post(f"{DATA}/sobjects/Case/{case}?_HttpMethod=PATCH", json={"Subject": "after"})

    assert (answer.status_code, org.database.get("Case", case)["Subject"]) == (204, "after")


_SEGMENTS = st.one_of(
    st.sampled_from(
        [
            "query",
            "queryAll",
            "sobjects",
            "Case",
            "VoiceCall",
            "describe",
            "composite",
            "connect",
            "conversation",
            "conversations",
            "upload",
            "entries",
            "limits",
            "tooling",
            "Id",
            "Voicemail_Id__c",
            "500000000000001AAA",
            "01g-200",
            ".json",
            "%00",
            "%ff",
            "%2F",
            "é",
        ]
    ),
    st.text(min_size=1, max_size=8).map(lambda text: quote(text, safe="")),
)
_PARAMS = st.dictionaries(
    st.sampled_from(["q", "columns", "fields", "ids", "allOrNone", "recordLimit", "startTimestamp", "uploadIds"]),
    st.text(max_size=12),
    max_size=3,
)


@settings(max_examples=120, deadline=None, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    method=st.sampled_from(["GET", "HEAD", "DELETE", "POST", "PATCH", "PUT", "TRACE"]),
    segments=st.lists(_SEGMENTS, max_size=4),
    params=_PARAMS,
    content=st.one_of(
        st.binary(max_size=20), st.sampled_from([b"{}", b"[]", b'{"records":[{}]}', b'{"compositeRequest":[{}]}'])
    ),
    kind=st.sampled_from(["application/json", "multipart/form-data", "multipart/form-data; boundary=x; charset=nope"]),
)
@example(
    method="GET",
    segments=["connect", "conversation", "x", "entries"],
    params={"recordLimit": "٣"},
    content=b"",
    kind="",
)
def test_no_request_breaks_the_server(
    http: Any, *, method: str, segments: list[str], params: dict[str, str], content: bytes, kind: str
) -> None:
    """Whatever comes in, the answer is a success, a vendor-shaped refusal, or a 501 with a name."""
    path = "/".join([DATA, *segments])

    answer = http.request(method, path, params=params, content=content, headers={"Content-Type": kind})

    assert answer.status_code < 500 or answer.status_code == 501
    if answer.status_code >= 400 and method != "HEAD":
        assert answer.json()[0]["errorCode"]
