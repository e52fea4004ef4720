"""Reads a SAM template with its parameters; what it cannot run it refuses by name.

Page: "AWS SAM resources and properties" in the SAM developer guide.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from scv_emulator.aws.intrinsics import NO_VALUE, Resolver, TemplateInvalid, read_yaml
from scv_emulator.aws.resources import Function, QueueMapping, QueueSpec, Rule, Stack, StreamMapping, Target

REGION, ACCOUNT_ID = "us-east-1", "123456789012"
_FUNCTION, _QUEUE = "AWS::Serverless::Function", "AWS::SQS::Queue"
_TABLE, _BUCKET, _RULE = "AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::Events::Rule"
_ARNS = {
    _FUNCTION: "arn:aws:lambda:{here}:function:{name}",
    _QUEUE: "arn:aws:sqs:{here}:{name}",
    _TABLE: "arn:aws:dynamodb:{here}:table/{name}",
    _BUCKET: "arn:aws:s3:::{name}",
    _RULE: "arn:aws:events:{here}:rule/{name}",
}
_RUN = {_FUNCTION, _QUEUE, _TABLE, _BUCKET, _RULE}
_NEEDS_NO_RUNNING = re.compile(
    r"AWS::(IAM|Logs|CloudWatch|Connect)::\w+|AWS::Lambda::Permission|AWS::CloudFormation::Stack"
    r"|AWS::SQS::QueuePolicy|AWS::S3::BucketPolicy"
)


def read_template(path: Path, parameters: Mapping[str, str], *, url: str, stack_name: str = "scv-voicemail") -> Stack:
    """The stack that CloudFormation would make of the template; `url` is where queues answer."""
    return _Reader(read_yaml(path.read_text(encoding="utf-8")), parameters, url=url, stack_name=stack_name).stack()


class _Reader:
    def __init__(self, data: dict[str, Any], parameters: Mapping[str, str], *, url: str, stack_name: str) -> None:
        self._data = data
        self._url = url
        self._stack_name = stack_name
        self._all: dict[str, Any] = data.get("Resources", {})
        pseudo = {
            "AWS::Region": REGION,
            "AWS::AccountId": ACCOUNT_ID,
            "AWS::Partition": "aws",
            "AWS::URLSuffix": "amazonaws.com",
            "AWS::StackName": stack_name,
            "AWS::NoValue": NO_VALUE,
        }
        self._resolver = Resolver(
            values=_parameters(data.get("Parameters", {}), parameters) | pseudo,
            conditions=data.get("Conditions", {}),
            ref=self._ref,
            attribute=self._attribute,
        )
        self._resources = {
            name: one
            for name, one in self._all.items()
            if "Condition" not in one or self._resolver.is_met(one["Condition"])
        }
        for name, one in self._resources.items():
            if one["Type"] not in _RUN and not _NEEDS_NO_RUNNING.fullmatch(one["Type"]):
                raise TemplateInvalid(f"{name}: the emulator does not run {one['Type']}")

    def stack(self) -> Stack:
        """Everything that is run."""
        functions = {name: self._function(name) for name in self._of(_FUNCTION)}
        events = [
            (name, event_name, event["Type"], self._resolver.value(event.get("Properties", {})))
            for name in functions
            for event_name, event in self._resources[name]["Properties"].get("Events", {}).items()
        ]
        for _, event_name, kind, _ in events:
            if kind not in {"SQS", "Kinesis", "EventBridgeRule", "CloudWatchEvent", "Schedule"}:
                raise TemplateInvalid(f"{event_name}: the emulator does not run events of type {kind}")
        own_rules = [
            _rule_of_function(event_name, functions[name].arn, event)
            for name, event_name, kind, event in events
            if kind in {"EventBridgeRule", "CloudWatchEvent", "Schedule"}
        ]
        outputs = {
            name: str(self._resolver.value(one["Value"]))
            for name, one in self._data.get("Outputs", {}).items()
            if "Condition" not in one or self._resolver.is_met(one["Condition"])
        }
        return Stack(
            name=self._stack_name,
            functions=functions,
            queues={name: self._queue(name) for name in self._of(_QUEUE)},
            rules=(*own_rules, *(self._rule(name) for name in self._of(_RULE))),
            queue_mappings=tuple(
                QueueMapping(**_mapping(event_name, name, event, event["Queue"], batch_size=10))
                for name, event_name, kind, event in events
                if kind == "SQS"
            ),
            stream_mappings=tuple(
                _stream_mapping(event_name, name, event)
                for name, event_name, kind, event in events
                if kind == "Kinesis"
            ),
            tables=tuple(self._table(name) for name in self._of(_TABLE)),
            buckets={name: self._physical(name) for name in self._of(_BUCKET)},
            outputs=outputs,
        )

    def _of(self, kind: str) -> Iterator[str]:
        return (name for name, one in self._resources.items() if one["Type"] == kind)

    def _properties(self, name: str, *keys: str) -> dict[str, Any]:
        """Only the properties that are needed: others may refer to what is not run here."""
        given = self._resources[name].get("Properties", {})
        resolved: dict[str, Any] = self._resolver.value({key: given[key] for key in keys if key in given})
        return resolved

    def _function(self, name: str) -> Function:
        keys = ("Handler", "Timeout", "MemorySize", "Environment", "EventInvokeConfig", "DeadLetterQueue")
        shared = self._data.get("Globals", {}).get("Function", {})
        general = self._resolver.value({key: shared[key] for key in keys if key in shared})
        own = self._properties(name, *keys)
        merged = general | own
        variables = general.get("Environment", {}).get("Variables", {}) | own.get("Environment", {}).get(
            "Variables", {}
        )
        asynchronous = merged.get("EventInvokeConfig", {})
        return Function(
            logical_id=name,
            name=self._physical(name),
            arn=self._attribute(name, "Arn"),
            handler=merged["Handler"],
            timeout_seconds=float(merged.get("Timeout", 3)),
            memory_mb=int(merged.get("MemorySize", 128)),
            environment={key: _text(value) for key, value in variables.items()},
            retry_attempts=int(asynchronous.get("MaximumRetryAttempts", 2)),
            on_failure_arn=asynchronous.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination", ""),
            dead_letter_arn=merged.get("DeadLetterQueue", {}).get("TargetArn", ""),
        )

    def _queue(self, name: str) -> QueueSpec:
        properties = self._properties(name, "VisibilityTimeout", "DelaySeconds", "RedrivePolicy", "FifoQueue")
        if properties.get("FifoQueue"):
            raise TemplateInvalid(f"{name}: the emulator's queues are standard queues")
        redrive = properties.get("RedrivePolicy", {})
        return QueueSpec(
            logical_id=name,
            name=self._physical(name),
            arn=self._attribute(name, "Arn"),
            visibility_seconds=float(properties.get("VisibilityTimeout", 30)),
            delay_seconds=float(properties.get("DelaySeconds", 0)),
            dead_letter_arn=redrive.get("deadLetterTargetArn", ""),
            max_receive_count=int(redrive.get("maxReceiveCount", 0)),
        )

    def _rule(self, name: str) -> Rule:
        properties = self._properties(name, "EventPattern", "ScheduleExpression", "Targets")
        targets = tuple(Target(arn=one["Arn"], input=one.get("Input")) for one in properties.get("Targets", []))
        schedule = properties.get("ScheduleExpression", "")
        return Rule(name=name, targets=targets, pattern=properties.get("EventPattern"), schedule=schedule)

    def _table(self, name: str) -> dict[str, Any]:
        keys = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "LocalSecondaryIndexes", "BillingMode")
        return self._properties(name, *keys) | {"TableName": self._physical(name)}

    # ------------------------------------------------------------------------------------------- names and addresses

    def _physical(self, name: str) -> str:
        properties = self._all[name].get("Properties", {})
        for key in ("FunctionName", "QueueName", "TableName", "BucketName"):
            if key in properties:
                return str(self._resolver.value(properties[key]))
        plain = f"{self._stack_name}-{name}"
        return plain.lower() if self._all[name]["Type"] == _BUCKET else plain

    def _ref(self, name: str) -> str:
        resource, _, attribute = name.partition(".")
        if attribute:
            return self._attribute(resource, attribute)
        kind = self._kind(name)
        return f"{self._url}/{ACCOUNT_ID}/{self._physical(name)}" if kind == _QUEUE else self._physical(name)

    def _attribute(self, name: str, attribute: str) -> str:
        kind = self._kind(name)
        physical = self._physical(name)
        arn = _ARNS.get(kind, "").format(here=f"{REGION}:{ACCOUNT_ID}", name=physical)
        match kind, attribute:
            case (_, "Arn") if arn:
                return arn
            case ("AWS::Serverless::Function", "Alias"):
                return f"{arn}:{self._resolver.value(self._all[name]['Properties']['AutoPublishAlias'])}"
            case ("AWS::SQS::Queue", "QueueName"):
                return physical
        raise LookupError(f"the emulator does not know this attribute of {kind}")

    def _kind(self, name: str) -> str:
        if name not in self._all:
            raise LookupError("there is no such parameter or resource")
        return str(self._all[name]["Type"])


def _parameters(declared: Mapping[str, Any], given: Mapping[str, str]) -> dict[str, Any]:
    """Every parameter's value, checked as CloudFormation checks it."""
    if unknown := sorted(set(given) - set(declared)):
        raise TemplateInvalid(f"the template has no parameter {unknown[0]}")
    values: dict[str, Any] = {}
    for name, one in declared.items():
        if name not in given and "Default" not in one:
            raise TemplateInvalid(f"the parameter {name} is required")
        value = str(given.get(name, one.get("Default")))
        if "AllowedPattern" in one and re.fullmatch(one["AllowedPattern"], value) is None:
            raise TemplateInvalid(f"{name}: {value!r} does not match {one['AllowedPattern']}")
        if "AllowedValues" in one and value not in [str(allowed) for allowed in one["AllowedValues"]]:
            raise TemplateInvalid(f"{name}: {value!r} is none of {', '.join(map(str, one['AllowedValues']))}")
        values[name] = value
    return values


def _rule_of_function(name: str, function_arn: str, event: Mapping[str, Any]) -> Rule:
    target = Target(arn=function_arn, input=event.get("Input"))
    return Rule(name=name, targets=(target,), pattern=event.get("Pattern"), schedule=event.get("Schedule", ""))


def _mapping(name: str, function: str, event: Mapping[str, Any], source: str, *, batch_size: int) -> dict[str, Any]:
    filters = event.get("FilterCriteria", {}).get("Filters", [])
    return {
        "name": name,
        "function": function,
        "source_arn": source,
        "batch_size": int(event.get("BatchSize", batch_size)),
        "reports_failures": "ReportBatchItemFailures" in event.get("FunctionResponseTypes", []),
        "filters": tuple(json.loads(one["Pattern"]) for one in filters),
    }


def _stream_mapping(name: str, function: str, event: Mapping[str, Any]) -> StreamMapping:
    retries, age = int(event.get("MaximumRetryAttempts", -1)), int(event.get("MaximumRecordAgeInSeconds", -1))
    return StreamMapping(
        **_mapping(name, function, event, event["Stream"], batch_size=100),
        bisects=bool(event.get("BisectBatchOnFunctionError", False)),
        max_retries=None if retries < 0 else retries,
        max_age_seconds=None if age < 0 else float(age),
        on_failure_arn=event.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination", ""),
        lanes=int(event.get("ParallelizationFactor", 1)),
    )


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
