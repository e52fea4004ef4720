"""Plays one seed, and judges what the org holds in the end."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from scv_voicemail.ports import RunState
from scv_voicemail.voicemail import Transcript, Voicemail

from tests.builders import a_recording, a_transcript, a_voicemail
from tests.simulation.emulated import EmulatorOrg
from tests.simulation.model import Model, Row, Rules
from tests.simulation.scheduler import MOST_MOMENTS, START, Scheduler, Task
from tests.simulation.world import Org, World, settled

KINDS = ("lost", "doubled", "mixed", "early", "hidden", "stuck")
"""What may be wrong with a day."""

MOST_REQUESTS = 400
"""So many for a voicemail, at the most, however bad the day."""

DIALED = "+18005550100"
LONGEST = timedelta(hours=80)
"""After the last trouble, everything has to be over by then."""


@dataclass(kw_only=True)
class Verdict:
    """What is wrong after a day; all empty is right. `in_the_gap` is what the guarantees except by name."""

    seed: int
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    mixed: list[str] = field(default_factory=list)
    early: list[str] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)
    stuck: list[str] = field(default_factory=list)
    in_the_gap: list[str] = field(default_factory=list)
    parked: int = 0
    voicemails: int = 0
    requests: int = 0
    trace: list[str] = field(default_factory=list)

    @property
    def wrong(self) -> list[str]:
        """Every finding, with its kind."""
        return [f"{kind}: {what}" for kind in KINDS for what in getattr(self, kind)]


@dataclass(kw_only=True)
class Left:
    """A voicemail that was handed in, and what must become of it."""

    voicemail: Voicemail
    foreign: bool = False
    texts: list[str] = field(default_factory=list)


def play(seed: int, *, http: bool = False) -> Verdict:
    """A day against the model; with `http` against the emulator, with all that the clients sign and it checks."""
    dice = random.Random(seed)
    rules = _rules(dice)

    def delay(now: datetime) -> float | None:
        if dice.random() < 0.02 and now < START + timedelta(hours=2):
            return None
        return dice.choice([0.0, 0.3, 0.3, 2.0, 8.0])

    def org(scheduler: Scheduler) -> Org:
        if http:
            return EmulatorOrg(now=lambda: scheduler.now, delay=lambda: delay(scheduler.now) or 0.0, rules=rules)
        return Model(now=lambda: scheduler.now, delay=lambda: delay(scheduler.now), rules=rules)

    world = World(dice=dice, org=org, signs=http)
    with world.until_the_end():
        day = Day(world, rules)
        day.run()
        return day.judged(seed)


def _rules(dice: random.Random) -> Rules:
    if dice.random() < 0.5:
        return Rules()
    return Rules(
        duplicate_vendor_call_key=dice.choice(["return_existing", "create_another"]),
        repeat_recording=dice.choice(["replace", "append"]),
        duplicate_message_id=dice.choice(["ignore", "store"]),
        voicemail_close_clears_psr=dice.random() < 0.5,
        omni_flow_error_status=dice.choice([200, 400]),
        create_applies_call_origin=dice.random() < 0.5,
    )


class Day:
    """Callers, reps and workers over some hours, then peace, then the count."""

    def __init__(self, world: World, rules: Rules) -> None:
        self._world = world
        self._rules = rules
        self._org = world.other_side
        self._dice = world.dice
        self._left: list[Left] = []

    def run(self) -> None:
        """Trouble for two hours at the most; then everything heals, and a human retries what was parked."""
        world, dice = self._world, self._dice
        for number in range(dice.choice([1, 1, 2, 3])):
            self._call(number)
        for _ in range(dice.choice([1, 2, 2, 3])):
            world.a_worker()
        world.scheduler.start("rep", self._rep, killable=False)
        world.scheduler.run(START + timedelta(seconds=dice.choice([60.0, 600.0, 7200.0])))
        world.healed = True
        for task in world.scheduler.tasks:
            task.ahead_seconds = 0.0
        world.scheduler.say("everything is well from here on")
        self._settle()
        self.parked = [run for run in world.journal.runs() if run.state is RunState.PARKED]
        for run in self.parked:
            world.scheduler.say(f"{run.voicemail_id} was parked: {run.last_error}")
            world.journal.retry(run.voicemail_id, now=world.now)
        if self.parked:
            world.scheduler.rouse()
            self._settle()

    def _settle(self) -> None:
        world, end = self._world, self._world.now + LONGEST
        while world.now < end and not settled(world) and world.scheduler.moments <= MOST_MOMENTS:
            world.scheduler.run(min(end, world.now + timedelta(minutes=10)))
        world.scheduler.run(world.now + timedelta(minutes=5))
        self._org.settle()

    # ----------------------------------------------------------------------------------------------------- what happens

    def _call(self, number: int) -> None:
        """A caller leaves a message: a call of its own, or one that the contact flow has opened before."""
        world, dice = self._world, self._dice
        began = START + timedelta(seconds=dice.choice([-300.0, -20.0]))
        key = f"5324881f-1e84-4367-8930-{number:012d}"
        caller = f"+1415555{number:04d}"
        said = f"This is caller {number}."
        voicemail = a_voicemail(
            id=key,
            caller=caller,
            dialed_number=DIALED,
            started_at=began,
            recording=a_recording(location=f"https://recordings.example.com/{number}.wav", sha256=f"{number:064x}"),
        )
        transcript = _transcript(said)
        left = Left(voicemail=voicemail, texts=[segment.text for segment in transcript.segments])
        match dice.choice(["supplied", "supplied", "typed", "late", "none"]):
            case "supplied":
                left.voicemail = voicemail.with_transcript(transcript)
            case "typed":
                world.transcripts[key] = (START + timedelta(seconds=40), transcript)
            case "late":
                world.transcripts[key] = (START + timedelta(seconds=900), transcript)
            case _:
                left.texts = []
        kind = dice.choice(["new", "new", "live", "synced", "foreign"])
        if kind != "new":
            left.foreign = kind == "foreign"
            self._open_live(left, synced=kind == "synced")
        self._left.append(left)
        for _ in range(dice.choice([1, 1, 2, 3])):
            seconds = dice.choice([0.0, 0.0, 1.0, 30.0])
            world.scheduler.after(seconds, lambda: self._hand_in(left.voicemail))

    def _hand_in(self, voicemail: Voicemail) -> None:
        new = self._world.journal.accept(voicemail, targets=["voice_call"], now=self._world.now)
        self._world.scheduler.say(f"{voicemail.id} handed in: {'new' if new else 'known'}")
        self._world.scheduler.rouse()

    def _open_live(self, left: Left, *, synced: bool) -> None:
        """The inbound flow has opened this call; a sync job may close it while we work.

        Not where closing takes a voicemail from its queue: that somebody else closes it later, nobody can see.
        """
        org, dice, voicemail = self._org, self._dice, left.voicemail
        began = voicemail.started_at - timedelta(seconds=dice.choice([5.0, 600.0]))
        call_id = org.open_live(
            voicemail.id,
            caller="+442079460000" if left.foreign else voicemail.caller,
            dialed=DIALED,
            began=began,
            was_with_a_rep=dice.random() < 0.5,
        )
        if synced and not self._rules.voicemail_close_clears_psr:
            seconds = dice.choice([1.0, 20.0, 60.0])
            ended = voicemail.ended_at
            self._world.scheduler.after(seconds, lambda: org.close_live(call_id, began=began, ended=ended))

    def _rep(self, _task: Task) -> None:
        """Takes from the queue what has waited for a while."""
        while not self._world.over:
            self._world.scheduler.pause(self._dice.choice([7.0, 200.0, 3000.0]))
            self._org.settle()
            if self._dice.random() < 0.5:
                self._org.accept_one()

    # ---------------------------------------------------------------------------------------------------------- judging

    def judged(self, seed: int) -> Verdict:
        """What the org holds, against what was left."""
        world = self._world
        verdict = Verdict(
            seed=seed,
            voicemails=len(self._left),
            trace=world.scheduler.trace,
            parked=len(self.parked),
            requests=world.requests,
        )
        if world.requests > MOST_REQUESTS * len(self._left) or world.scheduler.moments > MOST_MOMENTS:
            verdict.stuck.append(f"{world.requests} requests and {world.scheduler.moments} moments: it runs in circles")
        for left in self._left:
            self._judge(left, verdict)
        return verdict

    def _judge(self, left: Left, verdict: Verdict) -> None:
        key, tables = left.voicemail.id, self._org.state()
        (run,) = self._world.journal.runs(voicemail_id=key)
        calls = [row for row in tables["VoiceCall"] if row["VendorCallKey"] == key]
        if left.foreign:
            if run.state is not RunState.PARKED or _touched(calls[0], tables):
                verdict.mixed.append(f"{key}: another caller's call was taken; the run is {run.state}")
            return
        if run.state is not RunState.DELIVERED:
            verdict.lost.append(f"{key}: {run.state} with everything well again: {run.last_error}")
            return
        held = _Held.of(calls, tables)
        self._judge_delivered(left, held, run.warnings, verdict)

    def _judge_delivered(self, left: Left, held: _Held, warnings: list[str], verdict: Verdict) -> None:
        voicemail, key = left.voicemail, left.voicemail.id
        if not held.calls or not held.recordings or not held.routings:
            there = f"{len(held.calls)} calls, {len(held.recordings)} recordings, {len(held.routings)} routings"
            # A closing update of somebody who was held may take the voicemail from its queue in some orgs.
            excused = bool(held.calls and held.recordings) and self._in_a_gap(held.calls[0])
            (verdict.in_the_gap if excused else verdict.hidden).append(f"{key}: said to be delivered with {there}")
            return
        call = held.calls[0]
        numbers = (call["FromPhoneNumber"], call["ToPhoneNumber"]) == (voicemail.caller, voicemail.dialed_number)
        locations = {row["_recordingLocation"] for row in held.recordings}
        if not numbers or locations != {voicemail.recording.location} or call["CallOrigin"] != "Voicemail":
            verdict.mixed.append(f"{key}: the call reads {_numbers_of(call)}, its recordings {sorted(locations)}")
        doubles = [name for name in ("calls", "recordings", "routings") if len(getattr(held, name)) > 1]
        for name in doubles:
            (verdict.in_the_gap if self._in_a_gap(call) else verdict.doubled).append(
                f"{key}: {len(getattr(held, name))} {name}"
            )
        early = [origin for of, origin in self._org.routed if of == key and origin != "Voicemail"]
        if early or any(row["_queue"] != "voicemail-queue" for row in held.routings):
            verdict.early.append(f"{key}: routed as {early}")
        told = " ".join(warnings)
        if sorted(held.texts) != sorted(left.texts) and "transcript" not in told:
            kind = verdict.doubled if len(held.texts) > len(left.texts) else verdict.lost
            kind.append(f"{key}: the transcript reads {held.texts}, and no warning says so: {told!r}")

    def _in_a_gap(self, call: Row) -> bool:
        """Whether a write to this call was held for long between the check of its lease and its sending."""
        return any(call["Id"][:15] in gap or gap.endswith("/voiceCalls") for gap in self._world.gaps)


@dataclass(kw_only=True)
class _Held:
    """What the org holds of one key."""

    calls: list[Row]
    recordings: list[Row]
    routings: list[Row]
    texts: list[str]

    @classmethod
    def of(cls, calls: list[Row], tables: dict[str, list[Row]]) -> _Held:
        ids = {row["Id"] for row in calls}
        work = [row for row in tables["AgentWork"] if row["_queue"] != "live-queue"]
        return cls(
            calls=calls,
            recordings=[row for row in tables["VoiceCallRecording"] if row["VoiceCallId"] in ids],
            routings=[row for row in (*tables["PendingServiceRouting"], *work) if row["WorkItemId"] in ids],
            texts=[row["_text"] for row in tables["ConversationEntry"] if row["ConversationId"] in ids],
        )


def _touched(call: Row, tables: dict[str, list[Row]]) -> bool:
    return call["CallOrigin"] is not None or any(
        row["VoiceCallId"] == call["Id"] for row in tables["VoiceCallRecording"]
    )


def _numbers_of(call: Row) -> str:
    return f"from {call['FromPhoneNumber']} to {call['ToPhoneNumber']}, origin {call['CallOrigin']}"


def _transcript(said: str) -> Transcript:
    transcript = a_transcript()
    first, *others = transcript.segments
    return Transcript(segments=(type(first)(text=said, start_ms=first.start_ms, end_ms=first.end_ms), *others))
