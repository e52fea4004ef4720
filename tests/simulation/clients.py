"""The product's own clients without a network: what they send goes to `carry`, what comes back is read as ever."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import httpx
import requests
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict
from scv_voicemail.salesforce import SalesforceClient
from scv_voicemail.salesforce.oauth import Grant
from scv_voicemail.telephony import TelephonyClient

from tests.simulation.wire import Answer, Asked

Carry = Callable[[Asked], Answer]
"""Takes a request to the other side and brings the answer; raises `NoAnswer` when there is none."""


class NoAnswer(Exception):
    """There was no usable answer. `connected`: the request may have arrived; `half`: a part of the answer came."""

    def __init__(self, *, connected: bool, half: bool = False) -> None:
        super().__init__("no answer")
        self.connected = connected
        self.half = half


class _HttpxDoor(httpx.BaseTransport):
    def __init__(self, carry: Carry) -> None:
        self._carry = carry

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        asked = Asked(request.method, url.raw_path.decode().partition("?")[0], url.query.decode(), request.read())
        asked.headers.update(request.headers)
        try:
            answer = self._carry(asked)
        except NoAnswer as error:
            if not error.connected:
                raise httpx.ConnectError("refused", request=request) from error
            if error.half:
                raise httpx.RemoteProtocolError("peer closed connection", request=request) from error
            raise httpx.ReadTimeout("timed out", request=request) from error
        return httpx.Response(answer.status, headers=answer.headers, content=answer.body, request=request)


class _RequestsDoor(BaseAdapter):
    def __init__(self, carry: Carry) -> None:
        super().__init__()
        self._carry = carry

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        parts = urlsplit(str(request.url))
        body = request.body or b""
        asked = Asked(str(request.method), parts.path, parts.query, body.encode() if isinstance(body, str) else body)
        asked.headers.update({name.lower(): str(value) for name, value in request.headers.items()})
        try:
            answer = self._carry(asked)
        except NoAnswer as error:
            if not error.connected:
                raise requests.ConnectionError("refused", request=request) from error
            if error.half:
                raise requests.exceptions.ChunkedEncodingError("peer closed connection", request=request) from error
            raise requests.ReadTimeout("timed out", request=request) from error
        response = requests.Response()
        response.status_code = answer.status
        response.headers = CaseInsensitiveDict(answer.headers)
        response._content = answer.body
        response.url = str(request.url)
        response.request = request
        response.encoding = "utf-8"
        return response

    def close(self) -> None:
        """Nothing is open."""


class _Unsigned:
    """Stands in for the signer where the other side reads no tokens: signing costs more than all the rest."""

    def token(self) -> str:
        return "unsigned"

    def forget_key(self) -> None:
        """There is none."""


class _LoggedIn:
    def login(self, *_: Any, **__: Any) -> Grant:
        return Grant(access_token="unsigned", instance_url="https://org.example")


def a_telephony_client(
    carry: Carry, *, settings: dict[str, str] | None, now: Callable[[], datetime], sleep: Callable[[float], None]
) -> TelephonyClient:
    """A client as the wiring builds it; with `settings` (an emulator's) it signs."""
    named = settings or {}
    client = TelephonyClient(
        base_url=named.get("telephony_url", "https://org.example"),
        org_id=named.get("org_id", "00DHs000000EmuL"),
        call_center=named.get("call_center", "DemoContactCenter"),
        private_key_pem=named.get("private_key", "none"),
        transport=_HttpxDoor(carry),
        allow_plain_http=True,
        now=now,
        sleep=sleep,
        jitter=lambda: 0.5,
    )
    if settings is None:
        client._signer = _Unsigned()  # type: ignore[assignment]
    return client


def a_salesforce_client(
    carry: Carry, *, settings: dict[str, str] | None, now: Callable[[], datetime], sleep: Callable[[float], None]
) -> SalesforceClient:
    """A client as the wiring builds it; with `settings` (an emulator's) it logs in."""
    named = settings or {}
    session = requests.Session()
    session.trust_env = False
    for scheme in ("http://", "https://"):
        session.mount(scheme, _RequestsDoor(carry))
    client = SalesforceClient(
        login_url=named.get("login_url", "https://org.example"),
        client_id=named.get("client_id", "id"),
        username=named.get("username", "integration@example.com"),
        private_key_pem=named.get("oauth_key", "none"),
        session=session,
        allow_plain_http=True,
        now=now,
        sleep=sleep,
        jitter=lambda: 0.5,
    )
    if settings is None:
        client._rest._login = _LoggedIn()  # type: ignore[assignment]
    return client
