"""Functions in processes of their own: warm, timed, killed, at the emulator's time."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from scv_emulator.aws import LocalAws, WorkerFunctions
from scv_emulator.clock import Clock
from scv_emulator.connect.ports import FunctionFailed

from tests.builders import time_now
from tests.unit.emulator.aws.conftest import PARAMETERS

HANDLERS = """
import os, sys, time
from datetime import datetime, timezone

calls = 0

def stored(event, context):
    global calls
    calls += 1
    print("hello", event.get("name"))
    match event.get("do"):
        case "raise":
            raise ValueError("a bad event")
        case "exit":
            os._exit(3)
        case "sleep":
            time.sleep(30)
        case "write":
            import boto3
            s3 = boto3.client("s3")
            for number in range(3):
                s3.put_object(Bucket="connect-bucket", Key=f"out/{number}", Body=b"x")
    return {
        "calls": calls,
        "pid": os.getpid(),
        "now": datetime.now(timezone.utc).isoformat(),
        "left_ms": context.get_remaining_time_in_millis(),
        "request": context.aws_request_id,
        "function": context.function_name,
        "color": os.environ["COLOR"],
        "extra": os.environ["EXTRA"],
        "sees_emulator": "scv_emulator" in sys.modules,
    }
"""


@pytest.fixture
def aws(template: Path, tmp_path: Path) -> Iterator[LocalAws]:
    """The small stack with its function `Stored` in processes."""
    (tmp_path / "handlers.py").write_text(HANDLERS, encoding="utf-8")
    functions = WorkerFunctions(python_path=[tmp_path])
    clock = Clock()
    with LocalAws(template, PARAMETERS, functions=functions, environment={"EXTRA": "yes"}, clock=clock) as aws:
        yield aws


def test_a_sandbox_stays_warm_between_events(aws: LocalAws) -> None:
    """It has the template's environment, a context, and a log that does not get mixed."""
    first = aws.invoke("Stored", {"name": "one"})
    began = time.perf_counter()
    second = aws.invoke("Stored", {"name": "two"})
    warm_seconds = time.perf_counter() - began

    assert (first["calls"], second["calls"]) == (1, 2)
    assert first["pid"] == second["pid"]
    assert (first["color"], first["extra"], first["function"]) == ("red", "yes", "scv-voicemail-Stored")
    assert 10_000 < first["left_ms"] <= 20_000
    assert not first["sees_emulator"]
    assert aws.log("Stored") == ["hello one", "hello two"]
    assert warm_seconds < 1  # some milliseconds on a machine that is not busy


def test_an_exception_fails_the_event_and_leaves_the_sandbox(aws: LocalAws) -> None:
    """As Lambda does; a process that ends takes only its own event with it."""
    with pytest.raises(FunctionFailed, match="ValueError: a bad event"):
        aws.invoke("Stored", {"do": "raise"})
    assert aws.invoke("Stored", {})["calls"] == 2
    with pytest.raises(FunctionFailed, match=r"Runtime\.ExitError"):
        aws.invoke("Stored", {"do": "exit"})
    assert aws.invoke("Stored", {})["calls"] == 1


def test_a_function_that_takes_too_long_is_killed(aws: LocalAws) -> None:
    """A flow's limit counts where it is shorter than the function's own."""
    arn = aws.account.stack.functions["Stored"].arn
    began = time.perf_counter()

    with pytest.raises(FunctionFailed, match=r"Task timed out after 0\.50 seconds"):
        aws.connect.invoke(arn, {"do": "sleep"}, at=aws.clock.now(), limit_seconds=0.5)

    assert time.perf_counter() - began < 3
    assert aws.invoke("Stored", {})["calls"] == 1


def test_functions_see_the_emulators_time(aws: LocalAws) -> None:
    """The clock's, or the moment of a simulated call; a real clock is left alone."""
    moment = datetime(2031, 5, 4, 3, 2, 1, tzinfo=UTC)
    assert aws.invoke("Stored", {})["now"][:4] == f"{time_now().year}"

    aws.clock.set(moment)

    seen = datetime.fromisoformat(aws.invoke("Stored", {})["now"])
    assert 0 <= (seen - moment).total_seconds() < 5


def test_a_handler_that_cannot_be_imported_fails_by_name(template: Path, tmp_path: Path) -> None:
    """The reason is in the error and in the log."""
    with LocalAws(template, PARAMETERS, functions=WorkerFunctions(python_path=[tmp_path])) as aws:
        with pytest.raises(FunctionFailed, match=r"Runtime\.ModuleNotFoundError: No module named 'handlers'"):
            aws.invoke("Stored", {})
        assert any("ModuleNotFoundError" in line for line in aws.log("Stored"))


@pytest.mark.parametrize(("after_effect", "written"), [(False, 1), (True, 2)])
def test_a_function_can_be_killed_at_each_of_its_requests(aws: LocalAws, after_effect: bool, written: int) -> None:
    """Before the request has its effect, or after; the event comes again to a new sandbox."""
    killed = aws.disturb("function:Stored", "kill_inside", request=2, after_effect=after_effect)
    s3 = aws.client("s3")

    with pytest.raises(FunctionFailed, match=r"Runtime\.ExitError"):
        aws.invoke("Stored", {"do": "write"})

    assert (killed.hits, killed.reached) == (1, 1)
    assert s3.list_objects_v2(Bucket="connect-bucket")["KeyCount"] == written
    assert aws.invoke("Stored", {"do": "write"})["calls"] == 1
    assert s3.list_objects_v2(Bucket="connect-bucket")["KeyCount"] == 3
    never = aws.disturb("function:Stored", "kill_inside", request=9)
    assert aws.invoke("Stored", {"do": "write"})["calls"] == 2
    assert (never.hits, never.reached) == (1, 0)


def test_the_front_door_knows_which_function_asks(aws: LocalAws) -> None:
    """Every request is listed with its sandbox, service and operation; the emulator's own are not."""
    aws.invoke("Stored", {"do": "write"})

    told = [(one.caller.rpartition("-")[0], one.service, one.operation, one.status) for one in aws.requests]
    assert told == [("Stored", "s3", "PutObject", 200)] * 3


def test_batches_reach_sandboxes_side_by_side(aws: LocalAws) -> None:
    """With more than one thread several sandboxes of a function run at a time."""
    queue = aws.account.queues.of_name("Incoming")
    for number in range(8):
        body: dict[str, Any] = {"number": number}
        aws.account.queues.send(queue, json.dumps(body))

    aws.settle(concurrency=2)

    assert aws.account.queues.counts(queue) == (0, 0, 0)
    assert sum(one.hop == "function:Stored" and one.outcome == "done" for one in aws.deliveries) >= 3
