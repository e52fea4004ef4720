"""Routing in the emulated org: flows, fallback queues, pending routings and reps."""

from __future__ import annotations

from typing import Any

import pytest
from scv_emulator.org import Org
from scv_emulator.seed import Flow, PhoneChannel, Queue, Rep, Seed
from scv_emulator.server import create_app
from scv_emulator.telephony.reps import RepError

from .conftest import InProcess, Phone

REP = "rep@example.com"


def waiting(org: Org) -> list[str]:
    """The queue names of the pending routings."""
    names = {queue["Id"]: queue["DeveloperName"] for queue in org.database.all("Group")}
    return [names[one["GroupId"]] for one in org.database.all("PendingServiceRouting")]


def a_voicemail(phone: Phone) -> str:
    """A call that Salesforce knows as a voicemail."""
    phone.create()
    phone.mark()
    phone.wait()
    return str(phone.org.database.all("VoiceCall")[0]["Id"])


def phone_for(seed: Seed) -> Phone:
    """A telephony system on an org of its own."""
    org = Org(seed=seed)
    org.switches.set("apply_delay_ms", 0)
    return Phone(org, InProcess(create_app(org)))


def test_a_voicemail_goes_to_the_voicemail_queue(org: Org, phone: Phone) -> None:
    """The flow of the phone channel decides; the queue becomes the owner."""
    call_id = a_voicemail(phone)

    answer = phone.route()

    call = org.database.get("VoiceCall", call_id)
    assert (answer.status_code, answer.json()) == (200, {"queue": "voicemail-queue"})
    assert waiting(org) == ["Voicemail"]
    assert call["QueueName"] == "Voicemail"
    assert org.database.get("Group", call["OwnerId"])["DeveloperName"] == "Voicemail"


def test_routing_before_the_update_is_applied_takes_the_live_branch(org: Org, phone: Phone) -> None:
    """The flow reads CallOrigin as it is now, so an early caller is seen to fail."""
    phone.create()
    phone.mark()

    phone.route()

    assert waiting(org) == ["Live_Calls"]


def test_a_switch_makes_early_routing_an_error(org: Org, phone: Phone) -> None:
    """The other reading: it fails instead."""
    org.switches.set("early_omni_flow", "error")
    phone.create()
    phone.mark()

    early = phone.route()
    phone.wait()
    later = phone.route()

    assert early.status_code == 400
    assert "errors" in early.json()
    assert later.status_code == 200


def test_each_routing_leaves_one_more_pending_routing(org: Org, phone: Phone) -> None:
    """As at the vendor's, routing twice is not the same as routing once."""
    a_voicemail(phone)

    phone.route()
    phone.route()

    assert waiting(org) == ["Voicemail", "Voicemail"]


def test_closing_keeps_a_voicemail_in_its_queue_and_drops_a_live_call(org: Org, phone: Phone) -> None:
    """Only a live call leaves the queue with its closing update."""
    a_voicemail(phone)
    phone.route()
    phone.create("live")
    phone.route("live")
    before = waiting(org)

    for key in ("call-1", "live"):
        phone.send("PATCH", f"/voiceCalls/{key}", {})
    phone.wait()

    assert before == ["Voicemail", "Live_Calls"]
    assert waiting(org) == ["Voicemail"]


def test_a_switch_makes_closing_drop_a_voicemail_too(org: Org, phone: Phone) -> None:
    """The pessimistic reading of the guide."""
    org.switches.set("voicemail_close_clears_psr", value=True)
    a_voicemail(phone)
    phone.route()

    phone.send("PATCH", "/voiceCalls/call-1", {})
    phone.wait()

    assert waiting(org) == []


@pytest.mark.parametrize(
    ("channel", "body", "queue"),
    [
        (PhoneChannel(flow="Missing", fallback_queue="Live_Calls"), {}, "live-queue"),
        (PhoneChannel(flow="", fallback_queue="Live_Calls"), {"flowDevName": "Voicemail_Omni_Routing"}, "live-queue"),
        (PhoneChannel(number="+1", flow=""), {"flowDevName": "Voicemail_Omni_Routing"}, "voicemail-queue"),
        (PhoneChannel(number="+1", flow=""), {"flowDevName": "No", "fallbackQueue": "Live_Calls"}, "live-queue"),
        (PhoneChannel(flow="Missing", fallback_queue=""), {"fallbackQueue": "Live_Calls"}, "live-queue"),
    ],
)
def test_the_channel_is_asked_before_the_request(channel: PhoneChannel, body: dict[str, Any], queue: str) -> None:
    """Channel's flow, channel's fallback queue, request's flow, request's fallback queue."""
    phone = phone_for(Seed(phone_channels=(channel,)))
    phone.create(callOrigin="Voicemail")

    answer = phone.route(**body)

    assert answer.json() == {"queue": queue}


@pytest.mark.parametrize(
    ("seed", "body"),
    [
        (Seed(phone_channels=()), {}),
        (Seed(phone_channels=()), {"flowName": "Voicemail_Omni_Routing"}),
        (Seed(flows=(Flow(),), phone_channels=(PhoneChannel(fallback_queue=""),)), {"flowDevName": "Unknown"}),
        (Seed(queues=(Queue(), Queue(developer_name="Live_Calls"))), {}),
        (Seed(), {"dialedNumber": ""}),
    ],
    ids=["no channel", "flowName is no name", "flow has no live path", "queue is not mapped", "no number"],
)
def test_a_call_that_cannot_be_routed_gets_reasons(seed: Seed, body: dict[str, Any]) -> None:
    """The error body is a list of reasons and nothing waits anywhere."""
    phone = phone_for(seed)
    phone.create()

    answer = phone.route(**body)

    assert answer.status_code == 400
    assert list(answer.json()) == ["errors"]
    assert answer.json()["errors"][0]
    assert waiting(phone.org) == []


def test_routing_errors_come_with_200_when_the_switch_says_so(org: Org, phone: Phone) -> None:
    """The guide leaves the status open: a client has to read the body."""
    org.switches.set("omni_flow_error_status", 200)
    phone.create()

    answer = phone.route(dialedNumber="")

    assert answer.status_code == 200
    assert answer.json()["errors"]


def test_routing_an_unknown_call_is_not_found(phone: Phone) -> None:
    """404 with the body of a routing error."""
    answer = phone.route("nobody")

    assert answer.status_code == 404
    assert answer.json()["errors"]


def test_clearing_twice_is_the_same_as_once(org: Org, phone: Phone) -> None:
    """Nothing waits any more, and nobody complains."""
    a_voicemail(phone)
    phone.route()

    first = phone.send("PATCH", "/voiceCalls/call-1/clearRouting")
    second = phone.send("PATCH", "/voiceCalls/call-1/clearRouting")

    assert (first.status_code, second.status_code) == (200, 200)
    assert waiting(org) == []


def test_accepting_turns_a_pending_routing_into_agent_work(org: Org, phone: Phone) -> None:
    """The rep becomes the owner."""
    call_id = a_voicemail(phone)
    phone.route()

    work = org.telephony.reps.accept(REP)

    call = org.database.get("VoiceCall", call_id)
    assert org.database.get("AgentWork", work)["Status"] == "Opened"
    assert waiting(org) == []
    assert call["OwnerId"] == org.user_id_of(REP)


def test_declining_puts_the_call_back(org: Org, phone: Phone) -> None:
    """The work is declined, the call waits again."""
    a_voicemail(phone)
    phone.route()
    org.telephony.reps.accept(REP)

    work = org.telephony.reps.decline(REP)

    assert org.database.get("AgentWork", work)["Status"] == "Declined"
    assert waiting(org) == ["Voicemail"]


def test_a_rep_without_work_presence_or_capacity_accepts_nothing(org: Org, phone: Phone) -> None:
    """Each refusal says why."""
    reps = org.telephony.reps

    with pytest.raises(RepError, match="nothing is waiting"):
        reps.accept(REP)
    reps.set_online(REP, online=False)
    with pytest.raises(RepError, match="offline"):
        reps.accept(REP)
    with pytest.raises(RepError, match="no rep"):
        reps.accept("stranger@example.com")


def test_a_rep_who_accepts_automatically_takes_work_up_to_the_capacity() -> None:
    """Two calls, room for one."""
    phone = phone_for(Seed(reps=(Rep(accepts_automatically=True, capacity=1),)))
    for key in ("one", "two"):
        phone.create(key, callOrigin="Voicemail")

        phone.route(key)

    assert len(phone.org.database.all("AgentWork")) == 1
    assert waiting(phone.org) == ["Voicemail"]


def test_rerouting_needs_unified_routing(org: Org, phone: Phone) -> None:
    """With it, accepted work is closed and the call waits again."""
    a_voicemail(phone)
    phone.route()
    work = org.telephony.reps.accept(REP)

    refused = phone.send("POST", "/voiceCalls/call-1/reroute")
    org.switches.set("unified_routing", value=True)
    taken = phone.send("PATCH", "/voiceCalls/call-1/reroute")

    assert refused.status_code == 400
    assert (taken.status_code, taken.json()) == (200, {"status": "Success"})
    assert org.database.get("AgentWork", work)["Status"] == "Closed"
    assert waiting(org) == ["Voicemail"]
