"""What Salesforce has and the emulator has not is said to be that; it is never called misspelt."""

from __future__ import annotations

from typing import Any

import pytest

QUERY = "/services/data/v66.0/query"


@pytest.mark.covers("salesforce-9")
@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("SELECT Id FROM Task", "Task"),
        ("SELECT Id FROM lead", "Lead"),
        ("SELECT MailingCity FROM Contact", "Contact.MailingCity"),
        ("SELECT Id FROM Case WHERE BusinessHoursId = null", "Case.BusinessHoursId"),
        ("SELECT Id, Contact.mailingstate FROM Case", "Contact.MailingState"),
    ],
)
def test_a_query_for_what_is_not_emulated_answers_501_with_its_name(http: Any, query: str, named: str) -> None:
    """In whatever case it is written, and behind a lookup, too."""
    answer = http.get(QUERY, params={"q": query})

    assert (answer.status_code, answer.json()[0]["errorCode"]) == (501, "NOT_IMPLEMENTED")
    assert named in answer.json()[0]["message"]


@pytest.mark.covers("salesforce-9")
@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("SELECT Id FROM Voicemial__c", "INVALID_TYPE"),
        ("SELECT Id FROM ScratchOrgInfo", "INVALID_TYPE"),
        ("SELECT Mailing FROM Contact", "INVALID_FIELD"),
        ("SELECT MailingCity FROM Case", "INVALID_FIELD"),
    ],
)
def test_what_salesforce_does_not_know_is_refused_as_it_does(http: Any, query: str, code: str) -> None:
    """Slips, and objects that only other orgs have."""
    answer = http.get(QUERY, params={"q": query})

    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, code)


@pytest.mark.covers("salesforce-9")
def test_a_record_cannot_be_written_to_what_is_not_emulated(http: Any) -> None:
    """An object, and a field of one that is there."""
    task = http.post("/services/data/v66.0/sobjects/Task", json={"Subject": "Call back"})
    case = http.post("/services/data/v66.0/sobjects/Case", json={"Subject": "Call back", "Language": "de"})

    assert (task.status_code, case.status_code) == (501, 501)
    assert "Case.Language" in case.json()[0]["message"]
