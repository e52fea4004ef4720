"""A small org to test the core half of the emulator with: two users, a queue, a connected app, a clock by hand."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from scv_emulator.ids import Ids
from scv_emulator.salesforce.core import Core
from scv_emulator.salesforce.oauth import JWT_BEARER, ConnectedApp, OAuth
from scv_emulator.salesforce.records import Database
from scv_emulator.salesforce.routes import routes
from scv_emulator.salesforce.schema import Field
from scv_emulator.salesforce.standard_objects import standard_schema
from starlette.applications import Starlette

ORG_ID = "00DHs000000EmuLMAS"
BASE_URL = "http://emulator.test"


class HandClock:
    """A clock that stands still until a test moves it."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.moment

    def advance(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


@dataclass(frozen=True)
class KeyPair:
    """An RSA key and the certificate that carries its public half."""

    private_pem: str
    certificate_pem: str


def a_key_pair() -> KeyPair:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2099, 1, 1, tzinfo=UTC))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return KeyPair(private.decode(), certificate.public_bytes(serialization.Encoding.PEM).decode())


@pytest.fixture(scope="session")
def keys() -> KeyPair:
    return a_key_pair()


@pytest.fixture(scope="session")
def stranger_keys() -> KeyPair:
    return a_key_pair()


@dataclass
class Org:
    """Everything a test asks for."""

    core: Core
    clock: HandClock
    keys: KeyPair
    user_id: str
    queue_id: str
    base_url: str = BASE_URL
    choices: dict[str, bool] = field(default_factory=lambda: {"call_origin_updateable": True})

    @property
    def database(self) -> Database:
        return self.core.database

    def assertion(self, *, key: str = "", algorithm: str = "RS256", **claims: Any) -> str:
        """A signed assertion of the connected app; claims given as None are left out."""
        wanted = {
            "iss": "consumer-key",
            "sub": "integration@example.com",
            "aud": "https://login.salesforce.com",
            "exp": int(self.clock.now().timestamp()) + 180,
        } | claims
        return jwt.encode(
            {name: value for name, value in wanted.items() if value is not None},
            key or self.keys.private_pem,
            algorithm=algorithm,
        )

    def token(self) -> str:
        return str(self.core.oauth.token({"grant_type": JWT_BEARER, "assertion": self.assertion()})["access_token"])

    def a_voice_call(self, **changes: Any) -> str:
        fields = {
            "VendorCallKey": "call-1",
            "FromPhoneNumber": "+12025550123",
            "ToPhoneNumber": "+18005550100",
            "CallType": "Inbound",
            "CallStartDateTime": self.clock.now(),
            "CallEndDateTime": self.clock.now(),
        }
        return self.database.insert("VoiceCall", fields | changes, by_system=True)


@pytest.fixture
def org(keys: KeyPair) -> Org:
    clock = HandClock()
    choices = {"call_origin_updateable": True}
    schema = standard_schema()
    schema.add_field("Case", Field("Voicemail_Id__c", "string", unique=True, external_id=True))
    database = Database(schema=schema, ids=Ids(), now=clock.now, user_id=lambda: "")
    user_id = database.insert(
        "User",
        {"Username": "integration@example.com", "LastName": "User", "FirstName": "Integration"},
        by_system=True,
    )
    database.insert("Organization", {"Id": ORG_ID, "Name": "Test Org"}, by_system=True)
    queue = {"Name": "Voicemail", "DeveloperName": "Voicemail", "Type": "Queue"}
    queue_id = database.insert("Group", queue, by_system=True)
    oauth = OAuth(
        now=clock.now,
        org_id=ORG_ID,
        base_url=lambda: BASE_URL,
        apps=[
            ConnectedApp(
                consumer_key="consumer-key",
                certificate_pem=keys.certificate_pem,
                usernames=("integration@example.com",),
            )
        ],
        user_id_of=lambda username: next((row["Id"] for row in database.find("User", Username=username)), None),
    )
    core = Core(
        database=database,
        oauth=oauth,
        now=clock.now,
        base_url=lambda: BASE_URL,
        org_id=ORG_ID,
        call_origin_updateable=lambda: choices["call_origin_updateable"],
    )
    return Org(core=core, clock=clock, keys=keys, user_id=user_id, queue_id=queue_id, choices=choices)


class InProcess:
    """Speaks HTTP to an ASGI application without a socket; an exception inside it is raised here."""

    def __init__(self, app: Starlette) -> None:
        self._transport = httpx.ASGITransport(app)
        self.headers: dict[str, str] = {}

    def request(self, method: str, url: str, **options: Any) -> httpx.Response:
        return asyncio.run(self._request(method, url, **options))

    async def _request(self, method: str, url: str, **options: Any) -> httpx.Response:
        async with httpx.AsyncClient(transport=self._transport, base_url=BASE_URL, headers=self.headers) as client:
            return await client.request(method, url, **options)

    def get(self, url: str, **options: Any) -> httpx.Response:
        return self.request("GET", url, **options)

    def post(self, url: str, **options: Any) -> httpx.Response:
        return self.request("POST", url, **options)

    def patch(self, url: str, **options: Any) -> httpx.Response:
        return self.request("PATCH", url, **options)

    def delete(self, url: str, **options: Any) -> httpx.Response:
        return self.request("DELETE", url, **options)


@pytest.fixture
def http(org: Org) -> InProcess:
    """A client with a session, speaking HTTP to the routes."""
    client = InProcess(Starlette(routes=routes(org.core)))
    client.headers["Authorization"] = f"Bearer {org.token()}"
    return client
