"""A stand-in for Salesforce's telephony server, and clients that talk to it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from scv_voicemail.telephony import TelephonyClient

ORG_ID = "00DRM000000GuTE2A0"


class FakeTime:
    """A clock that moves only when somebody sleeps or a test moves it."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 11, 20, 10, 0, 0, tzinfo=UTC)
        self.slept: list[float] = []

    def now(self) -> datetime:
        """The time."""
        return self.moment

    def sleep(self, seconds: float) -> None:
        """Move the clock instead of waiting."""
        self.slept.append(seconds)
        self.moment += timedelta(seconds=seconds)


class FakeVendor(httpx.BaseTransport):
    """Answers with what it was told to, in that order, and then forever with the last; remembers every request."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []
        self._answers: list[Callable[[httpx.Request], httpx.Response]] = []
        self.on_request: Callable[[], None] = lambda: None

    def answers(
        self,
        status: int = 200,
        body: object = None,
        *,
        headers: dict[str, str] | None = None,
        raises: Exception | None = None,
    ) -> FakeVendor:
        """Put one more answer at the end: JSON for an object, as it is for bytes, or an exception."""

        def answer(request: httpx.Request) -> httpx.Response:
            if raises is not None:
                raise raises
            content = body if isinstance(body, bytes) else json.dumps(body).encode()
            return httpx.Response(status, content=content, headers=headers)

        self._answers.append(answer)
        return self

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Take a request as a server would."""
        self.requests.append(request)
        self.on_request()
        answer = self._answers[0] if len(self._answers) == 1 else self._answers.pop(0)
        return answer(request)

    @property
    def bodies(self) -> list[Any]:
        """The decoded body of every request."""
        return [json.loads(request.content) if request.content else None for request in self.requests]

    @property
    def paths(self) -> list[str]:
        """Method and raw path of every request."""
        return [f"{request.method} {request.url.raw_path.decode()}" for request in self.requests]

    @property
    def tokens(self) -> list[str]:
        """The bearer token of every request."""
        return [request.headers["Authorization"].removeprefix("Bearer ") for request in self.requests]


@pytest.fixture(scope="session")
def key() -> rsa.RSAPrivateKey:
    """A private key."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture(scope="session")
def pem(key: rsa.RSAPrivateKey) -> str:
    """The private key as PKCS#8."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@pytest.fixture
def time() -> FakeTime:
    """The time that the client lives in."""
    return FakeTime()


@pytest.fixture
def vendor() -> FakeVendor:
    """The server that the client talks to."""
    return FakeVendor()


@pytest.fixture
def a_client(vendor: FakeVendor, time: FakeTime, pem: str) -> Iterator[Callable[..., TelephonyClient]]:
    """Builds a client of the fake server; any argument can be changed."""
    clients: list[TelephonyClient] = []
    ids = iter(f"token-{number}" for number in range(1, 10_000))

    def build(**changes: Any) -> TelephonyClient:
        settings: dict[str, Any] = {
            "base_url": "https://example.my.salesforce-scrt.com",
            "org_id": ORG_ID,
            "call_center": "MyContactCenter",
            "private_key_pem": pem,
            "transport": vendor,
            "now": time.now,
            "sleep": time.sleep,
            "new_id": lambda: next(ids),
            "jitter": lambda: 0.0,
        }
        clients.append(TelephonyClient(**settings | changes))
        return clients[-1]

    yield build
    for client in clients:
        client.close()


@pytest.fixture
def client(a_client: Callable[..., TelephonyClient]) -> TelephonyClient:
    """A client of the fake server."""
    return a_client()
