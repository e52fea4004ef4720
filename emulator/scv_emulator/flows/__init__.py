"""Flows: read from their metadata, checked, and run against the records of the emulated org.

Source: Metadata API Developer Guide, "Flow"; Salesforce Help, "Flow Reference". `SUPPORTED` names what is run; anything
else is refused by its name when a flow is deployed.

Example::

    definition = load(xml, name="Voicemail_Omni_Routing")
    check_in_org(definition, database.schema, registry.get)
    registry.deploy(definition)
"""

from scv_emulator.flows.definition import FlowDefinition
from scv_emulator.flows.errors import FlowFault, FlowInvalid, FlowNotSupported, FlowProblem
from scv_emulator.flows.org_checks import check_in_org
from scv_emulator.flows.reading import load
from scv_emulator.flows.registry import Registry
from scv_emulator.flows.supported import SUPPORTED

__all__ = [
    "SUPPORTED",
    "FlowDefinition",
    "FlowFault",
    "FlowInvalid",
    "FlowNotSupported",
    "FlowProblem",
    "Registry",
    "check_in_org",
    "load",
]
