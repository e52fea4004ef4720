"""Gives up waiting in time, whatever an answer is held up by: name servers, slow bodies, keys that are read."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextvars import copy_context
from typing import TypeVar

from scv_voicemail.errors import Unavailable

T = TypeVar("T")


def within(seconds: float, work: Callable[[], T]) -> T:
    """What the work gives, or raises. `Unavailable` when it takes longer; it then ends by itself, unheard."""
    results: list[T] = []
    failures: list[BaseException] = []

    def run() -> None:
        try:
            results.append(work())
        except BaseException as error:  # noqa: BLE001 - raised again by whoever waits
            failures.append(error)

    thread = threading.Thread(target=copy_context().run, args=(run,), daemon=True)
    thread.start()
    thread.join(seconds)
    if failures:
        raise failures[0]
    if not results:
        raise Unavailable(f"no answer within {seconds:g} s: the caller has waited long enough")
    return results[0]
