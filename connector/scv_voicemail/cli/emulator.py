"""`emulator`: a local Salesforce. It is a program of its own, which this command becomes."""

from __future__ import annotations

import importlib.util
import os
import sys
from typing import Annotated

import typer

from scv_voicemail.errors import SettingsInvalid


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command(
        "emulator",
        context_settings={"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []},
        help="Run a local Salesforce: Telephony API, OAuth, REST, faults. --help lists its options.",
    )(emulator)


def command(*options: str) -> list[str]:
    """The command line that starts an emulator."""
    if importlib.util.find_spec("scv_emulator") is None or importlib.util.find_spec("uvicorn") is None:
        raise SettingsInvalid("the emulator is not installed", fix="pip install 'scv-voicemail[emulator]'")
    return [sys.executable, "-m", "scv_emulator", *options]


def emulator(
    options: Annotated[list[str] | None, typer.Argument(help="See `scv-voicemail emulator --help`")] = None,
) -> None:
    """Become the emulator, so that signals and the exit code are its own."""
    argv = command(*(options or []))
    os.execv(argv[0], argv)  # noqa: S606 - no shell: our own interpreter with our own arguments
