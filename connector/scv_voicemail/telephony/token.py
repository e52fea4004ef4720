"""The signed token that every request to the Telephony Integration API carries."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from scv_voicemail.errors import SettingsInvalid
from scv_voicemail.telephony.server_clock import ServerClock

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

AUDIENCE = "https://scrt.salesforce.com"
MAX_LIFE_SECONDS = 180
"""The vendor takes tokens that expire within three minutes (Implementation Guide, chapter 3)."""
DEFAULT_LIFE_SECONDS = 150
"""Leaves half a minute for a clock that is a little ahead."""

_ORG_ID = re.compile(r"00D[A-Za-z0-9]{12}(?:[A-Z0-5]{3})?")


class TokenSigner:
    """Signs a fresh token per request: a token id that was seen before is refused as a replay."""

    def __init__(
        self,
        *,
        org_id: str,
        call_center: str,
        private_key_pem: str | Callable[[], str],
        clock: ServerClock,
        new_id: Callable[[], str],
        life_seconds: int = DEFAULT_LIFE_SECONDS,
    ) -> None:
        if not _ORG_ID.fullmatch(org_id):
            raise SettingsInvalid("the org id must be 15 or 18 letters and digits that begin with 00D")
        if not call_center.strip():
            raise SettingsInvalid("the contact center's API name is missing")
        if not 0 < life_seconds <= MAX_LIFE_SECONDS:
            raise SettingsInvalid(f"a token may live 1 to {MAX_LIFE_SECONDS} seconds, not {life_seconds}")
        self._org_id = org_id[:15]
        self._call_center = call_center
        self._private_key_pem = private_key_pem
        self._clock = clock
        self._new_id = new_id
        self._life_seconds = life_seconds
        self._lock = threading.Lock()
        self._key: RSAPrivateKey | None = None

    def token(self) -> str:
        """A token for one request. Raises `SettingsInvalid` when the key is not an RSA private key."""
        import jwt  # noqa: PLC0415 - loads cryptography, which a process that never sends does not need

        issued_at = int(self._clock.now().timestamp())
        claims = {
            "iss": self._org_id,
            "sub": self._call_center,
            "aud": AUDIENCE,
            "iat": issued_at,
            "exp": issued_at + self._life_seconds,
            "jti": self._new_id(),
        }
        return jwt.encode(claims, self._loaded_key(), algorithm="RS256")

    def forget_key(self) -> None:
        """Read the private key again before the next token: it may have been rotated."""
        with self._lock:
            self._key = None

    def _loaded_key(self) -> RSAPrivateKey:
        with self._lock:
            if self._key is None:
                source = self._private_key_pem
                self._key = load_rsa_key(source() if callable(source) else source)
            return self._key


def load_rsa_key(pem: str) -> RSAPrivateKey:
    """The RSA private key in a PEM text (PKCS#1 or PKCS#8). Raises `SettingsInvalid`, which never shows the key."""
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 - see token()
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey  # noqa: PLC0415 - see token()
    from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415 - see token()

    # Environment variables often carry a PEM on one line, with the two characters \n for each line break.
    text = pem.replace("\\n", "\n").strip()
    try:
        key = load_pem_private_key(text.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, RSAPrivateKey):
        label = re.match(r"-----BEGIN ([A-Z0-9 ]{1,40})-----", text)
        raise SettingsInvalid(
            "the telephony private key must be an RSA key in PEM, beginning with -----BEGIN PRIVATE KEY----- or "
            "-----BEGIN RSA PRIVATE KEY-----, without a passphrase; "
            + (
                f"what was given is marked {label[1]} and cannot be used" if label else "what was given is no PEM block"
            ),
            service="telephony",
        )
    return key
