"""All commands under one roof, in the order in which a newcomer needs them."""

from __future__ import annotations

import os
import sys
from enum import StrEnum
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from scv_voicemail.cli import deliver, demo, doctor, emulator, inspect, journal, keys, output
from scv_voicemail.settings import PREFIX

EPILOG = (
    "Exit codes: 0 done, 1 failed, 2 usage, 3 configuration, 4 authentication, 5 refused by Salesforce, "
    "6 done with warnings, 7 parked or still waiting, 130 interrupted. Example: scv-voicemail demo"
)

app = typer.Typer(
    name="scv-voicemail",
    help="Voicemails into Salesforce Service Cloud Voice: never lost, never doubled, never routed too early.",
    epilog=EPILOG,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


class LogLevel(StrEnum):
    """How much is logged to stderr."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(version("scv-voicemail"))
        raise typer.Exit


@app.callback()
def before(
    env_file: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Settings file to use instead of ./.env")
    ] = None,
    log_level: Annotated[LogLevel, typer.Option(case_sensitive=False, help="What is logged to stderr, redacted")] = (
        LogLevel.WARNING
    ),
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks")] = False,  # noqa: ARG001 - output.run reads it
    show_version: Annotated[  # noqa: ARG001 - its callback has done the work
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and end")
    ] = False,
) -> None:
    """Read what stands before the command."""
    if env_file is not None:
        os.environ[f"{PREFIX}ENV_FILE"] = str(env_file)
    output.set_up_logging(log_level)


demo.add_to(app)
emulator.add_to(app)
deliver.add_to(app)
inspect.add_to(app)
doctor.add_to(app)
keys.add_to(app)
journal.add_to(app)


def run() -> None:
    """Run the command of this process."""
    sys.exit(output.run(app, demo.spelled_out(sys.argv[1:]) or ["--help"]))
