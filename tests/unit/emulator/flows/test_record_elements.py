"""What the elements that read and write records do."""

from __future__ import annotations

from typing import Any

import pytest
from scv_emulator.flows import FlowFault

from .conftest import NOW, Bench
from .flow_files import (
    assign,
    condition,
    create,
    create_from,
    decide,
    delete,
    filtered,
    formula,
    get,
    given,
    loop,
    number,
    records,
    ref,
    result,
    text,
    update,
    update_from,
    variable,
    yes,
)

YES, NO = assign("Say_Yes", ("answer", "Assign", yes())), assign("Say_No", ("answer", "Assign", yes(False)))
ANSWER = result("answer", "Boolean")


def test_a_lookup_finds_by_filters_in_any_case(bench: Bench) -> None:
    """SOQL compares text without case and escapes what is compared."""
    bench.insert("Contact", LastName="O'Neil_100%")
    look = get("Look", "Contact", filtered("LastName", "EqualTo", ref("name")), to="Keep")

    outputs = bench.run(
        look,
        assign("Keep", ("found", "Assign", ref("Look.LastName"))),
        given("name"),
        result("found"),
        inputs={"name": "o'neil_100%"},
        to="Look",
    )

    assert outputs == {"found": "O'Neil_100%"}


@pytest.mark.parametrize(
    ("filters", "logic", "found"),
    [
        ([filtered("Subject", "Contains", text("_"))], "and", ["b_c"]),
        ([filtered("Subject", "StartsWith", text("b"))], "and", ["b", "b_c"]),
        ([filtered("Subject", "EndsWith", text("C"))], "and", ["b_c"]),
        ([filtered("Subject", "IsNull", yes())], "and", [None]),
        ([filtered("Subject", "NotEqualTo", text("a"))], "and", [None, "b", "b_c"]),
        ([filtered("Subject", "In", ref("wanted"))], "and", ["a", "b"]),
        ([filtered("Subject", "NotIn", ref("wanted"))], "and", [None, "b_c"]),
        ([filtered("Subject", "In", ref("none"))], "and", []),
        ([filtered("Count__c", "GreaterThan", number(1))], "and", ["b", "b_c"]),
        ([filtered("Count__c", "LessThanOrEqualTo", number(1))], "and", ["a"]),
        ([filtered("Due__c", "LessThan", ref("$Flow.CurrentDateTime"))], "and", ["a"]),
        ([filtered("Due__c", "GreaterThanOrEqualTo", ref("$Flow.CurrentDate"))], "and", ["b"]),
        ([filtered("Day__c", "EqualTo", ref("$Flow.CurrentDate"))], "and", ["b"]),
        ([filtered("Subject", "EqualTo", text("a")), filtered("Count__c", "EqualTo", number(2))], "or", ["a", "b"]),
        (
            [
                filtered("Subject", "EqualTo", text("a")),
                filtered("Count__c", "EqualTo", number(2)),
                filtered("Count__c", "EqualTo", number(3)),
            ],
            "NOT 1 AND (2 OR 3)",
            ["b", "b_c"],
        ),
    ],
)
def test_filters_find_records(bench: Bench, filters: list[dict[str, Any]], logic: str, found: list[str | None]) -> None:
    """Every operator, sorted with nothing first."""
    bench.insert("Case", Subject="b_c", Count__c=3.0)
    bench.insert("Case", Subject="a", Count__c=1.0, Due__c=NOW.replace(day=19))
    bench.insert("Case", Subject="b", Count__c=2.0, Due__c=NOW.replace(hour=12), Day__c=NOW.date())
    bench.insert("Case")
    look = get("Look", "Case", *filters, to="Each", first=False, sortField="Subject", sortOrder="Asc")
    look[1]["filterLogic"] = logic

    outputs = bench.run(
        look,
        loop("Each", "Look", each="Keep"),
        assign("Keep", ("found", "Add", ref("Each.Subject")), to="Each"),
        variable("found", isCollection=True, isOutput=True),
        variable("wanted", isCollection=True, isInput=True),
        variable("none", isCollection=True),
        inputs={"wanted": ["a", "b"]},
        to="Look",
    )

    assert outputs == {"found": found}


def test_a_lookup_without_result_is_null(bench: Bench) -> None:
    """One record and a collection alike."""
    none = filtered("Subject", "EqualTo", text("none"))
    conditions = [condition("One", "IsNull", yes()), condition("Many", "IsNull", yes())]
    choose = decide("Choose", ("Holds", "and", conditions, "Say_Yes"), otherwise="Say_No")
    one, many = get("One", "Case", none, to="Many"), get("Many", "Case", none, to="Choose", first=False)

    assert bench.run(one, many, choose, YES, NO, ANSWER, to="One") == {"answer": True}


@pytest.mark.parametrize(("nulls", "left"), [(False, "before"), (True, None)])
def test_a_variable_keeps_its_value_when_nothing_is_found(bench: Bench, nulls: bool, left: str | None) -> None:
    """Unless the flow asks for null values."""
    look = get("Look", "Case", filtered("Subject", "EqualTo", text("none")))
    look[1]["assignNullValuesIfNoRecordsFound"] = nulls
    look[1]["outputAssignments"] = [{"assignToReference": "found", "field": "Subject"}]
    look[1].pop("storeOutputAutomatically")

    assert bench.run(look, result("found", value=text("before"))) == {"found": left}


def test_a_field_of_a_record_that_was_not_found_is_a_fault(bench: Bench) -> None:
    """The message is the vendor's; a formula reads nothing instead."""
    look = get("Look", "Case", filtered("Subject", "EqualTo", text("none")), to="Keep")
    by_formula = assign("Keep", ("found", "Assign", ref("Read")), to="Choose")
    choose = decide("Choose", ("Never", "and", [condition("Look.Subject", "EqualTo", text("a"))], ""))

    with pytest.raises(FlowFault, match=r"failed to access the value for Look\.Subject because it hasn't been set"):
        bench.run(
            look, by_formula, choose, formula("Read", "'<' & {!Look.Subject} & '>'"), variable("found"), to="Look"
        )
    assert bench.path == ["Look", "Keep", "Choose"]


def test_only_the_fields_that_were_asked_for_are_there(bench: Bench) -> None:
    """With chosen fields, another field has no value to access; the id always has."""
    case = bench.insert("Case", Subject="a", Priority="High")
    look = get("Look", "Case", filtered("Id", "EqualTo", text(case)), to="Keep", queriedFields=["Id", "Subject"])

    with pytest.raises(FlowFault, match=r"Look\.Priority"):
        bench.run(look, assign("Keep", ("found", "Assign", ref("Look.Priority"))), variable("found"), to="Look")
    outputs = bench.run(look, assign("Keep", ("found", "Assign", ref("Look.Id"))), result("found"), to="Look")

    assert outputs == {"found": case}


def test_a_related_record_is_read_through_its_lookup(bench: Bench) -> None:
    """Contact.Account.Name; through an empty lookup it is a fault."""
    account = bench.insert("Account", Name="Clinic")
    bench.insert("Contact", LastName="With", AccountId=account)
    bench.insert("Contact", LastName="Without")
    look = get("Look", "Contact", filtered("LastName", "EqualTo", ref("name")), to="Keep")
    parts = [look, assign("Keep", ("found", "Assign", ref("Look.Account.Name"))), given("name"), result("found")]

    assert bench.run(*parts, inputs={"name": "With"}, to="Look") == {"found": "Clinic"}
    with pytest.raises(FlowFault, match=r"Look\.Account\.Name"):
        bench.run(*parts, inputs={"name": "Without"}, to="Look")


def test_a_record_is_created_and_its_id_can_be_used(bench: Bench) -> None:
    """Text for a phone number, a date for a date field: values take the field's type."""
    make = create(
        "Make",
        "Case",
        {"Subject": text("Call from {!caller}"), "Count__c": text("3"), "Due__c": ref("$Flow.CurrentDateTime")},
        to="Keep",
    )

    outputs = bench.run(
        make, assign("Keep", ("made", "Assign", ref("Make"))), given("caller"), result("made"), to="Make"
    )

    (case,) = bench.all("Case")
    assert outputs == {"made": case["Id"]}
    assert (case["Subject"], case["Count__c"], case["Due__c"]) == ("Call from", 3.0, NOW)


def test_records_are_built_in_a_loop_and_created_together(bench: Bench) -> None:
    """The pattern of Flow Builder: set the fields of one record, add a copy to a collection, create the collection."""
    names = variable("names", isCollection=True, isInput=True)
    fill = assign("Fill", ("one.LastName", "Assign", ref("Each")), ("all", "Add", ref("one")), to="Each")

    bench.run(
        loop("Each", "names", each="Fill", to="Make"),
        fill,
        create_from("Make", "all"),
        names,
        variable("one", "SObject", objectType="Contact"),
        records("all", "Contact"),
        inputs={"names": ["Ann", "Bob"]},
        to="Each",
    )

    assert [one["LastName"] for one in bench.all("Contact")] == ["Ann", "Bob"]


def test_all_records_of_one_element_are_written_or_none(bench: Bench) -> None:
    """The second of two Contacts lacks its last name; the fault path goes on without the first."""
    fill = assign("Fill", ("one.LastName", "Assign", ref("Each")), ("all", "Add", ref("one")), to="Each")

    outputs = bench.run(
        loop("Each", "names", each="Fill", to="Make"),
        fill,
        create_from("Make", "all", fault="Tell"),
        assign("Tell", ("said", "Assign", ref("$Flow.FaultMessage"))),
        variable("names", isCollection=True, isInput=True),
        variable("one", "SObject", objectType="Contact"),
        records("all", "Contact"),
        result("said"),
        inputs={"names": ["Ann", ""]},
        to="Each",
    )

    assert bench.all("Contact") == []
    assert "REQUIRED_FIELD_MISSING" in outputs["said"]
    assert "tried to create records" in outputs["said"]


def test_updates_change_what_the_filter_finds(bench: Bench) -> None:
    """No match is no error."""
    first, other = bench.insert("Case", Subject="a"), bench.insert("Case", Subject="b")

    for wanted in ("a", "z"):
        bench.run(update("Change", "Case", [filtered("Subject", "EqualTo", text(wanted))], {"Priority": text("High")}))

    assert [bench.database.get("Case", one)["Priority"] for one in (first, other)] == ["High", "Medium"]


def test_an_update_from_a_variable_writes_what_was_assigned(bench: Bench) -> None:
    """Fields that were only read are not written back."""
    case = bench.insert("Case", Subject="a")
    look = get("Look", "Case", filtered("Id", "EqualTo", text(case)), to="Change")
    change = assign("Change", ("Look.Subject", "Assign", text("b")), to="Save")

    bench.run(look, change, update_from("Save", "Look", {"Priority": text("Low")}), to="Look")

    changed = bench.database.get("Case", case)
    assert (changed["Subject"], changed["Priority"], changed["CaseNumber"]) == ("b", "Low", "00000001")


def test_records_are_deleted(bench: Bench) -> None:
    """By a filter."""
    bench.insert("Case", Subject="a")
    bench.insert("Case", Subject="b")

    bench.run(delete("Drop", "Case", filtered("Subject", "EqualTo", text("a"))))

    assert [one["Subject"] for one in bench.all("Case")] == ["b"]


def test_a_write_is_checked_as_a_clients_is(bench: Bench) -> None:
    """Flows ignore field-level security, not what the object demands: unique keys, lengths, read-only fields."""
    bench.insert("Case", Key__c="k-1")
    for fields, code in (
        ({"Key__c": text("k-1")}, "DUPLICATE_VALUE"),
        ({"Key__c": text("k" * 300)}, "STRING_TOO_LONG"),
        ({"CaseNumber": text("1")}, "INVALID_FIELD_FOR_INSERT_UPDATE"),
        ({"ContactId": text("nobody")}, "MALFORMED_ID"),
    ):
        with pytest.raises(FlowFault, match=code):
            bench.run(create("Make", "Case", fields))


def test_custom_metadata_is_read_in_both_ways(bench: Bench) -> None:
    """As a global resource, and by Get Records."""
    bench.insert("Setting__mdt", DeveloperName="Default", Queue__c="Voicemail")
    look = get("Look", "Setting__mdt", filtered("DeveloperName", "EqualTo", text("Default")), to="Keep")
    name = "$CustomMetadata.Setting__mdt.Default.Queue__c"
    keep = assign("Keep", ("one", "Assign", ref(name)), ("other", "Assign", ref("Look.Queue__c")))

    outputs = bench.run(look, keep, result("one"), result("other"), to="Look")

    assert outputs == {"one": "Voicemail", "other": "Voicemail"}


def test_the_running_user_and_the_org_are_known(bench: Bench) -> None:
    """$User and $Organization are records."""
    keep = assign("Keep", ("who", "Assign", ref("$User.Username")), ("org", "Assign", ref("$Organization.Name")))

    assert bench.run(keep, result("who"), result("org")) == {"who": "integration@example.com", "org": "Test Org"}
