"""Every change a run can go through, as pure functions: the one place where the states of a journal are decided.

    accepted ──► WAITING ──claimed──► RUNNING ──finished──► DELIVERED
                  ▲  ▲                 │   │
                  │  └──postponed──────┘   └──parked──► PARKED
                  │     sent_back                         │
                  └───────────────retried─────────────────┘
                    (woken: a waiting run is due sooner)

A journal loads a run, lets one of these functions change it, and stores the result and its event in one commit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from scv_voicemail.errors import LeaseLost
from scv_voicemail.ports import Event, Gate, Receipt, Run, RunState


@dataclass(frozen=True, slots=True)
class Change:
    """A run after a change, and the line that its history gains (None when the change is not worth a line)."""

    run: Run
    event: Event | None


def accepted(voicemail_id: str, target: str, *, now: datetime) -> Change:
    """A new run, due at once."""
    run = Run(
        voicemail_id=voicemail_id, target=target, state=RunState.WAITING, accepted_at=now, due=now, patient_since=now
    )
    return Change(run, _event(run, "accepted", now=now))


def claimed(run: Run, *, owner: str, now: datetime, lease_seconds: float) -> Change:
    """The run is leased; the fencing token grows, so that whoever held it before cannot write any more.

    After a death the step counts as begun now: what the dead worker sent last may still be under way.
    """
    crashed = run.state is RunState.RUNNING
    leased = replace(
        run,
        state=RunState.RUNNING,
        owner=owner,
        token=run.token + 1,
        lease_until=now + timedelta(seconds=lease_seconds),
        attempt=run.attempt + 1,
        crashes=run.crashes + crashed,
        step_since=now if crashed else run.step_since or now,
    )
    return Change(leased, _event(leased, "taken over", now=now, detail=f"from {run.owner}") if crashed else None)


def received(run: Run, step: str, receipt: Receipt, *, now: datetime, lease_seconds: float) -> Change:
    """A step is done. The claim that goes on counts as the first attempt at the next step."""
    done = replace(
        run,
        receipts={**run.receipts, step: receipt},
        attempt=1,
        tries=0,
        crashes=0,
        step_since=now,
        last_error="",
        lease_until=now + timedelta(seconds=lease_seconds),
    )
    return Change(done, _event(run, "done", now=now, step=step, detail=_told(receipt)))


def postponed(run: Run, *, step: str, why: str, due: datetime, now: datetime, failed: bool) -> Change:
    """The lease is given back; the run is due later."""
    waiting = replace(_released(run, RunState.WAITING), due=due, tries=run.tries + failed, last_error=why)
    return Change(waiting, _event(run, "failed" if failed else "waiting", now=now, step=step, detail=why))


def sent_back(run: Run, *, step: str, why: str, now: datetime) -> Change:
    """An earlier step has to be done again; it counts as begun once, so that it looks before it writes."""
    receipts = {name: receipt for name, receipt in run.receipts.items() if name != step}
    back = replace(
        _released(run, RunState.WAITING),
        due=now,
        receipts=receipts,
        redone=run.redone + 1,
        attempt=1,
        tries=0,
        step_since=None,
        last_error=why,
    )
    return Change(back, _event(run, "done again", now=now, step=step, detail=why))


def finished(run: Run, *, now: datetime) -> Change:
    """Every step has its receipt."""
    return Change(replace(_released(run, RunState.DELIVERED), last_error=""), _event(run, "delivered", now=now))


def parked(run: Run, *, step: str, why: str, now: datetime) -> Change:
    """A human is called."""
    return Change(
        replace(_released(run, RunState.PARKED), last_error=why), _event(run, "parked", now=now, step=step, detail=why)
    )


def retried(run: Run, *, now: datetime) -> Change:
    """A human says: again, at the step that failed. The patience starts anew; what was sent before is looked up."""
    again = replace(run, state=RunState.WAITING, due=now, patient_since=now, tries=0, crashes=0, redone=0)
    return Change(again, _event(run, "retried", now=now))


def woken(run: Run, *, now: datetime) -> Change | None:
    """What a waiting run waits for is there: it is due now. None when there is nothing to change."""
    if run.state is not RunState.WAITING or run.due <= now:
        return None
    return Change(replace(run, due=now), None)


def probe_given_back(gate: Gate) -> Gate:
    """The run that was let through an open gate has not asked the target: another one may."""
    return replace(gate, probe_until=None)


def still_held(held: Run | None, run: Run) -> Run:
    """The stored run, if the lease of `run` is still the current one."""
    if held is None or held.token != run.token or held.state is not RunState.RUNNING:
        raise LeaseLost(
            f"another worker has taken over the delivery to {run.target}",
            service="journal",
            voicemail_id=run.voicemail_id,
        )
    return held


def tripped(gate: Gate, *, now: datetime, threshold: int, open_seconds: float) -> Gate:
    """One more failure of a target; at `threshold` its gate opens for `open_seconds`."""
    failures = gate.failures + 1
    if failures < threshold:
        return replace(gate, failures=failures)
    until = now + timedelta(seconds=open_seconds)
    return replace(gate, failures=failures, open_until=max(until, gate.open_until or until), probe_until=None)


def probed(gate: Gate, *, now: datetime, probe_seconds: float) -> Gate:
    """One run is let through an open gate; the next may follow after `probe_seconds`."""
    return replace(gate, probe_until=now + timedelta(seconds=probe_seconds))


def _released(run: Run, state: RunState) -> Run:
    return replace(run, state=state, owner="", lease_until=None)


def _event(run: Run, kind: str, *, now: datetime, step: str = "", detail: str = "") -> Event:
    return Event(at=now, voicemail_id=run.voicemail_id, target=run.target, kind=kind, step=step, detail=detail)


def _told(receipt: Mapping[str, object]) -> str:
    return ", ".join(f"{name} {value}" for name, value in receipt.items() if value not in (None, "", [], {}))
