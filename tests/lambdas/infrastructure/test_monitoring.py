"""Alarms, dashboard and guide come from one table, and nothing is generated that is out of date."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from scv_voicemail_lambdas.metrics import METRICS, Alarm, Metric

from scripts import lambda_templates, monitoring_template
from tests.lambdas.infrastructure.stack import REPOSITORY, Stack, load

MONITORING = load("monitoring.yaml")
ALARMS = {name: one for name, one in MONITORING["Resources"].items() if one["Type"] == "AWS::CloudWatch::Alarm"}


def looked_at(alarm: dict[str, Any]) -> dict[str, Any]:
    """What an alarm looks at; of one that reckons with several metrics, the first."""
    properties: dict[str, Any] = alarm["Properties"]
    stats = [one["MetricStat"] for one in properties.get("Metrics", ()) if "MetricStat" in one]
    return properties | (stats[0]["Metric"] | {"Statistic": stats[0]["Stat"]} if stats else {})


def test_generated_files_are_up_to_date() -> None:
    """After a change of metrics, flows or parameters: scripts/make-lambda-templates."""
    assert lambda_templates.stale() == []


def test_every_metric_with_an_alarm_has_it_in_the_template() -> None:
    """With the threshold of the table."""
    for metric in METRICS:
        if metric.alarm is not None:
            made = looked_at(ALARMS[f"{metric.name}Alarm"])

            assert made["MetricName"] == metric.name
            assert made["Threshold"] == metric.alarm.threshold
            assert made["Namespace"] == {"Ref": "MetricsNamespace"}
            assert made["AlarmDescription"] == metric.alarm.sentence


def test_the_functions_write_where_the_alarms_look() -> None:
    """The namespace is the stack's own, so that two deployments do not add up."""
    stack = Stack()
    nested = stack.resources("AWS::CloudFormation::Stack")["Monitoring"]["Parameters"]

    assert {function["Environment"]["SCV_VOICEMAIL_METRICS_NAMESPACE"] for function in stack.functions().values()} == {
        nested["MetricsNamespace"]
    }


def test_a_new_metric_becomes_an_alarm_and_a_graph() -> None:
    """Without a word in any template."""
    new = Metric(
        name="Surprises",
        unit="Count",
        statistic="p95",
        sentence="Things nobody thought of.",
        alarm=Alarm(threshold=2, period_seconds=60, periods=3, sentence="Think again."),
    )

    (watch,) = monitoring_template.of_ours((new,))
    made = monitoring_template.alarm(watch)["Properties"]
    shown = monitoring_template.dashboard((new,))

    assert (made["ExtendedStatistic"], made["EvaluationPeriods"], made["Period"]) == ("p95", 3, 60)
    assert "Statistic" not in made
    assert "Surprises" in shown


def test_only_the_watchman_is_alarmed_by_silence() -> None:
    """No calls at night are no alarm; no sweep is one, because the others are blind without it.

    And its look through the recordings, which comes too seldom for an alarm that counts errors.
    """
    by_silence = {name for name, one in ALARMS.items() if one["Properties"]["TreatMissingData"] == "breaching"}

    assert by_silence == {"SweepSilentAlarm", "RecordingsLookedThroughAlarm"}


def test_whatever_the_service_can_lose_is_watched() -> None:
    """Dead letters, ages, errors of each function, and the calls that callers wait for."""
    alarms = [looked_at(one) for one in ALARMS.values()]
    watched = {(str(one["Namespace"]), one["MetricName"]) for one in alarms}
    errors = {one["Dimensions"][0]["Value"]["Ref"] for one in alarms if one["MetricName"] == "Errors"}

    assert errors == set(Stack().functions())
    assert {
        ("AWS/SQS", "ApproximateNumberOfMessagesVisible"),
        ("AWS/SQS", "ApproximateAgeOfOldestMessage"),
        ("AWS/Lambda", "IteratorAge"),
        ("AWS/Lambda", "Duration"),
        ("AWS/Lambda", "Throttles"),
        ("AWS/Events", "FailedInvocations"),
    } <= watched


def test_a_doorbell_that_waits_on_purpose_is_no_alarm() -> None:
    """SQS counts the age of a delayed message from when it was sent, and delays a quarter of an hour at most."""
    waits = ALARMS["DoorbellsWaitLongAlarm"]["Properties"]["Threshold"]

    assert waits > 900 + Stack().resources("AWS::SQS::Queue")["DoorbellQueue"]["VisibilityTimeout"]


@pytest.mark.parametrize("topic", ["", "arn:aws:sns:eu-central-1:123456789012:alarms"])
def test_alarms_call_whom_they_are_told_to(topic: str) -> None:
    """When they begin and when they end; without a topic they only show."""
    alarms = Stack("monitoring.yaml", AlarmTopicArn=topic).resources("AWS::CloudWatch::Alarm")

    assert len(alarms) == len(ALARMS)
    for one in alarms.values():
        assert one.get("AlarmActions") == one.get("OKActions") == ([topic] if topic else None)


def test_without_contact_records_nobody_watches_them() -> None:
    """Their function is not there."""
    alarms = Stack("monitoring.yaml", ContactRecordFunction="none").resources("AWS::CloudWatch::Alarm")

    assert set(ALARMS) - set(alarms) == {"ContactRecordErrorsAlarm", "ContactRecordsWaitLongAlarm"}


def test_the_dashboard_is_one_that_cloudwatch_takes() -> None:
    """JSON once its names are filled in, 500 widgets at most, none upon another, each metric with its statistic."""
    body = MONITORING["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]

    widgets = json.loads(re.sub(r"\$\{[^}]+\}", "name", body))["widgets"]

    taken: set[tuple[int, int]] = set()
    for widget in widgets:
        cells = {
            (widget["x"] + dx, widget["y"] + dy) for dx in range(widget["width"]) for dy in range(widget["height"])
        }
        assert not cells & taken
        assert max(x for x, _ in cells) < 24
        taken |= cells
    assert len(widgets) <= 500
    shown = [line for widget in widgets if widget["type"] == "metric" for line in widget["properties"]["metrics"]]
    assert {metric.name for metric in METRICS} <= {line[1] for line in shown}
    assert all("stat" in line[-1] for line in shown)
    assert set(re.findall(r"\$\{([^}]+)\}", body)) <= MONITORING["Parameters"].keys() | {"AWS::Region"}


def test_the_guide_says_what_each_alarm_means() -> None:
    """The table in docs/amazon-connect.md is that of the alarms."""
    guide = (REPOSITORY / "docs" / "amazon-connect.md").read_text(encoding="utf-8")

    assert all(f"| {watch.name} | " in guide for watch in monitoring_template.watches())
    assert len(monitoring_template.watches()) == len(ALARMS)


@pytest.mark.parametrize("text", ["no marks", "<!-- alarms: made by scripts/make-lambda-templates --> and no end"])
def test_a_guide_that_lost_its_marks_is_told(text: str) -> None:
    """Otherwise a table would be old for ever."""
    with pytest.raises(ValueError, match="has lost the lines"):
        lambda_templates.with_section(text, "alarms", "table")


def test_generated_templates_use_no_aliases() -> None:
    """CloudFormation refuses them, and PyYAML writes one wherever a value is used twice."""
    shared = {"Ref": "A"}

    written = lambda_templates.as_yaml({"one": shared, "two": shared}, source="nothing")

    assert "&" not in written
    assert "*" not in written


def test_every_flow_is_in_the_template_of_flows() -> None:
    """A file that nobody installs would be documentation only."""
    flows = {path.stem for path in (REPOSITORY / "lambdas" / "contact_flows").glob("*.json")}
    installed = load("contact_flows.yaml")["Resources"].values()

    assert len([one for one in installed if one["Type"].startswith("AWS::Connect::ContactFlow")]) == len(flows)
