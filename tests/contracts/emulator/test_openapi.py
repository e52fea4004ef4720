"""The served OpenAPI document, tried by schemathesis: no input may make the emulator fail."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any
from uuid import uuid4

import httpx
import jwt
import pytest
import schemathesis
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from hypothesis import HealthCheck, Phase, settings
from scv_emulator.openapi import document
from scv_emulator.server import Emulator
from scv_emulator.switches import Switches

NOT_IMPLEMENTED = 501
AIMS = count()


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    """One emulator for all examples."""
    with Emulator(switches=Switches(apply_delay_ms=0, calls_per_second=0)) as running:
        yield running


# The document is data, so it can be had before the emulator runs; the test below sees that it is the served one.
schema = schemathesis.openapi.from_dict(document("http://127.0.0.1"))


def test_the_served_document_is_the_one_that_is_tried(emulator: Emulator) -> None:
    """At both of its addresses."""
    served = [httpx.get(f"{emulator.url}{path}").json() for path in ("/openapi.json", "/_emulator/openapi.json")]

    assert served == [document(emulator.url)] * 2


@dataclass
class Credentials:
    """The right credentials for every path, so that the examples get past the door. Loading a key takes long."""

    emulator: Emulator
    client: httpx.Client
    telephony_key: Any
    oauth_key: Any

    def headers(self, path: str) -> dict[str, str]:
        """A fresh token, or a fresh session: an example may have ended the last one."""
        org, now = self.emulator.org, int(self.emulator.org.clock.now().timestamp())
        if path.startswith("/telephony"):
            claims = {"iss": org.seed.org_id, "sub": "DemoContactCenter", "exp": now + 60, "jti": uuid4().hex}
            return {"Authorization": f"Bearer {jwt.encode(claims, self.telephony_key, algorithm='RS256')}"}
        if path.startswith("/services/data/"):
            app = org.seed.apps[0]
            claims = {"iss": app.consumer_key, "sub": app.usernames[0], "aud": self.emulator.url, "exp": now + 60}
            assertion = jwt.encode(claims, self.oauth_key, algorithm="RS256")
            grant = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": assertion}
            token = self.client.post("/services/oauth2/token", data=grant).json()["access_token"]
            return {"Authorization": f"Bearer {token}"}
        return {}


@pytest.fixture(scope="module")
def credentials(emulator: Emulator) -> Iterator[Credentials]:
    """Those of the seeded contact center and connected app."""
    org = emulator.org
    telephony = org.telephony_keys["DemoContactCenter"].private_key_pem.encode()
    oauth = org.app_keys[org.seed.apps[0].consumer_key].private_key_pem.encode()
    with httpx.Client(base_url=emulator.url) as client:
        yield Credentials(emulator, client, load_pem_private_key(telephony, None), load_pem_private_key(oauth, None))


def aim(case: schemathesis.Case) -> None:
    """Every other example is about a call that exists: random names would all end at "not found"."""
    if isinstance(case.body, dict) and isinstance(case.body.get("callCenterApiName"), str):
        case.body["callCenterApiName"] = "DemoContactCenter"
    for name in ("callId", "vendorCallKey"):
        if next(AIMS) % 2 and name in (case.path_parameters or {}):
            case.path_parameters[name] = "known-call"


@schema.parametrize()
@settings(
    max_examples=6,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_no_input_makes_the_emulator_fail(
    case: schemathesis.Case, emulator: Emulator, credentials: Credentials
) -> None:
    """Every answer is below 500, or the documented 501."""
    headers = credentials.headers(case.operation.path)
    aim(case)

    answer = case.call(base_url=emulator.url, headers=headers)
    emulator.clear_faults()  # an example may have set one

    assert answer.status_code < 500 or answer.status_code == NOT_IMPLEMENTED, answer.text
