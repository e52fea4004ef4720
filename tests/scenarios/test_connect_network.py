"""Every way in which AWS can fail, at every call that a voicemail's way makes to it; then org and bucket are counted.

`scripts/crash-matrix` prints the tables.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("moto", reason="the local AWS is built on moto, which is not installed")

from scv_emulator.aws.pump import NotSettled
from scv_voicemail.ports import RunState

from tests.scenarios.connect_bench import IVR, KVS, ConnectBench
from tests.scenarios.handlers_here import HandlersHere
from tests.scenarios.left_messages import Count, hung_up, sampled
from tests.scenarios.matrix import show


@dataclass(frozen=True, kw_only=True)
class Call:
    """One request to AWS: its path at the front door, how many alike come before it, and the way it is on."""

    path: str
    skip: int = 0
    module: str = IVR

    @property
    def name(self) -> str:
        """In words."""
        return f"{self.path.strip('/').replace('/', ' ')}{f' ({self.skip + 1})' if self.skip else ''}"


KEYS = Call(path="/ssm/GetParameter", skip=1)
"""The flow has read its own; the delivery reads them again."""
CALLS = (
    Call(path="/connect/DescribeContact"),
    Call(path="/s3/HeadObject"),
    Call(path="/s3/GetObject"),
    Call(path="/s3/PutObject"),
    Call(path="/sqs/SendMessage"),
    Call(path="/transcribe/GetTranscriptionJob"),
    Call(path="/transcribe/StartTranscriptionJob"),
    Call(path="/sqs/SendMessage", skip=1),
    Call(path="/transcribe/GetTranscriptionJob", skip=1),
    Call(path="/s3/GetObject", skip=1),
    KEYS,
    Call(path="/ssm/GetParameter", skip=2),
    Call(path="/s3/HeadObject", module=KVS),
    Call(path="/kinesisvideo/GetDataEndpoint", module=KVS),
    Call(path="/kinesisvideo/GetMedia", module=KVS),
    Call(path="/s3/PutObject", module=KVS),
)
"""Every call but those to the journal."""

ONCE: tuple[Mapping[str, Any], ...] = (
    {"kind": "rate_limited"},
    {"kind": "status", "status": 500},
    {"kind": "reset_after_commit"},
    {"kind": "never_answer", "seconds": 2, "after_commit": True},
    {"kind": "half_body"},
    {"kind": "status", "status": 503, "after_commit": True},
)
OF_THE_JOURNAL: tuple[Mapping[str, Any], ...] = (
    {"kind": "reset_after_commit", "times": 4},
    {"kind": "status", "status": 500, "after_commit": True, "times": 4},
    {"kind": "half_body"},
    {"kind": "rate_limited", "times": 4},
    {"kind": "reset_before", "times": 4},
)
"""The journal's own client tries four times; half an answer it takes for none at once."""
UNTIL_SOMEBODY_LOOKS_SECONDS = 1_800.0
DENIED: Mapping[str, Any] = {
    "kind": "status",
    "status": 403,
    "body": {"__type": "AccessDeniedException"},
    "times": None,
}


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A fault at a call, and what came of the voicemail."""

    call: Call
    fault: Mapping[str, Any]
    hits: int
    then: Count
    told: tuple[str, ...] = field(default=())

    @property
    def wrong(self) -> list[str]:
        """What must not be."""
        return [*self.then.wrong, *([] if self.hits else ["not reached"])]

    @property
    def name(self) -> str:
        """Call and fault in words."""
        after = ", carried out" if self.fault.get("after_commit") else ""
        return f"{self.call.name}: {self.fault['kind']} {self.fault.get('status', '')}{after}"


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[ConnectBench]:
    """boto3 does not try again by itself here: every fault is the connector's to mend."""
    functions = HandlersHere(tries=1, read_timeout_seconds=0.7)
    with ConnectBench(functions=functions, settings={"JOURNAL": str(tmp_path / "journal.db")}) as running:
        yield running


def play(bench: ConnectBench, call: Call, fault: Mapping[str, Any], *, schedules: bool = False) -> Cell:
    """One voicemail in front of one fault, and with `schedules` a sweep when the lease of whoever failed is over."""
    bench.forget()
    bench.aws.clear_faults()
    assert isinstance(bench.functions, HandlersHere)
    bench.functions.replace_sandboxes()
    # One way only, so that it is that way which has to get over it.
    alone: dict[str, Any] = {"streaming_allowed": False} if call.module == IVR else {}
    if alone:
        bench.aws.disturb("contact-record", "lose", times=None)
    set_up = bench.aws.fault(**{"times": 1, **fault}, path=call.path, skip=call.skip)
    bench.message(hung_up, module=call.module, **alone)
    with suppress(NotSettled):  # a stream is read again for a day
        bench.aws.settle(longest_wait_seconds=UNTIL_SOMEBODY_LOOKS_SECONDS)
    if schedules:
        bench.clock.advance(180)
        bench.aws.fire("SweepSchedule")
        bench.aws.settle()
    return Cell(call=call, fault=fault, hits=set_up.hits, then=bench.count())


def show_cells(title: str, cells: Sequence[Cell]) -> None:
    """The table."""
    columns = ("call", "fault", "struck", "meanwhile", "in the end")
    rows = [
        (cell.call.name, cell.name.partition(": ")[2], cell.hits, "; ".join(cell.told), cell.then.verdict)
        for cell in cells
    ]
    show(title, columns, rows)


def test_a_fault_of_aws_delays_a_voicemail_and_does_nothing_else(bench: ConnectBench) -> None:
    """Throttled, broken, cut off before or after it was done: exactly once, with its whole transcript."""
    cells = [play(bench, call, fault) for call, fault in sampled([(c, f) for f in ONCE for c in CALLS], every=7)]

    show_cells(f"{len(cells)} faults of AWS", cells)
    assert [f"{cell.name}: {cell.wrong}" for cell in cells if cell.wrong] == []
    assert bench.dead_letters() == []


def test_a_fault_of_the_journal_delays_a_voicemail_and_does_nothing_else() -> None:
    """DynamoDB throttles, breaks, answers too late: whether a commit was made is found out, not guessed."""
    functions = HandlersHere(tries=1, read_timeout_seconds=0.7)
    with ConnectBench(functions=functions) as bench:
        bench.message(hung_up)
        bench.aws.settle()
        assert bench.count().wrong == ()
        commits = sum(one.operation == "TransactWriteItems" for one in bench.aws.requests)
        calls = [Call(path="/dynamodb/TransactWriteItems", skip=skip) for skip in range(commits)]
        calls += [
            Call(path=f"/dynamodb/{name}", skip=skip) for name in ("GetItem", "Query") for skip in range(0, 20, 4)
        ]
        pairs = [(call, OF_THE_JOURNAL[number % len(OF_THE_JOURNAL)]) for number, call in enumerate(calls)]

        cells = [play(bench, call, fault, schedules=True) for call, fault in sampled(pairs, every=7)]

    show_cells(f"{len(cells)} faults of the journal", cells)
    assert commits >= 12
    assert [f"{cell.name}: {cell.wrong}" for cell in cells if cell.wrong] == []


def test_a_missing_right_is_seen_and_mended(bench: ConnectBench) -> None:
    """Access denied for as long as it takes somebody to notice: nothing is lost, and with the right it goes on."""
    denied = [call for call in CALLS if not call.skip or call == KEYS]

    cells = [_denied(bench, call) for call in sampled(denied[::-1], every=3)]

    show_cells("Access denied", cells)
    assert [f"{cell.name}: {cell.wrong}" for cell in cells if cell.wrong and not _is_told_without(cell)] == []
    assert [cell.name for cell in cells if not cell.told] == []


def _is_told_without(cell: Cell) -> bool:
    """Delivered without its transcript, with a warning that says why: nobody waits for a right to be given."""
    return cell.call.path.startswith("/transcribe/") and cell.then.mixed == 0 and "transcript" in "".join(cell.told)


def _denied(bench: ConnectBench, call: Call) -> Cell:
    """Deny, look who noticed, allow, and do what the guide for operators says."""
    assert isinstance(bench.functions, HandlersHere)
    before, letters = bench.functions.failed_records, len(bench.dead_letters())
    cell = play(bench, call, DENIED)
    (contact,) = bench.left
    told = [f"{run.state}: {run.last_error or run.warnings}" for run in bench.runs(contact)]
    failed = bench.functions.failed_records - before
    told += [f"{failed} failed records"] if failed else []
    told += [f"{len(bench.dead_letters()) - letters} dead letters"] if len(bench.dead_letters()) > letters else []
    bench.aws.clear_faults()
    bench.redrive()
    if any(run.state is RunState.PARKED for run in bench.runs(contact)):
        bench.journal.retry(contact, now=bench.clock.now())
    bench.aws.settle()
    bench.heal()
    return Cell(call=call, fault=DENIED, hits=cell.hits, then=bench.count(), told=tuple(told))
