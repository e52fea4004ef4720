"""Formulas of fields and validation rules, checked against their object and ready to be calculated.

Source: Salesforce Help, "Formula Operators and Functions"; they are evaluated by the same code as those of flows.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from scv_emulator.flows import FlowFault, FlowProblem
from scv_emulator.flows.formula_evaluation import Context, evaluate
from scv_emulator.flows.formulas import Field as FormulaField
from scv_emulator.flows.formulas import parts_of
from scv_emulator.flows.parts import formula as read_formula
from scv_emulator.flows.source import Node
from scv_emulator.metadata.component import Problem
from scv_emulator.metadata.trial import Trial
from scv_emulator.metadata.xml_tree import Element
from scv_emulator.salesforce.errors import InvalidField
from scv_emulator.salesforce.field_paths import Binder, BoundPath
from scv_emulator.salesforce.records import Database, Record
from scv_emulator.salesforce.schema import SObject
from scv_emulator.salesforce.soql_terms import Path

Calculation = Callable[[Record, Record | None], Any]
"""The value of a formula for a record and, while it is being changed, for how it was before. Raises FlowFault."""


def compiled(element: Element, tag: str, sobject: SObject, trial: Trial) -> Calculation:
    """The calculation that a formula stands for; raises `Problem` for what is misspelt or not there."""
    given = element.child(tag) or element
    node = Node(element.name, given.line, given.column, children=[Node(tag, given.line, given.column, given.text)])
    try:
        formula = read_formula(node, tag, sobject.name)
    except FlowProblem as error:
        raise Problem(error.problem, given) from error
    binder = Binder(trial.schema, sobject)
    paths: dict[tuple[str, ...], BoundPath] = {}
    for part in parts_of(formula):
        if isinstance(part, FormulaField):
            name = ".".join(part.path)
            try:
                paths[part.path] = binder.bind(Path(part.path, 0))
            except InvalidField as error:
                raise Problem(f"Field {name} does not exist. Check spelling.", given) from error
    database = trial.database

    def calculate(record: Record, prior: Record | None) -> Any:
        context = Context(
            read=_reader(paths, record, database),
            now=database.now,
            read_prior=None if prior is None else _reader(paths, prior, database),
        )
        return evaluate(formula, context)

    return calculate


def value_of_field(calculate: Calculation) -> Callable[[Record], Any]:
    """How a formula field is read: what cannot be calculated is empty."""

    def value(record: Record) -> Any:
        try:
            return calculate(record, None)
        except FlowFault:
            return None

    return value


def _reader(
    paths: dict[tuple[str, ...], BoundPath], record: Record, database: Database
) -> Callable[[tuple[str, ...]], Any]:
    return lambda path: paths[path].value_in(record, database)
