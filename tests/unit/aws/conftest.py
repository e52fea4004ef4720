"""Real boto3 clients: against moto in this process, or against a small HTTP server that plays a service moto lacks."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from scv_voicemail.aws.session import AwsClients

from tests.aws_clients import REGION, a_session, an_aws


class StandIn:
    """Answers by path what a test has put there, and remembers what it was asked.

    An answer is a (status, JSON) pair, or a function that writes to the connection itself.
    """

    def __init__(self) -> None:
        self.answers: dict[str, tuple[int, Any] | Callable[[BaseHTTPRequestHandler], None]] = {}
        self.asked: list[tuple[str, Any]] = []
        stand_in = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self._answer(None)

            def do_POST(self) -> None:
                self._answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

            def _answer(self, body: Any) -> None:
                stand_in.asked.append((self.path, body))
                answer = stand_in.answers.get(self.path, (404, {"__type": "ResourceNotFoundException", "Message": ""}))
                if callable(answer):
                    answer(self)
                    return
                status, content = answer
                data = json.dumps(content).encode()
                self.send_response(status)
                if status != 200:
                    self.send_header("x-amzn-ErrorType", content["__type"])
                self.send_header("Content-Type", "application/json")
                self.send_header("x-amzn-RequestId", "req-1")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: object) -> None:
                """Silence."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture(scope="session")
def _server() -> Iterator[StandIn]:
    server = StandIn()
    yield server
    server.close()


@pytest.fixture(scope="session")
def _clients(_server: StandIn) -> Iterator[AwsClients]:
    """A client takes longer to make than most tests take."""
    with AwsClients(REGION, endpoint_url=_server.url, read_timeout_seconds=2, tries=1, session=a_session()) as made:
        yield made


@pytest.fixture
def stand_in(_server: StandIn) -> StandIn:
    """A service that answers nothing yet."""
    _server.answers, _server.asked = {}, []
    return _server


@pytest.fixture
def clients(_clients: AwsClients, stand_in: StandIn) -> AwsClients:
    """Clients that reach the stand-in, with credentials that it does not check."""
    return _clients


@pytest.fixture
def moto_clients() -> Iterator[AwsClients]:
    """Clients that reach an empty moto."""
    with an_aws() as made:
        yield made
