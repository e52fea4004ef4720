"""The last question before a write to the outside: is the run that it belongs to still ours?

    worker A   claim ── step begins ──·· held ··──────────── check: lost ──► nothing is sent
    worker B                              lease ends ── claim ── step ── check: ours ── sends

    with fence.guarded(lambda: journal.ensure_held(run, now=now())):
        step.run(attempt)

Every client calls `check` right before it sends a request that changes something, so that no way of running and no step
can forget it. What passes between the check and the arrival of the request is not closed by it; there the receiver's
key or a look decides (see docs/decisions/0002-look-before-writing-again.md).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

READING = frozenset({"GET", "HEAD", "OPTIONS"})
"""HTTP methods that change nothing."""

_check: ContextVar[Callable[[], None] | None] = ContextVar("fence", default=None)


@contextmanager
def guarded(check: Callable[[], None]) -> Iterator[None]:
    """Ask `check` before every write inside the block; what it raises keeps the write from being sent."""
    before = _check.set(check)
    try:
        yield
    finally:
        _check.reset(before)


def check() -> None:
    """Raise if what is about to be written is not ours any more. Outside of `guarded` nothing is asked."""
    ours = _check.get()
    if ours is not None:
        ours()
