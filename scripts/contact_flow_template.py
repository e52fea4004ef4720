"""The CloudFormation template of the contact flows, made from the flows in lambdas/contact_flows/*.json.

A flow names what belongs to one instance by `${Parameter}`, which `Fn::Sub` fills in; what a flow resolves itself,
such as `$.Attributes.vm_flag`, has no brace and stays as it is.
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-connect-contactflow.html
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FLOWS = Path(__file__).parent.parent / "lambdas" / "contact_flows"
MOST_CHARACTERS = 256_000
_TOKEN = re.compile(r"\$\{([^}]*)\}")


@dataclass(frozen=True, slots=True)
class Installed:
    """One flow in the instance. `type` is that of `CreateContactFlow`; modules have none."""

    file: str
    resource: str
    name: str
    description: str
    type: str = ""

    @property
    def token(self) -> str:
        """How other flows name this one."""
        return f"{self.resource}Arn"

    @property
    def arn(self) -> dict[str, list[str]]:
        return {"Fn::GetAtt": [self.resource, "ContactFlowArn" if self.type else "ContactFlowModuleArn"]}


INSTALLED = (
    Installed("voicemail_module", "VoicemailModule", "Voicemail", "Takes a message by recording the call"),
    Installed(
        "voicemail_module_kvs", "VoicemailModuleKvs", "Voicemail, streamed", "Takes a message by media streaming"
    ),
    Installed(
        "voicemail_flow",
        "VoicemailFlow",
        "Voicemail",
        "Takes a message, then says goodbye or queues the caller",
        "CONTACT_FLOW",
    ),
    Installed(
        "customer_whisper",
        "CustomerWhisperFlow",
        "Voicemail interrupted, caller",
        "Gives a message up because a rep has answered",
        "CUSTOMER_WHISPER",
    ),
    Installed(
        "agent_whisper",
        "AgentWhisperFlow",
        "Voicemail interrupted, rep",
        "Tells a rep that the caller was leaving a message",
        "AGENT_WHISPER",
    ),
    Installed(
        "in_queue_offer",
        "InQueueOfferFlow",
        "Voicemail offered in queue",
        "Offers waiting callers to leave a message",
        "CUSTOMER_QUEUE",
    ),
    Installed(
        "inbound_sample",
        "InboundSampleFlow",
        "Voicemail sample",
        "Opens a VoiceCall, offers a message, queues the caller",
        "CONTACT_FLOW",
    ),
)

PARAMETERS: dict[str, dict[str, Any]] = {
    "StackLabel": {"Type": "String", "Description": "Begins the names of the flows, so that stacks do not collide"},
    "ConnectInstanceArn": {"Type": "String", "Description": "Instance that the flows are installed in"},
    "FlowCallFunctionArn": {"Type": "String", "Description": "Version or alias that the flows invoke"},
    "QueueArn": {"Type": "String", "Description": "Queue in which callers wait who do not leave a voicemail"},
    "HoldPromptArn": {"Type": "String", "Description": "Prompt that waiting callers hear"},
    "VoicemailSeconds": {
        "Type": "Number",
        "Description": "How long a caller may speak before the time is over or extended",
        "Default": 120,
        "MinValue": 1,
        "MaxValue": 180,
    },
    "VoicemailExtensions": {
        "Type": "Number",
        "Description": "How often a caller who goes on speaking gets as many seconds again",
        "Default": 0,
        "MinValue": 0,
        "MaxValue": 100,
    },
    "OfferSeconds": {
        "Type": "Number",
        "Description": "How often waiting callers are asked whether they want to leave a voicemail; more than 20",
        "Default": 60,
        "MinValue": 21,
    },
}
"""Parameters of the template. The flows may name these and each other."""


_ASSOCIATION = {
    # Without it the instance does not let its flows invoke the function.
    "Type": "AWS::Connect::IntegrationAssociation",
    "Properties": {
        "InstanceId": {"Ref": "ConnectInstanceArn"},
        "IntegrationType": "LAMBDA_FUNCTION",
        "IntegrationArn": {"Ref": "FlowCallFunctionArn"},
    },
}


def template() -> dict[str, Any]:
    """The whole template."""
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "Contact flows that take voicemails",
        "Parameters": PARAMETERS,
        "Resources": {"FlowCallAssociation": _ASSOCIATION, **{one.resource: _resource(one) for one in INSTALLED}},
        "Outputs": {one.token: {"Description": one.description, "Value": one.arn} for one in INSTALLED},
    }


def render(flow: dict[str, Any]) -> str:
    """The content of a flow as `Fn::Sub` takes it; ValueError when it would fill in something else than a parameter."""
    content = json.dumps(flow, separators=(",", ":"), ensure_ascii=False)
    unknown = tokens(content) - PARAMETERS.keys() - {one.token for one in INSTALLED}
    if unknown or content.count("${") != len(_TOKEN.findall(content)):
        raise ValueError(f"a flow names what the template does not have: {', '.join(sorted(unknown)) or '${'}")
    if len(content) > MOST_CHARACTERS:
        raise ValueError(f"a flow may have {MOST_CHARACTERS} characters, not {len(content)}")
    return content


def tokens(content: str) -> set[str]:
    """The names that `Fn::Sub` fills in."""
    return set(_TOKEN.findall(content))


def _resource(one: Installed) -> dict[str, Any]:
    content = render(json.loads((FLOWS / f"{one.file}.json").read_text(encoding="utf-8")))
    named = {other.token: other.arn for other in INSTALLED if other.token in tokens(content)}
    resource: dict[str, Any] = {"Type": "AWS::Connect::ContactFlow" if one.type else "AWS::Connect::ContactFlowModule"}
    if "FlowCallFunctionArn" in tokens(content):
        resource["DependsOn"] = "FlowCallAssociation"
    properties = {
        "InstanceArn": {"Ref": "ConnectInstanceArn"},
        "Name": {"Fn::Sub": f"${{StackLabel}} {one.name}"},
        "Description": one.description,
        "Content": {"Fn::Sub": [content, named] if named else content} if tokens(content) else content,
    }
    return {**resource, "Properties": {**properties, "Type": one.type} if one.type else properties}
