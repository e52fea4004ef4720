"""Makes voicemails of what Amazon Connect leaves behind: recordings in S3, and contact records with their streams."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from urllib.parse import unquote

from scv_voicemail.aws.contacts import Contact, ContactReader, ContactRecording
from scv_voicemail.aws.failures import NOT_THERE
from scv_voicemail.aws.media import MediaReader
from scv_voicemail.aws.objects import ObjectStore
from scv_voicemail.errors import BadRecording, Rejected, Unavailable
from scv_voicemail.intake.call_facts import CallFacts
from scv_voicemail.intake.contact_attributes import Wishes
from scv_voicemail.intake.judgement import ivr_recordings, no_voicemail, right_one, streams, wishes_of
from scv_voicemail.intake.kinesis_video import StreamedAudio, write_customer_audio
from scv_voicemail.intake.message_audio import ENOUGH_SECONDS, Message, cut_out
from scv_voicemail.intake.outcome import Ignored, IgnoredReason, Intake, ShortMessages, ShortPolicy, Taken
from scv_voicemail.intake.s3_events import contact_id_of
from scv_voicemail.intake.s3_recordings import Kept, S3Recordings
from scv_voicemail.intake.wav_writing import wav_of_samples
from scv_voicemail.voicemail import Recording, Voicemail

__all__ = ["AmazonConnectIntake", "Ignored", "IgnoredReason", "Intake", "ShortMessages", "ShortPolicy", "Taken"]

SOURCE = "amazon-connect"
MAX_BYTES = 200 * 1024 * 1024
"""The largest recording that is read. It lies on disk twice while it is cut, and a Lambda has 512 MB by default."""

_FOLDER = "scv-voicemail-"
_ABANDONED_SECONDS = 3600
"""No invocation of a Lambda lives so long: 15 minutes at most."""


class AmazonConnectIntake:
    """Three ways in, one voicemail: its id is the contact's, and its recording is the one that was kept first.

        intake = AmazonConnectIntake(contacts=contacts, objects=objects, media=media, recordings=recordings)
        match intake.of_recording(bucket, key): ...

    Every way may be taken any number of times, at once, and in any order. Nothing of one call outlives the method.
    While `patient`, what Connect has not said yet (`Unavailable`) is worth waiting for; after that it does without.
    `queues` and `reps` are those of Salesforce by the names they have in Amazon Connect; other names stay as they are.
    Contacts that began before `not_before` are another system's. `folder` is where files lie while they are cut, by
    default the system's; two copies of one recording at most.
    """

    def __init__(
        self,
        *,
        contacts: ContactReader,
        objects: ObjectStore,
        media: MediaReader,
        recordings: S3Recordings,
        short: ShortMessages | None = None,
        queues: Mapping[str, str] | None = None,
        reps: Mapping[str, str] | None = None,
        default_region: str = "",
        default_dialed_number: str = "",
        not_before: datetime | None = None,
        folder: Path | None = None,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        self._contacts = contacts
        self._objects = objects
        self._media = media
        self._recordings = recordings
        self._short = short or ShortMessages()
        self._facts = CallFacts(
            contacts,
            queues=queues or {},
            reps=reps or {},
            default_region=default_region,
            default_dialed_number=default_dialed_number,
        )
        self._not_before = not_before
        self._folder = folder
        self._max_bytes = max_bytes

    # -------------------------------------------------------------------------------------------- the three ways in

    def of_recording(self, bucket: str, key: str, *, patient: bool = True) -> Intake:
        """The voicemail in a recording of an automated interaction that Connect has written to S3."""
        contact_id = contact_id_of(key)
        if contact_id is None:
            return Ignored(reason=IgnoredReason.FOREIGN_OBJECT)
        contact = self._contact(contact_id, patient=patient)
        if contact is None:
            return Ignored(reason=IgnoredReason.UNKNOWN_CONTACT, contact_id=contact_id)
        wishes = wishes_of(contact)
        return replace(self._by_recording(contact, wishes, bucket, key, patient=patient), beep_at=wishes.began_at)

    def of_contact_record(self, contact: Contact, *, patient: bool = True) -> Intake:
        """The voicemail that a contact record tells of, in its IVR recording if that is there, else in its stream.

        While `patient`, a stream that ends too early is `Unavailable`; after that what there is of it is a message.
        """
        wishes = wishes_of(contact)
        return replace(self._by_record(contact, wishes, patient=patient), beep_at=wishes.began_at)

    def _by_recording(self, contact: Contact, wishes: Wishes, bucket: str, key: str, *, patient: bool) -> Intake:
        if reason := self._not_ours(contact, wishes):
            return Ignored(reason=reason, contact_id=contact.id)
        if wishes.source == "kvs":
            return Ignored(reason=IgnoredReason.OTHER_WAY, contact_id=contact.id)
        return self._kept(contact, wishes) or self._of_ivr(contact, wishes, bucket, key, patient=patient)

    def _by_record(self, contact: Contact, wishes: Wishes, *, patient: bool) -> Intake:
        if reason := self._not_ours(contact, wishes):
            return Ignored(reason=reason, contact_id=contact.id)
        if kept := self._kept(contact, wishes):
            return kept
        ivr = None if wishes.source == "kvs" else right_one(ivr_recordings(contact), wishes)
        if ivr is not None:
            bucket, _, key = unquote(ivr.location).partition("/")
            if key and self._objects.head(bucket, key) is not None:
                return self._of_ivr(contact, wishes, bucket, key, patient=False)
        stream = right_one(streams(contact), wishes)
        if stream is not None:
            # Also while the IVR recording is on its way: who knows whether it arrives, and the first one kept stays.
            return self._of_stream(contact, wishes, stream, patient=patient)
        reason = IgnoredReason.OTHER_WAY if ivr else IgnoredReason.NO_RECORDING
        return Ignored(reason=reason, contact_id=contact.id)

    def of_kept_recording(self, key: str) -> Intake:
        """The voicemail of a recording that is kept already, after a crash between keeping and writing down.

        That it is a voicemail was found out before it was kept, and is not asked again.
        """
        voicemail_id = self._recordings.id_of(key)
        kept = self._recordings.kept(voicemail_id) if voicemail_id else None
        if voicemail_id is None or kept is None or kept.source != SOURCE:
            return Ignored(reason=IgnoredReason.FOREIGN_OBJECT)
        contact = self._contacts.contact(voicemail_id)
        wishes = wishes_of(contact)
        return replace(self._taken(contact, wishes, kept), beep_at=wishes.began_at)

    def _not_ours(self, contact: Contact, wishes: Wishes) -> IgnoredReason | None:
        if reason := no_voicemail(contact, wishes):
            return reason
        is_early = self._not_before and contact.began_at and contact.began_at < self._not_before
        return IgnoredReason.BEFORE_OURS if is_early else None

    # ------------------------------------------------------------------------------------------------- what is heard

    def _of_ivr(self, contact: Contact, wishes: Wishes, bucket: str, key: str, *, patient: bool) -> Intake:
        entries = ivr_recordings(contact)
        # The name of a recording has no seconds: several entries may have the same file.
        of_this_file = [one for one in entries if unquote(one.location) == f"{bucket}/{key}"]
        here = right_one(entries, wishes) if of_this_file else None
        if here is not None and here not in of_this_file:
            return Ignored(reason=IgnoredReason.OTHER_WAY, contact_id=contact.id)
        if (here is None or here.started_at is None) and wishes.began_at is not None and patient:
            raise Unavailable("Connect does not say yet when the recording began", service="connect")
        if here is None and len(entries) == 1:
            here = entries[0]
        recorded_at = here.started_at if here else None
        with self._workspace() as folder:
            source = folder / "recording.wav"
            with source.open("wb") as file:
                self._objects.download(bucket, key, file, max_bytes=self._max_bytes)
            try:
                message = self._cut(source, folder, recorded_at, wishes)
            except BadRecording as error:
                return _empty(error, contact)
            if message.is_misdated and patient:
                # Most likely a message that the caller deleted, and Connect does not list the one left later yet.
                raise Unavailable("this recording ends before the message begins", service="connect")
            return self._store(contact, wishes, message)

    def _of_stream(self, contact: Contact, wishes: Wishes, stream: ContactRecording, *, patient: bool) -> Intake:
        with self._workspace() as folder:
            samples, source = folder / "samples.pcm", folder / "recording.wav"
            try:
                heard = self._listen(contact, stream, samples, patient=patient)
                wav_of_samples(samples, source, sample_rate_hz=heard.sample_rate_hz)
                samples.unlink()
                message = self._cut(source, folder, heard.began_at, wishes)
            except BadRecording as error:
                return _empty(error, contact)
            return self._store(contact, wishes, message)

    def _listen(self, contact: Contact, stream: ContactRecording, samples: Path, *, patient: bool) -> StreamedAudio:
        since = stream.started_at or contact.began_at
        with samples.open("wb") as out, self._media.open(stream.location, since=since) as chunks:
            return write_customer_audio(
                chunks,
                out,
                contact_id=contact.id,
                start_number=stream.start_fragment,
                stop_number=stream.stop_fragment,
                whole=patient,
            )

    def _cut(self, source: Path, folder: Path, recorded_at: datetime | None, wishes: Wishes) -> Message:
        return cut_out(
            source,
            folder,
            recorded_at=recorded_at,
            began_at=wishes.began_at,
            ended_at=wishes.ended_at,
            enough_seconds=max(ENOUGH_SECONDS, self._short.seconds),
        )

    def _store(self, contact: Contact, wishes: Wishes, message: Message) -> Intake:
        measured = Recording(
            path=str(message.path),
            duration_seconds=message.facts.duration_seconds,
            size_bytes=message.facts.size_bytes,
            sha256=message.facts.sha256,
        )
        began_at = message.began_at or contact.began_at
        voicemail, notes = self._facts.voicemail(contact, wishes, recording=measured, started_at=began_at)
        kept = self._recordings.store(replace(voicemail, source=SOURCE), speech_seconds=message.speech_seconds)
        return self._judged(voicemail, kept, (*message.notes, *notes))

    # ------------------------------------------------------------------------------------------- what becomes of it

    def _kept(self, contact: Contact, wishes: Wishes) -> Taken | None:
        """The voicemail, if its recording is kept already: nothing is read and cut twice."""
        kept = self._recordings.kept(contact.id)
        return self._taken(contact, wishes, kept) if kept else None

    def _taken(self, contact: Contact, wishes: Wishes, kept: Kept) -> Taken:
        voicemail, notes = self._facts.voicemail(contact, wishes, recording=kept.recording, started_at=kept.started_at)
        return self._judged(voicemail, kept, notes)

    def _judged(self, voicemail: Voicemail, kept: Kept, notes: tuple[str, ...]) -> Taken:
        voicemail = replace(voicemail, recording=kept.recording, started_at=kept.started_at, source=SOURCE)
        speech = kept.speech_seconds
        if speech is None or (speech >= self._short.seconds and speech > 0):
            return Taken(voicemail=voicemail, deliver=True, notes=notes)
        notes = (*notes, f"only {speech:.1f} s of speech")
        if self._short.policy is ShortPolicy.LOW_PRIORITY:
            return Taken(voicemail=replace(voicemail, priority="Low"), deliver=True, notes=notes)
        return Taken(voicemail=voicemail, deliver=self._short.policy is ShortPolicy.DELIVER, notes=notes)

    # ------------------------------------------------------------------------------------------------------- inside

    def _contact(self, contact_id: str, *, patient: bool) -> Contact | None:
        try:
            return self._contacts.contact(contact_id)
        except Rejected as error:
            if error.code not in NOT_THERE:
                raise
            if patient:
                raise Unavailable("the contact is not known yet", service="connect", voicemail_id=contact_id) from error
            return None

    @contextmanager
    def _workspace(self) -> Iterator[Path]:
        """A folder that is gone afterwards, and so are those that killed processes left behind."""
        with tempfile.TemporaryDirectory(prefix=_FOLDER, dir=self._folder) as folder:
            # As old as the file system says: another process's idea of the time must not cost this one its files.
            now = Path(folder).stat().st_mtime
            for left in Path(folder).parent.glob(f"{_FOLDER}*"):
                with suppress(FileNotFoundError):  # somebody else was faster
                    if left.is_dir() and left.stat().st_mtime < now - _ABANDONED_SECONDS:
                        shutil.rmtree(left, ignore_errors=True)
            yield Path(folder)


def _empty(error: BadRecording, contact: Contact) -> Ignored:
    if error.code != "empty":
        raise error
    return Ignored(reason=IgnoredReason.EMPTY, contact_id=contact.id)
