"""`doctor`: looks at everything a voicemail will need, and says for each finding how to mend it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict

import typer

from scv_voicemail.cli.finding import Finding, Verdict, failed, skipped
from scv_voicemail.cli.output import AsJson, Exit, emit, show_table
from scv_voicemail.errors import SettingsInvalid
from scv_voicemail.settings import Settings, load

TELEPHONY_NEEDS = frozenset({"settings", "org id", "private key"})
"""Checks without which asking the Telephony Integration API would only repeat their failure."""


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command(
        "doctor",
        epilog="Ends with the code of the first failure (3, 4, 5), 6 if there are only warnings. "
        "Example: scv-voicemail --env-file production.env doctor",
    )(doctor)


def doctor(as_json: AsJson = False) -> None:
    """Check settings, keys, clock, both logins, contact center, dialed number and queue mapping. Changes nothing."""
    findings = list(examine())
    failures = [finding for finding in findings if finding.verdict is Verdict.FAIL]
    warnings = [finding for finding in findings if finding.verdict is Verdict.WARN]
    code = failures[0].exit if failures else Exit.WARNINGS if warnings else Exit.DONE
    if as_json:
        emit({"exit": int(code), "findings": [asdict(finding) for finding in findings]})
    else:
        show_table(
            f"{len(findings)} checks: {len(failures)} failed, {len(warnings)} warnings",
            ("", "check", "found"),
            [(finding.verdict, finding.check, _told(finding)) for finding in findings],
        )
    raise typer.Exit(code)


def examine(settings: Settings | None = None) -> Iterator[Finding]:
    """Every finding about these settings, or the environment's, in the order in which they depend on each other."""
    from scv_voicemail.cli import doctor_here, doctor_there

    try:
        settings = settings or load()
    except SettingsInvalid as error:
        yield failed("settings", error.what, error.fix)
        yield skipped("everything else", "it needs the settings")
        return
    here = list(doctor_here.examine(settings))
    yield from here
    broken = {finding.check for finding in here if finding.verdict is Verdict.FAIL}
    yield from doctor_there.examine(settings, telephony_is_set_up=not broken & TELEPHONY_NEEDS)


def _told(finding: Finding) -> str:
    return f"{finding.saw}\nfix: {finding.fix}" if finding.fix else finding.saw
