"""The words of a query: tokens with their places, and refusals that point at a place."""

from __future__ import annotations

import re
from dataclasses import dataclass

from scv_emulator.salesforce.errors import SalesforceError

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<string>'(?:\\.|[^'\\])*')
    | (?P<datetime>\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d))
    | (?P<date>\d{4}-\d\d-\d\d)
    | (?P<number>[+-]?(?:\d+(?:\.\d+)?|\.\d+))
    | (?P<name>[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*(?::\d+)?)
    | (?P<symbol><=|>=|!=|<>|[=<>(),])
    )""",
    re.VERBOSE | re.DOTALL | re.ASCII | re.IGNORECASE,
)
_ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|.)", re.DOTALL)
_ESCAPED = {
    "n": "\n",
    "N": "\n",
    "r": "\r",
    "R": "\r",
    "t": "\t",
    "T": "\t",
    "b": "\b",
    "B": "\b",
    "f": "\f",
    "F": "\f",
}
_ESCAPED |= {char: char for char in "\"'\\_%"}


class MalformedQuery(SalesforceError):
    """The query is no SOQL."""

    def __init__(self, message: str) -> None:
        super().__init__(400, "MALFORMED_QUERY", message)


@dataclass(frozen=True, slots=True)
class Token:
    """One word: its kind, its text as written, and where it begins."""

    kind: str
    text: str
    position: int

    def is_word(self, *words: str) -> bool:
        """Whether this is one of these keywords (given in upper case)."""
        return self.kind == "name" and self.text.upper() in words


def tokens_of(text: str) -> list[Token]:
    """The tokens of a query, closed by one of kind `end`; raises `MalformedQuery`."""
    tokens: list[Token] = []
    position, end = 0, len(text.rstrip())
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None:
            place = position + len(text[position:]) - len(text[position:].lstrip())
            raise MalformedQuery(pointing_at(text, place, f"unexpected token: '{text[place]}'"))
        kind = str(match.lastgroup)
        tokens.append(Token(kind, match[kind], match.start(kind)))
        position = match.end()
    return [*tokens, Token("end", "<EOF>", len(text))]


def pointing_at(text: str, position: int, message: str) -> str:
    """The message below an excerpt of the query with a caret under the place, as Salesforce writes it."""
    line = text.replace("\n", " ")
    begin = max(0, position - 40)
    row = text.count("\n", 0, position) + 1
    column = position - (text.rfind("\n", 0, position) + 1) + 1
    caret = " " * (position - begin) + "^"
    return f"\n{line[begin : position + 40]}\n{caret}\nERROR at Row:{row}:Column:{column}\n{message}"


def unescaped(literal: str) -> str:
    """The text that a quoted literal stands for; raises ValueError for an escape that SOQL does not know."""
    return _ESCAPE.sub(lambda match: _char_of(match[1]), literal[1:-1])


def like_pattern(literal: str) -> re.Pattern[str]:
    """What a quoted LIKE pattern matches: `%` any text, `_` one character, either as itself after a backslash.

    Atomic groups keep the match linear however many `%` there are.
    """
    chunks, chunk, position, body = [], "", 0, literal[1:-1]
    while position < len(body):
        escape = _ESCAPE.match(body, position)
        if escape:
            chunk += re.escape(_char_of(escape[1]))
            position = escape.end()
            continue
        char = body[position]
        position += 1
        if char == "%":
            chunks.append(chunk)
            chunk = ""
        else:
            chunk += "." if char == "_" else re.escape(char)
    chunks.append(chunk)
    if len(chunks) == 1:
        return re.compile(chunks[0], re.DOTALL | re.IGNORECASE)
    middle = "".join(f"(?>.*?{one})" for one in chunks[1:-1])
    return re.compile(f"{chunks[0]}{middle}.*{chunks[-1]}", re.DOTALL | re.IGNORECASE)


def _char_of(escape: str) -> str:
    if len(escape) == 5:
        return chr(int(escape[1:], 16))
    if escape not in _ESCAPED:
        raise ValueError(f"Illegal character sequence '\\{escape}' in string literal")
    return _ESCAPED[escape]
