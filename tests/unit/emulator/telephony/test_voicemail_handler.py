"""A voicemail is routed by the number's voicemail flow and fallback queue, a live call by those of live calls."""

from __future__ import annotations

import pytest
from scv_emulator.org import Org
from scv_emulator.seed import Flow, PhoneChannel, Seed
from scv_emulator.server import create_app
from scv_emulator.switches import Switches

from tests.unit.emulator.telephony.conftest import InProcess, Phone


def a_phone(channel: PhoneChannel, **switches: str) -> Phone:
    """A telephony system whose number has this channel."""
    flows = (Flow(live_queue="Live_Calls"), Flow(developer_name="Other", voicemail_queue="Live_Calls"))
    org = Org(
        seed=Seed(flows=flows, phone_channels=(channel,)),
        switches=Switches(apply_delay_ms=0, **switches),  # type: ignore[arg-type]
    )
    return Phone(org, InProcess(create_app(org)))


def queue_of(phone: Phone) -> str:
    """The queue in which the one call waits."""
    (pending,) = phone.org.database.all("PendingServiceRouting")
    return str(phone.org.database.get("Group", pending["GroupId"])["DeveloperName"])


@pytest.mark.covers("salesforce-3")
def test_a_voicemail_takes_the_voicemail_handler() -> None:
    """Not the session handler of live calls."""
    phone = a_phone(PhoneChannel(live_flow="Other", live_fallback_queue=""))
    phone.create(callOrigin="Voicemail")

    phone.route()

    assert queue_of(phone) == "Voicemail"


@pytest.mark.covers("salesforce-3")
def test_a_live_call_takes_the_session_handler() -> None:
    """The number's voicemail flow does not exist for it."""
    phone = a_phone(PhoneChannel(flow="Other", live_flow="", live_fallback_queue="Live_Calls"))
    phone.create()

    phone.route()

    assert queue_of(phone) == "Live_Calls"


@pytest.mark.covers("salesforce-3")
@pytest.mark.parametrize(("choice", "status"), [("request", 400), ("live_flow", 200)])
def test_a_number_whose_voicemail_flow_was_forgotten_is_a_choice(choice: str, status: int) -> None:
    """No page says whether the live calls' flow then takes it: a switch, and the strict reading is its default."""
    channel = PhoneChannel(
        flow="", fallback_queue="", live_flow="Voicemail_Omni_Routing", live_fallback_queue="Voicemail"
    )
    phone = a_phone(channel, voicemail_without_handler=choice)
    phone.create(callOrigin="Voicemail")

    assert phone.route().status_code == status


def test_the_request_may_name_what_setup_does_not() -> None:
    """Second in the guide's order: flow, then fallback queue of the request."""
    phone = a_phone(PhoneChannel(flow="", fallback_queue=""))
    phone.create(callOrigin="Voicemail")

    phone.route(fallbackQueue="Live_Calls")

    assert queue_of(phone) == "Live_Calls"
