"""The sandbox of a Lambda function is killed at every request of a voicemail's way; AWS tries again; then we count.

`scripts/crash-matrix` prints the tables.
"""

from __future__ import annotations

import base64
import json
import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.builders import time_now

pytest.importorskip("moto", reason="the local AWS is built on moto, which is not installed")

from scv_emulator.aws.resources import Function
from scv_emulator.connect.ports import FunctionFailed

from tests.scenarios.connect_bench import IVR, KVS, ROOT, ConnectBench
from tests.scenarios.left_messages import hung_up, sampled
from tests.scenarios.matrix import show

KILLED = -signal.SIGKILL
_CONTACT = re.compile(r"[0-9a-f]{8}-1e84-4367-8930-f69a74b30ca6")
_WITHOUT_EFFECT = re.compile(r": (GET |POST /token|POST /services/oauth2|\S+ (Get|Head|Query|Describe|List|BatchGet))")
"""To be killed after such a request is to be killed before the next one."""


@dataclass(frozen=True, order=True, slots=True)
class Moment:
    """A moment in the n-th invocation of a function for a contact."""

    function: str
    invocation: int
    name: str

    @property
    def words(self) -> str:
        """As tables show it."""
        times = f" (invocation {self.invocation})" if self.invocation > 1 else ""
        return f"{self.name}{times}"


class ForkedFunctions:
    """Every invocation is a process that is forked off; `plan` says at which moment that of a contact dies."""

    def __init__(self) -> None:
        self.plan: dict[str, Moment] = {}
        self.killed: dict[str, Moment] = {}
        self.moments: dict[str, list[Moment]] = {}
        self.errors: list[str] = []
        self._count: Counter[tuple[str, str]] = Counter()
        self._server: subprocess.Popen[str] | None = None

    def prepare(self, environment: Mapping[str, Mapping[str, str]]) -> None:
        self._server = subprocess.Popen(
            [sys.executable, "-m", "tests.scenarios.crashing_sandbox"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._server.stdin is not None
        plain = {name: dict(variables) for name, variables in environment.items()}
        print(json.dumps(plain), file=self._server.stdin, flush=True)

    def invoke(
        self, function: Function, event: Any, *, request_id: str, at: datetime | None, limit_seconds: float
    ) -> Any:
        """See `scv_emulator.aws.functions.Functions`."""
        del request_id, limit_seconds
        name, contact = function.logical_id, contact_of(event)
        self._count[name, contact] += 1
        number = self._count[name, contact]
        planned = self.plan.get(contact)
        hit = planned if planned and (planned.function, planned.invocation) == (name, number) else None
        job = {
            "function": name,
            "event": event,
            "at": (at or time_now()).isoformat(),
            "kill_at": hit and hit.name,
        }
        assert self._server is not None
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        print(json.dumps(job), file=self._server.stdin, flush=True)
        ended = json.loads(self._server.stdout.readline())
        if ended["ended"] == KILLED:
            assert hit is not None
            self.killed[contact] = hit
            raise FunctionFailed("Runtime.ExitError: killed")
        told = json.loads(ended["told"])
        self.moments.setdefault(contact, []).extend(Moment(name, number, one) for one in told["moments"])
        if "error" in told:
            self.errors.append(f"{name}: {told['error']}")
            raise FunctionFailed(told["error"])
        return told["answer"]

    def invocations(self, function: str, contact: str = "") -> int:
        """How often a function was invoked for a contact, or for none."""
        return self._count[function, contact]

    def kill(self, function: Function) -> None:
        """Nothing is warm."""

    def kill_sandbox(self, sandbox: str) -> bool:
        """Nothing is warm."""
        return False

    def log(self, function: Function) -> list[str]:
        """It goes where this process writes."""
        return []

    def stop(self) -> None:
        """End the fork server."""
        if self._server is not None:
            self._server.communicate(timeout=30)


def contact_of(event: Any) -> str:
    """The contact that an event is about; empty when it names none."""
    text = json.dumps(event)
    for one in event.get("Records", ()):
        if "kinesis" in one:
            text += base64.b64decode(one["kinesis"]["data"]).decode()
    found = _CONTACT.search(text)
    return found[0] if found else ""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One death, and what was there in the end."""

    moment: Moment
    killed: bool
    wrong: tuple[str, ...]

    @property
    def verdict(self) -> str:
        """As tables show it."""
        return "; ".join(self.wrong) or ("exactly once" if self.killed else "not reached")


@contextmanager
def a_bench(**settings: str) -> Iterator[tuple[ConnectBench, ForkedFunctions]]:
    """A bench whose functions can be killed."""
    functions = ForkedFunctions()
    with ConnectBench(functions=functions, settings=settings) as bench:
        yield bench, functions


def moments_of_a_voicemail(
    bench: ConnectBench, functions: ForkedFunctions, module: str, wanted: Callable[[Moment], bool]
) -> list[Moment]:
    """The moments of a voicemail that nothing happens to, without those that are another's by other words."""
    contact = bench.message(hung_up, module=module).contact.contact_id
    bench.aws.settle()
    assert bench.count().wrong == ()
    assert functions.errors == []
    return [
        one
        for one in functions.moments[contact]
        if wanted(one) and not one.name.startswith("during ") and not _is_without_effect(one)
    ]


def _is_without_effect(moment: Moment) -> bool:
    return moment.name.startswith("after ") and _WITHOUT_EFFECT.search(moment.name) is not None


def play(bench: ConnectBench, functions: ForkedFunctions, moments: Sequence[Moment], module: str) -> list[Cell]:
    """A voicemail for each moment, all at once; then AWS tries again what has failed, until nothing is left."""
    bench.forget()
    letters = len(bench.dead_letters())
    played: list[tuple[Moment, str]] = []
    for moment in moments:
        contact = bench.caller()
        functions.plan[contact.contact_id] = moment
        bench.message(hung_up, module=module, contact=contact, uncut=moment.function == "FlowCallFunction")
        bench.aws.settle(skip_waits=False)
        played.append((moment, contact.contact_id))
    bench.aws.settle()
    bench.clock.advance(120)
    bench.aws.fire("SweepSchedule")
    bench.aws.settle()
    wrong = bench.count().wrong
    assert len(bench.dead_letters()) == letters
    return [
        Cell(
            moment=moment,
            killed=contact in functions.killed,
            wrong=tuple(one for one in wrong if one.startswith(contact[:8])),
        )
        for moment, contact in played
    ]


def show_cells(title: str, cells: Sequence[Cell]) -> None:
    """The table."""
    show(title, ("killed", "in", "verdict"), [(one.moment.words, one.moment.function, one.verdict) for one in cells])


def test_a_sandbox_killed_at_any_request_leaves_exactly_one_voicemail(tmp_path: Path) -> None:
    """At every request of every function to S3, SQS, Connect, Transcribe, SSM and Salesforce."""
    with a_bench(JOURNAL=str(tmp_path / "journal.db")) as (bench, functions):
        moments = moments_of_a_voicemail(bench, functions, IVR, lambda _moment: True)

        cells = play(bench, functions, sampled(moments, every=4), IVR)

    show_cells(f"Killed at {len(cells)} of {len(moments)} moments", cells)
    assert len(moments) >= 35
    assert {one.function for one in moments} == {
        "FlowCallFunction",
        "RecordingStoredFunction",
        "ContactRecordFunction",
        "DeliverFunction",
        "TranscriptionFinishedFunction",
    }
    assert wrong(cells) == []


def test_a_sandbox_killed_while_it_reads_a_stream_leaves_exactly_one_voicemail(tmp_path: Path) -> None:
    """From the contact record to the doorbell; what follows is the same for both ways."""
    with a_bench(JOURNAL=str(tmp_path / "journal.db")) as (bench, functions):
        moments = moments_of_a_voicemail(
            bench, functions, KVS, lambda moment: moment.function == "ContactRecordFunction"
        )

        cells = play(bench, functions, sampled(moments, every=2), KVS)

    show_cells(f"Killed at {len(cells)} moments of the way through the stream", cells)
    assert len(moments) >= 7
    assert wrong(cells) == []


def test_a_sandbox_killed_at_any_commit_to_dynamodb_leaves_exactly_one_voicemail() -> None:
    """The table has it, and the function does not know; before it, the function's last request is all there is."""
    with a_bench() as (bench, functions):
        moments = moments_of_a_voicemail(
            bench, functions, IVR, lambda moment: moment.name.startswith("after ") and " dynamodb " in moment.name
        )

        cells = play(bench, functions, sampled(moments, every=5), IVR)

    show_cells(f"Killed after {len(cells)} of {len(moments)} commits", cells)
    assert len(moments) >= 12
    assert wrong(cells) == []


def wrong(cells: Sequence[Cell]) -> list[str]:
    """What is not as it must be, cell by cell."""
    # Whether there is still something to be woken depends on who comes first: this event, or a doorbell.
    missed = [cell for cell in cells if not cell.killed and cell.moment.function != "TranscriptionFinishedFunction"]
    return [f"{cell.moment.words}: {cell.verdict}" for cell in cells if cell.wrong or cell in missed]


def test_a_reconciliation_that_dies_at_any_request_is_made_good_by_the_next(tmp_path: Path) -> None:
    """No event told of the recording, and whoever looked for it was killed: the next look finds it, once."""
    with a_bench(JOURNAL=str(tmp_path / "journal.db")) as (bench, functions):
        moments = _reconcile(bench, functions, None)

        cells = [_reconcile(bench, functions, moment) for moment in sampled(moments, every=3)]

    assert len(moments) >= 9
    assert cells == [[]] * len(cells)


def _reconcile(bench: ConnectBench, functions: ForkedFunctions, moment: Moment | None) -> list[Any]:
    """A lost recording is found: the moments of that, or with one to be killed at, what is wrong in the end."""
    bench.forget()
    bench.clock.advance(24 * 3_600)  # those before are too old to be looked at, and the hour is the same for each
    for hop in ("event:aws.s3", "contact-record"):
        bench.aws.disturb(hop, "lose", times=None)
    bench.message(hung_up, streaming_allowed=False)
    bench.aws.settle()
    bench.aws.account.disturbances.clear()
    before = len(functions.moments.get("", ()))
    functions.killed.clear()
    if moment:
        functions.plan[""] = Moment(moment.function, functions.invocations(moment.function) + 1, moment.name)
    for _ in range(2):
        bench.clock.advance(16 * 60)
        bench.aws.fire("ReconcileSchedule")
        bench.aws.settle()
    bench.aws.fire("SweepSchedule")
    bench.aws.settle()
    wrong = bench.count().wrong
    if moment:
        return [moment.words, *wrong] if wrong or not functions.killed else []
    assert wrong == ()
    made = [one for one in functions.moments[""][before:] if one.invocation == 1]
    return [one for one in made if not one.name.startswith("during ") and not _is_without_effect(one)]
