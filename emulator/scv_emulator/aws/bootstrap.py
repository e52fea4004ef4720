"""Runs one Lambda handler in a process of its own: `python -P bootstrap.py MODULE.FUNCTION RESULT_FD`.

Needs nothing of the emulator, so that a function finds on its path only what its bundle has. Events come as JSON lines
on stdin; answers go to the descriptor; what the handler prints is its log. Where the emulator's time is not the
machine's, the event says so and the package time_machine moves this process there.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import sys
import time
import traceback
from typing import Any


class Context:
    """What Lambda passes as the second argument."""

    def __init__(self, request_id: str, seconds: float) -> None:
        self.aws_request_id = request_id
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = "$LATEST"
        self.memory_limit_in_mb = int(os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"])
        self.invoked_function_arn = os.environ["SCV_EMULATOR_FUNCTION_ARN"]
        self.log_group_name = f"/aws/lambda/{self.function_name}"
        self.log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.identity = None
        self.client_context = None
        self._over_at = time.monotonic() + seconds

    def get_remaining_time_in_millis(self) -> int:
        """How long the handler may go on."""
        return max(0, round((self._over_at - time.monotonic()) * 1000))


def main() -> int:
    """Answer events until stdin ends."""
    module_name, _, function_name = sys.argv[1].rpartition(".")
    with os.fdopen(int(sys.argv[2]), "w", encoding="utf-8") as answers:

        def answer(**data: Any) -> None:
            answers.write(json.dumps(data) + "\n")
            answers.flush()

        try:
            handler = getattr(importlib.import_module(module_name), function_name)
        except Exception as error:  # noqa: BLE001 - whatever an import raises is the answer
            traceback.print_exc()
            answer(kind="init", errorType=f"Runtime.{type(error).__name__}", errorMessage=str(error))
            return 1
        for line in sys.stdin:
            asked = json.loads(line)
            context = Context(asked["requestId"], asked["seconds"])
            try:
                with _moved_to(asked["at"]):
                    result = handler(asked["event"], context)
                done = {"result": json.loads(json.dumps(result))}
            except Exception as error:  # noqa: BLE001 - whatever a handler raises is the answer
                traceback.print_exc()
                done = {"errorType": type(error).__name__, "errorMessage": str(error)}
            sys.stderr.flush()
            sys.stdout.write(f"END RequestId: {asked['requestId']}\n")
            sys.stdout.flush()
            answer(**done)
    return 0


def _moved_to(at: str | None) -> contextlib.AbstractContextManager[Any]:
    if at is None:
        return contextlib.nullcontext()
    travel: contextlib.AbstractContextManager[Any] = importlib.import_module("time_machine").travel(at, tick=True)
    return travel


if __name__ == "__main__":
    sys.exit(main())
