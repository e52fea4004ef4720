"""What the Python side says about Salesforce is what the metadata says, beside the checks called connector's …"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping

from scv_voicemail.cli import doctor_there
from scv_voicemail.delivery import case, custom_object, flow_inputs
from scv_voicemail.settings import Settings

from tests.sfdx.checks.catalog import catalog_of
from tests.sfdx.checks.connector_fields import CUT, LONGEST, facts
from tests.sfdx.checks.connector_needs import needs, queries
from tests.sfdx.checks.flows import graph
from tests.sfdx.checks.project import REPOSITORY, Project


def test_the_settings_begin_with_the_shipped_names() -> None:
    """Somebody who sets nothing writes into what this project deploys."""
    settings = {name: one.default for name, one in Settings.model_fields.items()}

    assert settings["case_key"] == case.CASE_KEY
    assert settings["custom_object"] == custom_object.VOICEMAIL_OBJECT
    assert settings["custom_object_key"] == custom_object.VOICEMAIL_KEY


def test_every_query_of_the_connector_reads_fields_that_there_are(project: Project) -> None:
    """Standard and custom ones; a query that cannot be read from the code is an error of its own."""
    known = catalog_of(project)

    unknown = [
        problem
        for object_name, need in needs().items()
        for field in sorted(need.reads | need.writes)
        if (problem := known.problem(object_name, field))
    ]

    assert unknown == []
    assert len(list(queries())) > 10


def test_doctor_looks_at_objects_that_are_read() -> None:
    """It would otherwise ask for rights that delivering does not need, or overlook one that it does."""
    read = {name for name, need in needs().items() if need.reads}

    assert set(doctor_there.OBJECTS) <= read


def test_every_text_that_is_written_has_a_length_or_is_cut() -> None:
    """A new fact that a text field gets must be thought about."""
    texts = {name for name, values in facts().items() if any(isinstance(value, str) for value in values)}

    assert texts - LONGEST.keys() - CUT == {"transcription_status", "priority"}, "words of picklists, never cut"


def test_the_player_reads_the_segments_that_the_connector_writes(project: Project) -> None:
    """Transcript_Segments__c is JSON; its keys are agreed upon nowhere else."""
    written = {key for value in facts()["transcript_segments"] for segment in value for key in segment}
    transcript = next(text for path, text in project.code("voicemailPlayer/transcript.js"))

    read = set(
        re.findall(r"\b(text|\w+_ms|confidence)\b", re.sub(r"//[^\n]*|/\*.*?\*/", "", transcript, flags=re.DOTALL))
    )

    assert {"text", "start_ms", "end_ms"} <= read <= written


def documented_inputs() -> Mapping[str, set[str]]:
    """Inputs of the Omni-Channel flow that the guide and the examples name, by file."""
    guide = (REPOSITORY / "sfdx/README.md").read_text()
    paragraph = guide.partition("Inputs of the Omni-Channel flow")[2].partition("\n\n")[0]
    found = {"sfdx/README.md": set(re.findall(r"`([a-z][A-Za-z]+)`", paragraph))}
    for file in (REPOSITORY / "examples").glob("**/*.toml"):
        content = tomllib.loads(file.read_text())
        found[file.name] = set(content.get("flow_input_parameters", {}))
    return found


def test_inputs_that_are_documented_are_inputs_of_the_flow(project: Project) -> None:
    """An unknown input is an error of the flow, and the voicemail goes to the fallback queue."""
    flow = project.get("Flow", "Voicemail_Omni_Routing")
    assert flow is not None

    inputs = graph(flow).variables(inputs=True)

    assert documented_inputs()["sfdx/README.md"] == inputs
    assert all(names <= inputs for names in documented_inputs().values())
    assert flow_inputs.SHIPPED_INPUTS.keys() <= inputs


def test_the_guide_names_nothing_that_is_not_shipped(project: Project) -> None:
    """Permission sets, custom names and flows of the administrator's guide exist."""
    guide = (REPOSITORY / "sfdx/README.md").read_text()
    of_the_recipe = {"IVRType__c", "IVRInput__c"}

    custom = set(re.findall(r"\b[A-Z]\w*__(?:c|e|mdt)\b", guide)) - of_the_recipe
    sets = set(re.findall(r"--name (\w+)", guide))
    flows = set(re.findall(r"'(\w+_\w+)'", guide.partition("FlowDefinitionView WHERE")[2].partition("```")[0]))

    assert custom
    assert custom <= catalog_of(project).custom_names
    assert sets <= project.names("PermissionSet")
    assert flows == project.names("Flow")
