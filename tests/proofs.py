"""Holds what documents promise against the tests that ran: docs/defects.md by markers, docs/guarantees.md by names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

DOCS = Path(__file__).parents[1] / "docs"
_ROW = re.compile(r"^\| `([\w-]+)` \|", re.MULTILINE)
_OPEN = re.compile(r"^- `([\w-]+)`", re.MULTILINE)
_TEST = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")


def listed_ids(text: str) -> dict[str, bool]:
    """The ids of docs/defects.md in order, and whether each is mended; raises ValueError for a slip of the list."""
    rows, _, open_part = text.partition("\n## Open\n")
    ids, left = _ROW.findall(rows), set(_OPEN.findall(open_part))
    twice = sorted({one for one in ids if ids.count(one) > 1})
    if twice or left - set(ids):
        raise ValueError(f"docs/defects.md: twice in the list {twice}, open but not in it {sorted(left - set(ids))}")
    return {one: one not in left for one in ids}


def named_tests(text: str) -> list[str]:
    """The tests that a document names, as `tests/file.py` or `tests/file.py::test_name`."""
    return sorted({f"{file}::{name}" if name else file for file, name in _TEST.findall(text)})


@dataclass(slots=True)
class Proofs:
    """What ran: each test without its parameters, with how often it passed, was skipped and failed."""

    covers: dict[str, set[str]] = field(default_factory=dict)
    outcomes: dict[str, dict[str, int]] = field(default_factory=dict)

    def ran(self, node: str, outcome: str, ids: Iterable[str]) -> None:
        """A test has ended, or one of its parameters has."""
        test = node.partition("[")[0]
        counts = self.outcomes.setdefault(test, {})
        counts[outcome] = counts.get(outcome, 0) + 1
        for one in ids:
            self.covers.setdefault(one, set()).add(test)

    def table(self, ids: Mapping[str, bool]) -> list[str]:
        """A line for each id and test: `poison-1  tests/…::test_…  12 passed`."""
        lines = []
        for one, mended in ids.items():
            tests = sorted(self.covers.get(one, ()))
            lines += [f"{one:16} {test}  {_counted(self.outcomes[test])}" for test in tests]
            if not tests:
                lines.append(f"{one:16} {'NO TEST RAN' if mended else 'open'}")
        return lines

    def missing(self, ids: Mapping[str, bool]) -> list[str]:
        """What speaks against the list of defects."""
        unknown = sorted(set(self.covers) - set(ids))
        wrong = [
            f"{one}: no test that shows it passed" for one, mended in ids.items() if mended and not self._shown(one)
        ]
        return wrong + [f"{one}: a test covers it, docs/defects.md does not have it" for one in unknown]

    def _shown(self, one: str) -> bool:
        found = [self.outcomes[test] for test in self.covers.get(one, ())]
        return any(counts.get("passed") for counts in found) and not any(counts.get("failed") for counts in found)

    def unproved(self, names: Iterable[str]) -> list[str]:
        """The named tests that did not run or did not pass."""
        return [f"{name}: named in docs/guarantees.md, but it did not pass" for name in names if not self._passed(name)]

    def _passed(self, name: str) -> bool:
        found = [counts for test, counts in self.outcomes.items() if test == name or test.startswith(f"{name}::")]
        return any(counts.get("passed") for counts in found) and not any(counts.get("failed") for counts in found)


def _counted(outcomes: Mapping[str, int]) -> str:
    return ", ".join(f"{number} {outcome}" for outcome, number in sorted(outcomes.items()))
