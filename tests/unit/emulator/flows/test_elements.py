"""What decisions and assignments do."""

from __future__ import annotations

from typing import Any

import pytest
from scv_emulator.flows import FlowFault

from .conftest import Bench
from .flow_files import (
    assign,
    condition,
    decide,
    formula,
    given,
    number,
    ref,
    result,
    text,
    variable,
    yes,
)

YES, NO = assign("Say_Yes", ("answer", "Assign", yes())), assign("Say_No", ("answer", "Assign", yes(False)))
ANSWER = result("answer", "Boolean")


def decided(bench: Bench, conditions: list[dict[str, Any]], *parts: Any, logic: str = "and", **inputs: Any) -> bool:
    """The answer of a flow with one decision; inputs become input variables of the type of their value."""
    types = {str: "String", bool: "Boolean"}
    variables = [given(name, types.get(type(value), "Number")) for name, value in inputs.items()]
    choose = decide("Choose", ("Holds", logic, conditions, "Say_Yes"), otherwise="Say_No")
    outputs = bench.run(choose, YES, NO, ANSWER, *variables, *parts, inputs=inputs)
    return bool(outputs["answer"])


# ---------------------------------------------------------------------------------------------------------- decisions


@pytest.mark.parametrize(
    ("left", "operator", "right", "expected"),
    [
        ("Voicemail", "EqualTo", text("Voicemail"), True),
        ("Voicemail", "EqualTo", text("voicemail"), False),
        ("Voicemail", "NotEqualTo", text("Preview"), True),
        ("", "EqualTo", ref("$GlobalConstant.EmptyString"), True),
        (None, "EqualTo", ref("$GlobalConstant.EmptyString"), False),
        (None, "NotEqualTo", text("Voicemail"), True),
        (None, "IsNull", yes(), True),
        ("", "IsNull", yes(), False),
        ("", "IsBlank", yes(), True),
        ("Voicemail", "StartsWith", text("Voice"), True),
        ("Voicemail", "EndsWith", text("mail"), True),
        ("Voicemail", "Contains", text("cem"), True),
        (None, "Contains", text("cem"), False),
        (5, "GreaterThan", number(4), True),
        (5, "GreaterThan", number(5), False),
        (5, "GreaterThanOrEqualTo", number(5), True),
        (5, "LessThan", number(5), False),
        (5, "LessThanOrEqualTo", text("5"), True),
        (None, "LessThan", number(5), False),
        (True, "EqualTo", yes(), True),
        (True, "EqualTo", text("true"), True),
    ],
)
def test_an_operator_decides(bench: Bench, left: Any, operator: str, right: dict[str, Any], expected: bool) -> None:
    """Null is not the same as empty text, and only IsNull and the like hold for it."""
    kind = {bool: "Boolean", int: "Number"}.get(type(left), "String")
    choose = decide("Choose", ("Holds", "and", [condition("left", operator, right)], "Say_Yes"), otherwise="Say_No")

    outputs = bench.run(choose, YES, NO, ANSWER, given("left", kind), inputs={"left": left})

    assert outputs == {"answer": expected}


@pytest.mark.parametrize(
    ("logic", "expected"),
    [
        ("and", False),
        ("or", True),
        ("1 AND (2 OR 3)", True),
        ("NOT 2 AND 1", True),
        ("(1 AND 2) OR 3", True),
        ("2", False),
    ],
)
def test_conditions_are_joined_by_their_logic(bench: Bench, logic: str, expected: bool) -> None:
    """The first and the third of three conditions hold."""
    conditions = [condition("a", "EqualTo", number(value)) for value in (1, 2, 1)]

    assert decided(bench, conditions, logic=logic, a=1) is expected


def test_the_first_outcome_that_holds_is_taken(bench: Bench) -> None:
    """And an outcome can be read afterwards, like a variable."""
    choose = decide(
        "Choose",
        ("Small", "and", [condition("size", "LessThan", number(5))], "Tell"),
        ("Any", "and", [condition("size", "IsNull", yes(False))], "Tell"),
    )
    tell = assign("Tell", ("answer", "Assign", ref("Small")), ("visited", "Assign", ref("Any")))

    outputs = bench.run(
        choose, tell, ANSWER, result("visited", "Boolean"), given("size", "Number"), inputs={"size": 3}, to="Choose"
    )

    assert outputs == {"answer": True, "visited": False}


def test_an_element_knows_whether_it_was_visited(bench: Bench) -> None:
    """WasVisited is about elements, WasSet about values."""
    step = assign("First_Step", ("other", "Assign", text("x")), to="Choose")
    conditions = [
        condition("First_Step", "WasVisited", yes()),
        condition("Say_No", "WasVisited", yes(False)),
        condition("other", "WasSet", yes()),
    ]
    choose = decide("Choose", ("Holds", "and", conditions, "Say_Yes"), otherwise="Say_No")

    assert bench.run(step, choose, YES, NO, ANSWER, variable("other"), to="First_Step") == {"answer": True}


# --------------------------------------------------------------------------------------------------------- assignments


@pytest.mark.parametrize(
    ("operator", "value", "expected"),
    [
        ("Add", "b", ["a", "b", "a", "b"]),
        ("AddItem", "c", ["a", "b", "a", "c"]),
        ("AddAtStart", "c", ["c", "a", "b", "a"]),
        ("RemoveFirst", "a", ["b", "a"]),
        ("RemoveAll", "a", ["b"]),
        ("RemoveUncommon", "b", ["b"]),
        ("RemoveBeforeFirst", "b", ["b", "a"]),
        ("RemoveAfterFirst", "b", ["a", "b"]),
        ("RemoveFirst", "z", ["a", "b", "a"]),
        ("RemovePosition", 2, ["a", "a"]),
    ],
)
def test_an_operator_changes_a_collection(bench: Bench, operator: str, value: Any, expected: list[str]) -> None:
    """Positions count from 1."""
    step = assign("Change", ("list", operator, number(value) if isinstance(value, int) else text(value)))
    letters = variable("list", isCollection=True, isInput=True, isOutput=True)

    assert bench.run(step, letters, inputs={"list": ["a", "b", "a"]}) == {"list": expected}


def test_numbers_texts_and_dates_add_up(bench: Bench) -> None:
    """Add joins texts, moves dates by days and counts from nothing."""
    step = assign(
        "Change",
        ("count", "Add", number(2)),
        ("count", "Subtract", number(0.5)),
        ("greeting", "Add", text(" {!count}")),
        ("day", "Add", number(3)),
        ("size", "AssignCount", ref("list")),
    )
    kept = [
        result("count", "Number"),
        result("greeting", value=text("Hello")),
        result("day", "Date", value={"dateValue": "2026-02-27"}),
        result("size", "Number"),
        variable("list", isCollection=True),
    ]

    outputs = bench.run(step, *kept)

    assert outputs["count"] == 1.5
    assert outputs["greeting"] == "Hello 1.5"
    assert outputs["day"].isoformat() == "2026-03-02"
    assert outputs["size"] == 0


def test_text_merges_values_as_a_user_reads_them(bench: Bench) -> None:
    """Whole numbers without a point, dates as in the United States, nothing as nothing."""
    step = assign("Say", ("said", "Assign", text("{!three} of {!nothing}{!$Flow.CurrentDateTime}, {!on}")))
    kept = [variable("three", "Number", value=number(3.0)), variable("nothing"), variable("on", "Boolean", value=yes())]

    outputs = bench.run(step, result("said"), *kept)

    assert outputs == {"said": "3 of 11/20/2026, 10:00 AM, true"}


def test_a_formula_and_a_template_follow_their_variables(bench: Bench) -> None:
    """They are evaluated whenever they are read."""
    step = assign("Change", ("count", "Add", number(1)), ("said", "Assign", ref("Message")))
    template = ("textTemplates", {"name": "Message", "isViewedAsPlainText": True, "text": "{!Doubled} calls"})

    outputs = bench.run(
        step,
        template,
        formula("Doubled", "{!count} * 2", "Number", scale=0),
        result("said"),
        variable("count", "Number"),
    )

    assert outputs == {"said": "2 calls"}


def test_a_value_of_the_wrong_type_is_a_fault(bench: Bench) -> None:
    """As the flow would end in an org."""
    step = assign("Change", ("count", "Assign", text("many")))

    with pytest.raises(FlowFault, match="can't be used as a Number"):
        bench.run(step, variable("count", "Number"))
