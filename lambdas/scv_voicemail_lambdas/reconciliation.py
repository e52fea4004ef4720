"""Looks through the recordings of the last hour for voicemails that no event has told of.

Connect's own folder tells of events that got lost on their way, ours of a worker that died before it wrote a voicemail
down. What is found takes the usual way in; what is known already is passed over by a look into the journal.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from scv_voicemail.aws.objects import StoredObject
from scv_voicemail.aws_wiring import AmazonConnect
from scv_voicemail.errors import Rejected, Unavailable, VoicemailError

from scv_voicemail_lambdas.batches import RESERVE_SECONDS
from scv_voicemail_lambdas.metrics import Metrics, Name
from scv_voicemail_lambdas.reception import Reception

log = logging.getLogger(__name__)

OLDEST = timedelta(minutes=45)
YOUNGEST = timedelta(minutes=15)
"""Younger recordings may be on their usual way; with one look every quarter of an hour, each is looked at twice."""

LONGEST_CALL = timedelta(hours=3)
"""Connect sorts recordings into days by the beginning of the call, and stores them at its end."""


def reconcile(
    parts: AmazonConnect, metrics: Metrics, *, seconds_left: Callable[[], float], oldest: timedelta = OLDEST
) -> int:
    """How many voicemails were recovered. What fails does not stop the others; it is raised when all are done."""
    look, now = _Look(parts, metrics, seconds_left), parts.now()
    since, until = now - oldest, now - YOUNGEST
    since = max(since, parts.settings.ignore_contacts_before or since)
    for bucket, prefix in _folders(parts, since=since, until=until):
        look.through(bucket, prefix, since=since, until=until)
    look.at_the_folder_as_a_whole()
    if look.failures:
        raise look.failures[0]
    metrics.add(Name.RECORDINGS_LOOKED_THROUGH)
    return look.recovered


class _Look:
    """One look through the recordings, and what came of it so far."""

    def __init__(self, parts: AmazonConnect, metrics: Metrics, seconds_left: Callable[[], float]) -> None:
        self._parts = parts
        self._metrics = metrics
        self._seconds_left = seconds_left
        self._reception = Reception(parts, metrics)
        self.recovered = 0
        self.failures: list[Exception] = []
        self._found_any = False

    def at_the_folder_as_a_whole(self) -> None:
        """Say so where there is no recording of Connect's at all: a wrong prefix looks like a quiet night otherwise."""
        theirs = self._parts.settings.connect_recordings
        if theirs is None or self._found_any or self.failures:
            return
        try:
            if not self._parts.objects.has_any(theirs.bucket, f"{theirs.prefix}/"):
                log.error(
                    "there is no recording below s3://%s/%s/: if callers have left voicemails, compare bucket and "
                    "prefix with the instance's storage of call recordings",
                    theirs.bucket,
                    theirs.prefix,
                )
                self._metrics.add(Name.RECORDINGS_FOLDER_EMPTY)
        except VoicemailError as error:
            self.failures.append(error)

    def through(self, bucket: str, prefix: str, *, since: datetime, until: datetime) -> None:
        """Take in whatever lies there and was stored in this time."""
        try:
            for recording in self._parts.objects.listed(bucket, prefix, since=since, until=until):
                self._found_any = True
                if self._seconds_left() < RESERVE_SECONDS:
                    raise Unavailable("there were more recordings than time to look at them", service="s3")
                self._at(bucket, recording)
        except VoicemailError as error:
            log.error("not all recordings of a folder were looked at: %s", error.brief)  # noqa: TRY400 - the brief says it all
            self.failures.append(error)

    def _at(self, bucket: str, recording: StoredObject) -> None:
        try:
            is_new = self._take(bucket, recording.key)
        except Rejected as error:
            # Whoever announced it has failed with it before, and left a dead letter.
            log.warning("a recording cannot be taken in: %s", error.brief)
        except Exception as error:  # noqa: BLE001 - also a defect of ours must not hide the others; it is raised later
            kind = error.brief if isinstance(error, VoicemailError) else type(error).__name__
            log.error("a recording could not be taken in: %s", kind)  # noqa: TRY400 - as above
            self.failures.append(error)
        else:
            self.recovered += is_new
            if is_new:
                self._metrics.add(Name.RECORDING_RECOVERED)

    def _take(self, bucket: str, key: str) -> bool:
        ours = self._parts.recordings
        kept = ours.id_of(key) if bucket == ours.bucket else None
        if kept is not None:
            return self._reception.kept_recording(kept, key)
        return self._reception.recording(bucket, key, patient=False)


def _folders(parts: AmazonConnect, *, since: datetime, until: datetime) -> Iterator[tuple[str, str]]:
    """Where recordings of this time may lie, as bucket and prefix.

    Ours come last: S3 lists everything that is kept, a year of it, and Lambda may not wait for that.
    """
    ours, theirs = parts.recordings, parts.settings.connect_recordings
    if theirs is not None:
        first = (since - LONGEST_CALL).date()
        for day in (first + timedelta(days=number) for number in range((until.date() - first).days + 1)):
            yield theirs.bucket, f"{theirs.prefix}/{day:%Y/%m/%d}/"
    yield ours.bucket, f"{ours.prefix}/"
