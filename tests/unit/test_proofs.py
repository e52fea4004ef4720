"""What holds documents against tests can itself be wrong: these are its own tests."""

from __future__ import annotations

import pytest

from tests.proofs import DOCS, Proofs, listed_ids, named_tests

LIST = """
| id | what broke |
|---|---|
| `one-1` | … |
| `two-1` | … |

## Open

- `two-1`: not begun
"""


def test_a_defect_without_a_test_that_passed_is_named() -> None:
    """Neither no test, nor a skipped one, nor one of which a parameter failed shows anything."""
    ids = listed_ids(LIST)
    none, skipped, half, shown = Proofs(), Proofs(), Proofs(), Proofs()

    skipped.ran("tests/a.py::test_a[1]", "skipped", ["one-1"])
    half.ran("tests/a.py::test_a[1]", "passed", ["one-1"])
    half.ran("tests/a.py::test_a[2]", "failed", ["one-1"])
    shown.ran("tests/a.py::test_a[1]", "passed", ["one-1"])

    assert ids == {"one-1": True, "two-1": False}
    assert [len(proofs.missing(ids)) for proofs in (none, skipped, half, shown)] == [1, 1, 1, 0]
    assert shown.table(ids) == ["one-1            tests/a.py::test_a  1 passed", "two-1            open"]


def test_an_id_that_the_list_does_not_have_is_named() -> None:
    """A misspelt marker would show nothing for ever."""
    proofs = Proofs()

    proofs.ran("tests/a.py::test_a", "passed", ["one-1"])
    proofs.ran("tests/a.py::test_b", "passed", ["one-2"])

    assert [line.partition(":")[0] for line in proofs.missing(listed_ids(LIST))] == ["one-2"]


@pytest.mark.parametrize("slip", ["| `one-1` | again |\n\n## Open\n", "\n## Open\n\n- `three-1`: nowhere\n"])
def test_a_slip_of_the_list_is_told(slip: str) -> None:
    """An id that stands twice, or one that is open but not listed."""
    with pytest.raises(ValueError, match=r"docs/defects\.md"):
        listed_ids("| `one-1` | … |\n" + slip)


def test_tests_that_a_document_names_have_to_run_and_pass() -> None:
    """By file or by name, without their parameters."""
    proofs = Proofs()
    names = named_tests("shown by `tests/a.py`, `tests/b.py::test_b` and `tests/b.py::test_c`")

    proofs.ran("tests/a.py::test_a[x]", "passed", [])
    proofs.ran("tests/b.py::test_b", "passed", [])

    assert [line.partition(": ")[0] for line in proofs.unproved(names)] == ["tests/b.py::test_c"]


def test_the_list_of_defects_can_be_read() -> None:
    """Every id of it."""
    ids = listed_ids((DOCS / "defects.md").read_text(encoding="utf-8"))

    assert len(ids) >= 96 + 15
