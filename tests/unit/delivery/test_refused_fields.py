"""A field that Salesforce refuses although its description foresaw nothing: the record is made without it."""

from __future__ import annotations

import pytest
from scv_voicemail.delivery.case import CASE_KEY
from scv_voicemail.delivery.people import QUEUE, REP
from scv_voicemail.delivery.refused_fields import RecordingRefused
from scv_voicemail.errors import Rejected
from scv_voicemail.voicemail import Mailbox, MailboxKind

from tests.builders import a_transcript, a_voicemail
from tests.unit.delivery.record_bench import Bench

ADA = Mailbox(kind=MailboxKind.REP, name="ada@example.com")
RECORDING = "Voicemail_Recording_Location__c"


def refusal(*fields: str, code: str = "FIELD_INTEGRITY_EXCEPTION") -> Rejected:
    return Rejected("create Case: bad value", code=code, status=400, fields=fields)


def a_bench(*failing: Rejected) -> Bench:
    bench = Bench(owner_queue="Sales")
    bench.org.people[QUEUE] = [{"QueueId": "00Gsales", "name": "Sales"}]
    bench.org.people[REP] = [{"Id": "005ada", "name": "ada@example.com"}]
    bench.org.failing = list(failing)
    return bench


@pytest.mark.covers("poison-8")
@pytest.mark.parametrize(
    "code",
    [
        "FIELD_INTEGRITY_EXCEPTION",
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
        "STRING_TOO_LONG",
        "FIELD_CUSTOM_VALIDATION_EXCEPTION",
        "DUPLICATE_VALUE",
    ],
)
def test_a_refused_field_costs_the_field(code: str) -> None:
    """In any spelling; the warning says what Salesforce said, and nothing is warned of twice."""
    bench = a_bench(refusal("PRIORITY", code=code))

    bench.do("case")

    warnings = [one["warning"] for one in bench.receipts["case"].values() if one.get("warning")]
    assert "Priority" not in bench.case
    assert bench.case["Voicemail_Transcript__c"] == "Hello, this is Ada. Please call me back."
    assert warnings == ["Case.Priority refused: create Case: bad value"]


@pytest.mark.covers("poison-8")
def test_one_field_after_the_other_may_be_refused() -> None:
    """Salesforce names the next one when the first is gone."""
    bench = a_bench(refusal("Priority"), refusal("Origin", "Subject"))

    receipt = bench.do("case", "match", "save")

    assert receipt["refused"] == ["Origin", "Priority", "Subject"]
    assert bench.case[CASE_KEY] == a_voicemail().id


@pytest.mark.covers("poison-8")
@pytest.mark.parametrize("fields", [(CASE_KEY,), ("Priority", CASE_KEY), (), ("Mandatory__c",)])
def test_without_its_key_or_for_what_we_did_not_send_nothing_is_made(fields: tuple[str, ...]) -> None:
    """A record without its key would be doubled by the next try; a human decides about the rest."""
    bench = a_bench(refusal(*fields))

    with pytest.raises(Rejected, match="bad value"):
        bench.do("case", "match", "save")

    assert bench.org.rows["Case"] == []


@pytest.mark.covers("poison-8")
@pytest.mark.parametrize("error", [refusal("OwnerId"), refusal(code="INACTIVE_OWNER_OR_USER")], ids=["named", "code"])
def test_a_refused_owner_is_the_next_of_the_ladder(error: Rejected) -> None:
    """The record never becomes the integration user's."""
    bench = a_bench(error)

    receipt = bench.do("case", "match", "save", voicemail=a_voicemail(mailbox=ADA))

    assert bench.case["OwnerId"] == "00Gsales"
    assert "OwnerId refused" in receipt["warning"]


@pytest.mark.covers("poison-8")
def test_when_the_last_owner_is_refused_too_a_human_is_called() -> None:
    """Nobody whom reps can see is left."""
    bench = a_bench(refusal("OwnerId"), refusal("OwnerId"))

    with pytest.raises(Rejected, match="bad value"):
        bench.do("case", "match", "save", voicemail=a_voicemail(mailbox=ADA))


@pytest.mark.covers("poison-8")
def test_a_refused_recording_is_tried_again_before_a_human_is_called() -> None:
    """Without it the record is of little use."""
    bench = a_bench(refusal(RECORDING))

    with pytest.raises(RecordingRefused) as caught:
        bench.do("case", "match", "save")

    assert (caught.value.max_tries, caught.value.scope) == (4, "voicemail")


@pytest.mark.covers("poison-8")
def test_a_refused_record_type_is_the_default_one() -> None:
    """With a warning that says so."""
    bench = Bench(case_fields={"RecordTypeId": "012000000000001AAA"}, owner_queue="")
    bench.org.objects["Case"].append(bench.org.objects["Case"][0] | {"name": "RecordTypeId"})
    bench.org.failing = [refusal("RecordTypeId")]

    receipt = bench.do("case", "match", "save")

    assert "RecordTypeId" not in bench.case
    assert "the default record type is taken" in receipt["warning"]


@pytest.mark.covers("poison-8")
def test_a_field_that_is_refused_when_a_record_is_completed_costs_the_field_too() -> None:
    """Also when a transcript comes late."""
    bench = a_bench()
    bench.do("case", voicemail=a_voicemail())
    bench.org.failing = [refusal("Description")]

    receipt = bench.do("case", "save", voicemail=a_voicemail(transcript=a_transcript()))

    assert receipt["completed"] == ["Voicemail_Transcript__c"]
    assert "Case.Description refused" in receipt["warning"]
