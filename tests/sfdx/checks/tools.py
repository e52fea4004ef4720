"""Salesforce's own parsers, by the project's scripts: syntax of Apex, templates and modules of components."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from tests.sfdx.checks.component import Finding
from tests.sfdx.checks.project import REPOSITORY

SCRIPTS: Mapping[str, str] = MappingProxyType(
    {"apex syntax": "scripts/sfdx/apex-syntax.mjs", "component compiler": "scripts/sfdx/lwc-compile.mjs"}
)
"""Tools by the name of what they check. `scripts/check-sfdx` runs them on the project itself."""


def run(name: str, folder: Path) -> list[Finding]:
    """What a tool says about a folder; raises when the tool itself fails."""
    answer = subprocess.run(
        ["node", SCRIPTS[name], str(folder)], cwd=REPOSITORY, capture_output=True, text=True, timeout=60, check=False
    )
    assert answer.returncode in (0, 1), answer.stderr
    lines = [line for line in answer.stderr.splitlines() if str(folder) in line]
    assert bool(lines) == bool(answer.returncode), answer.stderr
    return [Finding(*_place(line, folder)) for line in lines]


def _place(line: str, folder: Path) -> tuple[str, int, str]:
    path, _, rest = line.replace(f"{folder}/", "").partition(":")
    number, _, problem = rest.partition(":")
    return path, int(number) if number.isdecimal() else 1, f"{path}:{problem or rest}"
