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

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from scv_voicemail.errors import BadVoicemail, LeaseLost, Unavailable
from scv_voicemail.ports import BEGUN_AGAIN, DISMISSED, TRIED, Event, Gate, Notice, Receipt, Run, RunState
from scv_voicemail.voicemail import Voicemail

AMENDABLE = frozenset({"caller", "dialed_number", "mailbox", "started_at", "priority"})
"""What a human may correct of a voicemail that nobody has delivered yet."""

LONGEST_TEXT = 4000
"""Characters of a reason that are kept: a run is written a dozen times, and every kilobyte is paid each time."""


LARGEST_RECEIPT = 150_000
"""Characters of one receipt; an item of DynamoDB holds 400 KB, and a run has a dozen."""

FORGOTTEN_AFTER = timedelta(days=1)
"""So long after it could have been taken, a run was not tried for long: what it had of patience says nothing."""


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

    After a death the step counts as begun now: what the dead worker sent last may still be under way. So does one that
    began in the future: a clock has been set back, and waiting for it to catch up would ask for hours.

    A run that nobody has tried for a day, because every worker was off or a clock has jumped, begins its patience anew.
    """
    crashed = run.state is RunState.RUNNING
    is_ahead = run.tried is not None and run.tried.at > now
    free = run.lease_until if crashed else run.due
    forgotten = free is not None and now - free > FORGOTTEN_AFTER
    begun = now if crashed or run.step_since is None else min(run.step_since, now)
    leased = replace(
        run,
        state=RunState.RUNNING,
        owner=owner,
        token=run.token + 1,
        lease_until=now + timedelta(seconds=lease_seconds),
        attempt=run.attempt + 1,
        crashes=run.crashes + crashed,
        tries=0 if forgotten else run.tries,
        step_since=begun,
        patient_since=now if forgotten else min(run.patient_since, now),
        receipts=_tried(run, now, now) if crashed or is_ahead else run.receipts,
    )
    return Change(leased, _event(leased, "taken over", now=now, detail=f"from {run.owner}") if crashed else None)


def received(run: Run, step: str, receipt: Receipt, *, now: datetime, lease_seconds: float) -> Change:
    """A step is done. The claim that goes on counts as the first attempt at the next step."""
    done = replace(
        run,
        receipts={**{name: one for name, one in run.receipts.items() if name != TRIED}, step: kept_receipt(receipt)},
        attempt=1,
        tries=0,
        crashes=0,
        step_since=now,
        last_error="",
        lease_until=now + timedelta(seconds=lease_seconds),
    )
    return Change(done, _event(run, "done", now=now, step=step, detail=_told(receipt)))


def postponed(run: Run, *, step: str, why: str, due: datetime, now: datetime, failed: bool) -> Change:
    """The lease is given back; the run is due later. When a try failed is kept beside the receipts."""
    receipts = _tried(run, now, due) if failed else run.receipts
    waiting = replace(
        _released(run, RunState.WAITING),
        due=due,
        tries=run.tries + failed,
        last_error=kept_text(why),
        receipts=receipts,
    )
    return Change(waiting, _event(run, "failed" if failed else "waiting", now=now, step=step, detail=why))


def sent_back(run: Run, *, step: str, why: str, now: datetime, and_later: bool = False) -> Change:
    """An earlier step has to be done again; it counts as begun once, so that it looks before it writes.

    With `and_later` so have all steps that came after it: what they did is gone with its effect.
    """
    names = list(run.receipts)
    torn = {step, *(names[names.index(step) :] if and_later and step in names else ())} - {BEGUN_AGAIN}
    receipts = {name: receipt for name, receipt in run.receipts.items() if name not in torn}
    back = replace(
        _released(run, RunState.WAITING),
        due=now,
        receipts=receipts,
        redone=run.redone + 1,
        attempt=1,
        tries=0,
        step_since=None,
        last_error=kept_text(why),
    )
    return Change(back, _event(run, "done again", now=now, step=step, detail=why))


def finished(run: Run, *, now: datetime) -> Change:
    """Every step has its receipt."""
    return Change(replace(_released(run, RunState.DELIVERED), last_error=""), _event(run, "delivered", now=now))


def parked(run: Run, *, step: str, why: str, now: datetime) -> Change:
    """A human is called."""
    return Change(
        replace(_released(run, RunState.PARKED), last_error=kept_text(why)),
        _event(run, "parked", now=now, step=step, detail=why),
    )


def retried(run: Run, *, now: datetime, from_step: str = "") -> Change | None:
    """A human says: again, at the step that failed, or from an earlier one. None for a run that this is not said of.

    The patience starts anew; what was sent before is looked up.
    """
    if run.state not in (RunState.PARKED, RunState.WAITING) or (from_step and from_step not in run.receipts):
        return None
    receipts = {name: receipt for name, receipt in run.receipts.items() if name != DISMISSED}
    again = replace(
        run, state=RunState.WAITING, due=now, patient_since=now, tries=0, crashes=0, redone=0, receipts=receipts
    )
    if from_step:
        names = list(receipts)
        torn = frozenset(names[names.index(from_step) :]) - {BEGUN_AGAIN}
        kept = {name: receipt for name, receipt in receipts.items() if name not in torn}
        kept[BEGUN_AGAIN] = {"steps": sorted(run.begun_again | torn)}
        again = replace(again, receipts=kept, attempt=1, step_since=None)
    return Change(again, _event(run, "retried", now=now, step=from_step))


def dismissed(run: Run, *, why: str, now: datetime) -> Change | None:
    """A human has settled a parked run; None for any other. It stays parked, so that older versions know its state."""
    if run.state is not RunState.PARKED or run.dismissed:
        return None
    settled = replace(run, receipts={**run.receipts, DISMISSED: {"why": kept_text(why), "at": now.isoformat()}})
    return Change(settled, _event(run, "dismissed", now=now, detail=why))


def retargeted(runs: Iterable[Run], *, old: str, new: str, now: datetime) -> list[Change]:
    """A parked run of a voicemail is settled, because the voicemail goes to another target; empty where it cannot."""
    by_target = {run.target: run for run in runs}
    settled = dismissed(by_target[old], why=f"delivered to {new} instead", now=now) if old in by_target else None
    if settled is None or new in by_target:
        return []
    return [settled, accepted(settled.run.voicemail_id, new, now=now)]


def amended(
    voicemail: Voicemail | None, runs: Iterable[Run], *, voicemail_id: str, now: datetime, changes: Mapping[str, Any]
) -> tuple[Voicemail, Event]:
    """A voicemail with fields corrected by a human, and the line that its history gains."""
    if voicemail is None:
        raise unknown(voicemail_id)
    if strange := sorted(set(changes) - AMENDABLE):
        raise BadVoicemail(
            f"{', '.join(strange)} of a voicemail cannot be corrected",
            voicemail_id=voicemail_id,
            fix=f"correct {', '.join(sorted(AMENDABLE))}, or hand the voicemail in again under another id",
        )
    for run in runs:
        if run.state is RunState.DELIVERED:
            raise BadVoicemail(
                f"it has been delivered to {run.target}, so that nothing of it can be corrected here any more",
                voicemail_id=voicemail_id,
                fix="correct the record in Salesforce, or hand the voicemail in again under another id",
            )
        if run.state is RunState.RUNNING and run.lease_until is not None and run.lease_until > now:
            raise Unavailable(
                f"a worker is delivering it to {run.target} right now",
                service="journal",
                voicemail_id=voicemail_id,
                fix="try again in a minute",
            )
    told = Event(at=now, voicemail_id=voicemail_id, target="", kind="amended", detail=", ".join(sorted(changes)))
    return replace(voicemail, **changes), told


def unknown(voicemail_id: str) -> BadVoicemail:
    """There is no such voicemail."""
    return BadVoicemail(
        "the journal knows no voicemail of this id",
        service="journal",
        voicemail_id=voicemail_id,
        fix="`scv-voicemail status` lists those it knows; check SCV_VOICEMAIL_JOURNAL",
    )


def a_notice(*, source: str, name: str, kind: str, reason: str, now: datetime) -> Notice:
    """What lies aside, told for the first time."""
    return Notice(
        source=kept_text(source),
        name=kept_text(name),
        kind=kind,
        reason=kept_text(reason),
        first_at=now,
        last_at=now,
    )


def noticed(known: Notice | None, told: Notice) -> Notice:
    """What lies aside, told again: it counts one more time and keeps its beginning."""
    return told if known is None else replace(told, first_at=known.first_at, times=known.times + 1)


def kept_text(text: str) -> str:
    """A text as any store can keep it: not too long, and without the halves of characters that file names may hold."""
    return text[:LONGEST_TEXT].encode("utf-8", "backslashreplace").decode("utf-8")


def kept_receipt(receipt: Receipt) -> Receipt:
    """A receipt as any store can keep it: of one that is too large the long texts are cut, or at last all of it."""
    if len(json.dumps(dict(receipt), default=str)) <= LARGEST_RECEIPT:
        return receipt
    texts = {name: kept_text(value) if isinstance(value, str) else value for name, value in receipt.items()}
    told = {**texts, "warning": "; ".join(filter(None, [str(texts.get("warning", "")), "its receipt was cut"]))}
    fits = len(json.dumps(told, default=str)) <= LARGEST_RECEIPT
    return told if fits else {"warning": "its receipt was too large to be kept"}


def woken(run: Run, *, now: datetime) -> Change | None:
    """What a waiting run waits for is there: it is due now. None when there is nothing to change."""
    if run.state is not RunState.WAITING or run.due <= now:
        return None
    return Change(replace(run, due=now), None)


def brought_back(run: Run, *, now: datetime, longest: timedelta) -> Change | None:
    """A wait or a lease that reaches further ahead than any does was made by a clock that was ahead: it is over now."""
    far = now + longest
    if run.state is RunState.WAITING and run.due > far:
        return Change(replace(run, due=now), _event(run, "clock set back", now=now))
    if run.state is RunState.RUNNING and run.lease_until is not None and run.lease_until > far:
        return Change(replace(run, lease_until=now), _event(run, "clock set back", now=now))
    return None


def gate_brought_back(gate: Gate, *, now: datetime, longest: timedelta) -> Gate:
    """The same for a gate, and for the probe that was let through it."""
    far = now + longest
    open_until = now if gate.open_until is not None and gate.open_until > far else gate.open_until
    probe_until = now if gate.probe_until is not None and gate.probe_until > far else gate.probe_until
    return replace(gate, open_until=open_until, probe_until=probe_until)


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


def ensure_held(held: Run | None, run: Run, *, now: datetime) -> None:
    """Raises `LeaseLost` unless `run` is the current lease of the stored run and has time left."""
    if (until := still_held(held, run).lease_until) is None or until <= now:
        raise LeaseLost(
            f"the lease of the delivery to {run.target} has expired",
            service="journal",
            voicemail_id=run.voicemail_id,
        )


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


def _tried(run: Run, now: datetime, due: datetime) -> dict[str, Receipt]:
    pause = (due - now).total_seconds()
    return {**run.receipts, TRIED: {"at": now.isoformat(), "number": run.attempt, "pause": pause}}


def _released(run: Run, state: RunState) -> Run:
    return replace(run, state=state, owner="", lease_until=None)


def _event(run: Run, kind: str, *, now: datetime, step: str = "", detail: str = "") -> Event:
    return Event(
        at=now, voicemail_id=run.voicemail_id, target=run.target, kind=kind, step=step, detail=kept_text(detail)
    )


def _told(receipt: Mapping[str, object]) -> str:
    return ", ".join(f"{name} {value}" for name, value in receipt.items() if value not in (None, "", [], {}))
