"""XML as a tree that knows its lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from lxml import etree  # type: ignore[import-untyped]

METADATA = "http://soap.sforce.com/2006/04/metadata"


class Malformed(Exception):
    """This is no XML."""

    def __init__(self, problem: str, line: int) -> None:
        super().__init__(problem)
        self.line = line


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """An element: its name, where it stands, and what is in it."""

    tag: str
    line: int = 1
    text: str = ""
    children: tuple[Node, ...] = ()
    namespace: str = METADATA
    attributes: Mapping[str, str] | None = None

    def all(self, *path: str) -> Iterator[Node]:
        """Every element on this path of names."""
        if not path:
            yield self
            return
        for child in self.children:
            if child.tag == path[0]:
                yield from child.all(*path[1:])

    def first(self, *path: str) -> Node | None:
        """The first element on this path of names."""
        return next(self.all(*path), None)

    def value(self, *path: str) -> str:
        """The text of the first element on this path, empty when there is none."""
        found = self.first(*path)
        return "" if found is None else found.text

    def values(self, *path: str) -> list[str]:
        """The texts of all elements on this path."""
        return [one.text for one in self.all(*path)]

    def is_true(self, *path: str) -> bool:
        """Whether the element says true."""
        return self.value(*path) == "true"

    def line_of(self, *path: str) -> int:
        """Where the first element on this path stands; this element's own line when there is none."""
        found = self.first(*path)
        return self.line if found is None else found.line

    def walk(self) -> Iterator[Node]:
        """This element and everything in it, in order."""
        yield self
        for child in self.children:
            yield from child.walk()


@cache
def parse(text: str) -> Node:
    """The root of a document; raises `Malformed`. Entities are not followed."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True)
    try:
        return _node(etree.fromstring(text.encode(), parser))
    except etree.XMLSyntaxError as error:
        raise Malformed(str(error.msg), error.lineno or 1) from None


def _node(element: etree._Element) -> Node:
    name = etree.QName(element)
    return Node(
        tag=name.localname,
        line=int(element.sourceline or 1),
        text=(element.text or "").strip(),
        children=tuple(_node(child) for child in element),
        namespace=name.namespace or "",
        attributes={etree.QName(key).localname: value for key, value in element.attrib.items()},
    )
