"""SQS standard queues on the emulator's clock: visibility timeout, receive count, delay, dead-letter redrive.

Not moto's, because those run on the wall clock: a doorbell that rings in fifteen minutes would take fifteen minutes.
Page: "Amazon SQS visibility timeout" and "Using dead-letter queues" in the SQS developer guide.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from scv_emulator.aws.disturbances import Disturbances, fate
from scv_emulator.aws.resources import QueueSpec

BODY_LIMIT_BYTES = 1_048_576
DELAY_LIMIT_SECONDS = 900


@dataclass(kw_only=True)
class Message:
    """A message in a queue; it is hidden until `visible_at`."""

    message_id: str
    body: str
    attributes: Mapping[str, Any]
    sent_at: datetime
    visible_at: datetime
    receive_count: int = 0
    first_received_at: datetime | None = None
    receipt: str = ""
    source_arn: str = ""


@dataclass(kw_only=True)
class Queue:
    """A queue and what is in it."""

    spec: QueueSpec
    messages: list[Message] = field(default_factory=list)


class Queues:
    """Every queue; safe to use from several threads. The hop of a message that is sent is `queue:<logical id>`."""

    def __init__(
        self,
        *,
        now: Callable[[], datetime],
        disturbances: Disturbances,
        record: Callable[[str, str, str], None] = lambda _hop, _what, _outcome: None,
        new_id: Callable[[], str] = lambda: str(uuid4()),
    ) -> None:
        self._now = now
        self._disturbances = disturbances
        self._record = record
        self._new_id = new_id
        self._queues: dict[str, Queue] = {}
        self._lock = threading.RLock()

    def create(self, spec: QueueSpec) -> Queue:
        """Have a queue."""
        with self._lock:
            return self._queues.setdefault(spec.arn, Queue(spec=spec))

    def of_arn(self, arn: str) -> Queue:
        """The queue; LookupError when there is none."""
        found = self._queues.get(arn)
        if found is None:
            raise LookupError(f"there is no queue {arn}")
        return found

    def of_name(self, name: str) -> Queue:
        """The queue with this physical name or logical id; LookupError when there is none."""
        with self._lock:
            for one in self._queues.values():
                if name in (one.spec.name, one.spec.logical_id):
                    return one
        raise LookupError(f"there is no queue {name}")

    def send(
        self,
        queue: Queue,
        body: str,
        *,
        delay_seconds: float | None = None,
        attributes: Mapping[str, Any] | None = None,
    ) -> str:
        """Send a message; its id."""
        delay = queue.spec.delay_seconds if delay_seconds is None else delay_seconds
        hop, message_id = f"queue:{queue.spec.logical_id}", self._new_id()
        hits = self._disturbances.at(hop)
        for one in hits:
            self._record(hop, body, str(one.kind))
        sent = fate(hits)
        with self._lock:
            for _ in range(sent.copies):
                now = self._now()
                message = Message(
                    message_id=message_id,
                    body=body,
                    attributes=attributes or {},
                    sent_at=now,
                    visible_at=now + timedelta(seconds=delay + sent.late_seconds),
                )
                queue.messages.insert(0 if sent.is_overtaken else len(queue.messages), message)
        return message_id

    def receive(self, queue: Queue, most: int, *, visibility_seconds: float | None = None) -> list[Message]:
        """Messages that are visible, hidden from now on; those that came too often move to the dead-letter queue."""
        hidden = queue.spec.visibility_seconds if visibility_seconds is None else visibility_seconds
        received: list[Message] = []
        with self._lock:
            now = self._now()
            for message in [one for one in queue.messages if one.visible_at <= now]:
                if len(received) == most:
                    break
                if queue.spec.dead_letter_arn and message.receive_count >= queue.spec.max_receive_count:
                    self._bury(queue, message)
                    continue
                message.receive_count += 1
                message.first_received_at = message.first_received_at or now
                message.receipt = self._new_id()
                message.visible_at = now + timedelta(seconds=hidden)
                received.append(message)
        return received

    def delete(self, queue: Queue, receipt: str) -> None:
        """Take a message out; an outdated receipt changes nothing."""
        with self._lock:
            queue.messages[:] = [one for one in queue.messages if not receipt or one.receipt != receipt]

    def hide(self, queue: Queue, receipt: str, seconds: float) -> bool:
        """Change how long a received message stays hidden; False when it is not there."""
        with self._lock:
            for one in queue.messages:
                if one.receipt == receipt:
                    one.visible_at = self._now() + timedelta(seconds=seconds)
                    return True
        return False

    def next_visible(self, queue: Queue) -> datetime | None:
        """When the next message can be received; None when there is none."""
        with self._lock:
            return min((one.visible_at for one in queue.messages), default=None)

    def counts(self, queue: Queue) -> tuple[int, int, int]:
        """Visible, in flight and delayed messages."""
        with self._lock:
            now = self._now()
            later = [one for one in queue.messages if one.visible_at > now]
            delayed = sum(not one.receipt for one in later)
            return len(queue.messages) - len(later), len(later) - delayed, delayed

    def _bury(self, queue: Queue, message: Message) -> None:
        queue.messages.remove(message)
        grave = self.of_arn(queue.spec.dead_letter_arn)
        message.source_arn = queue.spec.arn
        message.receipt = ""
        message.visible_at = self._now()
        grave.messages.append(message)
        self._record(f"queue:{queue.spec.logical_id}", message.body, "moved to the dead letters")
