"""What commands are tried against: one emulator per file of tests, settings that reach it, a recording."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from scv_emulator.server import Emulator
from scv_emulator.switches import Switches

from tests.commands import PREFIX
from tests.wav_files import a_wav_file

QUICK = {f"{PREFIX}RETRY_BASE_SECONDS": "0.05", f"{PREFIX}PATIENCE_SECONDS": "1", f"{PREFIX}TIMEOUT_SECONDS": "5"}


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    with Emulator(switches=Switches(apply_delay_ms=20)) as running:
        yield running


@pytest.fixture
def settings(emulator: Emulator, tmp_path: Path) -> Iterator[dict[str, str]]:
    """Settings that reach the emulator, with a journal of this test's own."""
    yield emulator.env() | QUICK | {f"{PREFIX}JOURNAL": str(tmp_path / "journal.db")}
    emulator.reset()


@pytest.fixture
def wav(tmp_path: Path) -> Path:
    return a_wav_file(tmp_path / "msg.wav", seconds=2)
