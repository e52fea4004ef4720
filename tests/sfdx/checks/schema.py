"""Every file against two descriptions of the Metadata API, each of which knows what the other does not.

- `@salesforce/types` (node_modules) is the newer one: elements, required ones, enumerations.
- The WSDL in simple-salesforce is version 63.0: besides, the order of elements and the formats of values.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from pathlib import Path

from lxml import etree  # type: ignore[import-untyped]

from tests.sfdx.checks.component import Component, Finding
from tests.sfdx.checks.component_types import FOLDER_ROOTS
from tests.sfdx.checks.declarations import Declarations, declarations
from tests.sfdx.checks.project import REPOSITORY, Project
from tests.sfdx.checks.xml_tree import METADATA, Malformed, Node, parse

DECLARATIONS = REPOSITORY / "node_modules/@salesforce/types/lib/metadata.d.ts"

NEWER_THAN_THE_WSDL = {
    ("PermissionSet", "servicePresenceStatusAccesses"): "since API version 64.0",
}
"""Elements that `@salesforce/types` knows and version 63.0 does not; they are left out before the WSDL is asked."""

FREE_FORM = {("LightningComponentBundle", "targetConfigs"): "sent as base64: its content has a schema of its own"}

_NUMBER = re.compile(r"^-?\d+(\.\d+)?$")
_DATE = re.compile(r"^\d{4}-\d{2}-\d{2}(T[\d:.]+(Z|[+-]\d{2}:\d{2})?)?$")
_XS = "{http://www.w3.org/2001/XMLSchema}"


def check_well_formed(project: Project) -> Iterator[Finding]:
    """Every -meta.xml is XML in the namespace of the Metadata API, and begins by saying so."""
    for path, text in project.code("-meta.xml"):
        try:
            root = parse(text)
        except Malformed as error:
            yield Finding(path, error.line, f"is no XML: {error}")
            continue
        if not text.startswith('<?xml version="1.0" encoding="UTF-8"?>\n'):
            yield Finding(path, 1, "does not begin with the XML declaration")
        for node in root.walk():
            if node.namespace != METADATA:
                yield Finding(path, node.line, f"{node.tag} is not in the namespace {METADATA}")
                break


def check_types(project: Project, *, file: Path = DECLARATIONS) -> Iterator[Finding]:
    """Elements, required elements, repetitions, enumerations and plain values, by `@salesforce/types`."""
    known = declarations(file)
    for one in project.components:
        if one.root.tag not in known.types:
            yield one.finding(one.root, f"the Metadata API has no type {one.root.tag}")
        else:
            yield from _check_node(one, one.root, one.root.tag, known)


def _check_node(one: Component, node: Node, type_name: str, known: Declarations) -> Iterator[Finding]:
    elements = known.types[type_name]
    last, seen = "", set[str]()
    for child in node.children:
        element = elements.get(child.tag)
        if element is None:
            yield one.finding(child, f"Element {child.tag} invalid at this location in type {type_name}")
            continue
        if child.tag in seen and (child.tag != last or not element.is_repeated):
            yield one.finding(child, f"Element {child.tag} is duplicated at this location in type {type_name}")
        seen.add(child.tag)
        last = child.tag
        if (type_name, child.tag) in FREE_FORM or (child.attributes or {}).get("nil") == "true":
            continue
        if element.type in known.types:
            yield from _check_node(one, child, element.type, known)
        else:
            yield from _check_value(one, child, element.type, known)
    for name, element in elements.items():
        if element.is_required and name not in seen:
            yield one.finding(node, f"Required field is missing: {name} in type {type_name}")


def _check_value(one: Component, node: Node, kind: str, known: Declarations) -> Iterator[Finding]:
    if node.children:
        yield one.finding(node, f"{node.tag} is plain text, and elements stand in it")
    elif kind in known.enumerations and node.text not in known.enumerations[kind]:
        yield one.finding(node, f"'{node.text}' is not a valid value for the enum '{kind}'")
    elif kind == "boolean" and node.text not in ("true", "false"):
        yield one.finding(node, f"{node.tag} is true or false, not '{node.text}'")
    elif kind == "number" and not _NUMBER.match(node.text):
        yield one.finding(node, f"{node.tag} is a number, not '{node.text}'")
    elif kind == "Date" and not _DATE.match(node.text):
        yield one.finding(node, f"{node.tag} is a date, not '{node.text}'")


def check_wsdl(project: Project) -> Iterator[Finding]:
    """The same files against the WSDL: above all the order of elements, as Salesforce writes it."""
    schema, types = _wsdl()
    for path, text in project.code("-meta.xml"):
        try:
            document = etree.fromstring(text.encode())
        except etree.XMLSyntaxError:
            continue
        root = etree.QName(document).localname
        if root not in types:
            yield Finding(path, 1, f"version 63.0 has no type {root}")
            continue
        for type_name, tag in NEWER_THAN_THE_WSDL:
            if root == type_name:
                for newer in document.findall(f"{{{METADATA}}}{tag}"):
                    document.remove(newer)
        for type_name, tag in FREE_FORM:
            if root == type_name and (free := document.find(f"{{{METADATA}}}{tag}")) is not None:
                document.remove(free)
        if not schema.validate(document):
            for error in schema.error_log:
                yield Finding(path, error.line, error.message.replace(f"{{{METADATA}}}", ""))


@cache
def _wsdl() -> tuple[etree.XMLSchema, frozenset[str]]:
    """The schema in the WSDL, with an element for every type, and the names of the types."""
    wsdl = etree.fromstring(files("simple_salesforce").joinpath("metadata.wsdl").read_bytes())
    found = wsdl.find(f".//{_XS}schema")
    assert found is not None
    # Serialised, so that the prefixes which the WSDL declares further up are declared here.
    schema = etree.fromstring(etree.tostring(found))
    declared = {str(one.get("name")) for one in schema.findall(f"{_XS}element")}
    types = {str(one.get("name")) for one in schema.findall(f"{_XS}complexType")}
    for name in types - declared:
        etree.SubElement(schema, f"{_XS}element", name=name, type=f"tns:{name}")
    return etree.XMLSchema(schema), frozenset(types | set(FOLDER_ROOTS.values()))
