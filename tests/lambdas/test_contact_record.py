"""ContactRecordFunction: contacts of a stream, in any order and any number."""

from __future__ import annotations

import base64
import json
from datetime import datetime
from typing import Any

import pytest
from scv_voicemail.errors import BadRecording, Unavailable
from scv_voicemail_lambdas import contact_record

from tests.lambdas.bench import CONTACT, OTHER_CONTACT, Lambda, a_taken, ago, failed


def a_record(contact_id: str, **changes: Any) -> str:
    content = {"ContactId": contact_id, "Channel": "VOICE", "Attributes": {"vm_flag": "1"}} | changes
    return base64.b64encode(json.dumps(content).encode()).decode()


def an_event(*data: str, arrived_at: datetime) -> dict[str, Any]:
    about = {"approximateArrivalTimestamp": arrived_at.timestamp()}
    return {
        "Records": [
            {"eventSourceARN": "arn:stream", "kinesis": {"sequenceNumber": f"49{number}", "data": one, **about}}
            for number, one in enumerate(data)
        ]
    }


def answered(around: Lambda, *data: str, arrived_at: datetime | None = None) -> Any:
    event = an_event(*data, arrived_at=arrived_at or ago(1))
    return contact_record.answer(event, around.parts, around.metrics, seconds_left=around.seconds_left)


def test_every_contact_of_a_batch_is_taken_by_itself() -> None:
    """One that is no voicemail or was given up does not end the batch."""
    around = Lambda()
    around.intake.says = {CONTACT: a_taken(), OTHER_CONTACT: a_taken(OTHER_CONTACT)}

    answer = answered(around, a_record("no-voicemail"), a_record(CONTACT), a_record(OTHER_CONTACT))

    assert answer == failed()
    assert around.bell.rung == [(CONTACT, 0), (OTHER_CONTACT, 0)]
    assert around.counted == {"ContactIgnored": 1, "VoicemailAccepted": 2, "DoorbellsRung": 2}


def test_copies_of_a_contact_change_nothing() -> None:
    """A record comes again by itself, and whenever an attribute changes; the audio is read once."""
    around = Lambda()
    around.intake.says[CONTACT] = a_taken()
    copies = [a_record(CONTACT, LastUpdateTimestamp=f"2026-11-20T12:0{minute}:00Z") for minute in range(4)]

    answered(around, *copies[:2])
    answered(around, *copies)

    assert len(around.intake.asked) == 1
    assert len(around.journal.runs(voicemail_id=CONTACT)) == 1
    assert around.counted["VoicemailAccepted"] == 1


@pytest.mark.parametrize(("minutes", "patient"), [(14, True), (16, False)])
def test_audio_may_be_late_but_not_for_ever(minutes: int, patient: bool) -> None:
    """After a quarter of an hour what there is of a stream is the message."""
    around = Lambda()

    answered(around, a_record(CONTACT), arrived_at=ago(minutes * 60))

    assert around.intake.asked == [("contact record", CONTACT, patient)]


def test_a_stream_that_stays_unreadable_holds_nobody_up_for_ever() -> None:
    """Its contact record is put among the dead letters; an outage of everything else is waited out."""
    around = Lambda()
    around.intake.says = {
        CONTACT: Unavailable("nothing there", service="kinesis-video", code="no_fragments"),
        OTHER_CONTACT: Unavailable("no answer", service="s3"),
    }
    records = a_record(CONTACT), a_record(OTHER_CONTACT)

    young = answered(around, *records, arrived_at=ago(14 * 60))
    old = answered(around, *records, arrived_at=ago(16 * 60))

    assert young == failed("490", "491")
    assert old == failed("491")
    assert around.dead_letters is not None
    assert [letter["contactRecord"] for letter in around.dead_letters.sent] == [records[0]]


def test_what_may_succeed_later_holds_its_place_in_the_stream() -> None:
    """The mapping reads on from there; the others are known by then."""
    around = Lambda()
    around.intake.says = {CONTACT: Unavailable("no answer"), OTHER_CONTACT: a_taken(OTHER_CONTACT)}

    first = answered(around, a_record(CONTACT), a_record(OTHER_CONTACT))
    around.intake.says[CONTACT] = a_taken()
    second = answered(around, a_record(CONTACT), a_record(OTHER_CONTACT))

    assert (first, second) == (failed("490"), failed())
    assert around.counted["VoicemailAccepted"] == 2


def test_what_can_never_succeed_is_kept_with_its_reason_and_holds_nobody_up() -> None:
    """A dead letter of Lambda's own would only name the record, and streams forget."""
    around = Lambda()
    around.intake.says = {CONTACT: BadRecording("no retention", code="3002"), OTHER_CONTACT: a_taken(OTHER_CONTACT)}
    broken, unusable = "bm8gSlNPTg==", a_record(CONTACT)

    answer = answered(around, broken, unusable, a_record(OTHER_CONTACT))

    assert answer == failed()
    assert around.bell.rung == [(OTHER_CONTACT, 0)]
    assert around.dead_letters is not None
    assert [letter["contactRecord"] for letter in around.dead_letters.sent] == [broken, unusable]
    assert [letter["sequenceNumber"] for letter in around.dead_letters.sent] == ["490", "491"]
    assert "no retention" in around.dead_letters.sent[1]["reason"]
    assert around.counted["RecordSetAside"] == 2


def test_without_a_dead_letter_queue_the_mapping_decides() -> None:
    """It tries again, splits the batch and names the record at last."""
    around = Lambda(dead_letters=None)

    assert answered(around, "bm8gSlNPTg==") == failed("490")
