"""An AWS for tests: moto in this process behind the connector's own boto3 clients."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import pytest
from scv_voicemail.aws.session import AwsClients

REGION = "eu-central-1"


@contextmanager
def an_aws() -> Iterator[AwsClients]:
    """An empty AWS, and the clients that reach it."""
    moto = pytest.importorskip("moto", reason="the AWS side is tested with moto, which is not installed")
    with moto.mock_aws():
        yield _clients()


def a_session() -> Any:
    """Credentials that nobody checks."""
    import boto3.session

    return boto3.session.Session(aws_access_key_id="test", aws_secret_access_key="test")


@cache
def _clients() -> AwsClients:
    """Made once: a client takes longer to make than most tests take, and to moto none opens a connection."""
    return AwsClients(REGION, session=a_session())
