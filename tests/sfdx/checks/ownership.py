"""Every file belongs to exactly one component, lies where its type lies, and is called what it says.

Salesforce's own converter leaves a class without its `-meta.xml` out in silence, copies what lies in a wrong folder,
and believes any `fullName`; so these are the rules that hold before it is asked.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.sfdx.checks.component import Component, Finding, component
from tests.sfdx.checks.component_types import (
    BUNDLE_FILES,
    BY_FOLDER,
    BY_SUFFIX,
    FOLDER_ROOTS,
    OBJECT_CHILDREN,
    ComponentType,
)

META = "-meta.xml"


def claim(files: Mapping[str, str]) -> tuple[list[Component], list[Finding]]:
    """The components of these files, and what is wrong with the files' places."""
    components: list[Component] = []
    findings: list[Finding] = []
    for path in files:
        found = _claim(path, files)
        if isinstance(found, Component):
            components.append(found)
        elif found:
            findings.append(Finding(path, 1, found))
    seen: dict[tuple[str, str], str] = {}
    for one in components:
        if (one.type, one.name) in seen:
            findings.append(Finding(one.path, 1, f"{one.type} {one.name} is in {seen[one.type, one.name]}, too"))
        seen[one.type, one.name] = one.path
    return components, findings


def _claim(path: str, files: Mapping[str, str]) -> Component | str | None:
    """The component whose file this is; None for the other parts of one; a sentence when it is nobody's."""
    parts = path.split("/force-app/", 1)[-1].split("/")[1:]
    if parts[:1] == ["default"]:
        parts = parts[1:]
    folder, inside, file = parts[0], parts[1:-1], parts[-1]
    if len(parts) < 2:
        return "lies in no folder of a type"
    if folder == "lwc":
        return _bundle_file(path, inside, file, files)
    if folder == "objects":
        return _object_file(path, inside, file, files)
    own = BY_FOLDER.get(folder)
    if own is None:
        return f"there is no type of metadata in a folder {folder}"
    if own.content and file.endswith(own.content):
        return None if f"{path}{META}" in files else f"has no {file}{META}: it would be left out in silence"
    return _plain_file(path, own, inside, file, files)


def _plain_file(
    path: str, own: ComponentType, inside: list[str], file: str, files: Mapping[str, str]
) -> Component | str:
    name, dot, suffix = file.removesuffix(META).rpartition(".")
    folder_root = FOLDER_ROOTS.get(own.name, "")
    if file.endswith(META) and suffix and suffix == _ending(folder_root) and not inside:
        return component(folder_root, name, path, files[path])
    problem = ""
    if not file.endswith(META) or not dot:
        problem = f"is no part of a {own.name}: it does not end in {META}"
    elif suffix not in BY_SUFFIX:
        problem = f"nothing has the ending {suffix}"
    elif suffix != own.suffix:
        problem = f"a {BY_SUFFIX[suffix].name} lies in {BY_SUFFIX[suffix].folder}/, not in {own.folder}/"
    elif bool(inside) != own.in_folders:
        problem = f"a {own.name} lies {'in a folder of' if own.in_folders else 'directly in'} {own.folder}/"
    elif own.content and path.removesuffix(META) not in files:
        problem = f"there is no {file.removesuffix(META)} to it"
    elif inside and not _is_described(f"{own.folder}/{inside[0]}.{_ending(folder_root)}{META}", files):
        problem = f"the folder {inside[0]} is not described by a {folder_root}"
    return problem or component(own.name, "/".join((*inside, name)), path, files[path])


def _ending(type_name: str) -> str:
    return type_name[:1].lower() + type_name[1:]


def _is_described(file: str, files: Mapping[str, str]) -> bool:
    """A folder of main/ may hold reports of voice/: it is described once."""
    return any(path.endswith(f"/{file}") for path in files)


def _object_file(path: str, inside: list[str], file: str, files: Mapping[str, str]) -> Component | str:
    if len(inside) == 1:
        if file != f"{inside[0]}.object{META}":
            return f"only {inside[0]}.object{META} lies here"
        return component("CustomObject", inside[0], path, files[path])
    kind = OBJECT_CHILDREN.get(inside[1]) if len(inside) == 2 else None
    if kind is None:
        return "is no part of an object"
    if not file.endswith(f".{kind.suffix}{META}"):
        return f"does not end in .{kind.suffix}{META}, as everything in {kind.folder}/ does"
    return component(kind.name, f"{inside[0]}.{file.removesuffix(f'.{kind.suffix}{META}')}", path, files[path])


def _bundle_file(path: str, inside: list[str], file: str, files: Mapping[str, str]) -> Component | str | None:
    if not inside:
        return "lies in lwc/ itself: every component has a folder"
    name, folder = inside[0], path.rsplit("/", 1)[0]
    beside = {other.rsplit("/", 1)[1] for other in files if other.startswith(f"{folder}/")}
    problem = ""
    if len(inside) > 1:
        problem = "is no part of a component: only __tests__ may lie below it"
    elif f"{name}.js{META}" not in beside:
        problem = f"{name}.js{META} is missing: the component would be left out in silence"
    elif f"{name}.js" not in beside and any(other.endswith((".js", ".html")) for other in beside):
        problem = f"{name}.js is missing"
    elif not file.endswith(BUNDLE_FILES):
        problem = "a component has no such files"
    elif file.endswith(META) and file != f"{name}.js{META}":
        problem = f"describes {file.split('.', maxsplit=1)[0]}, the component is {name}"
    if problem or not file.endswith(META):
        return problem or None
    return component("LightningComponentBundle", name, path, files[path])
