"""SQS event source mappings: messages become invocations; what failed comes again when its visibility timeout is over.

Page: "Using Lambda with Amazon SQS" in the Lambda developer guide.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from scv_emulator.aws.event_patterns import matches
from scv_emulator.aws.invocations import Invoker
from scv_emulator.aws.queue_routes import lambda_record
from scv_emulator.aws.queues import Message, Queues
from scv_emulator.aws.resources import QueueMapping
from scv_emulator.connect.ports import FunctionFailed


class QueuePoller:
    """One mapping."""

    def __init__(self, mapping: QueueMapping, *, queues: Queues, invoker: Invoker) -> None:
        self._mapping = mapping
        self._queues = queues
        self._queue = queues.of_arn(mapping.source_arn)
        self._invoker = invoker
        function = invoker.find(mapping.function)
        assert function is not None
        self._function = function

    def poll(self) -> bool:
        """Carry out one batch; False when nothing was visible."""
        messages = self._queues.receive(self._queue, self._mapping.batch_size)
        if not messages:
            return False
        wanted = [one for one in messages if self._passes(one)]
        for one in messages:
            if one not in wanted:
                self._queues.delete(self._queue, one.receipt)
        if wanted:
            self._run(wanted)
        return True

    def next_due(self) -> datetime | None:
        """When there is something to poll for."""
        return self._queues.next_visible(self._queue)

    def _run(self, messages: list[Message]) -> None:
        event = {"Records": [lambda_record(one, self._queue) for one in messages]}
        try:
            answer = self._invoker.invoke(self._function, event, what=self._queue.spec.logical_id)
        except FunctionFailed:
            return
        failed = failed_items(answer) if self._mapping.reports_failures else []
        ids = {one.message_id for one in messages}
        if failed is None or not ids.issuperset(failed):  # an answer that cannot be read counts as a failed batch
            return
        for one in messages:
            if one.message_id not in failed:
                self._queues.delete(self._queue, one.receipt)

    def _passes(self, message: Message) -> bool:
        if not self._mapping.filters:
            return True
        try:
            body: Any = json.loads(message.body)
        except ValueError:
            body = message.body
        record = {"body": body, "messageAttributes": dict(message.attributes)}
        return any(matches(one, record) for one in self._mapping.filters)


def failed_items(answer: Any) -> list[str] | None:
    """The identifiers of a partial batch response; None when the answer is one that Lambda treats as a failed batch."""
    if answer is None or answer == {}:
        return []
    if not isinstance(answer, Mapping):
        return None
    failures = answer.get("batchItemFailures") or []
    if not isinstance(failures, list) or not all(isinstance(one, Mapping) for one in failures):
        return None
    items = [one.get("itemIdentifier") for one in failures]
    texts = [one for one in items if isinstance(one, str) and one]
    return texts if len(texts) == len(items) else None
