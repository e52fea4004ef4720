"""What each element does to the variables and the records."""

from __future__ import annotations

from typing import Any

import pytest
from scv_emulator.flows import FlowFault

from .conftest import NOW, Bench
from .flow_files import (
    a_flow,
    assign,
    call,
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


def decided(bench: Bench, conditions: list[dict[str, Any]], *parts: Any, logic: str = "and", **inputs: Any) -> bool:
    """The answer of a flow with one decision; inputs become input variables of the type of their value."""
    types = {str: "String", bool: "Boolean"}
    variables = [given(name, types.get(type(value), "Number")) for name, value in inputs.items()]
    choose = decide("Choose", ("Holds", logic, conditions, "Say_Yes"), otherwise="Say_No")
    outputs = bench.run(choose, YES, NO, ANSWER, *variables, *parts, inputs=inputs)
    return bool(outputs["answer"])


# ---------------------------------------------------------------------------------------------------------- decisions


@pytest.mark.parametrize(
    ("left", "operator", "right", "expected"),
    [
        ("Voicemail", "EqualTo", text("Voicemail"), True),
        ("Voicemail", "EqualTo", text("voicemail"), False),
        ("Voicemail", "NotEqualTo", text("Preview"), True),
        ("", "EqualTo", ref("$GlobalConstant.EmptyString"), True),
        (None, "EqualTo", ref("$GlobalConstant.EmptyString"), False),
        (None, "NotEqualTo", text("Voicemail"), True),
        (None, "IsNull", yes(), True),
        ("", "IsNull", yes(), False),
        ("", "IsBlank", yes(), True),
        ("Voicemail", "StartsWith", text("Voice"), True),
        ("Voicemail", "EndsWith", text("mail"), True),
        ("Voicemail", "Contains", text("cem"), True),
        (None, "Contains", text("cem"), False),
        (5, "GreaterThan", number(4), True),
        (5, "GreaterThan", number(5), False),
        (5, "GreaterThanOrEqualTo", number(5), True),
        (5, "LessThan", number(5), False),
        (5, "LessThanOrEqualTo", text("5"), True),
        (None, "LessThan", number(5), False),
        (True, "EqualTo", yes(), True),
        (True, "EqualTo", text("true"), True),
    ],
)
def test_an_operator_decides(bench: Bench, left: Any, operator: str, right: dict[str, Any], expected: bool) -> None:
    """Null is not the same as empty text, and only IsNull and the like hold for it."""
    kind = {bool: "Boolean", int: "Number"}.get(type(left), "String")
    choose = decide("Choose", ("Holds", "and", [condition("left", operator, right)], "Say_Yes"), otherwise="Say_No")

    outputs = bench.run(choose, YES, NO, ANSWER, given("left", kind), inputs={"left": left})

    assert outputs == {"answer": expected}


@pytest.mark.parametrize(
    ("logic", "expected"),
    [
        ("and", False),
        ("or", True),
        ("1 AND (2 OR 3)", True),
        ("NOT 2 AND 1", True),
        ("(1 AND 2) OR 3", True),
        ("2", False),
    ],
)
def test_conditions_are_joined_by_their_logic(bench: Bench, logic: str, expected: bool) -> None:
    """The first and the third of three conditions hold."""
    conditions = [condition("a", "EqualTo", number(value)) for value in (1, 2, 1)]

    assert decided(bench, conditions, logic=logic, a=1) is expected


def test_the_first_outcome_that_holds_is_taken(bench: Bench) -> None:
    """And an outcome can be read afterwards, like a variable."""
    choose = decide(
        "Choose",
        ("Small", "and", [condition("size", "LessThan", number(5))], "Tell"),
        ("Any", "and", [condition("size", "IsNull", yes(False))], "Tell"),
    )
    tell = assign("Tell", ("answer", "Assign", ref("Small")), ("visited", "Assign", ref("Any")))

    outputs = bench.run(
        choose, tell, ANSWER, result("visited", "Boolean"), given("size", "Number"), inputs={"size": 3}, to="Choose"
    )

    assert outputs == {"answer": True, "visited": False}


def test_an_element_knows_whether_it_was_visited(bench: Bench) -> None:
    """WasVisited is about elements, WasSet about values."""
    step = assign("First_Step", ("other", "Assign", text("x")), to="Choose")
    conditions = [
        condition("First_Step", "WasVisited", yes()),
        condition("Say_No", "WasVisited", yes(False)),
        condition("other", "WasSet", yes()),
    ]
    choose = decide("Choose", ("Holds", "and", conditions, "Say_Yes"), otherwise="Say_No")

    assert bench.run(step, choose, YES, NO, ANSWER, variable("other"), to="First_Step") == {"answer": True}


# --------------------------------------------------------------------------------------------------------- assignments


@pytest.mark.parametrize(
    ("operator", "value", "expected"),
    [
        ("Add", "b", ["a", "b", "a", "b"]),
        ("AddItem", "c", ["a", "b", "a", "c"]),
        ("AddAtStart", "c", ["c", "a", "b", "a"]),
        ("RemoveFirst", "a", ["b", "a"]),
        ("RemoveAll", "a", ["b"]),
        ("RemoveUncommon", "b", ["b"]),
        ("RemoveBeforeFirst", "b", ["b", "a"]),
        ("RemoveAfterFirst", "b", ["a", "b"]),
        ("RemoveFirst", "z", ["a", "b", "a"]),
        ("RemovePosition", 2, ["a", "a"]),
    ],
)
def test_an_operator_changes_a_collection(bench: Bench, operator: str, value: Any, expected: list[str]) -> None:
    """Positions count from 1."""
    step = assign("Change", ("list", operator, number(value) if isinstance(value, int) else text(value)))
    letters = variable("list", isCollection=True, isInput=True, isOutput=True)

    assert bench.run(step, letters, inputs={"list": ["a", "b", "a"]}) == {"list": expected}


def test_numbers_texts_and_dates_add_up(bench: Bench) -> None:
    """Add joins texts, moves dates by days and counts from nothing."""
    step = assign(
        "Change",
        ("count", "Add", number(2)),
        ("count", "Subtract", number(0.5)),
        ("greeting", "Add", text(" {!count}")),
        ("day", "Add", number(3)),
        ("size", "AssignCount", ref("list")),
    )
    kept = [
        result("count", "Number"),
        result("greeting", value=text("Hello")),
        result("day", "Date", value={"dateValue": "2026-02-27"}),
        result("size", "Number"),
        variable("list", isCollection=True),
    ]

    outputs = bench.run(step, *kept)

    assert outputs["count"] == 1.5
    assert outputs["greeting"] == "Hello 1.5"
    assert outputs["day"].isoformat() == "2026-03-02"
    assert outputs["size"] == 0


def test_text_merges_values_as_a_user_reads_them(bench: Bench) -> None:
    """Whole numbers without a point, dates as in the United States, nothing as nothing."""
    step = assign("Say", ("said", "Assign", text("{!three} of {!nothing}{!$Flow.CurrentDateTime}, {!on}")))
    kept = [variable("three", "Number", value=number(3.0)), variable("nothing"), variable("on", "Boolean", value=yes())]

    outputs = bench.run(step, result("said"), *kept)

    assert outputs == {"said": "3 of 11/20/2026, 10:00 AM, true"}


def test_a_formula_and_a_template_follow_their_variables(bench: Bench) -> None:
    """They are evaluated whenever they are read."""
    step = assign("Change", ("count", "Add", number(1)), ("said", "Assign", ref("Message")))
    template = ("textTemplates", {"name": "Message", "isViewedAsPlainText": True, "text": "{!Doubled} calls"})

    outputs = bench.run(
        step,
        template,
        formula("Doubled", "{!count} * 2", "Number", scale=0),
        result("said"),
        variable("count", "Number"),
    )

    assert outputs == {"said": "2 calls"}


def test_a_value_of_the_wrong_type_is_a_fault(bench: Bench) -> None:
    """As the flow would end in an org."""
    step = assign("Change", ("count", "Assign", text("many")))

    with pytest.raises(FlowFault, match="can't be used as a Number"):
        bench.run(step, variable("count", "Number"))


# ------------------------------------------------------------------------------------------------------------- records


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


# --------------------------------------------------------------------------------------------- subflows, faults, limits


def test_a_subflow_takes_inputs_and_gives_outputs(bench: Bench) -> None:
    """Its variables are its own; its elements stand in the path behind the name of the calling element."""
    inner = a_flow(
        assign("Double", ("twice", "Assign", ref("Sum"))),
        given("once", "Number"),
        result("twice", "Number"),
        formula("Sum", "{!once} * 2", "Number"),
    )
    bench.deploy("Doubler", inner)

    outputs = bench.run(call("Use", "Doubler", {"once": number(21)}, twice="answer"), result("answer", "Number"))

    assert outputs == {"answer": 42}
    assert bench.path == ["Use", "Use/Double"]


def test_a_fault_connector_catches_what_fails(bench: Bench) -> None:
    """Without one the fault ends the flow, and what it wrote is gone."""
    make = create("Make", "Case", {"Subject": text("kept")}, to="Break")
    broken = create("Break", "Contact", {}, fault="Tell")
    tell = assign("Tell", ("said", "Assign", ref("$Flow.FaultMessage")))

    outputs = bench.run(make, broken, tell, result("said"), to="Make")

    assert outputs["said"].startswith(
        "This error occurred when the flow tried to create records: REQUIRED_FIELD_MISSING"
    )
    with pytest.raises(FlowFault):
        bench.run(make, create("Break", "Contact", {}), to="Make")
    assert [one["Subject"] for one in bench.all("Case")] == ["kept"]


def test_a_flow_that_never_ends_is_stopped(bench: Bench) -> None:
    """By the number of elements; no fault connector helps."""
    step, back = assign("Step", ("count", "Add", number(1)), to="Back"), assign("Back", to="Step")

    with pytest.raises(FlowFault, match="Number of iterations exceeded"):
        bench.run(step, back, variable("count", "Number"), to="Step")
    assert len(bench.path) == 2_000


def test_a_query_in_a_long_loop_hits_the_limit(bench: Bench) -> None:
    """As it would in an org, where the test data was smaller."""
    look = get("Look", "Case", to="Each", fault="Each")

    with pytest.raises(FlowFault, match="Too many SOQL queries: 101"):
        bench.run(
            loop("Each", "many", each="Look"),
            look,
            variable("many", "Number", isCollection=True, isInput=True),
            inputs={"many": list(range(200))},
            to="Each",
        )


def test_a_flow_that_calls_itself_is_stopped(bench: Bench) -> None:
    """Not by the stack of the interpreter, but by a limit with a name."""
    bench.deploy("Again", a_flow(assign("Step")))
    bench.deploy("Again", a_flow(call("Once_More", "Again")))
    flow = bench.registry.get("Again")
    assert flow is not None

    with pytest.raises(FlowFault, match="Maximum trigger depth exceeded"):
        bench.automation.call(flow, {}, started_by="a test", record_id="")


@pytest.mark.parametrize(
    ("inputs", "problem"),
    [
        ({"typo": "x"}, 'no input variable "typo"'),
        ({"hidden": "x"}, 'no input variable "hidden"'),
        ({"count": "many"}, '"count": a value of type str'),
        ({"count": {"a": 1}}, '"count": a value of type dict'),
    ],
)
def test_a_wrong_input_is_a_fault(bench: Bench, inputs: dict[str, Any], problem: str) -> None:
    """Unknown names, variables that are no inputs, values of another type."""
    with pytest.raises(FlowFault, match=problem):
        bench.run(assign("Step"), given("count", "Number"), variable("hidden"), inputs=inputs)


def test_inputs_come_as_text_and_take_their_type(bench: Bench) -> None:
    """A contact flow can only send text."""
    outputs = bench.run(
        assign("Step"),
        *(variable(name, kind, isInput=True, isOutput=True)
          for name, kind in (("n", "Number"), ("b", "Boolean"), ("t", "DateTime"), ("s", "String"))),
        inputs={"n": "3", "b": "TRUE", "t": "2026-11-20T10:00:00Z", "s": 5},
    )  # fmt: skip

    assert outputs == {"n": 3, "b": True, "t": NOW, "s": "5"}
