"""Formatter, linter, compiler, parser and the player's own tests, as the vendor ships these tools."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]


@pytest.mark.usefixtures("node_modules")
def test_the_project_passes_the_vendors_tools() -> None:
    """What scripts/check-sfdx says; its output tells which tool failed and why."""
    done = subprocess.run([REPOSITORY / "scripts/check-sfdx"], capture_output=True, text=True, check=False, timeout=300)

    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    assert "check-sfdx: all passed" in done.stderr
