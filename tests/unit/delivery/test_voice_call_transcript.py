"""The transcript of a VoiceCall: sent while the call is open, uploaded once it is closed, never a hold-up."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from scv_voicemail.errors import (
    AuthenticationFailed,
    ConversationClosed,
    PermissionMissing,
    RateLimited,
    Rejected,
    Unavailable,
    VoicemailError,
)
from scv_voicemail.ports import NotYet, Receipt
from scv_voicemail.voicemail import Segment, Transcript

from tests.builders import NOON, a_transcript, a_voicemail
from tests.unit.delivery.voice_call_bench import (
    ADOPTED,
    LONG,
    OPENED,
    PATIENCE,
    Bench,
    message_ids,
)

# ----------------------------------------------------------------------------------------------------------- transcribe


def test_the_ids_of_transcript_entries_are_always_the_same_and_short_enough() -> None:
    """Salesforce keeps 36 characters; another voicemail with the same words has other ids."""
    first, again, other = Bench(), Bench(), Bench()

    first.do("transcribe")
    again.do("transcribe", number=2, waited=LONG)
    other.do("transcribe", voicemail=a_voicemail(id="another", transcript=a_transcript()))

    assert message_ids(first) == message_ids(again)
    assert len(set(message_ids(first)) | set(message_ids(other))) == 4
    assert all(str(UUID(one)) == one for one in message_ids(first))


def test_a_voicemail_without_a_transcript_sends_none() -> None:
    """Nothing said, nothing sent."""
    bench = Bench()

    receipt = bench.do("transcribe", voicemail=a_voicemail())

    assert receipt == {"entries": 0}
    assert bench.telephony.sent == []


@pytest.mark.parametrize(("number", "opened"), [(2, OPENED), (1, ADOPTED)], ids=["again", "adopted"])
def test_entries_that_are_there_are_not_sent_again(number: int, opened: Receipt) -> None:
    """After doubt, and on a call that was there before, it looks first."""
    bench = Bench()
    bench.do("transcribe")
    stored, missing = message_ids(bench)
    bench.telephony.sent.clear()
    bench.view.entries = {stored}

    receipt = bench.do("transcribe", number=number, waited=LONG if number > 1 else 0, open=opened)

    assert message_ids(bench) == [missing]
    assert receipt == {"entries": 2, "left": []}


def test_a_segment_that_reaches_beyond_the_recording_is_cut_to_it() -> None:
    """A transcript that claims more than was recorded must not fall out of the window."""
    bench = Bench()
    late = Transcript(segments=(Segment(text="Bye.", start_ms=99_000, end_ms=100_000),))

    bench.do("transcribe", voicemail=a_voicemail(transcript=late))

    ((_, (message,)),) = bench.telephony.sent
    assert message.start_ms == message.end_ms == (NOON - timedelta(minutes=5)).timestamp() * 1000 + 12_500


@pytest.mark.parametrize("error", [ConversationClosed("closed"), Rejected("no"), PermissionMissing("no")])
def test_a_refused_transcript_is_left_for_the_upload(error: VoicemailError) -> None:
    """The voicemail goes on at once; the ids of what is missing are remembered."""
    bench = Bench()
    bench.telephony.failing["transcript"] = error

    receipt = bench.do("transcribe")

    assert receipt == {"entries": 0, "left": message_ids(bench)}


def test_of_a_bulk_only_the_refused_entries_are_left() -> None:
    """What was taken is not uploaded again."""
    bench = Bench()
    bench.do("transcribe")
    taken, refused = message_ids(bench)
    bench.telephony.refused_messages = {refused}

    receipt = bench.do("transcribe")

    assert receipt == {"entries": 1, "left": [refused]}
    assert taken not in receipt["left"]


@pytest.mark.parametrize("error", [Unavailable("503"), RateLimited("429", retry_after_seconds=5)])
def test_a_transcript_that_may_pass_later_is_tried_within_the_patience_and_then_left(error: VoicemailError) -> None:
    """A transcript may hold the voicemail up for a while, not for hours."""
    bench = Bench()

    bench.telephony.failing["transcript"] = error
    with pytest.raises(type(error)):
        bench.do("transcribe", waited=PATIENCE - 1)
    bench.telephony.failing["transcript"] = error
    receipt = bench.do("transcribe", number=5, waited=LONG)

    assert len(receipt["left"]) == 2


def test_a_key_that_is_not_accepted_is_not_about_the_transcript() -> None:
    """Authentication is a human's affair: nothing after it would work either."""
    bench = Bench()
    bench.telephony.failing["transcript"] = AuthenticationFailed("401")

    with pytest.raises(AuthenticationFailed):
        bench.do("transcribe", waited=LONG)


# --------------------------------------------------------------------------------------------------------------- upload


def left_over(bench: Bench) -> list[str]:
    bench.do("transcribe")
    return message_ids(bench)


def test_only_what_is_missing_is_uploaded_and_then_waited_for() -> None:
    """Of two refused entries one has appeared meanwhile; the other is there some time after its upload."""
    bench = Bench()
    there, missing = left_over(bench)
    bench.view.entries = {there}

    with pytest.raises(NotYet):
        bench.do("upload", transcribe={"left": [there, missing]})
    bench.view.entries = {there, missing}
    receipt = bench.do("upload", number=2, transcribe={"left": [there, missing]})

    assert [message.message_id for message in bench.view.uploaded] == [missing]
    assert receipt == {"uploaded": 2}


def test_an_upload_that_was_sent_is_not_sent_again_at_once() -> None:
    """It may still be under way."""
    bench = Bench()
    left = left_over(bench)

    with pytest.raises(NotYet):
        bench.do("upload", number=2, waited=1, transcribe={"left": left})

    assert bench.view.uploaded == []


def test_an_upload_that_never_arrives_is_told_in_the_end() -> None:
    """The voicemail is with the reps; that its transcript is missing must be known."""
    bench = Bench()
    left = left_over(bench)

    receipt = bench.do("upload", number=9, waited=3 * LONG, transcribe={"left": left})

    assert "did not arrive" in receipt["warning"]


def test_an_upload_during_an_outage_is_tried_for_an_hour() -> None:
    """The voicemail is routed, so its transcript can wait; in the end a warning says that it is missing."""
    bench = Bench()
    left = left_over(bench)
    bench.view.upload_error = Unavailable("HTTP 503")

    with pytest.raises(Unavailable):
        bench.do("upload", number=9, waited=3599, failed=60, transcribe={"left": left})
    receipt = bench.do("upload", number=10, waited=3600, failed=60, transcribe={"left": left})

    assert "HTTP 503" in receipt["warning"]


@pytest.mark.parametrize("left", [[], None])
def test_with_nothing_left_nothing_is_uploaded(left: list[str] | None) -> None:
    """The usual case costs no request."""
    bench = Bench()

    receipt = bench.do("upload", transcribe={} if left is None else {"left": left})

    assert receipt == {}


def test_a_closed_call_that_does_not_take_the_upload_yet_is_asked_again_and_then_told() -> None:
    """The closing update needs a while; what is refused after it is a warning and never a hold-up."""
    bench = Bench()
    left = left_over(bench)
    bench.view.upload_error = Rejected("Only closed conversations can be uploaded.")

    with pytest.raises(NotYet):
        bench.do("upload", waited=1, transcribe={"left": left})
    receipt = bench.do("upload", waited=LONG, transcribe={"left": left})

    assert receipt["warning"].startswith("2 transcript entries are not in Salesforce")


def test_without_rest_access_what_was_refused_is_told() -> None:
    """There is no other way in."""
    receipt = Bench(rest=False).do("upload", transcribe={"left": ["one"]})

    assert "needs REST access" in receipt["warning"]
