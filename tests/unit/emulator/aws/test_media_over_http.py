"""A call's audio through unmodified boto3 clients."""

from __future__ import annotations

import threading
import time
from datetime import timedelta

from scv_emulator.connect.ports import SimulatedContact

from tests.unit.emulator.aws.conftest import INSTANCE_ARN, Run, a_client
from tests.wav_files import a_tone


def test_media_arrives_while_the_call_goes_on(run: Run) -> None:
    """From the endpoint that GetDataEndpoint names; fragment by fragment, and the end after the call."""
    with run() as aws:
        connect = aws.connect
        connect.streams.idle_seconds = 0.02
        now = aws.clock.now()
        contact = SimulatedContact(
            contact_id="call",
            instance_arn=INSTANCE_ARN,
            customer_number="+14155550100",
            system_number="+18005550100",
            began_at=now,
        )
        connect.contact_began(contact)
        connect.stream_opened(contact, at=now)
        connect.streamed(contact, at=now, customer=a_tone(1.5), system=bytes(24_000))
        video = a_client(aws, "kinesisvideo")
        endpoint = video.get_data_endpoint(StreamARN=contact.stream_arn, APIName="GET_MEDIA")["DataEndpoint"]
        assert endpoint == aws.url
        media = a_client(aws, "kinesis-video-media")
        selector = {"StartSelectorType": "EARLIEST"}
        payload = media.get_media(StreamARN=contact.stream_arn, StartSelector=selector)["Payload"]
        first = payload.read(1_000)

        def hang_up() -> None:
            connect.streamed(contact, at=now + timedelta(seconds=1.5), customer=a_tone(1.5), system=bytes(24_000))
            contact.disconnected_at = now + timedelta(seconds=3)
            connect.contact_ended(contact)

        more = threading.Timer(0.05, hang_up)
        more.start()
        began = time.perf_counter()
        rest = payload.read()
        seconds = time.perf_counter() - began
        more.join()

    assert first.startswith(b"\x1a\x45\xdf\xa3")
    assert (first + rest).count(b"\x1a\x45\xdf\xa3") == 3
    assert seconds < 3


def test_a_contact_is_described_through_the_api(run: Run) -> None:
    """And what a function changes after the call sends its record again."""
    with run() as aws:
        contact = SimulatedContact(
            contact_id="call",
            instance_arn=INSTANCE_ARN,
            customer_number="+14155550100",
            system_number="+18005550100",
            began_at=aws.clock.now(),
        )
        aws.connect.contact_began(contact)
        aws.connect.contact_ended(contact)
        client = a_client(aws, "connect")
        client.update_contact_attributes(InstanceId=INSTANCE_ARN, InitialContactId="call", Attributes={"vm_flag": "1"})
        described = client.describe_contact(InstanceId=INSTANCE_ARN, ContactId="call")["Contact"]
        aws.settle()
        (stream,) = aws.account.streams.values()

    assert described["Attributes"] == {"vm_flag": "1"}
    assert abs((described["InitiationTimestamp"] - contact.began_at).total_seconds()) < 0.01
    assert len(stream.records) == 2
