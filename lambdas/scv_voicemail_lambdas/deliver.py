"""DeliverFunction: somebody rang for a voicemail. Drives its runs as far as they go, and rings again when they wait.

    doorbell ──► claim ──► steps ──► waits ──► doorbell, delayed until it is due
                   │                   └─ longer than SQS can delay: the sweep rings
                   └─ nothing to claim: whoever made it wait has rung already, so that doorbells never multiply

A kill anywhere leaves a lease that expires, for which the sweep rings.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

from scv_voicemail.aws.queues import MAX_DELAY_SECONDS
from scv_voicemail.aws_wiring import AmazonConnect
from scv_voicemail.errors import BadVoicemail
from scv_voicemail.ports import LISTEN, Run, RunState, transcript_is_late

from scv_voicemail_lambdas import runtime
from scv_voicemail_lambdas.batches import RESERVE_SECONDS, Answer, Record, aside_at_last, messages, settle
from scv_voicemail_lambdas.log import about
from scv_voicemail_lambdas.metrics import Metrics, Name

log = logging.getLogger(__name__)

PATIENCE_SECONDS = 8.0
"""How long an invocation waits for Salesforce to catch up; a longer wait is cheaper in the queue."""


def handler(event: Mapping[str, Any], context: runtime.Context) -> Answer:
    """What Lambda calls."""
    with runtime.invocation(context) as metrics:
        return answer(event, runtime.parts(), metrics, seconds_left=runtime.seconds_left(context))


def answer(
    event: Mapping[str, Any], parts: AmazonConnect, metrics: Metrics, *, seconds_left: Callable[[], float]
) -> Answer:
    """Deliver every voicemail that was rung for."""

    def work(record: Record) -> None:
        wait_seconds = max(0.0, min(PATIENCE_SECONDS, seconds_left() - RESERVE_SECONDS))
        deliver(_rung_for(record), parts, metrics, wait_seconds=wait_seconds)

    return settle(
        messages(event),
        work,
        seconds_left=seconds_left,
        metrics=metrics,
        set_aside=aside_at_last(parts.dead_letters),
        show_again=parts.show_again,
    )


def deliver(voicemail_id: str, parts: AmazonConnect, metrics: Metrics, *, wait_seconds: float) -> None:
    """Work on one voicemail; a parked one is done with here, a human has been called."""
    with about(contactId=voicemail_id):
        journal = parts.connector.journal
        if not journal.runs(voicemail_id=voicemail_id) and journal.voicemail(voicemail_id) is None:
            log.error("a doorbell rang for a voicemail that the journal does not know")
            metrics.add(Name.DOORBELL_UNKNOWN)
            return
        claims: list[Run] = []
        runs = parts.connector.deliver(voicemail_id, wait_seconds=wait_seconds, claimed=claims.append)
        # The token grows with every claim: a run with ours is as this invocation has left it.
        taken = {(claim.target, claim.token) for claim in claims}
        ours = [run for run in runs if (run.target, run.token) in taken]
        for run in runs:
            _count([*(claim for claim in claims if claim.target == run.target), run], parts, metrics)
        _ring_again(voicemail_id, ours, parts, metrics)


def _ring_again(voicemail_id: str, runs: list[Run], parts: AmazonConnect, metrics: Metrics) -> None:
    waits = [(run.due - parts.now()).total_seconds() for run in runs if run.state is RunState.WAITING]
    if waits and min(waits) <= MAX_DELAY_SECONDS:
        parts.doorbell.ring(voicemail_id, delay_seconds=max(1.0, min(waits)))
        metrics.add(Name.DOORBELLS_RUNG)


def _count(readings: list[Run], parts: AmazonConnect, metrics: Metrics) -> None:
    """What became of one run: it as each of our claims found it, and as it is now. Others count what they did."""
    for before, after in pairwise(readings):
        between = after.token - before.token
        # Between two claims of ours nobody else had it if they follow each other; after the last one, if it is ours.
        was_ours = between == 0 if after is readings[-1] else between == 1
        if not was_ours:
            continue
        if after.has_arrived and not before.has_arrived:
            metrics.add(Name.VOICEMAIL_DELIVERED)
            metrics.add(Name.DELIVERY_SECONDS, max((parts.now() - after.accepted_at).total_seconds(), 0.0))
            if transcript_is_late(after.receipts) or not after.receipts.get(LISTEN, {}).get("transcript"):
                metrics.add(Name.TRANSCRIPTS_MISSING)
        if after.state is RunState.PARKED:
            metrics.add(Name.VOICEMAIL_PARKED)


def _rung_for(record: Record) -> str:
    voicemail_id = record.document.get("voicemailId")
    if not isinstance(voicemail_id, str) or not voicemail_id:
        raise BadVoicemail("the doorbell message has no voicemailId")
    return voicemail_id
