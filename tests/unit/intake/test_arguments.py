"""What a Python program hands in is understood, or refused in our own error tree before anything is kept."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scv_voicemail.errors import Rejected
from scv_voicemail.intake import arguments
from scv_voicemail.intake.single import read_voicemail
from scv_voicemail.voicemail import Mailbox, MailboxKind, Voicemail

from tests.builders import NOON, a_voicemail
from tests.wav_files import a_wav_file

SUPPORT = Mailbox(kind=MailboxKind.QUEUE, name="Support")


@pytest.fixture
def wav(tmp_path: Path) -> Path:
    return a_wav_file(tmp_path / "msg.wav")


def read(wav: Any, **changes: Any) -> Voicemail:
    call = {"caller": "+14155550142", "dialed_number": "+18005550100", "received_at": NOON, "clock": lambda: NOON}
    return read_voicemail(wav, **call | changes)


@pytest.mark.covers("first-hour-1")
@pytest.mark.parametrize(
    ("supplied", "understood"),
    [
        ("case", ("case",)),
        (["case", "case", "voice_call"], ("case", "voice_call")),
        ((name for name in ["case"]), ("case",)),
        ({"case": 1}.keys(), ("case",)),
        (None, ()),
        ((), ()),
    ],
)
def test_a_text_is_one_target(wav: Path, supplied: Any, understood: tuple[str, ...]) -> None:
    """Not a run for each of its letters."""
    assert read(wav, targets=supplied).targets == understood


@pytest.mark.covers("first-hour-1")
@pytest.mark.parametrize(
    ("supplied", "understood"),
    [
        (SUPPORT, SUPPORT),
        ({"queue": "Support"}, SUPPORT),
        ({"rep": "ada@example.com"}, Mailbox(kind=MailboxKind.REP, name="ada@example.com")),
        (Mailbox(kind="queue", name="Support"), SUPPORT),  # type: ignore[arg-type]
        ({"queue": "Ventes\u00a0Nord"}, Mailbox(kind=MailboxKind.QUEUE, name="Ventes\u00a0Nord")),
        (None, None),
    ],
)
def test_the_folders_form_of_a_mailbox_is_understood(wav: Path, supplied: Any, understood: Mailbox | None) -> None:
    """One form for all ways in."""
    assert read(wav, mailbox=supplied).mailbox == understood


@pytest.mark.covers("first-hour-1", "first-hour-8")
@pytest.mark.parametrize(
    "changes",
    [
        {"targets": b"case"},
        {"targets": [None]},
        {"targets": ["case", 7]},
        {"targets": 7},
        {"targets": {"case": True}},
        {"targets": [""]},
        {"targets": ["x" * 81]},
        {"targets": ["\ud800"]},
        {"targets": [f"t{number}" for number in range(21)]},
        {"targets": ("x" * number for number in range(30))},
        {"mailbox": "support"},
        {"mailbox": 7},
        {"mailbox": {"queue": "A", "rep": "B"}},
        {"mailbox": {"group": "A"}},
        {"mailbox": {"queue": 7}},
        {"mailbox": {"queue": ""}},
        {"mailbox": {"queue": "x" * 256}},
        {"mailbox": {b"queue": "Support"}},
        {"mailbox": {"queue": "Sup\nport"}},
        {"mailbox": {"queue": "\ud800"}},
        {"mailbox": Mailbox(kind=MailboxKind.QUEUE, name=7)},  # type: ignore[arg-type]
        {"received_at": 1796086953},
        {"received_at": 1796086953.5},
        {"received_at": date(2026, 11, 20)},
        {"received_at": timedelta(hours=1)},
        {"received_at": b"2026-11-20T12:00:00Z"},
        {"received_at": datetime.max.replace(tzinfo=NOON.tzinfo)},
        {"caller": 14155550142},
        {"caller": b"+14155550142"},
        {"caller": ["+14155550142"]},
        {"caller": "9" * 100_000},
        {"dialed_number": 18005550100},
        {"dialed_number": None},
        {"voicemail_id": 7},
        {"voicemail_id": "\ud800"},
        {"language": 7},
        {"language": b"en"},
        {"attributes": [("A__c", "1")]},
        {"attributes": {"A__c": 1}},
        {"attributes": {7: "x"}},
        {"attributes": {"A__c": "\ud800"}},
        {"attributes": {"A__c": "x" * 100_001}},
        {"attributes": {f"A{number}__c": "x" for number in range(201)}},
        {"source": 7},
    ],
)
def test_what_is_no_argument_is_refused_by_name(wav: Path, changes: dict[str, Any]) -> None:
    """Once it broke in the middle, or was kept and parked as a defect of ours."""
    with pytest.raises(Rejected) as told:
        read(wav, **changes)

    assert told.value.fix


@pytest.mark.covers("first-hour-1")
@pytest.mark.parametrize("recording", [7, None, b"msg.wav", ["msg.wav"], "a\x00b", "", "."])
def test_what_is_no_recording_is_refused(recording: Any) -> None:
    """Bytes of audio instead of a path are the usual mistake."""
    with pytest.raises(Rejected):
        read(recording)


@pytest.mark.covers("first-hour-1")
@pytest.mark.parametrize(
    "changes",
    [
        {"targets": b"case"},
        {"targets": ("case", None)},
        {"mailbox": 7},
        {"caller": 14155550142},
        {"dialed_number": 18005550100},
    ],
)
def test_a_voicemail_that_a_program_builds_is_looked_at_as_well(changes: dict[str, Any]) -> None:
    """Before the journal has it."""
    voicemail = a_voicemail(**changes)

    with pytest.raises(Rejected):
        arguments.checked(voicemail)


@pytest.mark.covers("first-hour-1")
@pytest.mark.parametrize(
    ("kept", "read_as"),
    [("support", Mailbox(kind=MailboxKind.QUEUE, name="support")), (7, None), ("", None), (["a"], None)],
)
def test_what_0_1_0_kept_of_it_can_be_read(kept: object, read_as: Mailbox | None) -> None:
    """So that it can be told, corrected and delivered."""
    body = a_voicemail().to_dict() | {"mailbox": kept, "targets": [99, 97, None]}

    voicemail = Voicemail.from_dict(body)

    assert voicemail.mailbox == read_as
    assert voicemail.targets == ("99", "97", "None")


@given(
    st.dictionaries(
        st.sampled_from(
            ["caller", "dialed_number", "voicemail_id", "received_at", "mailbox", "targets", "attributes", "language"]
        ),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.datetimes(),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
            max_leaves=5,
        ),
    )
)
def test_nothing_at_all_gets_past_our_own_errors(tmp_path_factory: pytest.TempPathFactory, supplied: Any) -> None:
    """It is a voicemail that can be written down, or refused by us."""
    wav = a_wav_file(tmp_path_factory.getbasetemp() / "one.wav", seconds=0.1)
    try:
        voicemail = read(wav, **supplied)
    except Rejected:
        return
    assert Voicemail.from_dict(voicemail.to_dict()) == voicemail
