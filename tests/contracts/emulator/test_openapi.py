"""The served OpenAPI document, tried by schemathesis: no input may make the emulator fail."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import httpx
import jwt
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from scv_emulator.openapi import document
from scv_emulator.server import Emulator
from scv_emulator.switches import Switches

NOT_IMPLEMENTED = 501


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


def headers(emulator: Emulator, path: str) -> dict[str, str]:
    """The right credentials, so that the examples get past the door."""
    org, now = emulator.org, int(emulator.org.clock.now().timestamp())
    if path.startswith("/telephony"):
        claims = {"iss": org.seed.org_id, "sub": "DemoContactCenter", "exp": now + 60, "jti": uuid4().hex}
        key = org.telephony_keys["DemoContactCenter"].private_key_pem
        return {"Authorization": f"Bearer {jwt.encode(claims, key, algorithm='RS256')}"}
    if path.startswith("/services/data/"):
        app = org.seed.apps[0]
        claims = {"iss": app.consumer_key, "sub": app.usernames[0], "aud": emulator.url, "exp": now + 60}
        assertion = jwt.encode(claims, org.app_keys[app.consumer_key].private_key_pem, algorithm="RS256")
        grant = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": assertion}
        token = httpx.post(f"{emulator.url}/services/oauth2/token", data=grant).json()["access_token"]
        return {"Authorization": f"Bearer {token}"}
    return {}


@schema.parametrize()
@settings(
    max_examples=3,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_no_input_makes_the_emulator_fail(case: schemathesis.Case, emulator: Emulator) -> None:
    """Every answer is below 500, or the documented 501."""
    credentials = headers(emulator, case.operation.path)

    answer = case.call(base_url=emulator.url, headers=credentials)
    emulator.clear_faults()  # an example may have set one

    assert answer.status_code < 500 or answer.status_code == NOT_IMPLEMENTED, answer.text
