"""Reading an hour-long recording: memory and speed of our reader beside the standard library's `wave`.

    python benchmarks/memory.py --minutes 60

Each reader has a process of its own, so that its peak memory is its own (from /proc, so on Linux only: `getrusage`
would count what the parent held when it forked). Ours reads every byte once, in blocks, to
measure and hash it; `wave` is shown reading in blocks and, as it is mostly used, all at once, both hashing as well.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import wave
from pathlib import Path

from figures import heading, show

RATE_HZ = 8_000
READERS = {
    "nothing (interpreter and hashlib)": "pass",
    "scv_voicemail.audio.measure": """
from scv_voicemail.audio import measure
began = time.perf_counter()
seconds = measure(path).duration_seconds""",
    "wave, in blocks of 64 KiB": """
import wave
began = time.perf_counter()
digest = hashlib.sha256()
with wave.open(path) as file:
    while block := file.readframes(32768):
        digest.update(block)
    seconds = file.getnframes() / file.getframerate()""",
    "wave, readframes(getnframes())": """
import wave
began = time.perf_counter()
with wave.open(path) as file:
    hashlib.sha256(file.readframes(file.getnframes()))
    seconds = file.getnframes() / file.getframerate()""",
}
PROGRAM = """
import hashlib, json, sys, time
path = sys.argv[1]
began, seconds = time.perf_counter(), 0.0
{reader}
took = time.perf_counter() - began
peak = next(int(line.split()[1]) / 1024 for line in open("/proc/self/status") if line.startswith("VmHWM:"))
print(json.dumps(dict(took=took, peak=peak, seconds=seconds)))
"""
REPEATS = 5


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=int, default=60, help="length of the recording (default 60)")
    given = parser.parse_args()
    heading(f"A recording of {given.minutes} minutes, 8 kHz, 16 bit, mono; least of {REPEATS}")
    with tempfile.TemporaryDirectory(prefix="scv-voicemail-benchmark-") as folder:
        path = Path(folder, "long.wav")
        _write(path, given.minutes)
        megabytes = path.stat().st_size / 1e6
        found = {name: _read(reader, path) for name, reader in READERS.items()}
    bare = found.pop("nothing (interpreter and hashlib)")
    assert {round(one["seconds"]) for one in found.values()} == {60 * given.minutes}
    rows = [[name, megabytes / one["took"], one["peak"] - bare["peak"]] for name, one in found.items()]
    show(f"Reading {megabytes:.1f} MB", ["reader", "MB/s", "peak MB above a bare interpreter"], rows)
    print(f"\na bare interpreter: {bare['peak']:.1f} MB")


def _write(path: Path, minutes: int) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        for _ in range(minutes):
            file.writeframes(bytes(2 * RATE_HZ * 60))


def _read(reader: str, path: Path) -> dict[str, float]:
    """The quickest of several processes."""
    command = [sys.executable, "-c", PROGRAM.format(reader=reader), str(path)]
    tries = [
        json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout) for _ in range(REPEATS)
    ]
    return dict(min(tries, key=lambda one: one["took"]))


if __name__ == "__main__":
    main()
