"""Whose record it becomes: every name that a telephony system may have for a rep or a queue."""

from __future__ import annotations

import pytest
from scv_voicemail.delivery.people import (
    QUEUE,
    QUEUE_BY_LABEL,
    REP,
    REP_BY_ALIAS,
    REP_BY_FEDERATION_ID,
    REP_BY_ID,
    Owner,
    People,
)
from scv_voicemail.errors import PermissionMissing, Rejected
from scv_voicemail.voicemail import Mailbox, MailboxKind

from tests.unit.delivery.record_bench import FakeSalesforce

ADA = {"Id": "005ada000000001AAA", "Username": "ada@example.com"}
BOB = {"Id": "005bob000000001AAA", "Username": "bob@example.com"}


def an_org(**people: list[dict[str, str]]) -> FakeSalesforce:
    org = FakeSalesforce()
    org.people[QUEUE] = [{"QueueId": "00Gdefault", "name": "Voicemail"}]
    org.people.update(
        {{"alias": REP_BY_ALIAS, "federation": REP_BY_FEDERATION_ID}[name]: rows for name, rows in people.items()}
    )
    return org


def owner_of(org: FakeSalesforce, mailbox: Mailbox | None, **options: object) -> Owner:
    arguments = {"fallback_queue": "Voicemail"} | options
    return People(org).owner("Case", mailbox, **arguments)  # type: ignore[arg-type]


def rep(name: str) -> Mailbox:
    return Mailbox(kind=MailboxKind.REP, name=name)


def queue(name: str) -> Mailbox:
    return Mailbox(kind=MailboxKind.QUEUE, name=name)


@pytest.mark.covers("connect-4")
@pytest.mark.parametrize(
    ("soql", "known_as", "given"),
    [
        (REP, "ada@example.com", "ada@example.com"),
        (REP_BY_FEDERATION_ID, "ada@corp.example", "ada@corp.example"),
        (REP_BY_ALIAS, "alove", "alove"),
        (REP_BY_ID, "005ada000000001", "ada@example.com@005ada000000001@00DRM000000NgAk"),
        (REP_BY_ID, "005ada000000001AAA", "ada@x@005ada000000001AAA@00DRM000000NgAkEAK"),
    ],
)
def test_a_rep_is_found_by_every_name_that_a_telephony_system_has(soql: str, known_as: str, given: str) -> None:
    """Username, federation id, alias, and what Service Cloud Voice calls its agents in Amazon Connect."""
    org = an_org()
    org.people[soql] = [ADA | {"name": known_as}]

    assert owner_of(org, rep(given)) == Owner(id=ADA["Id"])


@pytest.mark.covers("connect-4")
def test_an_alias_that_two_reps_have_is_nobodys() -> None:
    """Nothing is guessed: the default queue has it, and the warning names who was wanted."""
    owner = owner_of(an_org(alias=[ADA, BOB]), rep("alove"))

    assert owner.id == "00Gdefault"
    assert "no active user 'alove'" in owner.warning


@pytest.mark.covers("connect-4")
def test_a_queue_is_found_by_its_label_too() -> None:
    """Amazon Connect's queue is called Basic Queue; so is Salesforce's, whose developer name is another."""
    org = an_org()
    org.people[QUEUE_BY_LABEL] = [{"QueueId": "00Gbasic", "name": "Basic Queue"}]

    assert owner_of(org, queue("Basic Queue")) == Owner(id="00Gbasic")


@pytest.mark.covers("connect-4")
@pytest.mark.parametrize("mailbox", [rep("gone@example.com"), queue("Closed"), None], ids=["rep", "queue", "nobody"])
def test_a_voicemail_of_nobody_without_a_default_owner_is_refused(mailbox: Mailbox | None) -> None:
    """What belongs to the integration user is seen by no rep."""
    with pytest.raises(Rejected, match=r"no rep would see the Case.*no queue 'Missing'.*OWNER_QUEUE"):
        owner_of(an_org(), mailbox, fallback_queue="Missing")


@pytest.mark.covers("operating-16")
def test_where_nobody_has_chosen_anybody_the_missing_default_queue_is_a_warning() -> None:
    """A running installation without that queue goes on, and is told."""
    owner = owner_of(an_org(), None, fallback_queue="Missing", is_chosen=False)

    assert owner.id == ""
    assert "no queue 'Missing' that takes Case: the integration user owns it" in owner.warning


@pytest.mark.covers("connect-4")
def test_a_rep_who_may_not_be_looked_up_leaves_it_to_the_default_queue() -> None:
    """The right is missing, not the voicemail."""
    org = an_org()
    org.people = {QUEUE: org.people[QUEUE]}  # other queries count as forbidden

    owner = owner_of(org, rep("ada@example.com"))

    assert owner.id == "00Gdefault"
    assert "was not looked up" in owner.warning


@pytest.mark.covers("connect-4")
def test_queues_that_may_not_be_looked_up_park_with_their_own_fix() -> None:
    """Else the record would belong to the integration user."""
    org = an_org()
    org.people = {}

    with pytest.raises(PermissionMissing):
        owner_of(org, queue("Voicemail"))
