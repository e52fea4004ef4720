"""Queries, records and conversation entries, and what is made of Salesforce's refusals."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from scv_voicemail.errors import (
    AuthenticationFailed,
    PermissionMissing,
    RateLimited,
    Rejected,
    Unavailable,
)
from scv_voicemail.salesforce import ConversationEntry, Upload, Upserted

RECORDED = Path(__file__).parents[2] / "contracts" / "replies"
ID = "500000000000001AAA"


def recorded(name):
    """The body of a recorded reply of the vendor."""
    return json.loads((RECORDED / f"{name}.json").read_text())["body"]


def parameters(request):
    """The query string of a request."""
    return {name: values[0] for name, values in parse_qs(urlsplit(request.url).query).items()}


def test_a_query_binds_its_values_and_gives_plain_records(client, org):
    """All pages, without the attributes that Salesforce adds, also in the records that records refer to."""
    owner = {"attributes": {"type": "Name"}, "Name": "Voicemail"}
    first = {"attributes": {"type": "VoiceCall"}, "Id": "1", "Owner": owner}
    org.answers(
        "GET",
        "query/",
        json={"done": False, "nextRecordsUrl": "/services/data/v66.0/query/01gX-2000", "records": [first]},
    )
    org.answers(
        "GET", "query/01gX-2000", json={"done": True, "records": [{"attributes": {}, "Id": "2", "Owner": None}]}
    )

    records = client.query("SELECT Id, Owner.Name FROM VoiceCall WHERE VendorCallKey = :key", key="it's")

    assert records == [{"Id": "1", "Owner": {"Name": "Voicemail"}}, {"Id": "2", "Owner": None}]
    soql = parameters(org.requests[0])["q"]
    assert soql == "SELECT Id, Owner.Name FROM VoiceCall WHERE VendorCallKey = 'it\\'s'"


@pytest.mark.parametrize(("records", "expected"), [([], None), ([{"Id": "1"}], {"Id": "1"})])
def test_a_query_for_one_record_gives_it_or_none(client, org, records, expected):
    """No record is an answer."""
    org.answers("GET", "query/", json={"done": True, "records": records})

    record = client.query_one("SELECT Id FROM Case")

    assert record == expected


def test_a_query_for_one_record_refuses_to_choose(client, org):
    """Two records with one key are for a human to look at."""
    org.answers("GET", "query/", json={"done": True, "records": [{"Id": "1"}, {"Id": "2"}]})

    with pytest.raises(Rejected, match="2 records"):
        client.query_one("SELECT Id FROM Case")


def test_records_are_created_changed_read_and_deleted(client, org):
    """By the paths of the REST API, with values in their JSON form."""
    org.answers("POST", "sobjects/Case/", status=201, json={"id": ID, "success": True, "errors": []})
    org.answers("PATCH", f"sobjects/Case/{ID}", status=204)
    org.answers("GET", f"sobjects/Case/{ID}", json={"attributes": {}, "Id": ID, "Subject": "x"})
    org.answers("DELETE", f"sobjects/Case/{ID}", status=204)
    moment = datetime(2026, 11, 20, 10, tzinfo=UTC)

    created = client.create(
        "Case", {"Left__c": moment, "Day__c": date(2026, 11, 20), "Score__c": Decimal("1.5"), "A": None}
    )
    client.update("Case", created, {"Subject": "Zoë"})
    record = client.get("Case", created, ["Id", "Subject"])
    client.delete("Case", created)

    assert created == ID
    assert record == {"Id": ID, "Subject": "x"}
    assert json.loads(org.requests[0].body) == {
        "Left__c": "2026-11-20T10:00:00.000Z",
        "Day__c": "2026-11-20",
        "Score__c": 1.5,
        "A": None,
    }
    assert json.loads(org.requests[1].body) == {"Subject": "Zoë"}
    assert parameters(org.requests[2]) == {"fields": "Id,Subject"}
    assert [request.method for request in org.requests] == ["POST", "PATCH", "GET", "DELETE"]


@pytest.mark.parametrize("value", [datetime(2026, 11, 20), float("nan"), {1, 2}, b"x"])
def test_a_value_without_a_json_form_is_refused(client, org, value):
    """Nothing is sent."""
    with pytest.raises(Rejected, match="JSON"):
        client.create("Case", {"A": value})

    assert org.requests == []


@pytest.mark.parametrize(("status", "created"), [(201, True), (200, False)])
def test_an_upsert_tells_whether_the_record_is_new(client, org, status, created):
    """The External Id is one segment of the path, whatever characters it has."""
    org.answers(
        "PATCH",
        "sobjects/Case/VoicemailId__c/sip%3A7%2F1%20%3F%25",
        status=status,
        json={"id": ID, "success": True, "errors": [], "created": created},
    )

    result = client.upsert("Case", "VoicemailId__c", "sip:7/1 ?%", {"Subject": "Voicemail"})

    assert result == Upserted(id=ID, created=created)
    assert org.requests[0].url.endswith("/sip%3A7%2F1%20%3F%25")


def test_an_upsert_without_content_is_looked_up(client, org):
    """Older API versions do not say which record was changed."""
    org.answers("PATCH", "sobjects/Case/VoicemailId__c/k", status=204)
    org.answers("GET", "sobjects/Case/VoicemailId__c/k", json={"attributes": {}, "Id": ID})

    result = client.upsert("Case", "VoicemailId__c", "k", {})

    assert result == Upserted(id=ID, created=False)


def test_an_external_id_of_several_records_is_for_a_human(client, org):
    """Nothing is changed, and the error says what to clean up."""
    org.answers("PATCH", "sobjects/Case/VoicemailId__c/k", status=300, json=["/services/data/v66.0/sobjects/Case/1"])

    with pytest.raises(Rejected, match="several records") as caught:
        client.upsert("Case", "VoicemailId__c", "k", {})

    assert "merge or delete" in caught.value.fix


@pytest.mark.parametrize("value", ["", ".", ".."])
def test_a_value_that_cannot_stand_in_a_path_is_refused(client, org, value):
    """It would reach another address."""
    with pytest.raises(Rejected):
        client.upsert("Case", "VoicemailId__c", value, {})

    assert org.requests == []


def test_an_object_describes_itself(client, org):
    """The doctor looks at fields and key prefix."""
    org.answers("GET", "sobjects/VoiceCall/describe", json={"name": "VoiceCall", "keyPrefix": "0LQ", "fields": []})

    description = client.describe("VoiceCall")

    assert description["keyPrefix"] == "0LQ"


class TestRepeating:
    """What is sent again by itself, and what is not."""

    @pytest.mark.parametrize(
        "answer",
        [
            {"body": requests.ConnectionError("down")},
            {"status": 503, "body": "<html>"},
            {"status": 200, "body": "<html>Login</html>"},
            {"status": 200, "body": "null"},
        ],
    )
    def test_a_reading_is_repeated_for_a_short_while(self, client, org, time, answer):
        """It changes nothing over there."""
        org.answers("GET", "query/", **answer).answers("GET", "query/", **answer)
        org.answers("GET", "query/", json={"done": True, "records": []})

        records = client.query("SELECT Id FROM Case")

        assert records == []
        assert time.slept == [0.2, 0.4]

    def test_slow_failures_use_up_the_time_for_repeating(self, client, org, mock, time):
        """Three timeouts in a row would keep everything else waiting."""

        def answer_late(request):
            time.sleep(10)
            raise requests.ReadTimeout("slow")

        mock.add_callback("GET", "https://example.my.salesforce.com/services/data/v66.0/limits/", callback=answer_late)

        with pytest.raises(Unavailable):
            client.limits()

        assert len(org.requests) == 1

    def test_there_is_an_end_to_repeating(self, client, org):
        """The journal does the long waiting."""
        org.answers("GET", "query/", body=requests.ReadTimeout("slow"))

        with pytest.raises(Unavailable, match="ReadTimeout"):
            client.query("SELECT Id FROM Case")

        assert len(org.requests) == 3

    @pytest.mark.parametrize(
        "answer",
        [
            {"body": requests.ConnectionError("reset")},
            {"body": requests.ReadTimeout("slow")},
            {"status": 503},
            {"status": 201, "body": "<html>"},
            {"status": 201, "json": {"success": True}},
            {"status": 201, "body": ""},
        ],
    )
    def test_a_create_is_never_repeated(self, client, org, answer):
        """The record may be there: the caller looks."""
        org.answers("POST", "sobjects/Case/", **answer)

        with pytest.raises(Unavailable):
            client.create("Case", {})

        assert len(org.requests) == 1

    def test_an_upsert_is_repeated_once_when_no_answer_came(self, client, org):
        """The External Id makes it the same record."""
        org.answers("PATCH", "sobjects/Case/X__c/k", body=requests.ConnectionError("reset"))
        org.answers("PATCH", "sobjects/Case/X__c/k", json={"id": ID, "created": False})

        result = client.upsert("Case", "X__c", "k", {})

        assert result.id == ID
        assert len(org.requests) == 2

    def test_an_upsert_that_was_answered_is_not_repeated(self, client, org):
        """A busy server is not made busier."""
        org.answers("PATCH", "sobjects/Case/X__c/k", status=503)

        with pytest.raises(Unavailable):
            client.upsert("Case", "X__c", "k", {})

        assert len(org.requests) == 1

    @pytest.mark.parametrize("write", [lambda c: c.update("Case", ID, {}), lambda c: c.delete("Case", ID)])
    def test_other_writes_are_not_repeated(self, client, org, write):
        """The caller decides."""
        org.answers("PATCH", f"sobjects/Case/{ID}", body=requests.ConnectionError("reset"))
        org.answers("DELETE", f"sobjects/Case/{ID}", body=requests.ConnectionError("reset"))

        with pytest.raises(Unavailable):
            write(client)

        assert len(org.requests) == 1


class TestRefusals:
    """Salesforce's codes and what each stands for."""

    @pytest.mark.parametrize(
        ("status", "code", "kind"),
        [
            (403, "INSUFFICIENT_ACCESS", PermissionMissing),
            (400, "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY", PermissionMissing),
            (400, "INVALID_FIELD", PermissionMissing),
            (400, "INVALID_TYPE", PermissionMissing),
            (400, "INVALID_FIELD_FOR_INSERT_UPDATE", PermissionMissing),
            (403, "API_DISABLED_FOR_ORG", PermissionMissing),
            (403, "REQUEST_LIMIT_EXCEEDED", RateLimited),
            (429, "X", RateLimited),
            (401, "INVALID_AUTH_HEADER", AuthenticationFailed),
            (400, "UNABLE_TO_LOCK_ROW", Unavailable),
            (503, "SERVER_UNAVAILABLE", Unavailable),
            (500, "UNKNOWN_EXCEPTION", Unavailable),
            (400, "INVALID_QUERY_LOCATOR", Unavailable),
            (404, "NOT_FOUND", Rejected),
            (400, "MALFORMED_ID", Rejected),
            (400, "MALFORMED_QUERY", Rejected),
            (400, "FIELD_CUSTOM_VALIDATION_EXCEPTION", Rejected),
            (400, "DUPLICATE_VALUE", Rejected),
            (400, "STRING_TOO_LONG", Rejected),
            (405, "METHOD_NOT_ALLOWED", Rejected),
        ],
    )
    def test_a_code_is_one_of_our_errors(self, client, org, status, code, kind):
        """With code, status and service."""
        org.answers("PATCH", f"sobjects/Case/{ID}", status=status, json=[{"errorCode": code, "message": "Told why."}])

        with pytest.raises(kind, match="update Case: Told why") as caught:
            client.update("Case", ID, {"A": 1})

        error = caught.value
        assert type(error) is kind
        assert (error.code, error.status, error.service) == (code, status, "salesforce")

    @pytest.mark.parametrize(("asked", "seconds"), [("30", 30.0), ("soon", None)])
    def test_the_headers_of_a_refusal_are_kept(self, client, org, asked, seconds):
        """How long to wait, and the vendor's name for the request."""
        headers = {"Retry-After": asked, "X-SFDC-Request-Id": "r-1"}
        body = [{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "too many"}]
        org.answers("GET", "query/", status=403, json=body, headers=headers)

        with pytest.raises(RateLimited) as caught:
            client.query("SELECT Id FROM Case")

        assert caught.value.retry_after_seconds == seconds
        assert caught.value.request_id == "r-1"

    def test_the_fields_that_the_vendor_names_are_named(self, client, org):
        """So that somebody can correct them."""
        complaint = {"errorCode": "REQUIRED_FIELD_MISSING", "message": "Required: [A__c]", "fields": ["A__c", "B__c"]}
        org.answers("POST", "sobjects/Case/", status=400, json=[complaint])

        with pytest.raises(Rejected, match=r"\(fields: A__c, B__c\)"):
            client.create("Case", {})

    @pytest.mark.parametrize(
        ("status", "body", "kind"),
        [
            (502, "<html>Bad gateway</html>", Unavailable),
            (400, "nonsense", Rejected),
            (403, "<html>Forbidden</html>", PermissionMissing),
            (404, '{"message": "gone"}', Rejected),
            (302, "", Unavailable),
            (400, "[1, null]", Rejected),
        ],
    )
    def test_a_refusal_without_an_envelope_is_understood_by_its_status(self, client, org, status, body, kind):
        """Proxies answer too."""
        org.answers("DELETE", f"sobjects/Case/{ID}", status=status, body=body)

        with pytest.raises(kind):
            client.delete("Case", ID)

    def test_the_piece_of_the_query_that_salesforce_repeats_is_left_out(self, client, org):
        """Only what is wrong with it is kept, on one line."""
        message = (
            "\nWHERE Phone = '+14155550123' AND Nope__c = 1\n ^\nERROR at Row:1:Column:8\nNo such column\n'Nope__c'"
        )
        org.answers("GET", "query/", status=400, json=[{"errorCode": "INVALID_FIELD", "message": message}])

        with pytest.raises(PermissionMissing) as caught:
            client.query("SELECT Id FROM Case")

        assert caught.value.what == "query: No such column 'Nope__c'"

    def test_a_redirect_is_not_followed(self, client, org, mock):
        """The token is for the org's own address only."""
        elsewhere = {"Location": "https://elsewhere.example/"}
        org.answers("DELETE", f"sobjects/Case/{ID}", status=302, headers=elsewhere)

        with pytest.raises(Unavailable, match="redirect"):
            client.delete("Case", ID)

        assert len(org.requests) == 1

    def test_an_error_does_not_show_the_query(self, client, org):
        """The query has phone numbers in it, and tracebacks end in logs."""
        org.answers("GET", "query/", body=requests.ConnectionError("GET /query?q=SELECT+14155550123"))

        with pytest.raises(Unavailable) as caught:
            client.query("SELECT Id FROM Case WHERE Phone = :phone", phone="+14155550123")

        assert "14155550123" not in str(caught.value)
        assert caught.value.__suppress_context__


class TestConversationEntries:
    """Transcripts through the Connect API."""

    def test_the_utterances_of_a_conversation_are_read(self, client, org):
        """From the start, as many as there may be."""
        entry = {
            "identifier": "m-1",
            "messageText": "Hello",
            "clientTimestamp": 1795168800123,
            "clientDuration": 900,
            "sender": {"appType": "telephony_integration", "subject": "END_USER", "role": "EndUser"},
        }
        bare = {"identifier": "m-2", "messageText": None, "sender": None}
        org.answers("GET", "connect/conversation/pbx%2F1/entries", json={"conversationEntries": [entry, bare]})

        entries = client.conversation_entries("pbx/1", start_ms=5)

        assert entries == [
            ConversationEntry(
                identifier="m-1",
                text="Hello",
                client_timestamp_ms=1795168800123,
                client_duration_ms=900,
                app_type="telephony_integration",
                role="EndUser",
            ),
            ConversationEntry(identifier="m-2", text="", client_timestamp_ms=0, app_type="", subject="", role=""),
        ]
        assert parameters(org.requests[0]) == {
            "recordLimit": "1000",
            "queryDirection": "FromStart",
            "startTimestamp": "5",
        }

    def test_utterances_are_uploaded_as_a_file(self, client, org):
        """One part named after the conversation, one JSON object per line, the conversation first."""
        org.answers("POST", "connect/conversations/upload", json=recorded("conversation_upload"))
        entry = ConversationEntry(identifier="m-1", text="Zoë", client_timestamp_ms=1795168800123, client_duration_ms=9)

        upload = client.upload_conversation_entries("c-1", [entry], voice_call_ids=["0LQRM0000006CSz4A5"])

        request = org.requests[0]
        body = request.body.decode()
        lines = [json.loads(line) for line in body.splitlines() if line.startswith("{")]
        assert upload == Upload(
            upload_id="333e7382-ef11-3396-b7c2-156fb6b5f7ad",
            conversation_identifier="fc803778-76d6-4d60-a53d-fb69d800b10c",
            status="SUCCESS",
        )
        assert request.headers["Content-Type"].startswith("multipart/form-data; boundary=")
        assert 'name="c-1"; filename="transcripts.txt"' in body
        assert lines == [
            {"type": "conversation", "payload": {"conversationId": "c-1"}},
            {
                "type": "conversationEntry",
                "payload": {
                    "conversationId": "c-1",
                    "id": "m-1",
                    "clientSentTimestamp": 1795168800123,
                    "clientDuration": 9,
                    "messageText": "Zoë",
                    "sender": {"appType": "TELEPHONY_INTEGRATION", "subject": "END_USER", "role": "END_USER"},
                    "relatedRecords": ["0LQRM0000006CSz"],
                },
            },
        ]

    def test_an_upload_that_is_not_confirmed_is_unknown(self, client, org):
        """And is not repeated: entries would be there twice."""
        org.answers("POST", "connect/conversations/upload", json={"conversationBulkUploadsResults": []})

        with pytest.raises(Unavailable):
            client.upload_conversation_entries("c-1", [], voice_call_ids=[])

        assert len(org.requests) == 1

    def test_the_status_of_uploads_is_read(self, client, org):
        """A failed one names its entries."""
        org.answers("GET", "connect/conversations/upload", json=recorded("conversation_upload_failed"))

        uploads = client.upload_status("u-1", "u-2")

        assert uploads == [
            Upload(
                upload_id="333e7382-ef11-3396-b7c2-156fb6b5f7ad",
                conversation_identifier="fc803778-76d6-4d60-a53d-fb69d800b10c",
                status="FAILED",
                error_detail="Failed to process any conversation entries.",
                failed_entry_ids=("1", "2"),
            )
        ]
        assert parameters(org.requests[0]) == {"uploadIds": "u-1,u-2"}


def test_no_write_runs_assignment_rules_unless_it_is_told_to(client, org):
    """Without the header Salesforce runs them on every create and update."""
    org.answers("POST", "sobjects/Case/", status=201, json={"id": ID})
    org.answers("PATCH", f"sobjects/Case/{ID}", status=204)
    org.answers("PATCH", "sobjects/Case/Key__c/1", json={"id": ID, "created": True})

    client.create("Case", {})
    client.create("Case", {}, assignment_rules=True)
    client.update("Case", ID, {})
    client.upsert("Case", "Key__c", "1", {})

    sent = [request.headers["Sforce-Auto-Assign"] for request in org.requests]
    assert sent == ["FALSE", "TRUE", "FALSE", "FALSE"]


@pytest.mark.covers("poison-9")
@pytest.mark.parametrize(
    "body",
    [
        "7",
        "[]",
        '{"records": "x"}',
        '{"records": ["x"]}',
        '{"records": [{}]}',
        '{"records": [{"Id": 7, "Name": "x"}]}',
        '{"records": [{"Id": "1"}]}',
        '{"records": [{"Id": "1", "Name": NaN}]}',
        '{"records": [{"Id": "1", "Name": "\\ud800"}]}',
        "[" * 100_000,
        "[" * 100_000 + "]" * 100_000,
        "<html>maintenance</html>",
        "",
    ],
    ids=lambda body: body[:30],
)
def test_an_answer_of_another_shape_is_no_answer(client, org, body):
    """It is asked again, and what was wrong is said; nothing of ours breaks."""
    org.answers("GET", "query/", body=body, content_type="application/json")

    with pytest.raises(Unavailable, match="nothing is known"):
        client.query("SELECT Id, Name FROM Account")


@pytest.mark.covers("wait-1")
def test_a_query_that_leads_on_for_ever_ends(client, org):
    """The same locator again, or one page after the other without end."""
    again = {"done": False, "nextRecordsUrl": "/services/data/v66.0/query/01gX-2000", "records": []}
    org.answers("GET", "query/", json=again).answers("GET", "query/01gX-2000", json=again)

    with pytest.raises(Unavailable):
        client.query("SELECT Id FROM Account")

    assert len(org.requests) == 2
