"""Every kind of defect is planted into a copy of the project and must be caught.

`scripts/sfdx-mutations` prints the table of what was planted and what caught it.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.sfdx.checks import CHECKS, tools
from tests.sfdx.mutants import MUTANTS, Mutant
from tests.sfdx.mutation_table import caught, is_caught

pytestmark = pytest.mark.usefixtures("node_modules")


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.defect)
def test_the_planted_defect_is_caught(mutant: Mutant, tmp_path: Path) -> None:
    """By the check whose business it is, in words that name the defect."""
    found = caught(mutant, tmp_path)

    assert is_caught(mutant, found), f"{mutant.caught_by} should say {mutant.says!r}; found: {found}"


def test_every_check_has_a_defect_that_only_it_has_to_find() -> None:
    """A check without a mutant could be empty and nobody would notice."""
    caught_by = {mutant.caught_by for mutant in MUTANTS}

    assert caught_by == {*CHECKS, *tools.SCRIPTS}


def test_no_two_mutants_have_the_same_name() -> None:
    """The table would be hard to read."""
    assert [name for name, times in Counter(mutant.defect for mutant in MUTANTS).items() if times > 1] == []
