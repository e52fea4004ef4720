"""Who called whom, and for whom the message is, from a contact and the wishes of its flow."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from scv_voicemail.aws.contacts import Contact, ContactReader
from scv_voicemail.errors import BadVoicemail, Misconfigured, Rejected
from scv_voicemail.intake.contact_attributes import Wishes
from scv_voicemail.phone_numbers import read_caller, to_e164
from scv_voicemail.voicemail import Mailbox, MailboxKind, Recording, Voicemail

_REP_QUEUE = "/agent/"
"""A rep's own queue: `arn:…:instance/ID/queue/agent/USER_ID`."""


class CallFacts:
    """Makes the voicemail. What is missing or unusable is a note where something else will do.

    Only a dialed number there must be: without one, nothing in Salesforce could be routed.
    """

    def __init__(
        self,
        contacts: ContactReader,
        *,
        queues: Mapping[str, str],
        reps: Mapping[str, str],
        default_region: str,
        default_dialed_number: str,
    ) -> None:
        self._contacts = contacts
        self._queues = queues
        self._reps = reps
        self._default_region = default_region
        self._default_dialed_number = default_dialed_number

    def voicemail(
        self, contact: Contact, wishes: Wishes, *, recording: Recording, started_at: datetime | None
    ) -> tuple[Voicemail, tuple[str, ...]]:
        """The voicemail of a contact, and notes on what was passed over."""
        notes = list(wishes.notes)
        if started_at is None:
            raise BadVoicemail("nothing says when the message was left", voicemail_id=contact.id)
        return (
            Voicemail(
                id=contact.id,
                caller=self._caller(contact, wishes, notes),
                dialed_number=self._dialed_number(contact, wishes, notes),
                started_at=started_at,
                recording=recording,
                mailbox=self._mailbox(contact, wishes, notes),
                language=wishes.language,
                targets=wishes.targets,
                attributes=wishes.fields,
                priority=wishes.priority,
            ),
            tuple(notes),
        )

    def _caller(self, contact: Contact, wishes: Wishes, notes: list[str]) -> str:
        caller = read_caller(wishes.caller or contact.customer_number, default_region=self._default_region)
        if caller.warning:
            notes.append("the caller's number is none that exists")
        return caller.number

    def _dialed_number(self, contact: Contact, wishes: Wishes, notes: list[str]) -> str:
        problem = BadVoicemail(
            "neither the contact nor the settings name the number that was dialed",
            fix="set SCV_VOICEMAIL_DIALED_NUMBER, or vm_dialed_number in the flow",
        )
        for number in (wishes.dialed_number, contact.system_number, self._default_dialed_number):
            try:
                if number:
                    return to_e164(number, default_region=self._default_region)
            except BadVoicemail as error:
                notes.append("a dialed number was passed over: nobody outside can dial it")
                problem = error
        problem.voicemail_id = contact.id
        raise problem

    def _mailbox(self, contact: Contact, wishes: Wishes, notes: list[str]) -> Mailbox | None:
        """A rep by name, a rep by queue, or a queue. Whom Connect cannot name any more is passed over."""
        if wishes.rep:
            return self._rep(wishes.rep)
        arn = wishes.queue_arn or contact.queue_arn
        queue_name = wishes.queue_name or ("" if wishes.queue_arn else contact.queue_name)
        try:
            if _REP_QUEUE in arn:
                rep = self._contacts.username(arn.rpartition("/")[2])
                if rep:
                    return self._rep(rep)
                notes.append("the rep whose queue this is does not exist any more")
            elif arn and not queue_name:
                queue_name = self._contacts.queue_name(arn.rpartition("/")[2]) or ""
                if not queue_name:
                    notes.append("the queue does not exist any more")
        except (Rejected, Misconfigured) as error:
            notes.append(f"Connect did not say whose the message is: {error.brief}")
        return Mailbox(kind=MailboxKind.QUEUE, name=self._queues.get(queue_name, queue_name)) if queue_name else None

    def _rep(self, name: str) -> Mailbox:
        return Mailbox(kind=MailboxKind.REP, name=self._reps.get(name, name))
