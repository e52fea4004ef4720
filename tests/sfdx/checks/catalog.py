"""Every object and field that there is after a deployment: the standard ones that are used, and this project's own."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from tests.sfdx.checks.component import Component, part_of
from tests.sfdx.checks.project import Project
from tests.sfdx.checks.standard_names import SYSTEM, FieldFacts, fields_in, standard_objects

ALWAYS_REQUIRED = {"MasterDetail"}
BUILT_IN = {
    "__c": SYSTEM,
    "__mdt": "Id:Id! DeveloperName:Text(40)! MasterLabel:Text(40)!",
    "__e": "ReplayId:Text! CreatedDate:DateTime! CreatedById:Lookup!",
}
"""Fields that custom objects, settings and events have from the beginning."""


class Catalog:
    """Objects with their fields. `voice` says whether the org has Service Cloud Voice."""

    def __init__(self, project: Project, *, voice: bool = True) -> None:
        self.objects: dict[str, dict[str, FieldFacts]] = {
            name: dict(fields) for name, fields in standard_objects(voice=voice).items()
        }
        for one in project.of("CustomObject"):
            suffix = "__" + one.name.rpartition("__")[2]
            self.objects[one.name] = fields_in(BUILT_IN.get(suffix, ""))
        for one in project.of("CustomField"):
            if one.object in self.objects:
                self.objects[one.object][one.own_name] = field_facts(one)

    def field(self, object_name: str, path: str) -> FieldFacts | None:
        """A field, also one of a record that is looked up: Case__r.Subject, Contact.Account.Phone."""
        fields = self.objects.get(object_name, {})
        head, _, rest = path.partition(".")
        if not rest:
            return fields.get(head)
        lookup = fields.get(f"{head[:-1]}c" if head.endswith("__r") else f"{head}Id")
        return self.field(lookup.refers_to or head, rest) if lookup else None

    def problem(self, object_name: str, path: str) -> str:
        """Why there is no such field; empty when there is."""
        if object_name not in self.objects:
            return f"there is no object {object_name}"
        return "" if self.field(object_name, path) else f"{object_name} has no field {path}"

    def custom_fields(self) -> Iterator[tuple[str, FieldFacts]]:
        """Every field that this project makes, with its object."""
        for object_name, fields in self.objects.items():
            yield from ((object_name, one) for one in fields.values() if one.is_custom)

    @property
    def custom_names(self) -> set[str]:
        """Every custom name that code may use: objects, fields, and relationships."""
        fields = {one.name for _, one in self.custom_fields()}
        return fields | {f"{name[:-1]}r" for name in fields} | {name for name in self.objects if "__" in name}


def field_facts(one: Component) -> FieldFacts:
    """What the file of a custom field says."""
    root = one.root
    kind = root.value("type")
    return FieldFacts(
        name=one.own_name,
        type=kind,
        length=_whole(root.value("length")),
        precision=_whole(root.value("precision")),
        scale=_whole(root.value("scale")),
        values=tuple(root.values("valueSet", "valueSetDefinition", "value", "fullName")),
        always_visible=root.is_true("required") or kind in ALWAYS_REQUIRED,
        is_formula=root.first("formula") is not None,
        is_external_id=root.is_true("externalId"),
        is_unique=root.is_true("unique"),
        refers_to=root.value("referenceTo"),
        path=one.path,
    )


def _whole(text: str) -> int:
    return int(text) if text.isdecimal() else 0


@lru_cache(maxsize=4)
def catalog_of(project: Project) -> Catalog:
    """The catalog of a project. One without voice/ is meant for an org without Service Cloud Voice."""
    return Catalog(project, voice=any(part_of(path) == "voice" for path in project.files))
