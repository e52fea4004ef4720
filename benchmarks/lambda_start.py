"""What a cold start of each Lambda function costs, and how large the bundle is that they all run from.

    python benchmarks/lambda_start.py --repeats 9

The bundle is built for this machine as scripts/build-lambdas builds it, with its .pyc files. Every figure is the median
of fresh processes, which take turns: the bare interpreter, `import boto3` from the same bundle, each handler. `ready`
adds what a handler makes once, clients and settings, before it talks to anybody.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

import boto3
import botocore
from figures import heading, show
from lambda_bundle_here import Bundle, built_bundle, files_of

HANDLERS = ("recording_stored", "contact_record", "transcription_finished", "deliver", "sweep", "flow_call")
BARE, BOTO3 = "bare interpreter", "import boto3"
PARTS = "from scv_voicemail_lambdas.runtime import parts\nparts()"
READY = {name: "module.parts()" if name == "flow_call" else PARTS for name in HANDLERS}

PROGRAM = """
import sys, time
sys.path.insert(0, {folder!r})
began = time.perf_counter()
{statement}
imported = time.perf_counter()
{ready}
ready = time.perf_counter()
import json
peak = next(int(line.split()[1]) / 1000 for line in open("/proc/self/status") if line.startswith("VmHWM:"))
print(json.dumps(dict(imported=1000 * (imported - began), ready=1000 * (ready - began), peak=peak)))
"""

ENVIRONMENT = {
    "AWS_REGION": "eu-central-1",
    "AWS_DEFAULT_REGION": "eu-central-1",
    "AWS_ACCESS_KEY_ID": "nobody",
    "AWS_SECRET_ACCESS_KEY": "nothing",
    "SCV_VOICEMAIL_TELEPHONY_URL": "https://example.my.salesforce-scrt.com",
    "SCV_VOICEMAIL_ORG_ID": "00D000000000001",
    "SCV_VOICEMAIL_CALL_CENTER": "Benchmark",
    "SCV_VOICEMAIL_PRIVATE_KEY_SOURCE": "ssm:/contact-center",
    "SCV_VOICEMAIL_LOGIN_URL": "https://example.my.salesforce.com",
    "SCV_VOICEMAIL_CLIENT_ID": "client",
    "SCV_VOICEMAIL_USERNAME": "integration@example.com",
    "SCV_VOICEMAIL_OAUTH_KEY_SOURCE": "ssm:/app",
    "SCV_VOICEMAIL_RECORDINGS_DIR": "s3://recordings/voicemail_recordings",
    "SCV_VOICEMAIL_REVIEW_LOCATION": "s3://recordings/voicemail_reviews",
    "SCV_VOICEMAIL_RECORDING_URL": "https://recordings.example.com/{name}",
    "SCV_VOICEMAIL_TRANSCRIBER": "amazon-transcribe",
    "SCV_VOICEMAIL_JOURNAL": "dynamodb://journal",
    "SCV_VOICEMAIL_DOORBELL_QUEUE_URL": "https://sqs.eu-central-1.amazonaws.com/123456789012/doorbell",
    "SCV_VOICEMAIL_DEAD_LETTER_QUEUE_URL": "https://sqs.eu-central-1.amazonaws.com/123456789012/dead",
    "SCV_VOICEMAIL_CONNECT_INSTANCE_ID": "arn:aws:connect:eu-central-1:123456789012:instance/1",
    "SCV_VOICEMAIL_CONNECT_RECORDINGS": "s3://connect/connect/demo/CallRecordings/ivr",
}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=9, help="fresh processes for each figure (default 9)")
    given = parser.parse_args()
    with built_bundle() as bundle, tempfile.TemporaryDirectory(prefix="scv-voicemail-benchmark-") as other:
        heading(f"Cold starts on Python {bundle.version}, medians of {given.repeats}")
        uncompiled = Path(other) / "lambdas"
        shutil.copytree(bundle.folder, uncompiled, ignore=shutil.ignore_patterns("__pycache__"))
        _print_starts(bundle, uncompiled, given.repeats)
        _print_sizes(bundle.folder, Path(other) / "lambdas.zip")


def _print_starts(bundle: Bundle, uncompiled: Path, repeats: int) -> None:
    compiled, plain = (_programs(folder) for folder in (bundle.folder, uncompiled))
    found: dict[tuple[str, bool], list[dict[str, float]]] = {}
    for number in range(repeats + 1):
        for name in compiled:
            for is_compiled, programs in ((True, compiled), (False, plain)):
                figures = _fresh(bundle.python, programs[name])
                if number:  # the first round only brings the files into memory
                    found.setdefault((name, is_compiled), []).append(figures)
    median = {
        who: {figure: statistics.median(one[figure] for one in tries) for figure in tries[0]}
        for who, tries in found.items()
    }
    boto3_ms, bare_ms = median[BOTO3, True]["imported"], median[BARE, True]["process"]
    rows = [
        [
            name,
            median[name, True]["imported"],
            median[name, True]["imported"] / boto3_ms,
            median[name, False]["imported"],
            median[name, True]["ready"],
            median[name, True]["peak"],
        ]
        for name in compiled
    ]
    columns = ["module", "import, ms", "times boto3", "without .pyc, ms", "ready, ms", "peak MB"]
    show("Cold start of each handler", columns, rows)
    print(f"\na process of the bare interpreter: {bare_ms:.0f} ms")


def _programs(folder: Path) -> dict[str, str]:
    statements = {BARE: ("pass", "pass"), BOTO3: ("import boto3", "pass")}
    for name in HANDLERS:
        statements[name] = (f"import scv_voicemail_lambdas.{name} as module", READY[name])
    return {
        name: PROGRAM.format(folder=str(folder), statement=statement, ready=ready)
        for name, (statement, ready) in statements.items()
    }


def _fresh(python: str, program: str) -> dict[str, float]:
    """The figures of a process that finds nothing but its own Python and the bundle, and writes no .pyc files."""
    environment = {"PATH": os.environ["PATH"], **ENVIRONMENT}
    began = time.perf_counter()
    done = subprocess.run(
        [python, "-I", "-B", "-c", program], env=environment, cwd="/", capture_output=True, text=True, check=False
    )
    took = time.perf_counter() - began
    if done.returncode:
        sys.exit(done.stderr)
    figures: dict[str, float] = json.loads(done.stdout)
    return figures | {"process": 1000 * took}


def _print_sizes(folder: Path, archive: Path) -> None:
    files = list(files_of(folder))
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for path in files:
            packed.write(path, path.relative_to(folder))

    def size(paths: list[Path]) -> float:
        return sum(path.stat().st_size for path in paths) / 1e6

    installed = [
        path
        for package in (boto3, botocore)
        for path in Path(package.__path__[0]).rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    ]
    ours = [path for path in files if path.relative_to(folder).parts[0].startswith("scv_voicemail")]
    compiled = [path for path in files if path.suffix == ".pyc"]
    rows = [
        ["the bundle", size(files), len(files)],
        ["… of that .pyc", size(compiled), len(compiled)],
        ["… of that our own packages", size(ours), len(ours)],
        ["the bundle, zipped", archive.stat().st_size / 1e6, 1],
        ["boto3 and botocore alone, as pip installs them", size(installed), len(installed)],
    ]
    show("Size; Lambda takes 250 MB, and 50 MB of archive in one request", ["what", "MB", "files"], rows)


if __name__ == "__main__":
    main()
