"""Transactions of the database: everything that is written inside, or nothing."""

from __future__ import annotations

from contextlib import suppress

import pytest

from .conftest import Org


class Broken(Exception):
    """Something went wrong."""


def test_what_was_written_stays(org: Org) -> None:
    """When nothing goes wrong."""
    with org.database.transaction():
        case = org.database.insert("Case", {"Subject": "a"})

    assert org.database.get("Case", case)["Subject"] == "a"


def test_nothing_is_left_when_it_fails(org: Org) -> None:
    """Creates, updates and deletes are undone; order, indexes and recycle bin are as before."""
    database = org.database
    cases = [database.insert("Case", {"Subject": name, "Voicemail_Id__c": name}) for name in "abc"]
    before = database.all("Case")

    with suppress(Broken), database.transaction():
        database.insert("Case", {"Subject": "d", "Voicemail_Id__c": "d"})
        database.update("Case", cases[0], {"Voicemail_Id__c": "changed"})
        database.update("Case", cases[0], {"Subject": "changed twice"})
        database.delete("Case", cases[1])
        raise Broken

    found = [len(database.find("Case", Voicemail_Id__c=one)) for one in ("a", "b", "c", "d", "changed")]
    assert database.all("Case") == before
    assert database.rows("Case", deleted_too=True) == before
    assert found == [1, 1, 1, 0, 0]


def test_an_inner_failure_undoes_only_the_inner_part(org: Org) -> None:
    """And an outer failure undoes what an inner transaction had kept."""
    with org.database.transaction():
        org.database.insert("Case", {"Subject": "outer"})
        with suppress(Broken), org.database.transaction():
            org.database.insert("Case", {"Subject": "inner"})
            raise Broken
    with suppress(Broken), org.database.transaction():
        with org.database.transaction():
            org.database.insert("Case", {"Subject": "kept by the inner one"})
        raise Broken

    assert [one["Subject"] for one in org.database.all("Case")] == ["outer"]


def test_the_failure_itself_comes_out(org: Org) -> None:
    """Undoing hides nothing."""
    with pytest.raises(Broken), org.database.transaction():
        raise Broken
