"""The words in which commands tell what was done with a voicemail."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from scv_voicemail.cli.output import reason_and_fix
from scv_voicemail.ports import Event, Run, RunState

STEPS = {
    "listen": "make a transcript, if there is none",
    "open": "find or create the VoiceCall",
    "mark": "mark it as a voicemail",
    "confirm": "see that the mark is applied",
    "transcribe": "send the transcript",
    "route": "run the Omni-Channel flow",
    "finalize": "close the call, attach the recording",
    "upload": "upload what the open call refused",
    "match": "find the caller's Contact and the record's owner",
    "save": "make the record, or complete it",
    "link": "link the records of this voicemail with each other",
    "verify": "read back what the org holds",
    "announce": "publish the event for other programs",
    "arrived": "everything but the transcript is in the org",
    "listen_again": "look for the transcript that was late",
    "add_transcript": "add the transcript that was late",
}
"""What a step does; a step that is not here goes by its name."""

KINDS = {
    "accepted": "written to the journal: from now on it cannot get lost",
    "delivered": "every step is done",
    "retried": "a human put it back to work",
}
"""What an event without a step means."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One or several equal events."""

    first: Event
    times: int = 1

    @property
    def what(self) -> str:
        """The step in words, or what the event means."""
        return STEPS.get(self.first.step, self.first.step) or KINDS.get(self.first.kind, "")

    @property
    def detail(self) -> str:
        """The answer or the reason; the fix is told at the end of the story."""
        reason, _ = reason_and_fix(self.first.detail.partition(", startTime")[0])
        return f"{reason} ({self.times} times)" if self.times > 1 else reason


def lines(events: Sequence[Event]) -> Iterator[Line]:
    """The events, each row of equal ones as a single line."""
    line: Line | None = None
    for event in events:
        if line is not None and _same(line.first, event):
            line = Line(first=line.first, times=line.times + 1)
            continue
        if line is not None:
            yield line
        line = Line(first=event)
    if line is not None:
        yield line


def _same(one: Event, other: Event) -> bool:
    return (one.target, one.kind, one.step, one.detail) == (other.target, other.kind, other.step, other.detail)


def next_step(run: Run, *, now: datetime) -> str:
    """What happens next with a run, or what has to."""
    match run.state:
        case RunState.WAITING if run.due <= now:
            return "any worker takes it up; to start one: scv-voicemail worker --until-idle"
        case RunState.WAITING if run.has_arrived:
            return f"the voicemail has arrived; its transcript is looked for at {run.due:%Y-%m-%d %H:%M:%S} UTC"
        case RunState.WAITING:
            return f"a worker tries again at {run.due:%Y-%m-%d %H:%M:%S} UTC; sooner: {retry_command(run)}"
        case RunState.RUNNING:
            return f"a worker is at it; should it die, another takes over at {run.lease_until:%Y-%m-%d %H:%M:%S} UTC"
        case RunState.PARKED:
            return f"mend the cause, then {retry_command(run)}"
    newer = "a newer version has it in a state that this one does not know: ask the newer one"
    return newer if run.state is RunState.NEWER else "nothing"


def retry_command(run: Run) -> str:
    """What a human types to put this run back to work."""
    return f"scv-voicemail retry '{run.voicemail_id}'"


def closing_words(run: Run, *, now: datetime) -> list[tuple[str, str]]:
    """How the story stands: pairs of a heading and its text."""
    reason, fix = reason_and_fix(run.last_error)
    fix = "" if fix.startswith("nothing") else fix.removesuffix("; then `scv-voicemail retry ID`")
    words = [
        ("reason", reason),
        ("fix", fix),
        *(("warning", one) for one in run.warnings),
        ("next", next_step(run, now=now)),
    ]
    return [(heading, text) for heading, text in words if text]
