"""Omni-Channel flows that were deployed: which calls they send where, and what happens when they fail."""

from __future__ import annotations

from typing import Any

import pytest
from scv_emulator.flows import check_in_org, load
from scv_emulator.org import Org

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
    ref,
    route,
    text,
    update,
    variable,
    yes,
)

from .conftest import Phone

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
    (channel,) = org.database.all("ContactCenterChannel")
    org.database.update("ContactCenterChannel", channel["Id"], {"VoicemailFallbackQueueId": None}, by_system=True)
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
