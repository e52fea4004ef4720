"""Invokes functions: kills and throttles where a disturbance says so, retries asynchronous events as Lambda does."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import uuid4

from scv_emulator.aws.disturbances import Disturbance, DisturbanceKind, Disturbances
from scv_emulator.aws.functions import Functions
from scv_emulator.aws.queues import Queues
from scv_emulator.aws.resources import Function
from scv_emulator.aws.transit import Transit
from scv_emulator.connect.ports import FunctionFailed

_WAITS_SECONDS = (60.0, 120.0)
"""Before the first and the second retry: "Error handling for asynchronous invocation" in the Lambda guide."""


class Invoker:
    """Runs the stack's functions. The hop of a function is `function:<logical id>`.

    `time_of_day` is the moment that functions see, or None for the machine's own time. `trapped` runs an invocation
    whose sandbox dies at one of its AWS requests.
    """

    def __init__(
        self,
        *,
        functions: Functions,
        by_name: Mapping[str, Function],
        queues: Queues,
        transit: Transit,
        disturbances: Disturbances,
        time_of_day: Callable[[], datetime | None],
        trapped: Callable[[Disturbance, Function, Callable[[], Any]], Any],
    ) -> None:
        self._functions = functions
        self._by_arn = {one.arn: one for one in by_name.values()}
        self._by_name = {one.name: one for one in by_name.values()} | dict(by_name)
        self._queues = queues
        self._transit = transit
        self._disturbances = disturbances
        self._time_of_day = time_of_day
        self._trapped = trapped

    def find(self, reference: str) -> Function | None:
        """The function with this ARN (also of a version or alias), name or logical id."""
        if reference.startswith("arn:"):
            return self._by_arn.get(":".join(reference.split(":")[:7]))
        return self._by_name.get(reference)

    def invoke(
        self,
        function: Function,
        event: Any,
        *,
        what: str = "",
        at: datetime | None = None,
        limit_seconds: float | None = None,
    ) -> Any:
        """The function's answer; raises FunctionFailed. Every invocation is recorded."""
        hop = f"function:{function.logical_id}"

        def run() -> Any:
            return self._functions.invoke(
                function,
                event,
                request_id=str(uuid4()),
                at=at or self._time_of_day(),
                limit_seconds=min(function.timeout_seconds, limit_seconds or function.timeout_seconds),
            )

        try:
            answer = self._disturbed(self._disturbances.at(hop), function, run)
        except FunctionFailed as error:
            self._transit.record(hop, what, f"failed: {error}")
            raise
        self._transit.record(hop, what, "done")
        return answer

    def _disturbed(self, hits: list[Disturbance], function: Function, run: Callable[[], Any]) -> Any:
        kinds = {one.kind: one for one in hits}
        if DisturbanceKind.THROTTLE in kinds:
            raise FunctionFailed("TooManyRequestsException: Rate Exceeded.")
        if DisturbanceKind.KILL_BEFORE in kinds:
            self._functions.kill(function)
            raise FunctionFailed("Runtime.ExitError: killed before it began")
        if DisturbanceKind.KILL_INSIDE in kinds:
            return self._trapped(kinds[DisturbanceKind.KILL_INSIDE], function, run)
        answer = run()
        if DisturbanceKind.KILL_AFTER in kinds:
            self._functions.kill(function)
            raise FunctionFailed("Runtime.ExitError: killed when it had done its work")
        return answer

    def invoke_later(self, function: Function, event: Any, *, what: str) -> None:
        """Invoke asynchronously: two retries by default, then the failure destination or the dead-letter queue."""
        self._attempt(function, event, what=what, attempt=1, after_seconds=0.0)

    def _attempt(self, function: Function, event: Any, *, what: str, attempt: int, after_seconds: float) -> None:
        def deliver() -> None:
            try:
                self.invoke(function, event, what=what)
            except FunctionFailed as error:
                if attempt <= function.retry_attempts:
                    wait = _WAITS_SECONDS[min(attempt, len(_WAITS_SECONDS)) - 1]
                    self._attempt(function, event, what=what, attempt=attempt + 1, after_seconds=wait)
                else:
                    self._give_up(function, event, attempts=attempt, error=error)

        self._transit.send(f"async:{function.logical_id}", what, deliver, after_seconds=after_seconds)

    def _give_up(self, function: Function, event: Any, *, attempts: int, error: FunctionFailed) -> None:
        kind, _, message = str(error).partition(": ")
        if function.on_failure_arn:
            body = {
                "version": "1.0",
                "requestContext": {
                    "functionArn": f"{function.arn}:$LATEST",
                    "condition": "RetriesExhausted",
                    "approximateInvokeCount": attempts,
                },
                "requestPayload": event,
                "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
                "responsePayload": {"errorType": kind, "errorMessage": message},
            }
            self._queues.send(self._queues.of_arn(function.on_failure_arn), json.dumps(body))
        elif function.dead_letter_arn:
            attributes = {
                "ErrorMessage": {"DataType": "String", "StringValue": message or kind},
                "ErrorCode": {"DataType": "Number", "StringValue": "200"},
            }
            grave = self._queues.of_arn(function.dead_letter_arn)
            self._queues.send(grave, json.dumps(event), attributes=attributes)
        self._transit.record(f"function:{function.logical_id}", "", f"given up after {attempts} attempts")
