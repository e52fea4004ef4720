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


def reconcile(parts: AmazonConnect, metrics: Metrics, *, seconds_left: Callable[[], float]) -> int:
    """How many voicemails were recovered. What fails does not stop the others; it is raised when all are done."""
    reception, now = Reception(parts, metrics), parts.now()
    recovered, failures = 0, list[VoicemailError]()
    for found in _recordings(parts, since=now - OLDEST, until=now - YOUNGEST):
        if seconds_left() < RESERVE_SECONDS:
            raise Unavailable("there were more recordings than time to look at them", service="s3")
        try:
            is_new = _take(found, parts, reception)
        except Rejected as error:
            # Whoever announced it has failed with it before, and left a dead letter.
            log.warning("a recording cannot be taken in: %s", error.brief)
        except VoicemailError as error:
            log.error("a recording could not be taken in: %s", error.brief)  # noqa: TRY400 - the brief says it all
            failures.append(error)
        else:
            recovered += is_new
            if is_new:
                metrics.add(Name.RECORDING_RECOVERED)
    if failures:
        raise failures[0]
    return recovered


def _take(found: tuple[str, StoredObject], parts: AmazonConnect, reception: Reception) -> bool:
    bucket, recording = found
    kept = parts.recordings.id_of(recording.key) if bucket == parts.recordings.bucket else None
    if kept is not None:
        return reception.kept_recording(kept, recording.key)
    return reception.recording(bucket, recording.key, patient=False)


def _recordings(parts: AmazonConnect, *, since: datetime, until: datetime) -> Iterator[tuple[str, StoredObject]]:
    """The bucket and object of every recording that was stored in this time."""
    objects, ours, theirs = parts.objects, parts.recordings, parts.settings.connect_recordings
    for one in objects.listed(ours.bucket, f"{ours.prefix}/", since=since, until=until):
        yield ours.bucket, one
    if theirs is None:
        return
    for day in sorted({f"{at:%Y/%m/%d}" for at in (since - LONGEST_CALL, since, until)}):
        for one in objects.listed(theirs.bucket, f"{theirs.prefix}/{day}/", since=since, until=until):
            yield theirs.bucket, one
