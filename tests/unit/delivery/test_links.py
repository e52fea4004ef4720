"""Case, custom object and VoiceCall of one voicemail are linked both ways, whichever was made first."""

from __future__ import annotations

from itertools import permutations

import pytest
from scv_voicemail.delivery.case import CASE_KEY
from scv_voicemail.delivery.custom_object import VOICEMAIL_OBJECT
from scv_voicemail.errors import AuthenticationFailed, Rejected, Unavailable
from scv_voicemail.ports import Attempt

from tests.builders import NOON, a_voicemail
from tests.unit.delivery.record_bench import Bench, a_field

KEY = a_voicemail().id


def an_attempt(**changes: object) -> Attempt:
    voicemail = a_voicemail(**changes)
    return Attempt(voicemail=voicemail, receipts={}, number=1, since=NOON, now=NOON)


@pytest.mark.parametrize("order", list(permutations(["voice_call", "case", "custom_object"])))
def test_whoever_comes_later_links_both_ways(order: tuple[str, ...]) -> None:
    """Six orders, one result."""
    bench = Bench()
    for name in order:
        if name == "voice_call":
            call_id = bench.org.add("VoiceCall", VendorCallKey=KEY)
            bench.links.join(an_attempt(), known={"voice_call_id": call_id})
        else:
            bench.do(name)

    call = bench.org.rows["VoiceCall"][0]
    assert (call["RelatedRecordId"], call["Voicemail__c"]) == (bench.case["Id"], bench.record["Id"])
    assert (bench.record["Case__c"], bench.record["Voice_Call__c"]) == (bench.case["Id"], call["Id"])
    assert bench.case["Voicemail__c"] == bench.record["Id"]


def test_linking_again_writes_nothing() -> None:
    """Everything is found as it should be."""
    bench = Bench()
    bench.org.add("VoiceCall", VendorCallKey=KEY)
    bench.do("case")
    bench.do("custom_object")
    writes = len(bench.org.writes)

    receipt = bench.do("custom_object", "link")

    assert len(bench.org.writes) == writes
    assert receipt["linked"] == []


def test_a_related_record_that_somebody_has_chosen_stays() -> None:
    """A human's or a flow's choice is not overwritten; the receipt notes it, and all other links are made."""
    bench = Bench()
    bench.org.add("VoiceCall", VendorCallKey=KEY, RelatedRecordId="500aCaseOfTheirOwn")

    bench.do("case")
    receipt = bench.do("custom_object", "match", "save", "link")

    call = bench.org.rows["VoiceCall"][0]
    assert call["RelatedRecordId"] == "500aCaseOfTheirOwn"
    assert call["Voicemail__c"] == bench.record["Id"]
    assert receipt["note"] == "VoiceCall.RelatedRecordId points at something else and is left so"
    assert receipt["warning"] == ""


def test_an_org_without_voice_has_nothing_to_link_a_call_with() -> None:
    """VoiceCall is unknown there, and so are the fields that point at it; nothing fails."""
    bench = Bench()
    del bench.org.objects["VoiceCall"]
    fields = bench.org.objects[VOICEMAIL_OBJECT]
    fields[:] = [one for one in fields if one["name"] != "Voice_Call__c"]

    bench.do("case")
    receipt = bench.do("custom_object", "match", "save", "link")

    assert receipt["warning"] == ""
    assert bench.case["Voicemail__c"] == bench.record["Id"]


def test_a_lookup_to_another_object_is_not_misused() -> None:
    """The org's own Case.Voicemail__c may point at something of its own."""
    bench = Bench()
    (field,) = [one for one in bench.org.objects["Case"] if one["name"] == "Voicemail__c"]
    field["referenceTo"] = ["Other__c"]

    bench.do("custom_object")
    bench.do("case")

    assert "Voicemail__c" not in bench.case
    assert bench.record["Case__c"] == bench.case["Id"]


def test_a_link_that_salesforce_refuses_is_a_warning() -> None:
    """A validation rule on VoiceCall must not park a voicemail that is in front of a rep."""
    bench = Bench()
    bench.org.add("VoiceCall", VendorCallKey=KEY)
    bench.do("case", "match", "save")
    bench.org.failing.append(Rejected("a validation rule says no", code="FIELD_CUSTOM_VALIDATION_EXCEPTION"))

    receipt = bench.do("case", "link")

    assert receipt["warning"] == "VoiceCall was not linked: a validation rule says no"


@pytest.mark.parametrize("error", [Unavailable("no answer"), AuthenticationFailed("who are you")])
def test_a_link_that_may_succeed_later_is_tried_again(error: Exception) -> None:
    """A row lock, an outage, a wrong key: the step does not count as done."""
    bench = Bench()
    bench.org.add("VoiceCall", VendorCallKey=KEY)
    bench.do("case", "match", "save")
    bench.org.failing.append(error)  # type: ignore[arg-type]

    with pytest.raises(type(error)):
        bench.do("case", "link")


def test_a_call_of_its_own_is_linked_with_nothing_and_asks_nobody() -> None:
    """Most voicemails become a VoiceCall only; they cost no request here."""
    bench = Bench()

    receipt = bench.links.join(an_attempt(targets=("voice_call",)))

    assert receipt == {}
    assert bench.org.described == []


def test_the_voicemail_itself_may_ask_for_more_than_the_settings() -> None:
    """Its own targets count, then."""
    bench = Bench()
    bench.links.default_targets = frozenset({"voice_call"})
    case_id = bench.org.add("Case", **{CASE_KEY: KEY})
    call_id = bench.org.add("VoiceCall", VendorCallKey=KEY)

    bench.links.join(an_attempt(targets=("voice_call", "case")), known={"voice_call_id": call_id})

    assert bench.org.rows["VoiceCall"][0]["RelatedRecordId"] == case_id


def test_a_field_that_may_not_be_written_is_not_tried() -> None:
    """Field-level security; `doctor` names it."""
    bench = Bench()
    bench.org.objects["VoiceCall"] = [a_field("VendorCallKey"), a_field("RelatedRecordId", updateable=False)]
    bench.org.add("VoiceCall", VendorCallKey=KEY)

    bench.do("case")

    assert [name for _, name, _ in bench.org.writes] == ["Case"]
