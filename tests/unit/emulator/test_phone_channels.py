"""Pointing a dialed number at a flow and a fallback queue."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
from scv_emulator.org import Org
from scv_emulator.server import Emulator, create_app


def post(org: Org, body: Any) -> httpx.Response:
    """POST /_emulator/channels."""

    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(create_app(org))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return await client.post("/_emulator/channels", json=body)

    return asyncio.run(send())


def test_a_known_number_is_pointed_elsewhere_and_a_new_one_is_made() -> None:
    """The new one belongs to the org's contact center."""
    org = Org()

    old = post(org, {"number": "+18005550100", "flow": "Voicemail_Omni_Routing", "fallbackQueue": "Live_Calls"})
    new = post(org, {"number": "+4930123456", "contactCenter": "DemoContactCenter"})

    live = org.database.first("Group", DeveloperName="Live_Calls")
    channels = {one["MessagingPlatformKey"]: one for one in org.database.all("MessagingChannel")}
    assert live is not None
    assert channels["+18005550100"]["FallbackQueueId"] == live["Id"]
    assert old.json()["messagingChannelId"] == channels["+18005550100"]["Id"]
    assert (channels["+4930123456"]["SessionHandlerId"], channels["+4930123456"]["IsActive"]) == (None, True)
    assert org.database.find("ContactCenterChannel", ChannelId=new.json()["messagingChannelId"])


def test_voicemails_and_live_calls_have_flows_and_fallback_queues_of_their_own() -> None:
    """MessagingChannel keeps those of live calls, ContactCenterChannel those of voicemails."""
    org = Org()
    queues = {one["DeveloperName"]: one["Id"] for one in org.database.find("Group", Type="Queue")}

    post(
        org,
        {"number": "+18005550100", "flow": "Voicemail_Omni_Routing", "fallbackQueue": "Voicemail", "liveFlow": ""}
        | {"liveFallbackQueue": "Live_Calls"},
    )

    (live,) = org.database.all("MessagingChannel")
    (voicemail,) = org.database.all("ContactCenterChannel")
    flow = org.database.first("FlowDefinitionView", ApiName="Voicemail_Omni_Routing")
    assert flow is not None
    assert (live["SessionHandlerId"], live["FallbackQueueId"]) == (None, queues["Live_Calls"])
    assert (voicemail["VoicemailHandler"], voicemail["VoicemailFallbackQueueId"]) == (flow["Id"], queues["Voicemail"])


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({}, "number: expected"),
        ({"number": "+1", "flow": "Nope"}, "there is no Nope; known: Voicemail_Omni_Routing"),
        ({"number": "+1", "fallbackQueue": "Nope"}, "known: Live_Calls, Voicemail"),
        ({"number": 1}, "number: expected text"),
        ({"numer": "+1"}, "numer: expected text"),
    ],
)
def test_a_wrong_channel_is_refused_and_nothing_changes(body: Any, told: str) -> None:
    """The refusal names what is there."""
    org = Org()
    before = org.database.all("MessagingChannel")

    answer = post(org, body)

    assert answer.status_code == 400
    assert told in answer.json()["error"]
    assert org.database.all("MessagingChannel") == before


def test_a_test_may_do_it_in_process() -> None:
    """An empty flow means none."""
    emulator = Emulator()

    emulator.set_channel("+18005550100", fallback_queue="Voicemail")

    (channel,) = emulator.org.database.all("MessagingChannel")
    assert channel["SessionHandlerId"] is None
