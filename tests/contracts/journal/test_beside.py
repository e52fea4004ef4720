"""What every journal keeps beside voicemails: facts whose loss is survived, and notices of what lies aside."""

from __future__ import annotations

from datetime import timedelta

import pytest
from scv_voicemail.ports import KNOWN_STATES, Journal, Notice

from tests.builders import NOON, a_voicemail
from tests.contracts.journal.claims import accept, claim

KEY = a_voicemail().id
FOLDER = "folder /srv/in"


def test_facts_stand_beside_a_voicemail(journal: Journal) -> None:
    """One by one or together; what is told again is replaced, the voicemail itself stays as it is."""
    accept(journal)

    journal.keep_beside(KEY, {"contact_center": "Center", "content": "5f5f"})
    journal.keep_beside(KEY, {"content": "6e6e", 'say "hello"': "ä"})

    assert journal.beside(KEY) == {"contact_center": "Center", "content": "6e6e", 'say "hello"': "ä"}
    assert journal.voicemail(KEY) == a_voicemail()


def test_nothing_stands_beside_a_voicemail_that_nobody_told_of(journal: Journal) -> None:
    """An empty answer, for a known voicemail as for an unknown one."""
    accept(journal)

    assert journal.beside(KEY) == {}
    assert journal.beside("nobody") == {}


def test_facts_may_be_there_before_the_voicemail(journal: Journal) -> None:
    """They make no voicemail known: what is handed in afterwards is new."""
    journal.keep_beside(KEY, {"content": "5f5f"})

    assert journal.voicemail(KEY) is None
    assert accept(journal)
    assert journal.beside(KEY) == {"content": "5f5f"}


def test_a_notice_counts_how_often_it_was_told(journal: Journal) -> None:
    """One line for each thing, with its first and last time and its latest reason."""
    for seconds, reason in ((0, "no WAV"), (60, "still no WAV")):
        journal.notice(
            source=FOLDER, name="a.wav", kind="set aside", reason=reason, now=NOON + timedelta(seconds=seconds)
        )

    assert journal.notices() == [
        Notice(
            source=FOLDER,
            name="a.wav",
            kind="set aside",
            reason="still no WAV",
            first_at=NOON,
            last_at=NOON + timedelta(seconds=60),
            times=2,
        )
    ]


def test_notices_come_latest_first_and_no_more_than_asked_for(journal: Journal) -> None:
    """The same name under two sources are two things."""
    for seconds, source in enumerate((FOLDER, "asterisk /var/spool", "target case")):
        journal.notice(source=source, name="one", kind="left", reason="full", now=NOON + timedelta(seconds=seconds))

    assert [notice.source for notice in journal.notices()] == ["target case", "asterisk /var/spool", FOLDER]
    assert [notice.source for notice in journal.notices(limit=1)] == ["target case"]


def test_a_settled_notice_is_gone_and_begins_anew(journal: Journal) -> None:
    """Clearing one that is not there, or twice, changes nothing."""
    journal.notice(source=FOLDER, name="one", kind="left", reason="full", now=NOON)
    journal.notice(source=FOLDER, name="two", kind="left", reason="full", now=NOON)

    for name in ("one", "one", "nobody"):
        journal.clear_notice(source=FOLDER, name=name)

    assert [notice.name for notice in journal.notices()] == ["two"]
    journal.notice(source=FOLDER, name="one", kind="left", reason="full", now=NOON + timedelta(hours=1))
    assert (journal.notices()[0].first_at, journal.notices()[0].times) == (NOON + timedelta(hours=1), 1)


@pytest.mark.parametrize("name", ["x" * 3000, "мир/" * 60, "a\ud800b.wav", "a\nb\0c"])
def test_any_name_can_be_noticed(journal: Journal, name: str) -> None:
    """File names are longer than a key may be, and not always text."""
    journal.notice(source=FOLDER, name=name, kind="ignored", reason=f"{name} is no recording", now=NOON)

    (notice,) = journal.notices()
    assert notice.name[:1] == name[:1]
    journal.clear_notice(source=FOLDER, name=name)
    assert journal.notices() == []


def test_neither_facts_nor_notices_are_work(journal: Journal) -> None:
    """No run, no state, nothing due."""
    journal.keep_beside("one", {"content": "5f5f"})
    journal.notice(source=FOLDER, name="one", kind="left", reason="full", now=NOON)

    assert journal.runs() == []
    assert sum(journal.counts()[state] for state in KNOWN_STATES) == 0
    assert journal.next_due() is None
    assert claim(journal) is None
