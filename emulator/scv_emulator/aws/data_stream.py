"""A Kinesis data stream: records in the order in which they came."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime

_FIRST_SEQUENCE_NUMBER = 49_590_338_271_490_256_608_559_692_538_361_571_095_921_575_989_136_588_898


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamRecord:
    """A record of a data stream."""

    sequence_number: str
    partition_key: str
    data: bytes
    arrived_at: datetime


class DataStream:
    """A Kinesis data stream of one shard, as far as producers and mappings are concerned."""

    def __init__(self, arn: str) -> None:
        self.arn = arn
        self.records: list[StreamRecord] = []
        self._lock = threading.Lock()

    def put(self, data: bytes, *, partition_key: str, at: datetime) -> StreamRecord:
        """Append a record."""
        with self._lock:
            made = StreamRecord(
                sequence_number=str(_FIRST_SEQUENCE_NUMBER + len(self.records)),
                partition_key=partition_key,
                data=data,
                arrived_at=at,
            )
            self.records.append(made)
        return made
