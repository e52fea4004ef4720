"""The gate that every request passes: no web page's, due updates first, then faults, an id, the request journal."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Collection
from datetime import datetime
from email.utils import format_datetime
from typing import cast
from uuid import uuid4

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from scv_emulator.faults import Fault, FaultKind
from scv_emulator.foreign_pages import refusal
from scv_emulator.org import Org
from scv_emulator.request_journal import Seen
from scv_emulator.transport import Client, Connections

_LOGIN_PAGE = b"<!DOCTYPE html><html><head><title>Login</title></head><body>Please log in.</body></html>"
_HEARTBEAT_SECONDS = 0.05
_JSON_TYPE = {"content-type": "application/json"}


class Gate:
    """ASGI middleware around the whole emulator; a fault never touches the control door."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        org: Org,
        connections: Connections,
        new_id: Callable[[], str] = lambda: uuid4().hex,
        stopwatch: Callable[[], float] = time.perf_counter,
        names: Collection[str] = (),
    ) -> None:
        self._app = app
        self._org = org
        self._connections = connections
        self._new_id = new_id
        self._stopwatch = stopwatch
        self._names = names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        path: str = scope.get("path", "")
        if scope["type"] == "http" and (why := refusal(_texts(scope), names=self._names)):
            await _refuse(send, why)
            return
        self._org.settle()
        if scope["type"] != "http" or path == "/_emulator" or path.startswith("/_emulator/"):
            await self._app(scope, receive, send)
            return
        started = self._stopwatch()
        body = await _read(receive)
        if body is None:
            return  # the client went away before it had sent everything
        query = scope["query_string"].decode("latin-1")
        seen = Seen(
            at=self._org.clock.now_ms(),
            method=scope["method"],
            path=f"{path}?{query}" if query else path,
            headers=scope["headers"],
            body=body,
        )
        self._org.requests.add(seen)
        answer = _Answer(send, seen, self._new_id(), now=self._org.clock.now)
        fault = self._org.faults.hit(scope["method"], path)
        try:
            await self._pass(scope, receive, answer, fault)
        finally:
            seen.ms = round((self._stopwatch() - started) * 1000, 3)

    async def _pass(self, scope: Scope, receive: Receive, answer: _Answer, fault: Fault | None) -> None:
        if fault is None:
            await self._app(scope, _replay(answer.seen.body, receive), answer)
            return
        answer.seen.fault = f"{fault.id}: {fault.kind}"
        if fault.kind is FaultKind.LATENCY:
            await asyncio.sleep(fault.latency_ms / 1000)
            self._org.settle()
            await self._app(scope, _replay(answer.seen.body, receive), answer)
            return
        right = _Held()
        if fault.commits:
            await self._app(scope, _replay(answer.seen.body, receive), right)
        client = cast("Client", tuple(scope.get("client") or ("", 0)))
        match fault.kind:
            case FaultKind.RESET_BEFORE | FaultKind.RESET_AFTER_COMMIT:
                await self._reset(client, receive)
            case FaultKind.NEVER_ANSWER:
                if not await self._client_left(receive, within_seconds=fault.seconds):
                    await self._reset(client, receive)
            case FaultKind.HALF_BODY:
                await answer.half(right)
                await self._close(client, receive)
            case _:
                await answer.whole(*_wrong_answer(fault, scope["path"]))

    async def _reset(self, client: Client, receive: Receive) -> None:
        if not self._connections.reset(client):
            raise ConnectionResetError("a fault reset this connection")
        await self._client_left(receive, within_seconds=1)

    async def _close(self, client: Client, receive: Receive) -> None:
        if not self._connections.close(client):
            raise ConnectionResetError("a fault closed this connection")
        await self._client_left(receive, within_seconds=1)

    async def _client_left(self, receive: Receive, *, within_seconds: float) -> bool:
        """Wait in silence; True once the client is gone, False when the time is over or the emulator stops."""
        gone = asyncio.ensure_future(receive())
        waited = 0.0
        while waited < within_seconds and not self._connections.stopping:
            await asyncio.wait({gone}, timeout=_HEARTBEAT_SECONDS)
            if gone.done():
                return True
            waited += _HEARTBEAT_SECONDS
        gone.cancel()
        return False


class _Answer:
    """Sends an answer on: adds the request id and the org's own time, writes the status into the request journal."""

    def __init__(self, send: Send, seen: Seen, request_id: str, *, now: Callable[[], datetime]) -> None:
        self._send = send
        self.seen = seen
        self._request_id = request_id
        self._now = now

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.seen.status = message["status"]
            # Clients correct their clock by Date, so it tells the org's time and not the machine's.
            date = format_datetime(self._now(), usegmt=True)
            added = [(b"x-request-id", self._request_id.encode()), (b"date", date.encode())]
            message["headers"] = [*message.get("headers", ()), *added]
        await self._send(message)

    async def whole(self, status: int, headers: dict[str, str], body: bytes) -> None:
        """Send this answer."""
        await self._start(status, [*headers.items(), ("content-length", str(len(body)))])
        await self({"type": "http.response.body", "body": body})

    async def half(self, right: _Held) -> None:
        """Announce the whole body of the right answer and send half of it."""
        named = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in right.headers]
        others = [(name, value) for name, value in named if name.lower() != "content-length"]
        # An answer without a body has no half: then one byte is announced that never comes.
        length = max(len(right.body), 1)
        status = right.status if right.status not in {204, 304} else 200
        await self._start(status, [*others, ("content-length", str(length))])
        await self({"type": "http.response.body", "body": right.body[: length // 2], "more_body": True})

    async def _start(self, status: int, headers: list[tuple[str, str]]) -> None:
        encoded = [(name.lower().encode(), value.encode()) for name, value in headers]
        await self({"type": "http.response.start", "status": status, "headers": encoded})


class _Held:
    """Keeps the right answer back."""

    def __init__(self) -> None:
        self.status = 200
        self.headers: list[tuple[bytes, bytes]] = []
        self.body = b""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = list(message.get("headers", ()))
        elif message["type"] == "http.response.body":
            self.body += message.get("body", b"")


def _texts(scope: Scope) -> dict[str, str]:
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}


async def _refuse(send: Send, why: str) -> None:
    """403 without a word of the org, neither journaled nor answered by a fault."""
    body = json.dumps({"error": why}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _wrong_answer(fault: Fault, path: str) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of an answer that is wrong in itself."""
    core = path.startswith("/services")
    wrong: tuple[int, dict[str, str], bytes] = (200, _JSON_TYPE, b"")
    match fault.kind:
        case FaultKind.STATUS:
            wrong = _given_answer(fault, core=core)
        case FaultKind.HTML_200:
            wrong = (200, {"content-type": "text/html;charset=UTF-8"}, _LOGIN_PAGE)
        case FaultKind.EXPIRED_SESSION:
            body = _error("INVALID_SESSION_ID" if core else "UNAUTHORIZED", "Session expired or invalid", core=core)
            wrong = (401, _JSON_TYPE | {"www-authenticate": "Bearer"}, body)
        case FaultKind.RATE_LIMITED:
            body = _error("REQUEST_LIMIT_EXCEEDED" if core else "RATE_LIMITED", "Too many requests", core=core)
            wrong = (429, _JSON_TYPE | {"retry-after": str(fault.retry_after_seconds)}, body)
        case FaultKind.GARBAGE_JSON:
            wrong = (200, _JSON_TYPE, b'{"voiceCallId": "0LQ')
    return wrong


def _given_answer(fault: Fault, *, core: bool) -> tuple[int, dict[str, str], bytes]:
    """The answer that the fault describes; a text is sent as it is, anything else as JSON."""
    if fault.status in {204, 304}:
        return fault.status, fault.headers, b""
    if isinstance(fault.body, str):
        return fault.status, {"content-type": "text/plain"} | fault.headers, fault.body.encode()
    body = _error("SERVER_ERROR", "a fault made this answer", core=core)
    return fault.status, _JSON_TYPE | fault.headers, body if fault.body is None else json.dumps(fault.body).encode()


def _error(code: str, message: str, *, core: bool) -> bytes:
    """An error in the envelope of the core or of the telephony API."""
    return json.dumps(
        [{"errorCode": code, "message": message}] if core else {"code": code, "message": message}
    ).encode()


async def _read(receive: Receive) -> bytes | None:
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        if not message.get("more_body", False):
            return bytes(body)


def _replay(body: bytes, receive: Receive) -> Receive:
    """The request's body once more, then whatever the connection says next."""
    parts = [body]

    async def replay() -> Message:
        if parts:
            return {"type": "http.request", "body": parts.pop(), "more_body": False}
        return await receive()

    return replay
