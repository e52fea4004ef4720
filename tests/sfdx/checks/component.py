"""A piece of metadata, and what can be wrong with it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tests.sfdx.checks.component_types import FOLDER_ROOTS
from tests.sfdx.checks.xml_tree import Malformed, Node, parse


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """What is wrong, and where."""

    path: str
    line: int
    problem: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line} {self.problem}"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Component:
    """One piece of metadata, with the name by which a manifest calls it. `part` is main or voice."""

    type: str
    name: str
    path: str
    part: str
    root: Node

    @property
    def object(self) -> str:
        """The object that this is a part of."""
        return self.name.partition(".")[0]

    @property
    def own_name(self) -> str:
        """The name without the object or folder before it."""
        return re.split(r"[./]", self.name)[-1]

    def finding(self, node: Node | None, problem: str) -> Finding:
        """Something that is wrong at this element."""
        return Finding(self.path, self.root.line if node is None else node.line, problem)


def part_of(path: str) -> str:
    """The folder below the package directory: main, voice."""
    parts = path.split("/")
    return parts[parts.index("force-app") + 1] if "force-app" in parts[:-2] else ""


def component(type_name: str, name: str, path: str, text: str) -> Component:
    """A component from its file; of a malformed one there is nothing but the name."""
    try:
        root = parse(text)
    except Malformed:
        root = Node(tag=expected_root(type_name))
    return Component(type=type_name, name=name, path=path, part=part_of(path), root=root)


def expected_root(type_name: str) -> str:
    """The root element of a component's file."""
    return FOLDER_ROOTS.get(type_name.removesuffix("Folder"), type_name) if type_name.endswith("Folder") else type_name
