"""What a flow file may hold: everything that is read, and everything that is refused by name and line."""

from __future__ import annotations

from typing import Any

import pytest
from scv_emulator.flows import SUPPORTED, FlowInvalid, FlowNotSupported, load
from scv_emulator.flows.definition import Decision, Lookup

from .flow_files import (
    a_flow,
    act,
    assign,
    call,
    condition,
    create,
    decide,
    filtered,
    formula,
    get,
    get_queue,
    given,
    loop,
    number,
    on_save,
    records,
    ref,
    route,
    text,
    update,
    update_from,
    variable,
    yes,
)

RECORD_ID = given("recordId")
SET = assign("Set_It", ("found", "Assign", text("yes")))
FOUND = variable("found")


def line_of(xml: str, fragment: str) -> int:
    """The line of the file in which this stands first."""
    return xml[: xml.index(fragment)].count("\n") + 1


def test_a_routing_flow_is_read_with_names_and_lines() -> None:
    """The shape that Flow Builder exports: metadata values, empty inputs, setup references."""
    xml = a_flow(get_queue(to="Route"), route("Route"), RECORD_ID, to="Get_Queue", process_type="RoutingFlow")

    flow = load(xml, name="Voicemail_Omni_Routing")

    assert (flow.name, flow.is_routing, flow.is_active) == ("Voicemail_Omni_Routing", True, True)
    assert list(flow.elements) == ["Route", "Get_Queue"]
    lookup = flow.elements["Get_Queue"]
    assert isinstance(lookup, Lookup)
    assert lookup.line == line_of(xml, "<recordLookups>")
    assert [one.line for one in lookup.where.filters] == [
        line_of(xml, "DeveloperName") - 1,
        line_of(xml, "<field>Type") - 1,
    ]


def test_the_name_may_stand_in_the_file() -> None:
    """A fullName must agree with the name of the file."""
    xml = a_flow(SET, FOUND, fullName="Inner_Name")

    assert load(xml).name == "Inner_Name"
    with pytest.raises(FlowInvalid, match="fullName is Inner_Name"):
        load(xml, name="Other_Name")


def test_an_old_start_element_is_read() -> None:
    """Flows of older API versions name their first element only."""
    xml = a_flow(SET, FOUND)
    begin, end = xml.index("<start>"), xml.index("</start>") + len("</start>")

    flow = load(xml[:begin] + "<startElementReference>Set_It</startElementReference>" + xml[end:])

    assert flow.start.target == "Set_It"


@pytest.mark.parametrize(
    ("xml", "problem"),
    [
        ("", "no element found"),
        ("<Flow", "unclosed token"),
        ("<Flow/>", "namespace"),
        ('<Report xmlns="http://soap.sforce.com/2006/04/metadata"/>', "the root must be Flow"),
        ('<?xml version="1.0" encoding="rot13"?><Flow/>', "not a text encoding"),
        ('<!DOCTYPE Flow [<!ENTITY a "b">]><Flow>&a;</Flow>', "document type declaration"),
        ('<Flow xmlns="http://soap.sforce.com/2006/04/metadata"/>', "label"),
    ],
)
def test_what_is_no_flow_file_is_refused(xml: str, problem: str) -> None:
    """Also what would make a parser read other files or grow without end."""
    with pytest.raises(FlowInvalid, match=problem):
        load(xml.encode())


INVALID = {
    "a connector that leads nowhere": (
        a_flow(assign("A_Step", to="Missing")),
        "A_Step",
        "<assignments>",
        'connected to "Missing"',
    ),
    "a start that leads nowhere": (a_flow(SET, FOUND, to="Missing"), "start", "<start>", 'connected to "Missing"'),
    "an unknown variable": (
        a_flow(assign("A_Step", ("found", "Assign", ref("missing"))), FOUND),
        "A_Step",
        "<elementReference>",
        'invalid reference to "missing"',
    ),
    "an unknown merge field": (
        a_flow(assign("A_Step", ("found", "Assign", text("Case {!missing.Id}"))), FOUND),
        "A_Step",
        "<stringValue>Case",
        'invalid reference to "missing.Id"',
    ),
    "an unknown name in a formula": (
        a_flow(SET, FOUND, formula("Sum", "{!missing} + 1")),
        "Sum",
        "<formulas>",
        'invalid reference to "missing"',
    ),
    "a formula that is none": (
        a_flow(SET, FOUND, formula("Sum", "1 +")),
        "Sum",
        "<expression>",
        "Syntax error",
    ),
    "too few arguments": (
        a_flow(SET, FOUND, formula("Sum", "IF(TRUE, 1)")),
        "Sum",
        "<expression>",
        "Incorrect number of parameters for function 'IF",
    ),
    "formulas that need each other": (
        a_flow(SET, FOUND, formula("One", "{!Two}"), formula("Two", "{!One}")),
        "One",
        "<formulas>",
        "refers to itself",
    ),
    "a constant that is assigned": (
        a_flow(
            assign("A_Step", ("Fixed", "Assign", text("x"))),
            ("constants", {"name": "Fixed", "dataType": "String", "value": text("y")}),
        ),
        "A_Step",
        "<assignToReference>",
        "can't assign a value",
    ),
    "a field of a text": (
        a_flow(assign("A_Step", ("found", "Assign", ref("found.Name"))), FOUND),
        "A_Step",
        "<elementReference>",
        "is not a record",
    ),
    "the same name twice": (
        a_flow(SET, variable("set_it"), FOUND),
        "set_it",
        "<variables>",
        "Duplicate developer name",
    ),
    "a loop over one value": (
        a_flow(loop("Each", "found", each="Set_It"), SET, FOUND, to="Each"),
        "Each",
        "<loops>",
        "is not a collection",
    ),
    "the record of a flow that no record starts": (
        a_flow(assign("A_Step", ("found", "Assign", ref("$Record.Id"))), FOUND),
        "A_Step",
        "<elementReference>",
        "not started by a record",
    ),
    "a write before the save": (
        a_flow(create("Make", "Case", {}), start=on_save("Case", when="RecordBeforeSave")),
        "Make",
        "<recordCreates>",
        "before the record is saved",
    ),
    "a logic with a number too many": (
        a_flow(decide("Choose", ("Yes", "1 AND 2", [condition("found", "IsNull", yes())], "")), FOUND),
        "Choose",
        "<conditionLogic>",
        "not a logic of 1 conditions",
    ),
    "routing without a queue": (
        a_flow(route("Route", queueId=None), RECORD_ID, process_type="RoutingFlow"),
        "Route",
        "<actionCalls>",
        'needs a value for "queueId"',
    ),
    "routing with an input that does not exist": (
        a_flow(get_queue(to="Route"), route("Route", routeType=text("QueueBased")), RECORD_ID, to="Get_Queue"),
        "Route",
        "<name>routeType",
        'no input "routeType"',
    ),
    "an element that nobody knows": (
        a_flow(SET, FOUND, ("wishes", {"name": "Please"})),
        "Please",
        "<wishes>",
        "invalid at this location in type Flow",
    ),
    "a part that nobody knows": (
        a_flow(("assignments", {"name": "A_Step", "color": "red"})),
        "A_Step",
        "<color>",
        "invalid at this location in type FlowAssignment",
    ),
}


@pytest.mark.parametrize(("xml", "element", "fragment", "problem"), INVALID.values(), ids=INVALID)
def test_an_invalid_flow_names_element_and_line(xml: str, element: str, fragment: str, problem: str) -> None:
    """A person finds the place in the file."""
    with pytest.raises(FlowInvalid, match=problem) as caught:
        load(xml)

    assert caught.value.element == element
    assert abs(caught.value.line - line_of(xml, fragment)) <= 1


LATER = {
    "name": "Later",
    "connector": {"targetReference": "Set"},
    "offsetNumber": "5",
    "offsetUnit": "Minutes",
    "timeSource": "RecordTriggerEvent",
}


@pytest.mark.parametrize(
    ("start", "problem"),
    [
        (on_save("Case", scheduledPaths=LATER), "only when a record is updated to meet its conditions"),
        (on_save("Case", when="RecordBeforeSave", scheduledPaths=LATER), "only a flow that runs after the save"),
        (on_save("Case", event="Create", scheduledPaths=LATER | {"offsetNumber": "0"}), "at least one unit after"),
        (on_save("Case", event="Create", scheduledPaths=LATER | {"connector": {"targetReference": "No"}}), '"No"'),
    ],
    ids=["without a change", "before the save", "at once", "to nowhere"],
)
def test_a_scheduled_path_needs_what_flow_builder_asks_for(start: dict[str, Any], problem: str) -> None:
    """After the save, for records that come to meet the conditions, some time later."""
    with pytest.raises(FlowInvalid, match=problem):
        load(a_flow(SET, FOUND, start=start))


def test_parts_of_a_kind_must_stand_together() -> None:
    """The Metadata API refuses what is sorted otherwise, in these words."""
    xml = a_flow(SET, FOUND).replace(
        "<status>", "<variables><name>late</name><dataType>String</dataType></variables><status>"
    )

    with pytest.raises(FlowInvalid, match="Element variables is duplicated at this location in type Flow"):
        load(xml)


NOT_SUPPORTED = {
    "a screen flow": (a_flow(SET, FOUND, process_type="Flow"), "", "processType 'Flow'"),
    "a screen": (a_flow(SET, FOUND, ("screens", {"name": "Ask"})), "Ask", "screens"),
    "a schedule": (a_flow(SET, FOUND, start={"triggerType": "Scheduled"}), "start", "triggerType 'Scheduled'"),
    "an asynchronous path": (
        a_flow(SET, FOUND, start=on_save("Case", scheduledPaths={"pathType": "AsyncAfterCommit"})),
        "start",
        "pathType",
    ),
    "a platform event": (
        a_flow(SET, FOUND, start={"object": "X__e", "triggerType": "PlatformEvent"}),
        "start",
        "triggerType 'PlatformEvent'",
    ),
    "Apex": (a_flow(act("Run", "apex", {})), "Run", "actionType 'apex'"),
    "a screen pop": (a_flow(act("Pop", "addScreenPop", {})), "Pop", "actionType 'addScreenPop'"),
    "a bot": (
        a_flow(get_queue(to="Route"), route("Route", botId=text("0Xx")), RECORD_ID, to="Get_Queue"),
        "Route",
        "botId",
    ),
    "routing to a copilot": (
        a_flow(get_queue(to="Route"), route("Route", routingType=text("Copilot")), RECORD_ID, to="Get_Queue"),
        "Route",
        "routingType 'Copilot'",
    ),
    "a condition operator": (
        a_flow(decide("Choose", ("Yes", "and", [condition("found", "WasSelected", yes())], "")), FOUND),
        "Choose",
        "operator 'WasSelected'",
    ),
    "an assignment operator": (
        a_flow(assign("A_Step", ("found", "None", text("x"))), FOUND),
        "A_Step",
        "operator 'None'",
    ),
    "a function": (a_flow(SET, FOUND, formula("Link", "HYPERLINK('a', 'b')")), "Link", "the function HYPERLINK"),
    "a global resource": (
        a_flow(assign("A_Step", ("found", "Assign", ref("$Label.Greeting"))), FOUND),
        "A_Step",
        r"the global resource \$Label",
    ),
    "a data type": (a_flow(SET, FOUND, variable("thing", "Apex")), "thing", "dataType 'Apex'"),
    "an upsert": (
        a_flow(("recordCreates", create("Make", "Case", {})[1] | {"doesUpsert": True})),
        "Make",
        "doesUpsert",
    ),
    "another kind of value": (
        a_flow(assign("A_Step", ("found", "Assign", {"sobjectValue": "001"})), FOUND),
        "A_Step",
        "sobjectValue",
    ),
}


@pytest.mark.parametrize(("xml", "element", "what"), NOT_SUPPORTED.values(), ids=NOT_SUPPORTED)
def test_what_the_interpreter_cannot_run_is_refused_by_name(xml: str, element: str, what: str) -> None:
    """Never skipped in silence."""
    with pytest.raises(FlowNotSupported, match=f"the emulator does not run {what}") as caught:
        load(xml)

    assert caught.value.element == element
    assert caught.value.line > 1


def test_an_option_that_is_switched_off_is_no_obstacle() -> None:
    """Exports carry doesUpsert=false and the like."""
    make = create("Make", "Case", {"Subject": text("Hello")})

    flow = load(a_flow((make[0], make[1] | {"doesUpsert": False})))

    assert "Make" in flow.elements


def test_every_element_is_read() -> None:
    """One of each kind that is supported, in one flow."""
    xml = a_flow(
        get("Look", "Case", filtered("Subject", "EqualTo", text("a")), to="Each", first=False),
        loop("Each", "Look", each="Choose", to="Finish"),
        decide("Choose", ("Yes", "and", [condition("Each.Subject", "EqualTo", text("a"))], "Set_It"), otherwise="Each"),
        assign("Set_It", ("total", "Add", number(1)), to="Make"),
        create("Make", "Case", {"Subject": ref("greeting")}, to="Change"),
        update("Change", "Case", [filtered("Id", "EqualTo", ref("Make"))], {"Subject": text("b")}, to="Each"),
        ("recordDeletes", {"name": "Finish", "inputReference": "kept", "connector": {"targetReference": "Call"}}),
        call("Call", "Other", {"input": ref("total")}, to="Update_Kept", outcome="greeting"),
        update_from("Update_Kept", "kept", {"Subject": text("c")}),
        records("kept", "Case"),
        variable("total", "Number", scale=0),
        variable("greeting"),
        to="Look",
    )

    flow = load(xml)

    assert {type(one).kind for one in flow.elements.values()} == SUPPORTED["elements"] - {"actionCalls", "customErrors"}
    decision = flow.elements["Choose"]
    assert isinstance(decision, Decision)
    assert decision.rules[0].target == "Set_It"
