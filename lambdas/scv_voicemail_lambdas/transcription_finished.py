"""TranscriptionFinishedFunction: a job of Amazon Transcribe has come to its end.

Nothing depends on it: without this event the job is asked after from time to time.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from scv_voicemail.aws_wiring import AmazonConnect

from scv_voicemail_lambdas import runtime
from scv_voicemail_lambdas.log import about
from scv_voicemail_lambdas.metrics import Metrics, Name

log = logging.getLogger(__name__)


def handler(event: Mapping[str, Any], context: runtime.Context) -> dict[str, int]:
    """What Lambda calls."""
    with runtime.invocation(context) as metrics:
        return answer(event, runtime.parts(), metrics)


def answer(event: Mapping[str, Any], parts: AmazonConnect, metrics: Metrics) -> dict[str, int]:
    """Wake the voicemail that waits for this transcript; how many of its deliveries were woken."""
    detail, journal = event["detail"], parts.connector.journal
    voicemail_id = parts.voicemail_id_of_job(detail["TranscriptionJobName"])
    # Another deployment in this account names its jobs as we do.
    if voicemail_id is None or journal.voicemail(voicemail_id) is None:
        log.info("a transcription job that is not ours has ended")
        return {"woken": 0}
    with about(contactId=voicemail_id):
        woken = journal.wake(voicemail_id, now=parts.now())
        log.info("the transcription job is %s, %d woken", detail["TranscriptionJobStatus"], woken)
        # Rung also when nothing was woken: a repeat of this event may follow a kill between the two.
        parts.doorbell.ring(voicemail_id)
        metrics.add(Name.DOORBELLS_RUNG)
    return {"woken": woken}
