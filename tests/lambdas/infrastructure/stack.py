"""The templates as tests read them: parsed, and with the values that a deployment would fill in."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from cfnlint.decode import cfn_yaml

REPOSITORY = Path(__file__).parents[3]
LAMBDAS = REPOSITORY / "lambdas"

CONNECT = "arn:aws:connect:eu-central-1:123456789012:instance/11111111-2222-3333-4444-555555555555"
GIVEN = {
    "SalesforceOrgId": "00D5f000000abcd",
    "CallCenterApiName": "Voicemail_Center",
    "TelephonyUrl": "https://acme.my.salesforce-scrt.com",
    "LoginUrl": "https://acme.my.salesforce.com",
    "ClientId": "3MVG9.consumer",
    "Username": "voicemail@acme.example",
    "PrivateKeySource": "ssm:/acme/contact-center-key",
    "OauthKeySource": "secretsmanager:acme/app-key",
    "ConnectInstanceArn": CONNECT,
    "ConnectRecordingsBucketName": "connect-recordings",
    "ConnectRecordingsPrefix": "connect/acme/CallRecordings",
    "ContactRecordStreamArn": "arn:aws:kinesis:eu-central-1:123456789012:stream/contact-records",
}
PSEUDO = {
    "AWS::StackName": "voicemail",
    "AWS::Region": "eu-central-1",
    "AWS::AccountId": "123456789012",
    "AWS::Partition": "aws",
    "AWS::URLSuffix": "amazonaws.com",
}


class NoValue:
    """What AWS::NoValue leaves behind: the property is not there."""


NO_VALUE = NoValue()


def load(name: str) -> dict[str, Any]:
    """A template of ours with its functions in their long form."""
    plain: dict[str, Any] = json.loads(json.dumps(cfn_yaml.load(str(LAMBDAS / name))))
    return plain


class Stack:
    """A template with parameters, resolved as CloudFormation would.

    What only exists once it is deployed stands as `<Resource>` or `<Resource.Attribute>`.
    """

    def __init__(self, name: str = "template.yaml", **parameters: Any) -> None:
        self.template = load(name)
        declared = self.template["Parameters"]
        assert parameters.keys() <= declared.keys(), "a test gives parameters that the template has not"
        defaults = {key: value.get("Default", "") for key, value in declared.items()}
        self.parameters = defaults | {key: value for key, value in GIVEN.items() if key in declared} | parameters

    def resources(self, kind: str) -> dict[str, dict[str, Any]]:
        """The properties of the resources of this type that are made with these parameters."""
        return {
            name: self.resolved(resource.get("Properties", {}))
            for name, resource in self.template["Resources"].items()
            if resource["Type"] == kind and self._holds(resource.get("Condition"))
        }

    def functions(self) -> dict[str, dict[str, Any]]:
        """Every function with what it inherits from Globals."""
        shared = self.resolved(self.template["Globals"]["Function"])
        found = {}
        for name, own in self.resources("AWS::Serverless::Function").items():
            environment = shared["Environment"]["Variables"] | own.get("Environment", {}).get("Variables", {})
            found[name] = shared | own | {"Environment": environment}
        return found

    def resolved(self, value: Any) -> Any:
        """A value with everything filled in that is known before the deployment."""
        if isinstance(value, list):
            return [one for one in map(self.resolved, value) if one is not NO_VALUE]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            function, argument = next(iter(value.items()))
            if function == "Ref" or function.startswith("Fn::"):
                return self._call(function, argument)
        filled = {key: self.resolved(one) for key, one in value.items()}
        return {key: one for key, one in filled.items() if one is not NO_VALUE}

    def _call(self, function: str, argument: Any) -> Any:
        match function:
            case "Ref":
                return NO_VALUE if argument == "AWS::NoValue" else self._named(argument)
            case "Fn::GetAtt":
                return f"<{argument if isinstance(argument, str) else '.'.join(argument)}>"
            case "Fn::Sub":
                text, values = (argument, {}) if isinstance(argument, str) else argument
                return self._filled(text, self.resolved(values))
            case "Fn::If":
                return self.resolved(argument[1] if self._holds(argument[0]) else argument[2])
            case "Fn::Split":
                return self.resolved(argument[1]).split(argument[0])
            case "Fn::Select":
                return self.resolved(argument[1])[int(argument[0])]
        raise AssertionError(f"these tests do not know {function}")

    def _named(self, name: str) -> Any:
        return self.parameters.get(name, PSEUDO.get(name, f"<{name}>"))

    def _filled(self, text: str, values: Mapping[str, Any]) -> str:
        return re.sub(r"\$\{([^}!]+)\}", lambda found: str(values.get(found[1], self._named(found[1]))), text)

    def _holds(self, condition: str | None) -> bool:
        return condition is None or self._true(self.template["Conditions"][condition])

    def _true(self, condition: dict[str, Any]) -> bool:
        function, argument = next(iter(condition.items()))
        match function:
            case "Fn::Not":
                return not self._true(argument[0])
            case "Fn::Equals":
                return str(self.resolved(argument[0])) == str(self.resolved(argument[1]))
        raise AssertionError(f"these tests do not know {function} in a condition")


def statements(stack: Stack, role: str) -> Iterator[dict[str, Any]]:
    """Everything a role may do: its own statements and those of the policies it names."""
    policies = stack.resources("AWS::IAM::ManagedPolicy")
    wanted = stack.resources("AWS::IAM::Role")[role]
    for name in wanted["ManagedPolicyArns"]:
        yield from policies[name.strip("<>")]["PolicyDocument"]["Statement"]
    for own in wanted.get("Policies", ()):
        yield from own["PolicyDocument"]["Statement"]


def as_list(value: Any) -> list[Any]:
    """IAM takes one or several nearly everywhere."""
    return value if isinstance(value, list) else [value]
