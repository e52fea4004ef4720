"""XML in, with the line and column of every element, and XML out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from xml.parsers import expat
from xml.sax.saxutils import escape

METADATA = "http://soap.sforce.com/2006/04/metadata"
_MAX_DEPTH = 60
_NOT_IN_XML = {code: None for code in range(32) if chr(code) not in "\t\n\r"}


class XmlInvalid(ValueError):
    """Not well-formed, or of a kind that Salesforce refuses (a document type declaration)."""

    def __init__(self, problem: str, line: int, column: int) -> None:
        super().__init__(f"{problem} (line {line}, column {column})")
        self.problem = problem
        self.line = line
        self.column = column


@dataclass(slots=True)
class Element:
    """An element: local name, namespace, attributes by local name, text, children, and where its tag begins."""

    name: str
    namespace: str
    attributes: dict[str, str]
    line: int
    column: int
    text: str = ""
    children: list[Element] = field(default_factory=list)

    def all(self, name: str) -> Iterator[Element]:
        """The children of this name."""
        return (one for one in self.children if one.name == name)

    def child(self, name: str) -> Element | None:
        """The first child of this name."""
        return next(self.all(name), None)

    def value(self, name: str, default: str = "") -> str:
        """The text of the first child of this name."""
        found = self.child(name)
        return default if found is None else found.text.strip()

    def values(self, name: str) -> list[str]:
        """The texts of all children of this name."""
        return [one.text.strip() for one in self.all(name)]

    def flag(self, name: str, *, default: bool = False) -> bool:
        """Whether the first child of this name says true."""
        found = self.value(name)
        return found in ("true", "1") if found else default

    def find(self, name: str) -> Element | None:
        """The first element of this name anywhere below."""
        for one in self.children:
            found = one if one.name == name else one.find(name)
            if found is not None:
                return found
        return None


def parse(content: bytes) -> Element:
    """The root element; raises `XmlInvalid`. Document type declarations, and entities with them, are refused."""
    parser = expat.ParserCreate(namespace_separator=" ")
    builder = _Builder(parser)
    try:
        parser.Parse(content, True)  # noqa: FBT003 - expat takes it by position
    except expat.ExpatError as error:
        reason = expat.errors.messages[error.code] if error.code in expat.errors.messages else str(error)
        raise XmlInvalid(f"Error parsing file: {reason}", error.lineno, error.offset + 1) from error
    except (LookupError, ValueError) as error:
        if isinstance(error, XmlInvalid):
            raise
        raise XmlInvalid(f"Error parsing file: {error}", 1, 1) from error
    if builder.root is None:
        raise XmlInvalid("Error parsing file: no element found", 1, 1)
    return builder.root


class _Builder:
    def __init__(self, parser: expat.XMLParserType) -> None:
        self.root: Element | None = None
        self._open: list[Element] = []
        self._parser = parser
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.StartDoctypeDeclHandler = self._doctype

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        namespace, _, local = name.rpartition(" ")
        line, column = self._parser.CurrentLineNumber, self._parser.CurrentColumnNumber + 1
        if len(self._open) >= _MAX_DEPTH:
            raise XmlInvalid("Error parsing file: elements are nested too deeply", line, column)
        local_names = {key.rpartition(" ")[2]: value for key, value in attributes.items()}
        element = Element(local, namespace, local_names, line, column)
        if self._open:
            self._open[-1].children.append(element)
        elif self.root is None:
            self.root = element
        self._open.append(element)

    def _end(self, _name: str) -> None:
        self._open.pop()

    def _text(self, text: str) -> None:
        self._open[-1].text += text

    def _doctype(self, *_: Any) -> None:
        raise XmlInvalid(
            "Error parsing file: a document type declaration is not allowed",
            self._parser.CurrentLineNumber,
            self._parser.CurrentColumnNumber + 1,
        )


def write(name: str, value: Any) -> str:
    """An element with a value: a dict becomes children, a list repeats the element, None is left out."""
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        return "".join(write(name, one) for one in value)
    if isinstance(value, dict):
        return f"<{name}>{''.join(write(key, one) for key, one in value.items())}</{name}>"
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return f"<{name}>{escape(text.translate(_NOT_IN_XML))}</{name}>"
