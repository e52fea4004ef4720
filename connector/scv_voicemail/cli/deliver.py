"""`deliver`, `worker` and `watch`: the commands that move voicemails."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from scv_voicemail.cli.output import Exit, Options, emit, say, told
from scv_voicemail.errors import BadVoicemail, SettingsInvalid
from scv_voicemail.ports import RecordingSource, Run, RunState
from scv_voicemail.voicemail import Mailbox, MailboxKind

AsJson = Annotated[bool, typer.Option("--json", help="Answer as JSON on stdout")]


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.command(
        "deliver",
        epilog="Example: scv-voicemail deliver msg.wav --from '+14155550142' --to '+18005550100' --transcript 'Hello'",
    )(deliver)
    app.command("worker", epilog="Example: scv-voicemail worker --until-idle --json")(worker)
    app.command("watch", epilog="Example: scv-voicemail watch /var/spool/voicemails")(watch)


def deliver(
    context: typer.Context,
    wav: Annotated[Path, typer.Argument(help="The recording: WAV, PCM 8/16-bit, mu-law or A-law")],
    caller: Annotated[str, typer.Option("--from", help="The caller's number, or 'anonymous'")],
    dialed_number: Annotated[str, typer.Option("--to", help="The number that was dialed")],
    key: Annotated[str, typer.Option("--id", help="The telephony system's key of the call; derived if left out")] = "",
    received_at: Annotated[
        str, typer.Option(help="When the recording began (ISO 8601 with zone); default: from the file")
    ] = "",
    transcript: Annotated[str, typer.Option(help="What was said")] = "",
    transcript_file: Annotated[Path | None, typer.Option(help="File with text, or JSON with timed segments")] = None,
    language: Annotated[str, typer.Option(help="Language of the caller, e.g. en-US")] = "",
    queue: Annotated[str, typer.Option(help="Mailbox: the queue (developer name) it is for")] = "",
    rep: Annotated[str, typer.Option(help="Mailbox: the rep (username) it is for")] = "",
    attribute: Annotated[list[str] | None, typer.Option(help="FIELD=VALUE for the VoiceCall; may be repeated")] = None,
    target: Annotated[list[str] | None, typer.Option(help="Deliver to this target; may be repeated")] = None,
    wait: Annotated[float, typer.Option(help="Seconds to stay for it; a worker goes on afterwards")] = 60.0,
    as_json: AsJson = False,
) -> None:
    """Take one voicemail in and deliver it. Handing the same one in again delivers it once."""
    options: Options = context.obj
    with told(options, as_json=as_json):
        from scv_voicemail.wiring import connect

        if transcript and transcript_file:
            raise BadVoicemail("--transcript and --transcript-file exclude each other", fix="give one of them")
        with connect() as connector:
            voicemail_id = connector.submit(
                wav,
                caller=caller,
                dialed_number=dialed_number,
                voicemail_id=key,
                received_at=received_at or None,
                transcript=transcript or transcript_file,
                language=language,
                mailbox=_mailbox(queue, rep),
                attributes=_attributes(attribute or []),
                targets=target or (),
                source="command line",
            )
            say(f"voicemail {voicemail_id} is in the journal")
            runs = connector.deliver(voicemail_id, wait_seconds=wait)
        raise typer.Exit(_report(voicemail_id, runs, as_json=as_json))


def worker(
    context: typer.Context,
    until_idle: Annotated[bool, typer.Option(help="End when nothing is left to do now or later")] = False,
    as_json: AsJson = False,
) -> None:
    """Deliver whatever the journal holds, until stopped. Any number of workers may share one journal."""
    options: Options = context.obj
    with told(options, as_json=as_json):
        from scv_voicemail.wiring import connect

        with connect() as connector, _stop_signals() as stopped:
            say(f"worker: journal {connector.settings.journal}")
            connector.work(
                until=lambda: stopped.is_set() or (until_idle and connector.journal.next_due() is None),
                sleep=_sleep_until(stopped),
            )
            counts = connector.journal.counts()
        _tell_counts(counts, as_json=as_json)
        raise typer.Exit(Exit.WAITING if until_idle and counts[RunState.PARKED] else Exit.DONE)


def watch(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(help="Folder of NAME.wav + NAME.json, or an Asterisk voicemail spool")],
    asterisk: Annotated[bool, typer.Option(help="The folder is a voicemail spool of Asterisk or FreePBX")] = False,
    once: Annotated[bool, typer.Option(help="Take in and deliver what is there now, then end")] = False,
    as_json: AsJson = False,
) -> None:
    """Take voicemails from a folder and deliver them, until stopped."""
    options: Options = context.obj
    with told(options, as_json=as_json):
        from scv_voicemail.wiring import asterisk_spool, connect, watched_folder

        if not folder.is_dir():
            raise SettingsInvalid(f"{folder} is not a folder", fix="give the folder that the recordings arrive in")
        with connect() as connector, _stop_signals() as stopped:
            settings = connector.settings
            source: RecordingSource = asterisk_spool(settings, folder) if asterisk else watched_folder(settings, folder)
            say(f"watching {folder}")
            if once:
                taken = connector.take(source)
                say(f"{len(taken.new)} new, {len(taken.known)} known, {len(taken.set_aside)} set aside")
            connector.work(
                until=lambda: stopped.is_set() or (once and connector.journal.next_due() is None),
                sources=() if once else (source,),
                sleep=_sleep_until(stopped),
            )
            counts = connector.journal.counts()
        _tell_counts(counts, as_json=as_json)
        raise typer.Exit(Exit.WAITING if once and counts[RunState.PARKED] else Exit.DONE)


def _report(voicemail_id: str, runs: list[Run], *, as_json: bool) -> Exit:
    warnings = [warning for run in runs for warning in run.warnings]
    if any(run.state is not RunState.DELIVERED for run in runs):
        code = Exit.WAITING
    else:
        code = Exit.WARNINGS if warnings else Exit.DONE
    if as_json:
        emit({"id": voicemail_id, "exit": int(code), "warnings": warnings, "runs": [run_data(run) for run in runs]})
        return code
    for run in runs:
        call_id = run.receipts.get("open", {}).get("voiceCallId", "")
        typer.echo(f"{voicemail_id} to {run.target}: {run.state}{f' as {call_id}' if call_id else ''}")
        if run.last_error:
            say(f"  {run.last_error}")
        if run.state is RunState.WAITING:
            say(f"  tried again at {run.due:%Y-%m-%d %H:%M:%S} UTC by `scv-voicemail worker`")
        if run.state is RunState.PARKED:
            say(f"  then: scv-voicemail retry '{voicemail_id}'")
    for warning in warnings:
        say(f"  warning: {warning}")
    return code


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
    }


def _tell_counts(counts: dict[RunState, int], *, as_json: bool) -> None:
    if as_json:
        emit({"counts": {state.value: number for state, number in counts.items()}})
    else:
        typer.echo(", ".join(f"{state.value} {number}" for state, number in counts.items()))


def _mailbox(queue: str, rep: str) -> Mailbox | None:
    if queue and rep:
        raise BadVoicemail("--queue and --rep exclude each other", fix="give one of them")
    if queue:
        return Mailbox(kind=MailboxKind.QUEUE, name=queue)
    return Mailbox(kind=MailboxKind.REP, name=rep) if rep else None


def _attributes(pairs: list[str]) -> dict[str, str]:
    split = dict(pair.partition("=")[::2] for pair in pairs)
    if not all("=" in pair for pair in pairs):
        raise BadVoicemail("--attribute wants FIELD=VALUE", fix="for example --attribute Department__c=Sales")
    return split


@contextmanager
def _stop_signals() -> Iterator[threading.Event]:
    """An event that SIGTERM and SIGINT set: the step under way is finished, then the worker ends."""
    stopped = threading.Event()
    earlier = {number: signal.signal(number, lambda *_: stopped.set()) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stopped
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)


def _sleep_until(stopped: threading.Event) -> Callable[[float], None]:
    def sleep(seconds: float) -> None:
        stopped.wait(seconds)

    return sleep
