"""The spool of Asterisk and FreePBX, as app_voicemail writes and renumbers it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from scv_voicemail.errors import BadRecording, BadVoicemail, SettingsInvalid
from scv_voicemail.intake.asterisk import AsteriskSpool
from scv_voicemail.ports import Arrival
from scv_voicemail.voicemail import ANONYMOUS, Mailbox, MailboxKind

from tests.builders import FakeClock, file_clock
from tests.wav_files import GSM, a_format, a_wav, a_wav_file

ORIGTIME = 1772357400
TEXT = """;
; Message Information file
;
[message]
origmailbox={mailbox}
context=from-trunk
macrocontext=
exten={exten}
rdnis={rdnis}
priority=2
callerchan={callerchan}
callerid={callerid}
origdate=Sun Mar  1 09:30:00 AM UTC 2026
origtime={origtime}
category=
msg_id={msg_id}
flag=
duration={duration}
"""


class Spool:
    """A spool on disk, with what Asterisk does in it."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def inbox(self, mailbox: str = "1001", *, context: str = "default", folder: str = "INBOX") -> Path:
        path = self.root / context / mailbox / folder
        path.mkdir(parents=True, exist_ok=True)
        return path

    def leave(self, number: int = 0, *, hertz: float = 440, where: Path | None = None, **fields: Any) -> Path:
        inbox = where or self.inbox()
        given = {
            "mailbox": "1001",
            "exten": "s",
            "rdnis": "unknown",
            "callerchan": "PJSIP/trunk-0000002a",
            "callerid": '"Ada; = [Moreno]" <4155550142>',
            "origtime": ORIGTIME,
            "msg_id": f"{ORIGTIME}-{number:08x}",
            "duration": 1,
        }
        text = TEXT.format_map(given | fields)
        (inbox / f"msg{number:04}.txt").write_text(text.replace("duration=None\n", ""), encoding="utf-8")
        return a_wav_file(inbox / f"msg{number:04}.wav", hertz=hertz)

    def rename(self, inbox: Path, old: int, new: int) -> None:
        for suffix in (".wav", ".txt"):
            (inbox / f"msg{old:04}{suffix}").rename(inbox / f"msg{new:04}{suffix}")


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "voicemail")


@pytest.fixture
def clock() -> FakeClock:
    """Ten seconds ahead, so that what a test has just written is settled but young."""
    return file_clock(seconds=10)


def source(spool: Spool, clock: FakeClock, **options: Any) -> AsteriskSpool:
    options = {"default_region": "US", "default_dialed_number": "+18005550100"} | options
    return AsteriskSpool(spool.root, clock=clock, **options)


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def only(asterisk: AsteriskSpool) -> Arrival:
    [arrival] = asterisk.pending()
    return arrival


def test_a_message_becomes_a_voicemail(spool: Spool, clock: FakeClock) -> None:
    """Caller, beginning and audio; odd characters in a caller's name disturb nothing."""
    spool.leave()

    arrival = only(source(spool, clock))

    voicemail = arrival.read()
    assert arrival.name == "1001@default/INBOX/msg0000"
    assert (voicemail.caller, voicemail.dialed_number) == ("+14155550142", "+18005550100")
    assert voicemail.started_at == datetime.fromtimestamp(ORIGTIME, UTC)
    assert voicemail.recording.duration_seconds == 1.0
    assert voicemail.source == "asterisk"


def test_the_spool_is_left_as_it_was(spool: Spool, clock: FakeClock) -> None:
    """Phones, lamps and other programs go on using it; this object does not offer a message twice."""
    spool.leave(0)
    spool.leave(1, hertz=880)
    asterisk = source(spool, clock)
    before = sorted(spool.root.rglob("*"))

    good, bad = asterisk.pending()
    good.taken()
    bad.set_aside("the queue is gone")

    assert sorted(spool.root.rglob("*")) == before
    assert list(asterisk.pending()) == []
    assert asterisk.unusable == {"1001@default/INBOX/msg0001": "the queue is gone"}


def test_a_renumbered_message_is_the_same_voicemail(spool: Spool, clock: FakeClock) -> None:
    """When a message is deleted by phone, Asterisk closes the gap."""
    spool.leave(0)
    spool.leave(1, hertz=880)
    asterisk = source(spool, clock)
    first, second = asterisk.pending()
    first_id, second_id = first.read().id, second.read().id
    second.taken()
    for path in spool.inbox().glob("msg0000.*"):
        path.unlink()
    spool.rename(spool.inbox(), 1, 0)

    seen_by_the_same = list(asterisk.pending())
    seen_after_a_restart = only(source(spool, clock)).read().id

    assert seen_by_the_same == []
    assert seen_after_a_restart == second_id != first_id


@pytest.mark.parametrize(
    "other",
    [
        {"msg_id": f"{ORIGTIME}-00000001"},
        {"msg_id": "", "callerchan": "PJSIP/trunk-0000002b"},
        {"hertz": 880},
    ],
)
def test_messages_of_one_second_stay_apart(spool: Spool, clock: FakeClock, other: dict[str, Any]) -> None:
    """By message id, by channel where there is no id, and by their audio."""
    common = {} if other.get("msg_id") else {"msg_id": other.get("msg_id", f"{ORIGTIME}-00000000")}
    spool.leave(0, **common)
    spool.leave(1, **common | other)

    ids = {arrival.read().id for arrival in source(spool, clock).pending()}

    assert len(ids) == 2


def test_a_message_copied_to_another_mailbox_is_another_voicemail(spool: Spool, clock: FakeClock) -> None:
    """Two reps are to get it; a mapping that changes later makes no third one."""
    spool.leave(where=spool.inbox("1001"))
    spool.leave(where=spool.inbox("1002"))

    ids = [arrival.read().id for arrival in source(spool, clock).pending()]
    remapped = source(spool, clock, dialed_numbers={"1001": "+18005550177"})

    assert len(set(ids)) == 2
    assert [arrival.read().id for arrival in remapped.pending()] == ids


@pytest.mark.parametrize(
    ("fields", "options", "dialed"),
    [
        ({}, {"dialed_numbers": {"1001": "8005550111"}}, "+18005550111"),
        ({}, {"dialed_numbers": {"1001": "8005550111", "1001@default": "8005550112"}}, "+18005550112"),
        ({"rdnis": "8005550113"}, {"dialed_numbers": {"1001": "8005550111"}}, "+18005550111"),
        ({"rdnis": "8005550113", "exten": "8005550114"}, {}, "+18005550113"),
        ({"exten": "+18005550114"}, {}, "+18005550114"),
        ({"exten": "1001"}, {}, "+18005550100"),
    ],
)
def test_the_dialed_number_comes_from_the_nearest_source(
    spool: Spool, clock: FakeClock, fields: dict[str, str], options: dict[str, Any], dialed: str
) -> None:
    """What the operator mapped, what the message says, what is left for all."""
    spool.leave(**fields)

    assert only(source(spool, clock, **options)).read().dialed_number == dialed


def test_without_any_dialed_number_the_operator_learns_what_to_map(spool: Spool, clock: FakeClock) -> None:
    """A mailbox number cannot be routed on."""
    spool.leave()

    with pytest.raises(BadVoicemail, match="1001@default") as refusal:
        only(source(spool, clock, default_dialed_number="")).read()

    assert "map the mailbox" in refusal.value.fix


def test_a_mailbox_belongs_to_a_rep_or_a_queue_if_mapped(spool: Spool, clock: FakeClock) -> None:
    """By number, or by number and context."""
    rep = Mailbox(kind=MailboxKind.REP, name="ada@example.com")
    spool.leave(where=spool.inbox("1001"))
    spool.leave(where=spool.inbox("1002"))

    found = source(spool, clock, mailboxes={"1001@default": rep}).pending()

    assert [arrival.read().mailbox for arrival in found] == [rep, None]


@pytest.mark.parametrize("callerid", ["Unknown", "", '"Anonymous" <anonymous>'])
def test_a_withheld_number_is_anonymous(spool: Spool, clock: FakeClock, callerid: str) -> None:
    """As Asterisk writes it."""
    spool.leave(callerid=callerid)

    assert only(source(spool, clock)).read().caller == ANONYMOUS


def test_urgent_messages_are_taken_and_other_folders_are_not(spool: Spool, clock: FakeClock) -> None:
    """Old is what somebody has heard, tmp is what is being recorded; FreePBX links mailboxes into "device"."""
    spool.leave(where=spool.inbox(folder="Urgent"))
    for folder in ("Old", "tmp", "Work"):
        spool.leave(where=spool.inbox(folder=folder))
    (spool.root / "device").mkdir()
    (spool.root / "device" / "1001").symlink_to(spool.root / "default" / "1001")

    assert [arrival.name for arrival in source(spool, clock).pending()] == ["1001@default/Urgent/msg0000"]


def test_a_message_without_its_last_line_is_still_being_recorded(spool: Spool, clock: FakeClock) -> None:
    """It waits; but when Asterisk died in mid-call, what was said until then is delivered."""
    spool.leave(duration=None)
    asterisk = source(spool, clock)

    during = list(asterisk.pending())
    clock.advance(60)
    afterwards = only(asterisk).read()

    assert during == []
    assert afterwards.recording.duration_seconds == 1.0


def test_a_locked_folder_waits_but_not_for_a_dead_lock(spool: Spool, clock: FakeClock) -> None:
    """While Asterisk renames, text and audio may belong to two callers."""
    spool.leave()
    (spool.inbox() / ".lock").touch()
    asterisk = source(spool, clock)

    locked = list(asterisk.pending())
    clock.advance(60)
    abandoned = list(asterisk.pending())

    assert (len(locked), len(abandoned)) == (0, 1)


class MeddlingClock(FakeClock):
    """Asterisk renumbers while the connector reads: between one question for the time and the next."""

    def __init__(self, at: datetime, spool: Spool, *, at_call: int) -> None:
        super().__init__(at)
        self._spool = spool
        self._calls_left = at_call

    def __call__(self) -> datetime:
        self._calls_left -= 1
        if self._calls_left == 0:
            self._spool.rename(self._spool.inbox(), 0, 7)
            self._spool.rename(self._spool.inbox(), 1, 0)
        return super().__call__()


@pytest.mark.parametrize("at_call", [1, 2, 3])
def test_text_and_audio_of_two_callers_are_never_put_together(spool: Spool, clock: FakeClock, at_call: int) -> None:
    """Whenever during the look Asterisk renumbers; the next look finds both messages."""
    spool.leave(0, callerid="4155550142")
    spool.leave(1, hertz=880, callerid="4155550199", duration=2)
    asterisk = source(spool, MeddlingClock(clock(), spool, at_call=at_call))
    audio = {path.stat().st_ino: hertz for path, hertz in zip(sorted(spool.inbox().glob("*.wav")), "ab", strict=True)}

    found = []
    for _ in range(2):
        for arrival in asterisk.pending():
            voicemail = arrival.read()
            found.append((voicemail.caller, audio[Path(voicemail.recording.path).stat().st_ino]))
            arrival.taken()

    assert sorted(found) == [("+14155550142", "a"), ("+14155550199", "b")]


def test_a_message_renumbered_before_it_is_kept_is_looked_at_again(spool: Spool, clock: FakeClock) -> None:
    """What the store then says about changed audio is no verdict on the message."""
    spool.leave(0)
    spool.leave(1, hertz=880, callerid="4155550199")
    asterisk = source(spool, clock)
    arrivals = asterisk.pending()
    first = next(arrivals)
    spool.rename(spool.inbox(), 0, 7)
    spool.rename(spool.inbox(), 1, 0)

    first.set_aside("the recording was changed while it was copied")
    rest = list(arrivals)
    callers = {arrival.read().caller for arrival in asterisk.pending()}

    assert rest == []
    assert callers == {"+14155550142", "+14155550199"}
    assert asterisk.unusable == {}


@pytest.mark.parametrize(
    ("suffix", "content"), [(".WAV", a_wav(bytes(650), fmt=a_format(GSM, bits=0, block=65))), (".gsm", bytes(330))]
)
def test_a_spool_without_plain_wav_is_told_how_to_get_it(
    spool: Spool, clock: FakeClock, suffix: str, content: bytes
) -> None:
    """Asterisk's .WAV is GSM; one word in voicemail.conf adds a format that browsers play."""
    wav = spool.leave()
    wav.unlink()
    wav.with_suffix(suffix).write_bytes(content)

    with pytest.raises(BadRecording, match=f"recorded as {suffix} only") as refusal:
        only(source(spool, clock)).read()

    assert "voicemail.conf" in refusal.value.fix


def test_plain_wav_is_taken_where_both_are_there(spool: Spool, clock: FakeClock) -> None:
    """`format=wav49|wav` writes two files per message, which is one voicemail."""
    wav = spool.leave()
    wav.with_suffix(".gsm").write_bytes(bytes(330))

    assert only(source(spool, clock)).read().recording.path == str(wav)


def test_taken_messages_can_be_deleted_in_all_their_formats(spool: Spool, clock: FakeClock) -> None:
    """Under Asterisk's lock, which is free again afterwards; other messages stay."""
    wav = spool.leave(0)
    wav.with_suffix(".gsm").write_bytes(bytes(330))
    spool.leave(1, hertz=880)

    next(source(spool, clock, remove_taken=True).pending()).taken()

    assert names_in(spool.inbox()) == ["msg0001.txt", "msg0001.wav"]


def test_nothing_is_deleted_while_asterisk_holds_the_lock(spool: Spool, clock: FakeClock) -> None:
    """The message comes up again at the next look, and is deleted then."""
    spool.leave()
    asterisk = source(spool, clock, remove_taken=True)
    arrival = only(asterisk)
    lock = spool.inbox() / ".lock"
    lock.touch()

    arrival.taken()
    during = names_in(spool.inbox())
    lock.unlink()
    only(asterisk).taken()

    assert during == [".lock", "msg0000.txt", "msg0000.wav"]
    assert names_in(spool.inbox()) == []


def test_a_message_that_took_the_name_of_a_taken_one_is_not_deleted(spool: Spool, clock: FakeClock) -> None:
    """The name says nothing about which message it is."""
    spool.leave(0)
    spool.leave(1, hertz=880)
    arrival = next(source(spool, clock, remove_taken=True).pending())
    for path in spool.inbox().glob("msg0000.*"):
        path.unlink()
    spool.rename(spool.inbox(), 1, 0)

    arrival.taken()

    assert names_in(spool.inbox()) == ["msg0000.txt", "msg0000.wav"]


def test_a_message_that_is_deleted_during_the_look_disturbs_nobody(spool: Spool, clock: FakeClock) -> None:
    """Somebody listens and deletes by phone while we read."""
    spool.leave(0)
    spool.leave(1, hertz=880)
    arrivals = source(spool, clock).pending()
    next(arrivals)
    for path in spool.inbox().glob("msg0001.*"):
        path.unlink()

    assert list(arrivals) == []


def test_a_spool_that_is_not_there_is_a_matter_of_settings(spool: Spool, clock: FakeClock) -> None:
    """A typing error must not look like a quiet day."""
    with pytest.raises(SettingsInvalid, match="is no folder"):
        list(source(spool, clock).pending())
