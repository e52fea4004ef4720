"""What `doctor` has found out about one thing, and how to mend it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from scv_voicemail.cli.output import Exit, exit_code
from scv_voicemail.errors import VoicemailError


class Verdict(StrEnum):
    """How something that was looked at is."""

    OK = "ok"
    WARN = "warn"
    FAIL = "FAIL"
    SKIP = "skip"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at; `exit` is what it contributes to the exit code."""

    check: str
    verdict: Verdict
    saw: str
    fix: str = ""
    exit: Exit = Exit.DONE


def fine(check: str, saw: str) -> Finding:
    """It is as it should be."""
    return Finding(check=check, verdict=Verdict.OK, saw=saw)


def warned(check: str, saw: str, fix: str) -> Finding:
    """Voicemails will arrive, but."""
    return Finding(check=check, verdict=Verdict.WARN, saw=saw, fix=fix, exit=Exit.WARNINGS)


def failed(check: str, saw: str, fix: str, *, code: Exit = Exit.CONFIGURATION) -> Finding:
    """No voicemail will arrive until this is mended."""
    return Finding(check=check, verdict=Verdict.FAIL, saw=saw, fix=fix, exit=code)


def skipped(check: str, why: str, fix: str = "") -> Finding:
    """It could not be looked at."""
    return Finding(check=check, verdict=Verdict.SKIP, saw=why, fix=fix)


def guarded(check: str, run: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    """The findings of a check; an error of ours becomes one more finding."""
    try:
        yield from run()
    except VoicemailError as error:
        yield failed(check, error.what, error.fix, code=exit_code(error))
