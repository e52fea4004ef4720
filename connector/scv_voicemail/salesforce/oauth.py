"""Logs in to Salesforce with the OAuth 2.0 JWT bearer flow of a connected app."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from scv_voicemail.bounds import read_json
from scv_voicemail.errors import AuthenticationFailed, RateLimited, SettingsInvalid, Unavailable, VoicemailError
from scv_voicemail.salesforce.failures import cut

if TYPE_CHECKING:
    import requests

TOKEN_PATH = "/services/oauth2/token"  # noqa: S105 - a path, not a secret
GRANT_TYPE = "urn:ietf:params:oauth:grant-type:jwt-bearer"
ASSERTION_LIFE_SECONDS = 180

_CONSUMER_KEY_FIX = "the client id must be the app's consumer key; a new app takes about ten minutes to be known"
_FIXES = {
    "user hasn't approved": "in the connected app's OAuth policies choose 'Admin approved users are pre-authorized' "
    "and assign the app to the integration user by permission set",
    "audience": "the login URL must be https://login.salesforce.com, https://test.salesforce.com for a sandbox, "
    "or the org's My Domain URL",
    "client identifier": _CONSUMER_KEY_FIX,
    "invalid_client": _CONSUMER_KEY_FIX,
    "invalid_app_access": "assign the connected app to the integration user by permission set",
    "inactive": "activate the integration user in Setup",
    "ip restricted": "relax the IP restrictions in the connected app's OAuth policies, or allow this address",
    "assertion": "the certificate in the connected app must belong to the private key, and this machine's clock must "
    "be right",
    "expired": "set this machine's clock by NTP",
}
"""What to do, by a sign in the vendor's code or text; the first sign that is there counts."""
_DEFAULT_FIX = "check consumer key, username, login URL, certificate and this machine's clock; `scv-voicemail doctor`"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What a login gives: the access token and the org's own URL."""

    access_token: str
    instance_url: str


class JwtBearer:
    """Asks for access tokens on behalf of one user of one connected app."""

    def __init__(
        self,
        *,
        login_url: str,
        client_id: str,
        username: str,
        private_key_pem: str | Callable[[], str],
        audience: str | None,
        now: Callable[[], datetime],
    ) -> None:
        self._login_url = login_url
        self._client_id = client_id
        self._username = username
        self._private_key_pem = private_key_pem
        self._audience = (audience or login_url).rstrip("/")
        self._now = now

    def login(self, session: requests.Session, *, timeout: tuple[float, float]) -> Grant:
        """A fresh grant. Raises `AuthenticationFailed` with what to do about it, `RateLimited` or `Unavailable`."""
        response = session.post(
            self._login_url + TOKEN_PATH,
            data={"grant_type": GRANT_TYPE, "assertion": self._assertion()},
            timeout=timeout,
            allow_redirects=False,
        )
        content = _json_object(response)
        if response.status_code != 200:
            raise _refusal(response.status_code, content)
        token, instance_url = content.get("access_token"), content.get("instance_url")
        if not isinstance(token, str) or not token or not isinstance(instance_url, str) or not instance_url:
            raise Unavailable(
                "login: the reply is not a token (a login or maintenance page?)", service="salesforce", status=200
            )
        return Grant(access_token=token, instance_url=instance_url)

    def _assertion(self) -> str:
        import jwt  # noqa: PLC0415 - loads cryptography, which a process that never logs in does not need

        claims = {
            "iss": self._client_id,
            "sub": self._username,
            "aud": self._audience,
            "exp": int(self._now().timestamp()) + ASSERTION_LIFE_SECONDS,
        }
        source = self._private_key_pem
        # Environment variables often carry a PEM on one line, with the two characters \n for each line break.
        pem = (source() if callable(source) else source).replace("\\n", "\n").strip()
        try:
            return jwt.encode(claims, pem, algorithm="RS256")
        except (ValueError, TypeError, jwt.PyJWTError):
            label = re.match(r"-----BEGIN ([A-Z0-9 ]{1,40})-----", pem)
            given = f"is marked {label[1]} and cannot be used" if label else "is no PEM block"
            raise SettingsInvalid(
                "the connected app's private key must be an RSA key in PEM, beginning with -----BEGIN PRIVATE KEY----- "
                f"or -----BEGIN RSA PRIVATE KEY-----, without a passphrase; what was given {given}",
                service="salesforce",
            ) from None


def _json_object(response: requests.Response) -> Mapping[str, Any]:
    try:
        content = read_json(response.content)
    except ValueError:
        return {}
    return content if isinstance(content, Mapping) else {}


def _refusal(status: int, content: Mapping[str, Any]) -> VoicemailError:
    code, text = str(content.get("error") or ""), str(content.get("error_description") or "")
    what = f"login: {cut(text or code or 'the reply has no explanation')}"
    told = f"{code} {text}".lower()
    if status == 429 or "rate exceeded" in told or "limit exceeded" in told:
        return RateLimited(what, service="salesforce", status=status, code=code)
    if status == 408 or status >= 500 or (not code and status not in {400, 401, 403}):
        return Unavailable(what, service="salesforce", status=status, code=code)
    fix = next((fix for sign, fix in _FIXES.items() if sign in told), _DEFAULT_FIX)
    return AuthenticationFailed(what, service="salesforce", status=status, code=code, fix=fix)
