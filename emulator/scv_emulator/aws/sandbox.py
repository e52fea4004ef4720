"""One sandbox of a function: a warm process, what it is asked and answers, what it writes."""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
import threading
import time
from pathlib import Path

from scv_emulator.aws.resources import Function

_BOOTSTRAP = Path(__file__).with_name("bootstrap.py")


class Sandbox:
    """A process that runs bootstrap.py; `function` is the logical id of what it runs, `log` gets its lines."""

    def __init__(self, name: str, function: Function, python: str, variables: dict[str, str], log: list[str]) -> None:
        self.name = name
        self.function = function.logical_id
        self._log = log
        self._ended = threading.Event()
        self._answers, theirs = os.pipe()
        self._unread = b""
        try:
            self._process = subprocess.Popen(  # noqa: S603 - the interpreter and our own file
                [python, "-P", str(_BOOTSTRAP), function.handler, str(theirs)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                pass_fds=(theirs,),
                env=variables,
                text=True,
            )
        finally:
            os.close(theirs)
        self._reader = threading.Thread(target=self._read_log, name=f"log of {name}", daemon=True)
        self._reader.start()

    def ask(self, line: str, *, within_seconds: float) -> str | None:
        """The answer to one event; None when time is up, empty when the process has gone."""
        self._ended.clear()
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):  # it may just have ended, which the answer then tells
            self._process.stdin.write(line + "\n")
            self._process.stdin.flush()
        over_at = time.monotonic() + within_seconds
        while b"\n" not in self._unread:
            left = over_at - time.monotonic()
            ready, _, _ = select.select([self._answers], [], [], max(0.0, left))
            if not ready:
                return None
            piece = os.read(self._answers, 1 << 16)
            if not piece:
                return ""
            self._unread += piece
        answer, _, self._unread = self._unread.partition(b"\n")
        self._ended.wait(1.0)  # the log of this invocation is complete
        return answer.decode()

    def is_alive(self) -> bool:
        """False when the process has ended."""
        return self._process.poll() is None

    def kill(self) -> None:
        """End the process at once."""
        self._process.kill()

    def close(self) -> None:
        """Wait for the end, free what belongs to it."""
        self._process.wait()
        self._reader.join()
        if self._answers >= 0:
            os.close(self._answers)
            self._answers = -1
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):  # what was still to be written has nobody to read it
            self._process.stdin.close()

    def _read_log(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout:
            for line in self._process.stdout:
                if line.startswith("END RequestId: "):
                    self._ended.set()
                else:
                    self._log.append(line.rstrip("\n"))
        self._ended.set()
