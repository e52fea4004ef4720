"""An org with frozen time, and a telephony system that talks to it in-process."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from itertools import count
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from scv_emulator.org import Org
from scv_emulator.server import create_app
from scv_emulator.switches import Switches
from starlette.types import ASGIApp

NOW = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
NOW_MS = round(NOW.timestamp() * 1000)


@cache
def loaded(pem: str) -> Any:
    """A private key; loading one takes longer than using it."""
    return load_pem_private_key(pem.encode(), None)


@dataclass
class InProcess:
    """Sends requests to an application without a socket."""

    app: ASGIApp

    def request(self, method: str, path: str, **details: Any) -> httpx.Response:
        """One request and its answer; what the application raises comes out here."""

        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
                return await client.request(method, path, **details)

        return asyncio.run(send())


@dataclass
class Phone:
    """A telephony system: signs a fresh token for every request."""

    org: Org
    client: InProcess
    numbers: Iterator[int] = field(default_factory=count)

    def token(self, *, algorithm: str = "RS256", key: str | None = None, **claims: Any) -> str:
        """A token; a claim given as None is left out."""
        now = self.org.clock.now().timestamp()
        usual = {
            "iss": self.org.seed.org_id[:15],
            "sub": "DemoContactCenter",
            "iat": int(now),
            "exp": int(now) + 180,
            "jti": f"token-{next(self.numbers)}",
        }
        given = {name: value for name, value in (usual | claims).items() if value is not None}
        pem = key or self.org.telephony_keys["DemoContactCenter"].private_key_pem
        return jwt.encode(given, loaded(pem), algorithm=algorithm)

    def send(self, method: str, path: str, body: Any = None, *, token: str | None = None) -> httpx.Response:
        """One request below /telephony/v1."""
        return self.client.request(
            method,
            f"/telephony/v1{path}",
            json=body,
            headers={"Authorization": f"Bearer {token or self.token()}", "Telephony-Provider-Name": "test"},
        )

    def create(self, key: str = "call-1", **changes: Any) -> httpx.Response:
        """A new inbound call."""
        body = {
            "callCenterApiName": "DemoContactCenter",
            "vendorCallKey": key,
            "to": "+18005550100",
            "from": "+14155550123",
            "initiationMethod": "Inbound",
            "startTime": NOW.isoformat(),
            "participants": [{"participantKey": "+14155550123", "type": "END_USER"}],
        }
        return self.send("POST", "/voiceCalls", body | changes)

    def mark(self, key: str = "call-1", **changes: Any) -> httpx.Response:
        """The update that makes a call a voicemail of 30 seconds and leaves it open."""
        body = {
            "isActiveCall": True,
            "callOrigin": "Voicemail",
            "startTime": "2026-11-20T10:00:00.000Z",
            "endTime": "2026-11-20T10:00:30.000Z",
        }
        return self.send("PATCH", f"/voiceCalls/{key}", body | changes)

    def say(self, key: str = "call-1", **changes: Any) -> httpx.Response:
        """A transcript in the middle of the voicemail."""
        return self.send("POST", f"/voiceCalls/{key}/messages", a_message(**changes))

    def route(self, key: str = "call-1", **changes: Any) -> httpx.Response:
        """Routing by the seeded number."""
        return self.send("PATCH", f"/voiceCalls/{key}/omniFlow", {"dialedNumber": "+18005550100"} | changes)

    def wait(self, seconds: float = 1) -> None:
        """Let time pass, so that pending updates are applied."""
        self.org.clock.advance(seconds)
        self.org.settle()


def a_message(**changes: Any) -> dict[str, Any]:
    """A transcript of the end user."""
    return {
        "participantId": "whatever",
        "messageId": "message-1",
        "startTime": NOW_MS + 1_000,
        "endTime": NOW_MS + 5_000,
        "content": "Please call me back.",
        "senderType": "END_USER",
    } | changes


@pytest.fixture
def org() -> Org:
    """An org at ten o'clock; nothing moves by itself."""
    made = Org(switches=Switches(apply_delay_ms=300))
    made.clock.set(NOW)
    made.clock.freeze()
    return made


@pytest.fixture
def phone(org: Org) -> Phone:
    """A telephony system with the right key."""
    return Phone(org, InProcess(create_app(org)))
