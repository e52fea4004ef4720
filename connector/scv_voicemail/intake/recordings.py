"""The folder where the connector keeps recordings, so that nobody else's clean-up can lose one."""

from __future__ import annotations

import hashlib
import os
import re
import uuid
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO
from urllib.parse import parse_qsl, quote, urlsplit

from scv_voicemail.audio import BLOCK_BYTES, open_regular
from scv_voicemail.errors import BadRecording, SettingsInvalid, Unavailable
from scv_voicemail.intake.durable import clear_errors, link_new, sync_folder
from scv_voicemail.voicemail import Recording, Voicemail

MAX_LOCATION_CHARACTERS = 1_000
"""The limit of `recordingLocation` in Update a Voice Call Record."""

LONGEST_NAME = 128
"""At least as long as any name that `name_of` gives."""

ORPHANS = "orphans"
"""The folder beside the kept recordings for files that lay under an id and that the journal does not know."""

_BESIDE = ".SHA-"
_TRIES = 3
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

    Two different recordings under one id never mix: each has a file of its own until the journal has decided.

        A ── writes beside ── links ID.wav ─────────────────── journal: A's ✓ ── settles: B's file goes aside
        B ─────── writes beside ── ID.wav is there: links ID.SHA-….wav ─── journal: known ✗ ── settles, is refused

    A crash anywhere leaves at most a file that the journal does not know. It keeps nobody from handing in again.
    """

    def __init__(
        self,
        folder: str | Path,
        *,
        location: str = "",
        allow_plain_http: bool = False,
        link: Callable[[Path, Path], None] = os.link,
    ) -> None:
        if location:
            if "{name}" not in location:
                raise SettingsInvalid("the recording location has no {name}: all recordings would have one address")
            check_location(location.replace("{name}", "x" * LONGEST_NAME), allow_plain_http=allow_plain_http)
        self._folder = Path(folder)
        self._location = location
        self._link = link

    def keep(self, voicemail: Voicemail) -> Voicemail:
        """Copy the audio into the folder; the voicemail comes back pointing at the copy and its location.

        Safe to repeat. What lies under the id already is never touched: another recording gets another name. Raises
        `BadRecording` when the audio is not what was measured.
        """
        recording = voicemail.recording
        kept = self._folder.absolute() / name_of(voicemail.id)
        if not self._put(voicemail, kept):
            kept = kept.with_name(name_of(voicemail.id, beside=recording.sha256))
            if not self._put(voicemail, kept):
                self._set_aside(kept)  # a name made of its sha256, and it is not: the file was damaged
                self._put(voicemail, kept)
        location = self._location.replace("{name}", quote(kept.name)) or recording.location
        return replace(voicemail, recording=replace(recording, path=str(kept), location=location))

    def settle(self, known: Voicemail, kept: Voicemail) -> list[str]:
        """Once the journal has decided for `known`: what else lies under its id is moved aside; where that is now."""
        place = Path(known.recording.path)
        if place.parent != self._folder.absolute():
            return []  # kept by another connector, in a folder of its own
        own_name = name_of(known.id)
        aside: list[str] = []
        with clear_errors(self._folder):
            others = {place.with_name(own_name), Path(kept.recording.path)}
            for other in others.union(self._folder.absolute().glob(name_of(known.id, beside="*"))) - {place}:
                aside += self._set_aside(other)
            for abandoned in self._folder.glob(f".{own_name.removesuffix('.wav')}.*.part"):
                abandoned.unlink(missing_ok=True)
        return aside

    def put_back(self, known: Voicemail, again: Voicemail) -> None:
        """Keep the recording of a known voicemail anew, where it is gone or damaged and is handed in again."""
        place = Path(known.recording.path)
        if place.parent != self._folder.absolute() or again.recording.sha256 != known.recording.sha256:
            return
        if not self._put(replace(again, id=known.id), place):
            with clear_errors(self._folder):
                self._set_aside(place)
            self._put(replace(again, id=known.id), place)

    def _put(self, voicemail: Voicemail, kept: Path) -> bool:
        """Put the audio there under its final name at once or not at all; False when something else lies there."""
        digest = voicemail.recording.sha256
        with clear_errors(self._folder):
            found = _digest_if_there(kept)
        for _ in range(_TRIES):
            if found is not None:
                if found == digest:
                    sync_folder(self._folder)  # whoever linked it may have been killed before this
                return found == digest
            found = self._copy(voicemail, kept)
        raise Unavailable(f"{kept.name} is being written by others at this moment", voicemail_id=voicemail.id)

    def _copy(self, voicemail: Voicemail, kept: Path) -> str | None:
        """Write the audio beside, then link it; the digest of what lies there now. None: somebody cleared ours away."""
        half = kept.with_name(f".{kept.stem}.{os.getpid()}-{uuid.uuid4().hex[:8]}.part")
        with _source(voicemail) as source, clear_errors(self._folder):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            try:
                with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as copy:
                    digest = _copied(source, copy)
                    copy.flush()
                    os.fsync(copy.fileno())
                if digest != voicemail.recording.sha256:
                    raise BadRecording("the recording was changed while it was copied", voicemail_id=voicemail.id)
                try:
                    is_ours = link_new(half, kept, link=self._link)
                except FileNotFoundError:
                    is_ours = False
            finally:
                half.unlink(missing_ok=True)
            sync_folder(self._folder)
            return digest if is_ours else _digest_if_there(kept)

    def _set_aside(self, file: Path) -> list[str]:
        """Move a file that the journal does not know to `orphans/`, under its name and its own sha256."""
        digest = _digest_if_there(file)
        if digest is None:
            return []
        aside = file.parent / ORPHANS / f"{file.stem.partition(_BESIDE)[0]}{_BESIDE}{digest[:16]}.wav"
        aside.parent.mkdir(mode=0o700, exist_ok=True)
        try:
            file.rename(aside)
        except FileNotFoundError:
            return []  # another process has moved it in this moment
        sync_folder(aside.parent)
        sync_folder(self._folder)
        return [str(aside)]


def name_of(voicemail_id: str, *, beside: str = "") -> str:
    """The file name of a kept recording: the id itself where that is harmless, a hash of it otherwise.

    `beside` is the sha256 of a recording for whom that name was taken. No id has a name with capital letters.
    """
    plain = _SAFE_ID.fullmatch(voicemail_id)
    stem = voicemail_id if plain else f"id-{hashlib.sha256(voicemail_id.encode()).hexdigest()[:40]}"
    return f"{stem}{_BESIDE}{beside[:16]}.wav" if beside else f"{stem}.wav"


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
