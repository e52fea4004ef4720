"""What a human corrects before a parked voicemail goes back to work."""

from __future__ import annotations

from typing import Any

import pytest
from scv_voicemail.cli.corrections import correct
from scv_voicemail.errors import BadVoicemail
from scv_voicemail.journal.memory import MemoryJournal
from scv_voicemail.ports import RunState
from scv_voicemail.settings import Settings
from scv_voicemail.voicemail import Mailbox, MailboxKind

from tests.builders import NOON, a_voicemail

KNOWN = ("voice_call", "case", "custom_object")
ID = a_voicemail().id


@pytest.fixture
def journal() -> MemoryJournal:
    return MemoryJournal()


def parked(journal: MemoryJournal, *targets: str) -> None:
    journal.accept(a_voicemail(), targets=targets, now=NOON)
    for _ in targets:
        run = journal.claim(owner="test", now=NOON, lease_seconds=60, probe_seconds=60)
        assert run is not None
        journal.park(run, step="choose", why="there is no such target", now=NOON, reached=False)


def corrected(journal: MemoryJournal, **given: Any) -> list[str]:
    settings = Settings(_env_file=None, default_region="US")  # type: ignore[call-arg]  # pydantic-settings takes it
    return correct(journal, ID, settings=settings, known_targets=KNOWN, now=NOON, **given)


def still_to_do(journal: MemoryJournal) -> list[str]:
    return sorted(run.target for run in journal.runs() if not run.dismissed)


@pytest.mark.covers("first-hour-3")
def test_caller_number_mailbox_and_time_are_corrected(journal: MemoryJournal) -> None:
    """As people write them; the voicemail keeps its id."""
    parked(journal, "voice_call")

    names = corrected(
        journal,
        caller="(415) 555-0199",
        dialed_number="800 555 0101",
        rep="ada@example.com",
        received_at="2026-11-20T10:00:00Z",
    )

    voicemail = journal.voicemail(ID)
    assert voicemail is not None
    assert names == ["caller", "dialed_number", "mailbox", "received_at"]
    assert (voicemail.caller, voicemail.dialed_number) == ("+14155550199", "+18005550101")
    assert voicemail.mailbox == Mailbox(kind=MailboxKind.REP, name="ada@example.com")
    assert f"{voicemail.started_at:%H:%M}" == "10:00"


@pytest.mark.covers("first-hour-1", "first-hour-3")
@pytest.mark.parametrize("unknown", [("vioce_call",), ("c", "a", "s", "e")])
def test_a_target_that_nobody_knows_becomes_one_that_somebody_knows(
    journal: MemoryJournal, unknown: tuple[str, ...]
) -> None:
    """Also the letters of a target's name, to which 0.1.0 once delivered: one run is left."""
    parked(journal, *unknown)

    assert corrected(journal, target="case") == ["target"]
    assert corrected(journal, target="case") == []

    assert still_to_do(journal) == ["case"]
    assert [run.state for run in journal.runs() if not run.dismissed] == [RunState.WAITING]


@pytest.mark.covers("first-hour-3")
def test_a_parked_run_of_a_known_target_is_no_typing_error(journal: MemoryJournal) -> None:
    """It stays, and the other target comes beside it."""
    parked(journal, "voice_call")

    assert corrected(journal, target="case") == ["target"]

    assert still_to_do(journal) == ["case", "voice_call"]


@pytest.mark.covers("first-hour-3")
@pytest.mark.parametrize(
    "given",
    [
        {"target": "fax"},
        {"dialed_number": "+1800"},
        {"received_at": "yesterday"},
        {"queue": "x" * 256},
    ],
)
def test_a_correction_that_is_none_changes_nothing(journal: MemoryJournal, given: dict[str, str]) -> None:
    """Not even the one beside it."""
    parked(journal, "vioce_call")

    with pytest.raises(BadVoicemail):
        corrected(journal, **{"caller": "+14155550199", "target": "case"} | given)

    assert journal.voicemail(ID) == a_voicemail()
    assert still_to_do(journal) == ["vioce_call"]


@pytest.mark.covers("first-hour-3")
def test_what_has_been_delivered_is_corrected_in_salesforce(journal: MemoryJournal) -> None:
    """The record is made, and nobody would write it again."""
    journal.accept(a_voicemail(), targets=["case"], now=NOON)
    run = journal.claim(owner="test", now=NOON, lease_seconds=60, probe_seconds=60)
    assert run is not None
    journal.finish(run, now=NOON)

    with pytest.raises(BadVoicemail, match="delivered"):
        corrected(journal, caller="+14155550199")
