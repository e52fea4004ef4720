"""Connections that can be reset: the one thing an ASGI application cannot do by itself."""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import cast

from uvicorn.protocols.http.h11_impl import H11Protocol

Client = tuple[str, int]


class Connections:
    """The open connections by client address; `stopping` ends every wait of a fault."""

    def __init__(self) -> None:
        self.stopping = False
        self._open: dict[Client, asyncio.Transport] = {}

    def add(self, client: Client, transport: asyncio.Transport) -> None:
        """Remember a connection that was made."""
        self._open[client] = transport

    def remove(self, client: Client) -> None:
        """Forget a connection that is gone."""
        self._open.pop(client, None)

    def reset(self, client: Client) -> bool:
        """End a connection with a TCP RST; False when there is none (the application runs in-process)."""
        transport = self._open.get(client)
        if transport is None:
            return False
        connection = cast("socket.socket", transport.get_extra_info("socket"))
        # Lingering for zero seconds makes the kernel send RST instead of FIN.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
        return True

    def close(self, client: Client) -> bool:
        """End a connection in the ordinary way, after what was written; False when there is none."""
        transport = self._open.get(client)
        if transport is None:
            return False
        transport.close()
        return True


def protocol_of(connections: Connections) -> type[asyncio.Protocol]:
    """Uvicorn's HTTP protocol, with its connections registered."""

    class RegisteredConnection(H11Protocol):
        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn does
            super().connection_made(transport)
            _send_at_once(transport)
            if self.client is not None:
                connections.add(self.client, transport)

        def connection_lost(self, exc: Exception | None) -> None:
            if self.client is not None:
                connections.remove(self.client)
            super().connection_lost(exc)

    return RegisteredConnection


def _send_at_once(transport: asyncio.Transport) -> None:
    """Switch Nagle's algorithm off: it holds an answer's body back, some 40 ms, until the client confirms the headers.

    asyncio does so itself, but not for the sockets of a listener that `socket.create_server` made: these do not say
    that their protocol is TCP.
    """
    connection = cast("socket.socket", transport.get_extra_info("socket"))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
