"""A private key that AWS keeps: read when needed, held for a while, read anew once it was rotated."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from scv_voicemail.aws.failures import NOT_THERE, our_errors
from scv_voicemail.aws.session import AwsClients
from scv_voicemail.errors import Rejected, SettingsInvalid, TryAgain

HOLD_SECONDS = 300.0


class StoredKey:
    """Gives the key's PEM when called, from memory for `seconds`.

        key = StoredKey("ssm:/scv/private-key", AwsClients())
        TelephonyClient(..., private_key_pem=key)

    `source` is `ssm:PARAMETER` (a SecureString) or `secretsmanager:SECRET`; what is kept there is the PEM itself.
    While AWS does not answer, the key that was read last goes on being used. `forget()` after Salesforce has refused
    it: the next call reads what is there now.
    """

    def __init__(
        self,
        source: str,
        clients: AwsClients,
        *,
        seconds: float = HOLD_SECONDS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._kind, _, self._name = source.partition(":")
        if self._kind not in ("ssm", "secretsmanager") or not self._name:
            raise SettingsInvalid(
                f"{source!r} names no place for a key", fix="write ssm:PARAMETER or secretsmanager:SECRET"
            )
        self._clients = clients
        self._seconds = seconds
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._pem = ""
        self._read_at = 0.0

    def __repr__(self) -> str:
        return f"StoredKey({self._kind}:{self._name})"

    def __call__(self) -> str:
        """The PEM. Raises `SettingsInvalid` when there is none, `PermissionMissing`, or `TryAgain` without any."""
        with self._lock:
            now = self._monotonic()
            if self._pem and now - self._read_at < self._seconds:
                return self._pem
            try:
                self._pem = self._checked(self._read())
            except TryAgain:
                if not self._pem:
                    raise
            self._read_at = now
            return self._pem

    def forget(self) -> None:
        """Read the key again when it is asked for next."""
        with self._lock:
            self._pem = ""

    def _read(self) -> str:
        place, client = f"{self._kind}:{self._name}", self._clients.client(self._kind)
        try:
            if self._kind == "ssm":
                with our_errors("ssm:GetParameter", of=place):
                    answer = client.get_parameter(Name=self._name, WithDecryption=True)
                return str(answer["Parameter"]["Value"])
            with our_errors("secretsmanager:GetSecretValue", of=place):
                answer = client.get_secret_value(SecretId=self._name)
        except Rejected as error:
            if error.code in NOT_THERE:
                fix = "put the PEM there, or correct the name or the region"
                raise SettingsInvalid(f"there is no key at {place} in this account and region", fix=fix) from error
            raise
        # Uploaded as a file it is binary.
        return str(answer.get("SecretString") or answer.get("SecretBinary", b"").decode("ascii", "replace"))

    def _checked(self, found: str) -> str:
        pem = found.replace("\\n", "\n").strip()
        if pem.startswith("-----BEGIN ") and "PRIVATE KEY-----" in pem:
            return pem
        what = "is empty" if not pem else "holds JSON" if pem.startswith("{") else "holds no private key in PEM"
        raise SettingsInvalid(
            f"{self._kind}:{self._name} {what}",
            fix="store the whole file there, from -----BEGIN PRIVATE KEY----- to -----END PRIVATE KEY-----",
        )
