"""`status`, `explain` and `retry`: what the journal knows, and how a human puts a voicemail back to work."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from scv_voicemail.cli.deliver import AsJson, run_data
from scv_voicemail.cli.output import Exit, Options, emit, show_table, told
from scv_voicemail.errors import BadVoicemail
from scv_voicemail.ports import Journal, Run, RunState
from scv_voicemail.redaction import mask
from scv_voicemail.voicemail import Voicemail

NEXT = {
    RunState.WAITING: "tried again at {due:%Y-%m-%d %H:%M:%S} UTC by any worker",
    RunState.RUNNING: "a worker is at it; its lease ends at {lease_until:%Y-%m-%d %H:%M:%S} UTC",
    RunState.DELIVERED: "nothing: it is delivered",
    RunState.PARKED: "a human: mend the cause, then `scv-voicemail retry ID`",
}


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.command("status", epilog="Example: scv-voicemail status --json")(status)
    app.command("explain", epilog="Example: scv-voicemail explain 5324881f-1e84-4367-8930-f69a74b30ca6")(explain)
    app.command("retry", epilog="Example: scv-voicemail retry --all-parked")(retry)


def status(
    context: typer.Context,
    voicemail_id: Annotated[str, typer.Argument(metavar="[ID]", help="One voicemail; all if left out")] = "",
    state: Annotated[RunState | None, typer.Option(help="Only those in this state")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many rows, newest first")] = 50,
    as_json: AsJson = False,
) -> None:
    """Show where voicemails stand. Ends with 7 when one is parked or still waiting."""
    options: Options = context.obj
    with told(options, as_json=as_json):
        from scv_voicemail.settings import load
        from scv_voicemail.wiring import open_journal

        journal = open_journal(load())
        runs = journal.runs(voicemail_id=voicemail_id or None, state=state, limit=limit)
        if voicemail_id and not runs:
            raise _unknown(voicemail_id)
        counts, gates = journal.counts(), journal.gates()
        if as_json:
            emit(
                {
                    "counts": {one.value: number for one, number in counts.items()},
                    "gates": [{"target": gate.target, "next_probe": gate.open_until} for gate in gates],
                    "runs": [run_data(run) for run in runs],
                }
            )
        else:
            show_table(
                ", ".join(f"{one.value} {number}" for one, number in counts.items()),
                ("voicemail", "target", "state", "accepted (UTC)", "last word"),
                [
                    (run.voicemail_id, run.target, run.state, f"{run.accepted_at:%m-%d %H:%M:%S}", run.last_error[:80])
                    for run in runs
                ],
            )
            for gate in gates:
                typer.echo(f"{gate.target} does not answer; next probe at {gate.open_until:%Y-%m-%d %H:%M:%S} UTC")
        journal.close()
        stuck = any(run.state is not RunState.DELIVERED for run in runs)
        raise typer.Exit(Exit.WAITING if stuck else Exit.DONE)


def explain(
    context: typer.Context,
    voicemail_id: Annotated[str, typer.Argument(metavar="ID", help="The voicemail")],
    as_json: AsJson = False,
) -> None:
    """Tell the story of one voicemail: every try, every answer, and what happens next."""
    options: Options = context.obj
    with told(options, as_json=as_json):
        from scv_voicemail.settings import load
        from scv_voicemail.wiring import open_journal

        journal = open_journal(load())
        voicemail = journal.voicemail(voicemail_id)
        if voicemail is None:
            raise _unknown(voicemail_id)
        if as_json:
            emit(_story(journal, voicemail))
        else:
            _tell(journal, voicemail)
        journal.close()


def retry(
    context: typer.Context,
    voicemail_id: Annotated[str, typer.Argument(metavar="[ID]", help="The voicemail")] = "",
    all_parked: Annotated[bool, typer.Option("--all-parked", help="Every parked voicemail")] = False,
    as_json: AsJson = False,
) -> None:
    """Put parked or waiting voicemails back to work, at the step that failed. A worker or `deliver` does the work."""
    options: Options = context.obj
    with told(options, as_json=as_json):
        from scv_voicemail.settings import load
        from scv_voicemail.wiring import open_journal

        if bool(voicemail_id) == all_parked:
            raise typer.BadParameter("give one ID, or --all-parked", param_hint="ID")
        journal = open_journal(load())
        chosen = [voicemail_id] if voicemail_id else _parked(journal)
        if voicemail_id and journal.voicemail(voicemail_id) is None:
            raise _unknown(voicemail_id)
        now = datetime.now(UTC)
        put_back = sum(journal.retry(one, now=now) for one in chosen)
        journal.close()
        if as_json:
            emit({"put_back": put_back})
        else:
            typer.echo(f"{put_back} put back to work")


def _parked(journal: Journal) -> list[str]:
    return sorted({run.voicemail_id for run in journal.runs(state=RunState.PARKED, limit=1_000_000)})


def _unknown(voicemail_id: str) -> BadVoicemail:
    return BadVoicemail(
        f"the journal knows no voicemail {voicemail_id!r}",
        fix="`scv-voicemail status` lists those it knows; check SCV_VOICEMAIL_JOURNAL",
    )


def _next(run: Run) -> str:
    return NEXT[run.state].format(due=run.due, lease_until=run.lease_until)


def _story(journal: Journal, voicemail: Voicemail) -> dict[str, Any]:
    return {
        "voicemail": {
            "id": voicemail.id,
            "caller": mask(voicemail.caller),
            "dialed_number": voicemail.dialed_number,
            "started_at": voicemail.started_at.isoformat(),
            "duration_seconds": voicemail.recording.duration_seconds,
            "transcript": voicemail.transcript.provider if voicemail.transcript else None,
            "source": voicemail.source,
        },
        "events": [
            {"at": event.at.isoformat(), "target": event.target, "kind": event.kind, "step": event.step}
            | {"detail": event.detail}
            for event in journal.events(voicemail.id)
        ],
        "runs": [run_data(run) | {"next": _next(run)} for run in journal.runs(voicemail_id=voicemail.id)],
    }


def _tell(journal: Journal, voicemail: Voicemail) -> None:
    typer.echo(
        f"Voicemail {voicemail.id}\n"
        f"  left at {voicemail.started_at:%Y-%m-%d %H:%M:%S} UTC, {voicemail.recording.duration_seconds:.1f} s, "
        f"from {mask(voicemail.caller)} to {voicemail.dialed_number}\n"
        f"  transcript: {voicemail.transcript.provider if voicemail.transcript else 'none'}; "
        f"came in by: {voicemail.source}\n"
    )
    show_table(
        "What was done",
        ("at (UTC)", "target", "what", "step", "answer"),
        [
            (f"{event.at:%m-%d %H:%M:%S.%f}"[:-3], event.target, event.kind, event.step, event.detail)
            for event in journal.events(voicemail.id)
        ],
    )
    for run in journal.runs(voicemail_id=voicemail.id):
        typer.echo(f"\n{run.target}: {run.state}. Next: {_next(run)}")
        for warning in run.warnings:
            typer.echo(f"  warning: {warning}")
