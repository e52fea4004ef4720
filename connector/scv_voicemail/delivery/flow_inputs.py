"""What the Omni-Channel flow is told of a voicemail's mailbox, so that the voicemail reaches that rep or queue.

Nobody knows what Salesforce does with an input that a flow does not have. So the inputs of the flow that this project
ships go to that flow alone, where the settings name none:

    settings name inputs ─► those           the number's flow is ours ─► ours
    may not be seen, but our half is deployed ─► ours       else ─► none, and a warning
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from scv_voicemail.delivery.people import People
from scv_voicemail.errors import Misconfigured, Rejected
from scv_voicemail.salesforce import SalesforceClient
from scv_voicemail.voicemail import Mailbox, MailboxKind, Voicemail

SHIPPED_FLOW = "Voicemail_Omni_Routing"
SHIPPED_INPUTS: Mapping[str, str] = {"mailboxName": "{mailbox}", "mailboxType": "{mailbox_type}"}

CHANNEL = "SELECT VoicemailHandler FROM ContactCenterChannel WHERE Channel.MessagingPlatformKey = :number"
FLOW = "SELECT Id, DurableId FROM FlowDefinitionView WHERE ApiName = :name"
OUR_FIELD = "Voicemail__c"
"""A field of VoiceCall that is deployed together with our flow."""

REMEMBERED = timedelta(minutes=5)
"""So long it is believed which flow a number has; an administrator changes it once in a while."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Inputs as templates, the mailbox as Salesforce calls it, and what went otherwise than it was asked for.

    `by_default`: nobody has chosen these inputs.
    """

    inputs: Mapping[str, str] = field(default_factory=dict)
    mailbox: Mailbox | None = None
    by_default: bool = False
    warning: str = ""


class FlowInputs:
    """Finds out what a flow may be told. `given` are the inputs of the settings, None where nobody has set them.

    Without REST access (`salesforce=None`) nothing is looked up: names go as they came.
    """

    def __init__(
        self, salesforce: SalesforceClient | None, *, given: Mapping[str, str] | None, flow_dev_name: str = ""
    ) -> None:
        self._salesforce = salesforce
        self._people = None if salesforce is None else People(salesforce)
        self._given = given
        self._flow_dev_name = flow_dev_name
        self._ours: dict[str, tuple[datetime, bool]] = {}

    def of(self, voicemail: Voicemail, *, now: datetime) -> Told:
        """What the flow is told about this voicemail. Reads only."""
        wanted = voicemail.mailbox
        if self._given is not None:
            told = Told(inputs=self._given, mailbox=wanted)
            names_it = any("{mailbox" in template for template in self._given.values())
            return self._found(told) if wanted and names_it else told
        if wanted is None:
            return Told()
        if not self._is_ours(voicemail.dialed_number, now=now):
            return Told(
                mailbox=wanted,
                warning=f"the Omni-Channel flow was not told of the {wanted.kind} {wanted.name!r}, because nobody has "
                "set SCV_VOICEMAIL_FLOW_INPUT_PARAMETERS to the inputs that it has",
            )
        return self._found(Told(inputs=SHIPPED_INPUTS, mailbox=wanted, by_default=True))

    def _found(self, told: Told) -> Told:
        """With the name that Salesforce has; nobody there is told to nobody."""
        wanted = told.mailbox
        if self._people is None or wanted is None:
            return told
        is_rep = wanted.kind is MailboxKind.REP
        try:
            name = self._people.username(wanted.name) if is_rep else self._people.queue_name(wanted.name)
        except (Rejected, Misconfigured) as error:
            return replace(told, warning=f"the {wanted.kind} {wanted.name!r} was not looked up: {error.what}")
        if name:
            return replace(told, mailbox=replace(wanted, name=name))
        nobody = f"there is no active user {wanted.name!r}" if is_rep else f"there is no queue {wanted.name!r}"
        inputs = {} if told.by_default else told.inputs
        return replace(told, inputs=inputs, mailbox=None, warning=nobody)

    def _is_ours(self, number: str, *, now: datetime) -> bool:
        if self._salesforce is None:
            return self._flow_dev_name == SHIPPED_FLOW
        read_at, is_ours = self._ours.get(number, (None, False))
        if read_at is None or now - read_at > REMEMBERED:
            is_ours = self._look(self._salesforce, number)
            self._ours[number] = now, is_ours
        return is_ours

    def _look(self, salesforce: SalesforceClient, number: str) -> bool:
        try:
            channels = salesforce.query(CHANNEL, number=number)
            flows = salesforce.query(FLOW, name=SHIPPED_FLOW)
        except (Rejected, Misconfigured):
            # Objects of Setup, which least rights do not show.
            return self._is_deployed(salesforce)
        handlers = {str(row["VoicemailHandler"])[:15] for row in channels if row["VoicemailHandler"]}
        ids = {str(row[name])[:15] for row in flows for name in ("Id", "DurableId") if row.get(name)}
        return bool(handlers & ids) if handlers else self._flow_dev_name == SHIPPED_FLOW

    @staticmethod
    def _is_deployed(salesforce: SalesforceClient) -> bool:
        try:
            fields = salesforce.describe("VoiceCall")["fields"]
        except (Rejected, Misconfigured):
            return False
        return any(one["name"] == OUR_FIELD for one in fields)
