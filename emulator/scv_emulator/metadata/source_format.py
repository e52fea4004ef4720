"""From a project in source format to the zip that the Metadata API takes, as the CLI converts it before it deploys.

Source: Salesforce DX Developer Guide, "Salesforce DX Project Structure and Source Format".
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable
from pathlib import Path

from scv_emulator.metadata.types import BY_DIRECTORY, MetadataType
from scv_emulator.metadata.xml_tree import METADATA, write

_META = "-meta.xml"
_IGNORED = ("__tests__", "test", "jsconfig.json", "tsconfig.json", "package.xml", "README.md")
_DECLARATION = re.compile(r"^\ufeff?\s*<\?xml[^>]*\?>\s*")
_CHILD = re.compile(r"^<(\w+)[^>]*>(.*)</\1>\s*$", re.DOTALL)
_EARLIEST = (1980, 1, 1, 0, 0, 0)


def package_of(*folders: Path, api_version: str = "66.0") -> bytes:
    """The zip of everything below these folders; ValueError names a file that belongs to no known type."""
    project = _Project()
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            hidden = any(part.startswith(".") or part in _IGNORED for part in path.relative_to(folder).parts)
            if path.is_file() and not hidden:
                project.add(path)
    return project.zipped(api_version)


class _Project:
    def __init__(self) -> None:
        self._files: dict[str, bytes] = {}
        self._members: dict[str, set[str]] = {}
        self._objects: dict[str, str] = {}
        self._parts: dict[str, list[tuple[str, str]]] = {}

    def add(self, path: Path) -> None:
        """Take one file of the project."""
        place = next((i for i in range(len(path.parts) - 2, 0, -1) if path.parts[i] in BY_DIRECTORY), None)
        if place is None:
            raise ValueError(f"{path}: in no folder of a known metadata type")
        kind, rest = BY_DIRECTORY[path.parts[place]], path.parts[place + 1 :]
        if kind.name == "CustomObject":
            self._add_to_object(path, rest)
        elif kind.bundle:
            self._add(kind, rest[0], "/".join(rest), path)
        elif kind.in_folder and path.name.endswith(f".{kind.suffix}Folder{_META}"):
            name = "/".join(rest).removesuffix(f".{kind.suffix}Folder{_META}")
            self._add(kind, name, f"{name}{_META}", path)
        elif path.name.endswith(f".{kind.suffix}{_META}") or (kind.meta and path.name.endswith(f".{kind.suffix}")):
            target = "/".join(rest) if kind.meta else "/".join(rest).removesuffix(_META)
            self._add(kind, "/".join(rest).removesuffix(_META).removesuffix(f".{kind.suffix}"), target, path)
            for tag, child in kind.children:
                for name in _child_names(path.read_text(encoding="utf-8"), tag):
                    self._member(child, f"{rest[-1].partition('.')[0]}.{name}" if kind.suffix != "labels" else name)
        else:
            raise ValueError(f"{path}: not a file of the type {kind.name}")

    def zipped(self, api_version: str) -> bytes:
        """The whole as a zip; the same project gives the same bytes."""
        files = dict(self._files)
        for name in sorted({*self._objects, *self._parts}):
            parts = "".join(
                f"    <{tag}>{text}</{tag}>\n" for tag, text in sorted(self._parts.get(name, ()), key=_by_tag)
            )
            empty = f'<CustomObject xmlns="{METADATA}">\n</CustomObject>\n'
            whole = self._objects.get(name, empty).replace("</CustomObject>", f"{parts}</CustomObject>")
            files[f"objects/{name}.object"] = f'<?xml version="1.0" encoding="UTF-8"?>\n{whole}'.encode()
        files["package.xml"] = _manifest(self._members, api_version)
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for name in sorted(files):
                archive.writestr(zipfile.ZipInfo(name, _EARLIEST), files[name])
        return packed.getvalue()

    def _add(self, kind: MetadataType, full_name: str, target: str, path: Path) -> None:
        self._files[f"{kind.directory}/{target}"] = path.read_bytes()
        self._member(kind.name, full_name)

    def _member(self, kind: str, full_name: str) -> None:
        self._members.setdefault(kind, set()).add(full_name)

    def _add_to_object(self, path: Path, rest: tuple[str, ...]) -> None:
        text = _DECLARATION.sub("", path.read_text(encoding="utf-8"))
        name = rest[0]
        if len(rest) == 2:
            self._objects[name] = text
            self._member("CustomObject", name)
            return
        child = dict(BY_DIRECTORY["objects"].children).get(rest[1])
        found = _CHILD.match(text)
        if child is None or found is None:
            raise ValueError(f"{path}: not a part of an object")
        self._parts.setdefault(name, []).append((rest[1], found[2]))
        self._member(child, f"{name}.{path.name.partition('.')[0]}")


def _by_tag(part: tuple[str, str]) -> str:
    return part[0]


def _child_names(text: str, tag: str) -> Iterable[str]:
    for part in re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL):
        name = re.search(r"<fullName>(.*?)</fullName>", part)
        if name:
            yield name[1]


def _manifest(members: dict[str, set[str]], api_version: str) -> bytes:
    types = [{"members": sorted(names), "name": kind} for kind, names in sorted(members.items())]
    body = write("types", types) + write("version", api_version)
    return f'<?xml version="1.0" encoding="UTF-8"?><Package xmlns="{METADATA}">{body}</Package>'.encode()
