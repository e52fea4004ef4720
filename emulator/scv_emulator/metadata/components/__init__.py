"""How each type of component is put into the org: one file per family of types."""

from __future__ import annotations

from scv_emulator.metadata.components import (
    custom_fields,
    custom_metadata,
    custom_objects,
    flows,
    permission_sets,
    queues,
    setup_records,
    user_interface,
    validation_rules,
)
from scv_emulator.metadata.trial import Handler

HANDLERS: dict[str, Handler] = {
    "CustomObject": custom_objects.deploy,
    "CustomField": custom_fields.deploy,
    "CustomMetadata": custom_metadata.deploy,
    "CustomPermission": setup_records.custom_permission,
    "ServiceChannel": setup_records.service_channel,
    "ServicePresenceStatus": setup_records.presence_status,
    "PresenceUserConfig": setup_records.presence_configuration,
    "QueueRoutingConfig": queues.routing_configuration,
    "Queue": queues.queue,
    "Group": queues.public_group,
    "SharingCriteriaRule": user_interface.sharing_rule,
    "SharingOwnerRule": user_interface.sharing_rule,
    "SharingRules": user_interface.sharing_rules,
    "Flow": flows.deploy,
    "PermissionSet": permission_sets.deploy,
    "LightningComponentBundle": user_interface.bundle,
    "AuraDefinitionBundle": user_interface.bundle,
    "FlexiPage": user_interface.page,
    "Layout": user_interface.layout,
    "CustomTab": user_interface.tab,
    "ListView": user_interface.part_of_object,
    "CompactLayout": user_interface.compact_layout,
    "RecordType": user_interface.part_of_object,
    "ValidationRule": validation_rules.deploy,
    "WebLink": user_interface.part_of_object,
    "BusinessProcess": user_interface.part_of_object,
    "FieldSet": user_interface.part_of_object,
    "Index": user_interface.part_of_object,
    "SharingReason": user_interface.part_of_object,
    "ReportType": user_interface.report_type,
    "Report": user_interface.report,
    "ExtlClntAppOauthSettings": user_interface.part_of_external_app,
    "ExtlClntAppGlobalOauthSettings": user_interface.part_of_external_app,
    "ExtlClntAppOauthConfigurablePolicies": user_interface.part_of_external_app,
    "ExtlClntAppConfigurablePolicies": user_interface.part_of_external_app,
}
"""Types that are missing here are stored as they are: their XML is well-formed, and nothing more is judged."""
