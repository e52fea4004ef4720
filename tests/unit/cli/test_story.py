"""The words in which a voicemail's story is told."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from scv_voicemail.cli.rehearsal import RehearsalSettings
from scv_voicemail.cli.story import STEPS, closing_words, lines, next_step
from scv_voicemail.ports import ADD_TRANSCRIPT, ARRIVED, LISTEN, LISTEN_AGAIN, Event, Run, RunState
from scv_voicemail.target_wiring import build_targets
from scv_voicemail.wiring import salesforce_client, telephony_client

from tests.builders import NOON


def an_event(**changes: Any) -> Event:
    return Event(**{"at": NOON, "voicemail_id": "v1", "target": "voice_call", "kind": "done", "step": "open"} | changes)


def a_run(**changes: Any) -> Run:
    given = {"voicemail_id": "v1", "target": "voice_call", "state": RunState.WAITING}
    return Run(**given | {"accepted_at": NOON, "due": NOON, "patient_since": NOON} | changes)


def test_every_step_of_every_target_has_its_words() -> None:
    """A step that was added or renamed would go by its bare name."""
    settings = RehearsalSettings(
        telephony_url="https://a.example.com",
        org_id="00D000000000001",
        call_center="Center",
        private_key="telephony",
        login_url="https://a.example.com",
        client_id="app",
        username="me@example.com",
        oauth_key="app",
        publish_event=True,
    )
    telephony, salesforce = telephony_client(settings), salesforce_client(settings)
    targets = build_targets(settings, telephony=telephony, salesforce=salesforce)

    ours = {LISTEN, ARRIVED, LISTEN_AGAIN, ADD_TRANSCRIPT}
    names = ours | {step.name for target in targets.values() for step in target.steps()}
    telephony.close()

    assert set(targets) == {"voice_call", "case", "custom_object"}
    assert names == set(STEPS)


def test_equal_events_in_a_row_are_one_line() -> None:
    """Twenty looks that found nothing are told once."""
    poll = an_event(kind="waiting", step="confirm", detail="not applied yet")

    told = list(lines([an_event(), poll, poll, poll, an_event(step="confirm", detail="callOrigin Voicemail"), poll]))

    assert [(line.first.kind, line.detail) for line in told] == [
        ("done", ""),
        ("waiting", "not applied yet (3 times)"),
        ("done", "callOrigin Voicemail"),
        ("waiting", "not applied yet"),
    ]


def test_a_line_tells_the_reason_and_leaves_the_fix_for_the_end() -> None:
    """The same advice after every try would bury the story."""
    (line,) = lines([an_event(kind="failed", step="route", detail="refused [HTTP 400] Next: map the queue")])

    assert (line.what, line.detail) == ("run the Omni-Channel flow", "refused [HTTP 400]")


def test_a_step_without_words_goes_by_its_name() -> None:
    """Somebody else's target may have any steps."""
    (line,) = lines([an_event(step="post")])

    assert line.what == "post"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"due": NOON}, "any worker takes it up"),
        ({"due": NOON + timedelta(minutes=5)}, "tries again at 2026-11-20 12:05:00 UTC"),
        (
            {"due": NOON + timedelta(minutes=5), "receipts": {"arrived": {}}},
            "has arrived; its transcript is looked for at 2026-11-20 12:05:00 UTC",
        ),
        ({"state": RunState.RUNNING, "lease_until": NOON + timedelta(minutes=2)}, "takes over at 2026-11-20 12:02:00"),
        ({"state": RunState.DELIVERED}, "nothing"),
        ({"state": RunState.PARKED}, "mend the cause, then scv-voicemail retry 'v1'"),
    ],
)
def test_every_state_says_what_happens_next(changes: dict[str, Any], words: str) -> None:
    """A human reads whether something is expected of them."""
    assert words in next_step(a_run(**changes), now=NOON)


def test_the_story_of_a_parked_voicemail_ends_with_reason_fix_and_command() -> None:
    """Each once, and with the voicemail's own id."""
    error = "no phone channel Next: add the number; then `scv-voicemail retry ID`"
    run = a_run(state=RunState.PARKED, last_error=error, receipts={"listen": {"warning": "no transcript"}})

    words = closing_words(run, now=NOON)

    assert words == [
        ("reason", "no phone channel"),
        ("fix", "add the number"),
        ("warning", "no transcript"),
        ("next", "mend the cause, then scv-voicemail retry 'v1'"),
    ]
