"""Voicemails out of what Amazon Connect leaves behind."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from scv_voicemail.errors import BadRecording, BadVoicemail, Rejected, SettingsInvalid, Unavailable
from scv_voicemail.intake.amazon_connect import Ignored, IgnoredReason, Intake, ShortMessages, ShortPolicy, Taken
from scv_voicemail.voicemail import Mailbox, MailboxKind, Voicemail

from tests.aws_clients import an_aws
from tests.builders import epoch_now
from tests.mkv_files import FIRST_NUMBER, OTHER_CONTACT, a_fragment
from tests.unit.intake.connect_bench import (
    CALL,
    CONNECT_BUCKET,
    ID,
    INSTANCE,
    KEY,
    MESSAGE,
    NOTHING,
    OUR_BUCKET,
    OUR_KEY,
    PROMPT,
    RATE,
    RECORDED_AT,
    STREAM,
    TONE_AT,
    Bench,
    a_contact,
    a_stream,
    ivr,
    kvs,
    with_attributes,
)
from tests.wav_files import a_tone


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """A Connect without calls; whatever an intake leaves in its folder is a failure."""
    folder = tmp_path / "lambda"
    folder.mkdir()
    with an_aws() as clients:
        yield Bench(clients.client("s3"), folder)
    assert list(folder.iterdir()) == []


def taken(intake: Intake) -> Voicemail:
    assert isinstance(intake, Taken), intake
    return intake.voicemail


def ignored(intake: Intake) -> IgnoredReason:
    assert isinstance(intake, Ignored), intake
    return intake.reason


# ---------------------------------------------------------------------------------------------- from the IVR recording


def test_a_recording_becomes_the_voicemail_of_its_contact(bench: Bench) -> None:
    """Cut to the message, kept at our own place, with the facts of the contact."""
    bench.knows(a_contact(queue_arn=f"{INSTANCE}/queue/q1"))
    bench.connect.queues["q1"] = "Claims Queue"
    bench.recorded()

    intake = bench.intake.of_recording(CONNECT_BUCKET, KEY)

    voicemail = taken(intake)
    assert isinstance(intake, Taken)
    assert (intake.deliver, intake.notes) == (True, ())
    assert bench.kept().endswith(MESSAGE)
    assert len(bench.kept()) < len(MESSAGE) + 8000
    assert voicemail.id == ID
    assert (voicemail.caller, voicemail.dialed_number) == ("+14155550142", "+18005550100")
    assert voicemail.recording.path == f"s3://{OUR_BUCKET}/{OUR_KEY}"
    assert voicemail.recording.location == f"{OUR_BUCKET}/{OUR_KEY}"
    assert voicemail.recording.duration_seconds == len(bench.kept()) / 16_000
    assert abs(voicemail.ended_at - (RECORDED_AT + timedelta(seconds=6.5))) < timedelta(milliseconds=1)
    assert voicemail.mailbox == Mailbox(kind=MailboxKind.QUEUE, name="Claims")
    assert voicemail.source == "amazon-connect"


def test_what_the_flow_wished_is_in_the_voicemail(bench: Bench) -> None:
    """Attributes go before the contact's own facts."""
    bench.knows(
        with_attributes(
            a_contact(),
            vm_from="(212) 555-0199",
            vm_dialed_number="+18005550111",
            vm_lang="es-US",
            vm_targets="case,voice_call",
            vm_priority="High",
            vm_mailbox="ada@example.com",
            vm_queue_name="Sales",
            **{"sfdc-Account_Number__c": "42"},
        )
    )
    bench.recorded()

    voicemail = taken(bench.intake.of_recording(CONNECT_BUCKET, KEY))

    assert (voicemail.caller, voicemail.dialed_number) == ("+12125550199", "+18005550111")
    assert (voicemail.language, voicemail.priority, voicemail.targets) == ("es-US", "High", ("case", "voice_call"))
    assert voicemail.mailbox == Mailbox(kind=MailboxKind.REP, name="ada@example.com")
    assert voicemail.attributes == (("Account_Number__c", "42"),)


@pytest.mark.parametrize(
    "key",
    [
        f"connect/acme/CallRecordings/2026/11/20/{ID}.wav",
        "connect/acme/CallRecordings/ivr/.write_access_check_file.temp",
    ],
)
def test_other_objects_are_none_of_ours(bench: Bench, key: str) -> None:
    """Nobody is asked about them."""
    bench.connect.refuses = ClientError({"Error": {"Code": "AccessDeniedException"}}, "DescribeContact")

    assert ignored(bench.intake.of_recording(CONNECT_BUCKET, key)) is IgnoredReason.FOREIGN_OBJECT


@pytest.mark.parametrize("attributes", [{}, {"vm_flag": "0"}, {"voicemail": "false"}])
def test_a_call_without_the_flag_is_not_a_voicemail(bench: Bench, attributes: dict[str, str]) -> None:
    """Its recording is not even downloaded."""
    bench.knows(a_contact(attributes=attributes))
    bench.recorded()

    assert ignored(bench.intake.of_recording(CONNECT_BUCKET, KEY)) is IgnoredReason.NOT_A_VOICEMAIL
    assert bench.objects.downloads == 0


def test_a_chat_is_not_a_voicemail(bench: Bench) -> None:
    """Whatever attributes it has inherited."""
    assert ignored(bench.intake.of_contact_record(a_contact(channel="CHAT"))) is IgnoredReason.NOT_A_VOICEMAIL


@pytest.mark.parametrize("way", ["recording", "record"])
def test_a_rep_who_answered_while_the_caller_spoke_makes_it_a_call(bench: Bench, way: str) -> None:
    """The flag is still there when Connect takes the caller out of the flow."""
    contact = bench.knows(a_contact(agent_connected_at=TONE_AT + timedelta(seconds=2)))
    bench.recorded()

    intake = (
        bench.intake.of_recording(CONNECT_BUCKET, KEY)
        if way == "recording"
        else bench.intake.of_contact_record(contact)
    )

    assert ignored(intake) is IgnoredReason.GIVEN_UP


def test_a_rep_who_spoke_with_the_caller_before_does_not(bench: Bench) -> None:
    """Who was connected and then sent to the voicemail has left one."""
    bench.knows(a_contact(agent_connected_at=RECORDED_AT - timedelta(seconds=5)))
    bench.recorded()

    assert taken(bench.intake.of_recording(CONNECT_BUCKET, KEY)).id == ID


def test_a_timestamp_that_was_inherited_does_not_count(bench: Bench) -> None:
    """A call that was transferred brings the attributes of its first part along, and a rep who answered there."""
    inherited = (RECORDED_AT - timedelta(minutes=5)).isoformat()
    answered_at = RECORDED_AT - timedelta(seconds=10)
    bench.knows(with_attributes(a_contact(agent_connected_at=answered_at), vm_timestamp=inherited))
    bench.recorded()

    intake = bench.intake.of_recording(CONNECT_BUCKET, KEY)

    assert taken(intake).started_at == RECORDED_AT
    assert isinstance(intake, Taken)
    assert "older than the contact" in intake.notes[0]
    assert bench.kept() == CALL


def test_without_a_timestamp_the_recordings_own_beginning_decides_about_the_rep(bench: Bench) -> None:
    """For flows that do not date their messages."""
    contact = a_contact(attributes={"voicemail": "true"})
    bench.recorded()

    answered = bench.intake.of_contact_record(replace(contact, agent_connected_at=RECORDED_AT + timedelta(seconds=1)))
    spoke_before = bench.intake.of_contact_record(
        replace(contact, agent_connected_at=RECORDED_AT - timedelta(seconds=1))
    )

    assert ignored(answered) is IgnoredReason.GIVEN_UP
    assert taken(spoke_before).id == ID


def test_without_a_timestamp_the_recording_is_taken_as_it_is(bench: Bench) -> None:
    """A flow that switches recording on after the greeting needs no cutting, and nobody waits for a date."""
    bench.knows(a_contact(attributes={"voicemail": "true"}, recordings=()))
    bench.recorded(MESSAGE)

    intake = bench.intake.of_recording(CONNECT_BUCKET, KEY)

    assert taken(intake).started_at == RECORDED_AT - timedelta(seconds=20)
    assert bench.kept() == MESSAGE


def test_while_connect_does_not_say_when_the_recording_began_it_is_worth_waiting(bench: Bench) -> None:
    """The object may be there before the contact knows of it."""
    bench.knows(a_contact(recordings=()))
    bench.recorded()

    with pytest.raises(Unavailable, match="when the recording began"):
        bench.intake.of_recording(CONNECT_BUCKET, KEY, patient=True)

    assert bench.objects.downloads == 0


@pytest.mark.parametrize("recordings", [(), (ivr(started_at=None),)])
def test_without_patience_it_is_taken_whole(bench: Bench, recordings: tuple[object, ...]) -> None:
    """With the prompt, and with a note: late is worse than long."""
    bench.knows(a_contact(recordings=recordings))
    bench.recorded()

    intake = bench.intake.of_recording(CONNECT_BUCKET, KEY, patient=False)

    assert isinstance(intake, Taken)
    assert bench.kept() == CALL
    assert "not known when the recording began" in intake.notes[0]
    assert intake.voicemail.started_at == TONE_AT


def test_a_contact_that_is_not_known_yet_is_waited_for_and_then_let_go(bench: Bench) -> None:
    """Another instance may write to the same bucket: its calls are not ours."""
    bench.recorded()

    with pytest.raises(Unavailable, match="not known yet"):
        bench.intake.of_recording(CONNECT_BUCKET, KEY)

    intake = bench.intake.of_recording(CONNECT_BUCKET, KEY, patient=False)
    assert intake == Ignored(reason=IgnoredReason.UNKNOWN_CONTACT, contact_id=ID)


def test_of_several_recordings_the_one_that_holds_the_message_is_taken(bench: Bench) -> None:
    """The caller recorded twice: the flow has dated the second take, and only its file counts, in any order."""
    second_key = KEY.replace("T12:00", "T12:01")
    second_at = RECORDED_AT + timedelta(seconds=60)
    entries = (ivr(), ivr(f"{CONNECT_BUCKET}/{second_key}", started_at=second_at))
    contact = with_attributes(
        a_contact(recordings=entries), vm_timestamp=(second_at + timedelta(seconds=2.125)).isoformat()
    )
    bench.knows(contact)
    bench.recorded(CALL)
    bench.recorded(PROMPT + PROMPT[: 2 * 4000] + MESSAGE[:24_000], second_key)

    first = bench.intake.of_recording(CONNECT_BUCKET, KEY)
    second = bench.intake.of_recording(CONNECT_BUCKET, second_key)

    assert ignored(first) is IgnoredReason.OTHER_WAY
    assert taken(second).started_at == second_at + timedelta(seconds=2.125)
    assert bench.kept().endswith(MESSAGE[:24_000])


def test_two_takes_of_the_same_minute_may_have_one_name(bench: Bench) -> None:
    """The name of a recording has no seconds: a file under two entries belongs to the one that holds the message."""
    second_at = RECORDED_AT + timedelta(seconds=20)
    contact = a_contact(recordings=(ivr(), ivr(started_at=second_at)))
    bench.knows(with_attributes(contact, vm_timestamp=(second_at + timedelta(seconds=2.125)).isoformat()))
    bench.recorded()

    intake = bench.intake.of_recording(CONNECT_BUCKET, KEY)

    assert taken(intake).started_at > second_at
    assert bench.kept().endswith(MESSAGE)


def test_a_recording_that_was_over_before_the_message_began_is_not_taken_for_it(bench: Bench) -> None:
    """The caller deleted a first message and left another later, whose recording Connect does not list yet."""
    second_key, second_at = KEY.replace("T12:00", "T12:10"), RECORDED_AT + timedelta(minutes=10)
    contact = with_attributes(a_contact(), vm_timestamp=(second_at + timedelta(seconds=2.125)).isoformat())
    bench.knows(contact)
    bench.recorded(PROMPT + bytes(RATE) + PROMPT)
    bench.recorded(CALL, second_key)

    with pytest.raises(Unavailable, match="ends before the message begins"):
        bench.intake.of_recording(CONNECT_BUCKET, KEY)
    later = ivr(f"{CONNECT_BUCKET}/{second_key}", started_at=second_at)
    bench.knows(replace(contact, recordings=(ivr(), later)))

    assert ignored(bench.intake.of_recording(CONNECT_BUCKET, KEY)) is IgnoredReason.OTHER_WAY
    assert taken(bench.intake.of_recording(CONNECT_BUCKET, second_key)).started_at > second_at


def test_a_location_may_be_written_encoded(bench: Bench) -> None:
    """Its colon as %3A, as in addresses."""
    bench.knows(a_contact(recordings=(ivr(f"{CONNECT_BUCKET}/{KEY}".replace(":", "%3A")),)))
    bench.recorded()

    assert taken(bench.intake.of_recording(CONNECT_BUCKET, KEY)).started_at > TONE_AT


@pytest.mark.parametrize("samples", [b"", CALL[: 2 * 8000 * 2], CALL[: 2 * 8000 * 3]])
def test_a_caller_who_said_nothing_at_all_has_left_nothing(bench: Bench, samples: bytes) -> None:
    """44 bytes of header, or a recording that ends with the prompt or with the tone."""
    bench.knows(a_contact())
    bench.recorded(samples)

    assert ignored(bench.intake.of_recording(CONNECT_BUCKET, KEY)) is IgnoredReason.EMPTY


def test_a_recording_that_is_broken_is_an_error_and_not_nothing(bench: Bench) -> None:
    """Somebody has to look at it."""
    bench.knows(a_contact())
    bench.s3.put_object(Bucket=CONNECT_BUCKET, Key=KEY, Body=b"RIFF and then nothing of use")

    with pytest.raises(BadRecording):
        bench.intake.of_recording(CONNECT_BUCKET, KEY)


def test_a_recording_that_is_too_large_for_the_disk_is_an_error(bench: Bench) -> None:
    """Said before anything is downloaded."""
    bench.knows(a_contact())
    bench.recorded()

    with pytest.raises(Rejected, match="more than the 1,000"):
        bench.an_intake(max_bytes=1000).of_recording(CONNECT_BUCKET, KEY)


# ----------------------------------------------------------------------------------------------- from the video stream


def test_a_contact_record_with_a_stream_becomes_the_same_voicemail(bench: Bench) -> None:
    """The caller's track alone, from the first fragment to the last, cut like the other way's."""
    bench.streamed()
    contact = with_attributes(a_contact(recordings=(kvs(),)), vm_source="kvs")

    voicemail = taken(bench.intake.of_contact_record(contact))

    assert voicemail.id == ID
    assert bench.kept().endswith(MESSAGE)
    assert len(bench.kept()) < len(MESSAGE) + 8000
    assert abs(voicemail.ended_at - (RECORDED_AT + timedelta(seconds=6.5))) < timedelta(milliseconds=1)
    assert bench.media.opened == [RECORDED_AT]
    assert not bench.media.is_open


def test_a_stream_of_salesforces_own_flow_is_taken_whole(bench: Bench) -> None:
    """It begins with the message, and nothing dates it."""
    bench.streamed(MESSAGE)
    contact = a_contact(
        attributes={"vm_flag": "1", "vm_lang": "en-US", "vm_from": "+14155550142"},
        recordings=(kvs(started_at=None, stop_fragment=FIRST_NUMBER + 2),),
    )

    voicemail = taken(bench.intake.of_contact_record(contact))

    assert bench.kept() == MESSAGE
    assert voicemail.started_at == RECORDED_AT
    assert bench.media.opened == [contact.began_at]


def test_of_a_stream_that_several_calls_share_only_this_one_is_heard(bench: Bench) -> None:
    """Connect uses streams again."""
    before, after = (a_stream(a_tone(1.0), contact_id=OTHER_CONTACT) for _ in range(2))
    bench.media.streams[STREAM] = before + a_stream(MESSAGE) + after
    contact = with_attributes(
        a_contact(recordings=(kvs(stop_fragment=None),)), vm_timestamp=RECORDED_AT.isoformat(), vm_source="kvs"
    )

    taken(bench.intake.of_contact_record(contact))

    assert bench.kept() == MESSAGE


def test_a_stream_that_breaks_off_is_read_again_later(bench: Bench) -> None:
    """Half a message is not kept: the first one kept would stay."""
    bench.media.streams[STREAM] = a_stream()[: len(a_stream()) // 2]

    with pytest.raises(Unavailable):
        bench.intake.of_contact_record(a_contact(recordings=(kvs(),)))

    assert bench.objects.head(OUR_BUCKET, OUR_KEY) is None


def test_without_patience_half_a_stream_is_taken_but_nothing_beyond_its_end(bench: Bench) -> None:
    """What the same contact streamed afterwards, such as a conversation, is no part of the message."""
    bench.media.streams[STREAM] = a_stream(CALL + NOTHING + PROMPT)
    whole = bench.intake.of_contact_record(a_contact(recordings=(kvs(),)), patient=False)
    samples = bench.kept()
    bench.s3.delete_object(Bucket=OUR_BUCKET, Key=OUR_KEY)
    bench.media.streams[STREAM] = a_stream(CALL[: 2 * RATE * 5])

    half = bench.intake.of_contact_record(a_contact(recordings=(kvs(),)), patient=False)

    assert samples.endswith(MESSAGE + NOTHING)
    assert taken(half).recording.duration_seconds < taken(whole).recording.duration_seconds


def test_a_stream_without_this_contact_is_a_loud_failure(bench: Bench) -> None:
    """A retention of zero hours, most likely: nobody may take it for an empty message."""
    bench.media.streams[STREAM] = a_stream(contact_id=OTHER_CONTACT)

    with pytest.raises(Unavailable, match="no fragment of this contact") as caught:
        bench.intake.of_contact_record(a_contact(recordings=(kvs(),)))

    assert "retention" in caught.value.fix


def test_a_stream_without_a_sample_of_the_caller_is_empty(bench: Bench) -> None:
    """The caller was there and hung up at once."""
    bench.media.streams[STREAM] = a_fragment(0, b"", a_tone(0.5), contact_id=ID)
    contact = a_contact(recordings=(kvs(stop_fragment=FIRST_NUMBER),))

    assert ignored(bench.intake.of_contact_record(contact)) is IgnoredReason.EMPTY


def test_a_contact_record_without_any_recording_is_nothing_yet(bench: Bench) -> None:
    """The caller hung up before the tone; or the recording comes by its own event."""
    assert ignored(bench.intake.of_contact_record(a_contact(recordings=()))) is IgnoredReason.NO_RECORDING


# -------------------------------------------------------------------------------------------------- one way or another


def test_the_flow_may_insist_on_the_stream(bench: Bench) -> None:
    """`vm_source` kvs: the IVR recording of the same call is not the message."""
    contact = bench.knows(with_attributes(a_contact(recordings=(ivr(), kvs())), vm_source="kvs"))
    bench.recorded(PROMPT)
    bench.streamed()

    by_recording = bench.intake.of_recording(CONNECT_BUCKET, KEY)
    by_record = bench.intake.of_contact_record(contact)

    assert ignored(by_recording) is IgnoredReason.OTHER_WAY
    assert taken(by_record).id == ID
    assert bench.kept().endswith(MESSAGE)


def test_a_contact_record_takes_the_ivr_recording_if_it_is_there(bench: Bench) -> None:
    """Should the event of the recording get lost, the contact record brings it."""
    bench.recorded()

    voicemail = taken(bench.intake.of_contact_record(a_contact(recordings=(ivr(), kvs()))))

    assert voicemail.id == ID
    assert bench.media.opened == []


def test_a_contact_record_does_not_wait_for_the_ivr_recording(bench: Bench) -> None:
    """With a stream it takes that; without, the recording's own event will come."""
    bench.streamed()

    with_stream = bench.intake.of_contact_record(a_contact(recordings=(ivr(), kvs())))
    without = bench.intake.of_contact_record(a_contact(id=OTHER_CONTACT, recordings=(ivr(),)))

    assert taken(with_stream).id == ID
    assert ignored(without) is IgnoredReason.OTHER_WAY


@pytest.mark.parametrize("first", ["recording", "record"])
def test_whoever_comes_second_changes_nothing(bench: Bench, first: str) -> None:
    """The same id, the same audio, the same dates; and nothing is downloaded and cut again."""
    contact = bench.knows(a_contact(recordings=(ivr(), kvs())))
    bench.streamed(CALL[:-4000])
    ways = [
        lambda: bench.intake.of_recording(CONNECT_BUCKET, KEY),
        lambda: bench.intake.of_contact_record(contact),
    ]
    if first == "record":
        ways.reverse()
        one = taken(ways[0]())
        bench.recorded()
    else:
        bench.recorded()
        one = taken(ways[0]())
    downloads, kept = bench.objects.downloads, bench.kept()

    two = taken(ways[1]())

    assert two == one
    assert bench.kept() == kept
    assert bench.objects.downloads == downloads


def test_two_ways_at_the_same_moment_never_mix(bench: Bench) -> None:
    """The stream is kept while the recording is being cut: the recording's event takes up what was kept."""
    contact = bench.knows(a_contact(recordings=(ivr(), kvs())))
    bench.recorded()
    bench.streamed(CALL[:-4000])
    others: list[Voicemail] = []
    stream_only = replace(contact, recordings=(kvs(),))
    bench.objects.before_put.append(lambda: others.append(taken(bench.intake.of_contact_record(stream_only))))

    voicemail = taken(bench.intake.of_recording(CONNECT_BUCKET, KEY))

    assert [voicemail] == others
    assert bench.kept().endswith(MESSAGE[:-4000])
    assert voicemail.recording.duration_seconds == len(bench.kept()) / 16_000


def test_a_crash_after_keeping_is_made_good_from_what_was_kept(bench: Bench) -> None:
    """The recording lies there without a voicemail: the same one comes out of it, without the audio being read."""
    contact = bench.knows(a_contact())
    bench.recorded()
    before = bench.intake.of_recording(CONNECT_BUCKET, KEY)
    bench.knows(with_attributes(contact, vm_flag="0"))
    downloads = bench.objects.downloads

    after = bench.intake.of_kept_recording(OUR_KEY)

    assert after == before
    assert bench.objects.downloads == downloads


@pytest.mark.parametrize("key", ["voicemail_recordings/odd name.wav", f"elsewhere/{ID}.wav", OUR_KEY])
def test_what_was_not_kept_of_a_call_is_not_made_one(bench: Bench, key: str) -> None:
    """Other objects, and keys under which nothing lies."""
    assert ignored(bench.intake.of_kept_recording(key)) is IgnoredReason.FOREIGN_OBJECT


def test_an_object_of_another_system_under_our_prefix_is_said_to_be_one(bench: Bench) -> None:
    """Two systems that write the same names would take each other's recordings."""
    bench.knows(a_contact())
    bench.recorded()
    bench.s3.put_object(Bucket=OUR_BUCKET, Key=OUR_KEY, Body=b"RIFF")

    with pytest.raises(SettingsInvalid, match="another system"):
        bench.intake.of_recording(CONNECT_BUCKET, KEY)


# ------------------------------------------------------------------------------------------------------ short messages


@pytest.mark.parametrize(
    ("policy", "deliver", "priority"),
    [
        (ShortPolicy.SUPPRESS, False, ""),
        (ShortPolicy.LOW_PRIORITY, True, "Low"),
        (ShortPolicy.DELIVER, True, ""),
    ],
)
@pytest.mark.parametrize("said", [b"", a_tone(0.1), bytes(2 * 8000)])
def test_a_message_without_words_is_treated_as_the_customer_wants(
    bench: Bench, policy: ShortPolicy, deliver: bool, priority: str, said: bytes
) -> None:
    """Silence, a click, the rest of a tone: kept in any case, so that nobody can say it was lost."""
    bench.knows(a_contact())
    bench.recorded(CALL[: -len(MESSAGE)] + said)
    bench.intake = bench.an_intake(short=ShortMessages(policy, 1.0))

    intake = bench.intake.of_recording(CONNECT_BUCKET, KEY)

    assert isinstance(intake, Taken)
    assert (intake.deliver, intake.voicemail.priority) == (deliver, priority)
    assert "s of speech" in intake.notes[-1]
    assert bench.intake.of_kept_recording(OUR_KEY) == intake


def test_what_counts_as_short_is_the_customers_to_say(bench: Bench) -> None:
    """The message has between one and three seconds of speech."""
    bench.knows(a_contact())
    bench.recorded()

    few = bench.an_intake(short=ShortMessages(ShortPolicy.SUPPRESS, 0)).of_recording(CONNECT_BUCKET, KEY)
    many = bench.an_intake(short=ShortMessages(ShortPolicy.SUPPRESS, 5)).of_recording(CONNECT_BUCKET, KEY)

    assert isinstance(few, Taken)
    assert isinstance(many, Taken)
    assert (few.deliver, many.deliver) == (True, False)


# ---------------------------------------------------------------------------------------------------------- call facts


def test_a_reps_own_queue_is_the_reps_mailbox(bench: Bench) -> None:
    """`queue/agent/ID`: the user name is asked for."""
    bench.connect.users["u-1"] = "ada@example.com"
    bench.knows(with_attributes(a_contact(), vm_queue_arn=f"{INSTANCE}/queue/agent/u-1"))
    bench.recorded()

    voicemail = taken(bench.intake.of_recording(CONNECT_BUCKET, KEY))

    assert voicemail.mailbox == Mailbox(kind=MailboxKind.REP, name="ada@example.com")


@pytest.mark.covers("connect-3")
def test_a_rep_whom_connect_knows_by_another_name_is_mapped(bench: Bench) -> None:
    """By a queue of the rep's own, and by the flow of Voicemail Express 3."""
    bench.connect.users["u-1"] = "jdoe"
    asked = {"vm_queue_arn": f"{INSTANCE}/queue/agent/u-1"}, {"vm_mailbox": "jdoe"}
    found = []
    for attributes in asked:
        bench.knows(with_attributes(a_contact(), **attributes))
        bench.recorded()
        found.append(
            taken(bench.an_intake(reps={"jdoe": "jane@example.com"}).of_recording(CONNECT_BUCKET, KEY)).mailbox
        )

    assert found == [Mailbox(kind=MailboxKind.REP, name="jane@example.com")] * 2


@pytest.mark.parametrize(
    ("arn", "note"),
    [("queue/agent/gone", "the rep whose queue this is does not exist"), ("queue/gone", "the queue does not exist")],
)
def test_whom_connect_does_not_know_any_more_is_a_note_and_no_loss(bench: Bench, arn: str, note: str) -> None:
    """The message goes to whoever gets the others."""
    bench.knows(with_attributes(a_contact(), vm_queue_arn=f"{INSTANCE}/{arn}"))
    bench.recorded()

    intake = bench.intake.of_recording(CONNECT_BUCKET, KEY)

    assert taken(intake).mailbox is None
    assert isinstance(intake, Taken)
    assert note in intake.notes[0]


def test_a_deleted_reps_message_goes_to_the_queue_that_the_flow_names(bench: Bench) -> None:
    """As far down the ladder as there is a step."""
    bench.knows(with_attributes(a_contact(), vm_queue_arn=f"{INSTANCE}/queue/agent/gone", vm_queue_name="Claims Queue"))
    bench.recorded()

    voicemail = taken(bench.intake.of_recording(CONNECT_BUCKET, KEY))

    assert voicemail.mailbox == Mailbox(kind=MailboxKind.QUEUE, name="Claims")


def test_a_call_without_a_queue_is_for_nobody_in_particular(bench: Bench) -> None:
    """The Omni-Channel flow decides then."""
    bench.knows(a_contact())
    bench.recorded()

    assert taken(bench.intake.of_recording(CONNECT_BUCKET, KEY)).mailbox is None


@pytest.mark.parametrize(
    ("number", "caller"),
    [("anonymous", "anonymous"), ("", "anonymous"), ("12345678901234567890", "anonymous"), ("4471", "4471")],
)
def test_a_caller_without_a_number_is_a_caller(bench: Bench, number: str, caller: str) -> None:
    """Withheld, missing, impossible, or an extension."""
    bench.knows(a_contact(customer_number=number))
    bench.recorded()

    assert taken(bench.intake.of_recording(CONNECT_BUCKET, KEY)).caller == caller


def test_a_dialed_number_that_is_none_gives_way_to_the_next(bench: Bench) -> None:
    """The flow's, the contact's, the settings'."""
    bench.knows(with_attributes(a_contact(system_number=""), vm_dialed_number="$.SystemEndpoint.Address"))
    bench.recorded()

    intake = bench.an_intake(default_dialed_number="+18005550177").of_recording(CONNECT_BUCKET, KEY)

    assert taken(intake).dialed_number == "+18005550177"
    assert isinstance(intake, Taken)
    assert len(intake.notes) == 1


def test_without_any_dialed_number_somebody_has_to_name_one(bench: Bench) -> None:
    """And nothing is kept until then."""
    bench.knows(a_contact(system_number=""))
    bench.recorded()

    with pytest.raises(BadVoicemail, match="that was dialed") as caught:
        bench.intake.of_recording(CONNECT_BUCKET, KEY)

    assert caught.value.voicemail_id == ID
    assert bench.objects.head(OUR_BUCKET, OUR_KEY) is None


def test_notes_quote_no_personal_data(bench: Bench) -> None:
    """They are for a log."""
    bench.knows(
        with_attributes(
            a_contact(customer_number="41555501421234567890"),
            vm_dialed_number="4155550142 ext",
            vm_end_timestamp="4155550142",
            vm_lang="4155550142",
        )
    )
    bench.recorded()

    intake = bench.intake.of_recording(CONNECT_BUCKET, KEY)

    assert isinstance(intake, Taken)
    assert len(intake.notes) == 4
    assert "5550142" not in "".join(intake.notes)


# ------------------------------------------------------------------------------------------------------------ the disk


def test_what_a_killed_process_left_behind_is_cleared_away(bench: Bench) -> None:
    """Old folders of ours only; a young one may be a neighbour's at work."""
    old, young, foreign = (bench.folder / name for name in ("scv-voicemail-old", "scv-voicemail-young", "other"))
    for folder in (old, young, foreign):
        folder.mkdir()
        (folder / "recording.wav").write_bytes(b"x")
    long_ago = epoch_now() - 7200
    os.utime(old, (long_ago, long_ago))
    os.utime(foreign, (long_ago, long_ago))
    bench.knows(a_contact())
    bench.recorded()

    bench.intake.of_recording(CONNECT_BUCKET, KEY)

    assert sorted(path.name for path in bench.folder.iterdir()) == ["other", "scv-voicemail-young"]
    for folder in (young, foreign):
        (folder / "recording.wav").unlink()
        folder.rmdir()
