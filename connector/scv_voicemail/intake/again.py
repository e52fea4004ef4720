"""What a known voicemail that a person or a program hands in again may still change, and what it can change no more.

all alike                  nothing
may still take effect      done: a mailbox before anybody was asked, a transcript before it is sent, a target
can take effect no more    refused, with the fields named; nothing is changed
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from scv_voicemail.errors import AnotherVoicemail
from scv_voicemail.intake.sameness import contradictions, same_number
from scv_voicemail.ports import ARRIVED, BEGUN_AGAIN, DISMISSED, LISTEN, LISTEN_AGAIN, Journal, Run, RunState
from scv_voicemail.runs import transcript_is_late
from scv_voicemail.voicemail import Voicemail

_NOBODY_ASKED = frozenset({LISTEN, ARRIVED, BEGUN_AGAIN, DISMISSED})
_BEFORE_TRANSCRIPT = _NOBODY_ASKED | {"open", "mark", "confirm", "match"}
"""Steps of targets that neither send the transcript nor come after the one that does."""

_SAME_MOMENT = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedIn:
    """What came of handing a voicemail in: whether it was new, and what of it took effect on a known one.

    `started_at` is when the caller began to speak, as it was known first.
    """

    voicemail_id: str
    new: bool
    started_at: datetime
    effects: tuple[str, ...] = ()

    @property
    def told(self) -> str:
        """One sentence for a person."""
        if self.new:
            return f"voicemail {self.voicemail_id} is in the journal"
        known = f"voicemail {self.voicemail_id} is known, left at {self.started_at:%Y-%m-%d %H:%M:%S} UTC"
        return f"{known}; added to it: {', '.join(self.effects)}" if self.effects else f"{known}; nothing is new"


def hand_in_again(
    journal: Journal, known: Voicemail, newcomer: Voicemail, *, named: Collection[str], now: datetime
) -> HandedIn:
    """Add to a known voicemail what can still take effect; raises `AnotherVoicemail` before anything is changed.

    `named` are the fields that were given; of all others nothing is said, and nothing is compared. A kill in between
    leaves a part of it done; handed in once more, the rest follows.
    """
    given = frozenset(named)
    if fields := _contradictions(known, newcomer, given):
        raise another(known, fields)
    runs = journal.runs(voicemail_id=known.id)
    targets = [name for name in newcomer.targets if name not in {run.target for run in runs}]
    takers = [*(run.target for run in runs if _takes_transcript(run)), *targets]
    mailbox = newcomer.mailbox if "mailbox" in given and newcomer.mailbox != known.mailbox else None
    transcript = newcomer.transcript if "transcript" in given and not _says_the_same(known, newcomer) else None
    too_late = _unchangeable(known, newcomer, given)
    if mailbox is not None and not all(_nobody_asked(run) for run in runs):
        too_late.append("mailbox")
    if transcript is not None and (known.transcript is not None or (runs and not takers)):
        too_late.append("transcript")
    if too_late:
        raise AnotherVoicemail(
            f"it is known, left at {known.started_at:%Y-%m-%d %H:%M:%S} UTC, and what is new of it can take effect no "
            f"more: {', '.join(too_late)}",
            fields=tuple(too_late),
            voicemail_id=known.id,
        )
    effects = []
    if mailbox is not None:
        journal.amend(known.id, now=now, mailbox=mailbox)
        effects.append(f"mailbox {mailbox.kind} {mailbox.name}")
    if transcript is not None:
        journal.keep_transcript(known.id, transcript)
        effects.append(f"transcript for {', '.join(takers)}" if takers else "transcript")
    effects += [f"target {name}" for name in targets if journal.add_target(known.id, name, now=now)]
    return HandedIn(voicemail_id=known.id, new=False, started_at=known.started_at, effects=tuple(effects))


def another(known: Voicemail, fields: Sequence[str]) -> AnotherVoicemail:
    """Two voicemails have one id."""
    return AnotherVoicemail(
        f"another voicemail is known under this id, left at {known.started_at:%Y-%m-%d %H:%M:%S} UTC: "
        f"this one has another {' and another '.join(fields)}",
        fields=tuple(fields),
        voicemail_id=known.id,
    )


def _contradictions(known: Voicemail, newcomer: Voicemail, given: frozenset[str]) -> list[str]:
    fields = list(contradictions(known, newcomer))
    if not same_number(known.dialed_number, newcomer.dialed_number):
        fields.append("dialed_number")
    if "received_at" in given and abs(known.started_at - newcomer.started_at) > _SAME_MOMENT:
        fields.append("received_at")
    return fields


def _unchangeable(known: Voicemail, newcomer: Voicemail, given: frozenset[str]) -> list[str]:
    """What differs, was given, and is read once for all when a voicemail is taken in."""
    fields = []
    if "attributes" in given and not set(newcomer.attributes) <= set(known.attributes):
        fields.append("attributes")
    if "language" in given and newcomer.language != known.language:
        fields.append("language")
    return fields


def _says_the_same(known: Voicemail, newcomer: Voicemail) -> bool:
    return newcomer.transcript is None or (
        known.transcript is not None and known.transcript.text == newcomer.transcript.text
    )


def _nobody_asked(run: Run) -> bool:
    return run.state is not RunState.DELIVERED and set(run.receipts) <= _NOBODY_ASKED


def _takes_transcript(run: Run) -> bool:
    """Whether the step that sends the transcript is still to come, and nobody is at it now."""
    if run.state is RunState.DELIVERED or run.dismissed:
        return False
    if transcript_is_late(run.receipts):
        return LISTEN_AGAIN not in run.receipts
    steps = _NOBODY_ASKED if run.state is RunState.RUNNING else _BEFORE_TRANSCRIPT
    return set(run.receipts) <= steps
