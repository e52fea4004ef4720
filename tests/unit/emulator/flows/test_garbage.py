"""No file makes the reader fail in any way but its own two, and no flow that was read makes the interpreter fall."""

from __future__ import annotations

import random
import re
from contextlib import AbstractContextManager, nullcontext, suppress

from hypothesis import given, settings
from hypothesis import strategies as st
from scv_emulator.flows import FlowFault, FlowProblem, load
from scv_emulator.flows.interview import Interview
from scv_emulator.flows.logic import Logic
from scv_emulator.flows.ports import Wanted, World
from scv_emulator.flows.values import FlowRecord

from .conftest import NOW
from .flow_files import (
    a_flow,
    assign,
    condition,
    create,
    decide,
    filtered,
    formula,
    get,
    loop,
    number,
    records,
    ref,
    text,
    update_from,
    variable,
    yes,
)
from .flow_files import (
    given as given_input,
)

IS_BIG = [
    condition("count", "GreaterThan", number(2)),
    condition("Each.Subject", "Contains", text("a")),
    condition("Each", "IsNull", yes(False)),
]
WHOLE = a_flow(
    get("Look", "Case", filtered("Subject", "EqualTo", ref("recordId")), to="Each", first=False, sortField="Subject"),
    loop("Each", "Look", each="Choose", to="Make"),
    decide("Choose", ("Big", "1 AND (2 OR 3)", IS_BIG, "Step"), otherwise="Each"),
    assign("Step", ("count", "Add", ref("Sum")), ("kept", "Add", ref("Each")), ("day", "Add", number(1)), to="Each"),
    create("Make", "Case", {"Subject": text("{!recordId} {!$Flow.CurrentDate}")}, to="Save"),
    update_from("Save", "kept"),
    formula("Sum", "IF(ISBLANK({!recordId}), 1, VALUE(LEFT({!recordId}, 1)) * {!count})", "Number"),
    given_input("recordId"),
    variable("count", "Number", scale=0),
    variable("day", "Date", value={"dateValue": "2026-11-20"}),
    records("kept", "Case"),
    to="Look",
)
STRANGE = {"", "true", "-1", "99999", "$Record", "{!x}", "a.b.c", "((", "\u2028"}
TEXTS = sorted(STRANGE | set(re.findall(r">([^<>\n]+)<", WHOLE)))


class NoRecords:
    """An org with one Case that takes everything."""

    def find(self, _object: str, _filters: list[Wanted], _logic: Logic, **_how: object) -> list[FlowRecord]:
        return [FlowRecord("Case", {"Id": "500000000000001AAA", "Subject": "banana"})]

    def parent(self, _record: FlowRecord, _relationship: str) -> tuple[bool, None]:
        return True, None

    def create(self, _object: str, _fields: dict[str, object]) -> str:
        return "500000000000002AAA"

    def update(self, _object: str, _record_id: str, _fields: dict[str, object]) -> None:
        return None

    def delete(self, _object: str, _record_id: str) -> None:
        return None

    def atomic(self) -> AbstractContextManager[None]:
        return nullcontext()

    def setup_id(self, _kind: str, _name: str) -> str:
        return "0N9000000000001AAA"

    def user(self) -> None:
        return None

    def organization(self) -> None:
        return None


def tried(xml: str | bytes) -> None:
    """Read a file, and run it if it is a flow; anything but the three errors comes out of here."""
    with suppress(FlowProblem, FlowFault):
        flow = load(xml, name="Tried")
        world = World(data=NoRecords(), now=lambda: NOW)
        Interview(flow, world).run({"recordId": "5ab"} if "recordId" in flow.variables else {}, as_json=True)


def test_the_flow_to_be_damaged_runs_to_its_end() -> None:
    """Otherwise the tests below would try nothing."""
    interview = Interview(load(WHOLE, name="Tried"), World(data=NoRecords(), now=lambda: NOW))

    interview.run({"recordId": "5ab"}, as_json=True)

    assert interview.path == ["Look", "Each", "Choose", "Each", "Make", "Save"]


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200))
def test_random_bytes_are_no_flow(content: bytes) -> None:
    """With and without the beginning of one."""
    tried(content)
    tried(b'<?xml version="1.0"?><Flow xmlns="http://soap.sforce.com/2006/04/metadata">' + content)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=200))
def test_random_text_is_no_flow(content: str) -> None:
    """Also half surrogate pairs and other characters that XML does not have."""
    tried(content)
    tried(WHOLE.replace("banana", content).replace("{!recordId} ", content))


@settings(max_examples=600, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(1, 6))
def test_a_damaged_flow_is_refused_or_runs(dice: random.Random, times: int) -> None:
    """Lines are lost, doubled and swapped; texts are replaced by texts from elsewhere."""
    lines = WHOLE.split("\n")
    for _ in range(times):
        place, other = dice.randrange(2, len(lines) - 2), dice.randrange(2, len(lines) - 2)
        match dice.randrange(5):
            case 0:
                del lines[place]
            case 1:
                lines.insert(place, lines[other])
            case 2:
                lines[place], lines[other] = lines[other], lines[place]
            case _:
                lines[place] = re.sub(r">[^<>]+<", lambda _: f">{dice.choice(TEXTS)}<", lines[place])

    tried("\n".join(lines))


@settings(max_examples=400, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(1, 4))
def test_a_flow_with_foreign_texts_is_refused_or_runs(dice: random.Random, times: int) -> None:
    """The XML stays well-formed, so the damage gets past the parser."""
    pieces = re.split(r"(?<=>)([^<>\n]+)(?=<)", WHOLE)
    for _ in range(times):
        pieces[dice.randrange(1, len(pieces) - 1, 2)] = dice.choice(TEXTS)

    tried("".join(pieces))
