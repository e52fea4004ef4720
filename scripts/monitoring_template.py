"""Alarms and dashboard as a CloudFormation template, made of the handlers' own table of metrics and of AWS's metrics.

Run it by scripts/make-lambda-templates.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from scv_voicemail_lambdas.metrics import METRICS, Metric

FUNCTIONS = (
    "RecordingStoredFunction",
    "ContactRecordFunction",
    "TranscriptionFinishedFunction",
    "DeliverFunction",
    "SweepFunction",
    "FlowCallFunction",
)
QUEUES = ("RecordingEventsQueue", "DoorbellQueue", "DeadLetterQueue")
OPTIONAL = "ContactRecordFunction"
"""Only there when the stack reads contact records."""
ABSENT = "none"
"""Its name when it is not there; a dashboard with an empty name is refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """One alarm: what it looks at, when it rings, and what that means to whoever is called."""

    name: str
    metric: str
    namespace: str = ""
    dimensions: dict[str, Any] = field(default_factory=dict)
    statistic: str = "Sum"
    threshold: float = 1
    below: bool = False
    period_seconds: int = 300
    periods: int = 1
    sentence: str
    condition: str = ""
    silence_is_bad: bool = False
    less: str = ""
    rise: bool = False


def of_function(name: str) -> dict[str, Any]:
    """The dimension of a function's metrics."""
    return {"FunctionName": {"Ref": name}}


def of_queue(name: str) -> dict[str, Any]:
    """The dimension of a queue's metrics."""
    return {"QueueName": {"Ref": name}}


def of_aws() -> Iterator[Watch]:
    """What AWS measures by itself, in the order of a voicemail's way.

    Names: https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html and
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
    """
    yield Watch(
        name="FlowCallSlow",
        namespace="AWS/Lambda",
        metric="Duration",
        dimensions=of_function("FlowCallFunction"),
        statistic="p99",
        threshold=3000,
        periods=2,
        sentence="Callers wait three seconds or longer before the beep: look at Salesforce's answers in the traces, or"
        " raise FlowCallProvisionedConcurrency.",
    )
    yield Watch(
        name="FlowCallThrottled",
        namespace="AWS/Lambda",
        metric="Throttles",
        dimensions=of_function("FlowCallFunction"),
        sentence="The account has no concurrency left for calls from contact flows: raise its quota.",
    )
    yield Watch(
        name="RecordingRuleFailed",
        namespace="AWS/Events",
        metric="FailedInvocations",
        dimensions={"RuleName": {"Ref": "RecordingStoredRule"}},
        sentence="EventBridge cannot hand recordings to the queue: compare the queue's policy with the template's.",
    )
    yield Watch(
        name="RecordingsWaitLong",
        namespace="AWS/SQS",
        metric="ApproximateAgeOfOldestMessage",
        dimensions=of_queue("RecordingEventsQueue"),
        statistic="Maximum",
        threshold=900,
        sentence="A recording has been waiting for a quarter of an hour to be taken in: see RecordingStoredFunction's"
        " errors.",
    )
    yield Watch(
        name="ContactRecordsWaitLong",
        namespace="AWS/Lambda",
        metric="IteratorAge",
        dimensions=of_function(OPTIONAL),
        statistic="Maximum",
        threshold=900_000,
        condition="HasContactRecords",
        sentence="Contact records have been waiting for a quarter of an hour: see ContactRecordFunction's errors. They"
        " are lost when the stream's retention ends.",
    )
    yield Watch(
        name="DoorbellsWaitLong",
        namespace="AWS/SQS",
        metric="ApproximateAgeOfOldestMessage",
        dimensions=of_queue("DoorbellQueue"),
        statistic="Maximum",
        threshold=2700,
        sentence="Nobody answers the doorbell: see DeliverFunction's errors and throttles.",
    )
    yield Watch(
        name="DeadLetters",
        namespace="AWS/SQS",
        metric="ApproximateNumberOfMessagesVisible",
        dimensions=of_queue("DeadLetterQueue"),
        statistic="Maximum",
        sentence="Something failed for good: read it, mend the cause, send it back.",
    )
    yield Watch(
        name="SweepSilent",
        namespace="AWS/Lambda",
        metric="Invocations",
        dimensions=of_function("SweepFunction"),
        threshold=1,
        below=True,
        periods=3,
        silence_is_bad=True,
        sentence="The sweep does not run, so that nobody looks for late voicemails and the other alarms are blind.",
    )
    for name in FUNCTIONS:
        yield Watch(
            name=f"{name.removesuffix('Function')}Errors",
            namespace="AWS/Lambda",
            metric="Errors",
            dimensions=of_function(name),
            threshold=3,
            condition="HasContactRecords" if name == OPTIONAL else "",
            sentence=f"{name} fails: its log names the reason.",
        )


def of_ours(metrics: tuple[Metric, ...] = METRICS) -> Iterator[Watch]:
    """The alarms of the handlers' own table."""
    for metric in metrics:
        if metric.alarm is not None:
            yield Watch(
                name=str(metric.name),
                metric=str(metric.name),
                statistic=metric.statistic,
                threshold=metric.alarm.threshold,
                period_seconds=metric.alarm.period_seconds,
                periods=metric.alarm.periods,
                below=metric.alarm.below,
                silence_is_bad=metric.alarm.below,
                less=str(metric.alarm.less),
                rise=metric.alarm.rise,
                sentence=metric.alarm.sentence,
            )


def watches() -> list[Watch]:
    """Every alarm: ours first."""
    return [*of_ours(), *of_aws()]


def alarm(watch: Watch) -> dict[str, Any]:
    """One alarm as CloudFormation takes it."""
    percentile = watch.statistic.startswith("p")
    looked_at = {
        "Namespace": watch.namespace or {"Ref": "MetricsNamespace"},
        "MetricName": watch.metric,
        "Dimensions": [{"Name": name, "Value": value} for name, value in watch.dimensions.items()],
        "ExtendedStatistic" if percentile else "Statistic": watch.statistic,
        "Period": watch.period_seconds,
    }
    properties = {
        "AlarmName": {"Fn::Sub": f"${{StackLabel}} {watch.name}"},
        "AlarmDescription": watch.sentence,
        **({"Metrics": _reckoned(watch)} if watch.less or watch.rise else looked_at),
        "EvaluationPeriods": watch.periods,
        "Threshold": watch.threshold,
        "ComparisonOperator": "LessThanThreshold" if watch.below else "GreaterThanOrEqualToThreshold",
        "TreatMissingData": "breaching" if watch.silence_is_bad else "notBreaching",
        "AlarmActions": {"Fn::If": ["HasTopic", [{"Ref": "AlarmTopicArn"}], {"Ref": "AWS::NoValue"}]},
        "OKActions": {"Fn::If": ["HasTopic", [{"Ref": "AlarmTopicArn"}], {"Ref": "AWS::NoValue"}]},
    }
    made = {"Type": "AWS::CloudWatch::Alarm", "Properties": {key: value for key, value in properties.items() if value}}
    return made | ({"Condition": watch.condition} if watch.condition else {})


def _reckoned(watch: Watch) -> list[dict[str, Any]]:
    """What an alarm looks at that reckons with its metric.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
    """
    expression = "FILL(seen, 0) - FILL(other, 0)" if watch.less else "DIFF(FILL(seen, REPEAT))"
    queries = [_query("seen", watch.metric, watch)] + ([_query("other", watch.less, watch)] if watch.less else [])
    return [{"Id": "reckoned", "Expression": expression, "Label": watch.name, "ReturnData": True}, *queries]


def _query(name: str, metric: str, watch: Watch) -> dict[str, Any]:
    dimensions = [{"Name": key, "Value": value} for key, value in watch.dimensions.items()]
    looked_at = {"Namespace": watch.namespace or {"Ref": "MetricsNamespace"}, "MetricName": metric}
    looked_at |= {"Dimensions": dimensions} if dimensions else {}
    stat = {"Metric": looked_at, "Period": watch.period_seconds, "Stat": watch.statistic}
    return {"Id": name, "MetricStat": stat, "ReturnData": False}


# ------------------------------------------------------------------------------------------------------- dashboard


def dashboard(metrics: tuple[Metric, ...] = METRICS) -> str:
    """The dashboard's body; `${...}` is filled in by CloudFormation.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
    """
    widgets = [_numbers(metrics)]
    widgets += [_graph(metric.name, [_ours(metric)], metric.sentence) for metric in metrics]
    for title, name, statistic in (("Duration (p99, ms)", "Duration", "p99"), ("Errors", "Errors", "Sum")):
        lines = [["AWS/Lambda", name, "FunctionName", f"${{{one}}}", {"stat": statistic}] for one in FUNCTIONS]
        widgets.append(_graph(title, lines))
    depth = [["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", f"${{{one}}}"] for one in QUEUES]
    widgets.append(_graph("Messages in the queues", [[*one, {"stat": "Maximum"}] for one in depth]))
    widgets.append(_errors_in_the_log())
    return json.dumps({"widgets": list(_placed(widgets))}, separators=(",", ":"))


def _ours(metric: Metric) -> list[Any]:
    return ["${MetricsNamespace}", metric.name, {"stat": metric.statistic}]


def _numbers(metrics: tuple[Metric, ...]) -> dict[str, Any]:
    wanted = ("VoicemailAccepted", "VoicemailDelivered", "OpenRuns", "ParkedRuns", "OldestUndeliveredSeconds")
    lines = [_ours(metric) for metric in metrics if metric.name in wanted]
    shown = {"title": "Voicemails", "view": "singleValue", "metrics": lines, "period": 3600}
    return {"type": "metric", "width": 24, "height": 4, "properties": shown | {"region": "${AWS::Region}"}}


def _graph(title: str, lines: list[list[Any]], sentence: str = "") -> dict[str, Any]:
    shown: dict[str, Any] = {"title": re.sub(r"(?<=[a-z])(?=[A-Z])", " ", title), "view": "timeSeries", "period": 300}
    shown |= {"metrics": lines, "region": "${AWS::Region}"} | ({"yAxis": {"left": {"min": 0}}})
    if sentence:
        shown["title"] += f": {sentence}"
    return {"type": "metric", "width": 8, "height": 6, "properties": shown}


def _errors_in_the_log() -> dict[str, Any]:
    query = (
        "SOURCE '${LogGroupName}' | fields @timestamp, level, message, context.contactId"
        " | filter level in ['warning', 'error', 'critical'] | sort @timestamp desc | limit 50"
    )
    shown = {"title": "Warnings and errors", "view": "table", "query": query, "region": "${AWS::Region}"}
    return {"type": "log", "width": 24, "height": 6, "properties": shown}


def _placed(widgets: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """In rows of 24 columns."""
    x = y = tallest = 0
    for widget in widgets:
        if x + widget["width"] > 24:
            x, y, tallest = 0, y + tallest, 0
        yield {**widget, "x": x, "y": y}
        x, tallest = x + widget["width"], max(tallest, widget["height"])


# -------------------------------------------------------------------------------------------------------- template


def template() -> dict[str, Any]:
    """The whole template, which lambdas/template.yaml nests."""
    said = {name: {"Type": "String"} for name in ("StackLabel", "MetricsNamespace", "LogGroupName", *FUNCTIONS)}
    said |= {name: {"Type": "String"} for name in (*QUEUES, "RecordingStoredRule")}
    said |= {"AlarmTopicArn": {"Type": "String", "Default": ""}}
    said[OPTIONAL] |= {"Description": f"{ABSENT} when the stack does not read contact records"}
    resources: dict[str, Any] = {f"{watch.name}Alarm": alarm(watch) for watch in watches()}
    body = {"DashboardName": {"Ref": "StackLabel"}, "DashboardBody": {"Fn::Sub": dashboard()}}
    resources["Dashboard"] = {"Type": "AWS::CloudWatch::Dashboard", "Properties": body}
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "Alarms and dashboard of the voicemail functions",
        "Parameters": said,
        "Conditions": {
            "HasTopic": {"Fn::Not": [{"Fn::Equals": [{"Ref": "AlarmTopicArn"}, ""]}]},
            "HasContactRecords": {"Fn::Not": [{"Fn::Equals": [{"Ref": OPTIONAL}, ABSENT]}]},
        },
        "Resources": resources,
    }


# ----------------------------------------------------------------------------------------------------------- guide


def table() -> str:
    """The alarms as a table in Markdown."""
    rows = ["| alarm | rings when | what it means |", "|---|---|---|"]
    return "\n".join([*rows, *(f"| {watch.name} | {_when(watch)} | {watch.sentence} |" for watch in watches())])


def _when(watch: Watch) -> str:
    times = f" in {watch.periods} periods of" if watch.periods > 1 else " in"
    unit = {"IteratorAge": " ms", "Duration": " ms", "ApproximateAgeOfOldestMessage": " s"}.get(watch.metric, "")
    unit = " s" if watch.metric.endswith("Seconds") else unit
    sign = "<" if watch.below else "≥"
    what = f"{watch.metric} less {watch.less}" if watch.less else watch.metric
    what = f"{watch.metric} more than before" if watch.rise else what
    return f"{watch.statistic} of {what} {sign} {watch.threshold:g}{unit}{times} {watch.period_seconds // 60} min"
