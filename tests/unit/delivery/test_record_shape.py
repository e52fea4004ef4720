"""Values are made to fit into fields; what no field takes is left out with its reason."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scv_voicemail.delivery.record_facts import Whole
from scv_voicemail.delivery.record_shape import Fitted, Shape, fit, same

from tests.builders import NOON
from tests.unit.delivery.record_bench import a_field


def fitted(value: Any, **field: Any) -> Fitted:
    shape = Shape.of({"name": "Case", "fields": [a_field("Field__c", **field)]}, read_at=NOON)
    return fit(shape, {"field__C": value})


@pytest.mark.parametrize(
    ("value", "field", "expected"),
    [
        ("Yes", {"type": "boolean"}, True),
        ("0", {"type": "boolean"}, False),
        ("3.7", {"type": "int"}, 4),
        ("3.7", {"type": "double"}, 3.7),
        (13, {"type": "double", "precision": 6, "scale": 0}, 13),
        (13, {"type": "string"}, "13"),
        (NOON, {"type": "datetime"}, NOON),
        ("2026-11-20T12:00:00", {"type": "datetime"}, NOON),
        (NOON, {"type": "date"}, date(2026, 11, 20)),
        (NOON, {"type": "textarea"}, "2026-11-20 12:00 UTC"),
        ("High", {"type": "picklist", "restrictedPicklist": True, "picklistValues": [{"value": "High"}]}, "High"),
        ("Any", {"type": "picklist", "picklistValues": [{"value": "High"}]}, "Any"),
        ([1, 2], {"type": "textarea"}, "[1,2]"),
    ],
)
def test_a_value_takes_the_type_of_its_field(value: Any, field: dict[str, Any], expected: Any) -> None:
    """Under the name that the org uses."""
    assert fitted(value, **field) == Fitted("Case", values={"Field__c": expected})


@pytest.mark.parametrize(
    ("value", "field", "why"),
    [
        ("maybe", {"type": "boolean"}, "neither true nor false"),
        ("many", {"type": "double"}, "no number"),
        (1_000_000, {"type": "double", "precision": 6, "scale": 0}, "too large"),
        ("soon", {"type": "datetime"}, "ISO 8601"),
        ("Low", {"type": "picklist", "restrictedPicklist": True, "picklistValues": [{"value": "High"}]}, "no value"),
        (
            "High",
            {
                "type": "picklist",
                "restrictedPicklist": True,
                "picklistValues": [{"value": "High", "active": False}],
            },
            "no value",
        ),
        (Whole("https://example.com/a"), {"length": 10}, "no use when cut"),
        ("https://example.com/a", {"type": "url", "length": 10}, "no use when cut"),
        ("x", {"createable": False}, "may not write it"),
    ],
)
def test_what_does_not_fit_is_left_out_with_its_reason(value: Any, field: dict[str, Any], why: str) -> None:
    """And never refused by Salesforce together with everything else."""
    result = fitted(value, **field)

    assert result.values == {}
    assert why in result.warning


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60), st.integers(2, 40))
def test_a_cut_text_always_fits_and_begins_like_the_whole(text: str, length: int) -> None:
    """Also with letters that count twice."""
    (made,) = fitted(text, length=length).values.values() or [""]

    assert len(made.encode("utf-16-le", "surrogatepass")) // 2 <= length
    assert text.startswith(made.removesuffix("…")) or made == text


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(max_size=8), max_size=12), st.integers(2, 60))
def test_cut_json_is_still_json_and_a_beginning_of_the_list(items: list[str], length: int) -> None:
    """As many entries as fit."""
    (made,) = fitted(items, length=length).values.values()

    assert len(made) <= length
    assert items[: len(json.loads(made))] == json.loads(made)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (13, 13.0, True),
        (NOON, "2026-11-20T12:00:00.000+0000", True),
        (datetime(2026, 11, 20, 12, 0, 0, 400_000, tzinfo=UTC), "2026-11-20T12:00:00.000Z", True),
        ("a  b\n", "a b", True),
        ("", None, True),
        (False, None, False),
        (13, 14, False),
        ("13", "14", False),
        (NOON, "2026-11-20T12:00:01.000+0000", False),
    ],
)
def test_two_values_are_the_same_if_salesforce_says_so(one: Any, other: Any, expected: bool) -> None:
    """It keeps numbers as doubles, drops fractions of seconds and trims text."""
    assert same(one, other) is expected
