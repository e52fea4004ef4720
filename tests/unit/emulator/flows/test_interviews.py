"""How a flow runs: subflows, faults, limits, inputs."""

from __future__ import annotations

from typing import Any

import pytest
from scv_emulator.flows import FlowFault

from .conftest import NOW, Bench
from .flow_files import (
    a_flow,
    assign,
    call,
    create,
    formula,
    get,
    given,
    loop,
    number,
    ref,
    result,
    text,
    variable,
)


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
