"""Tells a pure tone, and the tone pairs of telephony, from everything else, in a few milliseconds of sound."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable
from itertools import product
from operator import add, mul

_PURE, _PURE_PAIR = 0.003, 0.01
"""How much of the energy may be something else: 25 dB below a tone, 20 dB below a pair."""
_LOWEST_HZ, _HIGHEST_HZ = 300.0, 3400.0
_OFF_BY = 0.025
_ENOUGH_HZ = 8000  # closer together, neighbouring samples of anything look alike

PAIRS_HZ: tuple[tuple[float, float], ...] = (
    *product((697.0, 770.0, 852.0, 941.0), (1209.0, 1336.0, 1477.0, 1633.0)),  # DTMF (ITU-T Q.23)
    *((350.0, 440.0), (440.0, 480.0), (480.0, 620.0)),  # North American dial, ringback and busy tone (ITU-T E.180)
)


def tone_of(samples: array[int], sample_rate_hz: int) -> float:
    """The frequency in Hz when this is one steady tone; minus the number of the pair (from 1) when it is a known pair.

    0 is everything else. A sine obeys `x[n+1] + x[n-1] = c x[n]` exactly, a sum of two the same rule over five samples:
    the best `c` is fitted, and what remains is what is not a tone.
    """
    thinned = max(1, sample_rate_hz // _ENOUGH_HZ)
    samples = samples[::thinned]
    rate_hz = sample_rate_hz / thinned
    if len(samples) < 16:
        return 0.0
    middle = samples[1:-1]
    beside = list(map(add, samples[2:], samples))
    energy, cross, beside_energy = _dot(middle, middle), _dot(beside, middle), _dot(beside, beside)
    if not energy:
        return 0.0
    c = cross / energy
    if beside_energy - c * cross <= _PURE * (2 + c * c) * energy and abs(c) < 2:
        hertz = _hertz(c / 2, rate_hz)
        return hertz if _LOWEST_HZ <= hertz <= _HIGHEST_HZ else 0.0
    return _pair(samples, beside[1:-1], samples[2:-2], rate_hz)


def _pair(samples: array[int], beside: list[int], middle: array[int], rate_hz: float) -> float:
    """As above for `x[n+2] + x[n-2] = a (x[n+1] + x[n-1]) + b x[n]`."""
    outer = list(map(add, samples[4:], samples))
    ss, sm, mm = _dot(beside, beside), _dot(beside, middle), _dot(middle, middle)
    os, om, oo = _dot(outer, beside), _dot(outer, middle), _dot(outer, outer)
    determinant = ss * mm - sm * sm
    if determinant <= 0:
        return 0.0
    a, b = (os * mm - om * sm) / determinant, (om * ss - os * sm) / determinant
    if oo - a * os - b * om > _PURE_PAIR * (2 + 2 * a * a + b * b) * mm:
        return 0.0
    root = a * a + 4 * (2 + b)
    if root < 0:
        return 0.0
    cosines = ((a + math.sqrt(root)) / 4, (a - math.sqrt(root)) / 4)
    if any(abs(cosine) > 1 for cosine in cosines):
        return 0.0
    low, high = (_hertz(cosine, rate_hz) for cosine in cosines)
    for number, (pair_low, pair_high) in enumerate(PAIRS_HZ, start=1):
        if abs(low - pair_low) <= _OFF_BY * pair_low and abs(high - pair_high) <= _OFF_BY * pair_high:
            return float(-number)
    return 0.0


def _dot(one: Iterable[int], other: Iterable[int]) -> int:
    return sum(map(mul, one, other))


def _hertz(cosine: float, rate_hz: float) -> float:
    return math.acos(cosine) * rate_hz / (2 * math.pi)
