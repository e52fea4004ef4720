"""ContactRecordFunction: contact records of Amazon Connect, from a Kinesis data stream.

The stream brings a contact again whenever its attributes change; the journal knows what was taken in.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from scv_voicemail.aws_wiring import AmazonConnect
from scv_voicemail.errors import Rejected
from scv_voicemail.intake.contact_records import read_contact_record

from scv_voicemail_lambdas import runtime
from scv_voicemail_lambdas.batches import Answer, Record, settle, stream_records
from scv_voicemail_lambdas.metrics import Metrics
from scv_voicemail_lambdas.reception import Reception


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
        reception.contact(read_contact_record(record.data))

    def set_aside(record: Record, error: Rejected) -> None:
        assert dead_letters is not None
        about = {"reason": str(error), "stream": record.source, "sequenceNumber": record.id}
        dead_letters.send(json.dumps({"contactRecord": record.data, **about}))

    return settle(
        stream_records(event),
        take,
        seconds_left=seconds_left,
        metrics=metrics,
        set_aside=set_aside if dead_letters else None,
    )
