"""Runs `scv-voicemail` as a user does: a process of its own, without the tester's own settings."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

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
