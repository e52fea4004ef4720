"""Reading a voicemail out of a Kinesis video stream: speed and memory of our reader beside FFmpeg's and ebmlite's.

    python benchmarks/kvs_reader.py --minutes 3 10

The stream is generated in the shape that Amazon Connect writes: one document per second, two tracks of 8 kHz in turn.
Each reader has a process of its own and writes the caller's samples to a file, which must all be the same. Ours gets
the stream in chunks of 32 KiB, as from a connection; FFmpeg (PyAV) and ebmlite read the file. Ours alone looks at the
tags: whose call it is, where the message ends, which byte order it has.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import subprocess
import sys
import tempfile
from array import array
from pathlib import Path

from figures import heading, show

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.mkv_files import CONTACT, FIRST_NUMBER, a_fragment

READERS = {
    "nothing (interpreter)": "",
    "scv_voicemail, chunks of 32 KiB": """
from scv_voicemail.intake.kinesis_video import write_customer_audio
began = time.perf_counter()
with open(path, "rb") as file, open(target, "wb") as out:
    write_customer_audio(iter(lambda: file.read(32768), b""), out, contact_id=contact, stop_number=last)""",
    "PyAV (FFmpeg), demuxing the file": """
import av
began = time.perf_counter()
with av.open(path, format="matroska") as container, open(target, "wb") as out:
    for packet in container.demux(container.streams[0]):
        if packet.size:
            out.write(bytes(packet))""",
    "ebmlite, the file": """
import ebmlite
schema = ebmlite.loadSchema("matroska.xml")
began = time.perf_counter()
with schema.load(path) as document, open(target, "wb") as out:
    for segment in document:
        for cluster in segment if segment.name == "Segment" else ():
            for block in cluster if cluster.name == "Cluster" else ():
                if block.name == "SimpleBlock" and block.value[0] == 0x81:
                    out.write(block.value[4:])
                block.gc()
            cluster.gc(recurse=True)
        segment.gc(recurse=True)""",
}
PROGRAM = """
import json, sys, time
path, target, contact, last = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
began = time.perf_counter()
{reader}
took = time.perf_counter() - began
peak = next(int(line.split()[1]) / 1024 for line in open("/proc/self/status") if line.startswith("VmHWM:"))
print(json.dumps(dict(took=took, peak=peak)))
"""
REPEATS = 5


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=int, nargs="+", default=[3, 10], help="lengths of the message (default 3 10)")
    given = parser.parse_args()
    heading(f"A Kinesis video stream of Amazon Connect; least of {REPEATS}")
    with tempfile.TemporaryDirectory(prefix="scv-voicemail-benchmark-") as folder:
        for minutes in given.minutes:
            _compare(Path(folder), minutes)


def _compare(folder: Path, minutes: int) -> None:
    stream, target = folder / "stream.mkv", folder / "samples.pcm"
    want = _write(stream, 60 * minutes)
    megabytes = stream.stat().st_size / 1e6
    bare, rows = 0.0, []
    for name, reader in READERS.items():
        target.write_bytes(b"")
        found = _read(reader, stream, target, 60 * minutes)
        if not reader:
            bare = found["peak"]
            continue
        exact = hashlib.sha256(target.read_bytes()).hexdigest() == want
        rows.append([name, megabytes / found["took"], found["peak"] - bare, "yes" if exact else "NO"])
    show(
        f"Reading {minutes} minutes, {megabytes:.1f} MB",
        ["reader", "MB/s", "peak MB above a bare interpreter", "every sample"],
        rows,
    )


def _write(path: Path, seconds: int) -> str:
    """Write a stream; the hash of the caller's samples."""
    dice, digest = random.Random(1), hashlib.sha256()
    noise = array("h", [round(dice.gauss(0, 2000)) for _ in range(64_000)]).tobytes()
    with path.open("wb") as file:
        for second in range(seconds):
            begin = 2 * dice.randrange(56_000)
            customer = noise[begin : begin + 16_000]
            digest.update(customer)
            file.write(a_fragment(second, customer, bytes(16_000)))
    return digest.hexdigest()


def _read(reader: str, stream: Path, target: Path, seconds: int) -> dict[str, float]:
    """The quickest of several processes."""
    last = str(FIRST_NUMBER + seconds - 1)
    command = [sys.executable, "-c", PROGRAM.format(reader=reader), str(stream), str(target), CONTACT, last]
    tries = [
        json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout) for _ in range(REPEATS)
    ]
    return dict(min(tries, key=lambda one: one["took"]))


if __name__ == "__main__":
    main()
