"""Gives up waiting in time, whatever an answer is held up by: name servers, slow bodies, keys that are read."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextvars import ContextVar, copy_context
from typing import TypeVar

from scv_voicemail.errors import Unavailable

T = TypeVar("T")

_given_up: ContextVar[threading.Event | None] = ContextVar("given_up", default=None)


def within(seconds: float, work: Callable[[], T]) -> T:
    """What the work gives, or raises. `Unavailable` when it takes longer; it then ends by itself, unheard.

    Lambda lets it stand still when the invocation is over, and go on with the next one, be it an hour later:

        clear routing ── no answer from DNS ── given up, frozen ─────────────────────► thawed: clears the routing
                                                    voicemail ── routed, verified ───┘ of a voicemail

    So whatever has an effect asks `still_waited_for` first.
    """
    given_up = threading.Event()
    results: list[T] = []
    failures: list[BaseException] = []

    def run() -> None:
        _given_up.set(given_up)
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
        given_up.set()
        raise Unavailable(f"no answer within {seconds:g} s: the caller has waited long enough")
    return results[0]


def still_waited_for() -> None:
    """Raises `Unavailable` in work that `within` has given up."""
    given_up = _given_up.get()
    if given_up is not None and given_up.is_set():
        raise Unavailable("nobody waits for this any more")
