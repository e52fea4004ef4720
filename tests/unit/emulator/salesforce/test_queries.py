"""SOQL against the records of the org."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from scv_emulator.salesforce.errors import SalesforceError
from scv_emulator.salesforce.schema import Field

URL = "/services/data/v63.0"


def rows(org: Any, soql: str, **options: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = org.core.queries.run(soql, data_url=URL, **options)["records"]
    return found


def refusal_of(org: Any, soql: str) -> SalesforceError | None:
    try:
        rows(org, soql)
    except SalesforceError as refused:
        return refused
    return None


def subjects(org: Any, where: str) -> list[str]:
    return [row["Subject"] for row in rows(org, f"SELECT Subject FROM Case WHERE {where} ORDER BY CaseNumber")]


@pytest.fixture
def cases(org: Any) -> Any:
    for number, subject in enumerate(("Alpha", "beta", "100% sure", "under_score", "it's \\ here", None)):
        org.database.insert("Case", {"Subject": subject, "IsEscalated": number % 2 == 0})
        org.clock.advance(86_400)
    return org


def test_parents_are_nested_and_a_polymorphic_owner_says_what_it_is(org: Any) -> None:
    """`Owner.Name` of a queue and `Contact.Account.Name` two levels up come back as nested records."""
    account = org.database.insert("Account", {"Name": "Acme"})
    contact = org.database.insert("Contact", {"LastName": "Doe", "AccountId": account})
    case = org.database.insert("Case", {"OwnerId": org.queue_id, "ContactId": contact})

    [row] = rows(
        org,
        "SELECT Id, Owner.Name, Owner.Type, Contact.Account.Name, Parent.Subject FROM Case WHERE Owner.Type = 'queue'",
    )

    assert row == {
        "attributes": {"type": "Case", "url": f"{URL}/sobjects/Case/{case}"},
        "Id": case,
        "Owner": {
            "attributes": {"type": "Name", "url": f"{URL}/sobjects/Group/{org.queue_id}"},
            "Name": "Voicemail",
            "Type": "Queue",
        },
        "Contact": {
            "attributes": {"type": "Contact", "url": f"{URL}/sobjects/Contact/{contact}"},
            "Account": {
                "attributes": {"type": "Account", "url": f"{URL}/sobjects/Account/{account}"},
                "Name": "Acme",
            },
        },
        "Parent": None,
    }


def test_a_moment_is_sent_in_the_form_of_the_rest_api(org: Any) -> None:
    """Milliseconds, and an offset without a colon."""
    call_id = org.a_voice_call()

    [row] = rows(org, f"SELECT CallStartDateTime FROM VoiceCall WHERE Id = '{call_id[:15]}'")

    assert row["CallStartDateTime"] == "2026-11-20T10:00:00.000+0000"


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("Subject = 'ALPHA'", ["Alpha"]),
        ("Subject != 'alpha' AND Subject != null", ["beta", "100% sure", "under_score", "it's \\ here"]),
        ("Subject != 'alpha' AND Subject < 'b'", ["100% sure"]),
        ("NOT Subject = 'alpha' AND IsEscalated = true", ["100% sure", "it's \\ here"]),
        ("NOT (Subject LIKE '%a%' OR Subject = '')", ["100% sure", "under_score", "it's \\ here"]),
        ("Subject = null", [None]),
        ("Subject LIKE '%\\%%'", ["100% sure"]),
        ("Subject LIKE 'under\\_score'", ["under_score"]),
        ("Subject LIKE '_eta'", ["beta"]),
        ("Subject LIKE '%a%a%'", ["Alpha"]),
        ("Subject LIKE '_lph_'", ["Alpha"]),
        ("Subject = 'it\\'s \\\\ here'", ["it's \\ here"]),
        ("Subject IN ('Alpha', 'BETA', null)", ["Alpha", "beta", None]),
        ("Subject NOT IN ('Alpha', 'beta')", ["100% sure", "under_score", "it's \\ here", None]),
        ("CreatedDate = YESTERDAY", [None]),
        ("CreatedDate = LAST_N_DAYS:2", ["it's \\ here", None]),
        ("CreatedDate < 2026-11-21T10:00:00Z", ["Alpha"]),
        ("CreatedDate <= 2026-11-21T11:00:00+01:00", ["Alpha", "beta"]),
        ("CreatedDate > 2026-11-24T10:00:00.000Z", [None]),
        ("(CaseNumber = '00000001' OR CaseNumber = '00000002') AND IsEscalated != true", ["beta"]),
        ("CreatedBy.Username = null AND Case.Subject = 'beta'", ["beta"]),
    ],
)
def test_conditions_hold_as_salesforce_has_them(cases: Any, where: str, expected: list[str]) -> None:
    """Text compares without case, null is a value, LIKE has escapes, days are ranges."""
    assert subjects(cases, where) == expected


def test_the_order_has_directions_nulls_and_ties(cases: Any) -> None:
    """Nulls come first unless the query says otherwise; LIMIT and OFFSET cut afterwards."""
    ascending = rows(cases, "SELECT Subject FROM Case ORDER BY IsEscalated DESC, Subject ASC LIMIT 3 OFFSET 1")
    last = rows(cases, "SELECT Subject FROM Case ORDER BY Subject DESC NULLS LAST FOR VIEW")

    assert [row["Subject"] for row in ascending] == ["Alpha", "it's \\ here", None]
    assert [row["Subject"] for row in last] == ["under_score", "it's \\ here", "beta", "Alpha", "100% sure", None]


def test_counting_answers_in_both_forms(cases: Any) -> None:
    """COUNT() gives only a total; COUNT(field) gives a row and leaves nulls out."""
    total = cases.core.queries.run("SELECT COUNT() FROM Case", data_url=URL)
    [row] = rows(cases, "SELECT COUNT(Subject) FROM Case")

    assert (total["totalSize"], total["records"]) == (6, [])
    assert row == {"attributes": {"type": "AggregateResult"}, "expr0": 5}


def test_a_long_result_comes_in_pages(org: Any) -> None:
    """The locator leads from page to page until the query is done; another locator is refused."""
    for number in range(450):
        org.database.insert("Account", {"Name": f"A{number:03}"})
    org.database.delete("Account", org.database.find("Account", Name="A000")[0]["Id"])

    page = org.core.queries.run("SELECT Name FROM Account ORDER BY Name", data_url=URL, page_size=200)
    names = [row["Name"] for row in page["records"]]
    while not page["done"]:
        page = org.core.queries.more(page["nextRecordsUrl"].rpartition("/")[2], data_url=URL)
        names += [row["Name"] for row in page["records"]]

    assert names == [f"A{number:03}" for number in range(1, 450)]
    assert page["totalSize"] == 449
    assert len(rows(org, "SELECT Id FROM Account", deleted_too=True)) == 450
    with pytest.raises(SalesforceError, match="invalid query locator"):
        org.core.queries.more("01g000000000000AAA-200", data_url=URL)


def test_an_index_gives_the_same_answer_as_a_scan(org: Any) -> None:
    """Lookups by key, by owner and by id find what a comparison of every row finds."""
    wanted = org.a_voice_call(VendorCallKey="Key-1", OwnerId=org.queue_id)
    org.a_voice_call(VendorCallKey="key-2", OwnerId=org.user_id)

    for where in ("VendorCallKey = 'KEY-1'", f"OwnerId = '{org.queue_id[:15]}'", f"Id IN ('{wanted}', '{wanted}')"):
        assert [row["Id"] for row in rows(org, f"SELECT Id FROM VoiceCall WHERE {where} AND IsDeleted = false")] == [
            wanted
        ]


@pytest.mark.parametrize(
    ("soql", "code", "message"),
    [
        ("", "MALFORMED_QUERY", "unexpected token: '<EOF>'"),
        ("SELECT FROM Case", "MALFORMED_QUERY", "unexpected token: 'FROM'"),
        ("SELECT Id FROM Case WHERE Subject = 'open", "MALFORMED_QUERY", "unexpected token"),
        ("SELECT Id FROM Case WHERE Subject = 'a' AND Id = null OR Id = null", "MALFORMED_QUERY", "'OR'"),
        ("SELECT Id, Id FROM Case", "MALFORMED_QUERY", "duplicate field selected: Id"),
        ("SELECT Id FROM Case LIMIT many", "MALFORMED_QUERY", "many"),
        ("SELECT FIELDS(ALL) FROM Case", "MALFORMED_QUERY", "LIMIT of at most 200"),
        ("SELECT Id FROM ScratchOrgInfo", "INVALID_TYPE", "sObject type 'ScratchOrgInfo' is not supported."),
        (
            "SELECT Id, Nope FROM Case",
            "INVALID_FIELD",
            "ERROR at Row:1:Column:12\nNo such column 'Nope' on entity 'Case'.",
        ),
        ("SELECT _text FROM ConversationEntry", "INVALID_FIELD", "No such column '_text'"),
        ("SELECT Boss.Name FROM Case", "INVALID_FIELD", "Didn't understand relationship 'Boss'"),
        ("SELECT Id FROM Case WHERE Id = 'abc'", "INVALID_QUERY_FILTER_OPERATOR", "invalid ID field: abc"),
        ("SELECT Id FROM Case WHERE Id LIKE '5%'", "INVALID_QUERY_FILTER_OPERATOR", "invalid operator on id field"),
        ("SELECT Id FROM Case WHERE Subject = 5", "INVALID_FIELD", "must be of type string"),
        ("SELECT Id FROM Case WHERE IsEscalated = 'true'", "INVALID_FIELD", "should not be enclosed in quotes"),
        ("SELECT Id FROM Case WHERE CreatedDate > '2026-11-20T10:00:00Z'", "INVALID_FIELD", "type dateTime"),
        ("SELECT Id FROM Case WHERE CreatedDate > 2026-11-20", "INVALID_FIELD", "type dateTime"),
        ("SELECT Id FROM Case WHERE CreatedDate = 2026-02-31T10:00:00Z", "INVALID_FIELD", "invalid datetime"),
        ("SELECT Id FROM Case WHERE CreatedDate = LAST_N_DAYS:999999999", "INVALID_FIELD", "invalid date literal"),
        ("SELECT Id FROM Case WHERE Description = 'x'", "INVALID_FIELD", "'Description' can not be filtered"),
        ("SELECT Id FROM Case OFFSET 2001", "NUMBER_OUTSIDE_VALID_RANGE", "2000"),
        ("SELECT Id, (SELECT Id FROM Cases) FROM Account", "NOT_IMPLEMENTED", "child sub-queries"),
        ("SELECT Id FROM Case WHERE AccountId IN (SELECT Id FROM Account)", "NOT_IMPLEMENTED", "semi-joins"),
        ("SELECT MAX(CreatedDate) FROM Case", "NOT_IMPLEMENTED", "MAX()"),
        ("SELECT COUNT(Id) FROM Case GROUP BY OwnerId", "NOT_IMPLEMENTED", "GROUP BY"),
    ],
)
def test_what_cannot_be_answered_is_refused_in_the_vendors_words(org: Any, soql: str, code: str, message: str) -> None:
    """Each mistake has its code; what only the emulator cannot do is named, never guessed."""
    with pytest.raises(SalesforceError) as refused:
        rows(org, soql)

    assert refused.value.code == code
    assert message in refused.value.message


def test_field_sets_name_the_fields_that_exist(org: Any) -> None:
    """FIELDS(STANDARD) and FIELDS(CUSTOM) split what FIELDS(ALL) gives; emulator-only values are in none."""
    org.a_voice_call(_recordingLocation="https://vm.example/1")
    org.database.insert("Case", {"Voicemail_Id__c": "vm-1"})

    [standard] = rows(org, "SELECT FIELDS(STANDARD) FROM VoiceCall")
    [custom] = rows(org, "SELECT Id, FIELDS(CUSTOM) FROM Case LIMIT 200")

    assert standard["VendorCallKey"] == "call-1"
    assert not [name for name in standard if name.startswith("_")]
    assert set(custom) == {"attributes", "Id", "Voicemail_Id__c"}


def test_columns_are_described_for_the_command_line(org: Any) -> None:
    """The `sf` command asks for `columns=true` after each query and needs a list of them."""
    columns = org.core.queries.columns("SELECT Id, Owner.Name, IsRecorded FROM VoiceCall")

    assert [one["columnName"] for one in columns["columnMetadata"]] == ["Id", "Owner.Name", "IsRecorded"]
    assert [one["booleanType"] for one in columns["columnMetadata"]] == [False, False, True]
    assert (columns["entityName"], columns["keyPrefix"], columns["idSelected"]) == ("VoiceCall", "0LQ", True)


def test_a_date_field_compares_with_days(org: Any) -> None:
    """A date has no time: literals without one are right, and TODAY is one day."""
    org.database.schema.add_field("Case", Field("Due__c", "date"))
    today = org.clock.now().date()
    for days in (-1, 0, 1):
        org.database.insert("Case", {"Subject": str(days), "Due__c": (today + timedelta(days=days)).isoformat()})

    assert subjects(org, "Due__c = TODAY") == ["0"]
    assert subjects(org, f"Due__c >= {today.isoformat()}") == ["0", "1"]
    assert subjects(org, "Due__c = NEXT_N_DAYS:1") == ["1"]


_WORDS = st.sampled_from(
    [
        "SELECT",
        "Id",
        "Subject",
        "Owner.Name",
        "FROM",
        "Case",
        "VoiceCall",
        "WHERE",
        "AND",
        "OR",
        "NOT",
        "LIKE",
        "IN",
        "ORDER",
        "BY",
        "LIMIT",
        "OFFSET",
        "NULLS",
        "FIRST",
        "(",
        ")",
        ",",
        "=",
        "!=",
        "<",
        ">=",
        "'a'",
        "'a\\q'",
        "'%'",
        "'é'",
        "5",
        "-1.5",
        "2026-11-20",
        "2026-99-99T99:99:99Z",
        "null",
        "TRUE",
        "TODAY",
        "LAST_N_DAYS:3",
        "LAST_N_DAYS",
        "COUNT()",
        "FIELDS(ALL)",
        ":",
        "'",
        "\\",
        "\x00",
        ".",
        "CreatedDate",
        "IsEscalated",
        "a:1",
    ]
)


@settings(max_examples=150, deadline=None, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.one_of(st.text(max_size=60), st.lists(_WORDS, max_size=14).map(" ".join)))
@example("SELECT Id FROM Case WHERE " + "(" * 5000)
@example("SELECT Id FROM Case WHERE " + "NOT " * 5000)
@example("SELECT Id FROM Case WHERE Subject LIKE '" + "%a" * 5000 + "'")
def test_garbage_is_refused_and_never_breaks_the_parser(org: Any, soql: str) -> None:
    """Whatever the text, the answer is records or a refusal."""
    refused = refusal_of(org, soql)

    assert refused is None or refused.status in (400, 501)
