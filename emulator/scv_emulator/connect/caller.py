"""What a scripted caller does, one step after the other.

[Hear("after the tone"), Hear("beep"), Say(pcm), Press("#"), HangUp()]
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from scv_emulator.connect.flow_language import KEYS


@dataclass(frozen=True, slots=True)
class Wait:
    """Says and does nothing for so long."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Hear:
    """Listens until a prompt with these words has been played, then a moment longer; `beep` is the tone."""

    words: str


@dataclass(frozen=True, slots=True)
class Press:
    """Presses one key."""

    key: str


@dataclass(frozen=True, slots=True)
class Say:
    """Speaks, over whatever is played; the next step follows when it is said."""

    pcm: bytes


@dataclass(frozen=True, slots=True)
class HangUp:
    """Hangs up now."""


@dataclass(frozen=True, slots=True)
class HangUpAfter:
    """Hangs up so long after the call began, whatever else is going on; where the step stands does not matter."""

    seconds: float


Step = Wait | Hear | Press | Say | HangUp | HangUpAfter


class ScriptInvalid(ValueError):
    """A step that no caller can take."""


def script_of(steps: Iterable[Mapping[str, Any]], audio: Callable[[Any], bytes]) -> list[Step]:
    """The steps that JSON describes: {"wait": 2}, {"hear": "beep"}, {"press": "#"}, {"say": …}, {"hang_up": true},
    {"hang_up_after": 30}. `audio` turns what is under `say` into PCM.
    """
    makers: dict[str, Callable[[Any], Step]] = {
        "wait": lambda value: Wait(float(value)),
        "hear": lambda value: Hear(str(value)),
        "press": lambda value: Press(_key(value)),
        "say": lambda value: Say(audio(value)),
        "hang_up": lambda _value: HangUp(),
        "hang_up_after": lambda value: HangUpAfter(float(value)),
    }
    script: list[Step] = []
    for step in steps:
        if not isinstance(step, Mapping) or len(step) != 1 or not step.keys() <= makers.keys():
            raise ScriptInvalid(f"a step is an object with one of {', '.join(makers)}")
        [(name, value)] = step.items()
        try:
            script.append(makers[name](value))
        except (TypeError, ValueError) as error:
            raise ScriptInvalid(f"{name}: {error}") from error
    return script


def _key(value: Any) -> str:
    if value not in KEYS:
        raise ScriptInvalid(f"a key is one of {' '.join(KEYS)}")
    return str(value)
