"""The rehearsal's worst day: workers killed, copies handed in, the network broken; then the other side is counted."""

from __future__ import annotations

import subprocess
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from scv_voicemail.cli.rehearsal import LocalSalesforce, worker_command
from scv_voicemail.errors import VoicemailError
from scv_voicemail.voicemail import Voicemail

PATIENCE = {"timeout_seconds": 2, "patience_seconds": 3, "retry_base_seconds": 0.1, "probe_seconds": 0.5}
"""Shorter than in real life, so that a rehearsal takes seconds."""

KILLS = (
    ("create, after it took effect", "POST", "*/voiceCalls", True),
    ("the update that marks it, after it took effect", "PATCH", "*/voiceCalls/0LQ???????????????", True),
    ("the read-back", "GET", "*/query*", False),
    ("the transcript, after it took effect", "POST", "*/messages", True),
    ("the Omni-Channel flow, before it ran", "PATCH", "*/omniFlow", False),
    ("the Omni-Channel flow, after it ran", "PATCH", "*/omniFlow", True),
    ("the closing update, after it took effect", "PATCH", "*/voiceCalls/0LQ???????????????", True),
)
"""Where a worker is killed: it has sent the request and waits for the answer."""

NETWORK = (
    {"kind": "status", "status": 503, "method": "POST", "path": "*/voiceCalls"},
    {"kind": "reset_after_commit", "method": "POST", "path": "*/voiceCalls"},
    {"kind": "half_body", "method": "PATCH", "path": "*/voiceCalls/0LQ*"},
    {"kind": "rate_limited", "method": "POST", "path": "*/messages"},
    {"kind": "html_200", "method": "PATCH", "path": "*/omniFlow"},
    {"kind": "reset_after_commit", "method": "PATCH", "path": "*/omniFlow"},
    {"kind": "expired_session", "method": "GET", "path": "*/query*"},
    {"kind": "reset_before", "method": "GET", "path": "*/query*"},
    {"kind": "garbage_json", "method": "GET", "path": "*/query*", "skip": 3},
    {"kind": "never_answer", "method": "PATCH", "path": "*/voiceCalls/0LQ*", "after_commit": True},
)
"""What goes wrong between two machines, each once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """What the emulator holds afterwards; the connector is not asked."""

    voicemails: int
    copies: int
    kills: int
    network_faults: int
    lost: int
    duplicated: int
    surplus: dict[str, int]


def kill(local: LocalSalesforce, *, tell: Callable[[str], None]) -> int:
    """Kill one worker after another in the middle of a request; how many that were."""
    return sum(_kill_one(local, *place, tell=tell) for place in KILLS)


def break_network(local: LocalSalesforce, *, tell: Callable[[str], None]) -> int:
    """Let two workers finish while the network breaks; how many of the faults they ran into."""
    faults = {local.door("POST", "/faults", fault)["id"] for fault in NETWORK}
    tell(f"breaking the network in {len(NETWORK)} ways, then letting two workers finish")
    workers = [_start_worker(local) for _ in range(2)]
    for worker in workers:
        worker.communicate(timeout=120)
    return sum(bool(fault["hits"]) for fault in local.door("GET", "/faults") if fault["id"] in faults)


def count(
    local: LocalSalesforce, voicemails: Sequence[Voicemail], *, copies: int, kills: int, network_faults: int
) -> Count:
    """Count lost and doubled records by looking at every record of the emulator."""
    state = local.state()
    lost, surplus = 0, Counter[str]()
    for voicemail in voicemails:
        calls = [row for row in state.get("VoiceCall", ()) if row["VendorCallKey"] == voicemail.id]
        ids = {row["Id"] for row in calls}
        held = {
            "VoiceCall": (len(calls), 1),
            "VoiceCallRecording": (_belonging(state, "VoiceCallRecording", "VoiceCallId", ids), 1),
            "ConversationEntry": (
                _belonging(state, "ConversationEntry", "ConversationId", ids),
                len(voicemail.transcript.segments) if voicemail.transcript else 0,
            ),
            "routing": (
                _belonging(state, "PendingServiceRouting", "WorkItemId", ids)
                + _belonging(state, "AgentWork", "WorkItemId", ids),
                1,
            ),
        }
        lost += any(found < wanted for found, wanted in held.values())
        for name, (found, wanted) in held.items():
            surplus[name] += max(0, found - wanted)
    return Count(
        voicemails=len(voicemails),
        copies=copies,
        kills=kills,
        network_faults=network_faults,
        lost=lost,
        duplicated=surplus.total(),
        surplus=dict(surplus),
    )


def _belonging(state: dict[str, list[dict[str, Any]]], name: str, column: str, ids: set[str]) -> int:
    return sum(row.get(column) in ids for row in state.get(name, ()))


def _kill_one(
    local: LocalSalesforce,
    where: str,
    method: str,
    path: str,
    after_commit: bool,
    *,
    tell: Callable[[str], None],
) -> int:
    fault = local.door(
        "POST",
        "/faults",
        {"kind": "never_answer", "method": method, "path": path, "after_commit": after_commit, "seconds": 30},
    )
    worker = _start_worker(local)
    end = time.monotonic() + 30
    while not _hits(local, fault["id"]):
        if worker.poll() is not None or time.monotonic() > end:
            worker.kill()
            worker.communicate()
            raise VoicemailError(f"the worker never got as far as {where}")
        time.sleep(0.02)
    worker.kill()
    worker.communicate()
    tell(f"killed a worker in the middle of: {where}")
    return 1


def _start_worker(local: LocalSalesforce) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 - our own program
        worker_command(),
        env=local.environment(**PATIENCE),
        cwd=local.env_file.parent,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _hits(local: LocalSalesforce, fault_id: str) -> int:
    return next((int(fault["hits"]) for fault in local.door("GET", "/faults") if fault["id"] == fault_id), 0)
