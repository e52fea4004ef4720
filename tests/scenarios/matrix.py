"""What every matrix shares: the voicemail that is left, what an org must hold of it, and the table at the end."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.table import Table
from rich.text import Text
from scv_emulator.server import Emulator

from tests.builders import time_now
from tests.scenarios.simulation import held
from tests.wav_files import a_wav_file

CALLER = "+14155550142"
SPOKEN = (
    "Hello, this is Ada.",
    "I am calling about my order.",
    "It has not arrived.",
    "Please call me back.",
    "Thank you.",
    "Goodbye.",
)
"""Six utterances: more than one request of the bulk route takes."""

PESSIMIST: dict[str, bool | int | str] = {
    "duplicate_vendor_call_key": "create_another",
    "voicemail_close_clears_psr": True,
    "duplicate_message_id": "store",
    "repeat_recording": "append",
    "omni_flow_error_status": 200,
}
"""An org that forgives nothing: what is sent twice is there twice, and closing the call takes it out of its queue."""


def left(folder: Path, key: str, *, spoken: Sequence[str] = SPOKEN) -> dict[str, Any]:
    """The arguments of `Connector.submit` for a recording that a caller has left."""
    segments = [
        {"text": text, "start_ms": 200 * number, "end_ms": 200 * number + 150} for number, text in enumerate(spoken)
    ]
    return {
        "recording": str(a_wav_file(folder / f"{key}.wav", seconds=1.5)),
        "caller": CALLER,
        "voicemail_id": key,
        "received_at": (time_now() - timedelta(minutes=2)).isoformat(),
        "transcript": {"segments": segments},
    }


def settings_of(emulator: Emulator, **changes: Any) -> dict[str, Any]:
    """Settings that point at this emulator."""
    return {name.removeprefix("SCV_VOICEMAIL_").lower(): value for name, value in emulator.env().items()} | changes


@dataclass(frozen=True, kw_only=True)
class Found:
    """What an org holds of the one voicemail it was sent."""

    calls: int
    recordings: int
    entries: int
    routings: int
    wrong: tuple[str, ...]

    @property
    def counts(self) -> tuple[int, int, int, int]:
        """VoiceCalls, recordings, transcript entries and routings, as the table shows them."""
        return self.calls, self.recordings, self.entries, self.routings


def look(emulator: Emulator, voicemail: dict[str, Any]) -> Found:
    """Count and compare in the emulator's own state, once all that was sent has arrived; nobody asks the connector."""
    _let_everything_arrive(emulator)
    state = emulator.state()
    mine = held(state, voicemail["voicemail_id"])
    said = [one["text"] for one in voicemail["transcript"]["segments"]]
    audio = hashlib.sha256(Path(voicemail["recording"]).read_bytes()).hexdigest()
    wrong = [f"{row['VendorCallKey']} is not the key" for row in state.get("VoiceCall", ()) if row not in mine.calls]
    for call in mine.calls:
        wrong += [f"CallOrigin {call['CallOrigin']}"] if call["CallOrigin"] != "Voicemail" else []
        wrong += [f"CallDisposition {call['CallDisposition']}"] if call["CallDisposition"] != "completed" else []
    for row in mine.recordings:
        wrong += ["another audio"] if _heard(row["_recordingLocation"]) != audio else []
    entries = sorted(mine.entries, key=lambda row: row["_startMs"])
    wrong += ["transcript differs"] if [row["_text"] for row in entries] != said else []
    calls, recordings, entry_count, routings = mine.counts
    for name, number in (("VoiceCalls", calls), ("recordings", recordings), ("routings", routings)):
        wrong += [f"{number} {name}"] if number != 1 else []
    return Found(calls=calls, recordings=recordings, entries=entry_count, routings=routings, wrong=tuple(wrong))


def show(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table; `pytest -s` shows it, and so does every failure."""
    table = Table(*columns, title=title, title_justify="left")
    for row in rows:
        table.add_row(*(Text(str(cell)) for cell in row))
    Console(width=170, soft_wrap=True).print(table)


def _let_everything_arrive(emulator: Emulator) -> None:
    end = time.monotonic() + 30
    while any("latency" in one.get("fault", "") and one["status"] is None for one in emulator.requests()):
        assert time.monotonic() < end, "a late request was never carried out"
        time.sleep(0.02)
    emulator.advance(60)  # and what was accepted is applied


def _heard(location: str) -> str:
    answer = httpx.get(location, timeout=10)
    return hashlib.sha256(answer.content).hexdigest() if answer.is_success else f"HTTP {answer.status_code}"
