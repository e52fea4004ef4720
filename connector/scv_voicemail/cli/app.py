"""All commands under one roof, in the order in which a newcomer needs them."""

from __future__ import annotations

import os
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from scv_voicemail.cli import deliver, demo, doctor, emulator, inspect, keys
from scv_voicemail.cli.output import Options, set_up_logging
from scv_voicemail.settings import PREFIX

EPILOG = (
    "Exit codes: 0 done, 1 failed, 2 usage, 3 configuration, 4 authentication, 5 refused by Salesforce, "
    "6 done with warnings, 7 parked or still waiting."
)

app = typer.Typer(
    name="scv-voicemail",
    help="Voicemails into Salesforce Service Cloud Voice: never lost, never doubled, never routed too early.",
    epilog=EPILOG,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def before(
    context: typer.Context,
    env_file: Annotated[Path | None, typer.Option(help="Settings file to use instead of ./.env")] = None,
    log_level: Annotated[str, typer.Option(help="debug, info, warning or error; to stderr, redacted")] = "warning",
    debug: Annotated[bool, typer.Option(help="Show tracebacks")] = False,
    show_version: Annotated[bool, typer.Option("--version", help="Print the version and end")] = False,
) -> None:
    """Read what stands before the command."""
    if show_version:
        typer.echo(version("scv-voicemail"))
        raise typer.Exit
    if log_level.lower() not in ("debug", "info", "warning", "error"):
        raise typer.BadParameter("expected debug, info, warning or error", param_hint="--log-level")
    if env_file is not None:
        if not env_file.is_file():
            raise typer.BadParameter(f"there is no file {env_file}", param_hint="--env-file")
        os.environ[f"{PREFIX}ENV_FILE"] = str(env_file)
    set_up_logging(log_level)
    context.obj = Options(debug=debug)


demo.add_to(app)
emulator.add_to(app)
deliver.add_to(app)
inspect.add_to(app)
doctor.add_to(app)
keys.add_to(app)


def run() -> None:
    """Run the command of this process."""
    app(prog_name="scv-voicemail")
