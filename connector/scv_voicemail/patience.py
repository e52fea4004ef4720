"""How patient the pipeline is: when a failed step is tried again, and when a human is called."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from scv_voicemail.errors import RateLimited, TryAgain, VoicemailError
from scv_voicemail.ports import Run

LOOK_AND_RETRY = "run `scv-voicemail doctor`, look at the call in Salesforce, then `scv-voicemail retry ID`"
"""The next step when trying again by itself has come to its end."""

LOOK_AT_WHAT_IS_NAMED = "let an administrator look at the flow or limit that is named, then `scv-voicemail retry ID`"
"""The next step when an answer about one voicemail alone does not change."""

LONGER_APART = 4
"""What speaks for one voicemail (a limit of its transaction, a flow that failed) passes in a minute, not in seconds:
its tries lie as far apart as so many tries later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How patient the pipeline is. Seconds, unless the name says otherwise."""

    lease_seconds: float = 120.0
    horizon_hours: float = 72.0
    retry_base_seconds: float = 2.0
    retry_cap_seconds: float = 900.0
    probe_seconds: float = 60.0
    outage_failures: int = 3
    alone_tries: int = 3
    horizon_tries: int = 10
    crash_limit: int = 10
    redo_limit: int = 3
    transcript_wait_seconds: float = 120.0
    late_transcript_hours: float = 24.0

    def delay(self, tries: int, *, chance: float) -> float:
        """Seconds before the next try: doubling, capped, and jittered by `chance` (0 to 1) between half and whole."""
        whole = min(self.retry_cap_seconds, self.retry_base_seconds * 2.0 ** min(tries, 30))
        return whole * (0.5 + chance / 2)

    def patience_ends(self, run: Run) -> datetime:
        """When trying comes to its end, if it was tried `horizon_tries` times: a clock that jumps is no patience."""
        return run.patient_since + timedelta(hours=self.horizon_hours)


def speaks_for_one(error: VoicemailError) -> bool:
    """True for an answer that concerns this voicemail alone and gives no number of tries of its own."""
    return isinstance(error, TryAgain) and error.max_tries is None and error.scope == "voicemail"


def given_up(run: Run, error: VoicemailError, *, policy: Policy, now: datetime) -> str:
    """Why a human is called instead of another try; "" when it is tried again. The error gets the fix that is left."""
    most = policy.alone_tries if speaks_for_one(error) else error.max_tries if isinstance(error, TryAgain) else None
    if most is not None and run.tries + 1 >= most:
        if speaks_for_one(error) and error.fix == type(error).fix:
            error.fix = LOOK_AT_WHAT_IS_NAMED
        return f"tried {run.tries + 1} times"
    if now > policy.patience_ends(run) and run.tries + 1 >= policy.horizon_tries:
        if isinstance(error, TryAgain):
            error.fix = LOOK_AND_RETRY
        return f"tried for {policy.horizon_hours:g} hours"
    return ""


def pause_seconds(run: Run, error: VoicemailError, *, policy: Policy, chance: float) -> float:
    """How long until the next try of this run."""
    tries = run.tries + (LONGER_APART if speaks_for_one(error) else 0)
    return max(policy.delay(tries, chance=chance), asked_seconds(error, policy=policy))


def asked_seconds(error: VoicemailError, *, policy: Policy) -> float:
    """What the other side asks for, within what the policy knows as the longest pause; 0 when it asks for nothing."""
    asked = error.retry_after_seconds if isinstance(error, RateLimited) else None
    return 0.0 if asked is None or math.isnan(asked) else min(max(asked, 0.0), policy.retry_cap_seconds)
