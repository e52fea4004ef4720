"""Owns time: whoever works asks it before each step, and it decides who goes on, when, and who never again."""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import greenlet

START = datetime.fromisoformat("2026-11-20T12:00:00+00:00")
MOST_MOMENTS = 60_000
"""More than so many is a worker that runs in circles: the day ends there."""


@dataclass(eq=False, slots=True)
class Task:
    """Something that works: a greenlet with a name and a clock of its own, so many seconds ahead."""

    name: str
    thread: Any
    ahead_seconds: float = 0.0
    killable: bool = True
    sleepy: bool = False
    held_since_check: float = 0.0
    asleep: bool = False
    turn: int = 0
    dead: bool = False


@dataclass(kw_only=True)
class Scheduler:
    """A heap of moments. `now` is the true time; a task sees its own."""

    dice: random.Random
    now: datetime = START
    trace: list[str] = field(default_factory=list)
    tasks: list[Task] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._hub = greenlet.getcurrent()
        self._heap: list[tuple[datetime, float, int, Callable[[], None]]] = []
        self._count = 0
        self._current: Task | None = None
        self.moments = 0

    def at(self, moment: datetime, work: Callable[[], None]) -> None:
        """Do this at that moment; what is due at the same moment comes in any order."""
        self._count += 1
        heapq.heappush(self._heap, (moment, self.dice.random(), self._count, work))

    def after(self, seconds: float, work: Callable[[], None]) -> None:
        """Do this so much later."""
        self.at(self.now + timedelta(seconds=seconds), work)

    def start(
        self, name: str, work: Callable[[Task], None], *, after_seconds: float = 0.0, killable: bool = True
    ) -> Task:
        """Begin a task."""
        task = Task(name, None, killable=killable, sleepy=self.dice.random() < 0.5)
        task.thread = greenlet.greenlet(lambda: work(task), parent=self._hub)
        self.tasks.append(task)
        self._wake(task, after_seconds)
        return task

    @property
    def current(self) -> Task:
        """Who works just now."""
        assert self._current is not None
        return self._current

    def pause(self, seconds: float, *, asleep: bool = False) -> None:
        """Of a task: let time pass and others work."""
        task = self.current
        task.asleep = asleep
        self._wake(task, seconds)
        self._hub.switch()

    def kill(self) -> None:
        """Of a task: end here, as by SIGKILL. Nothing of it runs any more, not even what cleans up."""
        self.current.dead = True
        self.say("killed")
        self._hub.switch()

    def rouse(self) -> None:
        """Whoever sleeps looks again."""
        for task in self.tasks:
            if task.asleep and not task.dead:
                self._wake(task, 0.0)

    def run(self, until: datetime) -> None:
        """Let everything happen that is due by then."""
        while self._heap and self._heap[0][0] <= until:
            moment, _, _, work = heapq.heappop(self._heap)
            self.now = max(self.now, moment)
            self.moments += 1
            work()
            if self.moments > MOST_MOMENTS:
                return
        self.now = max(self.now, until)

    def next_due(self) -> datetime | None:
        """When something happens next."""
        return self._heap[0][0] if self._heap else None

    def say(self, what: str) -> None:
        """A line of the trace, which a failure prints."""
        who = self._current.name if self._current else "-"
        self.trace.append(f"{(self.now - START).total_seconds():11.3f}  {who:10} {what}")

    def _wake(self, task: Task, seconds: float) -> None:
        task.turn += 1
        turn = task.turn
        self.after(seconds, lambda: self._switch(task, turn))

    def _switch(self, task: Task, turn: int) -> None:
        if task.dead or turn != task.turn:
            return
        task.asleep = False
        self._current = task
        task.thread.switch()
        self._current = None
        task.dead = task.dead or task.thread.dead
