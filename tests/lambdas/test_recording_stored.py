"""RecordingStoredFunction: from an event of S3 to a voicemail in the journal and a doorbell."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote_plus

import pytest
from scv_voicemail.errors import BadVoicemail, RateLimited, Unavailable
from scv_voicemail.intake.amazon_connect import Ignored, IgnoredReason
from scv_voicemail_lambdas import recording_stored

from tests.lambdas.bench import CONTACT, OTHER_CONTACT, Lambda, a_key, a_taken, an_object_event, failed, messages_of


def answered(around: Lambda, event: dict[str, Any]) -> Any:
    return recording_stored.answer(event, around.parts, around.metrics, seconds_left=around.seconds_left)


def a_notification(*keys: str) -> dict[str, Any]:
    """S3's own shape, in which keys are URL-encoded."""
    return {
        "Records": [
            {
                "eventSource": "aws:s3",
                "eventName": "ObjectCreated:Put",
                "eventTime": "2026-11-20T12:00:00.000Z",
                "s3": {"bucket": {"name": "theirs"}, "object": {"key": quote_plus(key)}},
            }
            for key in keys
        ]
    }


def test_a_recording_becomes_a_voicemail_and_somebody_is_told() -> None:
    """In this order, so that whoever hears the bell finds it."""
    around = Lambda(now=lambda: datetime(2026, 11, 20, 12, 0, 7, tzinfo=UTC))
    around.intake.says[CONTACT] = a_taken()

    answer = answered(around, messages_of(an_object_event(a_key())))

    assert answer == failed()
    assert around.journal.voicemail(CONTACT) is not None
    assert around.bell.rung == [(CONTACT, 0)]
    assert around.counted == {"VoicemailAccepted": 1, "DoorbellsRung": 1, "StoredToAcceptedSeconds": 7}


@pytest.mark.parametrize(
    "event",
    [
        messages_of(an_object_event(a_key())),
        messages_of(a_notification(a_key())),
        an_object_event(a_key()),
        a_notification(a_key()),
    ],
    ids=["EventBridge by the queue", "S3 by the queue", "EventBridge itself", "S3 itself"],
)
def test_every_shape_of_the_event_is_understood(event: dict[str, Any]) -> None:
    """However the bucket is wired."""
    around = Lambda()
    around.intake.says[CONTACT] = a_taken()

    answered(around, event)

    assert around.bell.rung == [(CONTACT, 0)]


def test_an_event_that_comes_again_changes_nothing_and_rings_again() -> None:
    """The first may have been killed between the journal and the bell."""
    around = Lambda()
    around.intake.says[CONTACT] = a_taken()
    around.bell.failures = 1

    first = answered(around, messages_of(an_object_event(a_key())))
    second = answered(around, messages_of(an_object_event(a_key()), tries=2))

    assert (first, second) == (failed("message-0"), failed())
    assert len(around.intake.asked) == 1, "what is known is not read again"
    assert around.bell.rung == [(CONTACT, 0)]
    assert around.counted["VoicemailAccepted"] == 1


def test_nobody_is_rung_for_when_everything_is_delivered() -> None:
    """A late duplicate is only looked up."""
    around = Lambda()
    around.intake.says[CONTACT] = a_taken()
    answered(around, messages_of(an_object_event(a_key())))
    around.parts.connector.deliver(CONTACT)

    answered(around, messages_of(an_object_event(a_key())))

    assert around.bell.rung == [(CONTACT, 0)]


def test_silence_is_known_and_nobody_is_bothered() -> None:
    """Kept without a run, so that no later event makes a voicemail of it."""
    around = Lambda()
    around.intake.says[CONTACT] = a_taken(deliver=False, notes=("only 0.2 s of speech",))

    answered(around, messages_of(an_object_event(a_key())))
    answered(around, messages_of(an_object_event(a_key())))

    assert around.journal.voicemail(CONTACT) is not None
    assert around.bell.rung == []
    assert around.counted == {"VoicemailSuppressed": 1, "StoredToAcceptedSeconds": pytest.approx(0, abs=1e9)}


@pytest.mark.parametrize("key", [a_key(), "connect/acme/CallRecordings/2026/11/20/a-call.wav"])
def test_other_recordings_are_ignored(key: str) -> None:
    """Calls that are no voicemail, and what is no IVR recording at all."""
    around = Lambda()

    assert answered(around, messages_of(an_object_event(key))) == failed()
    assert around.counted == {"ContactIgnored": 1}


def test_a_recording_that_fails_does_not_take_the_others_with_it() -> None:
    """Each message alone."""
    around = Lambda()
    around.intake.says = {CONTACT: Unavailable("no answer"), OTHER_CONTACT: a_taken(OTHER_CONTACT)}

    answer = answered(around, messages_of("no JSON", an_object_event(a_key()), an_object_event(a_key(OTHER_CONTACT))))

    assert answer == failed("message-0", "message-1")
    assert around.bell.rung == [(OTHER_CONTACT, 0)]


def test_it_waits_for_connect_to_say_when_a_recording_began_but_not_for_ever() -> None:
    """For the first minutes; then the recording is taken as it is. An outage's tries do not count."""
    stored = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
    patient: list[bool | None] = []
    for tries, seconds in [(1, 2), (40, 100), (3, 239), (1, 241), (2, 86_400)]:
        around = Lambda(now=lambda seconds=seconds: stored + timedelta(seconds=seconds))
        answered(around, messages_of(an_object_event(a_key()), tries=tries))
        patient += [one for _, _, one in around.intake.asked]

    assert patient == [True, True, True, False, False]


@pytest.mark.covers("operating-4")
def test_half_an_hour_of_throttling_costs_no_recording() -> None:
    """It is tried again and again, put off by the function itself, and taken when Connect answers."""
    around = Lambda()
    for tries in range(1, 12):
        around.intake.says[CONTACT] = RateLimited("Connect throttles")
        answered(around, messages_of(an_object_event(a_key()), tries=tries))
    around.intake.says[CONTACT] = a_taken()

    answer = answered(around, messages_of(an_object_event(a_key()), tries=12))

    assert answer == failed()
    assert around.journal.voicemail(CONTACT) is not None
    assert around.dead_letters is not None
    assert around.dead_letters.sent == []
    assert [seconds for _, _, seconds in around.shown_again][-3:] == [840, 840, 840]


@pytest.mark.covers("operating-5")
def test_a_voicemail_from_before_our_time_is_left_to_the_system_that_ran_before_and_counted() -> None:
    """Not ignored in silence."""
    around = Lambda()
    around.intake.says[CONTACT] = Ignored(reason=IgnoredReason.BEFORE_OURS, contact_id=CONTACT)

    answered(around, messages_of(an_object_event(a_key())))

    assert around.counted == {"ContactLeftOut": 1}
    assert around.journal.voicemail(CONTACT) is None


def test_a_message_that_s3_sends_to_try_the_queue_is_done_with() -> None:
    """It comes once, when the bucket is wired."""
    around = Lambda()

    assert answered(around, messages_of({"Service": "Amazon S3", "Event": "s3:TestEvent"})) == failed()
    assert around.counted == {}


def test_an_event_without_a_queue_that_is_no_event_fails_loudly() -> None:
    """Nobody would hear of it otherwise."""
    with pytest.raises(BadVoicemail):
        answered(Lambda(), {"hello": "world"})


def test_the_clock_of_s3_may_be_ahead() -> None:
    """A negative time would spoil the metric."""
    around = Lambda(now=lambda: datetime(2026, 11, 20, 12, tzinfo=UTC) - timedelta(seconds=3))
    around.intake.says[CONTACT] = a_taken()

    answered(around, messages_of(an_object_event(a_key())))

    assert around.counted["StoredToAcceptedSeconds"] == 0
