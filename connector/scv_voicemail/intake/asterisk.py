"""The voicemail spool of Asterisk and FreePBX, read where it lies.

`app_voicemail` records into `CONTEXT/MAILBOX/tmp` and, when the caller has hung up, renames the audio and then its text
file to `INBOX/msgNNNN.*` under a lock. It numbers messages anew whenever one is deleted, so a file name says nothing
about which message it is: `msg_id` does.
"""

from __future__ import annotations

import contextlib
import fcntl
import math
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TypeVar

from scv_voicemail import audio
from scv_voicemail.errors import BadRecording, BadVoicemail
from scv_voicemail.intake.durable import clear_errors, listed
from scv_voicemail.intake.single import derived_id, read_voicemail, utc_now
from scv_voicemail.intake.unfinished import GRACE_SECONDS, SETTLE_SECONDS, quiet_seconds, read_unless_unfinished
from scv_voicemail.phone_numbers import to_e164
from scv_voicemail.ports import Arrival, Clock
from scv_voicemail.voicemail import Mailbox, Voicemail

_Value = TypeVar("_Value")

_MESSAGE = re.compile(r"msg\d{4,}\.txt")
_FOLDERS = ("INBOX", "Urgent")
PLAIN = (".wav", ".wav16")
"""Names under which Asterisk writes plain PCM in a WAV file, with 8,000 and 16,000 samples a second."""

_FORMAT_FIX = "add wav to `format=` in voicemail.conf, for example `format=wav49|wav`, and reload app_voicemail"

_Identity = tuple[tuple[int, int, int, int], ...]
"""Device, inode, time of change and size of text and audio: the same through every renumbering."""


@dataclass(frozen=True, slots=True)
class _Message:
    context: str
    mailbox: str
    text: Path
    audio: Path

    @property
    def name(self) -> str:
        return f"{self.mailbox}@{self.context}/{self.text.parent.name}/{self.text.stem}"

    def identity(self) -> _Identity | None:
        """Which message lies under this name at the moment; None when none does."""
        try:
            found = [path.lstat() for path in (self.text, self.audio)]
        except FileNotFoundError:
            return None
        return tuple((one.st_dev, one.st_ino, one.st_mtime_ns, one.st_size) for one in found)


@dataclass(frozen=True, slots=True)
class _Verdict:
    name: str
    reason: str


class AsteriskSpool:
    """Takes the messages in INBOX and Urgent of every mailbox.

        AsteriskSpool("/var/spool/asterisk/voicemail", default_region="US", default_dialed_number="+18005550100")

    Nothing in the spool is changed, so that phones and message lamps go on working; which messages were taken the
    journal knows. With `remove_taken`, taken messages are deleted under Asterisk's own lock, which keeps mailboxes from
    running full. Unusable messages always stay; `unusable` says why.

    A mailbox number is no number that somebody can dial from outside. The dialed number is, in this order:
    `dialed_numbers` of `MAILBOX@CONTEXT` or `MAILBOX`; `rdnis` or `exten` of the message, if they are phone numbers;
    `default_dialed_number`. `mailboxes` says, under the same keys, which queue or rep a mailbox belongs to.
    """

    def __init__(
        self,
        folder: str | Path,
        *,
        default_region: str = "",
        dialed_numbers: Mapping[str, str] | None = None,
        default_dialed_number: str = "",
        mailboxes: Mapping[str, Mailbox] | None = None,
        remove_taken: bool = False,
        settle_seconds: float = SETTLE_SECONDS,
        grace_seconds: float = GRACE_SECONDS,
        max_bytes: int = audio.DEFAULT_MAX_BYTES,
        clock: Clock = utc_now,
    ) -> None:
        self._folder = Path(folder)
        self._default_region = default_region
        self._dialed_numbers = dict(dialed_numbers or {})
        self._default_dialed_number = default_dialed_number
        self._mailboxes = dict(mailboxes or {})
        self._remove_taken = remove_taken
        self._settle_seconds = settle_seconds
        self._grace_seconds = grace_seconds
        self._max_bytes = max_bytes
        self._clock = clock
        self._settled: dict[_Identity, _Verdict] = {}
        self.name = f"asterisk {self._folder}"

    @property
    def unusable(self) -> dict[str, str]:
        """The messages that were set aside, as MAILBOX@CONTEXT/INBOX/msgNNNN, and why."""
        return {verdict.name: verdict.reason for verdict in self._settled.values() if verdict.reason}

    def pending(self) -> Iterator[Arrival]:
        """The complete messages that this object has not settled before."""
        there: set[_Identity] = set()
        for message in self._messages():
            identity = message.identity()
            if identity is None:
                continue  # deleted or renumbered just now: the next look finds it
            there.add(identity)
            quiet = quiet_seconds([message.text, message.audio], now=self._clock())
            if identity in self._settled or quiet < self._settle_seconds:
                continue
            read = read_unless_unfinished(partial(self._read, message), quiet=quiet, grace_seconds=self._grace_seconds)
            # When Asterisk has renumbered meanwhile, text and audio are of two different callers.
            if read is not None and message.identity() == identity:
                yield Arrival(
                    name=message.name,
                    read=read,
                    taken=partial(self._take, message, identity),
                    set_aside=partial(self._set_aside, message, identity),
                )
        self._settled = {one: verdict for one, verdict in self._settled.items() if one in there}

    def _messages(self) -> Iterator[_Message]:
        # FreePBX links every mailbox a second time, from the context "device": links are not followed.
        for context in _folders_in(self._folder):
            for mailbox in _folders_in(context):
                for folder in (mailbox / name for name in _FOLDERS):
                    if folder.is_dir() and not folder.is_symlink() and not self._is_locked(folder):
                        yield from _messages_in(folder, context.name, mailbox.name)

    def _is_locked(self, folder: Path) -> bool:
        """Whether Asterisk is renaming in there; a lock older than the grace is one that a crash has left."""
        return -math.inf < quiet_seconds([folder / ".lock"], now=self._clock()) < self._grace_seconds

    def _read(self, message: _Message, *, accept_cut: bool) -> Voicemail:
        fields = _fields(message.text)
        if message.audio.suffix not in PLAIN:
            raise BadRecording(f"{message.name} was recorded as {message.audio.suffix} only", fix=_FORMAT_FIX)
        if "duration" not in fields:
            # The last line, written when the caller has hung up; after a crash in mid-call it never comes.
            quiet = quiet_seconds([message.text, message.audio], now=self._clock())
            if quiet < self._grace_seconds:
                raise BadVoicemail(f"{message.name} is still being recorded", code="truncated")
        voicemail = read_voicemail(
            message.audio,
            caller=fields.get("callerid"),
            dialed_number=self._dialed_number(message, fields),
            default_region=self._default_region,
            received_at=_origtime(fields),
            mailbox=self._of_mailbox(self._mailboxes, message),
            source="asterisk",
            accept_cut=accept_cut,
            max_bytes=self._max_bytes,
            clock=self._clock,
        )
        # msg_id counts from zero after every restart of Asterisk, so it needs company to be unique.
        key = fields.get("msg_id") or f"{fields.get('origtime')} {fields.get('callerchan')}"
        identity = ("asterisk", message.context, message.mailbox, key, voicemail.recording.sha256)
        return replace(voicemail, id=derived_id(*identity), former_ids=())

    def _dialed_number(self, message: _Message, fields: Mapping[str, str]) -> str:
        if mapped := self._of_mailbox(self._dialed_numbers, message):
            return mapped
        for name in ("rdnis", "exten"):
            with contextlib.suppress(BadVoicemail):  # an extension, "s" or "unknown": no number from outside
                return to_e164(fields.get(name, ""), default_region=self._default_region)
        if self._default_dialed_number:
            return self._default_dialed_number
        raise BadVoicemail(
            f"nothing says which number was dialed for mailbox {message.mailbox}@{message.context}",
            fix="map the mailbox to its dialed number, or set a default dialed number",
        )

    @staticmethod
    def _of_mailbox(mapping: Mapping[str, _Value], message: _Message) -> _Value | None:
        return mapping.get(f"{message.mailbox}@{message.context}") or mapping.get(message.mailbox)

    def _take(self, message: _Message, identity: _Identity) -> None:
        if self._remove_taken and not _remove(message, identity):
            return  # Asterisk holds the lock: it comes up again, and the journal will know it
        self._settled[identity] = _Verdict(message.name, "")

    def _set_aside(self, message: _Message, identity: _Identity, reason: str) -> None:
        # Only while it still lies there: what went wrong may have been that Asterisk took it away.
        if message.identity() == identity:
            self._settled[identity] = _Verdict(message.name, reason)


def _folders_in(folder: Path) -> list[Path]:
    return [folder / entry.name for entry in listed(folder) if entry.is_dir(follow_symlinks=False)]


def _messages_in(folder: Path, context: str, mailbox: str) -> Iterator[_Message]:
    names = {entry.name for entry in listed(folder) if entry.is_file(follow_symlinks=False)}
    for text in sorted(name for name in names if _MESSAGE.fullmatch(name)):
        stem = text.removesuffix(".txt")
        # In the spool, .WAV is not .wav but GSM 06.10 in a WAV file ("wav49").
        for suffix in (*PLAIN, ".WAV", ".gsm", ".ulaw", ".alaw", ".g722", ".ogg"):
            if stem + suffix in names:
                yield _Message(context, mailbox, folder / text, folder / (stem + suffix))
                break


def _fields(text: Path) -> dict[str, str]:
    """The first value of every key. No INI parser: caller ids hold what those take for their own."""
    try:
        lines = text.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        raise BadVoicemail(f"{text.name} cannot be read: {error.strerror}", code="truncated") from error
    fields: dict[str, str] = {}
    for line in lines:
        key, equals, value = line.partition("=")
        if equals and not line.startswith(";"):
            fields.setdefault(key.strip(), value.strip())
    return fields


def _origtime(fields: Mapping[str, str]) -> datetime | None:
    """When the recording began; None, and with it the file's own time, when the text does not say."""
    try:
        return datetime.fromtimestamp(int(fields["origtime"]), UTC)
    except (KeyError, ValueError, OverflowError, OSError):
        return None


def _remove(message: _Message, identity: _Identity) -> bool:
    """Delete a message in all its formats, as Asterisk would: under the lock of the folder. False if that is taken."""
    folder = message.text.parent
    lock = folder / ".lock"
    with clear_errors(folder):
        try:
            # Asterisk locks either by the existence of this file or by flock on it, as asterisk.conf says.
            descriptor = os.open(lock, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        except FileExistsError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if message.identity() == identity:
                for file in (message.text, *folder.glob(f"{message.text.stem}.*")):
                    file.unlink(missing_ok=True)
            return True
        finally:
            lock.unlink(missing_ok=True)
            os.close(descriptor)
