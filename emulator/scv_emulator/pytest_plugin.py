"""The pytest fixture `scv_emulator`: a running local Salesforce, fresh for every test."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from scv_emulator.server import Emulator


@pytest.fixture
def scv_emulator() -> Iterator[Emulator]:
    """A running emulator with an empty org; updates are applied after 20 ms instead of 300."""
    # pytest loads this module in every run, also in those that never use the fixture.
    from scv_emulator.server import Emulator  # noqa: PLC0415 - see above: the import must be paid by users only
    from scv_emulator.switches import Switches  # noqa: PLC0415

    with Emulator(switches=Switches(apply_delay_ms=20)) as emulator:
        yield emulator
