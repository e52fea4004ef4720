"""The place in S3 where the connector keeps recordings: the first writer of a voicemail wins, for good."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from scv_voicemail import audio
from scv_voicemail.aws.objects import ObjectStore, StoredObject
from scv_voicemail.errors import BadRecording, SettingsInvalid, Unavailable
from scv_voicemail.intake.recordings import LONGEST_NAME, check_location, name_of
from scv_voicemail.voicemail import Recording, Voicemail

CONTENT_TYPE = "audio/x-wav"
DEFAULT_LOCATION = "{bucket}/{key}"
"""What Salesforce's own functions write into a VoiceCall: its player knows the bucket from the contact center."""

_DIGEST, _DURATION, _STARTED, _SPEECH, _SOURCE = "sha256", "duration-seconds", "started-at", "speech-seconds", "source"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A recording that is kept, and what was found out about it when it was; `speech_seconds` None: not looked at."""

    recording: Recording
    started_at: datetime
    speech_seconds: float | None = None
    source: str = ""


class S3Recordings:
    """Keeps recordings as `s3://BUCKET/PREFIX/NAME.wav`, with what was measured in the object's metadata.

        recordings = S3Recordings(ObjectStore(client), "bucket", "voicemail_recordings")

    `location` is what Salesforce is told about a recording: a template with {name}, {bucket}, {key}.

    Two events of one voicemail, from the same way into the connector or from two, never mix:

        A ── cuts ── puts ✓ ───────────── writes A's voicemail down
        B ──────── cuts ── puts: there! ── reads A's facts ── writes A's voicemail down, or finds it known

    A crash after the put leaves a recording without a voicemail; whoever comes next takes it up from the metadata.
    """

    def __init__(
        self, objects: ObjectStore, bucket: str, prefix: str, *, location: str = "", allow_plain_http: bool = False
    ) -> None:
        self._objects = objects
        self.bucket = bucket
        self.prefix = prefix.strip("/")
        self._location = location or DEFAULT_LOCATION
        if "{name}" not in self._location and "{key}" not in self._location:
            raise SettingsInvalid("the recording location has no {name}: all recordings would have one address")
        if location:
            check_location(self._filled(f"{self.prefix}/{'x' * LONGEST_NAME}"), allow_plain_http=allow_plain_http)

    def keep(self, voicemail: Voicemail) -> Voicemail:
        """The voicemail, pointing at its place here. One that is here already passes, a file of this machine is stored.

        Where another recording lies under this id, it is stored beside that one, under its sha256. Raises
        `BadRecording` when the file is not what was measured.
        """
        path = voicemail.recording.path
        if path in (self._path(self._key(voicemail.id, beside=beside)) for beside in ("", voicemail.recording.sha256)):
            return voicemail
        if path.startswith("s3://"):
            raise BadRecording(f"{path} is not where recordings are kept", voicemail_id=voicemail.id)
        if audio.measure(path, accept_cut=True).sha256 != voicemail.recording.sha256:
            raise BadRecording("the recording was changed since it was measured", voicemail_id=voicemail.id)
        own = self._key(voicemail.id)
        if not self._put(own, voicemail) and self._digest_at(own) != voicemail.recording.sha256:
            # Another recording lies under this id. Whether that is a voicemail the journal decides; ours goes beside.
            own = self._key(voicemail.id, beside=voicemail.recording.sha256)
            self._put(own, voicemail)
        return replace(voicemail, recording=self._placed(voicemail.recording, own))

    def settle(self, known: Voicemail, kept: Voicemail) -> list[str]:
        """Once the journal has decided for `known`: what lies under its id and nobody knows. Nothing is deleted."""
        own, lost = self._path(self._key(known.id)), kept.recording.path
        return sorted({own, lost} - {known.recording.path}) if known.recording.path.startswith("s3://") else []

    def put_back(self, known: Voicemail, again: Voicemail) -> None:
        """Store the recording of a known voicemail anew, where it is gone and the same one is handed in again."""
        key = known.recording.path.removeprefix(f"s3://{self.bucket}/")
        is_here = self._path(key) == known.recording.path and not again.recording.path.startswith("s3://")
        if is_here and again.recording.sha256 == known.recording.sha256:
            self._put(key, replace(again, id=known.id))

    def store(self, voicemail: Voicemail, *, speech_seconds: float | None = None) -> Kept:
        """Write the voicemail's file, unless one is here already; what is here now, whoever wrote it."""
        key = self._key(voicemail.id)
        if not self._put(key, voicemail, speech_seconds=speech_seconds):
            kept = self.kept(voicemail.id)
            if kept is None:
                raise Unavailable("the recording was there and is gone again", service="s3", voicemail_id=voicemail.id)
            return kept
        return Kept(
            recording=self._placed(voicemail.recording, key),
            started_at=voicemail.started_at,
            speech_seconds=speech_seconds,
            source=voicemail.source,
        )

    def kept(self, voicemail_id: str) -> Kept | None:
        """The recording that is kept of this voicemail, by one small request; None when there is none."""
        found = self._objects.head(self.bucket, self._key(voicemail_id))
        return None if found is None else self._read(found)

    def id_of(self, key: str) -> str | None:
        """The voicemail whose recording lies under this key, if ids that are no contacts' do not matter."""
        folder, _, name = key.rpartition("/")
        stem = name.removesuffix(".wav")
        return stem if folder == self.prefix and self._key(stem) == key else None

    def _put(self, key: str, voicemail: Voicemail, *, speech_seconds: float | None = None) -> bool:
        """Write the voicemail's file where nothing is yet; False when something is there, which then stays."""
        measured = voicemail.recording
        metadata = {
            _DIGEST: measured.sha256,
            _DURATION: repr(measured.duration_seconds),
            _STARTED: voicemail.started_at.astimezone(UTC).isoformat(),
            _SOURCE: voicemail.source,
        } | ({} if speech_seconds is None else {_SPEECH: repr(speech_seconds)})
        return self._objects.put_new(
            self.bucket,
            key,
            Path(measured.path),
            content_type=CONTENT_TYPE,
            metadata=metadata,
            tags=self._tags(voicemail, key),
        )

    def _digest_at(self, key: str) -> str:
        found = self._objects.head(self.bucket, key)
        return "" if found is None else found.metadata.get(_DIGEST, "")

    def _placed(self, measured: Recording, key: str) -> Recording:
        return replace(measured, path=self._path(key), location=self._filled(key))

    def _read(self, found: StoredObject) -> Kept:
        about: Mapping[str, str] = found.metadata
        try:
            recording = Recording(
                path=self._path(found.key),
                duration_seconds=float(about[_DURATION]),
                size_bytes=found.size_bytes,
                sha256=about[_DIGEST],
                location=self._filled(found.key),
            )
            started_at, speech = datetime.fromisoformat(about[_STARTED]), about.get(_SPEECH, "")
            return Kept(
                recording=recording,
                started_at=started_at.astimezone(UTC),
                speech_seconds=float(speech) if speech else None,
                source=about.get(_SOURCE, ""),
            )
        except (KeyError, ValueError) as error:
            raise SettingsInvalid(
                f"{self._path(found.key)} was written by another system",
                fix="set SCV_VOICEMAIL_RECORDINGS_DIR to a prefix that nobody else writes to",
            ) from error

    def _tags(self, voicemail: Voicemail, key: str) -> dict[str, str]:
        """The tags that Salesforce's own functions set, for whatever a customer has built on them."""
        return {
            "vm_lang": voicemail.language,
            "vm_dialedNumber": voicemail.dialed_number,
            "vm_initTimestamp": _stamp(voicemail.started_at),
            "vm_endTimestamp": _stamp(voicemail.ended_at),
            "vm_duration": str(math.ceil(voicemail.recording.duration_seconds)),
            "vm_recordingUrl": f"{self.bucket}/{key}",
        }

    def _key(self, voicemail_id: str, *, beside: str = "") -> str:
        return f"{self.prefix}/{name_of(voicemail_id, beside=beside)}"

    def _path(self, key: str) -> str:
        return f"s3://{self.bucket}/{key}"

    def _filled(self, key: str) -> str:
        values = {"name": key.rpartition("/")[2], "bucket": self.bucket, "key": key}
        text = self._location
        for name, value in values.items():
            text = text.replace(f"{{{name}}}", value)
        return text


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
