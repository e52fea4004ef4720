"""The settings that point a connector at this emulator, and the key files that they name."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from scv_emulator.org import Org

PREFIX = "SCV_VOICEMAIL_"


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """Where one start of the emulator keeps what its users need on disk."""

    recordings: Path
    journal: Path
    private_key: Path | None
    certificate: Path
    oauth_key: Path | None


def make_files(folder: Path, org: Org, *, recordings: Path | None = None) -> Files:
    """Write the keys of the first contact center and connected app, and make a fresh place for this start.

    Key files are readable by their owner only. A seed that brings its own certificate has no private key to write.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    run = Path(tempfile.mkdtemp(prefix="run-", dir=folder)).resolve()
    recordings = (recordings or run / "recordings").resolve()
    recordings.mkdir(parents=True, exist_ok=True)
    telephony = org.telephony_keys[org.seed.contact_centers[0].api_name]
    app = org.app_keys[org.seed.apps[0].consumer_key]
    return Files(
        recordings=recordings,
        journal=run / "journal.db",
        private_key=_key_file(run.parent / "telephony-private-key.pem", telephony.private_key_pem),
        certificate=write_private(run.parent / "telephony-certificate.pem", telephony.certificate_pem),
        oauth_key=_key_file(run.parent / "oauth-private-key.pem", app.private_key_pem),
    )


def settings(org: Org, files: Files) -> dict[str, str]:
    """The connector's settings as environment variables."""
    seed = org.seed
    named = {
        "TELEPHONY_URL": org.base_url,
        "ORG_ID": seed.org_id,
        "CALL_CENTER": seed.contact_centers[0].api_name,
        "PRIVATE_KEY_FILE": files.private_key,
        "CERTIFICATE_FILE": files.certificate,
        "LOGIN_URL": org.base_url,
        "CLIENT_ID": seed.apps[0].consumer_key,
        "USERNAME": next(iter(seed.apps[0].usernames), seed.users[0].username),
        "OAUTH_KEY_FILE": files.oauth_key,
        "ALLOW_PLAIN_HTTP": "true",
        "JOURNAL": files.journal,
        # The connector puts the recording's own name in place of {name}.
        "RECORDING_URL": f"{org.base_url}/_emulator/recordings/{{name}}",
        "RECORDINGS_DIR": files.recordings,
        "DIALED_NUMBER": next((one.number for one in seed.phone_channels), None),
        "DEFAULT_REGION": "US",
    }
    return {f"{PREFIX}{name}": str(value) for name, value in named.items() if value is not None}


def write_private(path: Path, text: str) -> Path:
    """Write a file that only its owner may read, all of it or nothing."""
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # mkstemp makes it 0600
    draft = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    return path


def env_text(variables: dict[str, str]) -> str:
    """Plain `KEY=VALUE` lines."""
    return "".join(f"{name}={value}\n" for name, value in variables.items())


def _key_file(path: Path, private_key_pem: str) -> Path | None:
    return write_private(path, private_key_pem) if private_key_pem else None
