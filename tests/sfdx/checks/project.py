"""The Salesforce half as it lies on the disk: files, components, and what is wrong with their places."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from tests.sfdx.checks.component import Component, Finding, part_of
from tests.sfdx.checks.ownership import claim

REPOSITORY = Path(__file__).resolve().parents[3]


@dataclass(frozen=True, kw_only=True, eq=False)
class Project:
    """Everything that a deployment would send, and the files beside it."""

    root: Path
    files: Mapping[str, str]
    """Text of every file of the package directories by its path, but for what .forceignore leaves out."""
    components: tuple[Component, ...] = ()
    misplaced: tuple[Finding, ...] = ()
    """Files that are no part of a component, and components that lack a part."""

    @classmethod
    def load(cls, root: Path = REPOSITORY) -> Project:
        """The project whose sfdx-project.json lies in this folder."""
        files = {}
        ignored = _ignored(root)
        for package in json.loads((root / "sfdx-project.json").read_text())["packageDirectories"]:
            for file in sorted((root / package["path"]).rglob("*")):
                path = file.relative_to(root).as_posix()
                if file.is_file() and not any(pattern.search(path) for pattern in ignored):
                    files[path] = file.read_text(encoding="utf-8")
        return cls(root=root, files=files)._with_components()

    def with_file(self, path: str, text: str) -> Project:
        """The same project with other text in one file; nothing is written."""
        return Project(root=self.root, files={**self.files, path: text})._with_components()

    def _with_components(self) -> Project:
        components, misplaced = claim(self.files)
        return replace(self, components=tuple(components), misplaced=tuple(misplaced))

    def only(self, part: str) -> Project:
        """What is deployed when only this part is."""
        inside = {path: text for path, text in self.files.items() if part_of(path) == part}
        return replace(self, files=inside, components=tuple(one for one in self.components if one.part == part))

    @cached_property
    def description(self) -> Mapping[str, Any]:
        """sfdx-project.json."""
        content = json.loads((self.root / "sfdx-project.json").read_text())
        assert isinstance(content, dict)
        return content

    @property
    def api_version(self) -> str:
        """The one version that everything is written for."""
        return str(self.description["sourceApiVersion"])

    def of(self, *types: str) -> Iterator[Component]:
        """The components of these types."""
        return (one for one in self.components if one.type in types)

    def names(self, *types: str) -> set[str]:
        """The names of the components of these types."""
        return {one.name for one in self.of(*types)}

    def get(self, type_name: str, name: str) -> Component | None:
        """One component."""
        return next((one for one in self.of(type_name) if one.name == name), None)

    def code(self, *suffixes: str) -> Iterator[tuple[str, str]]:
        """Path and text of every file that ends so."""
        return ((path, text) for path, text in self.files.items() if path.endswith(suffixes))


def _ignored(root: Path) -> list[re.Pattern[str]]:
    """The patterns of .forceignore, which are those of .gitignore; of those, what this project needs."""
    file = root / ".forceignore"
    lines = (line.strip() for line in file.read_text().splitlines()) if file.exists() else ()
    return [_pattern(line) for line in lines if line and not line.startswith("#")]


def _pattern(line: str) -> re.Pattern[str]:
    anchored = "/" in line.rstrip("/") and not line.startswith("**/")
    text = re.escape(line.removeprefix("**/").strip("/"))
    text = text.replace(r"/\*\*", "/.*").replace(r"\*", "[^/]*")
    return re.compile(rf"{'^' if anchored else '(^|/)'}{text}(/|$)")
