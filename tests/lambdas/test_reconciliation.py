"""SweepFunction with {"reconcile": true}: voicemails that no event has told of."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from scv_voicemail.errors import BadRecording, PermissionMissing, Unavailable
from scv_voicemail_lambdas import sweep

from tests.builders import NOON, a_voicemail
from tests.lambdas.bench import CONTACT, IVR_FOLDER, OTHER_CONTACT, Lambda, a_key, a_taken

RECENTLY = NOON - timedelta(minutes=30)


def reconciled(around: Lambda) -> int:
    answer = sweep.answer({"reconcile": True}, around.parts, around.metrics, seconds_left=around.seconds_left)
    return answer["recovered"]


def around_recordings(*keys: str, at: datetime = RECENTLY, bucket: str = "theirs") -> Lambda:
    around = Lambda(now=lambda: NOON)
    around.objects.stored[bucket] = dict.fromkeys(keys, at)
    return around


def test_a_recording_that_no_event_has_told_of_is_found() -> None:
    """And takes the usual way from there."""
    around = around_recordings(a_key())
    around.intake.says[CONTACT] = a_taken()

    assert reconciled(around) == 1

    assert around.journal.voicemail(CONTACT) is not None
    assert around.bell.rung == [(CONTACT, 0)]
    assert around.counted["RecordingRecovered"] == 1
    assert around.intake.asked == [("recording", CONTACT, False)]


def test_a_worker_that_died_before_the_journal_is_made_up_for() -> None:
    """Our own copy is there, and nobody knows of it."""
    around = around_recordings(f"voicemail_recordings/{CONTACT}.wav", bucket="ours")
    around.intake.says[CONTACT] = a_taken()

    assert reconciled(around) == 1
    assert around.intake.asked == [("kept", CONTACT, None)]


def test_what_is_known_is_passed_over_by_one_look() -> None:
    """Nearly everything is, every time."""
    around = around_recordings(a_key())
    around.pipeline.accept(a_voicemail(id=CONTACT))

    assert reconciled(around) == 0
    assert around.intake.asked == []
    assert "RecordingRecovered" not in around.counted


@pytest.mark.parametrize("minutes", [14, 46])
def test_only_recordings_of_a_certain_age_are_looked_at(minutes: int) -> None:
    """Younger ones may be on their way, older ones were looked at twice."""
    around = around_recordings(a_key(), at=NOON - timedelta(minutes=minutes))

    reconciled(around)

    assert around.intake.asked == []


def test_after_midnight_yesterdays_folder_is_looked_at_as_well() -> None:
    """Connect sorts by the beginning of the call."""
    around = Lambda(now=lambda: datetime.fromisoformat("2026-11-21T00:20:00+00:00"))

    reconciled(around)

    assert around.objects.listings == [
        f"theirs/{IVR_FOLDER}/2026/11/20/",
        f"theirs/{IVR_FOLDER}/2026/11/21/",
        "ours/voicemail_recordings/",
    ]


def test_a_year_of_our_own_recordings_keeps_nobody_elses_from_being_looked_at() -> None:
    """S3 lists all of them for those of the last hour: if there is no time for that, Connect's are done by then."""
    around = around_recordings(a_key())
    around.intake.says[CONTACT] = a_taken()
    around.objects.breaking["ours"] = TimeoutError("Lambda has had enough")

    with pytest.raises(TimeoutError):
        reconciled(around)

    assert around.journal.voicemail(CONTACT) is not None


@pytest.mark.parametrize(
    ("closed", "open_", "key"),
    [("theirs", "ours", f"voicemail_recordings/{CONTACT}.wav"), ("ours", "theirs", a_key())],
)
def test_a_bucket_that_may_not_be_listed_keeps_no_other_from_being_looked_at(closed: str, open_: str, key: str) -> None:
    """And the look does not count as done: an alarm tells of the missing right."""
    around = around_recordings(key, bucket=open_)
    around.intake.says[CONTACT] = a_taken()
    around.objects.breaking[closed] = PermissionMissing("no list", service="s3")

    with pytest.raises(PermissionMissing):
        reconciled(around)

    assert around.journal.voicemail(CONTACT) is not None
    assert "RecordingsLookedThrough" not in around.counted


def test_a_look_that_came_to_its_end_is_counted() -> None:
    """An alarm waits for these, because a net that hangs nowhere makes no noise."""
    around = around_recordings(a_key(), at=NOON - timedelta(days=1))

    reconciled(around)

    assert around.counted == {"RecordingsLookedThrough": 1}


def test_one_that_fails_does_not_stop_the_others_and_is_not_hushed_up() -> None:
    """It is raised when all have had their turn."""
    around = around_recordings(a_key(), a_key(OTHER_CONTACT))
    around.intake.says = {CONTACT: Unavailable("no answer"), OTHER_CONTACT: a_taken(OTHER_CONTACT)}

    with pytest.raises(Unavailable):
        reconciled(around)

    assert around.journal.voicemail(OTHER_CONTACT) is not None


def test_one_that_brings_the_handler_down_does_not_stop_the_others_either() -> None:
    """A defect, or a full disk: the next look would stumble over it in the same place."""
    around = around_recordings(a_key(), a_key(OTHER_CONTACT))
    around.intake.says = {CONTACT: OSError("no space left on device"), OTHER_CONTACT: a_taken(OTHER_CONTACT)}

    with pytest.raises(OSError, match="no space"):
        reconciled(around)

    assert around.journal.voicemail(OTHER_CONTACT) is not None


def test_after_an_outage_somebody_may_ask_for_a_longer_look() -> None:
    """Looks that failed are not made up for by themselves: the next one begins where it always does."""
    around = around_recordings(a_key(), at=NOON - timedelta(hours=30))
    around.intake.says[CONTACT] = a_taken()
    event = {"reconcile": True, "hours": 36}

    answer = sweep.answer(event, around.parts, around.metrics, seconds_left=around.seconds_left)

    assert answer == {"recovered": 1}
    assert [one.removeprefix(f"theirs/{IVR_FOLDER}/") for one in around.objects.listings[:-1]] == [
        "2026/11/18/",
        "2026/11/19/",
        "2026/11/20/",
    ]


def test_a_recording_that_can_never_be_taken_is_no_failure_of_the_sweep() -> None:
    """Its event has left a dead letter already; an alarm a quarter of an hour would say nothing new."""
    around = around_recordings(a_key(), a_key(OTHER_CONTACT))
    around.intake.says = {CONTACT: BadRecording("no WAV"), OTHER_CONTACT: a_taken(OTHER_CONTACT)}

    assert reconciled(around) == 1


def test_it_stops_in_time_and_says_so() -> None:
    """The next look overlaps with this one."""
    around = around_recordings(a_key())
    around.seconds = 5

    with pytest.raises(Unavailable, match="more recordings than time"):
        reconciled(around)
