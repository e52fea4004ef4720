"""Reads the XML of a metadata file into nodes that know their line; DTDs and entities are refused."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

from scv_emulator.flows.errors import FlowInvalid

NAMESPACE = "http://soap.sforce.com/2006/04/metadata"
_MAX_BYTES = 5_000_000
_MAX_DEPTH = 40
_SEPARATOR = " "


@dataclass(slots=True)
class Node:
    """One element of the file: tag without namespace, text, children, and the place where it begins."""

    tag: str
    line: int
    column: int
    text: str = ""
    children: list[Node] = field(default_factory=list)

    def every(self, tag: str) -> Iterator[Node]:
        """The children of this tag, in their order."""
        return (child for child in self.children if child.tag == tag)

    def first(self, tag: str) -> Node | None:
        """The first child of this tag, or None."""
        return next(self.every(tag), None)

    def value(self, tag: str) -> str:
        """The text of the first child of this tag without white space around it; empty when there is none."""
        child = self.first(tag)
        return "" if child is None else child.text.strip()

    def line_of(self, tag: str) -> int:
        """The line of the first child of this tag, else this node's own."""
        child = self.first(tag)
        return self.line if child is None else child.line


def parse(xml: bytes | str) -> Node:
    """The root of a metadata file; raises `FlowInvalid` with the line where it stops being one."""
    content = xml.encode("utf-8", "surrogatepass") if isinstance(xml, str) else xml
    if len(content) > _MAX_BYTES:
        raise FlowInvalid("", 1, f"the file is larger than {_MAX_BYTES:,} bytes")
    # Text has lost its encoding; whatever the declaration says, these bytes are UTF-8.
    parser = expat.ParserCreate("utf-8" if isinstance(xml, str) else None, namespace_separator=_SEPARATOR)
    builder = _Builder(parser)
    try:
        parser.Parse(content, True)  # noqa: FBT003 - expat takes no keyword
    except expat.ExpatError as error:
        reason = expat.ErrorString(error.code) or "not well-formed"
        raise FlowInvalid("", error.lineno, f"Error parsing file: {reason}", column=error.offset + 1) from error
    except (LookupError, ValueError) as error:
        raise FlowInvalid("", 1, f"Error parsing file: {error}") from error
    assert builder.root is not None
    return builder.root


class _Builder:
    """Builds the nodes while expat reads."""

    def __init__(self, parser: expat.XMLParserType) -> None:
        self.root: Node | None = None
        self._parser = parser
        self._open: list[Node] = []
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.StartDoctypeDeclHandler = self._refuse_doctype
        parser.EntityDeclHandler = self._refuse_doctype

    def _start(self, name: str, _attributes: dict[str, str]) -> None:
        line, column = self._parser.CurrentLineNumber, self._parser.CurrentColumnNumber + 1
        namespace, _, tag = name.rpartition(_SEPARATOR)
        if namespace != NAMESPACE:
            raise FlowInvalid(tag, line, f"must be in the namespace {NAMESPACE}", column=column)
        if len(self._open) >= _MAX_DEPTH:
            raise FlowInvalid(tag, line, "the elements are nested too deeply", column=column)
        node = Node(tag, line, column)
        if self._open:
            self._open[-1].children.append(node)
        else:
            self.root = node
        self._open.append(node)

    def _end(self, _name: str) -> None:
        self._open.pop()

    def _text(self, text: str) -> None:
        self._open[-1].text += text

    def _refuse_doctype(self, *_details: object) -> None:
        line = self._parser.CurrentLineNumber
        raise FlowInvalid("", line, "Error parsing file: a document type declaration is not allowed")
