"""`deliver`, `worker` and `watch`: the commands that move voicemails."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer

from scv_voicemail.cli.inspect import run_data, told_counts
from scv_voicemail.cli.output import AsJson, Exit, emit, say
from scv_voicemail.cli.story import closing_words
from scv_voicemail.intake.register import kept_warnings
from scv_voicemail.ports import RecordingSource, Run, RunState
from scv_voicemail.settings import PREFIX, load
from scv_voicemail.voicemail import Mailbox, MailboxKind

if TYPE_CHECKING:
    from scv_voicemail.intake.again import HandedIn
    from scv_voicemail.intake.taking import Taken

LONGEST_WAIT_SECONDS = 7 * 24 * 3600


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.command(
        "deliver",
        epilog="Example: scv-voicemail deliver msg.wav --from '+14155550142' --to '+18005550100' --transcript 'Hello'",
    )(deliver)
    app.command("worker", epilog="Example: scv-voicemail worker --until-idle --json")(worker)
    app.command("watch", epilog="Example: scv-voicemail watch /var/spool/voicemails")(watch)


def deliver(
    wav: Annotated[Path, typer.Argument(metavar="WAV", help="The recording: PCM 8/16-bit, mu-law or A-law")],
    caller: Annotated[str, typer.Option("--from", help="The caller's number, or 'anonymous'")],
    dialed_number: Annotated[
        str, typer.Option("--to", help=f"The number that was dialed; default: {PREFIX}DIALED_NUMBER")
    ] = "",
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
    again: Annotated[
        bool, typer.Option("--again", help="Make a second voicemail of a recording that is known already")
    ] = False,
    wait: Annotated[
        float,
        typer.Option(
            min=0,
            max=LONGEST_WAIT_SECONDS,
            help="Seconds to stay for it; a worker goes on afterwards",
        ),
    ] = 60.0,
    as_json: AsJson = False,
) -> None:
    """Take one voicemail in and deliver it. Handed in again it is known: one more target or a transcript is added."""
    if transcript and transcript_file:
        raise typer.BadParameter("it excludes --transcript-file", param_hint="--transcript")
    if again and key:
        raise typer.BadParameter("it excludes --id: a second voicemail has an id of its own", param_hint="--again")
    mailbox, attributes = _mailbox(queue, rep), _attributes(attribute or ())
    from scv_voicemail.wiring import connect

    settings = load()
    if not dialed_number and not settings.dialed_number:
        raise typer.BadParameter(f"give the number that was dialed, or set {PREFIX}DIALED_NUMBER", param_hint="--to")
    with connect(settings) as connector:
        known = (*connector.pipeline.targets, *settings.other_targets)
        if unknown := [name for name in target or () if name not in known]:
            raise typer.BadParameter(f"{unknown[0]!r} is none of {', '.join(known)}", param_hint="--target")
        outcomes: list[HandedIn] = []
        voicemail_id = connector.submit(
            wav,
            caller=caller,
            dialed_number=dialed_number,
            voicemail_id=key,
            received_at=received_at or None,
            transcript=transcript or transcript_file,
            language=language,
            mailbox=mailbox,
            attributes=attributes,
            targets=target or (),
            source="command line",
            again=again,
            handed_in=outcomes.append,
        )
        say(outcomes[0].told)
        before = connector.journal.runs(voicemail_id=voicemail_id)
        runs = connector.deliver(voicemail_id, wait_seconds=wait)
        warnings = kept_warnings(connector.journal, voicemail_id) if outcomes[0].new else []
    told_before = {run.target for run in before if run.state is RunState.DELIVERED}
    raise typer.Exit(_report(outcomes[0], runs, warnings, told_before=told_before, as_json=as_json))


def worker(
    until_idle: Annotated[bool, typer.Option("--until-idle", help="End when nothing is left to do, now or later")] = (
        False
    ),
    as_json: AsJson = False,
) -> None:
    """Deliver whatever the journal holds, until stopped. Any number of workers may share one journal."""
    from scv_voicemail.wiring import connect

    with connect() as connector, _stop_signals() as stop:
        say(f"worker: journal {connector.settings.journal}; stop it with Ctrl-C or SIGTERM")
        connector.work(
            until=lambda: stop.wanted or (until_idle and connector.journal.next_due() is None), sleep=stop.sleep
        )
        counts = connector.journal.counts()
    if as_json:
        emit({"counts": {state.value: number for state, number in counts.items()}})
    else:
        typer.echo(told_counts(counts))
    raise typer.Exit(stop.exit or (Exit.WAITING if until_idle and counts[RunState.PARKED] else Exit.DONE))


def watch(
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="FOLDER",
            exists=True,
            file_okay=False,
            help="Folder of NAME.wav + NAME.json, or an Asterisk voicemail spool",
        ),
    ],
    asterisk: Annotated[
        bool, typer.Option("--asterisk", help="The folder is a voicemail spool of Asterisk or FreePBX")
    ] = False,
    once: Annotated[
        bool, typer.Option("--once", help="Take and deliver what lies there complete and at rest for 2 s, then end")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Take voicemails from a folder and deliver them, until stopped."""
    from scv_voicemail.intake.taking import Taken
    from scv_voicemail.wiring import asterisk_spool, connect, watched_folder

    taken = Taken()
    with connect() as connector, _stop_signals() as stop:
        settings = connector.settings
        source: RecordingSource = asterisk_spool(settings, folder) if asterisk else watched_folder(settings, folder)
        say(f"watching {folder}" + ("" if once else "; stop it with Ctrl-C or SIGTERM"))
        if once:
            taken = connector.take(source)
        connector.work(
            until=lambda: stop.wanted or (once and connector.journal.next_due() is None),
            sources=() if once else (source,),
            sleep=stop.sleep,
        )
        counts = connector.journal.counts()
    _tell_taken(taken, once=once)
    if as_json:
        emit(
            {
                "counts": {state.value: number for state, number in counts.items()},
                "new": list(taken.new),
                "known": list(taken.known),
                "set_aside": [{"name": name, "reason": reason} for name, reason in taken.set_aside],
                "left": [{"name": name, "reason": reason} for name, reason in taken.left],
            }
        )
    else:
        typer.echo(told_counts(counts))
    code = Exit.WAITING if counts[RunState.PARKED] or taken.left else Exit.WARNINGS if taken.set_aside else Exit.DONE
    raise typer.Exit(stop.exit or (code if once else Exit.DONE))


def _tell_taken(taken: Taken, *, once: bool) -> None:
    if once:
        left = f", {len(taken.left)} left for the next look" if taken.left else ""
        say(f"{len(taken.new)} new, {len(taken.known)} known, {len(taken.set_aside)} set aside{left}")
    for name, reason in (*taken.set_aside, *taken.left):
        say(f"  {name}: {reason}")


def _report(
    outcome: HandedIn, runs: list[Run], taken_in_with: list[str], *, told_before: Collection[str], as_json: bool
) -> Exit:
    """Tell what has become of it; the warnings of runs that were over when it was handed in were told then."""
    voicemail_id = outcome.voicemail_id
    warnings = [*taken_in_with, *(warning for run in runs for warning in run.warnings if run.target not in told_before)]
    if any(run.state is not RunState.DELIVERED for run in runs):
        code = Exit.WAITING
    else:
        code = Exit.WARNINGS if warnings else Exit.DONE
    if as_json:
        emit(
            {
                "id": voicemail_id,
                "new": outcome.new,
                "started_at": outcome.started_at.isoformat(),
                "added": list(outcome.effects),
                "exit": int(code),
                "warnings": warnings,
                "runs": [run_data(run) for run in runs],
            }
        )
        return code
    for warning in taken_in_with:
        say(f"  warning: {warning}")
    for run in runs:
        record_id = _record_id(run)
        typer.echo(f"{voicemail_id} to {run.target}: {run.state}{f' as {record_id}' if record_id else ''}")
        if code is not Exit.DONE:
            for heading, text in closing_words(run, now=datetime.now(UTC)):
                say(f"  {heading}: {text}")
    return code


def _record_id(run: Run) -> str:
    """The id of what the voicemail has become in Salesforce."""
    opened, saved = run.receipts.get("open", {}), run.receipts.get("save", {})
    return str(opened.get("voiceCallId") or saved.get("recordId") or "")


def _mailbox(queue: str, rep: str) -> Mailbox | None:
    if queue and rep:
        raise typer.BadParameter("it excludes --rep", param_hint="--queue")
    if queue:
        return Mailbox(kind=MailboxKind.QUEUE, name=queue)
    return Mailbox(kind=MailboxKind.REP, name=rep) if rep else None


def _attributes(pairs: Sequence[str]) -> dict[str, str]:
    for pair in pairs:
        if "=" not in pair:
            raise typer.BadParameter(f"{pair!r} is not FIELD=VALUE", param_hint="--attribute")
    return dict(pair.partition("=")[::2] for pair in pairs)


class _Stop:
    """Whether and by which signal this process was asked to stop."""

    def __init__(self) -> None:
        self._asked = threading.Event()
        self._by: int | None = None

    @property
    def wanted(self) -> bool:
        return self._asked.is_set()

    @property
    def exit(self) -> Exit:
        """Being stopped by SIGTERM is how a worker ends; Ctrl-C is told apart."""
        return Exit.INTERRUPTED if self._by == signal.SIGINT else Exit.DONE

    def ask(self, number: int, _frame: FrameType | None) -> None:
        """The signal handler. A second signal is not waited with: it has its usual effect."""
        self._by = number
        self._asked.set()
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
        say("stopping: the voicemail under way is brought to the end of its steps; once more stops at once")

    def sleep(self, seconds: float) -> None:
        """Sleep, unless asked to stop."""
        self._asked.wait(seconds)


@contextmanager
def _stop_signals() -> Iterator[_Stop]:
    """SIGTERM and SIGINT ask to stop: what is under way is finished, then the command ends."""
    stop = _Stop()
    earlier: dict[int, Callable[[int, FrameType | None], object] | int | None] = {
        number: signal.signal(number, stop.ask) for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        yield stop
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)
