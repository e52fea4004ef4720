"""Every metric with its sentence and its alarm: what the handlers write, and what alarms and dashboard are made of.

A line in the embedded metric format costs no request: CloudWatch reads the numbers out of the log.
Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal

NAMESPACE = "ScvVoicemail"
"""Where the metrics are kept, unless a deployment has a namespace of its own."""

MAX_VALUES = 100
"""How many values one metric may have in one line."""

ACCOUNTED_AFTER = timedelta(minutes=75)
"""How long after the beep a message must be accounted for: longest message, Connect's storing, two looks through.

Both halves of the count are dated so much later than the beep, so that they meet in the same minute whatever came
between, and an alarm sees that minute only when the time is over. CloudWatch takes what is up to two hours ahead:
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """Rings when the metric is at or above `threshold` in `periods` periods of `period_seconds` in a row.

    With `below`, when it is below it, or when nothing is heard of it. With `less`, the metric minus that other one is
    looked at; with `rise`, how much more it is than in the period before, so that it rings again for each.
    """

    threshold: float
    period_seconds: int
    periods: int = 1
    below: bool = False
    less: str = ""
    rise: bool = False
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One metric: `unit` and `statistic` are CloudWatch's words."""

    name: str
    unit: Literal["Count", "Seconds"]
    statistic: str
    sentence: str
    alarm: Alarm | None = None


class Name(StrEnum):
    """The names of the metrics, in the order of a voicemail's way."""

    FLOW_CALL_MARK_FAILED = "FlowCallMarkFailed"
    MESSAGES_EXPECTED = "MessagesExpected"
    MESSAGES_ACCOUNTED_FOR = "MessagesAccountedFor"
    CONTACT_IGNORED = "ContactIgnored"
    CONTACT_LEFT_OUT = "ContactLeftOut"
    VOICEMAIL_ACCEPTED = "VoicemailAccepted"
    TARGET_UNKNOWN = "TargetUnknown"
    VOICEMAIL_SUPPRESSED = "VoicemailSuppressed"
    VOICEMAIL_GIVEN_UP = "VoicemailGivenUp"
    STORED_TO_ACCEPTED_SECONDS = "StoredToAcceptedSeconds"
    RECORDING_RECOVERED = "RecordingRecovered"
    RECORDINGS_LOOKED_THROUGH = "RecordingsLookedThrough"
    RECORDINGS_FOLDER_EMPTY = "RecordingsFolderEmpty"
    RECORD_FAILED = "RecordFailed"
    RECORD_SET_ASIDE = "RecordSetAside"
    DOORBELLS_RUNG = "DoorbellsRung"
    DOORBELL_UNKNOWN = "DoorbellUnknown"
    VOICEMAIL_DELIVERED = "VoicemailDelivered"
    DELIVERY_SECONDS = "DeliverySeconds"
    TRANSCRIPTS_MISSING = "TranscriptsMissing"
    VOICEMAIL_PARKED = "VoicemailParked"
    PARKED_RUNS = "ParkedRuns"
    OPEN_RUNS = "OpenRuns"
    OPEN_GATES = "OpenGates"
    OLDEST_UNDELIVERED_SECONDS = "OldestUndeliveredSeconds"


METRICS: tuple[Metric, ...] = (
    Metric(
        name=Name.FLOW_CALL_MARK_FAILED,
        unit="Count",
        statistic="Sum",
        sentence="Calls that could not be marked as voicemail before the beep; the delivery marks them.",
        alarm=Alarm(
            threshold=3,
            period_seconds=300,
            sentence="Salesforce refuses or does not answer while callers are on the line.",
        ),
    ),
    Metric(
        name=Name.MESSAGES_EXPECTED,
        unit="Count",
        statistic="Sum",
        sentence="Callers who were sent to the beep, dated 75 minutes later: by then their message must be there.",
        alarm=Alarm(
            threshold=1,
            period_seconds=3600,
            less=Name.MESSAGES_ACCOUNTED_FOR,
            sentence="A caller has heard the beep, and nothing was taken in: compare ConnectRecordingsBucketName and "
            "ConnectRecordingsPrefix with the instance's call recordings, and ContactRecordStreamArn with its "
            "streaming; `scv-voicemail doctor` does both.",
        ),
    ),
    Metric(
        name=Name.MESSAGES_ACCOUNTED_FOR,
        unit="Count",
        statistic="Sum",
        sentence="What became of them: taken in, given up, nothing said. Dated like MessagesExpected.",
    ),
    Metric(
        name=Name.CONTACT_IGNORED,
        unit="Count",
        statistic="Sum",
        sentence="Recordings and contact records that are no voicemail.",
    ),
    Metric(
        name=Name.CONTACT_LEFT_OUT,
        unit="Count",
        statistic="Sum",
        sentence="Voicemails of contacts that began before IgnoreContactsBefore, each time that one is met.",
    ),
    Metric(
        name=Name.VOICEMAIL_ACCEPTED,
        unit="Count",
        statistic="Sum",
        sentence="New voicemails that are safe in the journal.",
    ),
    Metric(
        name=Name.TARGET_UNKNOWN,
        unit="Count",
        statistic="Sum",
        sentence="Voicemails that name a target nobody knows; they went to the others, or to the default ones.",
    ),
    Metric(
        name=Name.VOICEMAIL_SUPPRESSED,
        unit="Count",
        statistic="Sum",
        sentence="Messages in which nothing was said: kept, and nobody is bothered with them.",
    ),
    Metric(
        name=Name.VOICEMAIL_GIVEN_UP,
        unit="Count",
        statistic="Sum",
        sentence="Callers who began a voicemail and went back to the queue, or to a rep.",
    ),
    Metric(
        name=Name.STORED_TO_ACCEPTED_SECONDS,
        unit="Seconds",
        statistic="p95",
        sentence="From the recording in S3 to the voicemail in the journal.",
    ),
    Metric(
        name=Name.RECORDING_RECOVERED,
        unit="Count",
        statistic="Sum",
        sentence="Voicemails that no event had told of: found by looking through the recordings.",
        alarm=Alarm(
            threshold=1,
            period_seconds=900,
            sentence="Events of the recordings bucket do not arrive: voicemails come up to an hour late.",
        ),
    ),
    Metric(
        name=Name.RECORDINGS_LOOKED_THROUGH,
        unit="Count",
        statistic="Sum",
        sentence="Looks through the recordings that came to their end, one every quarter of an hour.",
        alarm=Alarm(
            threshold=1,
            period_seconds=3600,
            below=True,
            sentence="Nobody looks for recordings that no event has told of: see SweepFunction's log and duration. "
            'Afterwards invoke it with {"reconcile": true, "hours": 24}.',
        ),
    ),
    Metric(
        name=Name.RECORDINGS_FOLDER_EMPTY,
        unit="Count",
        statistic="Sum",
        sentence="Looks through Connect's recordings that found none at all, ever: normal before the first voicemail "
        "and where flows only stream, else the bucket or prefix is wrong.",
    ),
    Metric(
        name=Name.RECORD_FAILED,
        unit="Count",
        statistic="Sum",
        sentence="Messages and stream records that failed; each comes again, less and less often.",
        alarm=Alarm(
            threshold=1,
            period_seconds=900,
            periods=2,
            sentence="Something has been failing for half an hour: the function's log names the reason. Nothing is "
            "lost for two days.",
        ),
    ),
    Metric(
        name=Name.RECORD_SET_ASIDE,
        unit="Count",
        statistic="Sum",
        sentence="Messages and contact records that can never be taken: put among the dead letters, with the reason.",
        alarm=Alarm(
            threshold=1,
            period_seconds=300,
            sentence="One more was put among the dead letters: `scv-voicemail dead-letters` shows it, with its reason.",
        ),
    ),
    Metric(
        name=Name.DOORBELLS_RUNG,
        unit="Count",
        statistic="Sum",
        sentence="Messages that told a worker of a voicemail to deliver.",
    ),
    Metric(
        name=Name.DOORBELL_UNKNOWN,
        unit="Count",
        statistic="Sum",
        sentence="Doorbells for a voicemail that the journal does not know.",
        alarm=Alarm(
            threshold=1,
            period_seconds=300,
            sentence="Queue and journal do not belong together, or the journal has lost something.",
        ),
    ),
    Metric(
        name=Name.VOICEMAIL_DELIVERED,
        unit="Count",
        statistic="Sum",
        sentence="Voicemails that came in front of a rep, once for each delivery target.",
    ),
    Metric(
        name=Name.DELIVERY_SECONDS,
        unit="Seconds",
        statistic="p95",
        sentence="From the journal to the rep.",
        alarm=Alarm(
            threshold=600,
            period_seconds=900,
            periods=2,
            sentence="Voicemails reach reps late: Salesforce is slow, or the transcript holds them back.",
        ),
    ),
    Metric(
        name=Name.TRANSCRIPTS_MISSING,
        unit="Count",
        statistic="Sum",
        sentence="Voicemails that were delivered before there was a transcript, or without any.",
    ),
    Metric(
        name=Name.VOICEMAIL_PARKED,
        unit="Count",
        statistic="Sum",
        sentence="Deliveries that have just come to a stop and need a human.",
    ),
    Metric(
        name=Name.PARKED_RUNS,
        unit="Count",
        statistic="Maximum",
        sentence="Deliveries that need a human now.",
        alarm=Alarm(
            threshold=1,
            period_seconds=300,
            sentence="`scv-voicemail status --state parked` names them and what to do; then `scv-voicemail retry ID`.",
        ),
    ),
    Metric(
        name=Name.OPEN_RUNS,
        unit="Count",
        statistic="Maximum",
        sentence="Deliveries that are under way or wait to be tried again.",
    ),
    Metric(
        name=Name.OPEN_GATES,
        unit="Count",
        statistic="Maximum",
        sentence="Delivery targets that do not answer and are only probed.",
        alarm=Alarm(
            threshold=1,
            period_seconds=300,
            periods=3,
            sentence="Salesforce has not taken anything for a quarter of an hour.",
        ),
    ),
    Metric(
        name=Name.OLDEST_UNDELIVERED_SECONDS,
        unit="Seconds",
        statistic="Maximum",
        sentence="Age of the oldest voicemail that is on its way to a rep; parked ones are counted by themselves.",
        alarm=Alarm(
            threshold=900,
            period_seconds=300,
            sentence="A caller has been waiting for a quarter of an hour without any rep knowing.",
        ),
    ),
)
"""Every metric. Alarms, dashboard and documentation are made of this table, so they cannot tell different stories."""

_UNITS: Mapping[str, str] = {metric.name: metric.unit for metric in METRICS}


def to_stdout(line: str) -> None:
    """Where Lambda takes log lines from."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


class Metrics:
    """What one invocation has counted, written as one line by `flush`.

    metrics = Metrics(function="DeliverFunction")
    metrics.add(Name.VOICEMAIL_DELIVERED)
    metrics.flush()

    The metrics have no dimensions: a number is added up over all functions, and each metric is paid for once.
    """

    def __init__(
        self,
        *,
        function: str = "",
        namespace: str = NAMESPACE,
        write: Callable[[str], None] = to_stdout,
        unix_seconds: Callable[[], float] = time.time,
    ) -> None:
        self.values: dict[str, list[float]] = {}
        self.dated: dict[int, dict[str, float]] = {}
        self._function = function
        self._namespace = namespace
        self._write = write
        self._unix_seconds = unix_seconds

    def add(self, name: Name, value: float = 1) -> None:
        """Count one more, or note a measured value."""
        kept = self.values.setdefault(name, [])
        if kept and _UNITS[name] == "Count":
            kept[0] += value
        elif len(kept) < MAX_VALUES:
            kept.append(value)

    def add_at(self, name: Name, at: datetime) -> None:
        """Count one more at another time than now."""
        counts = self.dated.setdefault(round(at.timestamp() * 1000), {})
        counts[name] = counts.get(name, 0) + 1

    def expect(self, beep_at: datetime) -> None:
        """A caller was sent to the beep at this time."""
        self.add_at(Name.MESSAGES_EXPECTED, beep_at + ACCOUNTED_AFTER)

    def account_for(self, beep_at: datetime | None) -> None:
        """It is known what became of the message that began at this beep; without a beep nobody expected it."""
        if beep_at is not None:
            self.add_at(Name.MESSAGES_ACCOUNTED_FOR, beep_at + ACCOUNTED_AFTER)

    def flush(self) -> None:
        """Write a line for each time at which something was counted, and begin anew."""
        if self.values:
            now = {name: kept[0] if len(kept) == 1 else kept for name, kept in self.values.items()}
            self._tell(round(self._unix_seconds() * 1000), now)
        for at, counts in sorted(self.dated.items()):
            self._tell(at, counts)
        self.values, self.dated = {}, {}

    def _tell(self, unix_ms: int, values: Mapping[str, float | list[float]]) -> None:
        told = [{"Name": name, "Unit": _UNITS[name]} for name in values]
        header = {
            "Timestamp": unix_ms,
            "CloudWatchMetrics": [{"Namespace": self._namespace, "Dimensions": [[]], "Metrics": told}],
        }
        self._write(json.dumps({"_aws": header, "Function": self._function, **values}, sort_keys=True))
