"""What ships: every check finds nothing. The mutants show that every check would."""

from __future__ import annotations

import pytest
from scv_emulator.salesforce.standard_objects import standard_schema

from tests.sfdx.checks import CHECKS
from tests.sfdx.checks.catalog import catalog_of
from tests.sfdx.checks.connector_needs import needs
from tests.sfdx.checks.flows import graph
from tests.sfdx.checks.project import Project
from tests.sfdx.checks.standard_names import STANDARD, standard_objects

NEED_NODE_MODULES = {"schema", "descriptions", "project files"}


@pytest.mark.parametrize("name", CHECKS)
def test_the_check_finds_nothing(name: str, project: Project, request: pytest.FixtureRequest) -> None:
    """Each finding is a line with file, line number and what is wrong."""
    if name in NEED_NODE_MODULES:
        request.getfixturevalue("node_modules")

    findings = sorted(CHECKS[name](project))

    assert not findings, "\n".join(["", *map(str, findings)])


def test_the_emulator_has_every_standard_field_that_is_named() -> None:
    """What is checked by name here is executed there; both know the same standard objects."""
    schema = standard_schema()

    missing = [
        f"{object_name}.{field}"
        for object_name, fields in standard_objects().items()
        for field in fields
        if field not in ("Name", "OwnerId") and schema.sobject(object_name).field(field) is None
    ]

    assert missing == []


def test_the_list_of_standard_fields_has_no_more_than_is_used(project: Project) -> None:
    """An entry that nobody needs would let a typing error through one day."""
    used = {name: set(need.reads | need.writes) for name, need in needs().items()}
    texts = "\n".join(text for path, text in project.files.items() if not path.endswith(".css"))

    idle = [
        f"{object_name}.{field}"
        for object_name, fields in STANDARD.items()
        for field in (text.partition(":")[0] for text in fields.split())
        if field not in used.get(object_name, ()) and field not in texts
    ]

    assert idle == []


def test_every_field_of_a_voicemail_is_filled_by_somebody(project: Project) -> None:
    """By the connector, by the player, or by a formula; a field that nobody fills is a promise."""
    known = catalog_of(project)
    apex = "\n".join(text for path, text in project.code("Controller.cls"))
    flows = {
        (node.value("object"), field)
        for one in project.of("Flow")
        for _, node in graph(one).elements
        for field in node.values("inputAssignments", "field")
    }
    written = {(name, field) for name, need in needs().items() for field in need.writes}
    by_telephony = {("VoiceCall", "IVR_Type__c"), ("VoiceCall", "IVR_Input__c")} | {
        ("VoiceCall", "sf_realtime_transcription_status__c")
    }

    idle = [
        f"{object_name}.{field.name}"
        for object_name, field in known.custom_fields()
        if not field.is_formula
        and not object_name.endswith("__mdt")
        and (object_name, field.name) not in written | flows | by_telephony
        and f"voicemail.{field.name} = " not in apex
    ]

    assert idle == []
