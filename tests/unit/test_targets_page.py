"""The page of targets says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

from scv_voicemail.delivery.record_facts import FACTS, FOUND, LINKS
from scv_voicemail.target_wiring import NEEDS

PAGE = (Path(__file__).parents[2] / "docs" / "targets.md").read_text(encoding="utf-8")


def test_every_placeholder_is_told_in_its_own_words() -> None:
    """The sentence beside the code is the sentence of the page."""
    told = dict(re.findall(r"^\| `\{(\w+)\}` \| (.+) \|$", PAGE, re.MULTILINE))

    assert told == {**FACTS, **FOUND, **LINKS}


def test_every_target_has_a_column() -> None:
    """In the order of the code."""
    head = next(line for line in PAGE.splitlines() if line.startswith("| | "))

    assert re.findall(r"`(\w+)`", head) == list(NEEDS)
