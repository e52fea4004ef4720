"""Batches of SQS and Kinesis: each record is taken alone, and only what failed comes again.

    taken              nothing is reported: the record is done with
    trouble of all     reported: AWS, Connect or a right of ours is not there. SQS shows the message again, less and
                       less often, for two days; Kinesis reads on from it. It is nobody's dead letter meanwhile
    trouble of its own reported; at the fifth try we put it among the dead letters ourselves, with the reason. Kinesis
                       would hold back the whole shard, so there at the first (`set_aside`)
    no time left       reported: it was not touched

Source: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html and
https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from scv_voicemail.aws.queues import SqsQueue
from scv_voicemail.bounds import read_json
from scv_voicemail.errors import BadVoicemail, LeaseLost, Misconfigured, TryAgain, VoicemailError
from scv_voicemail.redaction import redact

from scv_voicemail_lambdas.metrics import Metrics, Name

log = logging.getLogger(__name__)

RESERVE_SECONDS = 10.0
"""No record is begun with less time left: one that is cut off has to be done again from its beginning."""

PAUSES_SECONDS = (15, 60, 180, 600, 840)
"""After how long a failed message is shown again, try by try; every later one after the last of these.

The queues let a message come 200 times: two days of such trouble. A quarter of an hour always sees one failure.
"""

OWN_TRIES = 5
"""How often something may fail by itself before it is put among the dead letters."""

Answer = dict[str, list[dict[str, str]]]
"""What Lambda's event source mappings read: the records that failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One message or stream record: `id` is how its failure is reported, `tries` counts this one.

    `arrived_at` is when a stream took it, in seconds since 1970.
    """

    id: str
    data: str
    tries: int = 1
    arrived_at: float | None = None
    source: str = ""
    receipt: str = ""

    @property
    def document(self) -> dict[str, Any]:
        """The JSON object in it. Raises `BadVoicemail`, which does not quote it."""
        try:
            found = read_json(self.data)
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise BadVoicemail("the message is no JSON object", fix="find out who sends such messages here")
        return found


def messages(event: Mapping[str, Any]) -> list[Record]:
    """The messages of an SQS event; none for any other event."""
    return [
        Record(
            id=one["messageId"],
            data=one["body"],
            tries=int(one.get("attributes", {}).get("ApproximateReceiveCount", 1)),
            source=one.get("eventSourceARN", ""),
            receipt=one.get("receiptHandle", ""),
        )
        for one in event.get("Records", ())
        if one.get("eventSource") == "aws:sqs"
    ]


def stream_records(event: Mapping[str, Any]) -> list[Record]:
    """The records of a Kinesis event, their data still in base64."""
    return [
        Record(
            id=one["kinesis"]["sequenceNumber"],
            data=one["kinesis"]["data"],
            arrived_at=one["kinesis"].get("approximateArrivalTimestamp"),
            source=one.get("eventSourceARN", ""),
        )
        for one in event["Records"]
    ]


def settle(
    records: Iterable[Record],
    work: Callable[[Record], None],
    *,
    seconds_left: Callable[[], float],
    metrics: Metrics,
    set_aside: Callable[[Record, Exception], bool] | None = None,
    show_again: Callable[[str, str, float], None] | None = None,
) -> Answer:
    """Do the work for every record, whatever becomes of the others; which of them failed.

    `set_aside` takes the records that have no hope, and says whether it did. `show_again` decides when a failed message
    of a queue is shown again.
    """
    failed: list[str] = []
    for record in records:
        if seconds_left() < RESERVE_SECONDS:
            log.warning("no time left for record %s", record.id)
            failed.append(record.id)
            continue
        try:
            # What stands behind a failure comes again with it: set aside now, it would be set aside at every try.
            _take(record, work, None if failed else set_aside, metrics)
        except Exception as error:
            kind = error.brief if isinstance(error, VoicemailError) else type(error).__name__
            log.warning("record %s failed at try %d: %s", record.id, record.tries, kind, exc_info=True)
            metrics.add(Name.RECORD_FAILED)
            failed.append(record.id)
            if show_again is not None:
                _put_off(record, show_again)
    return {"batchItemFailures": [{"itemIdentifier": one} for one in failed]}


def _take(
    record: Record,
    work: Callable[[Record], None],
    set_aside: Callable[[Record, Exception], bool] | None,
    metrics: Metrics,
) -> None:
    try:
        work(record)
    except Exception as error:
        if set_aside is None or not set_aside(record, error):
            raise
        kind = error.brief if isinstance(error, VoicemailError) else type(error).__name__
        log.error("record %s was put among the dead letters: %s", record.id, kind)  # noqa: TRY400 - the kind says it all
        metrics.add(Name.RECORD_SET_ASIDE)


def is_its_own(error: Exception) -> bool:
    """True for what speaks for one record alone: refused for good, or a defect of ours that it brings out.

    What does not answer, is not allowed, is full or is wrongly set would fail for any other, too.
    """
    return not isinstance(error, TryAgain | Misconfigured | LeaseLost | OSError | MemoryError)


def aside_at_last(dead_letters: SqsQueue | None) -> Callable[[Record, Exception], bool]:
    """Puts a message that has failed by itself five times among the dead letters, with where it came from and why."""

    def set_aside(record: Record, error: Exception) -> bool:
        if dead_letters is None or record.tries < OWN_TRIES or not is_its_own(error):
            return False
        reason = redact(str(error)) if isinstance(error, VoicemailError) else f"unexpected {type(error).__name__}"
        letter = {"message": record.data, "queue": record.source, "messageId": record.id, "reason": reason}
        dead_letters.send(json.dumps(letter))
        return True

    return set_aside


def _put_off(record: Record, show_again: Callable[[str, str, float], None]) -> None:
    try:
        show_again(record.source, record.receipt, PAUSES_SECONDS[min(record.tries, len(PAUSES_SECONDS)) - 1])
    except VoicemailError as error:
        log.warning("record %s comes again when its queue shows it: %s", record.id, error.brief)
