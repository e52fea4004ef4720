"""The org that the tests of deploys work on."""

from __future__ import annotations

import pytest

from tests.unit.emulator.metadata.packages import Target, a_target


@pytest.fixture
def target() -> Target:
    """An org to deploy to."""
    return a_target()
