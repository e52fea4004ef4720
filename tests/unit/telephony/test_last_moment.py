"""A request that nobody waits for any more is stopped at the last moment: signed, connected, and not sent."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable

import httpx
import pytest
from scv_voicemail.errors import Unavailable
from scv_voicemail.telephony import TelephonyClient


class Listener:
    """A server that notes what the first connection brings, and never answers."""

    def __init__(self) -> None:
        self.came = b""
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()

    def _listen(self) -> None:
        connection, _ = self._socket.accept()
        with connection:
            self.came = connection.recv(1024)

    def close(self) -> None:
        self._thread.join(5)
        self._socket.close()


def test_a_request_is_stopped_when_its_connection_took_too_long(a_client: Callable[..., TelephonyClient]) -> None:
    """It is asked before the connection and after it; nothing has left by then."""
    listener, asked = Listener(), list[str]()

    def before_sending() -> None:
        asked.append("still?")
        if len(asked) == 2:
            raise Unavailable("too late")

    client = a_client(
        base_url=listener.url, transport=httpx.HTTPTransport(), allow_plain_http=True, before_sending=before_sending
    )

    with pytest.raises(Unavailable, match="too late"):
        client.clear_routing("5324881f-1e84-4367-8930-f69a74b30ca6")
    listener.close()

    assert listener.came == b""
