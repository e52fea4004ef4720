"""How commands speak: data to stdout, talk to stderr, one table of exit codes, no traceback unless asked for."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import IntEnum
from typing import Any

import typer
from rich.console import Console
from rich.table import Table

from scv_voicemail.errors import AuthenticationFailed, PermissionMissing, Rejected, SettingsInvalid, VoicemailError
from scv_voicemail.redaction import RedactingFormatter

SCHEMA_VERSION = 1
"""Of every `--json` answer. Fields may be added within a version; nothing is renamed or removed."""

talk = Console(stderr=True, highlight=False)


class Exit(IntEnum):
    """What the exit code means. Stable."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    CONFIGURATION = 3
    AUTHENTICATION = 4
    REFUSED = 5
    WARNINGS = 6
    WAITING = 7


class Options:
    """The options that stand before the command."""

    def __init__(self, *, debug: bool = False) -> None:
        self.debug = debug


def emit(data: Mapping[str, Any]) -> None:
    """One JSON document on stdout."""
    sys.stdout.write(json.dumps({"schema_version": SCHEMA_VERSION, **data}, default=str) + "\n")
    sys.stdout.flush()


def show_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """A table on stdout, for people."""
    table = Table(*columns, title=title, title_justify="left", title_style="bold", pad_edge=False)
    for row in rows:
        table.add_row(*(str(cell) for cell in row))
    Console(highlight=False, width=None if sys.stdout.isatty() else 140).print(table)


def say(text: str) -> None:
    """A line of talk on stderr."""
    talk.print(text, markup=False)


def set_up_logging(level: str) -> None:
    """Log to stderr; every line is redacted, whoever wrote it."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(RedactingFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s")))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())


@contextmanager
def told(options: Options, *, as_json: bool) -> Iterator[None]:
    """Turn an error into its sentence and its exit code."""
    try:
        yield
    except VoicemailError as error:
        if options.debug:
            raise
        code = exit_code(error)
        if as_json:
            emit({"error": {"kind": type(error).__name__, "message": str(error), "fix": error.fix, "exit": int(code)}})
        say(f"scv-voicemail: {error}")
        raise typer.Exit(code) from None
    except KeyboardInterrupt:
        say("interrupted: whatever is under way goes on with the next `scv-voicemail worker`")
        raise typer.Exit(130) from None
    except (typer.Exit, typer.Abort):
        raise
    except Exception as error:
        if options.debug:
            raise
        logging.getLogger(__name__).debug("unexpected", exc_info=error)
        if as_json:
            emit({"error": {"kind": type(error).__name__, "message": "unexpected", "exit": int(Exit.FAILED)}})
        say(f"scv-voicemail: unexpected {type(error).__name__}; run it again with --debug to see where, and report it")
        raise typer.Exit(Exit.FAILED) from None


def exit_code(error: VoicemailError) -> Exit:
    """The exit code that an error stands for."""
    if isinstance(error, SettingsInvalid):
        return Exit.CONFIGURATION
    if isinstance(error, AuthenticationFailed):
        return Exit.AUTHENTICATION
    if isinstance(error, PermissionMissing) or (isinstance(error, Rejected) and error.service):
        return Exit.REFUSED
    return Exit.FAILED
