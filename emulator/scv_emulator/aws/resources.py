"""What of a SAM template is run here: functions, queues, rules, mappings, tables and buckets, all values worked out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """A Lambda function. `retry_attempts` and the two destinations are for asynchronous invocations."""

    logical_id: str
    name: str
    arn: str
    handler: str
    timeout_seconds: float = 3.0
    memory_mb: int = 128
    environment: Mapping[str, str] = field(default_factory=dict)
    retry_attempts: int = 2
    on_failure_arn: str = ""
    dead_letter_arn: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueSpec:
    """An SQS queue."""

    logical_id: str
    name: str
    arn: str
    visibility_seconds: float = 30.0
    delay_seconds: float = 0.0
    dead_letter_arn: str = ""
    max_receive_count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where a rule sends to; `input` replaces the event."""

    arn: str
    input: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """An EventBridge rule: on a pattern, or on a schedule expression."""

    name: str
    targets: tuple[Target, ...]
    pattern: Mapping[str, Any] | None = None
    schedule: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventSourceMapping:
    """What every event source mapping has."""

    name: str
    function: str
    source_arn: str
    batch_size: int
    reports_failures: bool = False
    filters: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueMapping(EventSourceMapping):
    """SQS → function."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamMapping(EventSourceMapping):
    """Kinesis → function. `max_retries` None repeats for ever; so does `max_age_seconds` None."""

    bisects: bool = False
    max_retries: int | None = None
    max_age_seconds: float | None = None
    on_failure_arn: str = ""
    lanes: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """A template, ready to be run."""

    name: str
    functions: Mapping[str, Function]
    queues: Mapping[str, QueueSpec]
    rules: tuple[Rule, ...]
    queue_mappings: tuple[QueueMapping, ...]
    stream_mappings: tuple[StreamMapping, ...]
    tables: tuple[Mapping[str, Any], ...]
    buckets: Mapping[str, str]
    outputs: Mapping[str, str]
