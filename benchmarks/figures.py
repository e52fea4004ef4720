"""Figures: percentiles, stopwatches, and the plain tables that every benchmark here prints."""

from __future__ import annotations

import math
import platform
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any


def percentile(values: Sequence[float], share: float) -> float:
    """The value that this share (0 to 1) of the values does not exceed; NaN when there are none."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else math.nan


def show(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table that can be pasted into Markdown."""
    texts = [columns, *([_text(cell) for cell in row] for row in rows)]
    widths = [max(len(row[place]) for row in texts) for place in range(len(columns))]
    lines = [
        "| " + " | ".join(_aligned(cell, widths[place], place) for place, cell in enumerate(row)) + " |"
        for row in texts
    ]
    rule = "|" + "|".join("-" * (width + 1) + (":" if place else "-") for place, width in enumerate(widths)) + "|"
    print(f"\n{title}\n\n{lines[0]}\n{rule}\n" + "\n".join(lines[1:]), flush=True)


def heading(what: str) -> None:
    """Say what is measured, when and on what."""
    python = f"{platform.python_implementation()} {platform.python_version()}"
    print(f"{what} · {datetime.now(UTC):%Y-%m-%d} · {python} · {platform.system()} {platform.machine()}", flush=True)


class Stopwatch:
    """Adds up seconds by name; parts that lie inside another count for both."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self.times: dict[str, int] = defaultdict(int)

    @contextmanager
    def running(self, name: str) -> Iterator[None]:
        """Count the time of the block."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] += time.perf_counter() - began
            self.times[name] += 1


class Timed:
    """Stands in front of an object and counts the time inside its methods, under the name that `name_of` gives."""

    def __init__(self, inner: Any, watch: Stopwatch, name_of: Callable[[str], str]) -> None:
        self._inner = inner
        self._watch = watch
        self._name_of = name_of

    def __getattr__(self, attribute: str) -> Any:
        found = getattr(self._inner, attribute)
        if not callable(found):
            return found

        def timed(*given: Any, **named: Any) -> Any:
            with self._watch.running(self._name_of(attribute)):
                return found(*given, **named)

        return timed


def _text(cell: object) -> str:
    return f"{cell:,.2f}" if isinstance(cell, float) else f"{cell:,}" if isinstance(cell, int) else str(cell)


def _aligned(cell: str, width: int, place: int) -> str:
    return cell.rjust(width) if place else cell.ljust(width)
