"""A DynamoDB for tests: moto in this process behind a real boto3 client."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest


class OneAtATime:
    """A client whose calls are atomic, as DynamoDB's are; moto undoes a transaction by putting whole tables back.

    Threads still race between the calls, which is where they race in DynamoDB. `before` and `after` are called around
    every call with its name: places to make something happen. `lagging` makes an index that shows nothing yet.
    """

    def __init__(self, client: Any) -> None:
        self.before: Callable[[str], None] = lambda _name: None
        self.after: Callable[[str], None] = lambda _name: None
        self.lagging = False
        self.called: list[str] = []
        self._client = client
        self._lock = threading.RLock()

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._client, name)
        if name == "close":
            return lambda: None  # several journals share it
        if name in ("get_waiter", "exceptions"):
            return found

        def call(**arguments: Any) -> Any:
            self.called.append(name)
            self.before(name)
            if self.lagging and "IndexName" in arguments:
                return {"Items": [], "Count": 0}
            with self._lock:
                answer = found(**arguments)
            self.after(name)
            return answer

        return call


@contextmanager
def a_dynamodb() -> Iterator[OneAtATime]:
    """An empty DynamoDB, and the client that reaches it."""
    moto = pytest.importorskip("moto", reason="the DynamoDB journal is tested with moto, which is not installed")
    import boto3

    with moto.mock_aws():
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        client = boto3.session.Session().client("dynamodb", region_name="us-east-1", **keys)
        yield OneAtATime(client)
        client.close()
