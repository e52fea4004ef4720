"""What stands beside the product on such a day: a journal that is watched, and somebody who types."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from scv_voicemail.journal.memory import MemoryJournal
from scv_voicemail.ports import NotYet
from scv_voicemail.voicemail import Transcript, Voicemail


class Watched:
    """A journal at each of whose calls anything may happen, before and after."""

    def __init__(self, journal: MemoryJournal, moment: Callable[[str], None]) -> None:
        self._journal = journal
        self._moment = moment

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._journal, name)
        if not callable(method):
            return method

        def watched(*given: Any, **named: Any) -> Any:
            self._moment(f"before {name}")
            result = method(*given, **named)
            self._moment(f"after {name}")
            return result

        return watched


class Typist:
    """Transcripts by voicemail, each with the time from which on it is there; `now` is the true time."""

    def __init__(self, transcripts: Mapping[str, tuple[datetime, Transcript]], now: Callable[[], datetime]) -> None:
        self._transcripts = transcripts
        self._now = now

    def transcribe(self, voicemail: Voicemail) -> Transcript | None:
        """See `ports.Transcriber`."""
        ready = self._transcripts.get(voicemail.id)
        if ready is None:
            return None
        at, transcript = ready
        if self._now() < at:
            raise NotYet("it is still being typed", after_seconds=5.0)
        return transcript
