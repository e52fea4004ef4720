"""The local Amazon Connect around a call: keeps contacts, audio and recordings, and tells AWS what the call left."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol

from scv_emulator.clock import Clock
from scv_emulator.connect.contact_records import contact_event, contact_record
from scv_emulator.connect.contacts import Contacts
from scv_emulator.connect.ports import SAMPLE_RATE_HZ, SimulatedContact
from scv_emulator.connect.recordings import recording_entry, recording_key, recording_wav
from scv_emulator.connect.s3_prompts import pcm_of_prompt
from scv_emulator.connect.video_streams import VideoStream, VideoStreams


class Surroundings(Protocol):
    """What Amazon Connect uses of AWS."""

    def put_object(self, bucket: str, key: str, content: bytes) -> None:
        """Write into S3."""
        ...

    def get_object(self, bucket: str, key: str) -> bytes:
        """Read from S3; LookupError when it is not there."""
        ...

    def call_function(self, arn: str, event: Mapping[str, Any], *, at: datetime, limit_seconds: float) -> Any:
        """A function's answer; raises FunctionFailed."""
        ...

    def put_contact_record(self, record: bytes, *, partition_key: str) -> None:
        """Append to the instance's data stream."""
        ...

    def put_event(self, source: str, detail_type: str, detail: Mapping[str, Any]) -> None:
        """Send to the account's event bus."""
        ...

    def later(self, hop: str, what: str, deliver: Callable[[], None], *, after_seconds: float) -> None:
        """Do something when the time has come; the hop can be disturbed."""
        ...


class LocalConnect:
    """An Amazon Connect instance; the `World` of simulated calls.

    The clock follows the calls: it is moved to every moment that a call reaches and never back.
    Knobs: `recording_after_seconds` and `record_after_seconds` (how long after the call the WAV and the contact record
    arrive, so also their order), `stereo`, `record_milliseconds` (times of the contact record with milliseconds).
    """

    def __init__(
        self,
        *,
        contacts: Contacts,
        streams: VideoStreams,
        surroundings: Surroundings,
        clock: Clock,
        alias: str,
        bucket: str,
    ) -> None:
        self.contacts = contacts
        self.streams = streams
        self.recording_after_seconds = 0.0
        self.record_after_seconds = 0.0
        self.stereo = False
        self.record_milliseconds = False
        self._surroundings = surroundings
        self._clock = clock
        self._alias = alias
        self._bucket = bucket
        self._open: dict[str, tuple[VideoStream, datetime, int]] = {}
        self._stretches: dict[str, list[tuple[datetime, bytes, bytes]]] = {}

    # ------------------------------------------------------------------------------------------- during the call

    def contact_began(self, contact: SimulatedContact) -> None:
        """The contact exists from now on."""
        self._reach(contact.began_at)
        self.contacts.add(contact)
        self._tell(contact, "INITIATED", at=contact.began_at)

    def contact_changed(self, contact: SimulatedContact, *, at: datetime) -> None:
        """Attributes, queue or agent have changed; the store holds the same object."""
        self._reach(at)
        contact.updated_at = at

    def invoke(
        self, function_arn: str, event: Mapping[str, Any], *, at: datetime, limit_seconds: float
    ) -> Mapping[str, Any]:
        """The function's answer; raises FunctionFailed."""
        self._reach(at)
        answer = self._surroundings.call_function(function_arn, event, at=at, limit_seconds=limit_seconds)
        return answer if isinstance(answer, Mapping) else {}

    def prompt(self, uri: str) -> bytes:
        """The PCM of a WAV in S3: `s3://bucket/key` or `https://bucket.s3….amazonaws.com/key`."""
        scheme, _, rest = uri.partition("://")
        host, _, key = rest.partition("/")
        if scheme not in {"s3", "https"} or not key:
            raise LookupError("a prompt's address names a bucket and a key")
        bucket = host if scheme == "s3" else host.partition(".s3")[0]
        try:
            return pcm_of_prompt(self._surroundings.get_object(bucket, key))
        except ValueError as error:
            raise LookupError(str(error)) from error

    def stream_opened(self, contact: SimulatedContact, *, at: datetime) -> None:
        """Media streaming is on."""
        self._reach(at)
        stream, number = self.streams.open(contact.contact_id, at=at)
        self._open[contact.contact_id] = (stream, at, number)
        contact.stream_arn = stream.arn
        contact.stream_began_at = at
        contact.stream_start_fragment = str(number)

    def streamed(self, contact: SimulatedContact, *, at: datetime, customer: bytes, system: bytes) -> None:
        """So much was heard."""
        self._reach(at + timedelta(seconds=len(customer) / 2 / SAMPLE_RATE_HZ))
        self.streams.write(self._open[contact.contact_id][0], at=at, customer=customer, system=system)

    def stream_closed(self, contact: SimulatedContact, *, at: datetime) -> None:
        """Media streaming is off: the recordings name what was streamed."""
        self._reach(at)
        stream, began, first = self._open.pop(contact.contact_id)
        self.streams.close(stream)
        written = [one.number for one in stream.fragments if one.contact_id == contact.contact_id]
        contact.recordings.append(
            {
                "DeletionReason": None,
                "FragmentStartNumber": str(first),
                "FragmentStopNumber": str(max(written, default=first)),
                "Location": stream.arn,
                "MediaStreamType": "AUDIO",
                "ParticipantType": "CUSTOMER",
                "StartTimestamp": began,
                "Status": "AVAILABLE",
                "StopTimestamp": at,
                "StorageType": "KINESIS_VIDEO_STREAM",
            }
        )

    def recorded(self, contact: SimulatedContact, *, began_at: datetime, customer: bytes, system: bytes) -> None:
        """A stretch of automated interaction recording."""
        self._reach(began_at + timedelta(seconds=len(customer) / 2 / SAMPLE_RATE_HZ))
        self._stretches.setdefault(contact.contact_id, []).append((began_at, customer, system))

    # -------------------------------------------------------------------------------------------- after the call

    def contact_ended(self, contact: SimulatedContact) -> None:
        """The call is over: recording, contact record and contact event are on their way."""
        over = contact.disconnected_at or self._clock.now()
        contact.disconnected_at = contact.updated_at = over
        self._reach(over)
        if contact.contact_id in self._open:
            self.stream_closed(contact, at=over)
        if stretches := self._stretches.pop(contact.contact_id, []):
            self._store_recording(contact, stretches)
        self._tell(contact, "DISCONNECTED", at=over)
        self.send_record(contact, after_seconds=self.record_after_seconds)

    def send_record(self, contact: SimulatedContact, *, after_seconds: float = 0.0) -> None:
        """Put the contact record into the data stream, as it is now."""
        record = json.dumps(contact_record(contact, milliseconds=self.record_milliseconds)).encode()
        self._surroundings.later(
            "contact-record",
            contact.contact_id,
            lambda: self._surroundings.put_contact_record(record, partition_key=contact.contact_id),
            after_seconds=after_seconds,
        )

    def _store_recording(self, contact: SimulatedContact, stretches: list[tuple[datetime, bytes, bytes]]) -> None:
        began = stretches[0][0]
        last_began, customer, _ = stretches[-1]
        key = recording_key(alias=self._alias, contact_id=contact.contact_id, began_at=began)
        ended = last_began + timedelta(seconds=len(customer) / 2 / SAMPLE_RATE_HZ)
        contact.recordings.append(recording_entry(f"{self._bucket}/{key}", began_at=began, ended_at=ended))
        wav = recording_wav([(one, other) for _, one, other in stretches], stereo=self.stereo)
        self._surroundings.later(
            "recording",
            contact.contact_id,
            lambda: self._surroundings.put_object(self._bucket, key, wav),
            after_seconds=self.recording_after_seconds,
        )

    def _tell(self, contact: SimulatedContact, event_type: str, *, at: datetime) -> None:
        detail = contact_event(contact, event_type, at=at)
        self._surroundings.put_event("aws.connect", "Amazon Connect Contact Event", detail)

    def _reach(self, moment: datetime) -> None:
        if moment > self._clock.now():
            self._clock.set(moment)
