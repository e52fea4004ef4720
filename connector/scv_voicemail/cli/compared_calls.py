"""What became of a rehearsed call in AWS and Salesforce, beside what the caller did."""

from __future__ import annotations

import hashlib
import io
import wave
from array import array
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scv_voicemail.cli.rehearsal import CALLER, Comparison
from scv_voicemail.ports import RunState

if TYPE_CHECKING:
    from scv_voicemail.cli.rehearsal import LocalSalesforce
    from scv_voicemail.cli.rehearsed_calls import LocalConnect, PlacedCall
    from scv_voicemail.voicemail import Voicemail

RATE_HZ = 8_000
AROUND_SECONDS = 2
"""How much silence may lie around what was said: what a caller needs to begin and to press a key."""

QUIET = 200
"""No sample of silence is louder."""

SILENCE = f"silence, under {AROUND_SECONDS} s"


def compare_call(
    connect: LocalConnect,
    local: LocalSalesforce,
    call: PlacedCall,
    voicemail: Voicemail,
    *,
    said: Path,
    words: str,
    dialed: str,
) -> list[Comparison]:
    """What became of the call in AWS and Salesforce, beside what the caller did; counted over everything there is."""
    state = local.state()
    recordings = connect.recordings()
    kept = next((wav for key, wav in recordings.items() if call.contact_id in key), b"")
    found, around = _place(_samples(said.read_bytes()), _samples(kept) if kept else b"")
    runs = connect.journal().runs(voicemail_id=voicemail.id)
    failed = [f"{one['hop']} {one['outcome']}" for one in connect.deliveries() if _has_failed(one)]
    beep, marked = call.at("prompt", "beep"), _first_mark(local, call.contact_id)
    transcript = voicemail.transcript.text if voicemail.transcript else ""
    pairs: list[tuple[str, object, object]] = [
        ("caller, as called", CALLER, voicemail.caller),
        ("number, as dialed", dialed, voicemail.dialed_number),
        ("what was said after the beep", _digest(_samples(said.read_bytes())), _digest(found)),
        ("what else is recorded", SILENCE, around),
        ("what was understood", words, transcript),
        ("marked before the beep", True, bool(beep and marked and marked <= beep)),
        ("journal", [str(RunState.DELIVERED)], sorted({str(run.state) for run in runs})),
        ("functions that failed", [], failed),
        ("dead letters", 0, connect.dead_letters()),
        ("VoiceCalls in the org", 1, len(state["VoiceCall"])),
        ("recordings in our bucket", 1, len(recordings)),
        ("transcription jobs", 1, connect.transcription_jobs()),
    ]
    return [Comparison(name=name, expected=expected, found=value) for name, expected, value in pairs]


def routed_to(local: LocalSalesforce) -> list[str]:
    """The queues in which voicemails wait for a rep right now."""
    state = local.state()
    names = {one["Id"]: one["Name"] for one in state["Group"]}
    return [names.get(one["GroupId"], "?") for one in state.get("PendingServiceRouting", [])]


def _first_mark(local: LocalSalesforce, contact_id: str) -> datetime | None:
    """When the org was first told that the call is a voicemail."""
    for one in local.door("GET", f"/requests?path=*/voiceCalls/{contact_id}&method=PATCH"):
        if isinstance(one["body"], dict) and one["body"].get("callOrigin") == "Voicemail" and one["status"] == 202:
            return datetime.fromtimestamp(one["at"] / 1000, UTC)
    return None


def _has_failed(delivery: Mapping[str, Any]) -> bool:
    return str(delivery["hop"]).startswith("function:") and delivery["outcome"] != "done"


def _samples(wav: bytes) -> bytes:
    with wave.open(io.BytesIO(wav)) as file:
        frames: bytes = file.readframes(file.getnframes())
    return frames


def _place(said: bytes, kept: bytes) -> tuple[bytes, str]:
    """The part of a recording that is what was said, sample for sample, and what lies around it."""
    at = kept.find(said)
    while at > 0 and at % 2:  # between two samples
        at = kept.find(said, at + 1)
    if at < 0:
        return kept, "not to be told apart"
    rest = array("h", kept[:at] + kept[at + len(said) :])
    seconds = len(rest) / RATE_HZ
    loud = max(rest, default=0) > QUIET or min(rest, default=0) < -QUIET
    if loud or seconds >= AROUND_SECONDS:
        return said, f"{'sound' if loud else 'silence'}, {seconds:.1f} s"
    return said, SILENCE


def _digest(samples: bytes) -> str:
    return f"sha256 {hashlib.sha256(samples).hexdigest()}"
