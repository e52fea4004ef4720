"""Runs `scv-voicemail` as a user does: a process of its own, without the tester's own settings."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self

PREFIX = "SCV_VOICEMAIL_"
PATIENCE_SECONDS = 120


def environment(settings: Mapping[str, str]) -> dict[str, str]:
    """The tester's environment with these settings instead of their own, in a terminal of 100 columns."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    return own | {"COLUMNS": "100", "NO_COLOR": "1", "PYTHONWARNINGS": "error"} | dict(settings)


def argv(*arguments: object) -> list[str]:
    """The command line of the command line."""
    return [sys.executable, "-m", "scv_voicemail", *map(str, arguments)]


def run(
    *arguments: object, settings: Mapping[str, str] | None = None, folder: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """What a command answers, says and ends with."""
    return subprocess.run(
        argv(*arguments),
        env=environment(settings or {}),
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )


def the_document(answer: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """The one JSON document on stdout."""
    document = json.loads(answer.stdout)
    assert document["schema_version"] == 1
    assert isinstance(document, dict)
    return document


def until(ready: Callable[[], Any]) -> Any:
    """Wait for something; its value."""
    end = time.monotonic() + PATIENCE_SECONDS / 2
    while not (found := ready()):
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.02)
    return found


HEAR_CTRL_C = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])
"""
"""Becomes the command. Tests that were started in the background of a shell are deaf to SIGINT, with all they start."""


class Background:
    """A command that goes on while the test does; it is ended with the block."""

    def __init__(self, *arguments: object, settings: Mapping[str, str], folder: Path | None = None) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", HEAR_CTRL_C, *argv(*arguments)],
            env=environment(settings),
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.process.kill()
        self.process.communicate()

    def first_line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def talk(self) -> str:
        """The first line of talk: then its signal handlers are set."""
        assert self.process.stderr is not None
        return self.process.stderr.readline().strip()

    def end(self, number: signal.Signals) -> tuple[int, str, str]:
        """Send a signal; exit code, answer and talk."""
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=PATIENCE_SECONDS)
        return self.process.returncode, out, err
