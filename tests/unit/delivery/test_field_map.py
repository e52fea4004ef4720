"""Templates: what they may say, and what is said about wrong ones before the first voicemail comes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from scv_voicemail.delivery.case import CASE_FIELDS, CASE_KEY
from scv_voicemail.delivery.field_map import FieldMap, changed
from scv_voicemail.delivery.map_checks import field_problems
from scv_voicemail.delivery.record_facts import FACTS, facts_of
from scv_voicemail.delivery.record_shape import Shape
from scv_voicemail.errors import SettingsInvalid

from tests.builders import NOON, a_transcript, a_voicemail
from tests.unit.delivery.record_bench import a_field


def value_of(template: str, **changes: Any) -> Any:
    fields = FieldMap("Case", key="Key__c", fields={"Field__c": template}, setting="case_fields")
    return fields.values(facts_of(a_voicemail(**changes), target="case")).get("Field__c")


@pytest.mark.parametrize(
    ("template", "value"),
    [
        ("{duration_seconds}", 13),
        ("{duration_seconds} s", "13 s"),
        ("{received_at}", NOON - timedelta(minutes=5)),
        ("{received_at:%d.%m.%Y %H:%M}", "20.11.2026 11:55"),
        ("at {received_at}", "at 2026-11-20 11:55 UTC"),
        ("{duration}", "0:13"),
        ("{transcript}", None),
        ("{transcript}{language}", None),
        ("said: {transcript}", "said:"),
        ("{attribute[tier]}", "gold"),
        ("{attribute[missing]}", None),
        ("{attributes}", {"tier": "gold"}),
        ("as JSON: {attributes}", 'as JSON: {"tier":"gold"}'),
        ("{{braces}}", "{braces}"),
        ("always", "always"),
    ],
)
def test_a_placeholder_alone_keeps_its_type_and_among_words_becomes_text(template: str, value: object) -> None:
    """What there is nothing to say about leaves the field out."""
    assert value_of(template, attributes=(("tier", "gold"),)) == value


@pytest.mark.parametrize(
    ("fields", "what"),
    [
        ({"Subject": "{calller}"}, r"Subject has \{calller\}, known are \{id\}"),
        ({"Subject": "{caller"}, "Subject .*expected '}'"),
        ({"Subject": "{caller!r}"}, "a conversion nobody needs"),
        ({"Subject": "{caller.__class__}"}, r"has \{caller.__class__\}"),
        ({"Subject": "{attribute}"}, r"write \{attribute\[NAME\]\}"),
        ({"Subject": "{duration_seconds:%Y}"}, "does not fit"),
        ({"Subject": "Case {case_id}"}, "must stand alone"),
        ({"Sub ject": "x"}, "no API name"),
        ({"Id FROM Case": "x"}, "no API name"),
        ({"key__C": "x"}, "holds the voicemail's id"),
    ],
)
def test_a_wrong_template_is_an_error_of_the_settings(fields: dict[str, str], what: str) -> None:
    """With the setting, the field and what is known."""
    with pytest.raises(SettingsInvalid, match=f"case_fields: .*{what}"):
        FieldMap("Case", key="Key__c", fields=fields, setting="case_fields")


def test_every_fact_has_a_value_and_every_value_a_sentence() -> None:
    """The page of targets is made from the same list."""
    facts = facts_of(a_voicemail(transcript=a_transcript()), target="case")

    assert set(facts) - {"attribute"} == set(FACTS)


def test_changes_come_in_win_or_take_away() -> None:
    """Names are Salesforce's in any case, so that no field is written twice."""
    assert changed({"A": "1", "B": "2", "C": "3"}, {"b": "two", "C": "", "D": "4"}) == {"A": "1", "B": "two", "D": "4"}


def test_problems_of_a_map_are_found_without_a_voicemail() -> None:
    """Unknown, locked, of the wrong type, not in a picklist, pointing elsewhere: each by its name."""
    fields = {
        "Subject": "{caller}",
        "Nowhere__c": "{attribute[tier]}",
        "Locked__c": "{contact_id}",
        "When__c": "{caller}",
        "Level__c": "Highest",
        "Voicemail__c": "{custom_object_id}",
        "Call__c": "{voice_call_id}",
        "Owner__c": "{owner_id}",
    }
    described = [
        a_field("Subject"),
        a_field("Locked__c", createable=False),
        a_field("When__c", type="datetime"),
        a_field("Level__c", type="picklist", restrictedPicklist=True, picklistValues=[{"value": "High"}]),
        a_field("Voicemail__c", referenceTo=["Other__c"]),
        a_field("Owner__c", type="double"),
    ]
    shape = Shape.of({"name": "Case", "createable": True, "updateable": True, "fields": described}, read_at=NOON)

    problems = field_problems(
        shape,
        FieldMap("Case", key=CASE_KEY, fields=fields, setting="case_fields"),
        objects={"custom_object_id": "Voicemail__c", "voice_call_id": "VoiceCall"},
    )

    assert {name: why.split(",")[0] for name, why in problems.items()} == {
        "Nowhere__c": "Case has no such field",
        "Locked__c": "the integration user may not write it",
        "When__c": "it is no date and time in ISO 8601",
        "Level__c": "the picklist has no value 'Highest'",
        "Voicemail__c": "it does not point at Voicemail__c",
        "Call__c": "Case has no such field",
    }


def test_the_default_maps_are_free_of_errors() -> None:
    """They are built like a customer's own."""
    assert FieldMap("Case", key=CASE_KEY, fields=CASE_FIELDS, setting="case_fields").links == {
        "Voicemail__c": "custom_object_id"
    }
