"""Contacts, attributes, users and queues, as the Amazon Connect API shows them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from scv_emulator.aws_services import AwsError
from scv_emulator.connect.contacts import ConnectQueue, ConnectUser
from scv_emulator.connect.routes import connect_service

from tests.unit.emulator.connect.instance import CONTACT_ID, INSTANCE_ID, NOON, Instance, a_contact, ask, data


def test_a_contact_is_described_while_and_after_it_lasts() -> None:
    """Recordings and the end are there once the call is over; the instance may be named by its ARN."""
    instance = Instance()
    contact = a_contact()
    instance.connect.contact_began(contact)
    api = connect_service(instance.contacts)
    during = data(ask(api, "GET", f"/contacts/{INSTANCE_ID}/{CONTACT_ID}"))["Contact"]
    instance.connect.recorded(contact, began_at=NOON, customer=bytes(16_000), system=bytes(16_000))
    contact.disconnected_at = NOON + timedelta(seconds=9)
    contact.disconnect_reason = "CUSTOMER_DISCONNECT"

    instance.connect.contact_ended(contact)

    arn = instance.contacts.instance_arn.replace("/", "%2F")
    after = data(ask(api, "GET", f"/contacts/{arn}/{CONTACT_ID}"))["Contact"]
    assert (during["Id"], during["Attributes"]) == (CONTACT_ID, {"vm_flag": "1"})
    assert not {"DisconnectTimestamp", "Recordings"} & set(during)
    assert after["DisconnectTimestamp"] == (NOON + timedelta(seconds=9)).timestamp()
    assert [(one["ParticipantType"], one["StorageType"]) for one in after["Recordings"]] == [("IVR", "S3")]
    assert after["CustomerEndpoint"] == {"Type": "TELEPHONE_NUMBER", "Address": "+14155550100"}


def test_queue_and_rep_of_a_contact_are_named_by_id() -> None:
    """Their names are asked for with DescribeQueue and DescribeUser."""
    instance = Instance()
    queue = instance.contacts.add_queue(ConnectQueue(queue_id="q1", name="Support"))
    rep = instance.contacts.add_user(ConnectUser(user_id="u1", username="rep", first_name="Ada", email="a@example.com"))
    contact = a_contact(queue_arn=queue, enqueued_at=NOON, agent_arn=rep, agent_connected_at=NOON)
    instance.contacts.add(contact)
    api = connect_service(instance.contacts)

    described = data(ask(api, "GET", f"/contacts/{INSTANCE_ID}/{CONTACT_ID}"))["Contact"]

    assert described["QueueInfo"]["Id"] == "q1"
    assert described["AgentInfo"] == {"Id": "u1", "ConnectedToAgentTimestamp": NOON.timestamp()}
    assert data(ask(api, "GET", f"/queues/{INSTANCE_ID}/q1"))["Queue"]["Name"] == "Support"
    user = data(ask(api, "GET", f"/users/{INSTANCE_ID}/u1"))["User"]
    assert (user["Username"], user["IdentityInfo"]["Email"]) == ("rep", "a@example.com")


def test_attributes_that_change_after_the_call_send_the_record_again() -> None:
    """With a new time of update; during the call they only change."""
    instance = Instance()
    contact = a_contact()
    instance.connect.contact_began(contact)
    api = connect_service(instance.contacts)
    body = {"InstanceId": INSTANCE_ID, "InitialContactId": CONTACT_ID, "Attributes": {"color": "red"}}
    ask(api, "POST", "/contact/attributes", body)
    assert instance.surroundings.records == []
    contact.disconnected_at = NOON + timedelta(seconds=9)
    instance.connect.contact_ended(contact)
    instance.clock.advance(60)

    ask(api, "POST", "/contact/attributes", body | {"Attributes": {"color": "blue"}})

    first, second = instance.surroundings.records
    assert (first["Attributes"]["color"], second["Attributes"]["color"]) == ("red", "blue")
    assert (first["LastUpdateTimestamp"], second["LastUpdateTimestamp"]) == (
        "2026-11-20T12:00:09Z",
        "2026-11-20T12:01:09Z",
    )
    got = data(ask(api, "GET", f"/contact/attributes/{INSTANCE_ID}/{CONTACT_ID}"))
    assert got == {"Attributes": {"vm_flag": "1", "color": "blue"}}


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("GET", f"/contacts/{INSTANCE_ID}/nobody", "ResourceNotFoundException"),
        ("GET", f"/contacts/other/{CONTACT_ID}", "ResourceNotFoundException"),
        ("GET", f"/users/{INSTANCE_ID}/nobody", "ResourceNotFoundException"),
        ("GET", f"/queues/{INSTANCE_ID}/nothing", "ResourceNotFoundException"),
        ("PUT", "/contact/task", "NotImplementedException"),
    ],
)
def test_what_is_not_there_is_refused(method: str, path: str, code: str) -> None:
    """With the vendor's error, or loudly when the emulator does not play it."""
    instance = Instance()
    instance.contacts.add(a_contact())

    with pytest.raises(AwsError) as refused:
        ask(connect_service(instance.contacts), method, path, {})

    assert refused.value.code == code


def test_attributes_have_a_limit() -> None:
    """Of 32 KB together; nothing is changed by what is too much."""
    instance = Instance()
    contact = a_contact()
    instance.contacts.add(contact)
    body = {"InstanceId": INSTANCE_ID, "InitialContactId": CONTACT_ID, "Attributes": {"long": "x" * 32_768}}

    with pytest.raises(AwsError, match="32768"):
        ask(connect_service(instance.contacts), "POST", "/contact/attributes", body)

    assert contact.attributes == {"vm_flag": "1"}
