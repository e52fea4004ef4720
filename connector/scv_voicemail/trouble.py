"""What goes on for long is told once: in the log when it begins and when it ends, and in `status` for as long."""

from __future__ import annotations

import logging
import traceback
from contextlib import suppress

from scv_voicemail.errors import VoicemailError
from scv_voicemail.ports import Clock, Journal
from scv_voicemail.redaction import redact

log = logging.getLogger(__name__)


class Trouble:
    """Remembers what it has told. `source` is who is in trouble, such as "target case"."""

    def __init__(self, journal: Journal, *, now: Clock) -> None:
        self._journal = journal
        self._now = now
        self._told: dict[str, str] = {}
        self._settled: set[str] = set()

    def tell(self, source: str, error: Exception) -> None:
        """Log it if it is new, and note it for `status`, which counts how often it was told."""
        kind, reason = _kind(error), redact(_reason(error))
        if self._told.get(source) != kind:
            log.error("%s is in trouble, which is told once: %s%s", source, kind, _where(error))
        self._told[source] = kind
        self._settled.discard(source)
        # The journal may be what is in trouble.
        with suppress(Exception):
            self._journal.notice(source=source, name="trouble", kind="trouble", reason=reason, now=self._now())

    def ended(self, source: str) -> None:
        """Say that it is over, if anybody was told, by this process or an earlier one."""
        if source in self._settled:
            return
        if self._told.pop(source, ""):
            log.warning("%s works again", source)
        with suppress(Exception):
            self._journal.clear_notice(source=source, name="trouble")
            self._settled.add(source)


def _kind(error: Exception) -> str:
    """What stays the same as long as the trouble does: no request id, no time."""
    if not isinstance(error, VoicemailError):
        return type(error).__name__
    return " ".join(str(one) for one in (type(error).__name__, error.service, error.status, error.code) if one)


def _where(error: Exception) -> str:
    """Where a defect of ours broke, without the exception's own text, which may quote a voicemail."""
    foreseen = isinstance(error, (VoicemailError, OSError))
    return "" if foreseen else "\n" + "".join(traceback.format_tb(error.__traceback__))


def _reason(error: Exception) -> str:
    if isinstance(error, VoicemailError):
        return str(error)
    # Its own text may quote a voicemail.
    return f"unexpected {type(error).__name__} in scv-voicemail. Next: please report it"
