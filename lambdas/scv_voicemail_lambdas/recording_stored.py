"""RecordingStoredFunction: an IVR recording of Amazon Connect is in S3.

Invoked by the queue of recording events; S3 and EventBridge may also invoke it themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from scv_voicemail.aws_wiring import AmazonConnect
from scv_voicemail.intake.s3_events import written_objects

from scv_voicemail_lambdas import runtime
from scv_voicemail_lambdas.batches import Answer, Record, aside_at_last, messages, settle
from scv_voicemail_lambdas.metrics import Metrics
from scv_voicemail_lambdas.reception import Reception

PATIENCE_SECONDS = 240.0
"""Connect may store a recording before it tells when it began. Older ones are taken as they are, whatever the try."""


def handler(event: Mapping[str, Any], context: runtime.Context) -> Answer:
    """What Lambda calls."""
    with runtime.invocation(context) as metrics:
        return answer(event, runtime.parts(), metrics, seconds_left=runtime.seconds_left(context))


def answer(
    event: Mapping[str, Any], parts: AmazonConnect, metrics: Metrics, *, seconds_left: Callable[[], float]
) -> Answer:
    """Take in every recording that the event names."""
    reception = Reception(parts, metrics)

    def take(record: Record) -> None:
        stored_at = _stored_at(record.document)
        is_fresh = stored_at is not None and (parts.now() - stored_at).total_seconds() < PATIENCE_SECONDS
        _take(reception, record.document, patient=is_fresh)

    queued = messages(event)
    if not queued:
        _take(reception, event, patient=False)
    return settle(
        queued,
        take,
        seconds_left=seconds_left,
        metrics=metrics,
        set_aside=aside_at_last(parts.dead_letters),
        show_again=parts.show_again,
    )


def _take(reception: Reception, document: Mapping[str, Any], *, patient: bool) -> None:
    for written in written_objects(document):
        reception.recording(written.bucket, written.key, patient=patient, stored_at=_stored_at(document))


def _stored_at(document: Mapping[str, Any]) -> datetime | None:
    """The time of an event, in either of its shapes."""
    told = document.get("time") or next((one.get("eventTime") for one in document.get("Records", ())), None)
    return datetime.fromisoformat(told) if told else None
