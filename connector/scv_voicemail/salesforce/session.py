"""A requests session for one org: an answer has a time within which it ends, and ~/.netrc has no say."""

from __future__ import annotations

import contextlib
import socket
import threading
from contextvars import ContextVar
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

BLOCK_BYTES = 64 * 1024
LARGEST_ANSWER_BYTES = 64 * 1024 * 1024
"""A page of 2,000 records and the description of an object have a few megabytes."""


_watched: ContextVar[_Watch | None] = ContextVar("watched", default=None)


class _Watch:
    """Shuts the connection of an answer that does not come to its end."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._timer: threading.Timer | None = None

    def begin(self, sock: socket.socket) -> None:
        """From here on the time runs, for what comes over this socket."""
        self.end()
        self._timer = threading.Timer(self._seconds, lambda: _shut(sock))
        self._timer.daemon = True
        self._timer.start()

    def end(self) -> None:
        """The answer is there."""
        if self._timer is not None:
            self._timer.cancel()


def _shut(sock: socket.socket) -> None:
    with contextlib.suppress(OSError):  # it may just have been closed
        sock.shutdown(socket.SHUT_RDWR)


class _InTime:
    def getresponse(self: Any, *given: Any, **named: Any) -> Any:
        if (watch := _watched.get()) and self.sock is not None:
            watch.begin(self.sock)
        return super().getresponse(*given, **named)  # type: ignore[misc]


class _Connection(_InTime, HTTPConnection):
    pass


class _TlsConnection(_InTime, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


class BoundedAdapter(HTTPAdapter):
    """Reads the whole answer itself: requests' own timeout is for each byte, and a slow enough one never ends."""

    def __init__(self, *, total_seconds: float) -> None:
        super().__init__()
        self._total_seconds = total_seconds

    def init_poolmanager(self, *given: Any, **named: Any) -> None:
        """See `requests.adapters.HTTPAdapter.init_poolmanager`."""
        super().init_poolmanager(*given, **named)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}

    def send(self, request: requests.PreparedRequest, *given: Any, **named: Any) -> requests.Response:
        """See `requests.adapters.HTTPAdapter.send`. An answer that takes too long is a `requests.ConnectionError`."""
        watch = _Watch(self._total_seconds)
        before = _watched.set(watch)
        try:
            response = super().send(request, *given, **named)
            _read(response)
        finally:
            watch.end()
            _watched.reset(before)
        return response


def _read(response: requests.Response) -> None:
    body = bytearray()
    try:
        for block in response.iter_content(BLOCK_BYTES):
            body += block
            if len(body) > LARGEST_ANSWER_BYTES:
                raise requests.exceptions.ContentDecodingError("the answer is too large")
    except requests.RequestException:
        response.close()
        raise
    response._content = bytes(body)  # noqa: SLF001 - what `content` would read, had it not been read here


def a_session(*, total_seconds: float) -> requests.Session:
    """A session whose answers end within this time. Proxies come from the environment; credentials never do."""
    session = requests.Session()
    # An entry of ~/.netrc would take the place of the bearer token; an `auth` of our own keeps it from being read:
    # https://requests.readthedocs.io/en/latest/user/authentication/#netrc-authentication
    session.auth = _leave_alone
    for scheme in ("https://", "http://"):
        session.mount(scheme, BoundedAdapter(total_seconds=total_seconds))
    return session


def _leave_alone(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request
