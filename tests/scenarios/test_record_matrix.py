"""The crash and network matrices for a voicemail that goes to every target: killed and broken at every record's call.

`scripts/crash-matrix` prints these tables, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest
from scv_emulator.server import Emulator
from scv_emulator.switches import Switches
from scv_voicemail.ports import Run, RunState

from tests.scenarios import test_crash_matrix as crash
from tests.scenarios import test_network_matrix as network
from tests.scenarios.matrix import left, show
from tests.scenarios.record_org import ALL_TARGETS, deliver, deploy, look_everywhere

_RECORD_STEP = re.compile(r"(before|during|after) ((case|custom_object) \w+|link): (?P<what>.+)")
_LOOK = re.compile(r"GET ")

CALLS: dict[str, dict[str, Any]] = {
    "who called": {"method": "GET", "path": "*/query*"},
    "describe Case": {"method": "GET", "path": "*/Case/describe"},
    "look for the Case": {"method": "GET", "path": "*/query*", "skip": 2},
    "create Case": {"method": "POST", "path": "*/sobjects/Case/"},
    "create record": {"method": "POST", "path": "*/sobjects/Voicemail__c/"},
    "look for links": {"method": "GET", "path": "*/query*", "skip": 3},
    "link Case": {"method": "PATCH", "path": "*/sobjects/Case/500*"},
    "link record": {"method": "PATCH", "path": "*/sobjects/Voicemail__c/a0*"},
    "link VoiceCall": {"method": "PATCH", "path": "*/sobjects/VoiceCall/0LQ*"},
}
"""The calls that records add to the sequence; queries can only be told apart by their number."""

OBJECTS = {"case": "Case", "custom_object": "Voicemail__c"}
CREATES = {name: CALLS[name] for name in ("create Case", "create record")}


def deliver_everywhere_after_a_death(
    workers: crash.Workers, folder: Path, moment: str | None, **switches: Any
) -> tuple[crash.Cell, list[str]]:
    """Kill one worker at the moment, let the next finish, count VoiceCalls, Cases and records, follow every link."""
    folder.mkdir()
    with Emulator(switches=Switches(apply_delay_ms=60, **switches), folder=folder) as emulator:
        deploy(emulator)
        voicemail = left(folder, "crash-0004")
        cell, moments = crash.kill_and_finish(
            workers,
            emulator,
            {"voicemail": voicemail},
            voicemail,
            folder=folder,
            moment=moment,
            targets=ALL_TARGETS,
        )
        wrong = (*cell.wrong, *look_everywhere(emulator, voicemail))
    return replace(cell, wrong=tuple(dict.fromkeys(wrong))), moments


@pytest.fixture(scope="module")
def lanes() -> Iterator[SimpleQueue[crash.Workers]]:
    """Fork servers that cells borrow."""
    with ExitStack() as stack:
        free: SimpleQueue[crash.Workers] = SimpleQueue()
        for _ in range(crash.LANES):
            free.put(stack.enter_context(crash.Workers()))
        yield free


def test_a_worker_killed_at_any_moment_leaves_one_record_per_target_and_every_link(
    lanes: SimpleQueue[crash.Workers], tmp_path: Path
) -> None:
    """SIGKILL around every write and commit of the record targets, and during every look of theirs."""
    everything = crash.uninterrupted(lanes, tmp_path, deliver_everywhere_after_a_death)
    found = [match for match in map(_RECORD_STEP.fullmatch, everything) if match]
    moments = [match[0] for match in found if match[1] == "during" or not _LOOK.match(match["what"])]
    told = "\n".join(moments)

    cells = crash.play(lanes, tmp_path, deliver_everywhere_after_a_death, moments)

    crash.show_cells(f"Killed at {len(moments)} moments of the record targets", cells)
    assert len(moments) >= 60
    assert "during case save: POST" in told
    assert "after custom_object save: POST" in told
    assert "during link: PATCH" in told
    assert [f"{cell.moment}: {cell.verdict}" for cell in cells if cell.wrong or not cell.killed] == []


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One fault at one call, and what came of the voicemail in all its targets."""

    call: str
    fault: Mapping[str, Any]
    hits: int
    runs: Mapping[str, Run]
    wrong: tuple[str, ...]

    @property
    def verdict(self) -> str:
        """As the table shows it."""
        states = ", ".join(f"{name} {run.state}" for name, run in self.runs.items() if run.state != "delivered")
        return "; ".join([states or "exactly once", *self.wrong, *([] if self.hits else ["not reached"])])


def play(folder: Path, cells: Sequence[tuple[str, Mapping[str, Any], Mapping[str, Any]]], **changes: Any) -> list[Cell]:
    """Deliver one voicemail to every target per (name of a call, call, fault), each into an org of its own."""

    def one(number: int, name: str, call: Mapping[str, Any], fault: Mapping[str, Any]) -> Cell:
        place = folder / f"{number}"
        place.mkdir()
        with Emulator(switches=Switches(apply_delay_ms=0), folder=place) as emulator:
            deploy(emulator)
            emulator.fault(**{"times": 1} | fault | call)
            runs = deliver(emulator, left(place, "network-0002"), **network.PATIENCE | changes)
            hits = emulator.faults()[0]["hits"]
            emulator.clear_faults()
            wrong = look_everywhere(emulator, left(place, "network-0002"))
        return Cell(call=name, fault=fault, hits=hits, runs=runs, wrong=tuple(wrong))

    with ThreadPoolExecutor(network.AT_ONCE) as pool:
        return list(pool.map(lambda numbered: one(numbered[0], *numbered[1]), enumerate(cells)))


def show_cells(title: str, cells: Sequence[Cell]) -> None:
    """The table."""
    rows = [(cell.call, network.in_words(cell.fault), cell.verdict) for cell in cells]
    show(title, ("call", "fault", "verdict"), rows)


def test_a_fault_at_any_call_of_a_record_delays_it_and_does_nothing_else(tmp_path: Path) -> None:
    """Each fault once at each call: one record per target, all links, nothing parked, no warning."""
    cells = play(tmp_path, network.product(CALLS, network.ONCE))

    show_cells(f"{len(network.ONCE)} faults at {len(CALLS)} calls of records, each once", cells)
    assert [f"{cell.call}, {network.in_words(cell.fault)}: {cell.verdict}" for cell in cells if bad(cell)] == []


def bad(cell: Cell) -> bool:
    """Lost, doubled, not linked, parked, warned about, or not broken at all."""
    runs = cell.runs.values()
    return bool(
        cell.wrong
        or not cell.hits
        or any(run.state is not RunState.DELIVERED for run in runs)
        or any(run.warnings for run in runs)
    )


def test_a_refusal_that_stays_parks_its_own_target_with_what_to_do(tmp_path: Path) -> None:
    """The vendor's status, a next step, no second record; and the other targets are delivered."""
    forever = [fault | {"times": None} for fault in network.FOREVER]

    cells = play(tmp_path, network.product(CREATES, forever), targets=("case", "custom_object"), **network.NOT_FOR_LONG)

    show_cells("Refused for ever", cells)
    for cell in cells:
        refused, other = ("case", "custom_object") if cell.call == "create Case" else ("custom_object", "case")
        run = cell.runs[refused]
        assert run.state is RunState.PARKED, cell
        assert network.can_be_acted_on(run.last_error), run.last_error
        assert str(cell.fault.get("status", "")) in run.last_error
        assert cell.runs[other].state is RunState.DELIVERED
        assert (f"0 {OBJECTS[refused]}" in cell.wrong, f"0 {OBJECTS[other]}" in cell.wrong) == (True, False)


def test_a_create_that_is_carried_out_late_does_not_make_a_second_record(tmp_path: Path) -> None:
    """The connector has given up waiting, looked, and creates: the unique key decides, whoever comes first."""
    slow = [{"kind": "latency", "latency_ms": late} for late in (1_200, 1_500, 2_000, 2_500)]

    cells = play(tmp_path, network.product(CREATES, slow))

    assert [f"{cell.call}, {cell.fault}: {cell.verdict}" for cell in cells if bad(cell)] == []
