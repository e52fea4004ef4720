"""The checks of the Salesforce half, by name. Each says what is wrong, and where; nothing means all is well.

Nothing offline can say whether a real org takes it: features that are off, types in Apex, picklist values of standard
fields, what routing does. What can be said, is said here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType

from tests.sfdx.checks import (
    analytics,
    code,
    connector_fields,
    connector_rights,
    flow_graphs,
    flow_names,
    labels,
    objects,
    pages,
    permission_sets,
    places,
    portability,
    schema,
    service,
    versions,
)
from tests.sfdx.checks.component import Finding
from tests.sfdx.checks.project import Project

Check = Callable[[Project], Iterable[Finding]]

REFERENCES: Mapping[str, Check] = MappingProxyType(
    {
        "permission sets": permission_sets.check_grants,
        "objects": objects.check_objects,
        "fields": objects.check_fields,
        "formulas": objects.check_formulas,
        "list views": objects.check_list_views,
        "layouts": objects.check_layouts,
        "report types": analytics.check_report_types,
        "reports": analytics.check_reports,
        "dashboards": analytics.check_dashboards,
        "pages": pages.check_pages,
        "queues": service.check_queues,
        "presence": service.check_presence,
        "custom metadata": service.check_custom_metadata,
        "app and sharing": service.check_app_and_sharing,
        "apex names": code.check_apex,
        "component names": code.check_components,
        "flow names": flow_names.check_names,
        "subflows": flow_graphs.check_subflows,
    }
)
"""Checks that whatever is named exists."""


def check_main_alone(project: Project) -> Iterator[Finding]:
    """main/ names nothing that is in voice/ or comes with Service Cloud Voice, so that it deploys by itself."""
    yield from portability.check_main_names_no_voice(project)
    main = project.only("main")
    for check in REFERENCES.values():
        yield from check(main)


CHECKS: Mapping[str, Check] = MappingProxyType(
    {
        "well-formed": schema.check_well_formed,
        "places": places.check_places,
        "full names": places.check_full_names,
        "schema": schema.check_types,
        "schema 63.0": schema.check_wsdl,
        **REFERENCES,
        "nothing forgotten": permission_sets.check_nothing_forgotten,
        "connector's fields": connector_fields.check_field_maps,
        "connector's keys": connector_fields.check_keys,
        "connector's event": connector_fields.check_event,
        "connector's words": connector_fields.check_words,
        "connector's rights": connector_rights.check_rights,
        "flow graphs": flow_graphs.check_graphs,
        "routing": flow_names.check_routing,
        "interpreter": flow_graphs.check_interpreter,
        "main alone": check_main_alone,
        "no ids": portability.check_no_ids,
        "lengths": labels.check_lengths,
        "descriptions": labels.check_descriptions,
        "versions": versions.check_versions,
        "project files": versions.check_project_files,
        "manifests": versions.check_manifests,
    }
)
"""Every check."""


def examine(project: Project) -> dict[str, list[Finding]]:
    """What each check found; checks that found nothing are left out."""
    found = {name: sorted(check(project)) for name, check in CHECKS.items()}
    return {name: findings for name, findings in found.items() if findings}
