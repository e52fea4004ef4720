"""`status`, `explain` and `retry`: what the journal knows, and how a human puts a voicemail back to work."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scv_voicemail.cli.corrections import correct
from scv_voicemail.cli.output import AsJson, Exit, emit, reason_and_fix, say, show_table
from scv_voicemail.cli.story import closing_words, lines, next_step
from scv_voicemail.errors import BadVoicemail
from scv_voicemail.intake.register import CALLER_NAME, kept_warnings
from scv_voicemail.ports import Event, Journal, Notice, Run, RunState
from scv_voicemail.redaction import mask
from scv_voicemail.settings import load
from scv_voicemail.target_wiring import NEEDS
from scv_voicemail.voicemail import Voicemail

if TYPE_CHECKING:
    from scv_voicemail.journal.dynamodb import DynamoDbJournal
    from scv_voicemail.journal.sqlite import SqliteJournal

NOT_DELIVERED = (
    "it is kept and goes nowhere: there was too little speech in it when it was taken in"
    " (SCV_VOICEMAIL_SHORT_MESSAGES, SCV_VOICEMAIL_SHORT_SECONDS)"
)
"""Of a voicemail without a run."""


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.command("status", epilog="Example: scv-voicemail status --state parked")(status)
    app.command("explain", epilog="Example: scv-voicemail explain 5324881f-1e84-4367-8930-f69a74b30ca6")(explain)
    app.command("retry", epilog="Example: scv-voicemail retry --all-parked")(retry)


def status(
    voicemail_id: Annotated[str, typer.Argument(metavar="ID", help="One voicemail; all if left out")] = "",
    state: Annotated[RunState | None, typer.Option(help="Only those in this state")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1_000_000, help="At most so many rows, newest first")] = 50,
    as_json: AsJson = False,
) -> None:
    """Show where voicemails stand. Ends with 7 when one is parked or still waiting."""
    with contextlib.closing(_journal()) as journal:
        runs = journal.runs(voicemail_id=voicemail_id or None, state=state, limit=limit)
        if voicemail_id and journal.voicemail(voicemail_id) is None:
            raise _unknown(voicemail_id)
        if voicemail_id and not runs:
            say(NOT_DELIVERED)
        counts, gates, notices = journal.counts(), journal.gates(), journal.notices(limit=limit)
    if as_json:
        emit(
            {
                "journal": journal.where,
                "counts": {one.value: number for one, number in counts.items()},
                "gates": [
                    {"target": gate.target, "next_probe": gate.next_probe and gate.next_probe.isoformat()}
                    for gate in gates
                ],
                "notices": [notice_data(one) for one in notices],
                "runs": [run_data(run) for run in runs],
            }
        )
    else:
        show_table(
            f"{told_counts(counts)} in {journal.where}",
            ("state", "voicemail", "target", "accepted (UTC)"),
            [(run.state, run.voicemail_id, run.target, f"{run.accepted_at:%Y-%m-%d %H:%M:%S}") for run in runs],
        )
        for run in runs:
            if run.last_error:
                typer.echo(f"\n{run.voicemail_id} to {run.target}: {reason_and_fix(run.last_error)[0]}")
        for gate in gates:
            typer.echo(f"\n{gate.target} does not answer; next probe at {gate.next_probe:%Y-%m-%d %H:%M:%S} UTC")
        for one in notices:
            times = f", {one.times} times" if one.times > 1 else ""
            typer.echo(f"\n{one.source}: {one.name} ({one.kind} {one.last_at:%Y-%m-%d %H:%M} UTC{times}): {one.reason}")
        shown, known = len(runs), sum(number for one, number in counts.items() if state in (None, one))
        if not voicemail_id and shown < known:
            say(f"{shown} of {known} shown; --limit shows more")
    seen = [run.state for run in runs] if voicemail_id or state else [one for one, number in counts.items() if number]
    raise typer.Exit(Exit.WAITING if set(seen) - {RunState.DELIVERED} else Exit.DONE)


def notice_data(notice: Notice) -> dict[str, Any]:
    """What lies aside, for JSON."""
    return {
        "source": notice.source,
        "name": notice.name,
        "kind": notice.kind,
        "reason": notice.reason,
        "first_at": notice.first_at.isoformat(),
        "last_at": notice.last_at.isoformat(),
        "times": notice.times,
    }


def explain(
    voicemail_id: Annotated[str, typer.Argument(metavar="ID", help="The voicemail")],
    as_json: AsJson = False,
) -> None:
    """Tell the story of one voicemail: every try, every answer, and what happens next."""
    with contextlib.closing(_journal()) as journal:
        voicemail = journal.voicemail(voicemail_id)
        if voicemail is None:
            raise _unknown(voicemail_id)
        if as_json:
            emit(_story(journal, voicemail))
        else:
            _tell(journal, voicemail)


def retry(
    voicemail_id: Annotated[str, typer.Argument(metavar="ID", help="The voicemail")] = "",
    all_parked: Annotated[bool, typer.Option("--all-parked", help="Every parked voicemail")] = False,
    caller: Annotated[str, typer.Option("--from", help="Correct the caller's number first")] = "",
    dialed_number: Annotated[str, typer.Option("--to", help="Correct the number that was dialed")] = "",
    queue: Annotated[str, typer.Option(help="Correct the mailbox: a queue")] = "",
    rep: Annotated[str, typer.Option(help="Correct the mailbox: a rep")] = "",
    received_at: Annotated[str, typer.Option(help="Correct when the recording began (ISO 8601 with zone)")] = "",
    target: Annotated[str, typer.Option(help="Deliver to this target instead of one that nobody knows")] = "",
    from_step: Annotated[
        str, typer.Option("--from-step", metavar="STEP", help="Begin again at this step, which `explain` names")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Put parked or waiting voicemails back to work, at the step that failed. A worker does the work.

    What is not delivered yet can be corrected before.
    """
    if bool(voicemail_id) == all_parked:
        raise typer.BadParameter("give one ID, or --all-parked", param_hint="ID")
    given = {"caller": caller, "dialed_number": dialed_number, "queue": queue, "rep": rep}
    given |= {"received_at": received_at, "target": target}
    _check_corrections(given, all_parked=all_parked)
    settings, corrected = load(), []
    with contextlib.closing(_journal()) as journal:
        if voicemail_id and journal.voicemail(voicemail_id) is None:
            raise _unknown(voicemail_id)
        now = datetime.now(UTC)
        if any(given.values()):
            known = (*NEEDS, *settings.other_targets)
            corrected = correct(journal, voicemail_id, settings=settings, known_targets=known, now=now, **given)
        if voicemail_id and "target" not in corrected:
            put_back = journal.retry(voicemail_id, now=now, from_step=from_step)
        else:
            put_back = sum(
                _put_back(journal, one, now, from_step=from_step)
                for one in ([voicemail_id] if voicemail_id else _parked(journal))
            )
        states = sorted({run.state.value for run in journal.runs(voicemail_id=voicemail_id)}) if voicemail_id else []
    if as_json:
        emit({"put_back": put_back, "corrected": corrected})
    else:
        typer.echo(f"{put_back} put back to work")
    if corrected:
        say(f"corrected: {', '.join(corrected)}")
    if put_back:
        say("next: any worker takes it up; to start one: scv-voicemail worker --until-idle")
    elif voicemail_id:
        say(f"there was nothing to put back: it is {' and '.join(states)}" if states else NOT_DELIVERED)


def run_data(run: Run) -> dict[str, Any]:
    """A run as `--json` shows it."""
    return {
        "id": run.voicemail_id,
        "target": run.target,
        "state": run.state.value,
        "due": run.due.isoformat() if run.state is RunState.WAITING else None,
        "tries": run.tries,
        "last_error": run.last_error,
        "warnings": run.warnings,
        "receipts": dict(run.receipts),
        "next": next_step(run, now=datetime.now(UTC)),
    }


def told_counts(counts: Mapping[RunState, int]) -> str:
    """How many are in each state, in words."""
    return ", ".join(f"{number} {state.value}" for state, number in counts.items())


def _journal() -> SqliteJournal | DynamoDbJournal:
    from scv_voicemail.wiring import open_journal

    return open_journal(load())


def _parked(journal: Journal) -> list[str]:
    return sorted({run.voicemail_id for run in journal.runs(state=RunState.PARKED, limit=1_000_000)})


def _check_corrections(given: Mapping[str, str], *, all_parked: bool) -> None:
    if all_parked and any(given.values()):
        raise typer.BadParameter("it excludes corrections: they are of one voicemail", param_hint="--all-parked")
    if given["queue"] and given["rep"]:
        raise typer.BadParameter("it excludes --rep", param_hint="--queue")


def _put_back(journal: Journal, voicemail_id: str, now: datetime, *, from_step: str) -> int:
    """Put the runs back to work that nobody has dismissed."""
    runs = [run for run in journal.runs(voicemail_id=voicemail_id) if not run.dismissed]
    return sum(journal.retry(voicemail_id, now=now, target=run.target, from_step=from_step) for run in runs)


def _unknown(voicemail_id: str) -> BadVoicemail:
    return BadVoicemail(
        f"the journal knows no voicemail {voicemail_id!r}",
        fix="`scv-voicemail status` lists those it knows; check SCV_VOICEMAIL_JOURNAL",
    )


def _story(journal: Journal, voicemail: Voicemail) -> dict[str, Any]:
    return {
        "voicemail": {
            "id": voicemail.id,
            "caller": mask(voicemail.caller),
            "caller_name": journal.beside(voicemail.id).get(CALLER_NAME),
            "dialed_number": voicemail.dialed_number,
            "started_at": voicemail.started_at.isoformat(),
            "duration_seconds": voicemail.recording.duration_seconds,
            "transcript": voicemail.transcript.provider if voicemail.transcript else None,
            "source": voicemail.source,
        },
        "warnings": kept_warnings(journal, voicemail.id),
        "events": [
            {"at": event.at.isoformat(), "target": event.target, "kind": event.kind, "step": event.step}
            | {"detail": event.detail}
            for event in journal.events(voicemail.id)
        ],
        "runs": [run_data(run) for run in journal.runs(voicemail_id=voicemail.id)],
    }


def _tell(journal: Journal, voicemail: Voicemail) -> None:
    name = journal.beside(voicemail.id).get(CALLER_NAME)
    typer.echo(
        f"Voicemail {voicemail.id}\n"
        f"  left at {voicemail.started_at:%Y-%m-%d %H:%M:%S} UTC, {voicemail.recording.duration_seconds:.1f} s, "
        f"from {f'{name}, ' if name else ''}{mask(voicemail.caller)} to {voicemail.dialed_number}\n"
        f"  transcript: {voicemail.transcript.provider if voicemail.transcript else 'none'}; "
        f"came in by: {voicemail.source}\n"
        + "".join(f"  warning: {warning}\n" for warning in kept_warnings(journal, voicemail.id))
    )
    runs, events = journal.runs(voicemail_id=voicemail.id), journal.events(voicemail.id)
    if not runs:
        typer.echo(f"Now: {NOT_DELIVERED}")
    for run in runs:
        ours = [event for event in events if event.target == run.target]
        show_table(f"To {run.target}, times in UTC", ("at", "", "step"), _rows(run, ours))
        show_table(f"\nNow: {run.state}", ("", ""), closing_words(run, now=datetime.now(UTC)))


def _rows(run: Run, events: Sequence[Event]) -> list[tuple[str, str, str]]:
    today = run.accepted_at.date()
    rows = []
    for line in lines(events):
        at = line.first.at
        day = "" if at.date() == today else f"{at:%m-%d} "
        told = f"{line.what}: {line.detail}" if line.what and line.detail else line.what or line.detail
        rows.append((f"{day}{at:%H:%M:%S.%f}"[:-3], line.first.kind, told))
    return rows
