"""Plants every defect in turn and prints which check caught it: python -m tests.sfdx.mutation_table"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from pathlib import Path

from tests.sfdx.checks import CHECKS, examine, tools
from tests.sfdx.checks.component import Finding
from tests.sfdx.checks.project import Project
from tests.sfdx.mutants import MUTANTS, Mutant, copy_of_the_project


def caught(mutant: Mutant, folder: Path) -> dict[str, list[Finding]]:
    """What every check says about a copy of the project, in this empty folder, that has the defect."""
    root = copy_of_the_project(folder)
    mutant.plant(root)
    found = examine(Project.load(root))
    if mutant.caught_by in tools.SCRIPTS:
        findings = tools.run(mutant.caught_by, root / "sfdx/force-app")
        found |= {mutant.caught_by: findings} if findings else {}
    return found


def is_caught(mutant: Mutant, found: dict[str, list[Finding]]) -> bool:
    """Whether the check that has to find it did, and says what is wrong."""
    return any(mutant.says in str(finding) for finding in found.get(mutant.caught_by, ()))


def main() -> int:
    """The table; 1 when a defect was not caught."""
    survivors, catches = 0, Counter[str]()
    print(f"{'planted':52} {'caught by':18} {'also':4} first words")
    for mutant in MUTANTS:
        with tempfile.TemporaryDirectory() as folder:
            found = caught(mutant, Path(folder))
        by = mutant.caught_by if is_caught(mutant, found) else "NOBODY"
        survivors += by == "NOBODY"
        catches.update(found.keys())
        says = next((one.problem for one in found.get(by, ()) if mutant.says in str(one)), "")
        print(f"{mutant.defect:52} {by:18} {len(found) - 1:4} {says[:90]}", flush=True)
    idle = [name for name in (*CHECKS, *tools.SCRIPTS) if not catches[name]]
    print(f"\n{len(MUTANTS)} planted, {len(MUTANTS) - survivors} caught, {len(CHECKS) + len(tools.SCRIPTS)} checks")
    if idle:
        print(f"checks that caught nothing: {', '.join(idle)}")
    return 1 if survivors or idle else 0


if __name__ == "__main__":
    sys.exit(main())
