"""The command line. Imports nothing heavy before a command runs."""

from __future__ import annotations


def main() -> None:
    """Run `scv-voicemail`; the process ends with one of the documented exit codes."""
    from scv_voicemail.cli.app import run

    run()
