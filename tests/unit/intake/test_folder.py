"""A watched folder: pairs are taken once, whole, and leave a trace."""

from __future__ import annotations

import contextlib
import json
import os
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from scv_voicemail.errors import BadRecording, BadVoicemail, Rejected, SettingsInvalid
from scv_voicemail.intake.folder import WatchedFolder
from scv_voicemail.ports import Arrival
from scv_voicemail.voicemail import Mailbox, MailboxKind

from tests.builders import FakeClock, file_clock
from tests.wav_files import a_tone, a_wav, a_wav_file


@pytest.fixture
def clock() -> FakeClock:
    """Ten seconds ahead, so that what a test has just written is settled but young."""
    return file_clock(seconds=10)


def watched(folder: Path, clock: FakeClock, **options: Any) -> WatchedFolder:
    return WatchedFolder(folder, default_region="US", clock=clock, **options)


def a_pair(folder: Path, name: str = "msg", *, hertz: float = 440, **fields: Any) -> None:
    a_wav_file(folder / f"{name}.wav", hertz=hertz)
    write_data(folder / f"{name}.json", **fields)


def write_data(path: Path, **fields: Any) -> None:
    given = {"from": "+14155550142", "to": "8005550100", "received_at": "2026-03-01T09:30:00Z"}
    path.write_text(json.dumps(given | fields), encoding="utf-8")


def names_in(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def only(folder: WatchedFolder) -> Arrival:
    [arrival] = folder.pending()
    return arrival


def test_a_pair_becomes_a_voicemail_with_all_its_call_data(tmp_path: Path, clock: FakeClock) -> None:
    """Every field of the JSON arrives."""
    a_pair(
        tmp_path,
        id="pbx-17",
        transcript=[{"text": "Hello.", "start_ms": 0, "end_ms": 900}],
        language="en-US",
        mailbox={"rep": "ada@example.com"},
        targets=["voice_call"],
        attributes={"Account_Number__c": "42"},
    )

    voicemail = only(watched(tmp_path, clock)).read()

    assert (voicemail.id, voicemail.caller, voicemail.dialed_number) == ("pbx-17", "+14155550142", "+18005550100")
    assert voicemail.started_at == datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
    assert voicemail.transcript is not None
    assert voicemail.transcript.text == "Hello."
    assert voicemail.mailbox == Mailbox(kind=MailboxKind.REP, name="ada@example.com")
    assert (voicemail.language, voicemail.targets, voicemail.source) == ("en-US", ("voice_call",), "folder")
    assert voicemail.attributes == (("Account_Number__c", "42"),)


def test_a_taken_pair_moves_to_done_and_is_not_seen_again(tmp_path: Path, clock: FakeClock) -> None:
    """Its content is untouched."""
    a_pair(tmp_path)
    folder = watched(tmp_path, clock)

    only(folder).taken()

    assert names_in(tmp_path) == ["done/msg.json", "done/msg.wav"]
    assert (tmp_path / "done" / "msg.wav").read_bytes() == a_wav()
    assert list(folder.pending()) == []


def test_taken_pairs_can_be_deleted_instead(tmp_path: Path, clock: FakeClock) -> None:
    """Nothing is left of the caller's voice."""
    a_pair(tmp_path)

    only(watched(tmp_path, clock, remove_taken=True)).taken()

    assert names_in(tmp_path) == []


def test_a_pair_put_aside_leaves_the_reason_beside_it(tmp_path: Path, clock: FakeClock) -> None:
    """Whoever looks into failed/ learns why, and can hand it in again."""
    a_pair(tmp_path)

    only(watched(tmp_path, clock)).set_aside("the dialed number is missing")

    assert names_in(tmp_path) == ["failed/msg.json", "failed/msg.reason.txt", "failed/msg.wav"]
    assert (tmp_path / "failed" / "msg.reason.txt").read_text() == "the dialed number is missing\n"


def test_a_name_that_was_used_before_overwrites_nothing(tmp_path: Path, clock: FakeClock) -> None:
    """Many systems begin again at msg0001."""
    folder = watched(tmp_path, clock)
    for hertz in (440, 880, 1320):
        a_pair(tmp_path, hertz=hertz)
        only(folder).taken()

    kept = [(tmp_path / "done" / f"{name}.wav").read_bytes() for name in ("msg", "msg-2", "msg-3")]

    assert kept == [a_wav(a_tone(hertz=hertz)) for hertz in (440, 880, 1320)]


@pytest.mark.parametrize("missing", ["msg.json", "msg.wav"])
def test_half_a_pair_waits_for_the_other_half(tmp_path: Path, clock: FakeClock, missing: str) -> None:
    """Whichever a telephony system writes first."""
    a_pair(tmp_path)
    (tmp_path / missing).unlink()
    clock.advance(3600)

    assert list(watched(tmp_path, clock).pending()) == []
    assert len(names_in(tmp_path)) == 1


@pytest.mark.covers("poison-6")
def test_halves_that_wait_for_long_are_named_with_what_to_do(tmp_path: Path, clock: FakeClock) -> None:
    """A JSON or a recording that never comes is a voicemail that nobody gets."""
    a_wav_file(tmp_path / "msg.wav")
    write_data(tmp_path / "call.json")
    folder = watched(tmp_path, clock)
    young = (list(folder.pending()), dict(folder.remarks))
    clock.advance(120)

    list(folder.pending())

    assert young == ([], {})
    assert folder.remarks == {
        "msg.wav": "it waits for msg.json. Next: put the call's data beside it, or delete it",
        "call.json": "it waits for call.wav. Next: put the recording beside it, or delete it",
    }


@pytest.mark.covers("poison-6")
@pytest.mark.parametrize("name", ["a.mp3", "a.ULAW", "a.g722", "a.wav16", "a.ogg", "a.alaw"])
def test_a_recording_that_is_no_wav_is_named_with_what_to_do(tmp_path: Path, clock: FakeClock, name: str) -> None:
    """Ignored without a word, it is a caller whom nobody hears."""
    (tmp_path / name).write_bytes(b"sound")
    folder = watched(tmp_path, clock)

    assert list(folder.pending()) == []
    assert "ffmpeg" in folder.remarks[name]


@pytest.mark.covers("poison-6")
def test_links_pipes_and_unprintable_names_are_named(tmp_path: Path, clock: FakeClock) -> None:
    """They are left where they are, and the others are taken."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (tmp_path / "link.wav").symlink_to(a_wav_file(elsewhere / "a.wav"))
    os.mkfifo(tmp_path / "pipe.json")
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.wav")).write_bytes(b"")
    a_pair(tmp_path, "good")
    folder = watched(tmp_path, clock)

    assert [one.name for one in folder.pending()] == ["good.wav"]
    assert {name: why.partition(".")[0] for name, why in folder.remarks.items()} == {
        "link.wav": "it is a link, and links are not followed",
        "pipe.json": "it is no plain file",
        "caf\udce9.wav": "its name cannot be printed",
    }


@pytest.mark.covers("poison-2")
@pytest.mark.parametrize("length", [200, 221, 240, 245, 250])
def test_a_name_without_room_for_anything_is_set_aside_all_the_same(
    tmp_path: Path, clock: FakeClock, length: int
) -> None:
    """Both files and the reason lie together under a name that fits; a second one of that name lies beside them."""
    name = "é" * (length // 2) + "x" * (length % 2)
    for _ in range(2):
        (tmp_path / f"{name}.wav").write_bytes(b"no audio")
        write_data(tmp_path / f"{name}.json")
        only(watched(tmp_path, clock)).set_aside("it is no audio")

    aside = names_in(tmp_path / "failed")
    assert len(aside) == 6
    assert names_in(tmp_path) == [f"failed/{one}" for one in aside]
    assert all(len(os.fsencode(one)) <= 255 for one in aside)


@pytest.mark.covers("poison-1")
@pytest.mark.parametrize(
    "data",
    [
        '{"from": "+14155550142", "to": "8005550100", "transcript": [{"text": "a", "start_ms": 1%s, "end_ms": 2}]}'
        % ("0" * 400),
        '{"from": "+14155550142", "to": "8005550100", "targets": ["\\ud800"]}',
        '{"from": "+14155550142", "to": "8005550100", "\\ud800": 1}',
        '{"from": "+14155550142", "to": "8005550100", "attributes": {"\\udfff": "x"}}',
        '{"from": "+14155550142", "to": "8005550100", "received_at": "9999-12-31T23:59:59Z"}',
        "[" * 50_000,
        "NaN",
        "",
    ],
    ids=lambda data: data[-40:].replace("\\", "/"),
)
def test_whatever_stands_in_the_json_is_judged_by_reading_it_and_stops_nobody(
    tmp_path: Path, clock: FakeClock, data: str
) -> None:
    """The look goes on, and what reads the file says an error of ours, or mends it."""
    a_wav_file(tmp_path / "bad.wav")
    (tmp_path / "bad.json").write_text(data, encoding="utf-8")
    a_pair(tmp_path, "good")
    clock.advance(3600)

    arrivals = {one.name: one for one in watched(tmp_path, clock).pending()}

    assert set(arrivals) == {"bad.wav", "good.wav"}
    with contextlib.suppress(Rejected):
        arrivals["bad.wav"].read()


def test_files_that_were_touched_just_now_wait(tmp_path: Path) -> None:
    """Also when a copying tool has given them an old date."""
    a_pair(tmp_path)
    for name in ("msg.wav", "msg.json"):
        os.utime(tmp_path / name, (0, 0))
    clock = file_clock(seconds=1)
    folder = watched(tmp_path, clock)

    too_early = list(folder.pending())
    clock.advance(2)
    settled = list(folder.pending())

    assert (len(too_early), len(settled)) == (0, 1)


@pytest.mark.parametrize(
    ("name", "half"),
    [
        ("msg.wav", b""),
        ("msg.wav", a_wav(b"", riff_size=0)),
        ("msg.json", b'{"from": "+1415'),
        ("msg.json", b""),
    ],
)
def test_what_looks_cut_off_waits_while_it_is_young_and_is_refused_when_it_is_old(
    tmp_path: Path, clock: FakeClock, name: str, half: bytes
) -> None:
    """A slow writer is given time; a broken file does not wait for ever."""
    a_pair(tmp_path)
    (tmp_path / name).write_bytes(half)
    folder = watched(tmp_path, clock)

    young = list(folder.pending())
    clock.advance(60)
    old = only(folder)

    assert young == []
    with pytest.raises((BadRecording, BadVoicemail), match=name):
        old.read()


@pytest.mark.covers("audio-1")
def test_a_recording_that_stays_cut_off_is_taken_as_far_as_it_goes(tmp_path: Path, clock: FakeClock) -> None:
    """After ten times the grace: a copy over a slow line may stall for a minute, and goes on then."""
    a_pair(tmp_path)
    (tmp_path / "msg.wav").write_bytes(a_wav()[:8_044])
    folder = watched(tmp_path, clock)

    clock.advance(550)
    stalled = list(folder.pending())
    clock.advance(60)
    voicemail = only(folder).read()

    assert stalled == []
    assert voicemail.recording.duration_seconds == 0.5
    assert voicemail.warnings == ("the recording is cut off: 8,000 of 16,000 bytes of audio have come",)


@pytest.mark.covers("audio-1")
def test_a_beginning_without_audio_is_refused_in_the_end(tmp_path: Path, clock: FakeClock) -> None:
    """There is nothing to deliver."""
    a_pair(tmp_path)
    (tmp_path / "msg.wav").write_bytes(a_wav()[:20])
    folder = watched(tmp_path, clock)

    clock.advance(601)

    with pytest.raises(BadRecording, match=r"msg.wav ends before its audio"):
        only(folder).read()


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"form": "x"}, "unknown fields form; known are from, to"),
        ({"to": "1001"}, "dialed number"),
        ({"to": 8005550100}, "'to' in msg.json is not text"),
        ({"to": ""}, "dialed number is missing"),
        ({"mailbox": "Support"}, "'mailbox' in msg.json"),
        ({"mailbox": {"team": "Support"}}, "'mailbox' in msg.json"),
        ({"mailbox": {"queue": "A", "rep": "B"}}, "'mailbox' in msg.json"),
        ({"targets": "voice_call"}, "'targets' in msg.json"),
        ({"attributes": {"Count__c": 7}}, "'attributes' in msg.json"),
        ({"received_at": "2026-03-01T09:30:00"}, "no time zone"),
    ],
)
def test_call_data_that_cannot_be_used_is_refused_at_once(
    tmp_path: Path, clock: FakeClock, fields: dict[str, Any], named: str
) -> None:
    """No waiting cures an unknown field or a wrong type; each is named."""
    a_pair(tmp_path, **fields)

    arrival = only(watched(tmp_path, clock))

    with pytest.raises(BadVoicemail, match=named):
        arrival.read()


@pytest.mark.parametrize(("data", "named"), [("[]", "no JSON object"), ('{"to": "8005550100"}', "no field from")])
def test_json_that_is_no_call_data_is_refused(tmp_path: Path, clock: FakeClock, data: str, named: str) -> None:
    """A caller who withheld the number is written down as such, not left out."""
    a_pair(tmp_path)
    (tmp_path / "msg.json").write_text(data)

    with pytest.raises(BadVoicemail, match=named):
        only(watched(tmp_path, clock)).read()


def test_a_folder_for_one_line_needs_no_dialed_number_in_its_json(tmp_path: Path, clock: FakeClock) -> None:
    """The default stands in where the JSON names none."""
    a_pair(tmp_path, to="")

    voicemail = only(watched(tmp_path, clock, default_dialed_number="+18005550199")).read()

    assert voicemail.dialed_number == "+18005550199"


def test_one_bad_pair_does_not_hold_up_the_others(tmp_path: Path, clock: FakeClock) -> None:
    """The good ones come before and after it."""
    for name in ("a", "b", "c"):
        a_pair(tmp_path, name)
    (tmp_path / "b.wav").write_bytes(b"ID3 is no WAV")

    arrivals = {arrival.name: arrival for arrival in watched(tmp_path, clock).pending()}

    assert list(arrivals) == ["a.wav", "b.wav", "c.wav"]
    assert arrivals["a.wav"].read().id == arrivals["c.wav"].read().id
    with pytest.raises(BadRecording, match="MP3"):
        arrivals["b.wav"].read()


@pytest.mark.parametrize("to", ["done", "failed"])
def test_a_move_that_a_crash_interrupted_is_brought_to_its_end(tmp_path: Path, clock: FakeClock, to: str) -> None:
    """The JSON leaves first; its audio follows at the next look, even if older files bear the name."""
    a_pair(tmp_path / to, "msg")
    a_pair(tmp_path, hertz=880)
    (tmp_path / "msg.json").rename(tmp_path / to / "msg-2.json")

    arrivals = list(watched(tmp_path, clock).pending())

    assert arrivals == []
    assert names_in(tmp_path) == [f"{to}/{name}" for name in ("msg-2.json", "msg-2.wav", "msg.json", "msg.wav")]
    assert (tmp_path / to / "msg-2.wav").read_bytes() == a_wav(a_tone(hertz=880))


def test_a_new_recording_is_not_taken_for_the_rest_of_an_old_move(tmp_path: Path, clock: FakeClock) -> None:
    """Somebody has deleted the audio in done/ to save space, and the name comes up again before its JSON."""
    folder = watched(tmp_path, clock)
    a_pair(tmp_path)
    only(folder).taken()
    (tmp_path / "done" / "msg.wav").unlink()
    time.sleep(0.02)  # file systems count time in steps of some milliseconds
    a_wav_file(tmp_path / "msg.wav", hertz=880)

    waiting = list(folder.pending())
    write_data(tmp_path / "msg.json")
    complete = list(folder.pending())

    assert (len(waiting), len(complete)) == (0, 1)


def test_a_deletion_that_a_crash_interrupted_is_brought_to_its_end(tmp_path: Path, clock: FakeClock) -> None:
    """Whether audio had left the folder or not."""
    a_pair(tmp_path / ".removed", "gone")
    a_pair(tmp_path)
    (tmp_path / "msg.json").rename(tmp_path / ".removed" / "msg.json")

    arrivals = list(watched(tmp_path, clock, remove_taken=True).pending())

    assert arrivals == []
    assert names_in(tmp_path) == []


def test_a_pair_that_is_seen_again_is_the_same_voicemail(tmp_path: Path, clock: FakeClock) -> None:
    """After a crash between journal and move, and also after a move by hand out of failed/."""
    write_data(tmp_path / "msg.json", received_at=None)
    a_wav_file(tmp_path / "msg.wav")
    folder = watched(tmp_path, clock)
    first = only(folder)
    first_id = first.read().id
    first.set_aside("no disk")
    for suffix in (".json", ".wav"):
        (tmp_path / "failed" / f"msg{suffix}").rename(tmp_path / f"msg{suffix}")

    again = only(folder).read()

    assert again.id == first_id


def test_links_hidden_files_and_folders_are_left_alone(tmp_path: Path, clock: FakeClock) -> None:
    """Nobody gets a file of another folder delivered by linking it in."""
    inbox, outside = tmp_path / "inbox", tmp_path / "outside"
    a_pair(outside, "secret")
    a_pair(inbox, ".hidden")
    (inbox / "folder.wav").mkdir()
    write_data(inbox / "folder.json")
    for suffix in (".wav", ".json"):
        (inbox / f"link{suffix}").symlink_to(outside / f"secret{suffix}")

    assert list(watched(inbox, clock).pending()) == []


def test_two_workers_on_one_folder_do_not_disturb_each_other(tmp_path: Path, clock: FakeClock) -> None:
    """The journal lets one of them win; the slower one finds nothing left to move."""
    a_pair(tmp_path)
    first, second = (only(watched(tmp_path, clock)) for _ in range(2))
    first.taken()

    second.taken()
    second.set_aside("the recording is gone")

    assert names_in(tmp_path) == ["done/msg.json", "done/msg.wav"]


def test_a_folder_that_is_not_there_is_a_matter_of_settings(tmp_path: Path, clock: FakeClock) -> None:
    """A typing error must not look like a quiet day."""
    with pytest.raises(SettingsInvalid, match="is no folder"):
        list(watched(tmp_path / "absent", clock).pending())


@pytest.mark.covers("half-file-1")
@pytest.mark.parametrize("size", [0, 0x7FFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF - 36])
def test_a_recording_whose_length_is_open_waits_out_the_grace(tmp_path: Path, size: int) -> None:
    """The JSON came first, and the recorder pauses: half a message is no message."""
    whole = bytearray(a_wav())
    at = whole.index(b"data") + 4
    whole[4:8] = whole[at : at + 4] = size.to_bytes(4, "little")
    (tmp_path / "msg.wav").write_bytes(whole[: len(whole) // 2])
    write_data(tmp_path / "msg.json")

    waiting = [list(watched(tmp_path, file_clock(seconds=after)).pending()) for after in (3, 59)]
    (tmp_path / "msg.wav").write_bytes(whole)
    (arrival,) = watched(tmp_path, file_clock(seconds=61)).pending()

    assert waiting == [[], []]
    assert arrival.read().recording.size_bytes == len(whole)


@pytest.mark.covers("half-file-1")
def test_recorders_that_flush_in_blocks_are_waited_for(tmp_path: Path) -> None:
    """A block now and then, as long as the caller speaks: taken once, and whole."""
    whole = bytearray(a_wav(a_tone(seconds=30)))
    at = whole.index(b"data") + 4
    whole[4:8] = whole[at : at + 4] = (0xFFFFFFFF).to_bytes(4, "little")
    write_data(tmp_path / "msg.json")
    early = []
    for end in range(32 * 1024, len(whole), 32 * 1024):
        (tmp_path / "msg.wav").write_bytes(whole[:end])
        early += watched(tmp_path, file_clock(seconds=5)).pending()
    (tmp_path / "msg.wav").write_bytes(whole)

    (arrival,) = watched(tmp_path, file_clock(seconds=61)).pending()

    assert early == []
    assert arrival.read().recording.duration_seconds == pytest.approx(30, abs=0.1)
