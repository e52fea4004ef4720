"""SweepFunction: once a minute, whatever nobody rang for; every quarter of an hour, whatever no event told of."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from scv_voicemail.aws_wiring import AmazonConnect
from scv_voicemail.ports import Gate, Run, RunState
from scv_voicemail.worker import tend

from scv_voicemail_lambdas import runtime
from scv_voicemail_lambdas.metrics import Metrics, Name
from scv_voicemail_lambdas.reconciliation import OLDEST, reconcile

log = logging.getLogger(__name__)

MOST_RUNS = 10_000
"""How many runs of one state are looked at; with more than that, the oldest come into sight as others are delivered."""

MOST_RINGS = 300
"""How many voicemails one sweep rings for, so that the end of an outage does not become the beginning of the next."""

GRACE_SECONDS = 30.0
"""For what is due since less than this, a doorbell is probably on its way."""


def handler(event: Mapping[str, Any], context: runtime.Context) -> dict[str, int]:
    """What Lambda calls: `{"reconcile": true}` looks through the recordings, anything else through the journal.

    After an outage, `{"reconcile": true, "hours": 24}` looks through those of so many hours.
    """
    with runtime.invocation(context) as metrics:
        return answer(event, runtime.parts(), metrics, seconds_left=runtime.seconds_left(context))


def answer(
    event: Mapping[str, Any], parts: AmazonConnect, metrics: Metrics, *, seconds_left: Callable[[], float]
) -> dict[str, int]:
    """How many voicemails were rung for, or recovered."""
    if event.get("reconcile"):
        oldest = timedelta(hours=event["hours"]) if "hours" in event else OLDEST
        return {"recovered": reconcile(parts, metrics, seconds_left=seconds_left, oldest=oldest)}
    return {"rung": sweep(parts, metrics)}


def sweep(parts: AmazonConnect, metrics: Metrics) -> int:
    """Measure, then ring for what is due. Ringing too often changes nothing: the journal decides."""
    journal, now = parts.connector.journal, parts.now()
    tend(parts.connector.pipeline)
    gates = {gate.target: gate for gate in journal.gates()}
    runs = [run for state in (RunState.WAITING, RunState.RUNNING) for run in journal.runs(state=state, limit=MOST_RUNS)]
    undelivered = [(now - run.accepted_at).total_seconds() for run in runs if not run.has_arrived]
    metrics.add(Name.OPEN_RUNS, len(runs))
    metrics.add(Name.PARKED_RUNS, len(journal.runs(state=RunState.PARKED, limit=MOST_RUNS)))
    metrics.add(Name.OPEN_GATES, len(gates))
    metrics.add(Name.OLDEST_UNDELIVERED_SECONDS, max(undelivered, default=0.0))
    due = voicemails_due(runs, gates, now=now)
    for voicemail_id in due:
        parts.doorbell.ring(voicemail_id)
        metrics.add(Name.DOORBELLS_RUNG)
    if due:
        log.warning("rang for %d voicemails that were due and not at work", len(due))
    return len(due)


def voicemails_due(runs: list[Run], gates: Mapping[str, Gate], *, now: datetime) -> list[str]:
    """The voicemails to ring for, longest due first: their wait or their worker's lease is over.

    A target that does not answer gets one of them as a probe when it is time for one, and else none.
    """
    late = now - timedelta(seconds=GRACE_SECONDS)
    chosen: dict[str, None] = {}
    probed: set[str] = set()
    for run in sorted(runs, key=_free_at):
        if _free_at(run) > late or len(chosen) == MOST_RINGS:
            break
        gate = gates.get(run.target)
        if gate is not None:
            if run.target in probed or not gate.lets_through(now):
                continue
            probed.add(run.target)
        chosen[run.voicemail_id] = None
    return list(chosen)


def _free_at(run: Run) -> datetime:
    """When a waiting run is due; when a running one's lease ends."""
    return run.lease_until or run.due
