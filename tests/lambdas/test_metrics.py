"""The metric table, and the lines that CloudWatch reads numbers out of."""

from __future__ import annotations

import json

import pytest
from scv_voicemail_lambdas.metrics import MAX_VALUES, METRICS, Metrics, Name

STATISTICS = {"Sum", "Maximum", "p95"}


def a_line(metrics: Metrics, lines: list[str]) -> dict[str, object]:
    metrics.flush()
    (line,) = lines
    document = json.loads(line)
    assert isinstance(document, dict)
    return document


def test_every_name_is_in_the_table_once() -> None:
    """What the code may count is what alarms and dashboard are made of."""
    assert sorted(metric.name for metric in METRICS) == sorted(Name)


@pytest.mark.parametrize("metric", METRICS, ids=lambda one: one.name)
def test_a_metric_can_be_read_by_people_and_by_cloudwatch(metric: object) -> None:
    """Sentences end, statistics exist, alarms have whole minutes and at most a day."""
    assert metric.sentence.endswith(".")
    assert metric.statistic in STATISTICS
    if metric.alarm is not None:
        assert metric.alarm.sentence.endswith(".")
        assert metric.alarm.period_seconds % 60 == 0
        assert metric.alarm.period_seconds * metric.alarm.periods <= 86_400
        assert metric.alarm.threshold > 0


def test_one_line_holds_everything_that_an_invocation_counted() -> None:
    """In the embedded metric format: a header that names each value, and the values beside it."""
    lines: list[str] = []
    metrics = Metrics(function="DeliverFunction", write=lines.append, unix_seconds=lambda: 1_800_000_000.5)
    metrics.add(Name.VOICEMAIL_DELIVERED)
    metrics.add(Name.VOICEMAIL_DELIVERED)
    metrics.add(Name.DELIVERY_SECONDS, 3.5)
    metrics.add(Name.DELIVERY_SECONDS, 4.25)

    document = a_line(metrics, lines)

    assert document == {
        "_aws": {
            "Timestamp": 1_800_000_000_500,
            "CloudWatchMetrics": [
                {
                    "Namespace": "ScvVoicemail",
                    "Dimensions": [[]],
                    "Metrics": [
                        {"Name": "VoicemailDelivered", "Unit": "Count"},
                        {"Name": "DeliverySeconds", "Unit": "Seconds"},
                    ],
                }
            ],
        },
        "Function": "DeliverFunction",
        "VoicemailDelivered": 2,
        "DeliverySeconds": [3.5, 4.25],
    }


def test_a_line_is_not_larger_than_cloudwatch_takes() -> None:
    """A metric has at most a hundred values in a line; a count is one number however often it is added to."""
    lines: list[str] = []
    metrics = Metrics(write=lines.append)
    for _ in range(MAX_VALUES + 50):
        metrics.add(Name.DELIVERY_SECONDS, 1.0)
        metrics.add(Name.DOORBELLS_RUNG)

    document = a_line(metrics, lines)

    assert len(document["DeliverySeconds"]) == MAX_VALUES  # type: ignore[arg-type]
    assert document["DoorbellsRung"] == MAX_VALUES + 50


def test_nothing_counted_is_no_line() -> None:
    """And what was written once is not written again."""
    lines: list[str] = []
    metrics = Metrics(write=lines.append)
    metrics.flush()
    metrics.add(Name.OPEN_RUNS, 0)
    metrics.flush()
    metrics.flush()

    assert len(lines) == 1
    assert json.loads(lines[0])["OpenRuns"] == 0
