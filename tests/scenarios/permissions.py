"""The single rights that the permission sets of the integration user grant, and the sets without one of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from scv_emulator.metadata.source_format import package_of

FORCE_APP = Path(__file__).parents[2] / "sfdx" / "force-app"
SHIPPED = tuple(
    FORCE_APP / folder / "permissionsets" / f"{name}.permissionset-meta.xml"
    for folder, name in (("main/default", "Voicemail_Integration"), ("voice", "Voicemail_Integration_Voice"))
)
SETS = tuple(file.name.partition(".")[0] for file in SHIPPED)
NAMESPACE = "http://soap.sforce.com/2006/04/metadata"
NAMED_BY = {"objectPermissions": "object", "fieldPermissions": "field", "userPermissions": "name"}
FLAGS = {
    "objectPermissions": {"allowRead": "Read", "allowCreate": "Create", "allowEdit": "Edit"},
    "fieldPermissions": {"readable": "read", "editable": "edit"},
    "userPermissions": {"enabled": ""},
}
"""What is taken away one by one. Sharing is not emulated, so nobody would notice that `viewAllRecords` is missing."""

GOES_WITH = {"allowRead": ("allowCreate", "allowEdit", "viewAllRecords"), "readable": ("editable",)}
"""Salesforce refuses a permission set that grants these without the one, so they go with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Permission:
    """One right that a permission set grants: on an object, on a field (`Object.Field`), or of the user."""

    file: str
    kind: str
    name: str
    flag: str

    def __str__(self) -> str:
        return f"{FLAGS[self.kind][self.flag]} {self.name}".strip()

    def is_named_in(self, text: str) -> bool:
        """Whether a text tells an administrator what is missing: object and field, or the user permission's label."""
        words = ["API Enabled"] if self.name == "ApiEnabled" else self.name.split(".")
        return all(re.search(rf"(?<!\w){word}(?!\w)", text) for word in words)


def granted(files: Sequence[Path]) -> Iterator[Permission]:
    """Every right that permission sets grant, from the files themselves."""
    for file in files:
        root = ElementTree.parse(file).getroot()
        for kind, flags in FLAGS.items():
            for block in root.iterfind(f"{{{NAMESPACE}}}{kind}"):
                name = block.findtext(f"{{{NAMESPACE}}}{NAMED_BY[kind]}", "")
                for flag in flags:
                    if block.findtext(f"{{{NAMESPACE}}}{flag}") == "true":
                        yield Permission(file=file.name, kind=kind, name=name, flag=flag)


def package_without(folder: Path, files: Sequence[Path], missing: Permission | None) -> bytes:
    """The zip of permission sets without one right, and without what Salesforce grants only together with it."""
    (folder / "permissionsets").mkdir(parents=True, exist_ok=True)
    for file in files:
        tree = ElementTree.parse(file)
        if missing is not None and missing.file == file.name:
            _take_away(tree.getroot(), missing)
        tree.write(folder / "permissionsets" / file.name, encoding="UTF-8", default_namespace=NAMESPACE)
    return package_of(folder)


def _take_away(root: ElementTree.Element, missing: Permission) -> None:
    named_by = f"{{{NAMESPACE}}}{NAMED_BY[missing.kind]}"
    (block,) = [
        one for one in root.iterfind(f"{{{NAMESPACE}}}{missing.kind}") if one.findtext(named_by) == missing.name
    ]
    for flag in (missing.flag, *GOES_WITH.get(missing.flag, ())):
        found = block.find(f"{{{NAMESPACE}}}{flag}")
        if found is not None:
            found.text = "false"
