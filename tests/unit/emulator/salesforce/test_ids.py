"""Record ids."""

from __future__ import annotations

import pytest
from scv_emulator.ids import Ids, is_wellformed, same_id, to_18


@pytest.mark.parametrize("published", ["0LQxx0000004GcSGAU", "0LQWQ00000ERARR4A5", "0LMRM000000HU8a4AG"])
def test_the_checksum_of_published_ids_is_computed(published: str) -> None:
    """Ids printed in the vendor's documents come out of their first 15 characters."""
    assert to_18(published[:15]) == published
    assert is_wellformed(published)


@pytest.mark.parametrize("wrong", ["0dwRMR000003M5pYAE", "", "0LQ", "0LQxx0000004Gc!", "0LQxx0000004GcéGAU", "x" * 17])
def test_a_wrong_checksum_length_or_character_is_seen(wrong: str) -> None:
    """The guide itself prints an id with a wrong checksum; it is not taken for one."""
    assert not is_wellformed(wrong)


def test_the_short_and_the_long_form_are_the_same_record_and_case_counts() -> None:
    """15 and 18 characters mean the same, but two ids that differ in case do not."""
    assert same_id("0LQxx0000004GcS", "0LQxx0000004GcSGAU")
    assert not same_id("0LQxx0000004GcS", "0LQxx0000004Gcs")
    assert not same_id("", "")


def test_given_ids_are_unique_sorted_and_repeatable() -> None:
    """A seed gives the same ids again; they sort in the order in which they were given."""
    ids, again, other = Ids(seed=7), Ids(seed=7), Ids(seed=8)

    given = [ids.next("0LQ") for _ in range(5000)]

    assert len(set(given)) == 5000
    assert given == sorted(given)
    assert all(is_wellformed(one) and one.startswith("0LQ") for one in given)
    assert given == [again.next("0LQ") for _ in range(5000)]
    assert other.next("0LQ") != given[0]
