"""Twelve defects to plant in the connector: a simulation that finds none of them would say nothing about the connector.

    with planted("no look after a timeout"):
        verdict = play(seed)

Each is a mistake that somebody could make tomorrow, as small as it could be made.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from scv_voicemail import fence
from scv_voicemail.delivery import voice_call_payloads
from scv_voicemail.delivery.voice_call import VoiceCallTarget
from scv_voicemail.delivery.voice_call_state import VoiceCallState
from scv_voicemail.errors import VoicemailError
from scv_voicemail.journal import transitions
from scv_voicemail.journal.memory import MemoryJournal
from scv_voicemail.ports import Attempt, Gate, NotYet, Receipt, Run, RunState, Step
from scv_voicemail.telephony import TranscriptMessage
from scv_voicemail.voicemail import Voicemail

Change = Callable[[Any], Any]
"""From what is there to what takes its place."""

NEVER = timedelta(days=3650)


def _lease_unchecked(_check: Any) -> Any:
    return lambda: None


def _stale_token_accepted(_still_held: Any) -> Any:
    def still_held(held: Run | None, run: Run) -> Run:
        return held or run

    return still_held


def _receipt_before_the_call(steps: Any) -> Any:
    """The transcript counts as sent, and is sent with the next step."""

    def changed(self: VoiceCallTarget) -> Sequence[Step]:
        by_name = {step.name: step for step in steps(self)}

        def later(attempt: Attempt) -> Receipt:
            by_name["transcribe"].run(attempt)
            return by_name["route"].run(attempt)

        def at_once(attempt: Attempt) -> Receipt:
            return {"entries": len(voice_call_payloads.messages(attempt.voicemail)), "left": []}

        return [
            replace(step, run={"transcribe": at_once, "route": later}.get(step.name, step.run))
            for step in by_name.values()
        ]

    return changed


def _no_look_after_a_timeout(_again: Any) -> Any:
    return property(lambda _self: False)


def _no_wait_for_what_is_under_way(_let_it_arrive: Any) -> Any:
    return lambda _self, _attempt: None


def _breaker_opens_for_ever(_tripped: Any) -> Any:
    def tripped(gate: Gate, *, now: datetime, threshold: int, open_seconds: float) -> Gate:
        failures = gate.failures + 1
        return replace(
            gate, failures=failures, open_until=now + NEVER if failures >= threshold and open_seconds else None
        )

    return tripped


def _same_key_other_caller(_foreign_to: Any) -> Any:
    return lambda _self, _voicemail, **_named: []


def _routed_before_it_is_marked(_confirm: Any) -> Any:
    return lambda _self, _attempt: {"callOrigin": "Voicemail"}


def _an_update_is_waited_for_without_end(confirm: Any) -> Any:
    def changed(self: VoiceCallTarget, attempt: Attempt) -> Receipt:
        try:
            receipt: Receipt = confirm(self, attempt)
        except NotYet:
            raise
        except VoicemailError:
            raise
        except Exception as redo:
            raise NotYet(str(redo), after_seconds=5.0) from redo
        return receipt

    return changed


def _nothing_is_verified(_verify: Any) -> Any:
    return lambda _self, _attempt: {"work": "queued"}


def _message_ids_anew_with_each_try(messages: Any) -> Any:
    def changed(voicemail: Voicemail) -> list[TranscriptMessage]:
        return [replace(message, message_id=str(uuid.uuid4())) for message in messages(voicemail)]

    return changed


def _lease_of_the_dead_never_ends(is_free: Any) -> Any:
    def changed(self: MemoryJournal, run: Run, **named: Any) -> bool:
        return run.state is not RunState.RUNNING and bool(is_free(self, run, **named))

    return changed


MUTANTS: dict[str, tuple[Any, str, Change]] = {
    "the lease is not checked before a write": (fence, "check", _lease_unchecked),
    "an old lease may still write the journal": (transitions, "still_held", _stale_token_accepted),
    "a receipt before the call": (VoiceCallTarget, "steps", _receipt_before_the_call),
    "no look after a timeout": (Attempt, "again", _no_look_after_a_timeout),
    "no wait for what may be under way": (VoiceCallTarget, "_let_it_arrive", _no_wait_for_what_is_under_way),
    "a breaker that opens for ever": (transitions, "tripped", _breaker_opens_for_ever),
    "the same key, another caller": (VoiceCallState, "foreign_to", _same_key_other_caller),
    "routed before it is marked": (VoiceCallTarget, "_confirm", _routed_before_it_is_marked),
    "an update is waited for without end": (VoiceCallTarget, "_confirm", _an_update_is_waited_for_without_end),
    "nothing is verified": (VoiceCallTarget, "_verify", _nothing_is_verified),
    "message ids anew with each try": (voice_call_payloads, "messages", _message_ids_anew_with_each_try),
    "the lease of a dead worker never ends": (MemoryJournal, "_is_free", _lease_of_the_dead_never_ends),
}
"""Name of the defect: where it is planted, and how."""


@contextmanager
def planted(name: str) -> Iterator[None]:
    """The connector with this defect, inside the block."""
    where, what, change = MUTANTS[name]
    before = vars(where)[what]
    setattr(where, what, change(before))
    try:
        yield
    finally:
        setattr(where, what, before)
