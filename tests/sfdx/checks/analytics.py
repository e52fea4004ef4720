"""Report types, reports and dashboards: every column, filter, value and report that is named exists."""

from __future__ import annotations

from collections.abc import Iterator

from tests.sfdx.checks.catalog import catalog_of
from tests.sfdx.checks.component import Component, Finding
from tests.sfdx.checks.objects import values_exist
from tests.sfdx.checks.project import Project
from tests.sfdx.checks.standard_names import REPORT_FIELDS
from tests.sfdx.checks.xml_tree import Node

ROW_COUNT = "RowCount"
COLUMNS = (
    ("columns", "field"),
    ("groupingsDown", "field"),
    ("groupingsAcross", "field"),
    ("filter", "criteriaItems", "column"),
    ("timeFrameFilter", "dateColumn"),
    ("chart", "groupingColumn"),
    ("chart", "chartSummaries", "column"),
)
"""Where a report names columns."""


def check_report_types(project: Project) -> Iterator[Finding]:
    """The object and the fields of every column."""
    known = catalog_of(project)
    for one in project.of("ReportType"):
        base = one.root.value("baseObject")
        if base not in known.objects:
            yield one.finding(one.root.first("baseObject"), f"there is no object {base}")
        seen: set[str] = set()
        for node in one.root.all("sections", "columns"):
            table, name = node.value("table"), node.value("field")
            if table.partition(".")[0] != base:
                yield one.finding(node, f"the table is {table}, the report type is about {base}")
            elif problem := known.problem(table, REPORT_FIELDS.get(name, name)):
                yield one.finding(node, problem)
            if name in seen:
                yield one.finding(node, f"{name} is a column twice")
            seen.add(name)


def check_reports(project: Project) -> Iterator[Finding]:
    """The report type exists, and has every column that the report shows, groups, filters or measures by."""
    known = catalog_of(project)
    types = {f"{one.name}__c": one for one in project.of("ReportType")}
    for one in project.of("Report"):
        own = types.get(one.root.value("reportType"))
        if own is None:
            yield one.finding(one.root.first("reportType"), f"there is no report type {one.root.value('reportType')}")
            continue
        columns = _columns(own)
        for path in COLUMNS:
            for node in one.root.all(*path):
                if node.text not in columns:
                    yield one.finding(node, f"the report type {own.name} has no column {node.text}")
        for item in one.root.all("filter", "criteriaItems"):
            object_name, _, name = item.value("column").partition("$")
            field = known.field(object_name, name) if object_name in known.objects else None
            yield from values_exist(one, item, field, item.value("value"))
        groups = {node.value("field") for node in one.root.all("groupingsDown")}
        if groups & {node.value("field") for node in one.root.all("columns")}:
            yield one.finding(one.root, "what a report is grouped by is no column of it")
        if (one.root.value("format") == "Tabular") == bool(groups):
            yield one.finding(one.root.first("format"), "a summary has groups, a table has none")


def check_dashboards(project: Project) -> Iterator[Finding]:
    """Every report exists, and has the column and the grouping that a component shows."""
    for one in project.of("Dashboard"):
        for node in one.root.all("dashboardGridLayout", "dashboardGridComponents", "dashboardComponent"):
            report = project.get("Report", node.value("report"))
            if report is None:
                yield one.finding(node.first("report") or node, f"there is no report {node.value('report')}")
                continue
            yield from _shown(one, node, report)
        yield from _grid(one)


def _shown(one: Component, node: Node, report: Component) -> Iterator[Finding]:
    summed = {
        (column.value("field"), aggregate)
        for column in report.root.all("columns")
        for aggregate in column.values("aggregateTypes")
    }
    for summary in node.all("chartSummary"):
        column, aggregate = summary.value("column"), summary.value("aggregate")
        if column != ROW_COUNT and (column, aggregate) not in summed:
            yield one.finding(summary, f"{report.name} has no {aggregate} of {column}")
    groups = set(report.root.values("groupingsDown", "field"))
    for grouping in node.all("groupingColumn"):
        if grouping.text not in groups:
            yield one.finding(grouping, f"{report.name} is not grouped by {grouping.text}")


def _grid(one: Component) -> Iterator[Finding]:
    """Components lie within the grid and not on each other."""
    layout = one.root.first("dashboardGridLayout")
    taken: set[tuple[int, int]] = set()
    for node in layout.all("dashboardGridComponents") if layout else ():
        sides = [node.value(name) for name in ("columnIndex", "colSpan", "rowIndex", "rowSpan")]
        if not all(side.isdecimal() for side in sides):
            continue
        column, width, row, height = map(int, sides)
        cells = {(x, y) for x in range(column, column + width) for y in range(row, row + height)}
        if layout is not None and column + width > int(layout.value("numberOfColumns") or 0):
            yield one.finding(node, "reaches over the edge of the grid")
        if cells & taken:
            yield one.finding(node, "lies on another component")
        taken |= cells


def _columns(report_type: Component) -> set[str]:
    """The report type's columns, as reports call them."""
    return {f"{node.value('table')}${node.value('field')}" for node in report_type.root.all("sections", "columns")}
