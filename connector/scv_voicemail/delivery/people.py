"""Who called, and whose record it becomes: Contact and Account by phone number, queue and rep by name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from scv_voicemail.phone_numbers import as_people_write_it
from scv_voicemail.salesforce import SalesforceClient
from scv_voicemail.voicemail import Mailbox, MailboxKind

CONTACTS = (
    "SELECT Id, AccountId FROM Contact WHERE Phone IN :numbers OR MobilePhone IN :numbers OR HomePhone IN :numbers "
    "OR OtherPhone IN :numbers LIMIT 2"
)
ACCOUNTS = "SELECT Id FROM Account WHERE Phone IN :numbers LIMIT 2"
REP = "SELECT Id FROM User WHERE Username = :name AND IsActive = true"
QUEUE = "SELECT QueueId FROM QueueSobject WHERE SobjectType = :object AND Queue.DeveloperName = :name LIMIT 1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who has the caller's number; nobody when nobody or several have it."""

    contact_id: str = ""
    account_id: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """The queue or rep a record is given to; `warning` when the one that was wanted is not there."""

    id: str = ""
    warning: str = ""


class People:
    """Looks people up; writes nothing."""

    def __init__(self, salesforce: SalesforceClient) -> None:
        self.salesforce = salesforce

    def caller(self, number: str) -> Caller:
        """The only Contact with this number and its Account; without one, the only Account with it.

        Two people with one number are told apart by nobody: then neither is linked, and a note says so.
        """
        if not number.startswith("+"):
            return Caller()
        numbers = as_people_write_it(number)
        contacts = self.salesforce.query(CONTACTS, numbers=numbers)
        if len(contacts) == 1:
            return Caller(contact_id=contacts[0]["Id"], account_id=contacts[0]["AccountId"] or "")
        accounts = self.salesforce.query(ACCOUNTS, numbers=numbers)
        notes = [
            f"several {name}s have the caller's number: none is linked"
            for name, found in (("Contact", contacts), ("Account", accounts))
            if len(found) > 1
        ]
        return Caller(account_id=accounts[0]["Id"] if len(accounts) == 1 else "", note="; ".join(notes))

    def owner(self, object_name: str, mailbox: Mailbox | None, *, fallback_queue: str) -> Owner:
        """Whose the record becomes: the mailbox's, or the fallback queue's when the mailbox names nobody here."""
        wanted: Sequence[Mailbox] = [
            *([mailbox] if mailbox else []),
            *([Mailbox(kind=MailboxKind.QUEUE, name=fallback_queue)] if fallback_queue else []),
        ]
        warnings: list[str] = []
        for one in wanted:
            owner_id = self._id_of(object_name, one)
            if owner_id:
                return Owner(id=owner_id, warning="; ".join(warnings))
            warnings.append(_nobody(object_name, one))
        return Owner(warning="; ".join(warnings))

    def _id_of(self, object_name: str, mailbox: Mailbox) -> str:
        if mailbox.kind is MailboxKind.REP:
            rows = self.salesforce.query(REP, name=mailbox.name)
            return str(rows[0]["Id"]) if rows else ""
        rows = self.salesforce.query(QUEUE, object=object_name, name=mailbox.name)
        return str(rows[0]["QueueId"]) if rows else ""


def _nobody(object_name: str, mailbox: Mailbox) -> str:
    if mailbox.kind is MailboxKind.REP:
        return f"no active user {mailbox.name!r} to own the {object_name}"
    return f"no queue {mailbox.name!r} that takes {object_name}"
