"""The examples of the emulator's README are run."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from scv_emulator.seed_file import read_seed

README = (Path(__file__).parents[3] / "emulator" / "README.md").read_text(encoding="utf-8")
PYTHON = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
TOML = re.findall(r"```toml\n(.*?)```", README, re.DOTALL)


@pytest.mark.parametrize("code", PYTHON)
def test_the_python_examples_run(code: str) -> None:
    """Their own assertions hold."""
    exec(compile(code, "emulator/README.md", "exec"), {})


def test_the_seed_example_can_be_read() -> None:
    """Every key and every name in it is right."""
    seed = read_seed(tomllib.loads(TOML[0]))

    assert seed.phone_channels[0].number == "+4930123456"
    assert seed.reps[0].accepts_automatically is True


def test_the_readme_opens_with_what_it_does_not_do() -> None:
    """Honesty first."""
    headings = re.findall(r"^## (.*)$", README, re.MULTILINE)

    assert headings[0] == "What it does not do"
    assert len(PYTHON) == 5
