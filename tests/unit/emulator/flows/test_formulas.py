"""What formulas compute, and what they do with nothing."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scv_emulator.flows import FlowFault
from scv_emulator.flows.formula_evaluation import Context, evaluate
from scv_emulator.flows.formulas import FormulaInvalid, parse
from scv_emulator.flows.parts import formula as checked
from scv_emulator.flows.source import Node

NOW = datetime(2026, 11, 20, 10, 30, tzinfo=UTC)
VALUES: dict[str, Any] = {
    "caller": "+14155550123",
    "empty": "",
    "nothing": None,
    "three": 3,
    "half": 0.5,
    "on": True,
    "day": date(2026, 11, 20),
    "moment": NOW,
    "id15": "500000000000001",
}
CONTEXT = Context(read=lambda path: VALUES[path[0]], now=lambda: NOW)


@pytest.mark.parametrize(
    ("formula", "value"),
    [
        ("IF({!on}, 'yes', 'no')", "yes"),
        ("IF({!nothing}, 'yes', 'no')", "no"),
        ("AND({!on}, {!three} = 3)", True),
        ("OR(FALSE, {!three} > 3)", False),
        ("{!on} && !{!on} || TRUE", True),
        ("NOT(ISBLANK({!caller}))", True),
        ("ISBLANK({!empty})", True),
        ("ISBLANK({!nothing})", True),
        ("ISNULL({!empty})", False),
        ("{!nothing} = ''", True),
        ("{!nothing} <> {!caller}", True),
        ("'abc' = 'ABC'", False),
        ("ISPICKVAL({!caller}, '+14155550123')", True),
        ("LEFT({!caller}, 2) & '-' & RIGHT({!caller}, 4)", "+1-0123"),
        ("MID({!caller}, 3, 3)", "415"),
        ("RIGHT({!caller}, 0)", ""),
        ("LEN({!caller})", 12),
        ("LEN({!nothing})", 0),
        ("SUBSTITUTE({!caller}, '+', '')", "14155550123"),
        ("SUBSTITUTE({!caller}, '', 'x')", "+14155550123"),
        ("BEGINS({!caller}, '+1')", True),
        ("CONTAINS({!caller}, '999')", False),
        ("FIND('5', {!caller})", 5),
        ("UPPER(TRIM('  ab '))", "AB"),
        ("LPAD('7', 3, '0')", "007"),
        ("CASE({!three}, 1, 'one', 3, 'three', 'many')", "three"),
        ("CASE({!half}, 1, 'one', 3, 'three', 'many')", "many"),
        ("BLANKVALUE({!empty}, 'none')", "none"),
        ("TEXT({!three})", "3"),
        ("TEXT({!half})", "0.5"),
        ("TEXT({!day})", "2026-11-20"),
        ("TEXT({!moment})", "2026-11-20 10:30:00Z"),
        ("VALUE('2.5') + 1", 3.5),
        ("2 + 3 * 4 ^ 2 - 1", 49),
        ("(2 + 3) * -4", -20),
        ("10 / 4", 2.5),
        ("{!nothing} + 1", None),
        ("{!nothing} < 1", False),
        ("ROUND(2.5, 0)", 3),
        ("ROUND(-2.345, 2)", -2.35),
        ("FLOOR(-2.5)", -3),
        ("MOD(-1, 5)", 4),
        ("MAX(1, 3, 2)", 3),
        ("NOW()", NOW),
        ("TODAY()", date(2026, 11, 20)),
        ("{!day} + 1", date(2026, 11, 21)),
        ("NOW() - DATETIMEVALUE('2026-11-20 08:30:00')", 2 / 24),
        ("{!day} > DATEVALUE('2026-11-19')", True),
        ("YEAR({!day}) * 100 + MONTH({!day})", 202611),
        ("CASESAFEID({!id15})", "500000000000001AAA"),
        ("'a' /* said twice */ + 'b'", "ab"),
    ],
)
def test_a_formula_has_its_value(formula: str, value: object) -> None:
    """Functions, operators, precedence, and blank values."""
    assert evaluate(parse(formula), CONTEXT) == value


@pytest.mark.parametrize(
    ("formula", "problem"),
    [
        ("1 / 0", "division by zero"),
        ("MOD(1, 0)", "division by zero"),
        ("'a' - 1", "not a number"),
        ("1 & 'a'", "not text"),
        ("IF('yes', 1, 2)", "neither true nor false"),
        ("VALUE('many')", "not a number"),
        ("9 ^ 9 ^ 9 ^ 9", "out of range"),
        ("(0 - 8) ^ 0.5", "out of range"),
        ("{!day} + 99999999999", "out of range"),
        ("'a' < 1", "can't be compared"),
        ("CASESAFEID('x')", "not an id"),
    ],
)
def test_a_formula_that_cannot_be_computed_is_a_fault(formula: str, problem: str) -> None:
    """So that a fault connector can catch it."""
    with pytest.raises(FlowFault, match=problem):
        evaluate(parse(formula), CONTEXT)


def test_only_what_is_needed_is_evaluated() -> None:
    """IF, AND, OR and CASE stop early, as in an org."""
    for formula in (
        "IF(TRUE, 1, 1 / 0)",
        "OR(TRUE, 1 / 0 = 1)",
        "AND(FALSE, 1 / 0 = 1)",
        "CASE(1, 1, 2, 3, 1 / 0, 1 / 0)",
    ):
        evaluate(parse(formula), CONTEXT)


def test_the_record_before_is_asked_for_by_name() -> None:
    """PRIORVALUE, ISCHANGED and ISNEW know whether there was one."""
    changed = Context(read=lambda _path: "new", now=lambda: NOW, read_prior=lambda _path: "old")
    created = Context(read=lambda _path: "new", now=lambda: NOW)
    formulas = [parse(one) for one in ("ISNEW()", "ISCHANGED({!$Record.Status})", "PRIORVALUE({!$Record.Status})")]

    assert [evaluate(one, changed) for one in formulas] == [False, True, "old"]
    assert [evaluate(one, created) for one in formulas] == [True, False, "new"]


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="IFANDORTEX(){!},'\"+-*/^&|=<>.0123456789 ab$\n", max_size=40))
def test_no_text_makes_the_parser_fall(text: str) -> None:
    """Either it is no formula, or it is one."""
    with suppress(FormulaInvalid):
        parse(text)


@settings(max_examples=200, deadline=None)
@given(
    st.recursive(
        st.sampled_from(["1", "'a'", "TRUE", "NULL", "{!x}", "0.5"]),
        lambda inner: st.one_of(
            st.tuples(inner, st.sampled_from(["+", "-", "*", "/", "^", "&", "=", "<", "&&", "||"]), inner).map(
                lambda parts: f"({parts[0]} {parts[1]} {parts[2]})"
            ),
            st.tuples(st.sampled_from(["NOT", "LEN", "TEXT", "ISBLANK", "VALUE", "TRIM", "ABS"]), inner).map(
                lambda parts: f"{parts[0]}({parts[1]})"
            ),
            st.tuples(inner, inner, inner).map(lambda parts: f"IF({', '.join(parts)})"),
        ),
        max_leaves=12,
    )
)
def test_a_checked_formula_has_a_value_or_is_a_fault(text: str) -> None:
    """Whatever the types of its parts are."""
    node = Node("formulas", 1, 1, children=[Node("expression", 1, 1, text=text)])
    formula = checked(node, "expression", "Sum")

    with suppress(FlowFault):
        evaluate(formula, Context(read=lambda _path: None, now=lambda: NOW))


def test_a_formula_without_end_is_refused() -> None:
    """Deep nesting and length are bounded, so no file exhausts the stack."""
    for text in ("(" * 3_000, "1" + "+1" * 1_900, "!" * 3_000, "/*" * 1_900, "x" * 10_000):
        with pytest.raises(FormulaInvalid):
            parse(text)
