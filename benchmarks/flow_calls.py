"""How long a caller waits for FlowCallFunction, while Salesforce answers at once, after a second, after five.

    python benchmarks/flow_calls.py --number 50

The contact flow asks `beforeRecording` and gives the function 3 seconds. The function runs from the built bundle, with
the environment of the shipped template and its key in Parameter Store; Salesforce is the emulator in a process of its
own. `cold` is a new process for every call, so its time has the start of Python and all imports in it, but not what
Lambda itself needs for a new sandbox; with SnapStart, which the template turns on, imports are not repeated.
Beside it run an empty function and one that only imports boto3. All take turns.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

from contact_center import a_contact, contact_center, flow_event, functions_of
from figures import heading, percentile, show
from lambda_bundle_here import Bundle, built_bundle
from scv_emulator.aws import LocalAws, WorkerFunctions
from scv_emulator.aws.resources import Function
from scv_emulator.connect.ports import FunctionFailed
from scv_voicemail.cli.rehearsal import LocalSalesforce, local_salesforce

BUDGET_SECONDS = 3.0
DELAYS_SECONDS = (0, 1, 5)
BASELINES = {"an empty function": "", "a function that imports boto3": "import boto3\n\n"}


@dataclass
class Answers:
    """What one kind of call took, and what came back."""

    seconds: list[float] = field(default_factory=list)
    said: Counter[str] = field(default_factory=Counter)

    def row(self, name: str) -> list[object]:
        """A row of the table."""
        late = sum(one >= BUDGET_SECONDS for one in self.seconds)
        milliseconds = [1000 * one for one in self.seconds]
        return [
            name,
            len(milliseconds),
            percentile(milliseconds, 0.5),
            percentile(milliseconds, 0.95),
            max(milliseconds),
            late + self.said["failed"],
            ", ".join(f"{number} {what}" for what, number in sorted(self.said.items())),
        ]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--number", type=int, default=50, help="calls of each kind (default 50)")
    given = parser.parse_args()
    with built_bundle() as bundle, tempfile.TemporaryDirectory(prefix="scv-voicemail-benchmark-") as folder:
        heading(f"{given.number} flow calls of each kind, on Python {bundle.version}")
        functions = functions_of(bundle)
        with (
            local_salesforce(Path(folder)) as salesforce,
            contact_center(functions, salesforce, Transcriber="none") as aws,
            closing(_Baselines(bundle, aws, Path(folder))) as baselines,
        ):
            answers = _measure(aws, functions, salesforce, baselines, given.number)
    columns = ["call", "calls", "p50, ms", "p95, ms", "longest, ms", "not within 3 s", "marked"]
    show("beforeRecording, from the flow and back", columns, [one.row(name) for name, one in answers.items()])
    if any(one.said["failed"] for one in answers.values()):
        sys.exit("some calls had no answer")


def _measure(
    aws: LocalAws, functions: WorkerFunctions, salesforce: LocalSalesforce, baselines: _Baselines, number: int
) -> dict[str, Answers]:
    function = aws.account.stack.functions["FlowCallFunction"]
    answers: dict[str, Answers] = {}
    for turn in range(number + 1):
        for cold in (False, True):
            for name in BASELINES:
                took = _timed(baselines.call(name, cold=cold))
                if turn:  # the first turn brings files into memory
                    _note(answers, f"{_heat(cold=cold)}, {name}", *took)
            for delay in DELAYS_SECONDS:
                _delay(salesforce, delay)
                event = flow_event(a_contact(salesforce, aws), "beforeRecording")
                if cold:
                    functions.kill(function)
                took = _timed(partial(aws.invoke, "FlowCallFunction", event))
                if turn:
                    _note(answers, f"{_heat(cold=cold)}, Salesforce answers after {delay} s", *took)
    return dict(sorted(answers.items(), key=lambda one: (one[0].startswith("cold"), list(answers).index(one[0]))))


def _timed(call: Callable[[], Mapping[str, Any]]) -> tuple[float, str]:
    began = time.perf_counter()
    try:
        said = str(call().get("marked", ""))
    except FunctionFailed:
        said = "failed"
    return time.perf_counter() - began, said


def _note(answers: dict[str, Answers], name: str, seconds: float, said: str) -> None:
    found = answers.setdefault(name, Answers())
    found.seconds.append(seconds)
    if said:
        found.said[said] += 1


def _heat(*, cold: bool) -> str:
    return "cold" if cold else "warm"


def _delay(salesforce: LocalSalesforce, seconds: int) -> None:
    salesforce.door("DELETE", "/faults")
    if seconds:
        fault = {"kind": "latency", "path": "/telephony/*", "latency_ms": 1000 * seconds, "times": None}
        salesforce.door("POST", "/faults", fault)


class _Baselines:
    """Functions that do nothing, in the same stand-in for the Lambda runtime."""

    def __init__(self, bundle: Bundle, aws: LocalAws, folder: Path) -> None:
        self._functions = WorkerFunctions(python_path=[bundle.folder, folder], python=bundle.python)
        like = aws.account.stack.functions["FlowCallFunction"]
        self._known: dict[str, Function] = {}
        for number, (name, imports) in enumerate(BASELINES.items()):
            source = f"{imports}def handler(event, context):\n    return {{}}\n"
            (folder / f"baseline_{number}.py").write_text(source, encoding="utf-8")
            self._known[name] = replace(like, logical_id=f"Baseline{number}", handler=f"baseline_{number}.handler")
        self._functions.prepare({one.logical_id: {} for one in self._known.values()})

    def close(self) -> None:
        """End them."""
        self._functions.stop()

    def call(self, name: str, *, cold: bool) -> Callable[[], Mapping[str, Any]]:
        """A call that is ready to be timed."""
        function = self._known[name]
        if cold:
            self._functions.kill(function)
        event: dict[str, Any] = {}

        def invoke() -> Mapping[str, Any]:
            answer: Mapping[str, Any] = self._functions.invoke(
                function, event, request_id=str(uuid4()), at=None, limit_seconds=8
            )
            return answer

        return invoke


if __name__ == "__main__":
    main()
