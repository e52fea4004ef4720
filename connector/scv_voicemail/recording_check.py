"""What the recording is worth when a delivery begins: the same as taken in, altered, or gone.

    the same ──► delivered         altered ──► parked
    gone ──► looked for until the horizon ──► delivered without it where number or transcript still help, else parked
    cannot be looked at ──► as long as gone, then delivered with it: reps may be able to hear it

A delivery without a recording says so in the receipt of the step that found out: `recording` is `gone`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from scv_voicemail.errors import LeaseLost, RecordingGone, Rejected, TryAgain, VoicemailError
from scv_voicemail.patience import Policy
from scv_voicemail.ports import NotYet, Receipt
from scv_voicemail.voicemail import ANONYMOUS, Voicemail

RecordingCheck = Callable[[Voicemail], None]
"""Returns when the recording is the one that the journal knows; raises `RecordingAltered` or `RecordingGone`."""

GONE = "gone"
"""What a receipt says of the recording of a voicemail that was delivered without it."""

SHORTEST_PAUSE_SECONDS = 15.0
FEWEST_LOOKS = 10
"""So often at least a recording is looked for before it counts as gone: a clock that jumps is no patience."""


class RecordingAway(NotYet):
    """The recording is looked for again later; the target has not been asked."""


def is_gone(receipts: Mapping[str, Receipt]) -> bool:
    """True when the voicemail goes without its recording."""
    return any(receipt.get("recording") == GONE for receipt in receipts.values())


def without_recording(voicemail: Voicemail) -> Voicemail:
    """The voicemail with nothing to listen to."""
    return replace(voicemail, recording=replace(voicemail.recording, location=""))


def look(check: RecordingCheck, voicemail: Voicemail, *, policy: Policy, waited: float, late: bool) -> Receipt:
    """What the receipt has to say of the recording, mostly nothing; `late`: the horizon is over.

    Raises `RecordingAltered`, or `RecordingAway` as long as it is looked for.
    """
    try:
        check(voicemail)
    except (LeaseLost, Rejected):
        raise
    except TryAgain as error:
        if not late:
            pause = min(policy.retry_cap_seconds, max(SHORTEST_PAUSE_SECONDS, waited / 4))
            raise RecordingAway(str(error), after_seconds=pause) from error
        if not isinstance(error, RecordingGone):
            return {"warning": f"the recording could not be checked: {error.what}"}
        if voicemail.caller == ANONYMOUS and voicemail.transcript is None:
            error.fix = RecordingGone.nothing_left
            raise Rejected(f"{error.what}, and there is neither a number nor a transcript", fix=error.fix) from error
        return {"recording": GONE, "warning": f"delivered without its recording: {error.what}"}
    except VoicemailError as error:
        return {"warning": f"the recording could not be checked: {error.what}"}
    return {}


def with_notes(receipt: Receipt, noted: Receipt) -> Receipt:
    """A step's receipt and what was found out before it, their warnings joined."""
    if not noted:
        return receipt
    warnings = [str(one["warning"]) for one in (noted, receipt) if one.get("warning")]
    return {**receipt, **noted, "warning": "; ".join(warnings)}
