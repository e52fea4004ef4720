"""Stand-ins for the Lambda runtime: a warm process per sandbox, or plain callables in this process."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from scv_emulator.aws.resources import Function
from scv_emulator.aws.sandbox import Sandbox
from scv_emulator.connect.ports import FunctionFailed

_FROM_HERE = ("PATH", "HOME", "LANG", "LC_ALL", "SSL_CERT_FILE", "SSL_CERT_DIR")


class Functions(Protocol):
    """Runs the functions of a stack."""

    def prepare(self, environment: Mapping[str, Mapping[str, str]]) -> None:
        """The environment of each function, by its logical id; called once, before the first invocation."""
        ...

    def invoke(
        self, function: Function, event: Any, *, request_id: str, at: datetime | None, limit_seconds: float
    ) -> Any:
        """The handler's answer as JSON data; raises FunctionFailed."""
        ...

    def kill(self, function: Function) -> None:
        """End every sandbox of the function, whatever it is doing."""
        ...

    def kill_sandbox(self, sandbox: str) -> bool:
        """End the sandbox that signs its requests with this access key id; False when there is none."""
        ...

    def log(self, function: Function) -> list[str]:
        """The lines that the function has written."""
        ...

    def stop(self) -> None:
        """End all of them."""
        ...


class WorkerFunctions:
    """Every sandbox is a process, warm between events, killed when it runs out of time.

    `python_path` is where handlers and their packages are; `python` another interpreter, for a built bundle. A slow
    machine gets `patience` times the functions' time limits. Access keys are the sandboxes' names, so that the front
    door knows who asks.
    """

    def __init__(
        self, *, python_path: Sequence[Path | str] = (), python: str = sys.executable, patience: float = 1.0
    ) -> None:
        self._python_path = os.pathsep.join(str(one) for one in python_path)
        self._python = python
        self._patience = patience
        self._environment: Mapping[str, Mapping[str, str]] = {}
        self._idle: dict[str, list[Sandbox]] = {}
        self._alive: dict[str, Sandbox] = {}
        self._logs: dict[str, list[str]] = {}
        self._count = 0
        self._lock = threading.Lock()

    def prepare(self, environment: Mapping[str, Mapping[str, str]]) -> None:
        """The environment of each function."""
        self._environment = environment

    def invoke(
        self, function: Function, event: Any, *, request_id: str, at: datetime | None, limit_seconds: float
    ) -> Any:
        """Run in a warm sandbox, or in a new one."""
        sandbox = self._take(function)
        asked = {
            "event": event,
            "requestId": request_id,
            "at": None if at is None else at.isoformat(),
            "seconds": limit_seconds,
        }
        answer = sandbox.ask(json.dumps(asked), within_seconds=limit_seconds * self._patience)
        if answer is None:
            self._end(sandbox)
            raise FunctionFailed(f"Sandbox.Timedout: Task timed out after {limit_seconds:.2f} seconds")
        if answer == "" or '"kind": "init"' in answer[:20]:
            self._end(sandbox)
            failed = json.loads(answer) if answer else {"errorType": "Runtime.ExitError", "errorMessage": "it exited"}
            raise FunctionFailed(f"{failed['errorType']}: {failed['errorMessage']}")
        with self._lock:
            self._idle.setdefault(function.logical_id, []).append(sandbox)
        data = json.loads(answer)
        if "errorType" in data:
            raise FunctionFailed(f"{data['errorType']}: {data['errorMessage']}")
        return data["result"]

    def kill(self, function: Function) -> None:
        """End every sandbox of the function."""
        for one in [one for one in self._all() if one.function == function.logical_id]:
            self._end(one)

    def kill_sandbox(self, sandbox: str) -> bool:
        """End one sandbox by its access key id."""
        found = self._alive.get(sandbox)
        if found is not None:
            found.kill()
        return found is not None

    def log(self, function: Function) -> list[str]:
        """The lines so far, without Lambda's own END lines."""
        return list(self._logs.get(function.logical_id, []))

    def stop(self) -> None:
        """End all sandboxes."""
        for one in self._all():
            self._end(one)

    def _all(self) -> list[Sandbox]:
        with self._lock:
            return list(self._alive.values())

    def _take(self, function: Function) -> Sandbox:
        with self._lock:
            idle = self._idle.setdefault(function.logical_id, [])
            while idle:
                sandbox = idle.pop()
                if sandbox.is_alive():
                    return sandbox
            self._count += 1
            name = f"{function.logical_id}-{self._count}"
            log = self._logs.setdefault(function.logical_id, [])
            sandbox = Sandbox(name, function, self._python, self._variables(function, name), log)
            self._alive[name] = sandbox
            return sandbox

    def _variables(self, function: Function, name: str) -> dict[str, str]:
        kept = {one: os.environ[one] for one in _FROM_HERE if one in os.environ}
        runtime = {
            "TZ": ":UTC",
            "PYTHONPATH": self._python_path,
            "AWS_ACCESS_KEY_ID": name,
            "AWS_LAMBDA_FUNCTION_NAME": function.name,
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_mb),
            "AWS_LAMBDA_LOG_STREAM_NAME": f"2026/01/01/[$LATEST]{name}",
            "SCV_EMULATOR_FUNCTION_ARN": function.arn,
            "LAMBDA_TASK_ROOT": self._python_path.partition(os.pathsep)[0],
        }
        return kept | dict(self._environment.get(function.logical_id, {})) | runtime

    def _end(self, sandbox: Sandbox) -> None:
        sandbox.kill()
        sandbox.close()
        with self._lock:
            self._alive.pop(sandbox.name, None)
            idle = self._idle.get(sandbox.function, [])
            if sandbox in idle:
                idle.remove(sandbox)


class InProcessFunctions:
    """Handlers as callables in this process, by the function's logical id: fast, and easy to step into.

    They get the event and a context with `at`, the moment of the emulator's clock; they are killed only before and
    after their work.
    """

    def __init__(self, handlers: Mapping[str, Callable[[Any, Any], Any]]) -> None:
        self._handlers = handlers

    def prepare(self, environment: Mapping[str, Mapping[str, str]]) -> None:
        """Nothing: callables bring what they need."""

    def invoke(
        self, function: Function, event: Any, *, request_id: str, at: datetime | None, limit_seconds: float
    ) -> Any:
        """Call the handler; its answer goes through JSON, as with Lambda."""
        handler = self._handlers.get(function.logical_id)
        if handler is None:
            raise FunctionFailed(f"ResourceNotFoundException: nothing stands for {function.logical_id}")
        context = InProcessContext(function, request_id=request_id, at=at, limit_seconds=limit_seconds)
        try:
            return json.loads(json.dumps(handler(json.loads(json.dumps(event)), context)))
        except Exception as error:
            raise FunctionFailed(f"{type(error).__name__}: {error}") from error

    def kill(self, function: Function) -> None:
        """Nothing to end: the caller acts as if it had."""

    def kill_sandbox(self, sandbox: str) -> bool:  # noqa: ARG002 - the protocol's
        """There are no sandboxes."""
        return False

    def log(self, function: Function) -> list[str]:  # noqa: ARG002 - the protocol's
        """What is printed goes where this process prints."""
        return []

    def stop(self) -> None:
        """Nothing runs."""


class InProcessContext:
    """Lambda's context, and `at`: the moment of the emulator's clock, None when it is the machine's."""

    def __init__(self, function: Function, *, request_id: str, at: datetime | None, limit_seconds: float) -> None:
        self.at = at
        self.aws_request_id = request_id
        self.function_name = function.name
        self.function_version = "$LATEST"
        self.memory_limit_in_mb = function.memory_mb
        self.invoked_function_arn = function.arn
        self.log_group_name = f"/aws/lambda/{function.name}"
        self.log_stream_name = "in-process"
        self._over_at = time.monotonic() + limit_seconds

    def get_remaining_time_in_millis(self) -> int:
        """How long the handler may go on."""
        return max(0, round((self._over_at - time.monotonic()) * 1_000))
