"""A worker is killed at every moment of a voicemail's way; the next one finishes; then the local Salesforce is counted.

`scripts/crash-matrix` prints the whole table.
"""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from types import TracebackType
from typing import Any, Self

import pytest
from scv_emulator.server import Emulator
from scv_emulator.switches import Switches

from tests.scenarios.matrix import PESSIMIST, Found, left, look, settings_of, show

ROOT = Path(__file__).parents[2]
LANES = 4
TRIES = 3
"""A look that is repeated until Salesforce has caught up may be made less often in another run."""

PATIENCE = {"timeout_seconds": 10, "patience_seconds": 2.0, "retry_base_seconds": 0.05, "probe_seconds": 0.2}
KILLED = -signal.SIGKILL


class Workers:
    """Starts workers, one after the other, each in a process of its own."""

    def __enter__(self) -> Self:
        self._server = subprocess.Popen(
            [sys.executable, "-m", "tests.scenarios.crashing_worker"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.communicate(timeout=90)

    def run(self, job: dict[str, Any]) -> int:
        """How the worker ended: 0, or the signal that killed it as a negative number."""
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        print(json.dumps(job), file=self._server.stdin, flush=True)
        return int(self._server.stdout.readline())


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One death and what came of the voicemail."""

    moment: str
    killed: bool
    finished: str
    found: Found
    wrong: tuple[str, ...]

    @property
    def verdict(self) -> str:
        """One word, or what is wrong."""
        if self.wrong:
            return "; ".join(self.wrong)
        return "exactly once" if self.killed else "not reached"


def deliver_after_a_death(
    workers: Workers, folder: Path, moment: str | None, **switches: Any
) -> tuple[Cell, list[str]]:
    """Kill one worker at the moment, let the next finish, count. Also gives the moments of the life that finished."""
    folder.mkdir()
    with Emulator(switches=Switches(apply_delay_ms=60, **switches), folder=folder) as emulator:
        voicemail = left(folder, "crash-0001")
        return kill_and_finish(workers, emulator, {"voicemail": voicemail}, voicemail, folder=folder, moment=moment)


def take_from_a_folder_after_a_death(workers: Workers, folder: Path, moment: str | None) -> tuple[Cell, list[str]]:
    """The same, for a recording that lies in a watched folder; the folder is looked at, too."""
    spool = folder / "spool"
    spool.mkdir(parents=True)
    with Emulator(switches=Switches(apply_delay_ms=0), folder=folder) as emulator:
        voicemail = left(folder, "crash-0002")
        shutil.copy(voicemail["recording"], spool / "message.wav")
        data = {"from": voicemail["caller"], "to": "+18005550100", "id": voicemail["voicemail_id"]}
        data |= {name: voicemail[name] for name in ("received_at", "transcript")}
        (spool / "message.json").write_text(json.dumps(data), encoding="utf-8")
        cell, moments = kill_and_finish(
            workers, emulator, {"folder": str(spool)}, voicemail, folder=folder, moment=moment
        )
        lying = sorted(str(path.relative_to(spool)) for path in spool.rglob("*") if path.is_file())
        kept = sorted(path.name for path in emulator.files.recordings.iterdir())
    wrong = list(cell.wrong)
    wrong += [f"in the folder: {lying}"] if lying != ["done/message.json", "done/message.wav"] else []
    wrong += [f"kept: {kept}"] if kept != ["crash-0002.wav"] else []
    return Cell(**vars(cell) | {"wrong": tuple(wrong)}), moments


def kill_and_finish(
    workers: Workers,
    emulator: Emulator,
    work: dict[str, Any],
    voicemail: dict[str, Any],
    *,
    folder: Path,
    moment: str | None,
    targets: Sequence[str] = ("voice_call",),
) -> tuple[Cell, list[str]]:
    result = folder / "result.json"
    settings = settings_of(emulator, **PATIENCE | {"targets": list(targets)})
    job = work | {"settings": settings, "result": str(result), "kill_at": moment}
    wrong: list[str] = []
    ended = workers.run(job)
    if ended == KILLED:
        ended = workers.run(job | {"kill_at": None})
        killed = True
    else:
        killed = False
    if ended != 0:
        wrong.append(f"the worker ended with {ended}")
    told = json.loads(result.read_text(encoding="utf-8")) if result.exists() else {"runs": [], "moments": []}
    states = [run["state"] for run in told["runs"]]
    if states != ["delivered"] * len(targets):
        wrong.append(f"the journal says {states}: {[run['error'] for run in told['runs']]}")
    wrong += [f"warning: {warning}" for run in told["runs"] for warning in run["warnings"]]
    found = look(emulator, voicemail)
    cell = Cell(
        moment=moment or "never",
        killed=killed,
        finished=", ".join(states),
        found=found,
        wrong=(*wrong, *found.wrong),
    )
    return cell, told["moments"]


@pytest.fixture(scope="module")
def lanes() -> Iterator[SimpleQueue[Workers]]:
    """Fork servers that cells borrow; each cell has an emulator and a journal of its own."""
    with ExitStack() as stack:
        free: SimpleQueue[Workers] = SimpleQueue()
        for _ in range(LANES):
            free.put(stack.enter_context(Workers()))
        yield free


def play(
    lanes: SimpleQueue[Workers],
    folder: Path,
    one: Callable[[Workers, Path, str | None], tuple[Cell, list[str]]],
    moments: Sequence[str],
) -> list[Cell]:
    """One cell per moment, as many at a time as there are lanes."""

    def cell(number: int) -> Cell:
        workers = lanes.get()
        try:
            for attempt in range(TRIES):
                played, _ = one(workers, folder / f"{number}-{attempt}", moments[number])
                if played.killed or played.wrong:
                    break
        finally:
            lanes.put(workers)
        return played

    with ThreadPoolExecutor(LANES) as pool:
        return list(pool.map(cell, range(len(moments))))


def uninterrupted(
    lanes: SimpleQueue[Workers],
    folder: Path,
    one: Callable[[Workers, Path, str | None], tuple[Cell, list[str]]],
) -> list[str]:
    """The moments of a life without a death, which must have delivered."""
    workers = lanes.get()
    try:
        cell, moments = one(workers, folder / "uninterrupted", None)
    finally:
        lanes.put(workers)
    assert cell.wrong == ()
    return moments


def show_cells(title: str, cells: Sequence[Cell]) -> None:
    """The table: how it was killed, who finished, what the local Salesforce holds."""
    columns = ("killed", "finished by", "VoiceCall", "recording", "entries", "routings", "verdict")
    rows = [
        (cell.moment, "the next worker" if cell.killed else "the same", *cell.found.counts, cell.verdict)
        for cell in cells
    ]
    show(title, columns, rows)


def test_a_worker_killed_at_any_moment_leaves_exactly_one_voicemail(
    lanes: SimpleQueue[Workers], tmp_path: Path
) -> None:
    """SIGKILL before, during and after every call and every commit: delivered once, whole, and never parked."""
    moments = uninterrupted(lanes, tmp_path, deliver_after_a_death)
    calls = [moment for moment in moments if moment.startswith("after ") and " commit " not in moment]
    commits = [moment for moment in moments if moment.startswith("after ") and " commit " in moment]

    cells = play(lanes, tmp_path, deliver_after_a_death, moments)

    show_cells(f"Killed at {len(calls)} calls and {len(commits)} commits", cells)
    assert len(calls) >= 10
    assert len(commits) >= 8
    assert len(moments) == 3 * (len(calls) + len(commits))
    assert [f"{cell.moment}: {cell.verdict}" for cell in cells if cell.wrong] == []
    assert [cell.moment for cell in cells if not cell.killed and not _is_a_repeated_look(cell.moment)] == []


def _is_a_repeated_look(moment: str) -> bool:
    """A poll and the commits around it: how many there are depends on how fast the machine is."""
    return "confirm: " in moment or "verify: " in moment


def test_a_worker_killed_during_any_write_into_an_org_that_forgives_nothing(
    lanes: SimpleQueue[Workers], tmp_path: Path
) -> None:
    """Whatever is sent twice is there twice, and the request of the dead worker is carried out after its death."""
    one = partial(deliver_after_a_death, **PESSIMIST)
    alive = uninterrupted(lanes, tmp_path, one)
    moments = [moment for moment in alive if re.match(r"during \w+: (POST|PATCH) /voiceCalls", moment)]

    cells = play(lanes, tmp_path, one, moments)

    show_cells("An org that forgives nothing", cells)
    assert len(moments) >= 7
    assert [f"{cell.moment}: {cell.verdict}" for cell in cells if cell.wrong or not cell.killed] == []


def test_a_worker_killed_after_a_long_outage_leaves_exactly_one_routing(
    lanes: SimpleQueue[Workers], tmp_path: Path
) -> None:
    """Patience with the outage is over when the worker dies, yet what it sent last is still under way."""
    voicemail = left(tmp_path, "crash-0003")
    moment = "during route: PATCH /voiceCalls/{id}/omniFlow (3)"
    workers = lanes.get()

    with Emulator(switches=Switches(apply_delay_ms=60), folder=tmp_path) as emulator:
        emulator.fault("status", status=503, path="*/omniFlow", times=2)
        cell, _ = kill_and_finish(
            workers, emulator, {"voicemail": voicemail}, voicemail, folder=tmp_path, moment=moment
        )
    lanes.put(workers)

    assert (cell.killed, cell.wrong) == (True, ())


def test_a_worker_killed_while_it_takes_a_recording_in_neither_loses_nor_doubles_it(
    lanes: SimpleQueue[Workers], tmp_path: Path
) -> None:
    """Between copy, journal and move, at every file that is created or renamed: taken once, delivered once."""
    moments = [
        moment for moment in uninterrupted(lanes, tmp_path, take_from_a_folder_after_a_death) if " intake: " in moment
    ]
    told = "\n".join(moments)

    cells = play(lanes, tmp_path, take_from_a_folder_after_a_death, moments)

    show_cells(f"Killed at {len(moments)} moments of the intake", cells)
    assert told.index(".part to ") < told.index("during intake: commit accept") < told.index("spool/message.json to ")
    assert [f"{cell.moment}: {cell.verdict}" for cell in cells if cell.wrong or not cell.killed] == []
