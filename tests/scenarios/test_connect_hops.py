"""Between Amazon Connect and Salesforce everything comes twice, late, in the wrong order or not at all; then we count.

Two callers leave a message in every cell. `scripts/crash-matrix` prints the tables.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

pytest.importorskip("moto", reason="the local AWS is built on moto, which is not installed")

from tests.scenarios.connect_bench import IVR, KVS, ConnectBench
from tests.scenarios.left_messages import Count, hung_up, sampled, sent
from tests.scenarios.matrix import show


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """One thing that goes wrong at a hop, for calls of one module; `call` are more arguments of these."""

    hop: str
    kind: str
    module: str = IVR
    details: dict[str, Any] = field(default_factory=dict)
    call: dict[str, Any] = field(default_factory=dict)
    also_lost: str = ""

    @property
    def name(self) -> str:
        """In words."""
        told = " ".join(f"{name} {value}" for name, value in self.details.items())
        return f"{self.hop} {self.kind} {told}".strip()


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A trouble, how often it struck, and what was there then, and when the schedules had had their turn."""

    trouble: Trouble
    hits: int
    before: Count
    after: Count
    dead_letters: int

    @property
    def wrong(self) -> list[str]:
        """What must not be."""
        wrong = list(self.after.wrong)
        wrong += [] if self.hits else ["it did not strike"]
        wrong += [f"{self.dead_letters} dead letters"] if self.dead_letters else []
        wrong += ["doubled or mixed on the way"] if self.before.doubled or self.before.mixed else []
        return wrong


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConnectBench]:
    """The journal is a file: that of DynamoDB keeps the same contract, and takes moto eight times as long."""
    journal = tmp_path_factory.mktemp("journal") / "journal.db"
    with ConnectBench(settings={"JOURNAL": str(journal)}) as running:
        running.message(sent)
        running.aws.settle()
        assert running.count().wrong == ()
        yield running


def play(bench: ConnectBench, troubles: Sequence[Trouble], *, schedules: bool) -> list[Cell]:
    """One cell after the other; with `schedules`, each ends with a sweep and a look through the recordings."""
    return [_play(bench, trouble, schedules=schedules) for trouble in troubles]


def _play(bench: ConnectBench, trouble: Trouble, *, schedules: bool) -> Cell:
    bench.forget()
    letters = len(bench.dead_letters())
    disturbed = bench.aws.disturb(trouble.hop, trouble.kind, **trouble.details)
    if trouble.also_lost:
        bench.aws.disturb(trouble.also_lost, "lose", times=None)
    for script in (sent, hung_up):
        bench.message(script, module=trouble.module, **trouble.call)
    bench.aws.settle()
    before = after = bench.count()
    if schedules:
        bench.heal()
        after = bench.count()
    letters = len(bench.dead_letters()) - letters
    return Cell(trouble=trouble, hits=disturbed.hits, before=before, after=after, dead_letters=letters)


def show_cells(title: str, cells: Sequence[Cell]) -> None:
    """The table."""
    columns = ("hop", "what", "way", "struck", "lost", "doubled", "mixed", "by events alone", "in the end")
    rows = [
        (
            cell.trouble.hop,
            cell.trouble.kind,
            "KVS" if cell.trouble.module == KVS else "IVR",
            cell.hits,
            cell.after.lost,
            cell.after.doubled,
            cell.after.mixed,
            cell.before.verdict,
            "; ".join(cell.wrong) or cell.after.verdict,
        )
        for cell in cells
    ]
    show(title, columns, rows)


OF_RECORDINGS = ("recording", "event:aws.s3", "rule:RecordingStoredRule", "queue:RecordingEventsQueue")
OF_RECORDS = ("contact-record", "stream:ContactRecordFunction")
OF_ALL = ("queue:DoorbellQueue", "transcribe", "event:aws.transcribe")
DELAY = {"seconds": 900.0}
FOR_EVER = {"times": None}
NO_STREAM = {"streaming_allowed": False}


def test_what_comes_twice_late_or_in_the_wrong_order_changes_nothing(bench: ConnectBench) -> None:
    """Every hop of both ways: each message is there once, as it was said, without any help from the schedules."""
    kinds: dict[str, dict[str, Any]] = {"duplicate": FOR_EVER, "reorder": {}, "delay": DELAY}
    hops = [*((IVR, hop) for hop in (*OF_RECORDINGS, *OF_RECORDS, *OF_ALL)), *((KVS, hop) for hop in OF_RECORDS)]
    troubles = [
        Trouble(hop=hop, kind=kind, module=module, details=details)
        for module, hop in hops
        for kind, details in kinds.items()
        if kind == "duplicate" or not hop.startswith("stream:")  # a shard keeps its order
    ]

    cells = play(bench, sampled(troubles, every=2), schedules=False)

    show_cells("Twice, late, in the wrong order", cells)
    assert [f"{cell.trouble.name}: {cell.wrong}" for cell in cells if cell.wrong] == []


def test_what_never_comes_is_found_by_the_schedules(bench: ConnectBench) -> None:
    """Recording events, doorbells, the end of a transcription: the sweep and the reconciliation need none of them."""
    lost = [
        *(
            Trouble(hop=hop, kind="lose", details=FOR_EVER, call=NO_STREAM, also_lost="contact-record")
            for hop in OF_RECORDINGS[1:]
        ),
        Trouble(hop="queue:DoorbellQueue", kind="lose", details=FOR_EVER),
        Trouble(hop="queue:DoorbellQueue", kind="lose", details=FOR_EVER, module=KVS),
        Trouble(hop="queue:DoorbellQueue", kind="lose", details={"times": None, "skip": 2}),
        Trouble(hop="event:aws.transcribe", kind="lose", details=FOR_EVER),
    ]

    cells = play(bench, lost, schedules=True)

    show_cells("Lost", cells)
    assert [f"{cell.trouble.name}: {cell.wrong}" for cell in cells if cell.wrong] == []
    # Without the schedules they would have been lost: what the cells show is theirs.
    unheard = [cell.trouble.hop for cell in cells if cell.before.lost]
    assert unheard == [*OF_RECORDINGS[1:], *["queue:DoorbellQueue"] * 3]


def test_one_way_in_is_enough(bench: ConnectBench) -> None:
    """A recording that is never stored is taken from the stream; a contact record that never comes is not missed."""
    lost = [
        Trouble(hop="recording", kind="lose", details=FOR_EVER),
        Trouble(hop="event:aws.s3", kind="lose", details=FOR_EVER),
        Trouble(hop="contact-record", kind="lose", details=FOR_EVER),
    ]

    cells = play(bench, lost, schedules=False)

    show_cells("One of two ways", cells)
    assert [f"{cell.trouble.name}: {cell.wrong}" for cell in cells if cell.wrong] == []


def test_a_function_that_dies_or_is_not_started_is_started_again(bench: ConnectBench) -> None:
    """Before its work, after it, or throttled: the event comes again, and finds what is done already."""
    functions = {
        "RecordingStoredFunction": IVR,
        "ContactRecordFunction": KVS,
        "DeliverFunction": IVR,
        "TranscriptionFinishedFunction": IVR,
        "FlowCallFunction": IVR,
    }
    troubles = [
        Trouble(
            hop=f"function:{name}",
            kind=kind,
            module=module,
            details={"times": 3},
            call={"uncut": name == "FlowCallFunction"},  # it would have dated the message
        )
        for name, module in functions.items()
        for kind in ("throttle", "kill_before", "kill_after")
    ]

    cells = play(bench, sampled(troubles, every=2), schedules=False)

    show_cells("Functions", cells)
    assert [f"{cell.trouble.name}: {cell.wrong}" for cell in cells if cell.wrong] == []


def test_schedules_that_fire_twice_or_die_do_no_harm(bench: ConnectBench) -> None:
    """Two sweeps and two reconciliations over what is under way, the first of which dies when it has done its work."""
    bench.forget()
    for hop in ("event:aws.s3", "contact-record", "queue:DoorbellQueue"):
        bench.aws.disturb(hop, "lose", times=None)
    for script in (sent, hung_up):
        bench.message(script, **NO_STREAM)
    bench.aws.settle()
    assert bench.count().lost == 2
    bench.aws.account.disturbances.clear()
    died = bench.aws.disturb("function:SweepFunction", "kill_after", times=2)

    for schedule in ("ReconcileSchedule", "SweepSchedule") * 2:
        bench.clock.advance(16 * 60)
        bench.aws.fire(schedule)
        bench.aws.settle()

    assert died.hits == 2
    assert bench.count().wrong == ()
