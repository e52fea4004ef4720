"""A pipeline over a memory journal, with targets and transcribers that say what they are told to say."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from scv_voicemail.journal.memory import MemoryJournal
from scv_voicemail.pipeline import Pipeline, Policy
from scv_voicemail.ports import Attempt, Receipt, Run, Step
from scv_voicemail.voicemail import Transcript, Voicemail

from tests.builders import FakeClock

Script = Sequence[Receipt | Exception | type[BaseException]]


class ScriptedTarget:
    """A target whose steps answer from a list, one answer per call; then they succeed."""

    def __init__(self, name: str = "fake", **script: Script) -> None:
        self.name = name
        self.script = {step: list(answers) for step, answers in (script or {"send": []}).items()}
        self.calls: list[tuple[str, int]] = []
        self.saw: list[Voicemail] = []

    def steps(self) -> Sequence[Step]:
        return [Step(name=name, run=self._answer(name)) for name in self.script]

    def add_transcript(self, attempt: Attempt) -> Receipt:
        self.calls.append(("add_transcript", attempt.number))
        self.saw.append(attempt.voicemail)
        return {}

    def _answer(self, name: str) -> Callable[[Attempt], Receipt]:
        def run(attempt: Attempt) -> Receipt:
            self.calls.append((name, attempt.number))
            self.saw.append(attempt.voicemail)
            answer: Any = self.script[name].pop(0) if self.script[name] else {}
            if isinstance(answer, BaseException):
                raise answer
            return {"did": name} | answer

        return run


class FakeTranscriber:
    """Gives what it is told, one answer per call, then the last one again; and counts."""

    def __init__(self, *answers: Transcript | Exception | None) -> None:
        self.answers = list(answers) or [None]
        self.asked = 0

    def transcribe(self, voicemail: Voicemail) -> Transcript | None:
        self.asked += 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


class Bench:
    """A pipeline over a memory journal, with a clock that the test moves."""

    def __init__(self, *targets: ScriptedTarget, transcriber: FakeTranscriber | None = None, **policy: Any) -> None:
        self.clock = FakeClock()
        self.journal = MemoryJournal()
        self.pipeline = Pipeline(
            journal=self.journal,
            targets={target.name: target for target in targets},
            default_targets=[target.name for target in targets],
            transcriber=transcriber or FakeTranscriber(),
            owner="test",
            policy=Policy(**policy),
            now=self.clock,
            chance=lambda: 1.0,
        )

    def run(self, target: str = "fake") -> Run:
        return next(run for run in self.journal.runs() if run.target == target)

    def work(self) -> None:
        while self.pipeline.work_one():
            pass

    def work_until_done(self, *, at_most_hours: float = 1000) -> None:
        """Work, moving the clock to whatever is due next."""
        end = self.clock() + timedelta(hours=at_most_hours)
        self.work()
        while (due := self.journal.next_due()) is not None and due <= end:
            self.clock.at = max(due, self.clock())
            self.work()
