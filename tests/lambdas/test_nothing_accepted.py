"""Callers who heard the beep and whose messages never came: counted, so that an alarm rings for each of them."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import pytest
from scv_voicemail.intake.amazon_connect import Ignored, IgnoredReason
from scv_voicemail_lambdas import sweep
from scv_voicemail_lambdas.metrics import ACCOUNTED_AFTER, Metrics

from scripts import monitoring_template
from tests.builders import NOON
from tests.lambdas.bench import CONTACT, IVR_FOLDER, Lambda, a_key, a_taken, an_object_event, messages_of
from tests.lambdas.test_flow_call import FakeClock, Salesforce, an_event, called
from tests.lambdas.test_recording_stored import answered

DUE = round((NOON + ACCOUNTED_AFTER).timestamp() * 1000)
"""When CloudWatch is told that a message of noon must be accounted for."""


def told(metrics: Metrics, lines: list[str]) -> dict[int, dict[str, float]]:
    """What CloudWatch reads out of the lines, by their time."""
    metrics.flush()
    documents = [json.loads(line) for line in lines]
    return {one["_aws"]["Timestamp"]: one for one in documents}


@pytest.mark.covers("operating-3")
def test_a_caller_who_is_sent_to_the_beep_is_expected_to_be_heard_of() -> None:
    """Dated when that must have happened, whatever Salesforce says to the mark."""
    lines: list[str] = []
    metrics = Metrics(write=lines.append)

    called(Salesforce(500), an_event("beforeRecording"), metrics=metrics, clock=FakeClock(NOON))

    assert told(metrics, lines)[DUE]["MessagesExpected"] == 1


@pytest.mark.covers("operating-3")
@pytest.mark.parametrize("found", ["accepted", "suppressed", "nothing said", "answered by a rep"])
def test_whatever_becomes_of_a_message_is_dated_like_its_beep(found: str) -> None:
    """However late: the two meet in the same minute, so that one less the other is those who are missing."""
    around = Lambda(now=lambda: NOON + timedelta(minutes=20))
    around.intake.says[CONTACT] = {
        "accepted": a_taken(beep_at=NOON),
        "suppressed": a_taken(deliver=False, beep_at=NOON),
        "nothing said": Ignored(reason=IgnoredReason.EMPTY, contact_id=CONTACT, beep_at=NOON),
        "answered by a rep": Ignored(reason=IgnoredReason.GIVEN_UP, contact_id=CONTACT, beep_at=NOON),
    }[found]

    answered(around, messages_of(an_object_event(a_key())))

    assert told(around.metrics, around.lines)[DUE]["MessagesAccountedFor"] == 1


@pytest.mark.covers("operating-3")
def test_what_another_recording_holds_is_not_accounted_for_yet() -> None:
    """A module that streams, in an instance whose streams nobody reads: that caller is missing."""
    around = Lambda()
    around.intake.says[CONTACT] = Ignored(reason=IgnoredReason.OTHER_WAY, contact_id=CONTACT, beep_at=NOON)

    answered(around, messages_of(an_object_event(a_key())))

    assert DUE not in told(around.metrics, around.lines)


@pytest.mark.covers("operating-3")
@pytest.mark.parametrize("method", ["beforeRecording", "giveUpVoicemail"])
def test_a_message_that_its_caller_takes_back_is_accounted_for(method: str) -> None:
    """By speaking anew, or by going back to the queue."""
    lines: list[str] = []
    metrics = Metrics(write=lines.append)
    event = an_event(method, Attributes={"vm_flag": "1", "vm_timestamp": "2026-11-20T12:00:00.000Z"})

    called(Salesforce(), event, metrics=metrics, clock=FakeClock(NOON + timedelta(minutes=2)))

    assert told(metrics, lines)[DUE]["MessagesAccountedFor"] == 1


@pytest.mark.covers("operating-3")
def test_somebody_is_called_when_a_message_is_missing() -> None:
    """One less the other, no sooner than CloudWatch may look at it and no later than it takes dates ahead."""
    watch = next(one for one in monitoring_template.watches() if one.name == "MessagesExpected")
    metrics = monitoring_template.alarm(watch)["Properties"]["Metrics"]

    names = {one["Id"]: one["MetricStat"]["Metric"]["MetricName"] for one in metrics if "MetricStat" in one}

    assert names == {"seen": "MessagesExpected", "other": "MessagesAccountedFor"}
    assert [one["Expression"] for one in metrics if one["ReturnData"]] == ["FILL(seen, 0) - FILL(other, 0)"]
    assert timedelta(minutes=60) < ACCOUNTED_AFTER < timedelta(hours=2)


def look(around: Lambda) -> None:
    sweep.answer({"reconcile": True}, around.parts, around.metrics, seconds_left=around.seconds_left)


@pytest.mark.covers("operating-3")
def test_a_look_through_a_folder_that_never_held_anything_says_so(caplog: pytest.LogCaptureFixture) -> None:
    """A wrong prefix lists nothing, as a quiet night does."""
    around = Lambda(now=lambda: NOON)
    around.objects.stored["theirs"] = {f"connect/other/CallRecordings/ivr/2026/11/20/{CONTACT}.wav": NOON}

    look(around)

    assert around.counted["RecordingsFolderEmpty"] == 1
    assert f"no recording below s3://theirs/{IVR_FOLDER}/" in caplog.text


@pytest.mark.parametrize("at", [NOON - timedelta(days=200), NOON - timedelta(minutes=20)])
def test_a_folder_with_old_recordings_is_only_quiet(at: datetime) -> None:
    """Nobody is told."""
    around = Lambda(now=lambda: NOON)
    around.objects.stored["theirs"] = {a_key(day=f"{at:%Y/%m/%d}"): at}

    look(around)

    assert "RecordingsFolderEmpty" not in around.counted
