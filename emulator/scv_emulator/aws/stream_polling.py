"""Kinesis event source mappings: batches in order, filters, partial failures, bisecting, retries, failure destination.

Page: "Using Lambda with Kinesis" in the Lambda developer guide.
"""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from scv_emulator.aws.data_stream import DataStream, StreamRecord
from scv_emulator.aws.disturbances import DisturbanceKind, Disturbances
from scv_emulator.aws.event_patterns import matches
from scv_emulator.aws.invocations import Invoker
from scv_emulator.aws.queue_polling import failed_items
from scv_emulator.aws.queues import Queues
from scv_emulator.aws.resources import StreamMapping
from scv_emulator.aws.template import REGION
from scv_emulator.connect.ports import FunctionFailed

_SHARD = "shardId-000000000000"
_LONGEST_WAIT_SECONDS = 60.0


@dataclass(kw_only=True)
class _Batch:
    records: list[StreamRecord]
    failures: int = 0


@dataclass(kw_only=True)
class _Lane:
    """Records of some partition keys; one batch at a time, in order."""

    position: int = 0
    work: list[_Batch] = field(default_factory=list)
    not_before: datetime | None = None
    busy: bool = False


class StreamPoller:
    """One mapping. The hop is `stream:<logical id of the function>`; only duplicates can happen there."""

    def __init__(
        self,
        mapping: StreamMapping,
        stream: DataStream,
        *,
        queues: Queues,
        invoker: Invoker,
        disturbances: Disturbances,
        record: Callable[[str, str, str], None],
        now: Callable[[], datetime],
    ) -> None:
        self._mapping = mapping
        self._stream = stream
        self._queues = queues
        self._invoker = invoker
        self._disturbances = disturbances
        self._record = record
        self._now = now
        self._lanes = [_Lane() for _ in range(mapping.lanes)]
        self._lock = threading.Lock()
        self._hop = f"stream:{mapping.function}"
        function = invoker.find(mapping.function)
        assert function is not None
        self._function = function

    def poll(self) -> bool:
        """Carry out one batch of one lane; False when there was nothing that may run now."""
        for number, lane in enumerate(self._lanes):
            with self._lock:
                if lane.busy or (lane.not_before is not None and lane.not_before > self._now()):
                    continue
                self._fill(number, lane)
                if not lane.work:
                    continue
                lane.busy = True
            try:
                self._run(lane)
            finally:
                lane.busy = False
            return True
        return False

    def next_due(self) -> datetime | None:
        """When there is something to do; None when everything is done."""
        with self._lock:
            moments = []
            for number, lane in enumerate(self._lanes):
                self._fill(number, lane)
                if lane.work:
                    moments.append(lane.not_before or self._now())
        return min(moments, default=None)

    def _fill(self, number: int, lane: _Lane) -> None:
        """Take the next batch from the stream, without what the filters do not want."""
        if lane.work:
            return
        taken: list[StreamRecord] = []
        while lane.position < len(self._stream.records) and len(taken) < self._mapping.batch_size:
            one = self._stream.records[lane.position]
            lane.position += 1
            if self._lane_of(one) == number and self._passes(one):
                taken.append(one)
        if taken:
            lane.work.append(_Batch(records=taken))

    def _lane_of(self, one: StreamRecord) -> int:
        return hashlib.sha256(one.partition_key.encode()).digest()[0] % len(self._lanes)

    def _run(self, lane: _Lane) -> None:
        batch = lane.work.pop(0)
        lane.not_before = None
        if self._is_too_old(batch):
            self._discard(batch, "RecordAgeExceeded")
            return
        duplicates = sum(one.kind is DisturbanceKind.DUPLICATE for one in self._disturbances.at(self._hop))
        first_failed: str | None = None
        for _ in range(1 + duplicates):
            first_failed = self._invoke(batch)
        if first_failed is None:
            return
        done = next(number for number, one in enumerate(batch.records) if one.sequence_number == first_failed)
        rest = _Batch(records=batch.records[done:], failures=batch.failures)
        if done and self._mapping.bisects:
            lane.work.insert(0, rest)
            return
        if self._mapping.bisects and len(rest.records) > 1:
            middle = len(rest.records) // 2
            halves = [rest.records[:middle], rest.records[middle:]]
            lane.work[:0] = [_Batch(records=one, failures=rest.failures) for one in halves]
            return
        rest.failures += 1
        if self._mapping.max_retries is not None and rest.failures > self._mapping.max_retries:
            self._discard(rest, "RetryAttemptsExhausted")
            return
        lane.work.insert(0, rest)
        wait = min(_LONGEST_WAIT_SECONDS, float(2 ** (rest.failures - 1)))
        lane.not_before = self._now() + timedelta(seconds=wait)

    def _invoke(self, batch: _Batch) -> str | None:
        """The first sequence number that failed, or None."""
        whole = batch.records[0].sequence_number
        event = {"Records": [self._lambda_record(one) for one in batch.records]}
        try:
            answer = self._invoker.invoke(self._function, event, what=_told(batch.records))
        except FunctionFailed:
            return whole
        if not self._mapping.reports_failures:
            return None
        failed = failed_items(answer)
        known = [one.sequence_number for one in batch.records]
        if failed is None or not set(known).issuperset(failed):
            return whole
        return min(failed, key=known.index, default=None)

    def _is_too_old(self, batch: _Batch) -> bool:
        limit = self._mapping.max_age_seconds
        return limit is not None and (self._now() - batch.records[0].arrived_at).total_seconds() > limit

    def _discard(self, batch: _Batch, condition: str) -> None:
        self._record(self._hop, _told(batch.records), f"discarded: {condition}")
        if not self._mapping.on_failure_arn:
            return
        first, last = batch.records[0], batch.records[-1]
        body = {
            "requestContext": {
                "functionArn": self._function.arn,
                "condition": condition,
                "approximateInvokeCount": batch.failures,
            },
            "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
            "version": "1.0",
            "timestamp": _iso(self._now()),
            "KinesisBatchInfo": {
                "shardId": _SHARD,
                "startSequenceNumber": first.sequence_number,
                "endSequenceNumber": last.sequence_number,
                "approximateArrivalOfFirstRecord": _iso(first.arrived_at),
                "approximateArrivalOfLastRecord": _iso(last.arrived_at),
                "batchSize": len(batch.records),
                "streamArn": self._stream.arn,
            },
        }
        self._queues.send(self._queues.of_arn(self._mapping.on_failure_arn), json.dumps(body))

    def _passes(self, one: StreamRecord) -> bool:
        if not self._mapping.filters:
            return True
        try:
            data: Any = json.loads(one.data)
        except ValueError:
            return False  # a filter on data drops what is no JSON
        record = {"data": data, "partitionKey": one.partition_key}
        return any(matches(pattern, record) for pattern in self._mapping.filters)

    def _lambda_record(self, one: StreamRecord) -> dict[str, Any]:
        return {
            "kinesis": {
                "kinesisSchemaVersion": "1.0",
                "partitionKey": one.partition_key,
                "sequenceNumber": one.sequence_number,
                "data": base64.b64encode(one.data).decode(),
                "approximateArrivalTimestamp": one.arrived_at.timestamp(),
            },
            "eventSource": "aws:kinesis",
            "eventVersion": "1.0",
            "eventID": f"{_SHARD}:{one.sequence_number}",
            "eventName": "aws:kinesis:record",
            "awsRegion": REGION,
            "eventSourceARN": self._stream.arn,
        }


def _iso(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1_000:03d}Z"


def _told(records: Sequence[object]) -> str:
    """A batch, for people."""
    return "1 record" if len(records) == 1 else f"{len(records)} records"
