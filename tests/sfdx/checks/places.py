"""Where components lie, and what they are called."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tests.sfdx.checks.component import Finding, expected_root
from tests.sfdx.checks.component_types import OBJECT_CHILDREN
from tests.sfdx.checks.project import Project

API_NAME = re.compile(r"^[A-Za-z](?:_?[A-Za-z0-9])*(?:__(?:c|e|mdt))?$")
BUNDLE_NAME = re.compile(r"^[a-z](?:_?[A-Za-z0-9])*$")
FREE_NAMES = {"Layout"}
"""Types whose names are labels: they may have blanks."""


def check_places(project: Project) -> Iterator[Finding]:
    """Files that are no part of any component, and parts that are missing."""
    yield from project.misplaced


def check_full_names(project: Project) -> Iterator[Finding]:
    """A component is called what its file is called."""
    for one in project.components:
        if one.root.tag != expected_root(one.type):
            yield one.finding(one.root, f"the root is {one.root.tag}, not {expected_root(one.type)}")
        said = one.root.value("fullName")
        if said and said != one.own_name:
            yield one.finding(one.root.first("fullName"), f"fullName is {said}, the file is named {one.own_name}")
        is_child = one.type in {child.name for child in OBJECT_CHILDREN.values()}
        if is_child and not said:
            yield one.finding(one.root, f"fullName is missing: {one.own_name} would not be deployed")
        legal = BUNDLE_NAME if one.type == "LightningComponentBundle" else API_NAME
        if one.type not in FREE_NAMES and not legal.match(one.own_name):
            yield one.finding(one.root, f"{one.own_name} is no API name")
        custom = one.type == "CustomField" or (one.type == "CustomObject" and one.root.tag == "CustomObject")
        if custom and not one.own_name.endswith(("__c", "__e", "__mdt")):
            yield one.finding(one.root, f"{one.own_name} is standard; it would overwrite the org's")
