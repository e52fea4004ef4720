"""Deployed flows of voice calls: the one that routes them, and those that their saving starts."""

from __future__ import annotations

from typing import Any

import httpx
import jwt
import pytest
from scv_emulator.flows import check_in_org, load
from scv_emulator.org import Org
from scv_emulator.salesforce.oauth import JWT_BEARER
from scv_emulator.salesforce.schema import Field

from tests.unit.emulator.flows.flow_files import (
    PHONE,
    Part,
    a_flow,
    act,
    assign,
    condition,
    create,
    decide,
    filtered,
    get,
    get_queue,
    given,
    number,
    on_save,
    ref,
    route,
    text,
    update,
    update_from,
    variable,
    yes,
)

from .conftest import Phone, loaded

REP = "rep@example.com"
FLOW = "Voicemail_Omni_Routing"
"""The flow that the seed's phone channel names."""


def deploy(org: Org, *parts: Part, name: str = FLOW, **how: Any) -> None:
    """Deploy a flow, checked against the org; an Omni-Channel flow unless a record starts it."""
    usual: dict[str, Any] = {} if "start" in how else {"process_type": "RoutingFlow"}
    recorded = () if "start" in how else (given("recordId"),)
    flow = load(a_flow(*parts, *recorded, **usual | how), name=name)
    check_in_org(flow, org.database.schema, org.flows.get)
    org.flows.deploy(flow)


def by_origin() -> list[Part]:
    """The flow of the guide: voicemails to one queue, other calls to another, found by developer name."""
    call = get("Get_Call", "VoiceCall", filtered("Id", "EqualTo", ref("recordId")), to="Choose")
    voicemail = [condition("Get_Call.CallOrigin", "EqualTo", text("Voicemail"))]
    choose = decide("Choose", ("Voicemail", "and", voicemail, "Say_Voicemail"), otherwise="Say_Live")
    look = get_queue(to="Route")
    look[1]["filters"][0]["value"] = ref("queueName")
    return [
        call,
        choose,
        assign("Say_Voicemail", ("queueName", "Assign", text("Voicemail")), to="Get_Queue"),
        assign("Say_Live", ("queueName", "Assign", text("Live_Calls")), to="Get_Queue"),
        look,
        route("Route"),
        variable("queueName"),
    ]


def a_voicemail(phone: Phone, **changes: Any) -> str:
    """A call that Salesforce knows as a voicemail; its id."""
    phone.create(**changes)
    phone.mark()
    phone.wait()
    return str(phone.org.database.all("VoiceCall")[0]["Id"])


def waiting(org: Org) -> list[str]:
    """The queue names of the pending routings; of those for a rep, the username."""
    names = {one["Id"]: one["DeveloperName"] for one in org.database.all("Group")}
    names |= {one["Id"]: one["Username"] for one in org.database.all("User")}
    return [names[one["GroupId"] or one["PreferredUserId"]] for one in org.database.all("PendingServiceRouting")]


def latest(phone: Phone) -> dict[str, Any]:
    """The latest execution that the control door tells about."""
    executions = phone.client.request("GET", "/_emulator/flows").json()["executions"]
    return dict(executions[-1])


# ------------------------------------------------------------------------------------------------------------- routing


def test_the_deployed_flow_decides_by_the_origin(org: Org, phone: Phone) -> None:
    """It reads CallOrigin as it is now: too early is another branch, and another queue."""
    deploy(org, *by_origin(), to="Get_Call")
    phone.create()
    phone.mark()

    early = phone.route()
    phone.wait()
    late = phone.route()

    assert [early.json(), late.json()] == [{"queue": "live-queue"}, {"queue": "voicemail-queue"}]
    assert waiting(org) == ["Live_Calls", "Voicemail"]
    assert latest(phone)["path"] == ["Get_Call", "Choose", "Say_Voicemail", "Get_Queue", "Route"]


def test_without_a_deployed_flow_the_seeds_flow_runs(org: Org, phone: Phone) -> None:
    """A draft is no active flow either."""
    deploy(org, get_queue("Live_Calls", to="Route"), route("Route"), to="Get_Queue", status="Draft")
    a_voicemail(phone)

    assert phone.route().json() == {"queue": "voicemail-queue"}
    assert list(org.flows.executions) == []


FAILING = {
    "it finds no queue": [get_queue("Nobody", to="Route"), route("Route")],
    "it routes to a developer name": [route("Route", queueId=text("Voicemail"))],
    "it routes to something else": [route("Route", queueId=ref("$User.Id"))],
    "it routes another record": [get_queue(to="Route"), route("Route", recordId=ref("Get_Queue.Id"))],
    "it names a service channel that is none": [
        get_queue(to="Route"),
        route("Route", serviceChannelId=text("0N9000000000009AAA")),
    ],
    "it never ends": [assign("Step", to="Back"), assign("Back", to="Step")],
}


@pytest.mark.parametrize("parts", FAILING.values(), ids=FAILING)
def test_a_flow_that_fails_leaves_the_call_to_the_fallback_queue(org: Org, phone: Phone, parts: list[Part]) -> None:
    """As the guide's order of precedence says; what the flow wrote before is gone."""
    first = parts[0][1]["name"]
    deploy(org, create("Make", "Case", {"Subject": text("left over")}, to=first), *parts, to="Make")
    a_voicemail(phone)

    answer = phone.route()

    assert answer.json() == {"queue": "voicemail-queue"}
    assert waiting(org) == ["Voicemail"]
    assert org.database.all("Case") == []


def test_a_flow_that_routes_nothing_leaves_the_call_to_the_fallback_queue(org: Org, phone: Phone) -> None:
    """It ended without a fault, so what it wrote stays."""
    deploy(org, create("Make", "Case", {"Subject": text("made")}))
    a_voicemail(phone)

    assert phone.route().json() == {"queue": "voicemail-queue"}
    assert [one["Subject"] for one in org.database.all("Case")] == ["made"]
    assert latest(phone)["outcome"] == "finished"


def test_without_a_fallback_queue_the_fault_is_the_answer(org: Org, phone: Phone) -> None:
    """With the element, so that a person finds it."""
    deploy(org, get_queue("Nobody", to="Route"), route("Route"), to="Get_Queue")
    (channel,) = org.database.all("MessagingChannel")
    org.database.update("MessagingChannel", channel["Id"], {"FallbackQueueId": None}, by_system=True)
    a_voicemail(phone)

    answer = phone.route()

    assert answer.status_code == 400
    assert "Route: The flow failed to access the value for Get_Queue.Id" in str(answer.json()["errors"])
    assert waiting(org) == []


def test_a_queue_must_take_voice_calls(org: Org, phone: Phone) -> None:
    """A queue of Cases only is refused."""
    made = org.database.insert("Group", {"Name": "Cases", "DeveloperName": "Cases", "Type": "Queue"}, by_system=True)
    org.database.insert("QueueSobject", {"QueueId": made, "SobjectType": "Case"}, by_system=True)
    deploy(org, get_queue("Cases", to="Route"), route("Route"), to="Get_Queue")
    a_voicemail(phone)

    phone.route()

    assert "The queue Cases does not support VoiceCall" in latest(phone)["fault"]


def test_the_last_routing_counts(org: Org, phone: Phone) -> None:
    """A flow may change its mind."""
    first = route("First", to="Second")
    look = get("Look", "Group", filtered("DeveloperName", "EqualTo", text("Voicemail")), to="Last")
    last = route("Last", queueId=ref("Look.Id"))
    deploy(org, get_queue("Live_Calls", to="First"), first, assign("Second", to="Look"), look, last, to="Get_Queue")
    a_voicemail(phone)

    assert phone.route().json() == {"queue": "voicemail-queue"}
    assert waiting(org) == ["Voicemail"]


def test_what_the_flow_writes_stays(org: Org, phone: Phone) -> None:
    """A Case that is created and linked inside the routing flow."""
    the_call = [filtered("Id", "EqualTo", ref("recordId"))]
    make = create("Make", "Case", {"Origin": text("Voicemail")}, to="Link")
    link = update("Link", "VoiceCall", the_call, {"RelatedRecordId": ref("Make")}, to="Get_Queue")
    deploy(org, make, link, get_queue(to="Route"), route("Route"), to="Make")
    call = a_voicemail(phone)

    phone.route()

    (case,) = org.database.all("Case")
    assert org.database.get("VoiceCall", call)["RelatedRecordId"] == case["Id"]


def by_rep(**more: Any) -> list[Part]:
    """To the rep of an input, with a queue to fall back on."""
    rep = get("Get_Rep", "User", filtered("Username", "EqualTo", ref("rep")), to="Get_Queue")
    to_rep = route("Route", routingType=text("Agent"), agentId=ref("Get_Rep.Id"), isAgentVariable=yes(), **more)
    return [rep, get_queue("Live_Calls", to="Route"), to_rep, given("rep")]


def test_a_voicemail_for_a_rep_who_is_online_is_pushed(org: Org, phone: Phone) -> None:
    """An assigned AgentWork waits; accepting opens it and ends the pending routing."""
    deploy(org, *by_rep(), to="Get_Rep")
    call = a_voicemail(phone)

    answer = phone.route(flowInputParameters={"rep": REP})

    (work,) = org.database.all("AgentWork")
    assert answer.json().keys() == {"agent"}
    assert (waiting(org), work["Status"], work["WorkItemId"]) == ([REP], "Assigned", call)
    assert org.telephony.reps.accept(REP) == work["Id"]
    assert [one["Status"] for one in org.database.all("AgentWork")] == ["Opened"]
    assert waiting(org) == []


def test_a_rep_who_declines_leaves_it_to_the_queue(org: Org, phone: Phone) -> None:
    """The queue that the action named."""
    deploy(org, *by_rep(), to="Get_Rep")
    a_voicemail(phone)
    phone.route(flowInputParameters={"rep": REP})

    org.telephony.reps.decline(REP)

    assert [one["Status"] for one in org.database.all("AgentWork")] == ["Declined"]
    assert waiting(org) == ["Live_Calls"]


@pytest.mark.parametrize(("required", "expected"), [(False, "Live_Calls"), (True, REP)])
def test_a_rep_who_is_offline_has_a_fallback_queue(org: Org, phone: Phone, required: bool, expected: str) -> None:
    """Unless the action insists on the rep: then the voicemail waits."""
    deploy(org, *by_rep(isAgentRequired=yes(required)), to="Get_Rep")
    org.telephony.reps.set_online(REP, online=False)
    a_voicemail(phone)

    phone.route(flowInputParameters={"rep": REP})

    assert waiting(org) == [expected]
    assert org.database.all("AgentWork") == []


def test_routing_by_skills_keeps_the_type(org: Org, phone: Phone) -> None:
    """With a queue, whose mapping is the answer."""
    deploy(org, get_queue(to="Route"), route("Route", routingType=text("SkillsBased")), to="Get_Queue")
    a_voicemail(phone)

    answer = phone.route()

    (pending,) = org.database.all("PendingServiceRouting")
    assert (answer.json(), pending["RoutingType"]) == ({"queue": "voicemail-queue"}, "SkillsBased")


def test_a_flow_can_ask_who_is_there(org: Org, phone: Phone) -> None:
    """Reps online in the queue and calls waiting in it, by output parameters and by the element's name."""
    inputs = {
        "serviceChannelId": PHONE,
        "routingType": text("QueueBased"),
        "queueId": ref("Get_Queue.Id"),
        "selectedOutputs": text("GET_ALL"),
    }
    outputs = {"outputParameters": {"assignToReference": "online", "name": "onlineAgentsCount"}}
    nobody = decide("Choose", ("Nobody", "and", [condition("online", "EqualTo", number(0))], "Live"), otherwise="Route")
    deploy(
        org,
        get_queue(to="Ask"),
        act("Ask", "checkAvailabilityForRouting", inputs, to="Choose", **outputs, storeOutputAutomatically=True),
        nobody,
        get("Live", "Group", filtered("DeveloperName", "EqualTo", text("Live_Calls")), to="Route_Live"),
        route("Route"),
        route("Route_Live", queueId=ref("Live.Id")),
        variable("online", "Number"),
        to="Get_Queue",
    )
    a_voicemail(phone)

    phone.route()
    org.telephony.reps.set_online(REP, online=False)
    phone.route()

    assert waiting(org) == ["Voicemail", "Live_Calls"]


def test_an_unknown_input_is_an_error_or_ignored(org: Org, phone: Phone) -> None:
    """Nobody knows what the vendor does, so it is a switch."""
    deploy(org, get_queue("Live_Calls", to="Route"), route("Route"), to="Get_Queue")
    a_voicemail(phone)

    refused = phone.route(flowInputParameters={"typo": "x"})
    fault = latest(phone)
    org.switches.set("unknown_flow_input", "ignore")
    ignored = phone.route(flowInputParameters={"typo": "x", "recordId": "anything"})

    assert refused.json() == {"queue": "voicemail-queue"}
    assert 'no input variable "typo"' in fault["fault"]
    assert ignored.json() == {"queue": "live-queue"}


def test_text_may_be_compared_without_case(org: Org, phone: Phone) -> None:
    """Another switch."""
    deploy(org, *by_origin(), to="Get_Call")
    phone.create(callOrigin="Voicemail")
    (call,) = org.database.all("VoiceCall")
    org.database.update("VoiceCall", call["Id"], {"CallOrigin": "VOICEMAIL"}, by_system=True)

    sensitive = phone.route()
    org.switches.set("flow_text_comparison", "case_insensitive")
    insensitive = phone.route()

    assert [sensitive.json(), insensitive.json()] == [{"queue": "live-queue"}, {"queue": "voicemail-queue"}]


def test_the_request_may_name_a_deployed_flow(org: Org, phone: Phone) -> None:
    """For a number without a phone channel; a flow of another type is none."""
    deploy(org, get_queue("Live_Calls", to="Route"), route("Route"), name="My_Flow", to="Get_Queue")
    deploy(org, assign("Step"), name="No_Routing", start={})
    a_voicemail(phone)

    routed = phone.route(dialedNumber="+10000000000", flowDevName="My_Flow")
    refused = phone.route(dialedNumber="+10000000000", flowDevName="No_Routing")

    assert routed.json() == {"queue": "live-queue"}
    assert "not an Omni-Channel flow" in str(refused.json()["errors"])


def test_a_reset_forgets_the_flows(org: Org, phone: Phone) -> None:
    """And what they did."""
    deploy(org, get_queue(to="Route"), route("Route"), to="Get_Queue")

    org.reset()

    assert phone.client.request("GET", "/_emulator/flows").json() == {"flows": [], "executions": []}


# ------------------------------------------------------------------------------------ flows started by a VoiceCall


def link_case(**how: Any) -> tuple[list[Part], dict[str, Any]]:
    """Creates a Case for a voicemail that has none, and links it."""
    voicemail = filtered("CallOrigin", "EqualTo", text("Voicemail"))
    unlinked = filtered("RelatedRecordId", "IsNull", yes())
    make = create("Make", "Case", {"Subject": ref("$Record.IVR_Type__c"), "Origin": text("Voicemail")}, to="Link")
    link = update_from("Link", "$Record", {"RelatedRecordId": ref("Make")})
    return [make, link], {"start": on_save("VoiceCall", voicemail, unlinked, **how), "to": "Make"}


@pytest.fixture
def linking(org: Org) -> Org:
    """An org with such a flow."""
    org.database.schema.add_field("VoiceCall", Field("IVR_Type__c", "string"))
    parts, how = link_case()
    deploy(org, *parts, name="VoiceCall_After_Save_Link_Case", **how)
    return org


def test_a_new_voice_call_starts_flows_once_its_attributes_are_there(linking: Org, phone: Phone) -> None:
    """The fields that callAttributes set belong to the new record."""
    phone.create(callOrigin="Voicemail", callAttributes='{"IVR_Type__c": "New case"}')

    (case,) = linking.database.all("Case")
    (call,) = linking.database.all("VoiceCall")
    assert (case["Subject"], call["RelatedRecordId"]) == ("New case", case["Id"])


def test_an_update_starts_flows_once_and_the_recording_does_not(linking: Org, phone: Phone) -> None:
    """The update is two writes; only the second one starts automation, and repeating it makes no second Case."""
    start = on_save("VoiceCall", event="Update")
    deploy(linking, create("Note", "Contact", {"LastName": text("noted")}), name="Note_Updates", start=start)
    phone.create()

    for _ in range(2):
        phone.mark(recordingLocation="https://recordings.example.com/1.wav", totalRecordingDuration=30)
        phone.wait()

    # The link itself is one more update of the VoiceCall.
    assert len(linking.database.all("Case")) == 1
    assert len(linking.database.all("Contact")) == 3


def test_a_flow_that_fails_at_create_is_told_and_the_call_stays(org: Org, phone: Phone) -> None:
    """ "Salesforce bypasses the errors, creates the voice call record"; the flow's own writes are undone."""
    make = create("Make", "Case", {"Subject": text("left over")}, to="Break")
    deploy(
        org, make, create("Break", "Contact", {}), name="Broken", start=on_save("VoiceCall"), to="Make", label="My Flow"
    )

    answer = phone.create()

    assert answer.status_code == 200
    assert answer.json()["errors"].startswith("We created your voice call but there were some errors : ")
    assert "the “My Flow” process failed" in answer.json()["errors"]
    assert len(org.database.all("VoiceCall")) == 1
    assert org.database.all("Case") == []


def test_a_flow_that_fails_at_an_update_does_not_hold_it_up(org: Org, phone: Phone) -> None:
    """Nobody is told by the vendor; the emulator shows it."""
    deploy(org, create("Break", "Contact", {}), name="Broken", start=on_save("VoiceCall", event="Update"))
    phone.create()

    phone.mark()
    phone.wait()

    (call,) = org.database.all("VoiceCall")
    assert call["CallOrigin"] == "Voicemail"
    assert "process failed" in call["_updateErrors"][0]


def test_a_flow_before_the_save_changes_the_voice_call(org: Org, phone: Phone) -> None:
    """At its creation, too."""
    step = assign("Step", ("$Record.Description", "Assign", text("From {!$Record.FromPhoneNumber}")))
    deploy(org, step, name="Describe", start=on_save("VoiceCall", when="RecordBeforeSave", event="Create"))

    phone.create()

    assert org.database.all("VoiceCall")[0]["Description"] == "From +14155550123"


# ----------------------------------------------------------------------------------------------- flows and REST writes


def rest(org: Org, phone: Phone, method: str, path: str, body: Any = None) -> httpx.Response:
    """A REST request of the integration user."""
    app = org.seed.apps[0]
    claims = {"iss": app.consumer_key, "sub": org.seed.users[0].username, "aud": "https://login.salesforce.com"}
    claims |= {"exp": int(org.now().timestamp()) + 180}
    assertion = jwt.encode(claims, loaded(org.app_keys[app.consumer_key].private_key_pem), algorithm="RS256")
    token = org.oauth.token({"grant_type": JWT_BEARER, "assertion": assertion})["access_token"]
    return phone.client.request(
        method, f"/services/data/v66.0{path}", json=body, headers={"Authorization": f"Bearer {token}"}
    )


def test_a_rest_write_runs_flows_in_its_transaction(linking: Org, phone: Phone) -> None:
    """A fault refuses the write with the vendor's code, one record at a time or many."""
    broken = create("Break", "Contact", {})
    deploy(linking, broken, name="Broken", start=on_save("Case", filtered("Subject", "EqualTo", text("bad"))))

    good = rest(linking, phone, "POST", "/sobjects/Case", {"Subject": "good"})
    bad = rest(linking, phone, "POST", "/sobjects/Case", {"Subject": "bad"})
    changed = rest(linking, phone, "PATCH", f"/sobjects/Case/{good.json()['id']}", {"Subject": "bad"})
    records = [{"attributes": {"type": "Case"}, "Subject": subject} for subject in ("good", "bad")]
    many = rest(linking, phone, "POST", "/composite/sobjects", {"records": records})

    assert (bad.status_code, bad.json()[0]["errorCode"]) == (400, "CANNOT_EXECUTE_FLOW_TRIGGER")
    assert (changed.status_code, changed.json()[0]["errorCode"]) == (400, "CANNOT_EXECUTE_FLOW_TRIGGER")
    assert [one["success"] for one in many.json()] == [True, False]
    assert [one["Subject"] for one in linking.database.all("Case")] == ["good", "good"]


def test_a_rest_update_of_a_voice_call_starts_flows(linking: Org, phone: Phone) -> None:
    """The guide's synchronous way to mark a voicemail links the Case at once."""
    phone.create()
    (call,) = linking.database.all("VoiceCall")

    answer = rest(linking, phone, "PATCH", f"/sobjects/VoiceCall/{call['Id']}", {"CallOrigin": "Voicemail"})

    assert answer.status_code == 204
    assert linking.database.get("VoiceCall", call["Id"])["RelatedRecordId"] is not None
