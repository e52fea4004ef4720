"""Hundreds of bad days, drawn from seeds: see tests/simulation. `scripts/simulate` plays more of them, or one again."""

from __future__ import annotations

import pytest

from tests.simulation.__main__ import MUTANT_SEEDS, first_seed_that_finds
from tests.simulation.day import play
from tests.simulation.model_check import differences
from tests.simulation.mutants import MUTANTS


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    """A day logs thousands of lines that nobody reads."""
    caplog.set_level("CRITICAL")


@pytest.mark.parametrize("first", range(0, 1_000, 250))
def test_no_day_loses_doubles_mixes_or_hides_a_voicemail(first: int) -> None:
    """Kills, stops, clocks, lost and late answers against the model of the org."""
    found = [f"seed {seed}: {one}" for seed in range(first, first + 250) for one in play(seed).wrong]

    assert found == []


@pytest.mark.parametrize("first", range(0, 100, 25))
def test_no_day_does_so_against_the_emulator(first: int) -> None:
    """The same days with everything that the clients sign and the emulator checks."""
    found = [f"seed {seed}: {one}" for seed in range(first, first + 25) for one in play(seed, http=True).wrong]

    assert found == []


def test_a_day_is_played_again_exactly() -> None:
    """Otherwise a seed that fails would tell nothing."""
    for seed in range(20):
        assert play(seed).trace == play(seed).trace


def test_the_model_answers_as_the_emulator_does() -> None:
    """Three hundred sequences of calls: status, meaning and the records in the end."""
    found = [one for seed in range(300) for one in differences(seed)]

    assert found == []


@pytest.mark.parametrize("name", MUTANTS)
def test_a_planted_defect_is_found(name: str) -> None:
    """A simulation that sees none of them would say nothing about the connector."""
    assert first_seed_that_finds(name, range(MUTANT_SEEDS)) is not None
