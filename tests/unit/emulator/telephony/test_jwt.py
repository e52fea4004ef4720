"""Tokens of the telephony side."""

from __future__ import annotations

import base64
import hmac
import json
from datetime import UTC, datetime
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from scv_emulator.ids import to_18
from scv_emulator.keys import make_key_pair
from scv_emulator.org import Org

from .conftest import NOW, Phone, loaded

NOW_SECONDS = int(NOW.timestamp())


def base64url(raw: bytes) -> str:
    """As in a token: without padding."""
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def status(phone: Phone, token: str) -> int:
    """What the org says to a request with this token."""
    return phone.send("PATCH", "/voiceCalls/nobody/clearRouting", token=token).status_code


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"iss": to_18("00DHs000000EmuL")},
        {"aud": "https://scrt.salesforce.com"},
        {"iat": None},
        {"jti": None},
        {"exp": NOW_SECONDS + 86_400},
        {"exp": NOW_SECONDS - 30},
    ],
)
def test_a_good_token_is_accepted(phone: Phone, claims: dict[str, Any]) -> None:
    """Long and short org id, with and without the optional claims, a little late."""
    token = phone.token(**claims)

    answered = status(phone, token)

    assert answered == 404


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "00DHs000000Othe"},
        {"sub": "Demo Contact Center"},
        {"sub": None},
        {"exp": None},
        {"exp": NOW_SECONDS - 61},
        {"exp": float("nan")},
        {"exp": 10**400},
        {"exp": str(NOW_SECONDS + 60)},
        {"exp": NOW_SECONDS + 86_401},
        {"exp": NOW_SECONDS + 90_000, "iat": None},
        {"iat": NOW_SECONDS + 120},
        {"aud": "https://login.salesforce.com"},
    ],
)
def test_a_wrong_claim_is_refused(phone: Phone, claims: dict[str, Any]) -> None:
    """401 with the challenge header, and no word about which key would have fitted."""
    token = phone.token(**claims)

    answer = phone.send("PATCH", "/voiceCalls/nobody/clearRouting", token=token)

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json()["code"] == "UNAUTHORIZED"


def test_a_token_works_once(phone: Phone) -> None:
    """The jti is remembered."""
    token = phone.token()

    answers = [status(phone, token), status(phone, token)]

    assert answers == [404, 401]


def test_a_switch_lets_a_token_be_used_again(org: Org, phone: Phone) -> None:
    """The vendor's own newest Lambda function caches its token."""
    org.switches.set("jwt_replay_check", value=False)
    token = phone.token()

    answers = [status(phone, token), status(phone, token)]

    assert answers == [404, 404]


def test_a_token_without_signature_is_refused(phone: Phone) -> None:
    """`alg: none` proves nothing."""
    claims = jwt.decode(phone.token(), options={"verify_signature": False})

    token = jwt.encode(claims, None, algorithm="none")

    assert status(phone, token) == 401


def test_the_public_certificate_is_no_shared_secret(org: Org, phone: Phone) -> None:
    """HS256 signed with the certificate, which everybody may read, must not pass."""
    claims = phone.token().split(".")[1]
    secret = org.telephony_keys["DemoContactCenter"].certificate_pem.encode()

    # By hand, because PyJWT refuses to sign like this.
    signed = base64url(b'{"alg":"HS256","typ":"JWT"}') + "." + claims
    token = f"{signed}.{base64url(hmac.digest(secret, signed.encode(), 'sha256'))}"

    assert status(phone, token) == 401


def test_a_foreign_key_is_refused(phone: Phone) -> None:
    """Right claims, wrong signature."""
    token = phone.token(key=make_key_pair("somebody else").private_key_pem)

    assert status(phone, token) == 401


def test_an_expired_certificate_is_refused(org: Org, phone: Phone) -> None:
    """The signature fits, the certificate's time is over."""
    expired = make_key_pair("old", not_after=datetime(2026, 1, 1, tzinfo=UTC))
    org.telephony.tokens.trust("DemoContactCenter", expired.certificate_pem)

    answered = status(phone, phone.token(key=expired.private_key_pem))

    assert answered == 401


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer x", "Basic abc", "Bearer a.b.c"])
def test_a_header_without_a_token_is_refused(phone: Phone, header: str) -> None:
    """Garbage is a 401, never a crash."""
    answer = phone.client.request("PATCH", "/telephony/v1/voiceCalls/x/clearRouting", headers={"Authorization": header})

    assert answer.status_code == 401


def test_the_audience_can_be_required(org: Org, phone: Phone) -> None:
    """The older guide's claim list."""
    org.switches.set("jwt_audience", "required")

    answers = [status(phone, phone.token()), status(phone, phone.token(aud="https://scrt.salesforce.com"))]

    assert answers == [401, 404]


@pytest.mark.parametrize("bits", [1024, 4096])
def test_other_lengths_of_key_are_accepted(org: Org, phone: Phone, bits: int) -> None:
    """The guide allows 1024, 2048 and 4096 bits."""
    keys = make_key_pair("other", bits=bits)
    org.telephony.tokens.trust("DemoContactCenter", keys.certificate_pem)
    claims = jwt.decode(phone.token(), options={"verify_signature": False})
    signed = base64url(b'{"alg":"RS256"}') + "." + base64url(json.dumps(claims).encode())

    # By hand, because PyJWT warns when it signs with a short key.
    signature = loaded(keys.private_key_pem).sign(signed.encode(), PKCS1v15(), SHA256())

    assert status(phone, f"{signed}.{base64url(signature)}") == 404
