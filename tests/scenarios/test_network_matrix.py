"""Every way in which the network or Salesforce can fail, at every call of a voicemail's way; then the org is counted.

`scripts/crash-matrix` prints these tables, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scv_emulator.seed import Queue, Seed
from scv_emulator.server import Emulator
from scv_emulator.switches import Switches
from scv_voicemail.ports import Run, RunState
from scv_voicemail.settings import Settings
from scv_voicemail.wiring import connect

from tests.scenarios.matrix import PESSIMIST, SPOKEN, Found, left, look, settings_of, show

AT_ONCE = 24
PATIENCE = {"timeout_seconds": 1.0, "patience_seconds": 3.0, "retry_base_seconds": 0.05, "probe_seconds": 0.1}
NOT_FOR_LONG = {"horizon_hours": 15 / 3600, "retry_cap_seconds": 0.5, "patience_seconds": 1.5}
"""With these a human is called after fifteen seconds instead of three days."""

LATE_MS = 1_500
"""Longer than the connector waits for an answer, shorter than it waits before it sends again."""

CALLS: dict[str, dict[str, Any]] = {
    "token": {"method": "POST", "path": "*/oauth2/token"},
    "create": {"method": "POST", "path": "*/voiceCalls"},
    "mark": {"method": "PATCH", "path": "*/voiceCalls/0LQ???????????????"},
    "messages": {"method": "POST", "path": "*/messages"},
    "omniFlow": {"method": "PATCH", "path": "*/omniFlow"},
    "finalize": {"method": "PATCH", "path": "*/voiceCalls/0LQ???????????????", "skip": 1},
}
"""The calls of the sequence; the queries between them are counted, see `queries`."""

ONCE: tuple[dict[str, Any], ...] = (
    {"kind": "status", "status": 500},
    {"kind": "status", "status": 502},
    {"kind": "status", "status": 503},
    {"kind": "status", "status": 503, "after_commit": True},
    {"kind": "latency", "latency_ms": LATE_MS},
    {"kind": "never_answer", "seconds": 5},
    {"kind": "never_answer", "seconds": 5, "after_commit": True},
    {"kind": "reset_before"},
    {"kind": "reset_after_commit"},
    {"kind": "half_body"},
    {"kind": "html_200"},
    {"kind": "html_200", "after_commit": True},
    {"kind": "expired_session"},
    {"kind": "rate_limited", "retry_after_seconds": 1},
    {"kind": "garbage_json"},
    {"kind": "garbage_json", "after_commit": True},
    {"kind": "empty_200"},
)
DOUBTFUL = tuple(one for one in ONCE if one.get("after_commit") or one["kind"] in ("latency", "half_body", "html_200"))
"""Those after which the connector cannot know whether the request was carried out."""

FOREVER: tuple[dict[str, Any], ...] = (
    {"kind": "status", "status": 400, "body": {"code": "INVALID_INPUT", "message": "something in it is wrong"}},
    {"kind": "status", "status": 401, "body": {"code": "UNAUTHORIZED", "message": "who are you"}},
    {"kind": "status", "status": 403, "body": {"code": "FORBIDDEN", "message": "not you"}},
    {"kind": "status", "status": 404, "body": {"code": "NOT_FOUND", "message": "not here"}},
    {"kind": "status", "status": 503},
    {"kind": "rate_limited", "retry_after_seconds": 1},
    {"kind": "empty_200"},
)


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One fault at one call, and what came of the voicemail."""

    call: str
    fault: Mapping[str, Any]
    hits: int
    run: Run
    found: Found

    @property
    def delivered(self) -> bool:
        """What the connector says."""
        return self.run.state is RunState.DELIVERED

    @property
    def wrong(self) -> list[str]:
        """What should not be: doubled, told but not held, or stuck without a reason to act on."""
        if self.delivered:
            missing = self.found.wrong == ("transcript differs",) and self.found.entries < len(SPOKEN)
            return [] if missing and self.run.warnings else list(self.found.wrong)
        wrong = [] if max(self.found.calls, self.found.recordings, self.found.routings) <= 1 else ["doubled"]
        if self.run.state is not RunState.PARKED:
            return [*wrong, f"{self.run.state}: {self.run.last_error}"]
        status = self.fault.get("status") or {"rate_limited": 429, "expired_session": 401}.get(self.fault["kind"])
        told = status is None or f"HTTP {status}" in self.run.last_error
        clear = told and can_be_acted_on(self.run.last_error)
        return wrong if clear else [*wrong, f"parked: {self.run.last_error!r}"]

    @property
    def verdict(self) -> str:
        """As the table shows it."""
        if self.wrong:
            return f"WRONG: {'; '.join(self.wrong)}"
        if not self.hits:
            return "not reached"
        if self.delivered:
            return "; ".join(["exactly once", *(f"warned: {warning}" for warning in self.run.warnings)])
        return f"parked: {self.run.last_error}"

    @property
    def name(self) -> str:
        """Call and fault in words."""
        return f"{self.call}: {in_words(self.fault)}"


def can_be_acted_on(reason: str) -> bool:
    return "Next: " in reason and "Next: nothing" not in reason


def in_words(fault: Mapping[str, Any]) -> str:
    status = f" {fault['status']}" if "status" in fault else ""
    when = ", carried out" if fault.get("after_commit") else ""
    return f"{fault['kind']}{status}{when}{', for ever' if fault.get('times', 1) is None else ''}"


def queries(folder: Path, **switches: Any) -> dict[str, dict[str, Any]]:
    """The queries of a voicemail that nothing happens to, by number: faults cannot tell them apart otherwise."""
    with Emulator(switches=Switches(apply_delay_ms=100, **switches), folder=folder) as emulator:
        assert _deliver(emulator, folder, SPOKEN).state is RunState.DELIVERED
        made = emulator.requests(path="/query", method="GET")
    assert len(made) >= 5
    return {f"query {number + 1}": {"method": "GET", "path": "*/query*", "skip": number} for number in range(len(made))}


def _deliver(emulator: Emulator, folder: Path, spoken: Sequence[str], **changes: Any) -> Run:
    voicemail = left(folder, "network-0001", spoken=spoken)
    settings = Settings(_env_file=None, **settings_of(emulator, **PATIENCE | changes))
    with connect(settings) as connector:
        connector.submit(**voicemail)
        return connector.deliver(voicemail["voicemail_id"], wait_seconds=90)[0]


def play(
    folder: Path,
    cells: Iterable[tuple[str, Mapping[str, Any], Mapping[str, Any]]],
    *,
    spoken: Sequence[str] = SPOKEN,
    patience: Mapping[str, float] | None = None,
    **switches: Any,
) -> list[Cell]:
    """Deliver one voicemail per (name of a call, call, fault), each into an org of its own."""

    def one(numbered: tuple[int, tuple[str, Mapping[str, Any], Mapping[str, Any]]]) -> Cell:
        number, (name, call, fault) = numbered
        place = folder / f"{number}"
        place.mkdir()
        with Emulator(switches=Switches(apply_delay_ms=100, **switches), folder=place) as emulator:
            emulator.fault(**{"times": 1} | fault | call)
            run = _deliver(emulator, place, spoken, **patience or {})
            hits = emulator.faults()[0]["hits"]
            emulator.clear_faults()
            found = look(emulator, left(place, "network-0001", spoken=spoken))
        return Cell(call=name, fault=fault, hits=hits, run=run, found=found)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(one, enumerate(cells)))


def product(
    calls: Mapping[str, Mapping[str, Any]], faults: Sequence[Mapping[str, Any]]
) -> list[tuple[str, Mapping[str, Any], Mapping[str, Any]]]:
    """Every fault at every call."""
    return [(name, call, fault) for name, call in calls.items() for fault in faults]


def show_cells(title: str, cells: Sequence[Cell]) -> None:
    """The table."""
    columns = ("call", "fault", "VoiceCall", "recording", "entries", "routings", "verdict")
    show(title, columns, [(cell.call, in_words(cell.fault), *cell.found.counts, cell.verdict) for cell in cells])


def wrong(cells: Iterable[Cell]) -> list[str]:
    """What is wrong, cell by cell; a query that is a repeated look may not have been made."""
    missed = [cell for cell in cells if not cell.hits and not cell.call.startswith("query ")]
    return [f"{cell.name}: {cell.verdict}" for cell in cells if cell.wrong or cell in missed]


def test_a_fault_at_any_call_delays_a_voicemail_and_does_nothing_else(tmp_path: Path) -> None:
    """Each fault once at each call: delivered exactly once, with its whole transcript."""
    calls = CALLS | queries(tmp_path)

    cells = play(tmp_path, product(calls, ONCE))

    show_cells(f"{len(ONCE)} faults at {len(calls)} calls, each once", cells)
    assert wrong(cells) == []
    assert [cell.name for cell in cells if not cell.delivered] == []
    assert [cell.name for cell in cells if cell.delivered and cell.found.entries != len(SPOKEN)] == []


def test_a_short_transcript_survives_every_fault_of_its_own_route(tmp_path: Path) -> None:
    """One utterance takes the route for single transcripts; sent twice, it would be there twice."""
    spoken = SPOKEN[:1]

    cells = play(tmp_path, product({"messages": CALLS["messages"]}, ONCE), spoken=spoken, duplicate_message_id="store")

    show_cells("A transcript of one utterance", cells)
    assert [f"{cell.name}: {cell.verdict}" for cell in cells if not cell.delivered or cell.found.wrong] == []


def test_a_refusal_that_stays_is_delivered_around_or_parked_with_what_to_do(tmp_path: Path) -> None:
    """A refused transcript is uploaded later; anything else parks with the vendor's word and a next step."""
    calls = CALLS | {"queries": {"method": "GET", "path": "*/query*"}}
    forever = [fault | {"times": None} for fault in FOREVER]

    cells = play(tmp_path, product(calls, forever), patience=NOT_FOR_LONG)

    show_cells("Refused for ever", cells)
    assert wrong(cells) == []
    assert [
        cell.name
        for cell in cells
        if cell.call == "messages" and cell.fault.get("status") != 401 and (not cell.delivered or cell.found.wrong)
    ] == []
    assert [cell.name for cell in cells if cell.call != "messages" and cell.delivered] == []


def test_an_org_that_forgives_nothing_still_gets_each_thing_once(tmp_path: Path) -> None:
    """Repeats are doubled there and closing clears the queue: every doubtful answer at every write, counted."""
    writes = {name: call for name, call in CALLS.items() if name != "token"}

    cells = play(tmp_path, product(writes, DOUBTFUL), **PESSIMIST)

    show_cells("An org that forgives nothing", cells)
    assert [f"{cell.name}: {cell.verdict}" for cell in cells if not cell.delivered or cell.found.wrong] == []


def test_routing_errors_inside_a_success_are_not_a_delivery(tmp_path: Path) -> None:
    """The queue is not mapped to the telephony system: whatever status says so, the voicemail is parked, not routed."""
    seed = Seed(queues=(Queue(developer_name="Voicemail"), Queue(developer_name="Live_Calls")))
    parked = []
    for status in (200, 400):
        place = tmp_path / str(status)
        switches = Switches(apply_delay_ms=0, omni_flow_error_status=status)
        with Emulator(seed=seed, switches=switches, folder=place) as emulator:
            run = _deliver(emulator, place, SPOKEN[:1], **NOT_FOR_LONG)
            found = look(emulator, left(place, "network-0001", spoken=SPOKEN[:1]))
        parked.append((run.state, found.routings, "not mapped" in run.last_error, can_be_acted_on(run.last_error)))

    assert parked == [(RunState.PARKED, 0, True, True)] * 2
