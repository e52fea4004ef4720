"""Who called, and whose voicemail it becomes: Contact and Account by phone number, queue and rep by name.

A mailbox is looked up under every name that its telephony system may know it by:

    rep    username ─► federation id ─► alias, if one active user has it        `…@005…@00D…` carries the user's id
    queue  developer name ─► label, if one queue has it
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from scv_voicemail.errors import PermissionMissing, Rejected
from scv_voicemail.phone_numbers import as_people_write_it
from scv_voicemail.salesforce import SalesforceClient
from scv_voicemail.voicemail import Mailbox, MailboxKind

CONTACTS = (
    "SELECT Id, AccountId FROM Contact WHERE Phone IN :numbers OR MobilePhone IN :numbers OR HomePhone IN :numbers "
    "OR OtherPhone IN :numbers LIMIT 2"
)
ACCOUNTS = "SELECT Id FROM Account WHERE Phone IN :numbers LIMIT 2"
REP = "SELECT Id, Username FROM User WHERE Username = :name AND IsActive = true"
REP_BY_ID = "SELECT Id, Username FROM User WHERE Id = :name AND IsActive = true"
REP_BY_FEDERATION_ID = "SELECT Id, Username FROM User WHERE FederationIdentifier = :name AND IsActive = true LIMIT 2"
REP_BY_ALIAS = "SELECT Id, Username FROM User WHERE Alias = :name AND IsActive = true LIMIT 2"
QUEUE = "SELECT QueueId FROM QueueSobject WHERE SobjectType = :object AND Queue.DeveloperName = :name LIMIT 1"
QUEUE_BY_LABEL = "SELECT QueueId FROM QueueSobject WHERE SobjectType = :object AND Queue.Name = :name LIMIT 2"
GROUP = "SELECT Id, DeveloperName FROM Group WHERE Type = 'Queue' AND DeveloperName = :name LIMIT 1"
GROUP_BY_LABEL = "SELECT Id, DeveloperName FROM Group WHERE Type = 'Queue' AND Name = :name LIMIT 2"

LONGEST_ALIAS = 8
"""Characters of User.Alias."""

OWNER_FIX = (
    "let Setup, Queues, add {object_name} to one of these queues, or set SCV_VOICEMAIL_OWNER_QUEUE to the developer "
    "name of a queue that takes it, then `scv-voicemail retry ID`"
)

# Service Cloud Voice with Amazon Connect names its agents so: username@user id@org id.
_CONNECT_USERNAME = re.compile(r".+@(005[A-Za-z0-9]{12}(?:[A-Za-z0-9]{3})?)@00D[A-Za-z0-9]{12,15}", re.DOTALL)


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

    def owner(self, object_name: str, mailbox: Mailbox | None, *, fallback_queue: str, is_chosen: bool = True) -> Owner:
        """Whose the record becomes: the mailbox's, or the fallback queue's when the mailbox names nobody here.

        Raises `Rejected` when neither is there: what belongs to the integration user is seen by no rep. Where nobody
        has asked for anybody, neither a mailbox nor by choosing the queue (`is_chosen`), it is a warning.
        """
        wanted: Sequence[Mailbox] = [
            *([mailbox] if mailbox else []),
            *([Mailbox(kind=MailboxKind.QUEUE, name=fallback_queue)] if fallback_queue else []),
        ]
        warnings: list[str] = []
        for one in wanted:
            try:
                owner_id = self._owner_id(object_name, one)
            except PermissionMissing as error:
                if one is wanted[-1] and (mailbox is not None or is_chosen):
                    raise
                warnings.append(f"{one.kind} {one.name!r} was not looked up: {error.what}")
                continue
            if owner_id:
                return Owner(id=owner_id, warning="; ".join(warnings))
            warnings.append(_nobody(object_name, one))
        if not wanted or (mailbox is None and not is_chosen):
            told = [f"{one}: the integration user owns it" for one in warnings]
            return Owner(warning="; ".join(told))
        raise Rejected(
            f"no rep would see the {object_name}: {'; '.join(warnings)}", fix=OWNER_FIX.format(object_name=object_name)
        )

    def username(self, name: str) -> str:
        """The username of the active rep whom this name can only mean; "" when there is none."""
        rep = self._rep(name)
        return str(rep["Username"]) if rep else ""

    def queue_name(self, name: str) -> str:
        """The developer name of the queue that this name can only mean; "" when there is none."""
        queue = self._only(GROUP, name) or self._only(GROUP_BY_LABEL, name)
        return str(queue["DeveloperName"]) if queue else ""

    def _owner_id(self, object_name: str, mailbox: Mailbox) -> str:
        if mailbox.kind is MailboxKind.REP:
            rep = self._rep(mailbox.name)
            return str(rep["Id"]) if rep else ""
        for soql in (QUEUE, QUEUE_BY_LABEL):
            if queue := self._only(soql, mailbox.name, object=object_name):
                return str(queue["QueueId"])
        return ""

    def _rep(self, name: str) -> dict[str, Any] | None:
        if rep := self._only(REP, name):
            return rep
        if by_id := _CONNECT_USERNAME.fullmatch(name):
            return self._only(REP_BY_ID, by_id[1])
        others = (REP_BY_FEDERATION_ID, *([REP_BY_ALIAS] if len(name) <= LONGEST_ALIAS else []))
        for soql in others:
            try:
                rep = self._only(soql, name)
            except PermissionMissing:  # a field that the integration user may not see tells nothing
                continue
            if rep:
                return rep
        return None

    def _only(self, soql: str, name: str, **values: str) -> dict[str, Any] | None:
        rows = self.salesforce.query(soql, name=name, **values)
        return rows[0] if len(rows) == 1 else None


def _nobody(object_name: str, mailbox: Mailbox) -> str:
    if mailbox.kind is MailboxKind.REP:
        return f"no active user {mailbox.name!r} to own the {object_name}"
    return f"no queue {mailbox.name!r} that takes {object_name}"
