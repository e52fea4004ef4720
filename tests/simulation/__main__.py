"""The command line of the simulation: see `scripts/simulate --help`."""

from __future__ import annotations

import argparse
import json
import logging
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from tests.simulation.day import KINDS, Verdict, play
from tests.simulation.model_check import differences
from tests.simulation.mutants import MUTANTS, planted

MUTANT_SEEDS = 1_000
"""Each planted defect has to be found within so many."""

EXAMPLES = """examples:
  scripts/simulate --seeds 1000                  a thousand bad days against a model of the org
  scripts/simulate --seeds 100 --http            the same days with the real clients against the emulator
  scripts/simulate --seeds 1 --first 275 --trace play one day again, exactly, and tell what happened
  scripts/simulate --mutants                     plant twelve defects, one at a time: each has to be found
  scripts/simulate --model-check --seeds 300     hold the model against the emulator

It ends with 0 when nothing is lost, doubled, mixed, routed too early, hidden or stuck (with --mutants: when each defect
is found), with 1 otherwise, and with 2 for a wrong option."""


def main(arguments: list[str] | None = None) -> int:
    """Run what is asked for; the exit code."""
    asked = _read(arguments)
    logging.disable(logging.CRITICAL)
    if asked.mutants:
        return _hunt(asked.json)
    seeds = range(asked.first, asked.first + asked.seeds)
    if asked.model_check:
        return _compare(seeds, as_json=asked.json)
    return _play(seeds, http=asked.http, trace=asked.trace, as_json=asked.json)


def _read(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/simulate",
        description="Plays bad days of voicemails: kills, stops, clocks, lost and late answers, drawn from a seed.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--seeds", type=_count, default=1_000, metavar="N", help="how many days (default 1000)")
    parser.add_argument("--first", type=int, default=0, metavar="S", help="the first seed (default 0)")
    parser.add_argument("--http", action="store_true", help="against the emulator instead of the model")
    parser.add_argument("--trace", action="store_true", help="tell what happened on each day")
    parser.add_argument("--mutants", action="store_true", help="plant defects and look whether they are found")
    parser.add_argument("--model-check", action="store_true", help="compare the model of the org with the emulator")
    parser.add_argument("--json", action="store_true", help="the result as one JSON object")
    return parser.parse_args(arguments)


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError("a whole number from 1 on")
    return int(text)


def _play(seeds: range, *, http: bool, trace: bool, as_json: bool) -> int:
    begun, total, failed = time.monotonic(), dict.fromkeys(KINDS, 0), []
    voicemails = requests = in_the_gap = 0
    for verdict in _with_progress(seeds, lambda seed: play(seed, http=http), quiet=as_json):
        voicemails, requests = voicemails + verdict.voicemails, requests + verdict.requests
        in_the_gap += len(verdict.in_the_gap)
        for kind in KINDS:
            total[kind] += len(getattr(verdict, kind))
        if verdict.wrong:
            failed.append(verdict.seed)
            print(_told(verdict, http=http), file=sys.stderr)
        if trace:
            print("\n".join(verdict.trace))
    result = {"seeds": len(seeds), "first": seeds.start, "voicemails": voicemails, "requests": requests}
    result |= {**total, "in_the_gap": in_the_gap, "failed_seeds": failed, "seconds": round(time.monotonic() - begun, 1)}
    print(json.dumps(result) if as_json else _summary(result))
    return 1 if failed else 0


def _told(verdict: Verdict, *, http: bool) -> str:
    again = f"scripts/simulate --seeds 1 --first {verdict.seed}{' --http' if http else ''} --trace"
    return "\n".join(
        [f"seed {verdict.seed}: {verdict.wrong[0]}", *(f"  {one}" for one in verdict.wrong[1:]), f"  again: {again}"]
    )


def _summary(result: dict[str, object]) -> str:
    words = {"early": "routed too early"}
    found = ", ".join(f"{words.get(kind, kind)} {result[kind]}" for kind in KINDS)
    return (
        f"{result['seeds']} days, {result['voicemails']} voicemails, {result['requests']} requests"
        f" in {result['seconds']} s: {found}; between check and send {result['in_the_gap']}"
    )


def _compare(seeds: range, *, as_json: bool) -> int:
    found = [one for several in _with_progress(seeds, differences, quiet=as_json) for one in several]
    for one in found:
        print(one, file=sys.stderr)
    told = {"seeds": len(seeds), "differences": len(found)}
    print(
        json.dumps(told)
        if as_json
        else f"{len(seeds)} sequences of calls: model and emulator differ {len(found)} times"
    )
    return 1 if found else 0


def _hunt(as_json: bool) -> int:
    found = {name: first_seed_that_finds(name, range(MUTANT_SEEDS)) for name in MUTANTS}
    if as_json:
        print(json.dumps(found))
    else:
        for name, verdict in found.items():
            print(f"{name:45} {'NOT FOUND' if verdict is None else verdict}")
    return 1 if None in found.values() else 0


def first_seed_that_finds(name: str, seeds: Iterable[int]) -> str | None:
    """Plant the defect and play until it is seen: which seed saw what; None when none did."""
    with planted(name):
        for seed in seeds:
            if wrong := play(seed).wrong:
                return f"seed {seed}: {wrong[0]}"
    return None


def _with_progress(seeds: range, work: Callable[[int], Any], *, quiet: bool) -> Iterator[Any]:
    """What comes of each seed; on a terminal with a line that says how far it is."""
    told = sys.stderr.isatty() and not quiet
    for number, seed in enumerate(seeds, 1):
        yield work(seed)
        if told and (number % 50 == 0 or number == len(seeds)):
            print(f"\r{number} of {len(seeds)}", end="" if number < len(seeds) else "\n", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
