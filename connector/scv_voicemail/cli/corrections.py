"""What a human corrects of a voicemail that is not delivered yet, before it goes back to work."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from scv_voicemail.errors import BadVoicemail
from scv_voicemail.intake import arguments
from scv_voicemail.intake.single import parse_time
from scv_voicemail.phone_numbers import caller_number, to_e164
from scv_voicemail.ports import Journal, RunState
from scv_voicemail.settings import Settings

FIELDS = ("caller", "dialed_number", "queue", "rep", "received_at", "target")
"""What may be corrected, under the names of `correct`."""


def correct(
    journal: Journal,
    voicemail_id: str,
    *,
    settings: Settings,
    known_targets: Collection[str],
    now: datetime,
    caller: str = "",
    dialed_number: str = "",
    queue: str = "",
    rep: str = "",
    received_at: str = "",
    target: str = "",
) -> list[str]:
    """Correct what is given; the names of what was changed. Raises before anything is, when one of them is unusable."""
    changes: dict[str, Any] = {}
    if caller:
        changes["caller"] = caller_number(caller, default_region=settings.default_region)
    if dialed_number:
        changes["dialed_number"] = to_e164(dialed_number, default_region=settings.default_region)
    if queue or rep:
        changes["mailbox"] = arguments.mailbox({"queue": queue} if queue else {"rep": rep})
    if received_at:
        changes["started_at"] = parse_time(received_at, name="received_at")
    if target and target not in known_targets:
        raise BadVoicemail(
            f"there is no delivery target called {target!r}; there are: {', '.join(known_targets)}",
            fields=("targets",),
            fix="name one of them",
        )
    if changes:
        journal.amend(voicemail_id, now=now, **changes)
    names = ["received_at" if name == "started_at" else name for name in changes]
    return [*names, *(["target"] if target and _retarget(journal, voicemail_id, target, known_targets, now) else [])]


def _retarget(journal: Journal, voicemail_id: str, target: str, known_targets: Collection[str], now: datetime) -> bool:
    """Send a voicemail to `target` instead of those that nobody knows; beside the others, when there are none of them.

    A kill in between leaves the new run and some old ones parked; said once more, the rest is settled.
    """
    parked = [run for run in journal.runs(voicemail_id=voicemail_id) if run.state is RunState.PARKED]
    unknown = [run.target for run in parked if run.target not in known_targets and not run.dismissed]
    changed = False
    for old in unknown:
        if journal.change_target(voicemail_id, old=old, new=target, now=now):
            changed = True
        else:
            why = f"delivered to {target} instead"
            changed = journal.dismiss(voicemail_id, why=why, now=now, target=old) > 0 or changed
    return changed if unknown else journal.add_target(voicemail_id, target, now=now)
