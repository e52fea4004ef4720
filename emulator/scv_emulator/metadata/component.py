"""A component on its way into the org, and what can be wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from scv_emulator.metadata.xml_tree import Element


class Problem(Exception):
    """A component cannot be deployed; says why, and where in its file."""

    def __init__(self, problem: str, place: Element | tuple[int, int] | None = None) -> None:
        super().__init__(problem)
        self.problem = problem
        if isinstance(place, Element):
            place = (place.line, place.column)
        self.line, self.column = place or (0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """A component of a package. `element` is its root, or its part of the file of its parent.

    `file_name` is the file inside the zip that messages name; `files` holds the content of all its files.
    """

    type: str
    full_name: str
    file_name: str
    element: Element
    files: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def parent(self) -> str:
        """The object that a field, list view … belongs to; the full name without its last part."""
        return self.full_name.rpartition(".")[0]

    @property
    def name(self) -> str:
        """The last part of the full name."""
        return self.full_name.rpartition(".")[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What became of one component: a DeployMessage of the Metadata API."""

    type: str
    full_name: str
    file_name: str
    problem: str = ""
    line: int = 0
    column: int = 0
    component_id: str = ""
    created: bool = False
    deleted: bool = False

    @property
    def success(self) -> bool:
        """Whether it was deployed."""
        return not self.problem
