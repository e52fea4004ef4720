"""A client of a Salesforce org that `responses` plays."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
import requests
import responses
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from scv_voicemail.salesforce import SalesforceClient

LOGIN = "https://login.salesforce.com"
INSTANCE = "https://example.my.salesforce.com"
EXPIRED = [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}]


class FakeTime:
    """A clock that moves only when somebody sleeps."""

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


class FakeOrg:
    """Hands out a new access token per login and answers what it was told to, in that order, then with the last."""

    def __init__(self, mock: responses.RequestsMock, key: rsa.RSAPrivateKey) -> None:
        self._mock = mock
        self._key = key
        self.logins: list[dict[str, Any]] = []
        self.timeouts: list[Any] = []
        mock.add_callback(responses.POST, f"{LOGIN}/services/oauth2/token", callback=self._log_in)

    def _log_in(self, request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        form = dict(part.split("=", 1) for part in str(request.body).split("&"))
        options = {"verify_exp": False, "verify_aud": False}
        claims = jwt.decode(form["assertion"], self._key.public_key(), algorithms=["RS256"], options=options)
        self.logins.append(claims | {"grant_type": requests.utils.unquote(form["grant_type"])})
        token = f"00D000000000001!AQ.{len(self.logins)}"
        return 200, {}, f'{{"access_token": "{token}", "instance_url": "{INSTANCE}", "token_type": "Bearer"}}'

    def answers(self, method: str, path: str, **answer: Any) -> FakeOrg:
        """Add an answer for a path below the API's own."""
        self._mock.add(method, f"{INSTANCE}/services/data/v66.0/{path}", **answer)
        return self

    @property
    def requests(self) -> list[requests.PreparedRequest]:
        """Every request but the logins."""
        return [call.request for call in self._mock.calls if "/oauth2/" not in call.request.url]

    @property
    def tokens(self) -> list[str]:
        """Which access token each request carried, by its number."""
        return [request.headers["Authorization"].rpartition(".")[2] for request in self.requests]


@pytest.fixture(scope="session")
def key() -> rsa.RSAPrivateKey:
    """A private key."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture(scope="session")
def pem(key: rsa.RSAPrivateKey) -> str:
    """The private key as PEM."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode()


@pytest.fixture
def time() -> FakeTime:
    """The time that the client lives in."""
    return FakeTime()


@pytest.fixture
def mock() -> Iterator[responses.RequestsMock]:
    """Every request of this test ends here."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


@pytest.fixture
def org(mock: responses.RequestsMock, key: rsa.RSAPrivateKey) -> FakeOrg:
    """The org that the client talks to."""
    return FakeOrg(mock, key)


@pytest.fixture
def a_client(time: FakeTime, pem: str, mock: responses.RequestsMock) -> Iterator[Callable[..., SalesforceClient]]:
    """Builds a client of the fake org; any argument can be changed."""
    clients: list[SalesforceClient] = []

    def build(**changes: Any) -> SalesforceClient:
        settings: dict[str, Any] = {
            "login_url": LOGIN,
            "client_id": "consumer-key",
            "username": "integration@example.com",
            "private_key_pem": pem,
            "now": time.now,
            "sleep": time.sleep,
            "jitter": lambda: 0.0,
        }
        clients.append(SalesforceClient(**settings | changes))
        return clients[-1]

    yield build
    for client in clients:
        client.close()


@pytest.fixture
def client(a_client: Callable[..., SalesforceClient]) -> SalesforceClient:
    """A client of the fake org."""
    return a_client()
