"""What a parameter of an action may look like."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from scv_emulator.connect.flow import TOKEN

_ONE_PATH = re.compile(r"\$\.[A-Za-z][\w.'\[\]: -]*")


class Shape(Protocol):
    """A kind of value."""

    def problem(self, value: Any) -> str:
        """What is wrong with the value; empty when nothing is."""
        ...


@dataclass(frozen=True, slots=True)
class Anything:
    """A value that is not looked into."""

    def problem(self, value: Any) -> str:  # noqa: ARG002  # the shape's signature
        return ""


@dataclass(frozen=True, slots=True)
class Text:
    """Words, with references to attributes in them. Speech and chat take at most 6,000 characters."""

    most: int = 6_000

    def problem(self, value: Any) -> str:
        if not isinstance(value, str):
            return "has to be text"
        return f"has more than {self.most} characters" if len(value) > self.most else ""


@dataclass(frozen=True, slots=True)
class Number:
    """A whole number, which exports write as text."""

    least: int
    most: int
    may_be_path: bool = False

    def problem(self, value: Any) -> str:
        text = str(value)
        if TOKEN.fullmatch(text) or (self.may_be_path and _ONE_PATH.fullmatch(text)):
            return ""
        if isinstance(value, bool) or not (text.isascii() and text.isdecimal()):
            return "has to be a whole number" + ("" if self.may_be_path else ", written down in the flow")
        if not self.least <= int(text) <= self.most:
            return f"has to be from {self.least} to {self.most}"
        return ""


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few words, written down in the flow."""

    words: tuple[str, ...]

    def problem(self, value: Any) -> str:
        return "" if value in self.words else f"has to be {' or '.join(self.words)}"


@dataclass(frozen=True, slots=True)
class Path:
    """One reference and nothing else."""

    def problem(self, value: Any) -> str:
        if isinstance(value, str) and _ONE_PATH.fullmatch(value):
            return ""
        return "has to be one reference such as $.Attributes.name"


@dataclass(frozen=True, slots=True)
class Reference:
    """An ARN or id of something in the instance, or one reference that yields it."""

    what: str

    def problem(self, value: Any) -> str:
        return "" if isinstance(value, str) and value else f"has to name a {self.what}"


@dataclass(frozen=True, slots=True)
class Map:
    """Names with texts."""

    least: int = 0
    most: int = 100
    values: Shape = Text()
    keys: tuple[str, ...] = ()

    def problem(self, value: Any) -> str:
        if not isinstance(value, Mapping):
            return "has to be an object"
        if not self.least <= len(value) <= self.most:
            return f"has to have {self.least} to {self.most} entries"
        for key, one in value.items():
            if self.keys and key not in self.keys:
                return f"has the unknown entry {key}; there are {', '.join(self.keys)}"
            if problem := self.values.problem(one):
                return f"{key} {problem}"
        return ""


@dataclass(frozen=True, slots=True)
class Many:
    """A list of one kind of value, each of them once."""

    of: Shape
    least: int = 0

    def problem(self, value: Any) -> str:
        if not isinstance(value, list):
            return "has to be a list"
        if len(value) < self.least:
            return f"has to have {self.least} or more entries"
        if len({repr(one) for one in value}) < len(value):
            return "has an entry twice"
        return next((found for one in value if (found := self.of.problem(one))), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A named value in an object."""

    name: str
    shape: Shape
    required: bool = False


@dataclass(frozen=True, slots=True)
class Fields:
    """An object of named values. Of `one_of` exactly one is given, of `at_most_one_of` one or none."""

    fields: tuple[Parameter, ...]
    one_of: tuple[str, ...] = ()
    at_most_one_of: tuple[str, ...] = ()

    def problem(self, value: Any) -> str:
        """The first problem, with the rule's name left out; `problems` has all."""
        return next((f"{name}: {text}" if name else text for _rule, name, text in self.problems(value)), "")

    def problems(self, value: Any) -> list[tuple[str, str, str]]:
        """All problems: the rule that is broken, the parameter, and what is wrong."""
        if not isinstance(value, Mapping):
            return [("parameter.value", "", "has to be an object")]
        known = {one.name: one for one in self.fields}
        found = [("parameter.unknown", name, "is no parameter of it") for name in value if name not in known]
        found += [("parameter.missing", one.name, "is required") for one in self.fields if self._lacks(one, value)]
        given = [name for name in (*self.one_of, *self.at_most_one_of) if name in value]
        if len(given) > 1:
            found.append(("parameter.together", given[-1], f"does not go together with {' and '.join(given[:-1])}"))
        if self.one_of and not given:
            found.append(("parameter.missing", " or ".join(self.one_of), "is required"))
        for name, one in value.items():
            if name in known and (problem := known[name].shape.problem(one)):
                found.append(("parameter.value", name, problem))
        return found

    @staticmethod
    def _lacks(parameter: Parameter, value: Mapping[str, Any]) -> bool:
        return parameter.required and parameter.name not in value
