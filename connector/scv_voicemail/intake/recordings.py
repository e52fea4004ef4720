"""The folder where the connector keeps recordings, so that nobody else's clean-up can lose one."""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO
from urllib.parse import parse_qsl, quote, urlsplit

from scv_voicemail.audio import BLOCK_BYTES, open_regular
from scv_voicemail.errors import BadRecording, BadVoicemail, SettingsInvalid
from scv_voicemail.intake.durable import clear_errors, sync_folder
from scv_voicemail.voicemail import Recording, Voicemail

MAX_LOCATION_CHARACTERS = 1_000
"""The limit of `recordingLocation` in Update a Voice Call Record."""

_SAFE_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")
_SIGNED = frozenset(
    {
        *("signature", "expires", "sig", "se", "awsaccesskeyid", "googleaccessid", "key-pair-id", "policy"),
        *("x-amz-signature", "x-amz-expires", "x-amz-security-token", "x-goog-signature", "x-goog-expires"),
    }
)


def check_location(location: str, *, allow_plain_http: bool = False) -> str:
    """The same address if a rep's browser can still fetch it next year; `SettingsInvalid` otherwise.

    Refused are addresses that expire (signed links), that carry a password, that are longer than Salesforce takes, and
    anything but https.
    """
    fix = "give the lasting https address under which your web server hands out recordings to logged-in reps"
    try:
        url = urlsplit(location)
    except ValueError as error:
        raise SettingsInvalid(f"the recording location is no address: {error}", fix=fix) from error
    if url.scheme not in ({"https", "http"} if allow_plain_http else {"https"}) or not url.hostname:
        raise SettingsInvalid(f"the recording location is no https address: {url.scheme}://{url.hostname}", fix=fix)
    if url.username or url.password:
        raise SettingsInvalid(f"the recording location on {url.hostname} carries a user or password", fix=fix)
    signed = sorted(name for name, _ in parse_qsl(url.query, keep_blank_values=True) if name.lower() in _SIGNED)
    if signed:
        raise SettingsInvalid(
            f"the recording location on {url.hostname} is a signed link that expires ({', '.join(signed)})", fix=fix
        )
    if len(location) > MAX_LOCATION_CHARACTERS:
        raise SettingsInvalid(
            f"the recording location has {len(location):,} characters, Salesforce takes {MAX_LOCATION_CHARACTERS:,}",
            fix=fix,
        )
    return location


class RecordingStore:
    """Keeps a copy of every recording under a name of its own, readable by this user only.

        RecordingStore("/var/lib/scv-voicemail/recordings", location="https://pbx.example.com/recordings/{name}")

    `location` is the address of a kept recording, with `{name}` for its file name; empty when somebody else gives it.
    """

    def __init__(self, folder: str | Path, *, location: str = "", allow_plain_http: bool = False) -> None:
        if location:
            if "{name}" not in location:
                raise SettingsInvalid("the recording location has no {name}: all recordings would have one address")
            check_location(location.replace("{name}", "x" * 104), allow_plain_http=allow_plain_http)
        self._folder = Path(folder)
        self._location = location

    def keep(self, voicemail: Voicemail) -> Voicemail:
        """Copy the audio into the folder; the voicemail comes back pointing at the copy and its location.

        Safe to repeat. Raises `BadRecording` when the audio is not what was measured, `BadVoicemail` when another
        recording is already kept under this id.
        """
        kept = self._folder.absolute() / name_of(voicemail.id)
        with clear_errors(self._folder):
            digest = _digest_if_there(kept)
        if digest not in (None, voicemail.recording.sha256):
            raise BadVoicemail(
                f"another recording is already kept under this id, in {kept}",
                voicemail_id=voicemail.id,
                fix="give every voicemail an id of its own",
            )
        if digest is None:
            self._copy(voicemail, kept)
        location = self._location.replace("{name}", quote(kept.name)) or voicemail.recording.location
        return replace(voicemail, recording=replace(voicemail.recording, path=str(kept), location=location))

    def _copy(self, voicemail: Voicemail, kept: Path) -> None:
        half = kept.with_name(f".{kept.name}.{os.getpid()}.part")
        with _source(voicemail) as source, clear_errors(self._folder):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            try:
                with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as copy:
                    digest = _copied(source, copy)
                    copy.flush()
                    os.fsync(copy.fileno())
                if digest != voicemail.recording.sha256:
                    raise BadRecording("the recording was changed while it was copied", voicemail_id=voicemail.id)
                half.rename(kept)
                sync_folder(self._folder)
            except FileNotFoundError:
                # Another process has kept this recording meanwhile, and has cleared our half of it away.
                if _digest_if_there(kept) != voicemail.recording.sha256:
                    raise
            finally:
                half.unlink(missing_ok=True)
            for abandoned in self._folder.glob(f".{kept.name}.*.part"):
                abandoned.unlink(missing_ok=True)


def name_of(voicemail_id: str) -> str:
    """The file name of a kept recording: the id itself where that is harmless, a hash of it otherwise."""
    if _SAFE_ID.fullmatch(voicemail_id):
        return f"{voicemail_id}.wav"
    return f"id-{hashlib.sha256(voicemail_id.encode()).hexdigest()[:40]}.wav"


def _source(voicemail: Voicemail) -> BinaryIO:
    recording: Recording = voicemail.recording
    try:
        return open_regular(Path(recording.path))
    except OSError as error:
        raise BadRecording(
            f"the recording {Path(recording.path).name} cannot be read any more: {error.strerror}",
            voicemail_id=voicemail.id,
        ) from error


def _copied(source: BinaryIO, copy: BinaryIO) -> str:
    digest = hashlib.sha256()
    while block := source.read(BLOCK_BYTES):
        digest.update(block)
        copy.write(block)
    return digest.hexdigest()


def _digest_if_there(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return None
