"""A request that changes something is not sent once its run is another worker's."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from scv_voicemail import fence
from scv_voicemail.errors import LeaseLost
from scv_voicemail.telephony import ExecuteOmniFlow, TelephonyClient, UpdateVoiceCall

from tests.unit.telephony.conftest import FakeVendor

CALL = "0LQsOm000000001WAA"


def lost() -> None:
    raise LeaseLost("the lease has expired")


@pytest.mark.covers("lease-1")
@pytest.mark.parametrize(
    "send",
    [
        lambda client: client.execute_omni_flow(CALL, ExecuteOmniFlow(dialed_number="+18005550100")),
        lambda client: client.update_voice_call(CALL, UpdateVoiceCall(is_active_call=False)),
        lambda client: client.clear_routing(CALL),
    ],
    ids=["route", "update", "clear"],
)
def test_nothing_leaves_for_a_run_that_is_lost(
    vendor: FakeVendor, client: TelephonyClient, send: Callable[[TelephonyClient], object]
) -> None:
    """Whatever the vendor call, the one place that sends asks first."""
    vendor.answers(200, {"status": "pending"})

    with fence.guarded(lost), pytest.raises(LeaseLost):
        send(client)

    assert vendor.requests == []


@pytest.mark.covers("lease-1")
def test_a_repeat_within_the_client_asks_again(vendor: FakeVendor, client: TelephonyClient) -> None:
    """A 429 is waited for here; the lease may end meanwhile."""
    vendor.answers(429, {}, headers={"Retry-After": "1"}).answers(200, {})
    answers = [None, LeaseLost("the lease has expired")]

    def check() -> None:
        if (error := answers.pop(0)) is not None:
            raise error

    with fence.guarded(check), pytest.raises(LeaseLost):
        client.clear_routing(CALL)

    assert len(vendor.requests) == 1


def test_outside_of_a_run_nobody_is_asked(vendor: FakeVendor, client: TelephonyClient) -> None:
    """The flow's own function and `doctor` have no lease."""
    vendor.answers(200, {})

    client.clear_routing(CALL)

    assert len(vendor.requests) == 1
