"""The emulator's connections, as a client on the other end meets them."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path
from typing import Any

import httpx
from scv_emulator.server import Emulator
from scv_emulator.transport import Connections


class WatchedConnections(Connections):
    """Remembers whether each connection waits with small packets (Nagle's algorithm) when it is made."""

    def __init__(self) -> None:
        super().__init__()
        self.no_delay: list[bool] = []

    def add(self, client: tuple[str, int], transport: asyncio.Transport) -> None:
        connection: Any = transport.get_extra_info("socket")
        self.no_delay.append(bool(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)))
        super().add(client, transport)


def test_an_answer_is_not_held_back_until_its_headers_are_confirmed(tmp_path: Path) -> None:
    """Otherwise every other request on a kept connection takes 40 ms, and the emulator looks slow."""
    emulator = Emulator(folder=tmp_path)
    connections = emulator._connections = WatchedConnections()

    with emulator:
        status = httpx.get(f"{emulator.url}/_emulator/clock").status_code

    assert status == 200
    assert connections.no_delay == [True]
