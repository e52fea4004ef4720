"""The record resources over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

DATA = "/services/data/v63.0"
CASES = f"{DATA}/sobjects/Case"


def test_a_record_lives_from_post_to_delete(org: Any, http: Any) -> None:
    """201 with the id, 200 with the fields, 204 for a change and a removal, 404 afterwards."""
    created = http.post(
        f"{CASES}/", json={"Subject": "Voicemail", "OwnerId": org.queue_id, "attributes": {"type": "Case"}}
    )
    address = created.headers["location"]

    changed = http.patch(address, json={"Priority": "High"})
    record = http.get(address).json()
    some = http.get(address, params={"fields": "Subject,Owner.Name"}).json()
    deleted = http.delete(address)
    gone = http.get(address)

    assert created.status_code == 201
    assert created.json() == {"id": record["Id"], "success": True, "errors": []}
    assert (changed.status_code, changed.content) == (204, b"")
    assert (record["Subject"], record["Priority"], record["CreatedById"]) == ("Voicemail", "High", org.user_id)
    assert (some["Subject"], some["Owner"]["Name"], "Priority" in some) == ("Voicemail", "Voicemail", False)
    assert (deleted.status_code, gone.status_code, gone.json()[0]["errorCode"]) == (204, 404, "ENTITY_IS_DELETED")


def test_an_upsert_creates_once_and_changes_afterwards(org: Any, http: Any) -> None:
    """201 the first time, 200 afterwards, one record in the end; before API 46 the change was answered with 204."""
    address = f"{CASES}/Voicemail_Id__c/vm%2F1.json"

    first = http.patch(address, json={"Subject": "one"})
    second = http.patch(address, json={"Subject": "two"})

    assert (first.status_code, first.json()["created"]) == (201, True)
    assert (second.status_code, second.json()["created"]) == (200, False)
    [case] = org.database.all("Case")
    assert (case["Id"], case["Voicemail_Id__c"], case["Subject"]) == (first.json()["id"], "vm/1.json", "two")
    assert http.get(address).json()["Id"] == case["Id"]
    assert http.delete(address).status_code == 204
    assert http.get(address).status_code == 404


def test_a_voice_call_is_found_by_its_vendor_call_key(org: Any, http: Any) -> None:
    """VendorCallKey is a lookup key; when transfers share it, the answer is 300 with all addresses."""
    org.a_voice_call(VendorCallKey="shared", CallOrigin="Voicemail")
    address = f"{DATA}/sobjects/VoiceCall/VendorCallKey/shared"

    found = http.get(address).json()
    org.a_voice_call(VendorCallKey="shared")
    several = http.patch(address, json={"Description": "x"})

    assert found["CallOrigin"] == "Voicemail"
    assert several.status_code == 300
    assert several.json() == [f"{DATA}/sobjects/VoiceCall/{row['Id']}" for row in org.database.all("VoiceCall")]


def test_call_origin_can_be_updated_unless_the_org_says_no(org: Any, http: Any) -> None:
    """The guide's remedy updates it, the Object Reference forbids it: a choice, which describe tells."""
    call_id = org.a_voice_call()
    address = f"{DATA}/sobjects/VoiceCall/{call_id}"

    allowed = http.patch(address, json={"CallOrigin": "Voicemail"})
    org.choices["call_origin_updateable"] = False
    refused = http.patch(address, json={"callorigin": "Preview"})
    described = http.get(f"{DATA}/sobjects/VoiceCall/describe").json()["fields"]

    assert allowed.status_code == 204
    assert (refused.status_code, refused.json()[0]["errorCode"]) == (400, "INVALID_FIELD_FOR_INSERT_UPDATE")
    assert org.database.get("VoiceCall", call_id)["CallOrigin"] == "Voicemail"
    [field] = [one for one in described if one["name"] == "CallOrigin"]
    assert (field["updateable"], field["restrictedPicklist"]) == (False, True)


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("POST", "Case", {"Id": "500000000000001"}, 400, "INVALID_FIELD"),
        ("POST", "Case", [1], 400, "JSON_PARSER_ERROR"),
        ("POST", "Nonsense__c", {}, 404, "NOT_FOUND"),
        ("POST", "Contact", {}, 400, "REQUIRED_FIELD_MISSING"),
        ("PATCH", "Case/500000000000001", {"Subject": "x"}, 404, "NOT_FOUND"),
        ("PATCH", "Case/garbage", {"Subject": "x"}, 400, "MALFORMED_ID"),
        ("GET", "Case/005000000000001", None, 404, "NOT_FOUND"),
        ("GET", "Case/Subject/x", None, 404, "NOT_FOUND"),
        ("GET", "Case/Voicemail_Id__c/none", None, 404, "NOT_FOUND"),
        ("PATCH", "Case/Voicemail_Id__c/x", {"Voicemail_Id__c": "x"}, 400, "INVALID_FIELD"),
        ("PATCH", "Case/Id/500000000000001", {"Subject": "x"}, 404, "NOT_FOUND"),
        ("PUT", "Case", {}, 405, "METHOD_NOT_ALLOWED"),
        ("GET", "Case/updated", None, 501, "NOT_IMPLEMENTED"),
    ],
)
def test_a_wrong_request_is_refused_in_the_vendors_envelope(
    http: Any, *, method: str, path: str, body: Any, status: int, code: str
) -> None:
    """A list with message and errorCode, at the status that Salesforce uses."""
    answer = http.request(method, f"{DATA}/sobjects/{path}", json=body)

    assert (answer.status_code, answer.json()[0]["errorCode"]) == (status, code)
    assert answer.json()[0]["message"]


def test_many_records_succeed_and_fail_one_by_one(org: Any, http: Any) -> None:
    """Without allOrNone the good records stay; every record has its own result in its place."""
    records = [{"attributes": {"type": "Case"}, "Subject": "good"}, {"attributes": {"type": "Case"}, "Nope": 1}, {}]

    results = http.post(f"{DATA}/composite/sobjects", json={"allOrNone": False, "records": records}).json()

    assert [one["success"] for one in results] == [True, False, False]
    assert [one["errors"][0]["statusCode"] for one in results[1:]] == ["INVALID_FIELD", "INVALID_TYPE"]
    assert [row["Id"] for row in org.database.all("Case")] == [results[0]["id"]]


def test_with_all_or_none_one_refusal_undoes_the_rest(org: Any, http: Any) -> None:
    """Changes and removals are rolled back together, lookups included."""
    kept = org.database.insert("Case", {"Subject": "before", "Voicemail_Id__c": "vm-1"})
    changes = [
        {"id": kept, "Subject": "after", "Voicemail_Id__c": "vm-2"},
        {"id": "500000000000009AAA", "Subject": "x"},
    ]

    updated = http.patch(f"{DATA}/composite/sobjects", json={"allOrNone": True, "records": changes}).json()
    deleted = http.delete(f"{DATA}/composite/sobjects?ids={kept},500000000000009AAA&allOrNone=true").json()

    assert [one["errors"][0]["statusCode"] for one in updated] == ["ALL_OR_NONE_OPERATION_ROLLED_BACK", "NOT_FOUND"]
    assert [one["success"] for one in deleted] == [False, False]
    assert http.get(f"{CASES}/Voicemail_Id__c/vm-1").json()["Subject"] == "before"
    assert http.get(f"{CASES}/Voicemail_Id__c/vm-2").status_code == 404
    ok = http.delete(f"{DATA}/composite/sobjects?ids={kept}").json()
    assert ok == [{"id": kept, "success": True, "errors": []}]


def test_a_composite_request_uses_earlier_results(org: Any, http: Any) -> None:
    """A reference to an earlier sub-request becomes its value; a broken one halts only what needs it."""
    body = {
        "compositeRequest": [
            {"method": "POST", "url": f"{DATA}/sobjects/Contact", "referenceId": "c", "body": {"LastName": "Doe"}},
            {"method": "POST", "url": f"{DATA}/sobjects/Case", "referenceId": "k", "body": {"ContactId": "@{c.id}"}},
            {
                "method": "GET",
                "url": f"{DATA}/query?q=SELECT+Contact.Name+FROM+Case+WHERE+Id='@{{k.id}}'",
                "referenceId": "q",
            },
            {"method": "GET", "url": f"{DATA}/sobjects/Case/@{{nothing.id}}", "referenceId": "n"},
            {"method": "POST", "url": f"{DATA}/composite", "referenceId": "r", "body": {}},
        ]
    }

    answers = http.post(f"{DATA}/composite", json=body).json()["compositeResponse"]

    assert [one["httpStatusCode"] for one in answers] == [201, 201, 200, 400, 400]
    assert answers[2]["body"]["records"][0]["Contact"]["Name"] == "Doe"
    assert answers[3]["body"][0]["errorCode"] == "PROCESSING_HALTED"


def test_a_composite_request_with_all_or_none_leaves_nothing_behind(org: Any, http: Any) -> None:
    """One failing sub-request undoes the others and is the only one that says why."""
    body = {
        "allOrNone": True,
        "compositeRequest": [
            {"method": "POST", "url": f"{DATA}/sobjects/Contact", "referenceId": "a", "body": {"LastName": "Doe"}},
            {"method": "POST", "url": f"{DATA}/sobjects/Contact", "referenceId": "b", "body": {}},
            {"method": "POST", "url": f"{DATA}/sobjects/Contact", "referenceId": "c", "body": {"LastName": "Roe"}},
        ],
    }

    answers = http.post(f"{DATA}/composite", json=body).json()["compositeResponse"]

    codes = [one["body"][0]["errorCode"] for one in answers]
    assert codes == ["PROCESSING_HALTED", "REQUIRED_FIELD_MISSING", "PROCESSING_HALTED"]
    assert org.database.all("Contact") == []
