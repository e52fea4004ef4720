"""The single permissions that the shipped permission sets of the integration user grant, and the sets without one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from scv_emulator.metadata.source_format import package_of

FORCE_APP = Path(__file__).parents[2] / "sfdx" / "force-app"
FILES = tuple(
    FORCE_APP / folder / "permissionsets" / f"{name}.permissionset-meta.xml"
    for folder, name in (("main/default", "Voicemail_Integration"), ("voice", "Voicemail_Integration_Voice"))
)
SETS = tuple(file.name.partition(".")[0] for file in FILES)
_XML = "http://soap.sforce.com/2006/04/metadata"
_ACTIONS = {"allowRead": "Read", "allowCreate": "Create", "allowEdit": "Edit"}
_NEEDED_FOR = {"allowRead": ("allowCreate", "allowEdit", "viewAllRecords"), "readable": ("editable",)}
"""Salesforce refuses a permission set that grants these without the one: they go with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Permission:
    """One right that one permission set grants; `field` is empty for object permissions, both for user permissions."""

    file: Path
    kind: str
    name: str
    flag: str

    def __str__(self) -> str:
        return f"{_ACTIONS.get(self.flag, self.flag)} {self.name}" if self.kind != "userPermissions" else self.name

    def is_named_in(self, text: str) -> bool:
        """Whether a text tells an administrator what is missing: the object and the field, or the user permission."""
        if self.kind == "userPermissions":
            words = [" ".join(re.findall(r"[A-Z][a-z]+", self.name)).replace("Api ", "API ")]
        else:
            words = self.name.split(".")
        return all(re.search(rf"(?<!\w){word}(?!\w)", text) for word in words)


def shipped() -> list[Permission]:
    """Every permission of both sets that can be taken away alone, read from the files that ship."""
    return [one for file in FILES for one in _granted(file)]


def package_without(folder: Path, missing: Permission | None) -> bytes:
    """The zip of both permission sets, without one permission and what Salesforce grants only together with it."""
    for file in FILES:
        tree = ElementTree.parse(file)
        if missing is not None and missing.file == file:
            _take_away(tree.getroot(), missing)
        place = folder / "permissionsets" / file.name
        place.parent.mkdir(parents=True, exist_ok=True)
        tree.write(place, xml_declaration=True, encoding="UTF-8", default_namespace=_XML)
    return package_of(folder)


def _granted(file: Path) -> Iterator[Permission]:
    root = ElementTree.parse(file).getroot()
    parts = (("objectPermissions", "object", tuple(_ACTIONS)), ("fieldPermissions", "field", ("readable", "editable")))
    for kind, name, flags in (*parts, ("userPermissions", "name", ("enabled",))):
        for block in root.findall(f"{{{_XML}}}{kind}"):
            for flag in flags:
                if block.findtext(f"{{{_XML}}}{flag}") == "true":
                    yield Permission(file=file, kind=kind, name=_text(block, name), flag=flag)


def _take_away(root: ElementTree.Element, missing: Permission) -> None:
    key = {"objectPermissions": "object", "fieldPermissions": "field", "userPermissions": "name"}[missing.kind]
    (block,) = [one for one in root.findall(f"{{{_XML}}}{missing.kind}") if _text(one, key) == missing.name]
    for flag in (missing.flag, *_NEEDED_FOR.get(missing.flag, ())):
        found = block.find(f"{{{_XML}}}{flag}")
        if found is not None:
            found.text = "false"


def _text(block: ElementTree.Element, name: str) -> str:
    return block.findtext(f"{{{_XML}}}{name}") or ""
