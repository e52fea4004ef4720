"""ContactRecordFunction: contact records of Amazon Connect, from a Kinesis data stream.

The stream brings a contact again whenever its attributes change; the journal knows what was taken in.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from scv_voicemail.aws_wiring import AmazonConnect
from scv_voicemail.errors import Rejected, Unavailable
from scv_voicemail.intake.contact_records import read_contact_record
from scv_voicemail.intake.kinesis_fragments import SERVICE
from scv_voicemail.redaction import redact

from scv_voicemail_lambdas import runtime
from scv_voicemail_lambdas.batches import Answer, Record, settle, stream_records
from scv_voicemail_lambdas.metrics import Metrics
from scv_voicemail_lambdas.reception import Reception

STREAM_PATIENCE_SECONDS = 900.0
"""How long one contact whose audio cannot be read may hold back those behind it."""


def handler(event: Mapping[str, Any], context: runtime.Context) -> Answer:
    """What Lambda calls."""
    with runtime.invocation(context) as metrics:
        return answer(event, runtime.parts(), metrics, seconds_left=runtime.seconds_left(context))


def answer(
    event: Mapping[str, Any], parts: AmazonConnect, metrics: Metrics, *, seconds_left: Callable[[], float]
) -> Answer:
    """Take in every contact that is a voicemail."""
    reception, dead_letters = Reception(parts, metrics), parts.dead_letters

    def take(record: Record) -> None:
        reception.contact(read_contact_record(record.data), patient=not _is_old(record, now=parts.now()))

    def set_aside(record: Record, error: Exception) -> bool:
        if dead_letters is None or not _is_hopeless(record, error, now=parts.now()):
            return False
        about = {"reason": redact(str(error)), "stream": record.source, "sequenceNumber": record.id}
        dead_letters.send(json.dumps({"contactRecord": record.data, **about}))
        return True

    return settle(stream_records(event), take, seconds_left=seconds_left, metrics=metrics, set_aside=set_aside)


def _is_hopeless(record: Record, error: Exception, *, now: datetime) -> bool:
    """True for what can never be taken in, and for a video stream that still does not hold what it should.

    Anything else is trouble of everybody's: the stream keeps the records until it is over.
    """
    if isinstance(error, Rejected):
        return True
    return _is_old(record, now=now) and isinstance(error, Unavailable) and error.service == SERVICE


def _is_old(record: Record, *, now: datetime) -> bool:
    return record.arrived_at is not None and now.timestamp() - record.arrived_at > STREAM_PATIENCE_SECONDS
