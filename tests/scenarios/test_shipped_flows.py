"""The flows of `sfdx/force-app`, deployed to the local org and run: what a customer's org does with a call."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from scv_emulator.metadata.deployment import Options
from scv_emulator.metadata.source_format import package_of
from scv_emulator.org import Org
from scv_emulator.salesforce.records import Record
from scv_emulator.server import create_app
from scv_emulator.switches import Switches

from tests.unit.emulator.telephony.conftest import NOW, InProcess, Phone

FORCE_APP = Path(__file__).parents[2] / "sfdx" / "force-app"
CALLER, REP = "+14155550123", "rep@example.com"


@pytest.fixture
def org() -> Org:
    """An org to which everything that ships was deployed, in the order of the admin's guide."""
    made = Org(switches=Switches(apply_delay_ms=0))
    made.clock.set(NOW)
    made.clock.freeze()
    for folder in ("main", "voice"):
        admin = made.user_id_of(made.seed.users[0].username) or ""
        job = made.deploys.start(package_of(FORCE_APP / folder), Options(check_only=False), user_id=admin)
        made.settle()
        result = job.result(details=True)
        assert result["status"] == "Succeeded", result["details"]["componentFailures"]
    return made


@pytest.fixture
def phone(org: Org) -> Phone:
    """A telephony system that talks to this org."""
    return Phone(org, InProcess(create_app(org)))


def the_call(org: Org, key: str = "call-1") -> Record:
    """The VoiceCall of this key."""
    (call,) = org.database.find("VoiceCall", VendorCallKey=key)
    return call


def waiting_for(org: Org) -> list[Any]:
    """Queue, or rep, of each pending routing."""
    names = {one["Id"]: one["DeveloperName"] for one in org.database.all("Group")}
    names |= {one["Id"]: one["Username"] for one in org.database.all("User")}
    return [names[one["GroupId"] or one["PreferredUserId"]] for one in org.database.all("PendingServiceRouting")]


def finish(phone: Phone, key: str = "call-1", **changes: Any) -> None:
    """The update that closes a voicemail and brings its recording."""
    recording = {"recordingLocation": "https://recordings.example.com/1.wav", "totalRecordingDuration": 30}
    phone.mark(key, isActiveCall=False, **recording, **changes)


def leave(phone: Phone, key: str = "call-1") -> None:
    """A voicemail from its beginning to its end."""
    phone.create(key, callOrigin="Voicemail")
    finish(phone, key)


def test_a_voicemail_gets_one_case_however_often_it_is_updated(org: Org, phone: Phone) -> None:
    """The flow on VoiceCall finds or creates it and links it; its key keeps it one."""
    phone.create()
    phone.mark()
    for _ in range(3):
        finish(phone)

    (case,) = org.database.all("Case")
    assert the_call(org)["RelatedRecordId"] == case["Id"]
    assert (case["Voicemail_External_Id__c"], case["Voicemail_Caller_Number__c"]) == ("call-1", CALLER)
    assert case["Origin"] == "Voicemail"
    assert "_updateErrors" not in the_call(org)


@pytest.mark.parametrize(
    "then",
    [[], [{"isActiveCall": False}], [{"agent": REP, "agentInteractionDuration": 60, "isActiveCall": False}]],
    ids=["still on the line", "hung up without a word", "answered by a rep"],
)
def test_a_call_that_is_marked_and_leaves_no_message_gets_no_case(
    org: Org, phone: Phone, then: list[dict[str, Any]]
) -> None:
    """Amazon Connect's flow marks the call before the beep; the flow on VoiceCall does not even start."""
    phone.create()
    phone.mark()

    for update in then:
        phone.mark(**update)

    assert (the_call(org)["CallOrigin"], the_call(org)["CallRecordingId"]) == ("Voicemail", None)
    assert org.database.all("Case") == []
    assert list(org.flows.executions) == []


def test_a_recording_of_a_call_that_is_still_open_is_no_message_yet(org: Org, phone: Phone) -> None:
    """Salesforce's own functions bring the recording first and close the call after the routing."""
    phone.create()

    phone.mark(recordingLocation="https://recordings.example.com/1.wav", totalRecordingDuration=30)
    while_it_is_open = org.database.all("Case")
    phone.mark(isActiveCall=False)

    assert while_it_is_open == []
    assert [one["Id"] for one in org.database.all("Case")] == [the_call(org)["RelatedRecordId"]]


def test_a_recording_that_salesforce_refers_to_late_gets_its_case_by_the_next_update(org: Org, phone: Phone) -> None:
    """A change of CallRecordingId starts no flow; whatever changes the call next does."""
    phone.create(callOrigin="Voicemail")
    phone.mark(isActiveCall=False)
    recording = org.database.insert("VoiceCallRecording", {"VoiceCallId": the_call(org)["Id"]}, by_system=True)
    org.database.update("VoiceCall", the_call(org)["Id"], {"CallRecordingId": recording}, by_system=True)
    before = org.database.all("Case")

    phone.mark(isActiveCall=False)

    assert before == []
    assert [one["Id"] for one in org.database.all("Case")] == [the_call(org)["RelatedRecordId"]]


def recording_comes_last(org: Org, phone: Phone) -> None:
    """The call is completed, and only then does Salesforce refer to its recording, which starts no flow."""
    phone.create(callOrigin="Voicemail")
    phone.mark(isActiveCall=False)
    recording = org.database.insert("VoiceCallRecording", {"VoiceCallId": the_call(org)["Id"]}, by_system=True)
    org.database.update("VoiceCall", the_call(org)["Id"], {"CallRecordingId": recording}, by_system=True)


def pass_minutes(org: Org, minutes: float) -> None:
    """Let time go by; what is due on the way is done."""
    org.clock.advance(minutes * 60)
    org.settle()


@pytest.mark.covers("salesforce-5")
@pytest.mark.parametrize("minutes", [6, 61])
def test_a_recording_that_comes_last_gets_its_case_although_nothing_else_happens(
    org: Org, phone: Phone, minutes: float
) -> None:
    """By the scheduled paths, once; whichever of them comes after the recording."""
    recording_comes_last(org, phone)
    before = org.database.all("Case")

    pass_minutes(org, minutes)
    pass_minutes(org, 120)

    assert before == []
    assert [one["Id"] for one in org.database.all("Case")] == [the_call(org)["RelatedRecordId"]]


@pytest.mark.covers("salesforce-5")
def test_a_recording_that_comes_after_the_first_look_gets_its_case_by_the_second(org: Org, phone: Phone) -> None:
    """Five minutes after the message there is none; within the hour there is."""
    phone.create(callOrigin="Voicemail")
    phone.mark(isActiveCall=False)
    pass_minutes(org, 6)
    recording = org.database.insert("VoiceCallRecording", {"VoiceCallId": the_call(org)["Id"]}, by_system=True)
    org.database.update("VoiceCall", the_call(org)["Id"], {"CallRecordingId": recording}, by_system=True)

    pass_minutes(org, 55)

    assert [one["Id"] for one in org.database.all("Case")] == [the_call(org)["RelatedRecordId"]]


def test_a_call_without_a_recording_gets_no_case_however_long_it_lasts(org: Org, phone: Phone) -> None:
    """A caller who was marked before the beep and left nothing."""
    phone.create(callOrigin="Voicemail")
    phone.mark(isActiveCall=False)

    pass_minutes(org, 24 * 60)

    assert org.database.all("Case") == []


def test_a_caller_who_mistyped_a_case_number_gets_a_case_with_the_message(org: Org, phone: Phone) -> None:
    """The choice in the IVR starts the flow earlier; the mark alone makes no Case of it either."""
    chosen = {"IVR_Type__c": "ExistingCase", "IVR_Input__c": "00000000"}
    phone.create(callAttributes=json.dumps(chosen))

    phone.mark()
    before = org.database.all("Case")
    finish(phone)

    assert before == []
    assert [one["Id"] for one in org.database.all("Case")] == [the_call(org)["RelatedRecordId"]]


def test_a_live_call_gets_no_case(org: Org, phone: Phone) -> None:
    """Only voicemails are linked, unless the caller chose otherwise in the IVR."""
    phone.create()

    assert org.database.all("Case") == []
    assert the_call(org)["RelatedRecordId"] is None


def test_the_second_voicemail_of_a_caller_joins_the_open_case(org: Org, phone: Phone) -> None:
    """Found by the number, and by the Contact once there is one."""
    leave(phone, "call-1")
    leave(phone, "call-2")

    (case,) = org.database.all("Case")
    assert the_call(org, "call-2")["RelatedRecordId"] == case["Id"]


def test_the_case_belongs_to_the_contact_with_this_number(org: Org, phone: Phone) -> None:
    """If exactly one has it."""
    contact = org.database.insert("Contact", {"LastName": "Ann", "MobilePhone": CALLER})

    leave(phone)

    assert [one["ContactId"] for one in org.database.all("Case")] == [contact]


def owners(org: Org) -> list[Any]:
    """Queue or user of each Case."""
    names = {one["Id"]: one["DeveloperName"] for one in org.database.all("Group")}
    names |= {one["Id"]: one["Username"] for one in org.database.all("User")}
    return [names[one["OwnerId"]] for one in org.database.all("Case")]


def set_up(org: Org, **fields: Any) -> None:
    """Change the settings of the flows, as an administrator does."""
    setting = org.database.first("Voicemail_Setting__mdt", DeveloperName="Default")
    assert setting is not None
    org.database.update("Voicemail_Setting__mdt", setting["Id"], fields, by_system=True)


@pytest.mark.covers("salesforce-7")
@pytest.mark.parametrize(
    ("queue", "owner"),
    [("Voicemail", "Voicemail"), ("Mistyped", "integration@example.com"), (None, "integration@example.com")],
)
def test_the_case_of_a_voicemail_belongs_to_the_queue_of_the_settings(
    org: Org, phone: Phone, queue: str | None, owner: str
) -> None:
    """A queue that is not there costs the owner, never the Case."""
    set_up(org, Case_Queue__c=queue)

    leave(phone)

    assert owners(org) == [owner]
    assert "_updateErrors" not in the_call(org)


@pytest.mark.covers("salesforce-7")
def test_a_queue_that_takes_no_cases_costs_the_owner_and_not_the_case(org: Org, phone: Phone) -> None:
    """Salesforce would refuse the Case."""
    set_up(org, Case_Queue__c="Live_Calls")

    leave(phone)

    assert owners(org) == ["integration@example.com"]


@pytest.mark.covers("salesforce-7")
@pytest.mark.parametrize(("queue", "owner"), [(None, "integration@example.com"), ("Voicemail", "Voicemail")])
def test_the_case_of_a_live_call_has_a_queue_of_its_own(org: Org, phone: Phone, queue: str | None, owner: str) -> None:
    """Empty as shipped: the rep who has the call has the Case."""
    set_up(org, Live_Case_Queue__c=queue)

    phone.create(callAttributes=json.dumps({"IVR_Type__c": "NewCase", "IVR_Input__c": "My order"}))

    assert owners(org) == [owner]


def encrypt(org: Org, object_name: str, field_name: str) -> None:
    """Make a field one that no query may compare with, as Shield does with probabilistic encryption."""
    sobject = org.database.schema.sobject(object_name)
    sobject.add(replace(sobject.fields[field_name], type="textarea", length=131_072))


@pytest.mark.covers("salesforce-6")
@pytest.mark.parametrize(
    ("object_name", "field"),
    [("Contact", "Phone"), ("Contact", "MobilePhone"), ("Case", "Voicemail_Caller_Number__c")],
)
def test_an_encrypted_phone_field_costs_the_match_and_not_the_case(
    org: Org, phone: Phone, object_name: str, field: str
) -> None:
    """Contacts, or open Cases of the number, cannot be looked for: the voicemail gets a Case of its own."""
    org.database.insert("Contact", {"LastName": "Ann", "MobilePhone": CALLER})
    encrypt(org, object_name, field)

    leave(phone)

    (case,) = org.database.all("Case")
    assert the_call(org)["RelatedRecordId"] == case["Id"]
    assert (case["ContactId"] is None) == (object_name == "Contact")
    assert not the_call(org)["Case_Problem__c"]


NO_CASES = """<?xml version="1.0" encoding="UTF-8"?>
<ValidationRule xmlns="http://soap.sforce.com/2006/04/metadata">
    <fullName>No_Cases_Today</fullName>
    <active>{active}</active>
    <errorConditionFormula>ISBLANK(ContactId)</errorConditionFormula>
    <errorMessage>A Case needs a Contact.</errorMessage>
</ValidationRule>
"""


def deploy_rule(org: Org, folder: Path, *, active: bool) -> None:
    """An administrator's validation rule that refuses the flow's Cases, or no longer does."""
    place = folder / "objects" / "Case" / "validationRules"
    place.mkdir(parents=True, exist_ok=True)
    rule = NO_CASES.format(active=str(active).lower())
    (place / "No_Cases_Today.validationRule-meta.xml").write_text(rule)
    job = org.deploys.start(package_of(folder), Options(check_only=False), user_id=org.administrator_id)
    org.deploys.finish(job)
    assert job.result(details=True)["status"] == "Succeeded"


@pytest.mark.covers("salesforce-4")
def test_a_case_that_salesforce_refuses_is_told_on_its_call(org: Org, phone: Phone, tmp_path: Path) -> None:
    """The call is delivered all the same; a report lists it, until the Case is there."""
    deploy_rule(org, tmp_path, active=True)

    leave(phone)
    refused = the_call(org)
    deploy_rule(org, tmp_path, active=False)
    finish(phone)

    assert (refused["CallDisposition"], refused["RelatedRecordId"]) == ("completed", None)
    assert "A Case needs a Contact." in refused["Case_Problem__c"]
    assert the_call(org)["RelatedRecordId"] == org.database.all("Case")[0]["Id"]
    assert not the_call(org)["Case_Problem__c"]


@pytest.mark.covers("salesforce-4")
def test_a_live_calls_refused_case_is_told_too(org: Org, phone: Phone, tmp_path: Path) -> None:
    """The same flow, another way through it."""
    deploy_rule(org, tmp_path, active=True)

    phone.create(callAttributes=json.dumps({"IVR_Type__c": "NewCase", "IVR_Input__c": "My order"}))

    assert "A Case needs a Contact." in the_call(org)["Case_Problem__c"]


def test_a_call_without_a_case_has_no_problem(org: Org, phone: Phone) -> None:
    """Where Cases are switched off, nothing is wrong."""
    set_up(org, Create_Cases__c=False)

    leave(phone)

    assert (org.database.all("Case"), the_call(org)["Case_Problem__c"]) == ([], None)


def test_a_caller_who_keyed_in_a_case_number_is_linked_to_it(org: Org, phone: Phone) -> None:
    """The guide's recipe "Link New or Existing Case to Voice Call Record"."""
    case = org.database.insert("Case", {"Subject": "Known"})
    number = org.database.get("Case", case)["CaseNumber"]
    chosen = {"IVR_Type__c": "ExistingCase", "IVR_Input__c": number}

    answer = phone.create(callAttributes=json.dumps(chosen))

    assert answer.json()["errors"] == []
    assert the_call(org)["RelatedRecordId"] == case


@pytest.mark.parametrize(
    ("mailbox", "expected"),
    [
        ({}, "Voicemail"),
        ({"mailboxType": "Queue", "mailboxName": "Live_Calls"}, "Live_Calls"),
        ({"mailboxType": "Queue", "mailboxName": "Mistyped"}, "Voicemail"),
        ({"rep": REP}, REP),
        ({"mailboxType": "Rep", "mailboxName": REP}, REP),
        ({"rep": "gone@example.com"}, "Voicemail"),
    ],
)
def test_a_voicemail_goes_where_it_was_left(org: Org, phone: Phone, mailbox: dict[str, str], expected: str) -> None:
    """The mailbox's queue or rep; the default queue when there is no such one."""
    phone.create()
    phone.mark()

    answer = phone.route(flowInputParameters=mailbox)

    assert answer.status_code == 200
    assert waiting_for(org) == [expected]
    assert [one.fault for one in org.flows.executions if one.flow == "Voicemail_Omni_Routing"] == [""]


def test_a_rep_who_is_offline_has_the_queue(org: Org, phone: Phone) -> None:
    """The voicemail does not wait for somebody who is not there."""
    org.telephony.reps.set_online(REP, online=False)
    phone.create()
    phone.mark()

    phone.route(flowInputParameters={"rep": REP})

    assert waiting_for(org) == ["Voicemail"]


def test_a_voicemail_that_is_routed_too_early_is_taken_for_a_live_call(org: Org, phone: Phone) -> None:
    """The flow reads CallOrigin as it is at that moment; without a live queue the channel's fallback queue takes it."""
    phone.create()

    phone.route()

    (execution,) = [one for one in org.flows.executions if one.flow == "Voicemail_Omni_Routing"]
    assert "Get_Live_Queue" in execution.path
    assert "For_Whom" not in execution.path
