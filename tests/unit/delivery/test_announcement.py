"""The event that a voicemail was delivered: worth a try, never worth a voicemail."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from scv_voicemail.delivery.announcement import EVENT, Announced
from scv_voicemail.errors import PermissionMissing, Unavailable, VoicemailError
from scv_voicemail.ports import Attempt, Receipt, Step
from scv_voicemail.voicemail import Mailbox, MailboxKind

from tests.builders import NOON, a_voicemail


class Inner:
    """A target of one step."""

    name = "case"

    def steps(self) -> list[Step]:
        return [Step(name="save", run=lambda _attempt: {"recordId": "500x"})]

    def add_transcript(self, attempt: Attempt) -> Receipt:
        return {"added to": attempt.voicemail.id}


class FakeSalesforce:
    """Takes events, or fails."""

    def __init__(self, error: VoicemailError | None = None) -> None:
        self.error = error
        self.events: list[tuple[str, dict[str, Any]]] = []

    def create(self, object_name: str, fields: Mapping[str, Any]) -> str:
        if self.error:
            raise self.error
        self.events.append((object_name, dict(fields)))
        return "e01"


def announce(salesforce: FakeSalesforce, *, waited: float = 0, **receipts: Receipt) -> Receipt:
    target = Announced(Inner(), salesforce)  # type: ignore[arg-type]
    assert [step.name for step in target.steps()] == ["save", "announce"]
    voicemail = a_voicemail(mailbox=Mailbox(kind=MailboxKind.QUEUE, name="Sales"))
    return target.steps()[-1].run(
        Attempt(voicemail=voicemail, receipts=receipts, number=1, since=NOON, now=NOON + timedelta(seconds=waited))
    )


@pytest.mark.parametrize(
    ("receipts", "record_id"),
    [({"save": {"recordId": "500x"}}, "500x"), ({"open": {"voiceCallId": "0LQx"}}, "0LQx"), ({}, None)],
)
def test_the_event_names_voicemail_target_record_and_mailbox(receipts: dict[str, Receipt], record_id: str) -> None:
    """Of whichever target."""
    salesforce = FakeSalesforce()

    receipt = announce(salesforce, **receipts)

    assert receipt == {"eventId": "e01"}
    assert salesforce.events == [
        (
            EVENT,
            {
                "External_Id__c": a_voicemail().id,
                "Target__c": "case",
                "Record_Id__c": record_id,
                "Mailbox_Name__c": "Sales",
                "Delivered_At__c": NOON,
            },
        )
    ]


def test_a_transcript_that_comes_late_is_added_by_the_target_and_not_announced_again() -> None:
    """The voicemail was announced when it arrived."""
    salesforce = FakeSalesforce()
    attempt = Attempt(voicemail=a_voicemail(), receipts={}, number=1, since=NOON, now=NOON)

    receipt = Announced(Inner(), salesforce).add_transcript(attempt)  # type: ignore[arg-type]

    assert receipt == {"added to": a_voicemail().id}
    assert salesforce.events == []


def test_an_event_that_is_refused_is_a_warning() -> None:
    """The voicemail is with its rep."""
    receipt = announce(FakeSalesforce(PermissionMissing("no right to publish")))

    assert receipt["warning"] == f"the event {EVENT} was not published: no right to publish"


def test_an_outage_is_waited_for_a_minute_and_then_a_warning() -> None:
    """Not for three days."""
    salesforce = FakeSalesforce(Unavailable("no answer"))
    with pytest.raises(Unavailable):
        announce(salesforce, waited=59)

    assert "no answer" in announce(salesforce, waited=61)["warning"]
