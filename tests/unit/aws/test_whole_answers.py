"""Answers of AWS that are cut off on their way."""

from __future__ import annotations

from collections.abc import Callable
from http.server import BaseHTTPRequestHandler

import pytest
from scv_voicemail.aws.contacts import ContactReader
from scv_voicemail.aws.session import AwsClients
from scv_voicemail.errors import Unavailable

from tests.unit.aws.conftest import StandIn

INSTANCE, CONTACT = "11111111-2222-3333-4444-555555555555", "5324881f-1e84-4367-8930-f69a74b30ca6"
PATH = f"/contacts/{INSTANCE}/{CONTACT}"


def half(status: int) -> Callable[[BaseHTTPRequestHandler], None]:
    """An answer that promises more than comes."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.close_connection = True
        handler.send_response(status)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", "100")
        handler.end_headers()
        handler.wfile.write(b'{"Contact": {"Id": "532')

    return answer


@pytest.mark.parametrize("status", [200, 400])
def test_half_an_answer_is_none(stand_in: StandIn, clients: AwsClients, status: int) -> None:
    """Neither a contact without members nor a refusal: it is asked for again."""
    stand_in.answers[PATH] = half(status)

    with pytest.raises(Unavailable, match="no usable answer"):
        ContactReader(clients.client("connect"), INSTANCE).contact(CONTACT)


def test_an_answer_without_a_body_may_tell_the_length_of_one(moto_clients: AwsClients) -> None:
    """HEAD says how long the object is, and sends nothing of it."""
    s3 = moto_clients.client("s3")
    s3.create_bucket(Bucket="bucket", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    s3.put_object(Bucket="bucket", Key="b", Body=b"12345")

    found = s3.head_object(Bucket="bucket", Key="b")

    assert found["ContentLength"] == 5
