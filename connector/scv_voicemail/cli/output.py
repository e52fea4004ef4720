"""How commands speak: data to stdout, talk to stderr, one table of exit codes, no traceback unless asked for."""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import Annotated, Any

import typer

from scv_voicemail.errors import (
    AnotherVoicemail,
    AuthenticationFailed,
    PermissionMissing,
    Rejected,
    SettingsInvalid,
    Unavailable,
    VoicemailError,
)
from scv_voicemail.redaction import RedactingFormatter

SCHEMA_VERSION = 1
"""Of every `--json` answer. Fields may be added within a version; nothing is renamed or removed."""

PIPED_WIDTH = 120
"""Columns of a table that no terminal shows, unless COLUMNS says otherwise."""

STYLES = {
    **dict.fromkeys(("ok", "done", "delivered"), "green"),
    **dict.fromkeys(("warn", "waiting", "running", "done again", "taken over"), "yellow"),
    **dict.fromkeys(("FAIL", "DIFFERS", "failed", "parked"), "bold red"),
}
"""Colours of the words that a reader looks for; only on a terminal, and not with NO_COLOR."""

AsJson = Annotated[bool, typer.Option("--json", help="Answer as one JSON document on stdout")]


class Exit(IntEnum):
    """What the exit code means. Stable. A command that Ctrl-C has ended gives 130."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    CONFIGURATION = 3
    AUTHENTICATION = 4
    REFUSED = 5
    WARNINGS = 6
    WAITING = 7
    INTERRUPTED = 130


def emit(data: Mapping[str, Any]) -> None:
    """One JSON document on stdout."""
    sys.stdout.write(json.dumps({"schema_version": SCHEMA_VERSION, **data}) + "\n")
    sys.stdout.flush()


def show_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """A table on stdout, for people: the last column wraps, the others do not."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 2, 0, 0), show_header=any(columns))
    for number, column in enumerate(columns, start=1):
        table.add_column(Text(column, style="dim"), no_wrap=number < len(columns), overflow="fold")
    for row in rows:
        cells = (printable(str(cell)) for cell in row)
        table.add_row(*(Text(cell, style=STYLES.get(cell, "")) for cell in cells))
    width = None if sys.stdout.isatty() or "COLUMNS" in os.environ else PIPED_WIDTH
    console = Console(highlight=False, width=width)
    console.print(Text(title, style="bold"), soft_wrap=True)
    console.print(table)


def printable(text: str) -> str:
    """The text without characters that a terminal would obey instead of show; much of it comes from elsewhere."""
    return "".join(one if one.isprintable() or one == "\n" else " " for one in text)


def say(text: str) -> None:
    """A line of talk on stderr. Nobody has to listen."""
    try:
        sys.stderr.write(printable(text) + "\n")
        sys.stderr.flush()
    except OSError:
        pass


def set_up_logging(level: str) -> None:
    """Log to stderr; every line is redacted, whoever wrote it."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(RedactingFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s")))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    # At debug it writes whole requests down: the callers' numbers and words.
    logging.getLogger("botocore").setLevel(max(root.level, logging.INFO))


def run(app: typer.Typer, arguments: Sequence[str]) -> int:
    """Run a command; the exit code. Every error becomes one sentence (with `--json`: one document) and its code."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal that lacks a character gets a question mark
    as_json = "--json" in arguments
    try:
        code = app(args=list(arguments), prog_name="scv-voicemail", standalone_mode=False)
    except (typer.Abort, KeyboardInterrupt):
        code = Exit.INTERRUPTED
    except Exception as error:
        if "--debug" in arguments:
            raise
        return _told(error, as_json=as_json)
    if code == Exit.INTERRUPTED:
        say("interrupted: whatever is under way goes on with the next `scv-voicemail worker`")
    return int(code or Exit.DONE)


def reason_and_fix(text: str) -> tuple[str, str]:
    """What went wrong, and what to do about it: the two halves of an error's sentence."""
    reason, _, fix = text.partition(" Next: ")
    return reason, fix


def exit_code(error: VoicemailError) -> Exit:
    """The exit code that an error stands for."""
    if isinstance(error, SettingsInvalid):
        return Exit.CONFIGURATION
    if isinstance(error, AuthenticationFailed):
        return Exit.AUTHENTICATION
    if isinstance(error, AnotherVoicemail):
        return Exit.WARNINGS
    if isinstance(error, PermissionMissing) or (isinstance(error, Rejected) and error.service):
        return Exit.REFUSED
    return Exit.FAILED


def _told(error: Exception, *, as_json: bool) -> Exit:
    """Tell the user what went wrong; the exit code."""
    code = Exit.FAILED
    fields: Sequence[str] = ()
    if isinstance(error, VoicemailError):
        fields = error.fields
        message, fix = reason_and_fix(str(error))
        code = exit_code(error)
        if fix == Unavailable.fix:  # so says a worker; a command has ended
            fix = "look whether it can be reached from here, then run this again"
    elif isinstance(error, typer.BadParameter.__mro__[1]):  # UsageError, which typer does not export
        return _told_usage(error, as_json=as_json)
    else:
        logging.getLogger(__name__).debug("unexpected", exc_info=error)
        message = f"unexpected {type(error).__name__}"
        fix = "run it again with `scv-voicemail --debug …` to see where, and report it"
    if as_json:
        told = {"kind": type(error).__name__, "message": message, "fix": fix, "exit": int(code)}
        emit({"error": told | ({"fields": list(fields)} if fields else {})})
    say(f"scv-voicemail: {message}")
    if fix:
        say(f"  fix: {fix}")
    return code


def _told_usage(error: Any, *, as_json: bool) -> Exit:
    context = error.ctx
    if as_json:
        message, command = error.format_message(), context.command_path if context else "scv-voicemail"
        fix = f"see `{command} --help`"
        emit({"error": {"kind": "Usage", "message": message, "fix": fix, "exit": int(Exit.USAGE)}})
    error.show()
    return Exit.USAGE
