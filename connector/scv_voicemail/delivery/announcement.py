"""Publishes the platform event `Voicemail_Delivered__e` when a target is done, for whoever in the org wants to know.

Platform events have no key: a crash between event and receipt sends it twice. Subscribers drop what they know by
`External_Id__c` and `Target__c`. The voicemail is delivered by then, so a lost event is a warning and nothing more.
"""

from __future__ import annotations

from collections.abc import Sequence

from scv_voicemail.errors import LeaseLost, TryAgain, VoicemailError
from scv_voicemail.ports import Attempt, Receipt, Step, Target
from scv_voicemail.salesforce import SalesforceClient

EVENT = "Voicemail_Delivered__e"
EVENT_FIELDS = ("External_Id__c", "Target__c", "Record_Id__c", "Mailbox_Name__c", "Delivered_At__c")
PATIENCE_SECONDS = 60.0


class Announced:
    """Another target, with one more step at its end."""

    def __init__(self, target: Target, salesforce: SalesforceClient) -> None:
        self.name = target.name
        self.target = target
        self.salesforce = salesforce

    def steps(self) -> Sequence[Step]:
        """The target's own steps, then the event."""
        return [*self.target.steps(), Step(name="announce", run=self._announce)]

    def add_transcript(self, attempt: Attempt) -> Receipt:
        """As the target does it: the voicemail has been announced, and is not announced again."""
        return self.target.add_transcript(attempt)

    def _announce(self, attempt: Attempt) -> Receipt:
        """Publish the event. A repeat publishes it again: nobody can look whether it was."""
        receipts, mailbox = attempt.receipts, attempt.voicemail.mailbox
        saved, opened = receipts.get("save", {}), receipts.get("open", {})
        values = (
            attempt.voicemail.id,
            self.name,
            saved.get("recordId") or opened.get("voiceCallId"),
            mailbox.name if mailbox else None,
            attempt.now,
        )
        try:
            event_id = self.salesforce.create(EVENT, dict(zip(EVENT_FIELDS, values, strict=True)))
        except TryAgain as error:
            if attempt.waited_seconds < PATIENCE_SECONDS:
                raise
            return {"warning": f"the event {EVENT} was not published: {error.what}"}
        except LeaseLost:
            raise
        except VoicemailError as error:
            return {"warning": f"the event {EVENT} was not published: {error.what}"}
        return {"eventId": event_id}
