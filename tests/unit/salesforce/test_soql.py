"""Values in SOQL: every kind as its literal, and text that cannot break out of its quotes."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scv_voicemail.salesforce import StartsWith, bind

UNESCAPED = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", '"': '"', "'": "'", "\\": "\\", "_": "_", "%": "%"}


def read_string(soql, start):
    """What SOQL reads from the quote at `start`, and where the string ends."""
    assert soql[start] == "'"
    text, place = [], start + 1
    while soql[place] != "'":
        if soql[place] == "\\":
            place += 1
            text.append(UNESCAPED[soql[place]])
        else:
            text.append(soql[place])
        place += 1
    return "".join(text), place + 1


@given(st.text(), st.text(alphabet="'\\\":;%_nx \n\r\t\b\f"))
def test_text_comes_out_as_it_went_in(first, second):
    """Whatever it is made of, and nothing of it is read as SOQL."""
    soql = bind("SELECT Id FROM Case WHERE A = :first AND B = :second LIMIT 1", first=first, second=second)

    head = "SELECT Id FROM Case WHERE A = "
    read_first, end = read_string(soql, len(head))
    read_second, rest = read_string(soql, end + len(" AND B = "))
    assert (soql[: len(head)], soql[end : end + 9], soql[rest:]) == (head, " AND B = ", " LIMIT 1")
    assert (read_first, read_second) == (first, second)


@pytest.mark.parametrize(
    ("value", "literal"),
    [
        ("O'Neil \\ x", "'O\\'Neil \\\\ x'"),
        ("", "''"),
        (":key", "':key'"),
        (None, "null"),
        (True, "true"),
        (False, "false"),
        (7, "7"),
        (-1.5, "-1.5"),
        (1e-7, "0.0000001"),
        (Decimal("1E+3"), "1000"),
        (date(2026, 11, 20), "2026-11-20"),
        (datetime(2026, 11, 20, 10, tzinfo=UTC), "2026-11-20T10:00:00.000Z"),
        (datetime(2026, 11, 20, 10, 0, 0, 5000, tzinfo=timezone(timedelta(hours=-5))), "2026-11-20T15:00:00.005Z"),
        (["a", "b'"], "('a', 'b\\'')"),
        ((1, None), "(1, null)"),
        (StartsWith("50%_a'"), "'50\\%\\_a\\'%'"),
        (StartsWith("a\\b"), "'a\\\\b%'"),
    ],
)
def test_every_kind_of_value_has_its_literal(value, literal):
    """Times are UTC, numbers have no exponent, a list is for IN."""
    soql = bind("WHERE X = :value", value=value)

    assert soql == f"WHERE X = {literal}"


def test_only_parameters_are_replaced():
    """Not what stands in quotes, not date functions, not the colons of a time; and every place of a parameter is."""
    soql = bind(
        "WHERE A = ':key \\' :key' AND B = LAST_N_DAYS:5 AND C > 2026-11-20T10:00:00Z "
        "AND D IN :keys AND E = :key OR F = :key",
        key="k",
        keys=["k"],
    )

    assert soql == (
        "WHERE A = ':key \\' :key' AND B = LAST_N_DAYS:5 AND C > 2026-11-20T10:00:00Z "
        "AND D IN ('k') AND E = 'k' OR F = 'k'"
    )


@pytest.mark.parametrize(
    ("soql", "parameters", "complaint"),
    [
        ("WHERE A = :key", {}, ":key has no value"),
        ("WHERE A = :key", {"key": 1, "keyy": 2}, "no parameter :keyy"),
        ("WHERE A = ':key'", {"key": 1}, "no parameter :key"),
        ("WHERE A = 'x", {}, "not closed"),
        ("WHERE A IN :keys", {"keys": []}, "empty list"),
        ("WHERE A > :since", {"since": datetime(2026, 11, 20)}, "time zone"),
        ("WHERE A > :score", {"score": float("nan")}, "finite"),
        ("WHERE A > :score", {"score": Decimal("Infinity")}, "finite"),
        ("WHERE A = :key", {"key": object()}, "object"),
        ("WHERE A IN :keys", {"keys": [["x"]]}, "list"),
    ],
)
def test_a_wrong_binding_is_an_error(soql, parameters, complaint):
    """A typo never becomes a query that means something else."""
    with pytest.raises(ValueError, match=complaint):
        bind(soql, **parameters)
