"""One API version everywhere, a project file that Salesforce's schema takes, and manifests that list what there is."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs

from tests.sfdx.checks.component import Component, Finding
from tests.sfdx.checks.project import REPOSITORY, Project
from tests.sfdx.checks.xml_tree import Malformed, parse

VERSIONED = ("ApexClass", "ApexTrigger", "Flow", "LightningComponentBundle")
SCHEMAS = REPOSITORY / "node_modules/@salesforce/schemas"
PROJECT, SCRATCH = "sfdx-project.json", "config/project-scratch-def.json"
UNKNOWN_FEATURES = ("ServiceCloudVoicePartnerTelephony:", "Scrt2Conversation", "BYOOTT:")
"""Features of scratch orgs that work and that the schema does not list, with the number behind the colon."""

MANIFESTS = {"core": ("main",), "voice": ("voice",), "full": ("main", "voice")}
"""Manifests by name, with the parts that they list."""
FOLDER_TYPES = {"ReportFolder": "Report", "DashboardFolder": "Dashboard"}


def check_versions(project: Project) -> Iterator[Finding]:
    """The apiVersion of everything that has one, and of the manifests, is sourceApiVersion."""
    for one in project.of(*VERSIONED):
        if one.root.value("apiVersion") != project.api_version:
            said = one.root.value("apiVersion") or "nothing"
            yield one.finding(one.root.first("apiVersion"), f"apiVersion is {said}, not {project.api_version}")


def check_project_files(project: Project) -> Iterator[Finding]:
    """sfdx-project.json and the scratch org definition are what Salesforce's schemas say."""
    if not re.fullmatch(r"[1-9]\d\.0", project.api_version):
        yield Finding(PROJECT, 1, f"sourceApiVersion is {project.api_version!r}")
    for path, schema in ((PROJECT, "sfdx-project"), (SCRATCH, "project-scratch-def")):
        file = project.root / path
        if not file.is_file():
            yield Finding(path, 1, "is missing")
            continue
        try:
            content = json.loads(file.read_text())
        except ValueError as error:
            yield Finding(path, 1, f"is no JSON: {error}")
            continue
        if path == SCRATCH:
            features = content.get("features", [])
            content = content | {"features": [one for one in features if not one.startswith(UNKNOWN_FEATURES)]}
        for problem in _schema(SCHEMAS / f"{schema}.schema.json").iter_errors(content):
            yield Finding(path, 1, f"{'/'.join(map(str, problem.instance_path)) or 'the file'}: {problem.message}")


def check_manifests(project: Project) -> Iterator[Finding]:
    """Each manifest lists exactly the components of its parts, in the order of their names."""
    for name, parts in MANIFESTS.items():
        path = f"sfdx/manifest/{name}.xml"
        file = project.root / path
        try:
            root = parse(file.read_text())
        except (OSError, Malformed) as error:
            yield Finding(path, 1, f"cannot be read: {error}")
            continue
        if root.value("version") != project.api_version:
            yield Finding(path, root.line_of("version"), f"version is not {project.api_version}")
        listed = [(block.value("name"), member) for block in root.all("types") for member in block.values("members")]
        wanted = {pair for one in project.components if one.part in parts for pair in members(one)}
        for type_name, member in sorted(wanted - set(listed)):
            yield Finding(path, 1, f"{type_name} {member} is missing")
        for type_name, member in sorted(set(listed) - wanted):
            yield Finding(path, 1, f"there is no {type_name} {member}")
        if listed != sorted(listed):
            yield Finding(path, 1, "is not in the order of types and names")


def members(one: Component) -> Iterator[tuple[str, str]]:
    """Type and name by which a manifest lists a component and what is inside its file."""
    if one.type in FOLDER_TYPES:
        yield FOLDER_TYPES[one.type], f"{one.name}/"
        return
    yield one.type, one.name
    if one.type == "SharingRules":
        for name in one.root.values("sharingCriteriaRules", "fullName"):
            yield "SharingCriteriaRule", f"{one.name}.{name}"


@cache
def _schema(file: Path) -> Any:
    return jsonschema_rs.validator_for(json.loads(file.read_text()))
