"""The deployed flows, and what is known about them."""

from __future__ import annotations

import pytest
from scv_emulator.flows import FlowInvalid, Registry, check_in_org, load

from .conftest import Bench
from .flow_files import (
    a_flow,
    assign,
    call,
    create,
    filtered,
    get,
    given,
    loop,
    on_save,
    ref,
    result,
    text,
    update_from,
    variable,
)

STEP = assign("Step", ("found", "Assign", text("yes")))
FOUND = variable("found")


def test_a_flow_needs_a_name() -> None:
    """Its file has one; a definition without is a mistake of the caller."""
    with pytest.raises(ValueError, match="name="):
        Registry().deploy(load(a_flow(STEP, FOUND)))


def test_a_deploy_can_be_taken_back() -> None:
    """New flows go, replaced ones come back."""
    registry = Registry()
    registry.deploy(load(a_flow(STEP, FOUND, label="Old"), name="Kept"))
    before = registry.snapshot()
    registry.deploy(load(a_flow(STEP, FOUND, label="New"), name="Kept"))
    registry.deploy(load(a_flow(STEP, FOUND), name="Other"))

    registry.restore(before)

    assert [flow.label for flow in registry] == ["Old"]
    assert registry.get("Other") is None


def test_a_removed_flow_is_gone() -> None:
    """With all versions; a draft alone is never run."""
    registry = Registry()
    registry.deploy(load(a_flow(STEP, FOUND), name="One"))
    registry.deploy(load(a_flow(STEP, FOUND, status="Draft"), name="Two"))

    registry.remove("One")

    assert registry.get("One") is None
    assert registry.get("Two") is None
    assert registry.latest("Two") is not None


def test_executions_are_told_with_path_and_fault(bench: Bench) -> None:
    """What a person needs to see why a flow did what it did; the oldest are forgotten."""
    for _ in range(250):
        bench.run(STEP, FOUND)

    described = bench.registry.describe()

    assert len(described["executions"]) == 200
    assert described["executions"][-1] == {
        "at": "2026-11-20T10:00:00+00:00",
        "flow": "Tried",
        "started_by": "a test",
        "record_id": "",
        "path": ("Step",),
        "outcome": "finished",
        "fault": "",
    }
    assert described["flows"][0]["elements"] == ["Step"]


UNKNOWN = {
    "an object": (a_flow(get("Look", "Nothing__c")), "Look", 'object "Nothing__c"'),
    "the object of the start": (a_flow(STEP, FOUND, start=on_save("Nothing__c")), "start", 'object "Nothing__c"'),
    "a field of a filter": (
        a_flow(get("Look", "Case", filtered("Nope__c", "IsNull", {"booleanValue": True}))),
        "Look",
        '"Nope__c"',
    ),
    "a field of the entry conditions": (
        a_flow(STEP, FOUND, start=on_save("Case", filtered("Nope__c", "EqualTo", text("a")))),
        "start",
        '"Nope__c"',
    ),
    "a field that is written": (a_flow(create("Make", "Case", {"Nope__c": text("a")})), "Make", '"Nope__c"'),
    "a field of the record that started it": (
        a_flow(update_from("Save", "$Record", {"Nope__c": text("a")}), start=on_save("Case")),
        "Save",
        '"Nope__c"',
    ),
    "a field that is read": (
        a_flow(
            get("Look", "Case", to="Step"), assign("Step", ("found", "Assign", ref("Look.Nope__c"))), FOUND, to="Look"
        ),
        "Step",
        '"Nope__c" for the object "Case"',
    ),
    "a field of a related record": (
        a_flow(assign("Step", ("found", "Assign", ref("$Record.Contact.Nope__c"))), FOUND, start=on_save("Case")),
        "Step",
        '"Nope__c" for the object "Contact"',
    ),
    "a field of an item of a loop": (
        a_flow(
            get("Look", "Case", to="Each", first=False),
            loop("Each", "Look", each="Step"),
            assign("Step", ("found", "Assign", ref("Each.Nope__c")), to="Each"),
            FOUND,
            to="Look",
        ),
        "Step",
        '"Nope__c" for the object "Case"',
    ),
    "a custom metadata type": (
        a_flow(assign("Step", ("found", "Assign", ref("$CustomMetadata.Nope__mdt.Default.Queue__c"))), FOUND),
        "Step",
        'object "Nope__mdt"',
    ),
    "a field of custom metadata": (
        a_flow(assign("Step", ("found", "Assign", ref("$CustomMetadata.Setting__mdt.Default.Nope__c"))), FOUND),
        "Step",
        '"Nope__c"',
    ),
    "a flow": (a_flow(call("Use", "Nothing")), "Use", "The flow Nothing can't be found"),
    "an input of a flow": (a_flow(call("Use", "Called", {"nope": text("a")})), "Use", 'no input variable "nope"'),
    "an output of a flow": (a_flow(call("Use", "Called", nope="found"), FOUND), "Use", 'no output variable "nope"'),
    "a flow that a record starts": (a_flow(call("Use", "Triggered")), "Use", "started by a record, not called"),
}


@pytest.mark.parametrize(("xml", "element", "problem"), UNKNOWN.values(), ids=UNKNOWN)
def test_a_flow_is_checked_against_the_org(bench: Bench, xml: str, element: str, problem: str) -> None:
    """What the org does not have is told before the flow runs."""
    bench.deploy("Called", a_flow(STEP, FOUND, given("in"), result("out")))
    bench.deploy("Triggered", a_flow(STEP, FOUND, start=on_save("Case")))
    flow = load(xml, name="Tried")

    with pytest.raises(FlowInvalid, match=problem) as caught:
        check_in_org(flow, bench.database.schema, bench.registry.get)

    assert caught.value.element == element
    assert caught.value.line > 1
