"""One bad day: workers over one journal and one org, and a fate that is drawn from a seed."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

import greenlet
from scv_voicemail.delivery.voice_call import VoiceCallTarget
from scv_voicemail.delivery.voice_call_payloads import VoiceCallOptions
from scv_voicemail.delivery.voice_call_state import VoiceCallView
from scv_voicemail.journal.memory import MemoryJournal
from scv_voicemail.pipeline import Pipeline, Policy
from scv_voicemail.ports import RunState
from scv_voicemail.voicemail import Transcript
from scv_voicemail.worker import drive

from tests.simulation.clients import NoAnswer, a_salesforce_client, a_telephony_client
from tests.simulation.faults import FAULTS, READ_FAULTS, WRONG_ANSWERS
from tests.simulation.scheduler import Scheduler, Task
from tests.simulation.stand_ins import Typist, Watched
from tests.simulation.wire import Answer, Asked

LEASE_SECONDS = 120.0
PATIENCE_SECONDS = 30.0
LATEST_SECONDS = 20.0
"""So late is a request carried out at most whose answer did not come: what is waited for is `PATIENCE_SECONDS`."""


class Org(Protocol):
    """The other side: the model, or the emulator. Rows are Salesforce's records; `_queue` and `_text` no API shows."""

    routed: list[tuple[str, str]]

    @property
    def settings(self) -> dict[str, str] | None:
        """What clients need to be let in; None where nobody asks."""
        ...

    def close(self) -> None:
        """The day is over."""
        ...

    def answer(self, asked: Asked) -> Answer:
        """Carry a request out, now."""
        ...

    def settle(self) -> None:
        """Apply what is due by now."""
        ...

    def open_live(self, key: str, *, caller: str, dialed: str, began: datetime, was_with_a_rep: bool) -> str:
        """An inbound flow has opened this call."""
        ...

    def close_live(self, call_id: str, *, began: datetime, ended: datetime) -> None:
        """A sync job closes this call."""
        ...

    def accept_one(self) -> None:
        """A rep takes what has waited longest in the voicemail queue."""
        ...

    def state(self) -> dict[str, list[dict[str, Any]]]:
        """Every record, by object."""
        ...


@dataclass(kw_only=True)
class Fate:
    """How bad the day is: chances per journal call and request, drawn once per seed."""

    kill: float
    stop: float
    jump: float
    fault: float
    stops: tuple[float, ...]
    holds_between_check_and_send: bool
    long_sleep_in: int
    """Before it does the step after so many, one worker sleeps for long, as a laptop does; -1: none does."""
    kills_left: int
    jumps: tuple[float, ...] = (-3600.0, -600.0, 600.0, 3600.0)

    @classmethod
    def drawn(cls, dice: random.Random) -> Fate:
        """Some days are quiet but for one thing, some have everything."""

        def chance(*choices: float) -> float:
            return dice.choice(choices)

        return cls(
            kill=chance(0.0, 0.01, 0.03, 0.1),
            stop=chance(0.0, 0.03, 0.1),
            jump=chance(0.0, 0.0, 0.005, 0.02),
            fault=chance(0.0, 0.03, 0.1, 0.3),
            stops=dice.choice([(0.3, 2.0, 20.0), (5.0, 60.0, 130.0), (130.0, 200.0, 400.0), (400.0, 900.0)]),
            holds_between_check_and_send=dice.random() < 0.2,
            long_sleep_in=dice.choice([-1, dice.randrange(12)]),
            kills_left=dice.choice([1, 3, 8]),
        )


@dataclass(kw_only=True)
class World:
    """Runs the day. Tasks are workers, callers, reps; `trace` tells what happened."""

    dice: random.Random
    org: Callable[[Scheduler], Org]
    signs: bool = False
    fate: Fate = field(init=False)
    healed: bool = False
    workers_made: int = 0
    requests: int = 0
    gaps: set[str] = field(default_factory=set)
    """Paths of writes between whose check of the lease and whose sending more than the lease went by."""

    def __post_init__(self) -> None:
        self.scheduler = Scheduler(dice=self.dice)
        self.fate = Fate.drawn(self.dice)
        self.other_side = self.org(self.scheduler)
        self.journal = MemoryJournal()
        self.dead_owners: set[str] = set()
        self.deaths_are_seen = self.dice.random() < 0.5
        self.transcripts: dict[str, tuple[datetime, Transcript]] = {}
        self.over = False

    @property
    def now(self) -> datetime:
        """The true time."""
        return self.scheduler.now

    @contextmanager
    def until_the_end(self) -> Iterator[None]:
        """Whatever still stands when the day is over goes without another step."""
        try:
            yield
        finally:
            self.over = True
            for task in self.scheduler.tasks:
                if not task.thread.dead:
                    task.thread.throw(greenlet.GreenletExit)
            self.other_side.close()

    # -------------------------------------------------------------------------------------------------------- workers

    def a_worker(self, *, after_seconds: float = 0.0) -> None:
        """Start a worker as a process of its own: nothing in it is shared but journal and org."""
        self.workers_made += 1
        name = f"worker-{self.workers_made}"
        self.scheduler.start(name, lambda task: self._work(task), after_seconds=after_seconds)  # noqa: PLW0108

    def _work(self, task: Task) -> None:
        def now() -> datetime:
            return self.now + timedelta(seconds=task.ahead_seconds)

        def sleep(seconds: float) -> None:
            self.scheduler.pause(seconds, asleep=True)

        pipeline = self.a_pipeline(task.name, now=now, sleep=sleep)
        drive(pipeline, until=lambda: self.over, longest_sleep_seconds=900.0, now=now, sleep=sleep)

    def a_pipeline(self, owner: str, *, now: Callable[[], datetime], sleep: Callable[[float], None]) -> Pipeline:
        """The product, as the wiring puts it together."""
        settings = self.other_side.settings if self.signs else None
        door = {"settings": settings, "now": now, "sleep": sleep}
        telephony = a_telephony_client(self.carry, **door)  # type: ignore[arg-type]
        salesforce = a_salesforce_client(self.carry, **door)  # type: ignore[arg-type]
        target = VoiceCallTarget(
            telephony=telephony,
            view=VoiceCallView(salesforce),
            options=VoiceCallOptions(patience_seconds=PATIENCE_SECONDS),
        )
        return Pipeline(
            journal=Watched(self.journal, self.moment),  # type: ignore[arg-type]
            targets={target.name: target},
            default_targets=[target.name],
            transcriber=Typist(self.transcripts, lambda: self.now),
            owner=owner,
            is_gone=lambda one: self.deaths_are_seen and one in self.dead_owners,
            policy=Policy(lease_seconds=LEASE_SECONDS, late_transcript_hours=2.0),
            now=now,
            chance=self.dice.random,
        )

    # ----------------------------------------------------------------------------------------------------- what befalls

    def moment(self, label: str, *, sending: bool = False) -> None:
        """A place at which anything may happen to whoever works; `sending`: the lease has been checked for a write."""
        if self.over:
            raise greenlet.GreenletExit
        task, fate, roll = self.scheduler.current, self.fate, self.dice.random()
        if not sending:
            task.held_since_check = 0.0
        if self.healed or not task.killable:
            self.scheduler.pause(0.001)
            return
        if roll < fate.kill and fate.kills_left > 0:
            fate.kills_left -= 1
            self.dead_owners.add(task.name)
            self.a_worker(after_seconds=self.dice.choice([0.0, 1.0, 30.0, 300.0]))
            self.scheduler.say(f"dies at {label}")
            self.scheduler.kill()
        roll -= fate.kill
        between = sending or label == "after ensure_held"
        if label == "after voicemail":
            fate.long_sleep_in -= 1
            if fate.long_sleep_in == -1:
                self._stand_still(label, self.dice.choice([150.0, 400.0, 1500.0]))
                return
        if task.sleepy and roll < fate.stop and (fate.holds_between_check_and_send or not between):
            seconds = self.dice.choice(fate.stops)
            task.held_since_check += seconds if between else 0.0
            self._stand_still(label, seconds)
            return
        roll -= fate.stop
        if roll < fate.jump:
            task.ahead_seconds = self.dice.choice(fate.jumps) if task.ahead_seconds == 0 else 0.0
            self.scheduler.say(f"has its clock {task.ahead_seconds:+g} s off from {label} on")
        self.scheduler.pause(self.dice.random() * 0.01)

    def _stand_still(self, label: str, seconds: float) -> None:
        self.scheduler.say(f"stands still for {seconds:g} s at {label}")
        self.scheduler.pause(seconds)

    def carry(self, asked: Asked) -> Answer:
        """Bring a request to the org and its answer back, or not."""
        self.requests += 1
        self.moment(f"before {asked.label}", sending=True)
        if not asked.reads and self.scheduler.current.held_since_check >= LEASE_SECONDS / 2:
            self.gaps.add(f"{asked.method} {asked.path}")
        kind = "none"
        if not self.healed and self.dice.random() < self.fate.fault:
            kind = self.dice.choice(FAULTS if not asked.reads else READ_FAULTS)
        self.scheduler.pause(self.dice.choice([0.02, 0.1, 0.8]))
        if kind != "none":
            self.scheduler.say(f"{asked.label}: {kind}")
        answer = self._carried(asked, kind)
        self.scheduler.say(f"{asked.label} -> {answer.status}")
        self.moment(f"after {asked.label}")
        return answer

    def _carried(self, asked: Asked, kind: str) -> Answer:
        if kind in WRONG_ANSWERS:
            return WRONG_ANSWERS[kind]
        if kind == "refused":
            raise NoAnswer(connected=False)
        if kind == "lost":
            self.scheduler.pause(10.0)
            raise NoAnswer(connected=True)
        if kind == "late":
            seconds = self.dice.random() * LATEST_SECONDS
            self.scheduler.after(seconds, lambda: self._late(asked))
            self.scheduler.pause(10.0)
            raise NoAnswer(connected=True)
        answer = self.other_side.answer(asked)
        if kind == "repeated":
            self.other_side.answer(asked)
        if kind == "answer lost":
            self.scheduler.pause(10.0)
            raise NoAnswer(connected=True)
        if kind == "half an answer":
            raise NoAnswer(connected=True, half=True)
        if kind == "garbled":
            return Answer(answer.status, answer.body[: len(answer.body) // 2], answer.headers)
        if kind == "error after":
            return Answer.of(503, {"code": "UNAVAILABLE", "message": "a gateway lost the answer"})
        if kind == "slow":
            self.scheduler.pause(self.dice.choice([3.0, 9.0]))
        return answer

    def _late(self, asked: Asked) -> None:
        self.scheduler.say(f"{asked.label}: carried out late -> {self.other_side.answer(asked).status}")


def settled(world: World) -> bool:
    """True when no delivery is open."""
    counts = world.journal.counts()
    return not counts.get(RunState.WAITING) and not counts.get(RunState.RUNNING)
