"""Checks the bearer token of the telephony side (Implementation Guide, chapter 3, "Authorization")."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import jwt
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256

from scv_emulator.ids import same_id
from scv_emulator.switches import Switches
from scv_emulator.telephony.errors import unauthorized

AUDIENCE = "https://scrt.salesforce.com"
_FUTURE_IAT_SECONDS = 60
_LATEST_SECONDS = 1e11
_TIDY_FROM = 10_000


@dataclass(frozen=True, slots=True)
class _Trusted:
    """What a certificate says."""

    key: RSAPublicKey
    not_before: datetime
    not_after: datetime


class Tokens:
    """Knows the certificates of the contact centers and the token ids that were used.

    Example::

        tokens = Tokens(org_id=org_id, switches=switches, now=clock.now)
        tokens.trust("DemoContactCenter", certificate_pem)
        tokens.contact_center("Bearer eyJ…")  # "DemoContactCenter", or TelephonyError 401
    """

    def __init__(self, *, org_id: str, switches: Switches, now: Callable[[], datetime]) -> None:
        self._org_id = org_id
        self._switches = switches
        self._now = now
        self._trusted: dict[str, _Trusted] = {}
        self._used: dict[str, float] = {}
        self._tidy_from = _TIDY_FROM

    def trust(self, contact_center: str, certificate_pem: str) -> None:
        """Take this certificate for a contact center, in place of the one it had."""
        certificate = x509.load_pem_x509_certificate(certificate_pem.encode())
        key = certificate.public_key()
        if not isinstance(key, RSAPublicKey):
            raise TypeError(f"{contact_center}: expected the certificate of an RSA key")
        self._trusted[contact_center] = _Trusted(key, certificate.not_valid_before_utc, certificate.not_valid_after_utc)

    def contact_center(self, authorization: str) -> str:
        """The API name of the contact center that this Authorization header speaks for."""
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise unauthorized("A bearer token is required")
        claims = self._verified(token.strip())
        self._check_times(claims)
        self._check_audience(claims)
        self._check_replay(claims)
        return str(claims["sub"])

    def _verified(self, token: str) -> dict[str, Any]:
        """The claims of a token that is signed by the contact center it names."""
        try:
            parsed = jwt.decode_complete(token, options={"verify_signature": False})
        except (jwt.InvalidTokenError, RecursionError) as error:
            raise unauthorized("The token is malformed") from error
        header, claims = parsed["header"], parsed["payload"]
        # Fixed before any key is looked at: otherwise the public certificate would pass as an HS256 secret.
        if header.get("alg") != "RS256" or "crit" in header:
            raise unauthorized("The token must be signed with RS256")
        issuer, subject = claims.get("iss"), claims.get("sub")
        if not isinstance(issuer, str) or not same_id(issuer, self._org_id):
            raise unauthorized("The token's issuer is not this org")
        trusted = self._trusted.get(subject) if isinstance(subject, str) else None
        if trusted is None:
            raise unauthorized("The token's subject is not a contact center of this org")
        if not trusted.not_before <= self._now() <= trusted.not_after:
            raise unauthorized("The contact center's certificate is not valid at this time")
        signed, _, _ = token.rpartition(".")
        try:
            # Not by PyJWT: it warns about keys of 1024 bits, which the guide allows.
            trusted.key.verify(parsed["signature"], signed.encode(), PKCS1v15(), SHA256())
        except InvalidSignature as error:
            raise unauthorized("The token's signature does not belong to the contact center's certificate") from error
        return dict(claims)

    def _check_times(self, claims: dict[str, Any]) -> None:
        now, leeway = self._now().timestamp(), self._switches.jwt_leeway_seconds
        expires, issued = _seconds(claims, "exp"), _seconds(claims, "iat")
        if expires is None:
            raise unauthorized("The token has no expiration time")
        if expires <= now - leeway:
            raise unauthorized("The token has expired")
        if issued is not None and issued > now + _FUTURE_IAT_SECONDS:
            raise unauthorized("The token was issued in the future")
        # Without iat the life is counted from now: a token that stays valid longer was made to live too long.
        if expires - (issued if issued is not None else now + leeway) > self._switches.jwt_max_life_seconds:
            raise unauthorized(f"The token lives longer than {self._switches.jwt_max_life_seconds} seconds")

    def _check_audience(self, claims: dict[str, Any]) -> None:
        given = claims.get("aud")
        if given is None and self._switches.jwt_audience == "optional":
            return
        if AUDIENCE not in (given if isinstance(given, list) else [given]):
            raise unauthorized(f"The token's audience is not {AUDIENCE}")

    def _check_replay(self, claims: dict[str, Any]) -> None:
        token_id = claims.get("jti")
        if token_id is None or not self._switches.jwt_replay_check:
            return
        now = self._now().timestamp()
        if len(self._used) > self._tidy_from:
            self._used = {one: until for one, until in self._used.items() if until > now}
            # Under load most are still valid; looking through them with every request would slow each one down.
            self._tidy_from = max(_TIDY_FROM, 2 * len(self._used))
        if str(token_id) in self._used:
            raise unauthorized("A token with this jti was already used")
        self._used[str(token_id)] = float(claims["exp"]) + self._switches.jwt_leeway_seconds


def _seconds(claims: dict[str, Any], name: str) -> float | None:
    value = claims.get(name)
    if value is None:
        return None
    # Written like this, the comparison also refuses NaN.
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < _LATEST_SECONDS:
        raise unauthorized(f"The token's {name} is not a number")
    return float(value)
