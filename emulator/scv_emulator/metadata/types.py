"""The metadata types that a deploy understands: where their files lie and what their files are called.

Source: Metadata API Developer Guide, "Metadata Types". A type that is missing here fails a deploy by its name.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MetadataType:
    """One type. `meta`: its files are content, each with a description beside it, whose name ends in `-meta.xml`.

    `in_folder` types are grouped in folders that are components themselves (`folder_root` is their root element);
    of a `bundle` every folder is one component.
    """

    name: str
    directory: str
    suffix: str = ""
    meta: bool = False
    bundle: bool = False
    in_folder: bool = False
    folder_root: str = ""
    children: tuple[tuple[str, str], ...] = ()


_OF_OBJECTS = (
    ("fields", "CustomField"),
    ("listViews", "ListView"),
    ("compactLayouts", "CompactLayout"),
    ("recordTypes", "RecordType"),
    ("validationRules", "ValidationRule"),
    ("webLinks", "WebLink"),
    ("businessProcesses", "BusinessProcess"),
    ("fieldSets", "FieldSet"),
    ("indexes", "Index"),
    ("sharingReasons", "SharingReason"),
)

TYPES = (
    MetadataType("CustomObject", "objects", "object", children=_OF_OBJECTS),
    MetadataType("CustomMetadata", "customMetadata", "md"),
    MetadataType("GlobalValueSet", "globalValueSets", "globalValueSet"),
    MetadataType("CustomLabels", "labels", "labels", children=(("labels", "CustomLabel"),)),
    MetadataType("CustomPermission", "customPermissions", "customPermission"),
    MetadataType("ServiceChannel", "serviceChannels", "serviceChannel"),
    MetadataType("ServicePresenceStatus", "servicePresenceStatuses", "servicePresenceStatus"),
    MetadataType("PresenceDeclineReason", "presenceDeclineReasons", "presenceDeclineReason"),
    MetadataType("PresenceUserConfig", "presenceUserConfigs", "presenceUserConfig"),
    MetadataType("QueueRoutingConfig", "queueRoutingConfigs", "queueRoutingConfig"),
    MetadataType("Queue", "queues", "queue"),
    MetadataType("Group", "groups", "group"),
    MetadataType("ApexClass", "classes", "cls", meta=True),
    MetadataType("ApexTrigger", "triggers", "trigger", meta=True),
    MetadataType("StaticResource", "staticresources", "resource", meta=True),
    MetadataType("LightningComponentBundle", "lwc", bundle=True),
    MetadataType("AuraDefinitionBundle", "aura", bundle=True),
    MetadataType("LightningMessageChannel", "messageChannels", "messageChannel"),
    MetadataType("CspTrustedSite", "cspTrustedSites", "cspTrustedSite"),
    MetadataType("CorsWhitelistOrigin", "corsWhitelistOrigins", "corsWhitelistOrigin"),
    MetadataType("RemoteSiteSetting", "remoteSiteSettings", "remoteSite"),
    MetadataType("ExternalCredential", "externalCredentials", "externalCredential"),
    MetadataType("NamedCredential", "namedCredentials", "namedCredential"),
    MetadataType("ConnectedApp", "connectedApps", "connectedApp"),
    MetadataType("ExternalClientApplication", "externalClientApps", "eca"),
    MetadataType("ExtlClntAppOauthSettings", "extlClntAppOauthSettings", "ecaOauth"),
    MetadataType("ExtlClntAppGlobalOauthSettings", "extlClntAppGlobalOauthSets", "ecaGlblOauth"),
    MetadataType("ExtlClntAppOauthConfigurablePolicies", "extlClntAppOauthPolicies", "ecaOauthPlcy"),
    MetadataType("ExtlClntAppConfigurablePolicies", "extlClntAppPolicies", "ecaPlcy"),
    MetadataType("CustomNotificationType", "notificationtypes", "notiftype"),
    MetadataType("Flow", "flows", "flow"),
    MetadataType("FlowTest", "flowtests", "flowtest"),
    MetadataType("QuickAction", "quickActions", "quickAction"),
    MetadataType("Layout", "layouts", "layout"),
    MetadataType("FlexiPage", "flexipages", "flexipage"),
    MetadataType("CustomTab", "tabs", "tab"),
    MetadataType("CustomApplication", "applications", "app"),
    MetadataType("ReportType", "reportTypes", "reportType"),
    MetadataType("Report", "reports", "report", in_folder=True, folder_root="ReportFolder"),
    MetadataType("Dashboard", "dashboards", "dashboard", in_folder=True, folder_root="DashboardFolder"),
    MetadataType("PathAssistant", "pathAssistants", "pathAssistant"),
    MetadataType("PlatformEventChannel", "platformEventChannels", "platformEventChannel"),
    MetadataType("PlatformEventChannelMember", "platformEventChannelMembers", "platformEventChannelMember"),
    MetadataType(
        "SharingRules",
        "sharingRules",
        "sharingRules",
        children=(
            ("sharingCriteriaRules", "SharingCriteriaRule"),
            ("sharingOwnerRules", "SharingOwnerRule"),
            ("sharingGuestRules", "SharingGuestRule"),
        ),
    ),
    MetadataType("AssignmentRules", "assignmentRules", "assignmentRules"),
    MetadataType("PermissionSet", "permissionsets", "permissionset"),
    MetadataType("PermissionSetGroup", "permissionsetgroups", "permissionsetgroup"),
    MetadataType("ApexTestSuite", "testSuites", "testSuite"),
    MetadataType("Settings", "settings", "settings"),
)
"""In the order in which they are deployed: what is referred to comes before what refers to it."""

BY_NAME = {one.name: one for one in TYPES}
BY_DIRECTORY = {one.directory: one for one in TYPES}
PARENT_OF = {child: one for one in TYPES for _, child in one.children}
ORDER = {
    name: place
    for place, name in enumerate(
        name for one in TYPES for name in (one.folder_root or one.name, one.name, *(child for _, child in one.children))
    )
}


def is_known(type_name: str) -> bool:
    """Whether a manifest may name this type."""
    return type_name in BY_NAME or type_name in PARENT_OF
