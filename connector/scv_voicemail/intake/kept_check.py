"""Looks, right before a delivery, whether a kept recording is still the one that the journal knows."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime
from io import RawIOBase
from pathlib import Path

from scv_voicemail.aws.failures import NOT_THERE
from scv_voicemail.aws.objects import ObjectStore, StoredObject
from scv_voicemail.errors import RecordingAltered, RecordingGone, Rejected, Unavailable
from scv_voicemail.voicemail import Recording, Voicemail

MOST_REMEMBERED = 1_000
"""Of how many objects it is remembered that they were read; a voicemail that waits is looked at again and again."""


class KeptCheck:
    """Compares a recording on this machine or in S3 with size and sha256 of the journal.

    `objects` gives the store; it is asked when there is a recording in S3.
    """

    def __init__(self, objects: Callable[[], ObjectStore]) -> None:
        self._objects = objects
        self._read: dict[tuple[str, datetime, int], str] = {}

    def __call__(self, voicemail: Voicemail) -> None:
        """Return if it is the same. Raises `RecordingAltered`, `RecordingGone`, or why it could not be looked at."""
        recording = voicemail.recording
        try:
            digest = self._in_s3(recording) if recording.path.startswith("s3://") else _on_disk(recording)
        except FileNotFoundError:
            raise RecordingGone("the recording is not where it was kept", voicemail_id=voicemail.id) from None
        except OSError as error:
            raise Unavailable(
                f"the recording cannot be read: {error.strerror}", service="recordings", voicemail_id=voicemail.id
            ) from error
        if digest != recording.sha256:
            raise RecordingAltered(
                "the recording is not the one any more that was taken in: its content has changed",
                voicemail_id=voicemail.id,
            )

    def _in_s3(self, recording: Recording) -> str:
        bucket, _, key = recording.path.removeprefix("s3://").partition("/")
        found = self._objects().head(bucket, key)
        if found is None:
            raise FileNotFoundError(key)
        if found.size_bytes != recording.size_bytes:
            return "another size"
        version = (recording.path, found.last_modified, found.size_bytes)
        if version not in self._read:
            if len(self._read) >= MOST_REMEMBERED:
                self._read.clear()
            self._read[version] = self._digest(bucket, key, found)
        return self._read[version]

    def _digest(self, bucket: str, key: str, found: StoredObject) -> str:
        out = _Hashing()
        try:
            self._objects().download(bucket, key, out, max_bytes=found.size_bytes)  # type: ignore[arg-type]
        except Rejected as error:
            if error.code in NOT_THERE:
                raise FileNotFoundError(key) from error
            raise
        return out.digest.hexdigest()


class _Hashing(RawIOBase):
    """A file that keeps nothing but the digest of what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.digest = hashlib.sha256()

    def write(self, block: bytes) -> int:  # type: ignore[override]
        """Take the next block."""
        self.digest.update(block)
        return len(block)


def _on_disk(recording: Recording) -> str:
    with Path(recording.path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
