"""One org for all tests of the handlers, and contact centers in front of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest
from scv_emulator.server import Emulator
from scv_emulator.switches import Switches

from tests.aws_clients import an_aws
from tests.lambdas.contact_center import ContactCenter, frozen_time


@pytest.fixture(scope="session")
def _org() -> Iterator[Emulator]:
    with Emulator(switches=Switches(apply_delay_ms=0)) as running:
        yield running


@pytest.fixture
def org(_org: Emulator) -> Iterator[Emulator]:
    """An org in which nothing has happened yet."""
    before = {switch["name"]: switch["value"] for switch in _org.org.switches.describe()}
    yield _org
    _org.switch(**before)
    _org.clear_faults()
    _org.reset()


@pytest.fixture
def a_center(org: Emulator, tmp_path: Path) -> Iterator[Callable[..., ContactCenter]]:
    """Makes the contact center of a test, with settings that are its own."""
    with ExitStack() as stack:
        aws, clock = stack.enter_context(an_aws()), stack.enter_context(frozen_time())

        def make(**settings: Any) -> ContactCenter:
            return stack.enter_context(closing(ContactCenter(tmp_path, org, aws, clock, **settings)))

        yield make


@pytest.fixture
def center(a_center: Callable[..., ContactCenter]) -> ContactCenter:
    """A contact center that needs nothing special."""
    return a_center()
