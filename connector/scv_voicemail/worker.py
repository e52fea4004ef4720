"""The loop around the pipeline: works while something is due, sleeps until something will be."""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

from scv_voicemail.errors import JournalLost
from scv_voicemail.pipeline import Pipeline
from scv_voicemail.ports import Clock, Run

log = logging.getLogger(__name__)

Found = TypeVar("Found")

LONGEST_WAIT_SECONDS = 7200.0
"""No run waits for longer in one go."""

LONGEST_REST_SECONDS = 30.0
"""So long at the most a side of the worker rests after failing again and again."""


def drive(
    pipeline: Pipeline,
    *,
    until: Callable[[], bool],
    voicemail_id: str | None = None,
    between: Callable[[], None] = lambda: None,
    claimed: Callable[[Run], None] = lambda _run: None,
    longest_sleep_seconds: float = 1.0,
    now: Clock = lambda: datetime.now(UTC),
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Work until `until()` is true; it is asked after every run. `between` is called before every look at the journal.

    With `voicemail_id` only that voicemail is worked on. `claimed` is told of every run that is taken.
    """
    intake, deliveries = _Wall(pipeline, "intake", now=now), _Wall(pipeline, "deliveries", now=now)
    while not until():
        intake.run(between)
        if deliveries.run(lambda: pipeline.work_one(voicemail_id, claimed=claimed)):
            continue
        due = deliveries.run(lambda: pipeline.journal.next_due(voicemail_id=voicemail_id))
        wanted = longest_sleep_seconds if due is None else (due - now()).total_seconds()
        sleep(min(max(wanted, 0.01, deliveries.closed_seconds), longest_sleep_seconds))


def tend(pipeline: Pipeline) -> None:
    """What somebody has to do once a minute: see that runs are found, and that no clock that was ahead keeps any."""
    pipeline.journal.know_targets(tuple(pipeline.targets))
    policy = pipeline.policy
    longest = timedelta(seconds=max(LONGEST_WAIT_SECONDS, 2 * policy.retry_cap_seconds, 2 * policy.lease_seconds))
    if mended := pipeline.journal.mend_times(now=pipeline.now(), longest=longest):
        log.warning("%d runs were to wait for more than %s: a clock was set back", mended, longest)


class _Wall:
    """One side of the worker: what goes wrong there is told and backed off there, and the other side goes on."""

    def __init__(self, pipeline: Pipeline, side: str, *, now: Clock) -> None:
        self._trouble = pipeline.trouble
        self._side = side
        self._now = now
        self._failures = 0
        self._closed_until: datetime | None = None

    @property
    def closed_seconds(self) -> float:
        """How long this side still rests, after its last failure."""
        if self._closed_until is None:
            return 0.0
        # A clock that was set back must not make the rest longer than it was meant to be.
        return min((self._closed_until - self._now()).total_seconds(), LONGEST_REST_SECONDS)

    def run(self, work: Callable[[], Found]) -> Found | None:
        """What the work gives; None when it failed, or failed a moment ago. A lost journal ends the worker."""
        if self.closed_seconds > 0:
            return None
        try:
            found = work()
        except JournalLost:
            raise
        except Exception as error:  # noqa: BLE001 - a wall: one side's trouble never stops the other
            self._fail(error)
            return None
        self._failures, self._closed_until = 0, None
        self._trouble.ended(self._side)
        return found

    def _fail(self, error: Exception) -> None:
        self._trouble.tell(self._side, error)
        rest = min(LONGEST_REST_SECONDS, 2.0**self._failures)
        self._failures = min(self._failures + 1, 10)
        self._closed_until = self._now() + timedelta(seconds=rest)


def whoami() -> str:
    """A name for this worker that lets others on the machine see whether it is still alive.

    Host, process namespace, boot, process id, the process's start time (process ids are reused) and thread. Host names,
    namespaces and process ids repeat between virtual machines; the id that a kernel draws when it boots does not.
    """
    return f"{_here()}/{os.getpid()}/{_started(os.getpid())}/{threading.get_ident()}"


def is_gone(owner: str) -> bool:
    """True when `owner` certainly is a dead process of this machine; its lease need not be waited for."""
    here, _, rest = owner.partition("/")
    parts = rest.split("/")
    if here != _here() or len(parts) != 3 or not parts[0].isdigit():
        return False
    return _started(int(parts[0])) != parts[1]


def _here() -> str:
    namespace, boot = Path("/proc/self/ns/pid"), Path("/proc/sys/kernel/random/boot_id")
    where = os.readlink(namespace) if namespace.exists() else "host"  # noqa: PTH115 - the link's text is the name
    when = boot.read_text(encoding="ascii").strip() if boot.exists() else "some boot"
    return f"{socket.gethostname()}:{where}:{when}".replace("/", "_")


def _started(process_id: int) -> str:
    """The start time of a process in clock ticks since boot; "gone" when there is no such process."""
    try:
        stat = Path(f"/proc/{process_id}/stat").read_text(encoding="utf-8")
    except FileNotFoundError:
        return _started_elsewhere(process_id)
    state, *fields = stat.rpartition(")")[2].split()
    return "gone" if state in "ZX" else fields[18]


def _started_elsewhere(process_id: int) -> str:
    if Path("/proc/self/stat").exists():
        return "gone"
    try:  # a system without /proc: only life can be seen, not age
        os.kill(process_id, 0)
    except ProcessLookupError:
        return "gone"
    except PermissionError:
        return "alive"
    return "alive"
