"""What the Python side says about Salesforce is what the metadata says: fields, types, lengths, rights, flows, queues."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from itertools import product
from string import Formatter
from typing import Any

import pytest
from scv_emulator.seed import Seed
from scv_voicemail.delivery import announcement, case, custom_object, links
from scv_voicemail.delivery.field_map import EXAMPLE, Template
from scv_voicemail.delivery.record_facts import FACTS, FOUND, LINKS, Whole, facts_of
from scv_voicemail.settings import Settings
from scv_voicemail.telephony import CallOrigin
from scv_voicemail.voicemail import Mailbox, MailboxKind, Transcript, Voicemail

from tests.sfdx.checks.catalog import Catalog, catalog_of
from tests.sfdx.checks.connector_needs import Need, needs
from tests.sfdx.checks.flows import graph
from tests.sfdx.checks.project import REPOSITORY, Project
from tests.sfdx.checks.standard_names import NEEDS_VOICE, NOT_GRANTABLE, FieldFacts
from tests.sfdx.checks.xml_tree import Node

INTEGRATION = ("Voicemail_Integration", "Voicemail_Integration_Voice")
RIGHTS = {"ApiEnabled"}
"""Of the user permissions, what a client of the REST API needs, and nothing else."""

RECORD_MAPS = {
    "Case": (case.CASE_KEY, case.CASE_FIELDS),
    custom_object.VOICEMAIL_OBJECT: (custom_object.VOICEMAIL_KEY, custom_object.VOICEMAIL_FIELDS),
}
MAPPED = [(name, field, text) for name, (_, fields) in RECORD_MAPS.items() for field, text in fields.items()]

FITTING = {
    bool: {"Checkbox"},
    datetime: {"DateTime"},
    int: {"Number", "Text"},
    float: {"Number", "Text"},
    str: {"Text", "Phone", "Picklist", "LongTextArea", "Lookup", "AutoNumber"},
    Whole: {"LongTextArea", "Url", "Text"},
    list: {"LongTextArea"},
    dict: {"LongTextArea"},
}
"""Types of fields that a value of Python fits into."""

POINTS_AT = {
    "contact_id": "Contact",
    "account_id": "Account",
    "voice_call_id": "VoiceCall",
    "case_id": "Case",
    "custom_object_id": custom_object.VOICEMAIL_OBJECT,
}
"""What the ids are ids of; the owner is a user or a group."""

PHONE_LENGTH = 40
DEVELOPER_NAME, USERNAME = 80, 80
LONGEST = {
    "id": Voicemail.MAX_ID_LENGTH,
    "caller": 16,
    "dialed_number": 16,
    "mailbox_name": max(DEVELOPER_NAME, USERNAME),
    "mailbox_type": 5,
    "language": 20,
    "source": 40,
    "recording_location": 1024,
}
"""How long these facts get: E.164, names of the org, BCP 47 tags, names of our sources, addresses.

Transcripts have no end, and are cut at the field's. The delivery key is cut only when the id has more than 240 letters.
"""


def field_of(known: Catalog, object_name: str, name: str) -> FieldFacts:
    found = known.field(object_name, name)
    assert found is not None, known.problem(object_name, name)
    return found


def facts() -> dict[str, list[Any]]:
    """Every fact with the values that it takes for voicemails of every kind."""
    boxes = [None, *(Mailbox(kind=kind, name="Support") for kind in MailboxKind)]
    assert EXAMPLE.transcript is not None
    supplied = replace(EXAMPLE.transcript, provider="supplied")
    transcripts: list[Transcript | None] = [None, supplied, replace(supplied, provider="amazon-transcribe")]
    every = [
        facts_of(replace(EXAMPLE, mailbox=box, transcript=transcript), target="case", transcription_failed=failed)
        for box, transcript, failed in product(boxes, transcripts, (False, True))
    ]
    return {name: [one[name] for one in every if one[name] not in (None, "")] for name in FACTS}


# ---------------------------------------------------------------------------------------------------------- the fields


@pytest.mark.parametrize(("object_name", "name", "text"), MAPPED, ids=lambda value: str(value)[:40])
def test_each_default_of_the_field_maps_fits_its_field(
    object_name: str, name: str, text: str, project: Project
) -> None:
    """The field is there, can be written, has the type of the value, is long enough, and takes each of its values."""
    field, template = field_of(catalog_of(project), object_name, name), Template.parse(text)

    assert not field.is_formula
    if template.alone in FOUND | LINKS:
        assert field.type == "Lookup"
        assert not field.is_custom or field.refers_to == POINTS_AT[template.alone]
    elif template.alone:
        values = facts()[template.alone]
        assert values, f"{template.alone} is never known"
        for value in values:
            assert field.type in FITTING[type(value)], f"{value!r} does not fit into a {field.type}"
            assert not field.values or value in field.values
        longest = LONGEST.get(template.alone, 0)
        assert longest <= (field.length or (PHONE_LENGTH if field.type == "Phone" else longest))
        if any(isinstance(value, float) for value in values):
            assert field.scale >= 2
    elif template.names:
        assert field.type in FITTING[str]
        assert field.type != "Picklist"
    else:
        assert not field.values or text in field.values


def test_every_fact_has_a_length_or_no_end() -> None:
    """A new fact that a text field gets must be thought about here."""
    texts = {name for name, values in facts().items() if any(isinstance(value, str) for value in values)}

    assert texts - LONGEST.keys() == {
        "delivery_key",
        "directness",
        "duration",
        "transcript",
        "transcription_status",
    }


@pytest.mark.parametrize("object_name", RECORD_MAPS)
def test_the_key_makes_a_record_once_and_only_once(object_name: str, project: Project) -> None:
    """A unique External Id that holds any id of a voicemail and tells upper case from lower case."""
    key = field_of(catalog_of(project), object_name, RECORD_MAPS[object_name][0])
    one = project.get("CustomField", f"{object_name}.{key.name}")

    assert one is not None
    assert key.is_external_id
    assert key.is_unique
    assert key.length >= Voicemail.MAX_ID_LENGTH
    assert one.root.is_true("caseSensitive")


def test_the_settings_begin_with_the_shipped_names() -> None:
    """Somebody who sets nothing writes into what this project deploys."""
    settings = {name: one.default for name, one in Settings.model_fields.items()}

    assert settings["case_key"] == case.CASE_KEY
    assert settings["custom_object"] == custom_object.VOICEMAIL_OBJECT
    assert settings["custom_object_key"] == custom_object.VOICEMAIL_KEY


def test_mailboxes_are_called_as_in_the_picklist(project: Project) -> None:
    """Queue and Rep: one value for each kind."""
    field = field_of(catalog_of(project), "Voicemail__c", "Mailbox_Type__c")

    assert set(field.values) == {kind.value.capitalize() for kind in MailboxKind}


def test_every_status_of_a_transcription_is_in_use(project: Project) -> None:
    """None, Supplied, Completed, Failed: no more and no less."""
    field = field_of(catalog_of(project), "Voicemail__c", "Transcription_Status__c")

    assert set(field.values) == set(facts()["transcription_status"])


def test_the_links_of_a_voice_call_are_fields_of_it(project: Project) -> None:
    """And the field that we make points at our own object."""
    known = catalog_of(project)

    for name, placeholder in links.VOICE_CALL_LINKS.items():
        field = field_of(known, "VoiceCall", name)
        assert field.type == "Lookup"
        assert not field.is_custom or field.refers_to == POINTS_AT[placeholder]


def test_the_event_has_the_fields_that_are_published(project: Project) -> None:
    """All of them, with types and lengths that take what is sent."""
    known = catalog_of(project)
    fields = {name: one for name, one in known.objects[announcement.EVENT].items() if one.is_custom}

    assert set(fields) == set(announcement.EVENT_FIELDS)
    assert fields["External_Id__c"].length >= Voicemail.MAX_ID_LENGTH
    assert fields["Mailbox_Name__c"].length >= LONGEST["mailbox_name"]
    assert fields["Record_Id__c"].length >= 18
    assert fields["Target__c"].length >= len("custom_object")
    assert fields["Delivered_At__c"].type == "DateTime"


def test_the_player_reads_the_segments_that_the_connector_writes(project: Project) -> None:
    """Transcript_Segments__c is JSON; its keys are agreed upon nowhere else."""
    written = {key for value in facts()["transcript_segments"] for segment in value for key in segment}
    transcript = next(text for path, text in project.code("voicemailPlayer/transcript.js"))

    read = set(re.findall(r"\b(text|\w+_ms|confidence)\b", transcript.partition("function isMoment")[0]))

    assert {"text", "start_ms", "end_ms"} <= read <= written


def test_the_call_origin_that_is_sent_is_the_one_that_flows_ask_for(project: Project) -> None:
    """One letter otherwise, and every voicemail is routed as a live call."""
    asked = {
        node.value("rightValue", "stringValue")
        for one in project.of("Flow")
        for node in one.root.all("decisions", "rules", "conditions")
        if node.value("leftValueReference").endswith("CallOrigin")
    }

    assert asked == {CallOrigin.VOICEMAIL.value}


# ---------------------------------------------------------------------------------------------------------- the rights


def granted(project: Project, element: str, key: str) -> dict[str, Node]:
    """What the integration user's permission sets grant, by name; nothing is granted by both."""
    nodes = [
        (node.value(key), node)
        for name in INTEGRATION
        if (one := project.get("PermissionSet", name))
        for node in one.root.all(element)
    ]
    assert len(dict(nodes)) == len(nodes)
    return dict(nodes)


def grantable() -> Iterable[tuple[str, Need]]:
    """What the connector does with objects that permission sets grant."""
    return ((name, need) for name, need in needs().items() if name not in NOT_GRANTABLE)


def test_the_integration_user_may_read_and_write_exactly_the_fields_of_the_connector(project: Project) -> None:
    """Nothing is missing, nothing is granted without need, and what is only read cannot be edited."""
    known = catalog_of(project)
    wanted = {
        f"{object_name}.{name}": "edit" if name in need.writes else "read"
        for object_name, need in grantable()
        if not object_name.endswith("__e")
        for name in need.reads | need.writes
        if not field_of(known, object_name, name).always_visible
    }

    given = {
        name: "edit" if node.is_true("editable") else "read"
        for name, node in granted(project, "fieldPermissions", "field").items()
    }

    assert given == wanted


def test_the_integration_user_may_do_with_objects_exactly_what_the_connector_does(project: Project) -> None:
    """Create and edit where it does; delete nowhere; all records only where it reads what others own."""
    wanted = {
        name: {
            "allowRead": True,
            "allowCreate": need.creates,
            "allowEdit": need.updates,
            "allowDelete": False,
            "modifyAllRecords": False,
        }
        for name, need in grantable()
    }

    given = {
        name: {right: node.is_true(right) for right in next(iter(wanted.values()))}
        for name, node in granted(project, "objectPermissions", "object").items()
    }

    assert given == wanted


def test_the_integration_user_has_no_other_rights(project: Project) -> None:
    """No class, no tab, no page, no custom permission; of the user permissions the API only."""
    others = {
        child.tag
        for name in INTEGRATION
        if (one := project.get("PermissionSet", name))
        for child in one.root.children
        if child.children and child.tag not in ("fieldPermissions", "objectPermissions", "userPermissions")
    }

    assert set(granted(project, "userPermissions", "name")) == RIGHTS
    assert others == set()


def test_rights_on_voice_are_in_the_part_that_needs_voice(project: Project) -> None:
    """Voicemail_Integration deploys without Service Cloud Voice."""
    main = project.get("PermissionSet", INTEGRATION[0])
    assert main is not None

    objects = {name.partition(".")[0] for name in main.root.values("fieldPermissions", "field")}
    objects |= set(main.root.values("objectPermissions", "object"))

    assert not objects & NEEDS_VOICE


# ------------------------------------------------------------------------------------------------------- flows, queues


def test_the_seed_of_the_emulator_names_the_shipped_flow_and_queue(project: Project) -> None:
    """A deployment into a fresh emulator takes the place of what the seed stands in for."""
    seed = Seed()

    assert {one.developer_name for one in seed.flows} <= project.names("Flow")
    assert {one.voicemail_queue for one in seed.flows} <= project.names("Queue")
    assert {one.flow for one in seed.phone_channels} <= project.names("Flow")
    assert {one.fallback_queue for one in seed.phone_channels} <= project.names("Queue")


def documented_inputs() -> Mapping[str, set[str]]:
    """Inputs of the Omni-Channel flow that documentation and examples name, by file."""
    guide = (REPOSITORY / "sfdx/README.md").read_text()
    paragraph = guide.partition("Inputs of the Omni-Channel flow")[2].partition("\n\n")[0]
    found = {"sfdx/README.md": set(re.findall(r"`([a-z][A-Za-z]+)`", paragraph))}
    for file in (REPOSITORY / "examples").glob("**/*.toml"):
        content = tomllib.loads(file.read_text())
        found[file.name] = set(content.get("flow_input_parameters", {}))
    return found


def test_inputs_that_documentation_names_are_inputs_of_the_flow(project: Project) -> None:
    """An unknown input is an error of the flow, and the voicemail goes to the fallback queue."""
    flow = project.get("Flow", "Voicemail_Omni_Routing")
    assert flow is not None

    inputs = graph(flow).variables(inputs=True)

    assert documented_inputs()["sfdx/README.md"] == inputs
    assert all(names <= inputs for names in documented_inputs().values())


def test_templates_of_the_defaults_name_facts_that_exist() -> None:
    """`Template.parse` refuses others; this is the list that it refuses by."""
    named = {name for _, _, text in MAPPED for _, name, _, _ in Formatter().parse(text) if name}

    assert named <= {*FACTS, *FOUND, *LINKS}


def test_the_guide_names_nothing_that_is_not_shipped(project: Project) -> None:
    """Permission sets, custom names and flows of the administrator's guide exist."""
    guide = (REPOSITORY / "sfdx/README.md").read_text()
    of_the_recipe = {"IVRType__c", "IVRInput__c"}
    known = catalog_of(project)

    custom = set(re.findall(r"\b[A-Z]\w*__(?:c|e|mdt)\b", guide)) - of_the_recipe
    sets = set(re.findall(r"--name (\w+)", guide))
    flows = set(re.findall(r"'(\w+_\w+)'", guide.partition("FlowDefinitionView WHERE")[2].partition("```")[0]))

    assert {name.removeprefix("sfdc-") for name in custom} <= known.custom_names
    assert sets <= project.names("PermissionSet")
    assert flows == project.names("Flow")
