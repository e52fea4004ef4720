"""How long imports take, each in a fresh process: the least of five, beside what others cost.

    python benchmarks/imports.py

A Lambda function pays this at its cold start, and the command line at every start.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from figures import heading, show

STATEMENTS = (
    ("nothing", "pass"),
    ("httpx", "import httpx"),
    ("requests", "import requests"),
    ("simple_salesforce", "import simple_salesforce"),
    ("jwt with RSA", "import jwt, cryptography.hazmat.primitives.asymmetric.rsa"),
    ("pydantic_settings", "import pydantic_settings"),
    ("scv_voicemail", "import scv_voicemail"),
    ("scv_voicemail.pipeline", "import scv_voicemail.pipeline"),
    ("scv_voicemail.journal.sqlite", "import scv_voicemail.journal.sqlite"),
    ("scv_voicemail.telephony", "import scv_voicemail.telephony"),
    ("scv_voicemail.salesforce", "import scv_voicemail.salesforce"),
    ("scv_voicemail.wiring", "import scv_voicemail.wiring"),
    ("scv_voicemail.cli.app", "import scv_voicemail.cli.app"),
    ("scv_emulator.server", "import scv_emulator.server"),
)
REPEATS = 5


def main() -> None:
    """Measure and print."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    heading(f"Imports in fresh processes, least of {REPEATS}")
    with tempfile.TemporaryDirectory(prefix="scv-voicemail-benchmark-") as folder:
        took = {name: _least(statement, Path(folder)) for name, statement in STATEMENTS}
    nothing = took.pop("nothing")
    rows = [
        [name, 1000 * (seconds - nothing), (seconds - nothing) / (took["httpx"] - nothing)]
        for name, seconds in took.items()
    ]
    show("Milliseconds on top of an empty interpreter", ["import", "ms", "times httpx"], rows)
    print(f"\nan empty interpreter: {1000 * nothing:.0f} ms")


def _least(statement: str, cache: Path) -> float:
    """The least time of several processes; the first one only fills the cache of compiled modules."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    times = []
    for _ in range(REPEATS + 1):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-X", f"pycache_prefix={cache}", "-c", statement], check=True, env=environment)
        times.append(time.perf_counter() - began)
    return min(times[1:])


if __name__ == "__main__":
    main()
