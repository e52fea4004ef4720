"""Where each type of metadata lies and what its files are called.

Source: Metadata API Developer Guide, "Metadata Types"; Salesforce DX Developer Guide, "Project Structure".
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ComponentType:
    """One type: its files are `folder/NAME.suffix-meta.xml`, below a sub-folder for types that are kept in folders.

    `content` is the ending of the file that lies beside the `-meta.xml`.
    """

    name: str
    folder: str
    suffix: str
    content: str = ""
    in_folders: bool = False


PLAIN = (
    ComponentType("ApexClass", "classes", "cls", content=".cls"),
    ComponentType("ApexTrigger", "triggers", "trigger", content=".trigger"),
    ComponentType("CspTrustedSite", "cspTrustedSites", "cspTrustedSite"),
    ComponentType("CustomApplication", "applications", "app"),
    ComponentType("CustomMetadata", "customMetadata", "md"),
    ComponentType("CustomPermission", "customPermissions", "customPermission"),
    ComponentType("CustomTab", "tabs", "tab"),
    ComponentType("Dashboard", "dashboards", "dashboard", in_folders=True),
    ComponentType("ExternalClientApplication", "externalClientApps", "eca"),
    ComponentType("ExternalCredential", "externalCredentials", "externalCredential"),
    ComponentType("ExtlClntAppConfigurablePolicies", "extlClntAppPolicies", "ecaPlcy"),
    ComponentType("ExtlClntAppOauthConfigurablePolicies", "extlClntAppOauthPolicies", "ecaOauthPlcy"),
    ComponentType("ExtlClntAppOauthSettings", "extlClntAppOauthSettings", "ecaOauth"),
    ComponentType("FlexiPage", "flexipages", "flexipage"),
    ComponentType("Flow", "flows", "flow"),
    ComponentType("Group", "groups", "group"),
    ComponentType("Layout", "layouts", "layout"),
    ComponentType("NamedCredential", "namedCredentials", "namedCredential"),
    ComponentType("PermissionSet", "permissionsets", "permissionset"),
    ComponentType("PresenceUserConfig", "presenceUserConfigs", "presenceUserConfig"),
    ComponentType("Queue", "queues", "queue"),
    ComponentType("QueueRoutingConfig", "queueRoutingConfigs", "queueRoutingConfig"),
    ComponentType("Report", "reports", "report", in_folders=True),
    ComponentType("ReportType", "reportTypes", "reportType"),
    ComponentType("ServiceChannel", "serviceChannels", "serviceChannel"),
    ComponentType("ServicePresenceStatus", "servicePresenceStatuses", "servicePresenceStatus"),
    ComponentType("SharingRules", "sharingRules", "sharingRules"),
)

OBJECT_CHILDREN = {
    "fields": ComponentType("CustomField", "fields", "field"),
    "listViews": ComponentType("ListView", "listViews", "listView"),
    "compactLayouts": ComponentType("CompactLayout", "compactLayouts", "compactLayout"),
    "validationRules": ComponentType("ValidationRule", "validationRules", "validationRule"),
    "recordTypes": ComponentType("RecordType", "recordTypes", "recordType"),
    "webLinks": ComponentType("WebLink", "webLinks", "webLink"),
}
"""What lies in `objects/OBJECT/FOLDER/`."""

BY_FOLDER = {one.folder: one for one in PLAIN}
BY_SUFFIX = {one.suffix: one for one in (*PLAIN, *OBJECT_CHILDREN.values())}
FOLDER_ROOTS = {"Report": "ReportFolder", "Dashboard": "DashboardFolder"}
"""What describes a folder of these types."""

BUNDLE_FILES = (".js", ".html", ".css", ".svg", ".js-meta.xml")
"""What may lie in the folder of a Lightning web component, besides its tests."""
