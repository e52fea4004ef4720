"""Checks the bearer token of the telephony side (Implementation Guide, chapter 3, "Authorization")."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import jwt
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from scv_emulator.ids import same_id
from scv_emulator.switches import Switches
from scv_emulator.telephony.errors import unauthorized

AUDIENCE = "https://scrt.salesforce.com"
_FUTURE_IAT_SECONDS = 60
_CLAIMS_BY_HAND = {f"verify_{claim}": False for claim in ("exp", "nbf", "iat", "aud", "iss", "sub", "jti")}


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
        self._certificates: dict[str, x509.Certificate] = {}
        self._used: dict[str, float] = {}

    def trust(self, contact_center: str, certificate_pem: str) -> None:
        """Take this certificate for a contact center, in place of the one it had."""
        certificate = x509.load_pem_x509_certificate(certificate_pem.encode())
        if not isinstance(certificate.public_key(), RSAPublicKey):
            raise TypeError(f"{contact_center}: expected the certificate of an RSA key")
        self._certificates[contact_center] = certificate

    def forget_used(self) -> None:
        """Forget which token ids were used."""
        self._used.clear()

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
        try:
            algorithm = jwt.get_unverified_header(token).get("alg")
            unverified = jwt.decode(token, options={"verify_signature": False})
        except (jwt.InvalidTokenError, RecursionError) as error:
            raise unauthorized("The token is malformed") from error
        # Fixed before any key is looked at: otherwise the public certificate would pass as an HS256 secret.
        if algorithm != "RS256":
            raise unauthorized("The token must be signed with RS256")
        issuer, subject = unverified.get("iss"), unverified.get("sub")
        if not isinstance(issuer, str) or not same_id(issuer, self._org_id):
            raise unauthorized("The token's issuer is not this org")
        certificate = self._certificates.get(subject) if isinstance(subject, str) else None
        if certificate is None:
            raise unauthorized("The token's subject is not a contact center of this org")
        if not certificate.not_valid_before_utc <= self._now() <= certificate.not_valid_after_utc:
            raise unauthorized("The contact center's certificate is not valid at this time")
        try:
            # PyJWT would compare with the real clock; this org has its own.
            return jwt.decode(
                token,
                certificate.public_key(),  # type: ignore[arg-type]  # trust() lets only RSA keys in
                algorithms=["RS256"],
                options=_CLAIMS_BY_HAND,  # type: ignore[arg-type]  # built above
            )
        except jwt.InvalidTokenError as error:
            raise unauthorized("The token's signature does not belong to the contact center's certificate") from error

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
        if len(self._used) > 10_000:
            self._used = {one: until for one, until in self._used.items() if until > now}
        if str(token_id) in self._used:
            raise unauthorized("A token with this jti was already used")
        self._used[str(token_id)] = float(claims["exp"]) + self._switches.jwt_leeway_seconds


def _seconds(claims: dict[str, Any], name: str) -> float | None:
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise unauthorized(f"The token's {name} is not a number")
    return float(value)
