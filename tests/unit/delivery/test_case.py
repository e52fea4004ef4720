"""The Case target: one Case per voicemail, made once, and then the reps'."""

from __future__ import annotations

from typing import Any

import pytest
from scv_voicemail.delivery.case import CASE_KEY
from scv_voicemail.delivery.people import ACCOUNTS, CONTACTS, QUEUE, REP
from scv_voicemail.errors import Misconfigured, PermissionMissing, Rejected, Unavailable
from scv_voicemail.ports import NotYet, Redo
from scv_voicemail.voicemail import Mailbox, MailboxKind

from tests.builders import a_recording, a_transcript, a_voicemail
from tests.unit.delivery.record_bench import Bench, a_field

KEY = a_voicemail().id
SALES = Mailbox(kind=MailboxKind.QUEUE, name="Sales")
ADA = Mailbox(kind=MailboxKind.REP, name="ada@example.com")


def field_of(bench: Bench, name: str) -> dict[str, Any]:
    return next(one for one in bench.org.objects["Case"] if one["name"] == name)


def test_a_voicemail_becomes_a_case_with_everything_a_rep_needs() -> None:
    """Subject, description, origin, caller, length, recording, transcript, and the key that makes it the only one."""
    bench = Bench()

    bench.do("case")

    assert bench.case == {
        "Id": bench.case["Id"],
        CASE_KEY: KEY,
        "Subject": "Voicemail from +14155550142",
        "Description": "Voicemail of 0:13 from +14155550142 to +18005550100, 2026-11-20 11:55 UTC.\n\n"
        "Hello, this is Ada. Please call me back.",
        "Status": "New",
        "Origin": "Voicemail",
        "Priority": "Medium",
        "Voicemail_Caller_Number__c": "+14155550142",
        "Voicemail_Duration_Seconds__c": 13,
        "Voicemail_Recording_Location__c": "https://recordings.example.com/recording.wav",
        "Voicemail_Transcript__c": "Hello, this is Ada. Please call me back.",
    }


def test_doing_everything_again_writes_nothing() -> None:
    """The second life of a worker that died before its receipts were kept."""
    bench = Bench()
    bench.do("case")
    writes = len(bench.org.writes)
    bench.receipts.clear()

    receipt = bench.do("case")

    assert len(bench.org.writes) == writes
    assert receipt["recordId"] == bench.case["Id"]


def test_a_repeat_takes_nothing_back_that_a_rep_has_done() -> None:
    """Status, owner, priority, and even a description in the rep's own words."""
    bench = Bench()
    bench.do("case", "match", "save", voicemail=a_voicemail())
    mine = {"Status": "Working", "OwnerId": "005rep", "Priority": "High", "Description": "She wants a refund."}
    bench.case.update(mine)

    bench.do("case", voicemail=a_voicemail(transcript=a_transcript()))

    assert {name: bench.case[name] for name in mine} == mine


@pytest.mark.parametrize(("given", "written"), [("High", "High"), ("Low", "Low"), ("", "Medium")])
def test_a_voicemail_brings_its_priority_along(given: str, written: str) -> None:
    """Medium is what nobody has said anything about."""
    bench = Bench()

    bench.do("case", voicemail=a_voicemail(priority=given))

    assert bench.case["Priority"] == written


def test_a_priority_that_a_rep_has_emptied_stays_empty() -> None:
    """Some fields are given once, empty or not."""
    bench = Bench()
    bench.do("case", "match", "save")
    bench.case["Priority"] = None

    bench.do("case", "save")

    assert bench.case["Priority"] is None


def test_a_transcript_that_comes_later_is_added_where_it_was_missing() -> None:
    """Also in the description, as long as nobody has changed it."""
    bench = Bench()
    bench.do("case", "match", "save", voicemail=a_voicemail())

    receipt = bench.do("case", "save", voicemail=a_voicemail(transcript=a_transcript()))

    assert receipt["completed"] == ["Description", "Voicemail_Transcript__c"]
    assert bench.case["Description"].endswith("Please call me back.")


def test_a_repeat_without_the_transcript_does_not_take_it_away() -> None:
    """Nor does it shorten the description."""
    bench = Bench()
    bench.do("case", "match", "save")
    before = dict(bench.case)

    bench.do("case", "save", voicemail=a_voicemail())

    assert bench.case == before


def test_the_case_of_the_orgs_own_flow_is_completed_and_not_doubled() -> None:
    """The flow has given it the key, a subject and an origin; those stay."""
    bench = Bench()
    flows = bench.org.add("Case", **{CASE_KEY: KEY, "Subject": "Voicemail", "Origin": "Phone", "Status": "New"})

    receipt = bench.do("case", "match", "save")

    assert receipt["recordId"] == flows
    assert (bench.case["Subject"], bench.case["Origin"]) == ("Voicemail", "Phone")
    assert bench.case["Voicemail_Transcript__c"] == "Hello, this is Ada. Please call me back."


def test_a_case_that_somebody_makes_between_look_and_create_is_taken() -> None:
    """The unique key decides who was first; the other one completes."""
    bench = Bench()
    bench.org.before.append(lambda: bench.org.add("Case", **{CASE_KEY: KEY, "Status": "Working"}))

    receipt = bench.do("case", "match", "save")

    assert receipt["recordId"] == bench.case["Id"]
    assert bench.case["Status"] == "Working"
    assert bench.case["Subject"] == "Voicemail from +14155550142"


def test_a_case_that_the_user_may_not_see_is_told_as_such() -> None:
    """Its key is taken, yet no query finds it: sharing."""
    bench = Bench()
    bench.org.failing.append(Rejected("duplicate value found", code="DUPLICATE_VALUE", status=400))

    with pytest.raises(PermissionMissing, match=r"does not see it.*see all records"):
        bench.do("case", "match", "save")


def test_an_answer_that_never_came_is_looked_up() -> None:
    """The create was carried out; the next try finds it."""
    bench = Bench()
    bench.do("case", "match")
    bench.org.before.append(lambda: bench.org.add("Case", **{CASE_KEY: KEY}))
    bench.org.failing.append(Unavailable("no answer"))
    with pytest.raises(Unavailable):
        bench.do("case", "save")

    bench.do("case", "save")

    assert bench.case["Subject"] == "Voicemail from +14155550142"


@pytest.mark.parametrize(("mailbox", "owner"), [(SALES, "00Gsales"), (ADA, "005ada")])
def test_the_case_belongs_to_the_queue_or_the_rep_of_the_mailbox(mailbox: Mailbox, owner: str) -> None:
    """By developer name and by username; the assignment rules are told to keep out."""
    bench = Bench()
    bench.org.people[QUEUE] = [{"QueueId": "00Gsales", "name": "Sales"}]
    bench.org.people[REP] = [{"Id": "005ada", "name": "ada@example.com"}]

    bench.do("case", voicemail=a_voicemail(mailbox=mailbox))

    assert bench.case["OwnerId"] == owner
    assert bench.org.by_rules == [False]


def test_a_mailbox_of_nobody_goes_to_the_owner_queue_with_a_warning() -> None:
    """A rep who has left must not swallow voicemails."""
    bench = Bench(owner_queue="Sales")
    bench.org.people[QUEUE] = [{"QueueId": "00Gsales", "name": "Sales"}]

    receipt = bench.do("case", "match", "save", voicemail=a_voicemail(mailbox=ADA))

    assert bench.case["OwnerId"] == "00Gsales"
    assert "no active user 'ada@example.com'" in bench.receipts["case"]["match"]["warning"]
    assert receipt["warning"] == ""


def test_assignment_rules_choose_the_owner_once() -> None:
    """With the header on the create, without an OwnerId, and never again on an update."""
    bench = Bench(owner_rules=True, owner_queue="Sales")
    bench.do("case", "match", "save", voicemail=a_voicemail(mailbox=SALES))
    bench.case["OwnerId"] = "00Gchosen by a rule"

    bench.do("case", "save", voicemail=a_voicemail(mailbox=SALES, transcript=a_transcript()))

    assert bench.org.by_rules == [True]
    assert "OwnerId" not in bench.org.writes[0][2]
    assert bench.case["OwnerId"] == "00Gchosen by a rule"


def test_assignment_rules_do_not_decide_about_a_reps_own_mailbox() -> None:
    """The caller wanted this rep."""
    bench = Bench(owner_rules=True)
    bench.org.people[REP] = [{"Id": "005ada", "name": "ada@example.com"}]

    bench.do("case", voicemail=a_voicemail(mailbox=ADA))

    assert (bench.case["OwnerId"], bench.org.by_rules) == ("005ada", [False])


def test_the_only_contact_with_the_number_is_linked_with_its_account() -> None:
    """Looked up in every form in which people write the number."""
    bench = Bench()
    bench.org.people[CONTACTS] = [{"Id": "003ada", "AccountId": "001acme"}]

    bench.do("case")

    assert (bench.case["ContactId"], bench.case["AccountId"]) == ("003ada", "001acme")
    assert {"+14155550142", "(415) 555-0142", "4155550142", "415-555-0142"} <= set(bench.org.asked[0]["numbers"])


def test_two_contacts_with_one_number_are_not_guessed_between() -> None:
    """Neither is linked, the receipt says so, and the company's own number still counts."""
    bench = Bench()
    bench.org.people[CONTACTS] = [{"Id": "003ada", "AccountId": "001a"}, {"Id": "003bob", "AccountId": "001b"}]
    bench.org.people[ACCOUNTS] = [{"Id": "001acme"}]

    bench.do("case")

    assert "ContactId" not in bench.case
    assert bench.case["AccountId"] == "001acme"
    assert "several Contacts" in bench.receipts["case"]["match"]["note"]
    assert bench.receipts["case"]["match"]["warning"] == ""


@pytest.mark.parametrize("caller", ["anonymous", "1234", "ada@example.com"])
def test_nobody_is_looked_up_by_what_is_no_number(caller: str) -> None:
    """An extension of four digits would match somebody."""
    bench = Bench()
    bench.org.people[CONTACTS] = [{"Id": "003ada", "AccountId": None}]

    bench.do("case", voicemail=a_voicemail(caller=caller))

    assert "ContactId" not in bench.case


def test_callers_whom_the_user_may_not_look_up_cost_a_warning_only() -> None:
    """A Contact is not worth the voicemail."""
    bench = Bench(owner_queue="Sales")
    bench.org.people = {QUEUE: [{"QueueId": "00Gsales", "name": "Sales"}]}  # other queries count as forbidden

    receipt = bench.do("case", "match")
    bench.do("case", "save")

    assert "nobody was linked" in receipt["warning"]
    assert bench.case["Subject"] == "Voicemail from +14155550142"


@pytest.mark.covers("salesforce-6")
def test_an_encrypted_phone_number_costs_a_warning_only() -> None:
    """Shield encrypts the field of the Contact, and no query may compare with it."""
    bench = Bench()
    bench.org.refused = {CONTACTS: Rejected("field 'Phone' can not be filtered in a query call", code="INVALID_FIELD")}

    receipt = bench.do("case", "match")
    bench.do("case", "save")

    assert "nobody was linked" in receipt["warning"]
    assert bench.case["Subject"] == "Voicemail from +14155550142"


def test_looking_people_up_can_be_switched_off() -> None:
    """Then Contact and Account are not read at all."""
    bench = Bench(match_people=False)

    bench.do("case")

    assert bench.org.asked == []


def test_a_text_that_is_too_long_is_cut_and_not_refused() -> None:
    """With an ellipsis, and a note that says which."""
    bench = Bench()
    field_of(bench, "Voicemail_Transcript__c")["length"] = 12

    receipt = bench.do("case", "match", "save")

    assert bench.case["Voicemail_Transcript__c"] == "Hello, this…"
    assert receipt["note"] == "cut to fit: Voicemail_Transcript__c"
    assert receipt["warning"] == ""


def test_an_address_that_is_too_long_is_left_out_rather_than_cut() -> None:
    """Half an address opens nothing."""
    bench = Bench()
    field_of(bench, "Voicemail_Recording_Location__c")["length"] = 255
    location = f"https://recordings.example.com/{'a' * 300}.wav"

    receipt = bench.do("case", "match", "save", voicemail=a_voicemail(recording=a_recording(location=location)))

    assert "Voicemail_Recording_Location__c" not in bench.case
    assert "Voicemail_Recording_Location__c left out: it is longer than 255" in receipt["warning"]


def test_a_field_that_the_org_does_not_have_costs_the_field_and_not_the_voicemail() -> None:
    """The Case arrives with a warning that names it."""
    bench = Bench(case_fields={"Region__c": "EMEA"})

    receipt = bench.do("case", "match", "save")

    assert bench.case["Subject"] == "Voicemail from +14155550142"
    assert "Region__c left out: Case has no such field" in receipt["warning"]


def test_a_field_that_was_taken_away_after_it_was_described_is_noticed() -> None:
    """The refusal makes it ask again; the next look leaves the field out."""
    bench = Bench()
    bench.do("case", "match", "save")
    bench.org.rows["Case"].clear()
    bench.org.objects["Case"] = [one for one in bench.org.objects["Case"] if one["name"] != "Priority"]
    with pytest.raises(NotYet, match="has changed"):
        bench.do("case", "save", waited=60)

    receipt = bench.do("case", "save", waited=61)

    assert "Priority left out" in receipt["warning"]
    assert bench.org.described.count("Case") == 2


def test_a_refusal_that_a_fresh_description_did_not_foresee_calls_a_human() -> None:
    """Asking for ever would hide it."""
    bench = Bench()
    bench.do("case", "match")
    bench.org.failing.append(PermissionMissing("insufficient access", code="INSUFFICIENT_ACCESS"))

    with pytest.raises(PermissionMissing, match="insufficient access"):
        bench.do("case", "save")


@pytest.mark.parametrize(
    ("break_it", "what"),
    [
        (lambda org: org.objects.pop("Case"), "sees no object Case"),
        (lambda org: org.objects["Case"].pop(), f"sees no field Case.{CASE_KEY}"),
        (lambda org: org.objects["Case"][-1].update(unique=False), "must be an External Id and unique"),
        (lambda org: org.objects["Case"][-1].update(createable=False), "may not create"),
    ],
)
def test_without_a_key_that_makes_it_the_only_one_no_case_is_made(break_it: Any, what: str) -> None:
    """Rather parked with the fix than there twice."""
    bench = Bench()
    break_it(bench.org)
    bench.do("case", "match")

    with pytest.raises(Misconfigured, match=rf"{what}.*Voicemail_Integration"):
        bench.do("case", "save")

    assert bench.org.writes == []


def test_a_case_that_was_deleted_meanwhile_is_made_again_and_linked_again() -> None:
    """Found out by reading back, step by step."""
    bench = Bench()
    bench.do("case", "match", "save", "link")
    bench.org.rows["Case"].clear()
    with pytest.raises(Redo) as gone:
        bench.do("case", "verify")
    bench.org.add("Case")  # so that the new one gets another id
    bench.do("case", "save")
    with pytest.raises(Redo) as another:
        bench.do("case", "verify")
    bench.do("case", "link")

    receipt = bench.do("case", "verify")

    assert (gone.value.step, another.value.step) == ("save", "link")
    assert receipt["warning"] == ""


def test_what_salesforce_does_not_show_after_all_is_a_warning() -> None:
    """A trigger that empties fields, for example."""
    bench = Bench()
    bench.do("case", "match", "save", "link")
    bench.case["Origin"] = None

    assert bench.do("case", "verify")["warning"] == "Salesforce shows nothing in Origin"


def test_settings_switch_a_field_off_and_others_on() -> None:
    """Under whatever case the name is written; placeholders may be mixed with text."""
    fields = {"priority": "", "Subject": "{directness} voicemail: {attribute[tier]} {caller}"}
    bench = Bench(case_fields=fields)

    bench.do("case", voicemail=a_voicemail(attributes=(("tier", "gold"),)))

    assert "Priority" not in bench.case
    assert bench.case["Subject"] == "Queue voicemail: gold +14155550142"


def test_what_was_said_is_described_once_for_many_voicemails() -> None:
    """Describing costs a request; it is kept for ten minutes."""
    bench = Bench()
    for number, waited in enumerate((0, 100, 599, 601)):
        bench.receipts.clear()
        bench.do("case", "match", "save", voicemail=a_voicemail(id=f"call-{number}"), waited=waited)

    assert bench.org.described == ["Case", "Case"]


def test_a_field_of_another_type_gets_its_own_type() -> None:
    """A template is text; Salesforce wants numbers and booleans."""
    bench = Bench(case_fields={"Weight__c": "3", "IsUrgent__c": "yes"})
    bench.org.objects["Case"] += [a_field("Weight__c", type="double"), a_field("IsUrgent__c", type="boolean")]

    bench.do("case")

    assert (bench.case["Weight__c"], bench.case["IsUrgent__c"]) == (3, True)
