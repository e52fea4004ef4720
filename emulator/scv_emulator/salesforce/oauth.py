"""OAuth of the org: the JWT bearer flow, the sessions it opens, and how they end.

Source: Salesforce Help, "OAuth 2.0 JWT Bearer Flow for Server-to-Server Integration".
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509 import load_pem_x509_certificate

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
SCOPE = "api web refresh_token"
_LOGIN_HOSTS = ("https://login.salesforce.com", "https://test.salesforce.com")
_LEEWAY_SECONDS = 180
_SMALLEST_MILLISECONDS = 100_000_000_000


class OAuthError(Exception):
    """A refusal of an OAuth resource; the routes answer it as `{"error", "error_description"}`."""

    def __init__(self, error: str, description: str, *, status: int = 400) -> None:
        super().__init__(f"{error}: {description}")
        self.status = status
        self.error = error
        self.description = description


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectedApp:
    """A connected app: its consumer key, the certificate that checks its assertions, and who has approved it."""

    consumer_key: str
    certificate_pem: str
    usernames: tuple[str, ...]

    def public_key(self) -> RSAPublicKey:
        """The key inside the certificate; raises ValueError when it is no RSA certificate."""
        key = load_pem_x509_certificate(self.certificate_pem.encode()).public_key()
        if not isinstance(key, RSAPublicKey):
            raise ValueError(f"the certificate of the connected app {self.consumer_key} holds no RSA key")  # noqa: TRY004 - a wrong value
        return key


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Somebody who is logged in."""

    username: str
    user_id: str
    consumer_key: str
    issued_at: datetime


@dataclass(slots=True)
class OAuth:
    """Opens sessions for assertions of connected apps and knows which tokens are still good.

    `base_url` is where this org answers, and one of the audiences that an assertion may name. `user_id_of` gives a
    user's record id for a username. `session_seconds` may be changed while the org runs.
    """

    now: Callable[[], datetime]
    org_id: str
    base_url: Callable[[], str]
    apps: Sequence[ConnectedApp]
    user_id_of: Callable[[str], str | None]
    session_seconds: float = 7200
    new_secret: Callable[[], str] = lambda: secrets.token_urlsafe(72)
    _sessions: dict[str, Session] = field(default_factory=dict)
    _keys: dict[str, RSAPublicKey] = field(default_factory=dict)

    def token(self, form: Mapping[str, str]) -> dict[str, Any]:
        """The answer of the token endpoint; raises `OAuthError`."""
        grant_type = form.get("grant_type", "")
        if not grant_type:
            raise OAuthError("invalid_request", "grant_type is missing")
        if grant_type != JWT_BEARER:
            raise OAuthError("unsupported_grant_type", "grant type not supported")
        app, username = self._asserted(form.get("assertion", ""))
        user_id = self.user_id_of(username) if username in app.usernames else None
        if user_id is None:
            raise OAuthError("invalid_grant", "user hasn't approved this consumer")
        token = f"{self.org_id[:15]}!AQ{self.new_secret()}"
        self._sessions[token] = Session(
            username=username, user_id=user_id, consumer_key=app.consumer_key, issued_at=self.now()
        )
        return {
            "access_token": token,
            "scope": SCOPE,
            "instance_url": self.base_url(),
            "id": self.identity_url(user_id),
            "token_type": "Bearer",
        }

    def session(self, token: str) -> Session | None:
        """Who is logged in with this token, or None when it is unknown, revoked or too old."""
        session = self._sessions.get(token)
        if session is None or session.issued_at + timedelta(seconds=self.session_seconds) <= self.now():
            return None
        return session

    def expire(self, token: str | None = None) -> int:
        """End one session, or all of them; how many that were."""
        ended = [token] if token in self._sessions else [] if token else list(self._sessions)
        for one in ended:
            del self._sessions[one]
        return len(ended)

    def introspect(self, token: str) -> dict[str, Any]:
        """The answer of the introspection endpoint."""
        session = self.session(token)
        if session is None:
            return {"active": False}
        issued = int(session.issued_at.timestamp())
        return {
            "active": True,
            "scope": SCOPE,
            "client_id": session.consumer_key,
            "username": session.username,
            "sub": self.identity_url(session.user_id),
            "token_type": "access_token",
            "iat": issued,
            "nbf": issued,
            "exp": issued + int(self.session_seconds),
        }

    def identity_url(self, user_id: str) -> str:
        """Where the identity of a user is found."""
        return f"{self.base_url()}/id/{self.org_id}/{user_id}"

    # ------------------------------------------------------------------------------------------------ the assertion

    def _asserted(self, assertion: str) -> tuple[ConnectedApp, str]:
        """Who asks, and for whom, once signature, audience and expiry are checked."""
        try:
            header = jwt.get_unverified_header(assertion)
            unverified = jwt.decode(assertion, options={"verify_signature": False})
        except (jwt.PyJWTError, ValueError, RecursionError) as error:
            raise OAuthError("invalid_grant", "invalid assertion") from error
        app = next((one for one in self.apps if one.consumer_key == unverified.get("iss")), None)
        if app is None:
            raise OAuthError("invalid_client_id", "client identifier invalid")
        if header.get("alg") != "RS256":
            raise OAuthError("invalid_grant", "invalid assertion")
        try:
            # Audience and expiry are looked at below: clients write them in forms that a JWT library refuses.
            claims = jwt.decode(
                assertion,
                self._key_of(app),
                algorithms=["RS256"],
                options={
                    "verify_aud": False,
                    "verify_exp": False,
                    "verify_iat": False,
                    "verify_nbf": False,
                    "verify_sub": False,
                },
            )
        except jwt.PyJWTError as error:
            raise OAuthError("invalid_grant", "invalid assertion") from error
        self._check_audience(claims.get("aud"))
        self._check_expiry(claims.get("exp"))
        return app, str(claims.get("sub") or claims.get("prn") or "")

    def _key_of(self, app: ConnectedApp) -> RSAPublicKey:
        if app.consumer_key not in self._keys:
            self._keys[app.consumer_key] = app.public_key()
        return self._keys[app.consumer_key]

    def _check_audience(self, audience: Any) -> None:
        named = audience if isinstance(audience, list) else [audience]
        own = (self.base_url(), *_LOGIN_HOSTS)
        accepted = {host.rstrip("/") for host in own} | {f"{host.rstrip('/')}/services/oauth2/token" for host in own}
        if not any(isinstance(one, str) and one.rstrip("/") in accepted for one in named):
            raise OAuthError("invalid_grant", "audience is invalid")

    def _check_expiry(self, expiry: Any) -> None:
        """Seconds as a number or as text, or milliseconds: the CLI and the client libraries send all three."""
        try:
            moment = float(expiry)
        except (TypeError, ValueError) as error:
            raise OAuthError("invalid_grant", "invalid assertion") from error
        if moment > _SMALLEST_MILLISECONDS:
            moment /= 1000
        if not moment > self.now().timestamp() - _LEEWAY_SECONDS:
            raise OAuthError("invalid_grant", "expired authorization code")
