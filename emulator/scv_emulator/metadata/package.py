"""A deploy's zip file: its manifest, and the components that lie in it in Metadata API layout."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import unquote

from scv_emulator.metadata.component import Component, Message, Problem
from scv_emulator.metadata.types import BY_DIRECTORY, ORDER, MetadataType, is_known
from scv_emulator.metadata.xml_tree import METADATA, Element, XmlInvalid, parse

_MAX_FILES = 10_000
_MAX_BYTES = 400_000_000
MANIFEST = "package.xml"
_DESTRUCTIVE = ("destructiveChangesPre.xml", "destructiveChanges.xml", "destructiveChangesPost.xml")


class PackageInvalid(ValueError):
    """The zip or its manifest cannot be read at all."""


@dataclass(slots=True)
class Package:
    """What is to be deployed, in order, and what is wrong with the package itself.

    `removals` are types and full names that a manifest of destructive changes names.
    """

    components: list[Component] = field(default_factory=list)
    failures: list[Message] = field(default_factory=list)
    removals: list[tuple[str, str]] = field(default_factory=list)


def read_package(content: bytes) -> Package:
    """The package in a zip; raises `PackageInvalid`."""
    files = _unzipped(content)
    if MANIFEST not in files:
        raise PackageInvalid("No package.xml found")
    wanted = _members(MANIFEST, files[MANIFEST])
    package = Package()
    _Reader(package, files, wanted).read()
    for name in _DESTRUCTIVE:
        if name in files:
            members = _members(name, files[name])
            package.removals += [(kind, one) for kind, names in members.items() for one in sorted(names)]
    # A formula may name any other field of its object.
    package.components.sort(key=lambda one: (ORDER[one.type], one.element.child("formula") is not None))
    package.removals.sort(key=lambda one: -ORDER.get(one[0], 0))
    return package


def _unzipped(content: bytes) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = [one for one in archive.infolist() if not one.is_dir()]
            if len(entries) > _MAX_FILES or sum(one.file_size for one in entries) > _MAX_BYTES:
                raise PackageInvalid("The package is too large")
            files = {one.filename: archive.read(one) for one in entries}
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, ValueError) as error:
        if isinstance(error, PackageInvalid):
            raise
        raise PackageInvalid(f"The zip file cannot be read: {error}") from error
    tops = {name.partition("/")[0] for name in files}
    if MANIFEST not in files and len(tops) == 1:  # wrapped in a folder of the package's name
        top = f"{tops.pop()}/"
        files = {name.removeprefix(top): data for name, data in files.items()}
    return files


def _members(name: str, content: bytes) -> dict[str, set[str]]:
    """Type → full names of a manifest."""
    try:
        root = parse(content)
    except XmlInvalid as error:
        raise PackageInvalid(f"{name}: {error}") from error
    if root.name != "Package" or root.namespace != METADATA:
        raise PackageInvalid(f"{name}: the root element must be Package in the namespace {METADATA}")
    found: dict[str, set[str]] = {}
    for types in root.all("types"):
        found.setdefault(types.value("name"), set()).update(one.rstrip("/") for one in types.values("members"))
    return found


class _Reader:
    """Finds the files of what the manifest names, and complains about what it does not name."""

    def __init__(self, package: Package, files: dict[str, bytes], wanted: dict[str, set[str]]) -> None:
        self._package = package
        self._files = files
        self._wanted = wanted
        self._found: set[tuple[str, str]] = set()

    def read(self) -> None:
        for name in self._wanted:
            if not is_known(name):
                self._fail("", MANIFEST, MANIFEST, f"Unknown type name '{name}' specified in package.xml")
        for file_name in sorted(self._files):
            directory, slash, rest = file_name.partition("/")
            if not slash:
                continue
            kind = BY_DIRECTORY.get(directory)
            if kind is None:
                self._fail("", rest, file_name, f"The emulator does not know the folder '{directory}'")
            elif self._is_main(kind, rest):
                self._read(kind, file_name, rest)
        self._check_missing()

    def _is_main(self, kind: MetadataType, rest: str) -> bool:
        """Whether this is the file that a component is named after."""
        if kind.bundle:
            folder, _, name = rest.partition("/")
            return name.endswith("-meta.xml") and name.startswith(f"{folder}.")
        if kind.in_folder and rest.endswith("-meta.xml"):
            return True
        return rest.endswith(f".{kind.suffix}")

    def _read(self, kind: MetadataType, file_name: str, rest: str) -> None:
        folder = kind.in_folder and rest.endswith("-meta.xml")
        if kind.bundle:
            full_name = rest.partition("/")[0]
        elif folder:
            full_name = rest.removesuffix("-meta.xml")
        else:
            full_name = unquote(rest.removesuffix(f".{kind.suffix}"))
        shown = file_name.rpartition("/")[0] if kind.bundle else file_name
        root_name = kind.folder_root if folder else kind.name
        try:
            root = self._root(kind, file_name, root_name)
        except Problem as problem:
            self._fail(kind.name, full_name, shown, problem.problem, (problem.line, problem.column))
            self._found.add((kind.name, full_name))
            return
        files = {one: data for one, data in self._files.items() if one == file_name or one.startswith(f"{shown}/")}
        if kind.meta:
            files[f"{file_name}-meta.xml"] = self._files[f"{file_name}-meta.xml"]
        component = Component(
            type=kind.folder_root if folder else kind.name,
            full_name=full_name,
            file_name=shown,
            element=root,
            files=files,
        )
        is_whole = self._is_wanted(kind.name, full_name)
        if is_whole:
            self._package.components.append(component)
            self._found.add((kind.name, full_name))
        children = list(self._children(kind, component))
        for child in children:
            if is_whole or self._is_wanted(child.type, child.full_name):
                self._package.components.append(child)
                self._found.add((child.type, child.full_name))
            else:
                self._not_listed(child)
        if not is_whole and not children:
            self._not_listed(component)

    def _root(self, kind: MetadataType, file_name: str, root_name: str) -> Element:
        """The root element of the file that describes a component."""
        described_in = f"{file_name}-meta.xml" if kind.meta else file_name
        if described_in not in self._files:
            raise Problem(f"{described_in} is missing")
        try:
            root = parse(self._files[described_in])
        except XmlInvalid as error:
            raise Problem(error.problem, (error.line, error.column)) from error
        # Settings are the one type whose files have a root of their own: OmniChannelSettings, …
        fits = root.name == root_name or (root_name == "Settings" and root.name.endswith("Settings"))
        if not fits or root.namespace != METADATA:
            raise Problem(f"The root element must be {root_name} in the namespace {METADATA}, got {root.name}", root)
        return root

    def _children(self, kind: MetadataType, component: Component) -> Iterator[Component]:
        for tag, child_type in kind.children:
            for element in component.element.all(tag):
                name = element.value("fullName")
                is_label = child_type == "CustomLabel"
                yield Component(
                    type=child_type,
                    full_name=name if is_label else f"{component.full_name}.{name}",
                    file_name=component.file_name,
                    element=element,
                )

    def _is_wanted(self, kind: str, full_name: str) -> bool:
        names = self._wanted.get(kind, set())
        return "*" in names or full_name in names

    def _check_missing(self) -> None:
        for kind, names in self._wanted.items():
            for name in sorted(names - {"*"}):
                if is_known(kind) and (kind, name) not in self._found:
                    named = f"An object '{name}' of type {kind} was named in package.xml"
                    self._fail(kind, name, MANIFEST, f"{named}, but was not found in zipped directory")

    def _not_listed(self, component: Component) -> None:
        place = (component.element.line, component.element.column)
        self._fail(component.type, component.full_name, component.file_name, "Not in package.xml", place)

    def _fail(self, kind: str, full_name: str, file_name: str, problem: str, place: tuple[int, int] = (0, 0)) -> None:
        line, column = place
        self._package.failures.append(
            Message(type=kind, full_name=full_name, file_name=file_name, problem=problem, line=line, column=column)
        )
