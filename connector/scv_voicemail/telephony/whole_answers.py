"""An answer ends in time, from its first byte to its last: the timeouts of httpx are for each reading from the socket.

with within(30.0):
    response = client.post(…)
"""

from __future__ import annotations

import math
import ssl
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import httpcore
import httpx

_ends: ContextVar[float] = ContextVar("ends", default=math.inf)


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Readings from connections of a bounded client fail with `httpx.ReadTimeout` when this time is over."""
    before = _ends.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _ends.reset(before)


def bound(client: httpx.Client) -> None:
    """Make the connections of this client, through proxies too, look at the time of `within`."""
    # httpx has no argument for httpcore's network backend: https://www.encode.io/httpcore/network-backends/
    for transport in (client._transport, *client._mounts.values()):  # noqa: SLF001 - see above
        if isinstance(transport, httpx.HTTPTransport):
            pool: Any = transport._pool  # noqa: SLF001 - see above
            pool._network_backend = _Backend(pool._network_backend)  # noqa: SLF001 - see above


class _Backend(httpcore.NetworkBackend):
    def __init__(self, backend: httpcore.NetworkBackend) -> None:
        self._backend = backend

    def connect_tcp(self, *given: Any, **named: Any) -> httpcore.NetworkStream:
        return _Stream(self._backend.connect_tcp(*given, **named))

    def connect_unix_socket(self, *given: Any, **named: Any) -> httpcore.NetworkStream:
        return _Stream(self._backend.connect_unix_socket(*given, **named))

    def sleep(self, seconds: float) -> None:
        self._backend.sleep(seconds)


class _Stream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        left = _ends.get() - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout("the answer does not come to its end")
        return self._stream.read(max_bytes, min(math.inf if timeout is None else timeout, left))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, timeout)

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def whole_body(parts: Iterable[bytes], request: httpx.Request, *, max_bytes: int) -> bytes:
    """The body of an answer. Raises `httpx.DecodingError` for one that is larger."""
    body = bytearray()
    for part in parts:
        body += part
        if len(body) > max_bytes:
            raise httpx.DecodingError("the answer is too large", request=request)
    return bytes(body)
