"""A record found by its key is believed only while nothing that is known of it contradicts the voicemail."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from scv_voicemail.delivery.identity import same_number
from scv_voicemail.delivery.voice_call_state import VoiceCallView
from scv_voicemail.errors import PermissionMissing, Rejected

from tests.builders import NOON, a_recording, a_voicemail
from tests.unit.delivery.record_bench import Bench as RecordBench
from tests.unit.delivery.voice_call_bench import Bench, a_call

VOICEMAIL = a_voicemail()


@pytest.mark.covers("identity-1")
@pytest.mark.parametrize(
    ("theirs", "expected"),
    [
        ("+14155550142", True),
        ("(415) 555-0142", True),
        ("tel:+1-415-555-0142", True),
        ("sip:+14155550142@10.1.1.1", True),
        ("0142", True),
        ("+14155550143", False),
        ("5550199", False),
        ("anonymous", None),
        ("WEBRTC_DEFAULT", None),
        ("", None),
        (None, None),
        ("?????", None),
        ("+1415555****", None),
        ("QmFzZTY0IGNpcGhlcg==", None),
        ("ada@example.com", None),
    ],
)
def test_numbers_disagree_only_when_both_are_known(theirs: str | None, expected: bool | None) -> None:
    """Ways of writing, extensions and national forms agree; what is withheld, hidden or masked says nothing."""
    assert same_number("+14155550142", theirs) is expected


@pytest.mark.covers("identity-1")
@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"told": {"FromPhoneNumber": "+14155550199"}}, "FromPhoneNumber is +14155550199, not +14155550142"),
        ({"told": {"ToPhoneNumber": "+18005550199"}}, "ToPhoneNumber is +18005550199"),
        ({"contact_center": "04vB, not 04vA (Support)"}, "its contact center is 04vB"),
        ({"started_at": VOICEMAIL.ended_at + timedelta(minutes=11)}, "CallStartDateTime"),
        ({"started_at": VOICEMAIL.started_at - timedelta(hours=24, seconds=30)}, "CallStartDateTime"),
    ],
    ids=["caller", "dialed number", "contact center", "begins after the message", "a day too old"],
)
def test_the_call_of_somebody_else_is_not_adopted(changes: dict[str, Any], said: str) -> None:
    """A key that came twice stops the second voicemail, with both named; nothing is written to the call."""
    bench = Bench()
    bench.view.call = a_call(**changes)

    with pytest.raises(Rejected) as caught:
        bench.do("open")

    assert said in caught.value.what
    assert a_call().id in caught.value.what
    assert caught.value.voicemail_id == VOICEMAIL.id
    assert "+1415" not in caught.value.brief
    assert bench.telephony.sent == []


@pytest.mark.covers("identity-1")
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"started_at": VOICEMAIL.started_at - timedelta(hours=23)},
        {"started_at": VOICEMAIL.ended_at},
        {"started_at": None},
        {"started_at": NOON.replace(year=1888)},
        {"told": {"FromPhoneNumber": "?????", "ToPhoneNumber": "WEBRTC_DEFAULT"}},
        {"told": {"FromPhoneNumber": "415-555-0142", "ToPhoneNumber": "+1 800 555 0100"}},
    ],
)
def test_a_call_of_which_nothing_known_disagrees_is_adopted(changes: dict[str, Any]) -> None:
    """The caller may have waited for hours; hidden and masked values never cost a good voicemail."""
    bench = Bench()
    bench.view.call = a_call(**changes)

    opened = bench.do("open")

    assert opened["adopted"] is True


@pytest.mark.covers("identity-1")
def test_a_withheld_number_agrees_with_every_caller() -> None:
    """The inbound flow saw the number, the message's source did not."""
    bench = Bench()
    bench.view.call = a_call(told={"FromPhoneNumber": "+14155550199"})

    opened = bench.do("open", voicemail=a_voicemail(caller="anonymous"))

    assert opened["adopted"] is True


@pytest.mark.covers("identity-1")
def test_a_create_that_gives_back_another_ones_call_is_noticed_before_routing() -> None:
    """The API answers a create with the call that has the key; the confirmation sees whose it is."""
    bench = Bench()
    bench.view.call = a_call(told={"FromPhoneNumber": "+14155550199"})

    with pytest.raises(Rejected, match="another one"):
        bench.do("confirm")


class FakeSalesforce:
    """Answers queries over one VoiceCall; columns in `hidden` are refused as Salesforce refuses them."""

    def __init__(self, *calls: dict[str, Any], hidden: tuple[str, ...] = (), centers: tuple[str, ...] = ()) -> None:
        self.calls, self.hidden, self.centers = calls, hidden, centers

    def query(self, soql: str, /, **values: Any) -> list[dict[str, Any]]:
        if "FROM CallCenter" in soql:
            return [{"Id": one} for one in self.centers]
        for name in self.hidden:
            if name in soql.partition(" FROM ")[0]:
                raise PermissionMissing(f"query: No such column '{name}' on entity 'VoiceCall'", code="INVALID_FIELD")
        columns = soql.removeprefix("SELECT ").partition(" FROM ")[0].split(", ")
        return [{name: call.get(name) for name in columns} for call in self.calls]


def a_row(**changes: Any) -> dict[str, Any]:
    return {
        "Id": "0LQsOm000000001WAA",
        "CallStartDateTime": VOICEMAIL.started_at.isoformat(),
        "FromPhoneNumber": "+14155550142",
        "ToPhoneNumber": "+18005550100",
        "CallCenterId": "04v000000000001AAA",
    } | changes


@pytest.mark.covers("identity-1")
def test_a_column_that_the_integration_user_does_not_see_is_not_asked_for_again() -> None:
    """Field-level security hides the caller's number: the other values are still compared."""
    org = FakeSalesforce(a_row(ToPhoneNumber="+18005550199"), hidden=("FromPhoneNumber",))
    found = VoiceCallView(org).find(VOICEMAIL.id)  # type: ignore[arg-type]

    assert found is not None
    assert [one.partition(" ")[0] for one in found.foreign_to(VOICEMAIL)] == ["ToPhoneNumber"]


@pytest.mark.covers("identity-1")
def test_of_two_contact_centers_with_one_key_the_call_of_ours_is_found() -> None:
    """Both count from 1; the older call is the other one's, and stays what it is."""
    theirs, ours = a_row(CallCenterId="04v000000000002AAA"), a_row(Id="0LQsOm000000002WAA")
    org = FakeSalesforce(theirs, ours, centers=("04v000000000001AAA",))
    view = VoiceCallView(org, call_center="Support")  # type: ignore[arg-type]

    found = view.find(VOICEMAIL.id)

    assert found is not None
    assert (found.id, found.foreign_to(VOICEMAIL)) == ("0LQsOm000000002WAA", [])


@pytest.mark.covers("identity-1")
def test_a_call_of_another_contact_center_alone_is_not_ours() -> None:
    """The first voicemail with this key came to the other contact center of the org."""
    org = FakeSalesforce(a_row(CallCenterId="04v000000000002AAA"), centers=("04v000000000001AAA",))
    found = VoiceCallView(org, call_center="Support").find(VOICEMAIL.id)  # type: ignore[arg-type]

    assert found is not None
    assert "contact center" in found.foreign_to(VOICEMAIL)[0]


@pytest.mark.covers("identity-1")
@pytest.mark.parametrize("target", ["case", "custom_object"])
@pytest.mark.parametrize(
    "changes",
    [
        {"caller": "+14155550199"},
        {"dialed_number": "+18005550199"},
        {"recording": a_recording(location="https://recordings.example.com/other.wav")},
    ],
    ids=["caller", "dialed number", "recording"],
)
def test_a_record_of_another_voicemail_with_this_key_is_left_alone(target: str, changes: dict[str, Any]) -> None:
    """The telephony system gave one key to two messages: the second finds the first one's record and says so."""
    bench = RecordBench()
    bench.do(target, "match", "save", voicemail=a_voicemail())
    bench.receipts.clear()
    written = list(bench.org.writes)
    if target == "case" and "dialed_number" in changes:
        changes = {"caller": "+14155550199"}  # a Case keeps the dialed number only within a sentence

    with pytest.raises(Rejected, match="another one"):
        bench.do(target, "match", "save", voicemail=a_voicemail(**changes))

    assert bench.org.writes == written


@pytest.mark.covers("identity-1")
def test_a_record_whose_recording_was_moved_to_another_server_is_still_ours() -> None:
    """Only the file's name tells recordings apart; addresses change with the web server."""
    bench = RecordBench()
    bench.do("case", "match", "save")
    bench.receipts.clear()

    moved = a_recording(location="https://archive.example.com/2026/recording.wav")
    saved = bench.do("case", "match", "save", voicemail=a_voicemail(recording=moved))

    assert saved["recordId"] == bench.case["Id"]


@pytest.mark.covers("identity-1")
def test_a_number_that_a_rep_has_corrected_does_not_make_our_record_another_ones() -> None:
    """Between `save` and `verify` somebody writes the caller's office number into the record."""
    bench = RecordBench()
    bench.do("custom_object", "match", "save", "link")
    bench.record["Caller_Number__c"] = "+14155550199"

    verified = bench.do("custom_object", "verify")

    assert verified["recordId"] == bench.record["Id"]


@pytest.mark.covers("identity-1")
def test_a_voice_call_of_another_voicemail_is_not_linked() -> None:
    """The Case is ours, the VoiceCall with the key is not: neither points at the other, and a warning says why."""
    bench = RecordBench()
    bench.org.objects["VoiceCall"].append({**bench.org.objects["VoiceCall"][0], "name": "FromPhoneNumber"})
    bench.org.add("VoiceCall", VendorCallKey=VOICEMAIL.id, FromPhoneNumber="+14155550199")

    linked = bench.do("case", "match", "save", "link")

    assert bench.org.rows["VoiceCall"][0].get("RelatedRecordId") is None
    assert "another voicemail's" in linked["warning"]
