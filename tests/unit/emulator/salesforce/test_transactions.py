"""Transactions of the database: everything that is written inside, or nothing."""

from __future__ import annotations

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
    cases = [org.database.insert("Case", {"Subject": name, "Voicemail_Id__c": name}) for name in "abc"]
    before = org.database.all("Case")

    with pytest.raises(Broken), org.database.transaction():
        org.database.insert("Case", {"Subject": "d", "Voicemail_Id__c": "d"})
        org.database.update("Case", cases[0], {"Voicemail_Id__c": "changed"})
        org.database.update("Case", cases[0], {"Subject": "changed twice"})
        org.database.delete("Case", cases[1])
        raise Broken

    assert org.database.all("Case") == before
    assert [len(org.database.find("Case", Voicemail_Id__c=one)) for one in ("a", "b", "c", "d", "changed")] == [
        1,
        1,
        1,
        0,
        0,
    ]
    assert org.database.rows("Case", deleted_too=True) == before


def test_an_inner_failure_undoes_only_the_inner_part(org: Org) -> None:
    """And an outer failure undoes what an inner transaction had kept."""
    with org.database.transaction():
        org.database.insert("Case", {"Subject": "outer"})
        with pytest.raises(Broken), org.database.transaction():
            org.database.insert("Case", {"Subject": "inner"})
            raise Broken
    with pytest.raises(Broken), org.database.transaction():
        with org.database.transaction():
            org.database.insert("Case", {"Subject": "kept by the inner one"})
        raise Broken

    assert [one["Subject"] for one in org.database.all("Case")] == ["outer"]
