"""Defects to be planted, and found: a check that never found anything proves nothing."""

from tests.sfdx.mutants import of_code, of_contracts, of_files, of_flows, of_pages, of_references, of_words
from tests.sfdx.mutants.planting import Mutant, copy_of_the_project

MUTANTS: tuple[Mutant, ...] = (
    *of_files.MUTANTS,
    *of_references.MUTANTS,
    *of_pages.MUTANTS,
    *of_flows.MUTANTS,
    *of_code.MUTANTS,
    *of_words.MUTANTS,
    *of_contracts.MUTANTS,
)

__all__ = ["MUTANTS", "Mutant", "copy_of_the_project"]
