"""Flows that a save starts: before and after it, in its transaction."""

from __future__ import annotations

from typing import Any

import pytest
from scv_emulator.salesforce.errors import SalesforceError

from .conftest import NOW, Bench
from .flow_files import (
    Part,
    a_flow,
    assign,
    call,
    condition,
    create,
    decide,
    filtered,
    formula,
    given,
    on_save,
    ref,
    result,
    text,
    update,
    update_from,
    variable,
)

SUBJECT_IS_A = filtered("Subject", "EqualTo", text("a"))


def before(*filters: dict[str, Any], **how: Any) -> dict[str, Any]:
    """The start of a flow that runs before a Case is saved."""
    return on_save("Case", *filters, when="RecordBeforeSave", **how)


def note(**fields: dict[str, Any]) -> Part:
    """Leaves a Contact behind, as a sign that the flow ran."""
    return create("Note", "Contact", {"LastName": text("noted")} | fields)


def notes(bench: Bench) -> list[str]:
    return [one["LastName"] for one in bench.all("Contact")]


def test_a_flow_before_the_save_changes_the_record(bench: Bench) -> None:
    """By an assignment or by an update of the record; it costs no write of its own and starts nothing."""
    step = assign("Step", ("$Record.Priority", "Assign", text("High")), to="Save")
    save = update_from("Save", "$Record", {"Due__c": ref("$Flow.CurrentDateTime"), "Reason": ref("$Record.Subject")})
    bench.deploy("Before", a_flow(step, save, start=before(), to="Step"))
    bench.deploy("After", a_flow(note(), start=on_save("Case", event="Update")))

    case = bench.automation.create("Case", {"subject": "a", "attributes": {"type": "Case"}})

    saved = bench.database.get("Case", case)
    assert (saved["Subject"], saved["Priority"], saved["Due__c"], saved["Reason"]) == ("a", "High", NOW, "a")
    assert notes(bench) == []


def test_a_flow_before_the_save_can_fill_a_required_field(bench: Bench) -> None:
    """The object's checks come after it."""
    step = assign("Step", ("$Record.LastName", "Assign", text("Unknown")))
    bench.deploy("Before", a_flow(step, start=on_save("Contact", when="RecordBeforeSave")))

    bench.automation.create("Contact", {"FirstName": "Ann"})

    assert notes(bench) == ["Unknown"]


def test_a_flow_after_the_save_sees_what_was_saved(bench: Bench) -> None:
    """With id and defaults, and it can write other records."""
    bench.deploy("After", a_flow(note(LastName=text("{!$Record.CaseNumber} {!$Record.Status}")), start=on_save("Case")))

    bench.automation.create("Case", {"Subject": "a"})

    assert notes(bench) == ["00000001 New"]


@pytest.mark.parametrize(
    ("event", "expected"), [("Create", ["noted"]), ("Update", ["noted"]), ("CreateAndUpdate", ["noted", "noted"])]
)
def test_the_event_decides(bench: Bench, event: str, expected: list[str]) -> None:
    """A create and an update of the same record."""
    bench.deploy("After", a_flow(note(), start=on_save("Case", event=event)))

    case = bench.automation.create("Case", {"Subject": "a"})
    bench.automation.update("Case", case, {"Subject": "b"})

    assert notes(bench) == expected


def test_entry_conditions_decide(bench: Bench) -> None:
    """Filters on the record as it is being saved."""
    bench.deploy("After", a_flow(note(), start=on_save("Case", SUBJECT_IS_A)))

    for subject in ("a", "A", "b"):
        bench.automation.create("Case", {"Subject": subject})

    assert notes(bench) == ["noted"]


def test_a_flow_may_want_the_record_to_start_meeting_the_conditions(bench: Bench) -> None:
    """Once on the way in, not again while the conditions go on holding."""
    start = on_save("Case", SUBJECT_IS_A, doesRequireRecordChangedToMeetCriteria=True)
    bench.deploy("After", a_flow(note(), start=start))
    case = bench.automation.create("Case", {"Subject": "b"})

    seen = []
    for fields in ({"Subject": "a"}, {"Priority": "Low"}, {"Subject": "b"}, {"Subject": "a"}):
        bench.automation.update("Case", case, fields)
        seen.append(len(notes(bench)))

    assert seen == [1, 1, 1, 2]


def test_a_formula_can_be_the_entry_condition(bench: Bench) -> None:
    """With the record before."""
    start = on_save(
        "Case", filterLogic="formula_evaluates_to_true", filterFormula="ISNEW() || ISCHANGED({!$Record.Status})"
    )
    bench.deploy("After", a_flow(note(), start=start))

    case = bench.automation.create("Case", {"Subject": "a"})
    bench.automation.update("Case", case, {"Subject": "b"})
    bench.automation.update("Case", case, {"Status": "Working"})

    assert notes(bench) == ["noted", "noted"]


def test_a_change_is_seen_in_filters_and_decisions(bench: Bench) -> None:
    """IsChanged and the record before; nothing came before a new record."""
    start = on_save("Case", filtered("Subject", "IsChanged", {"booleanValue": True}))
    changed = [condition("$Record.Subject", "IsChanged", {"booleanValue": True})]
    choose = decide("Choose", ("Changed", "and", changed, "Note"))
    bench.deploy(
        "After",
        a_flow(choose, note(LastName=text("{!$Record__Prior.Subject}>{!$Record.Subject}")), start=start, to="Choose"),
    )

    case = bench.automation.create("Case", {"Subject": "a"})
    bench.automation.update("Case", case, {"Priority": "Low"})
    bench.automation.update("Case", case, {"Subject": "b"})

    assert notes(bench) == ["a>b"]


def test_an_outcome_may_want_the_change(bench: Bench) -> None:
    """The same for one outcome of a decision."""
    met = [condition("$Record.Subject", "EqualTo", text("a"))]
    choose = decide("Choose", ("Became", "and", met, "Note"), doesRequireRecordChangedToMeetCriteria=True)
    bench.deploy("After", a_flow(choose, note(), start=on_save("Case", event="Update"), to="Choose"))
    case = bench.automation.create("Case", {"Subject": "b"})

    bench.automation.update("Case", case, {"Subject": "a"})
    bench.automation.update("Case", case, {"Priority": "Low"})

    assert notes(bench) == ["noted"]


def test_flows_run_in_their_order(bench: Bench) -> None:
    """Numbers up to 1,000, then flows without a number, then the others."""
    for name, order in (("Late", 1500), ("Unordered", None), ("Second", 20), ("First", 10)):
        more = {} if order is None else {"triggerOrder": order}
        bench.deploy(name, a_flow(note(LastName=text(name)), start=on_save("Case"), **more))

    bench.automation.create("Case", {"Subject": "a"})

    assert notes(bench) == ["First", "Second", "Unordered", "Late"]


def test_only_the_active_version_runs(bench: Bench) -> None:
    """A draft is kept beside it."""
    bench.deploy("After", a_flow(note(), start=on_save("Case")))
    bench.deploy("After", a_flow(note(LastName=text("draft")), start=on_save("Case"), status="Draft"))

    bench.automation.create("Case", {"Subject": "a"})

    assert notes(bench) == ["noted"]
    assert bench.registry.describe()["flows"][0]["version"] == 2


def test_a_fault_undoes_the_save(bench: Bench) -> None:
    """The record, and what flows wrote before the fault; the caller reads the vendor's words."""
    linked, broken = note(), create("Break", "Contact", {})
    linked[1]["connector"] = {"targetReference": "Break"}
    bench.deploy("After", a_flow(linked, broken, start=on_save("Case"), to="Note", label="Make It"))
    case = bench.insert("Case", Subject="before")

    with pytest.raises(SalesforceError) as created:
        bench.automation.create("Case", {"Subject": "a"})
    with pytest.raises(SalesforceError):
        bench.automation.update("Case", case, {"Subject": "after"})

    assert (created.value.status, created.value.code) == (400, "CANNOT_EXECUTE_FLOW_TRIGGER")
    assert created.value.message.startswith("We can't save this record because the “Make It” process failed.")
    assert "REQUIRED_FIELD_MISSING" in created.value.message
    assert [one["Subject"] for one in bench.all("Case")] == ["before"]
    assert notes(bench) == []
    assert [one.fault.partition(":")[0] for one in bench.registry.executions] == ["Break", "Break"]


def test_a_custom_error_refuses_the_save_in_its_own_words(bench: Bench) -> None:
    """Like a validation rule."""
    message = {"errorMessage": "{!$Record.Subject} is taken", "isFieldError": False}
    refuse = (
        "customErrors",
        {"name": "Refuse", "label": "Refuse", "locationX": 0, "locationY": 0, "customErrorMessages": message},
    )
    bench.deploy("Before", a_flow(refuse, start=before(SUBJECT_IS_A)))

    with pytest.raises(SalesforceError, match="FIELD_CUSTOM_VALIDATION_EXCEPTION: a is taken"):
        bench.automation.create("Case", {"Subject": "a"})
    bench.automation.create("Case", {"Subject": "b"})

    assert [one["Subject"] for one in bench.all("Case")] == ["b"]


def test_what_a_flow_writes_starts_other_flows(bench: Bench) -> None:
    """A Contact makes a Case, whose flow runs a subflow and changes the Contact's Case count."""
    make = create("Make", "Case", {"Subject": text("a"), "ContactId": ref("$Record.Id")})
    bench.deploy("On_Contact", a_flow(make, start=on_save("Contact", event="Create")))
    double = a_flow(assign("Double", ("twice", "Assign", ref("Sum"))), given("once"), result("twice"),
                    formula("Sum", "{!once} & {!once}"))  # fmt: skip
    bench.deploy("Doubler", double)
    use = call("Use", "Doubler", {"once": ref("$Record.Subject")}, to="Change", twice="twice")
    change = update(
        "Change", "Contact", [filtered("Id", "EqualTo", ref("$Record.ContactId"))], {"Description": ref("twice")}
    )
    bench.deploy("On_Case", a_flow(use, change, variable("twice"), start=on_save("Case"), to="Use"))

    bench.automation.create("Contact", {"LastName": "Ann"})

    assert [one["Description"] for one in bench.all("Contact")] == ["aa"]
    assert [one.flow for one in bench.registry.executions] == ["On_Case", "On_Contact"]


def test_a_flow_that_starts_itself_is_stopped_and_undone(bench: Bench) -> None:
    """Without a condition, an update of the record that started the flow never ends."""
    change = update_from("Change", "$Record", {"Description": text("{!$Record.Description}x")}, fault="Ignore")
    bench.deploy("Again", a_flow(change, assign("Ignore"), start=on_save("Case"), to="Change"))

    with pytest.raises(SalesforceError, match="Maximum trigger depth exceeded"):
        bench.automation.create("Case", {"Subject": "a"})

    assert bench.all("Case") == []


def test_a_flow_that_guards_itself_ends(bench: Bench) -> None:
    """The usual guard: set the field only while it is empty."""
    empty = filtered("Description", "IsNull", {"booleanValue": True})
    bench.deploy(
        "Once", a_flow(update_from("Change", "$Record", {"Description": text("x")}), start=on_save("Case", empty))
    )

    case = bench.automation.create("Case", {"Subject": "a"})

    assert bench.database.get("Case", case)["Description"] == "x"
    assert len(bench.registry.executions) == 1


def test_a_save_without_flows_costs_nothing(bench: Bench) -> None:
    """No flow of another object is looked at."""
    bench.deploy("After", a_flow(note(), start=on_save("Account")))

    case = bench.automation.create("Case", {"Subject": "a"})
    bench.automation.update("Case", case, {"Subject": "b"})

    assert list(bench.registry.executions) == []


def test_flows_write_what_the_user_may_not(bench: Bench) -> None:
    """They run without field-level security; what the user gives is still judged by the user's own permissions."""
    step = assign("Step", ("$Record.Priority", "Assign", text("High")))
    bench.deploy("Before", a_flow(step, start=before()))
    bench.deploy("Note_It", a_flow(note(LastName=text("{!$Record.Priority}")), start=on_save("Case")))
    seen = bench.database.schema.copy()
    seen.sobject("Case").remove("Priority")
    seen.remove_object("Contact")

    with bench.database.acting_as("", seen=seen):
        case = bench.automation.create("Case", {"Subject": "a"})
        bench.automation.update("Case", case, {"Subject": "b"})
        with pytest.raises(SalesforceError, match="Priority"):
            bench.automation.create("Case", {"Subject": "c", "Priority": "Low"})
        with pytest.raises(SalesforceError, match="Priority"):
            bench.automation.update("Case", case, {"Priority": "Low"})

    assert [(one["Subject"], one["Priority"]) for one in bench.all("Case")] == [("b", "High")]
    assert notes(bench) == ["High", "High"]
