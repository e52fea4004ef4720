"""The text of a formula, and what it says: a tree of functions, operators, references and values.

Source: Salesforce Help, "Formula Operators and Functions". Functions that are missing in `formula_functions` are
refused by their name when the flow is deployed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NoReturn

_MAX_LENGTH = 3_900
_MAX_DEPTH = 60
_TOKEN = re.compile(
    r"""
      (?P<string>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')
    | (?P<number>\d+(?:\.\d+)?|\.\d+)
    | (?P<reference>\{!\s*\$?[A-Za-z][\w.]*\s*\})
    | (?P<name>\$?[A-Za-z][\w.]*)
    | (?P<symbol>&&|\|\||<=|>=|<>|!=|==|[-+*/^&=<>!(),])
    """,
    re.VERBOSE | re.DOTALL | re.ASCII,
)
_SPACE = re.compile(r"(?:\s|/\*.*?\*/)*", re.DOTALL)
_LEVELS = (
    {"||": "||"},
    {"&&": "&&"},
    {"=": "=", "==": "=", "<>": "<>", "!=": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="},
    {"&": "&"},
    {"+": "+", "-": "-"},
    {"*": "*", "/": "/"},
    {"^": "^"},
)
_CONSTANTS = {"TRUE": True, "FALSE": False, "NULL": None}
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}


class FormulaInvalid(ValueError):
    """The text is no formula."""


@dataclass(frozen=True, slots=True)
class Constant:
    """A text, a number, TRUE, FALSE or NULL."""

    value: Any


@dataclass(frozen=True, slots=True)
class Field:
    """A resource or a field, `{!$Record.CallOrigin}`."""

    path: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Call:
    """A function with its arguments, or an operator with its sides; `name` is in upper case."""

    name: str
    arguments: tuple[Formula, ...]


Formula = Constant | Field | Call


def parse(text: str) -> Formula:
    """The formula that a text stands for; raises `FormulaInvalid`."""
    if len(text) > _MAX_LENGTH:
        raise FormulaInvalid(f"a formula has at most {_MAX_LENGTH:,} characters")
    return _Parser(text).whole()


def parts_of(formula: Formula) -> Iterator[Formula]:
    """The formula and everything inside it."""
    yield formula
    if isinstance(formula, Call):
        for argument in formula.arguments:
            yield from parts_of(argument)


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens: list[tuple[str, str]] = []
        position, end = 0, len(text)
        while (position := _end_of_space(text, position)) < end:
            match = _TOKEN.match(text, position)
            if match is None:
                raise FormulaInvalid(f"Syntax error at '{text[position : position + 20]}'")
            kind = str(match.lastgroup)
            self._tokens.append((kind, match[kind]))
            position = match.end()
        self._tokens.append(("end", "the end"))
        self._at = 0

    def whole(self) -> Formula:
        found = self._level(0, 0)
        if self._tokens[self._at][0] != "end":
            self._wrong()
        return found

    def _level(self, level: int, depth: int) -> Formula:
        if level == len(_LEVELS):
            return self._unary(depth)
        left = self._level(level + 1, depth)
        while self._is_symbol(*_LEVELS[level]):
            operator = _LEVELS[level][self._next()[1]]
            left = Call(operator, (left, self._level(level + 1, depth)))
            depth += 1  # a long chain is as deep as it is long
            if depth > _MAX_DEPTH:
                raise FormulaInvalid("the formula is nested too deeply")
        return left

    def _unary(self, depth: int) -> Formula:
        if depth > _MAX_DEPTH:
            raise FormulaInvalid("the formula is nested too deeply")
        if self._is_symbol("-", "+", "!"):
            operator = {"-": "NEGATE", "+": "PLUS", "!": "NOT"}[self._next()[1]]
            return Call(operator, (self._unary(depth + 1),))
        kind, text = self._tokens[self._at]
        match kind:
            case "string":
                self._at += 1
                return Constant(re.sub(r"\\(.)", lambda found: _ESCAPES.get(found[1], found[1]), text[1:-1]))
            case "number":
                self._at += 1
                return Constant(float(text))
            case "reference":
                self._at += 1
                return Field(_path(text[2:-1].strip()))
            case "name":
                return self._name(depth)
        if not self._is_symbol("("):
            self._wrong()
        self._at += 1
        inside = self._level(0, depth + 1)
        self._expect(")")
        return inside

    def _name(self, depth: int) -> Formula:
        _, text = self._next()
        if self._is_symbol("("):
            self._at += 1
            return Call(text.upper(), self._arguments(depth))
        if text.upper() in _CONSTANTS:
            return Constant(_CONSTANTS[text.upper()])
        return Field(_path(text))

    def _arguments(self, depth: int) -> tuple[Formula, ...]:
        arguments: list[Formula] = []
        if not self._is_symbol(")"):
            arguments.append(self._level(0, depth + 1))
            while self._is_symbol(","):
                self._at += 1
                arguments.append(self._level(0, depth + 1))
        self._expect(")")
        return tuple(arguments)

    def _is_symbol(self, *symbols: str) -> bool:
        kind, text = self._tokens[self._at]
        return kind == "symbol" and text in symbols

    def _next(self) -> tuple[str, str]:
        token = self._tokens[self._at]
        self._at += 1
        return token

    def _expect(self, symbol: str) -> None:
        if not self._is_symbol(symbol):
            self._wrong(f", expected '{symbol}'")
        self._at += 1

    def _wrong(self, expected: str = "") -> NoReturn:
        raise FormulaInvalid(f"Syntax error at '{self._tokens[self._at][1][:40]}'{expected}")


def _end_of_space(text: str, position: int) -> int:
    match = _SPACE.match(text, position)
    return match.end() if match else position


def _path(text: str) -> tuple[str, ...]:
    path = tuple(text.split("."))
    if not all(path):
        raise FormulaInvalid(f"'{text}' is not a reference")
    return path
