"""Takes a voicemail in for good: our own copy of the audio first, then the journal, which decides.

    known? ── no ──► keep a copy ──► journal: new ✓ ──► settle what else lies under the id
      │                                  │
      │ yes                              └ known by now ✗ ──► settle ┐
      └──────────────────────────────────────────────────────────────┴► the same voicemail? ── no ──► refused

A crash anywhere leaves at most a copy that the journal does not know; the next one to hand in finds its way past it.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from scv_voicemail.errors import Unavailable
from scv_voicemail.intake.again import HandedIn, another, hand_in_again
from scv_voicemail.intake.sameness import contradictions
from scv_voicemail.ports import Journal
from scv_voicemail.voicemail import Voicemail

log = logging.getLogger(__name__)

WARNINGS = "warnings"
CALLER_NAME = "caller_name"
MISSING_BYTES = "missing_bytes"
"""The names beside a voicemail under which its warnings, its caller's name and what was cut off stand."""


def kept_warnings(journal: Journal, voicemail_id: str) -> list[str]:
    """What was mended or left out when a voicemail was taken in."""
    return [str(warning) for warning in json.loads(journal.beside(voicemail_id).get(WARNINGS, "[]"))]


def _beside(voicemail: Voicemail) -> dict[str, str]:
    warnings = json.dumps(voicemail.warnings) if voicemail.warnings else ""
    missing = str(voicemail.recording.missing_bytes or "")
    facts = {WARNINGS: warnings, CALLER_NAME: voicemail.caller_name, MISSING_BYTES: missing}
    return {name: fact for name, fact in facts.items() if fact}


class Recordings(Protocol):
    """Where the audio of every voicemail is kept."""

    def keep(self, voicemail: Voicemail) -> Voicemail:
        """Keep our own copy; the voicemail, pointing at it. Safe to repeat, and touches nothing that is there."""
        ...

    def settle(self, known: Voicemail, kept: Voicemail) -> list[str]:
        """Once the journal has decided for `known`: what lies under its id and nobody knows, aside if that can be."""
        ...

    def put_back(self, known: Voicemail, again: Voicemail) -> None:
        """Keep the recording of a known voicemail anew, if it is gone and the same one is handed in again."""
        ...


MAX_STEM = Voicemail.MAX_ID_LENGTH - 9


class Register:
    """Writes voicemails down, each once, whoever hands them in how often.

    `accept` writes one into the journal with its runs, and says whether it was new.
    """

    def __init__(self, *, journal: Journal, recordings: Recordings, accept: Callable[[Voicemail, bool], bool]) -> None:
        self._journal = journal
        self._recordings = recordings
        self._accept = accept

    def take(self, voicemail: Voicemail, *, deliver: bool = True) -> bool:
        """Take in what a source brings; False when it is known, and then nothing is added to it, whatever changed.

        Raises `AnotherVoicemail` when another one is known under this id; that one stays as it is.
        """
        voicemail, known = self._apart(voicemail)
        if known is not None:
            self._check(known, voicemail)
            self._recordings.put_back(known, voicemail)
            return False
        return self._write_down(voicemail, deliver=deliver) is None

    def submit(self, voicemail: Voicemail, *, named: Collection[str], now: datetime) -> HandedIn:
        """Take in what a person or a program hands in: what it names itself may still take effect on a known one.

        Raises `AnotherVoicemail`, with nothing changed, when another one is known under this id, or when it is too late
        for something that is named. See `again`.
        """
        voicemail, known = self._apart(voicemail)
        known = known or self._write_down(voicemail, deliver=True)
        if known is None:
            return HandedIn(voicemail_id=voicemail.id, new=True, started_at=voicemail.started_at)
        outcome = hand_in_again(self._journal, known, voicemail, named=named, now=now)
        self._recordings.put_back(known, voicemail)
        log.info("voicemail %s: handed in again, %d additions", known.id, len(outcome.effects))
        return outcome

    def _apart(self, voicemail: Voicemail) -> tuple[Voicemail, Voicemail | None]:
        """The voicemail and the known one under its id; it gets an id of its own if it is more of a cut recording."""
        known = self._known(voicemail)
        if (
            known is None
            or contradictions(known, voicemail) != ("recording",)
            or MISSING_BYTES not in self._journal.beside(known.id)
        ):
            return voicemail, known
        more = f"this is more of voicemail {known.id}, whose recording was cut off when it came"
        own_id = f"{known.id[:MAX_STEM]}-{voicemail.recording.sha256[:8]}"
        voicemail = replace(voicemail, id=own_id, former_ids=(), warnings=(*voicemail.warnings, more))
        return voicemail, self._known(voicemail)

    def _known(self, voicemail: Voicemail) -> Voicemail | None:
        """The voicemail under its id, or under one that an earlier version would have given it."""
        found = (self._journal.voicemail(one) for one in (voicemail.id, *voicemail.former_ids))
        return next((known for known in found if known is not None), None)

    def _write_down(self, voicemail: Voicemail, *, deliver: bool) -> Voicemail | None:
        """Keep and write down; None when it is new, otherwise the one that came first in this very moment."""
        kept = self._recordings.keep(voicemail)
        is_new = self._accept(kept, deliver)
        known = kept if is_new else self._journal.voicemail(kept.id)
        if known is None:
            raise Unavailable("the voicemail was known and is gone again", service="journal", voicemail_id=kept.id)
        for place in self._recordings.settle(known, kept):
            log.warning(
                "voicemail %s: a recording that no voicemail knows lay under its id, it is in %s", kept.id, place
            )
        if is_new:
            if facts := _beside(voicemail):
                self._journal.keep_beside(kept.id, facts)
            return None
        self._check(known, kept)
        return known

    @staticmethod
    def _check(known: Voicemail, newcomer: Voicemail) -> None:
        if fields := contradictions(known, newcomer):
            raise another(known, fields)
