"""The AWS account in which the stack is deployed: its stores and services, wired to each other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from scv_emulator.aws.bucket_notifications import BucketNotifications
from scv_emulator.aws.data_stream import DataStream
from scv_emulator.aws.disturbances import Disturbance, Disturbances
from scv_emulator.aws.event_bus import EventBus
from scv_emulator.aws.front_door import FrontDoor
from scv_emulator.aws.functions import Functions
from scv_emulator.aws.invocations import Invoker
from scv_emulator.aws.lambda_routes import lambda_service
from scv_emulator.aws.object_events import ObjectEvents
from scv_emulator.aws.pump import Poller, Pump
from scv_emulator.aws.queue_polling import QueuePoller
from scv_emulator.aws.queue_routes import SqsService
from scv_emulator.aws.queues import Queues
from scv_emulator.aws.resources import Function, Stack
from scv_emulator.aws.storage import Storage
from scv_emulator.aws.stream_polling import StreamPoller
from scv_emulator.aws.template import ACCOUNT_ID, REGION
from scv_emulator.aws.transcribe import TranscriptionJobs
from scv_emulator.aws.transcribe_routes import TranscribeService
from scv_emulator.aws.transit import Transit
from scv_emulator.clock import Clock
from scv_emulator.connect.contacts import Contacts
from scv_emulator.connect.ports import FunctionFailed, SimulatedContact
from scv_emulator.connect.routes import connect_service
from scv_emulator.connect.video_routes import video_service
from scv_emulator.connect.video_streams import VideoStreams
from scv_emulator.connect.world import LocalConnect

_DISPLACED_SECONDS = 0.5


class Account:
    """Everything that answers and everything that is under way; also what Amazon Connect uses of AWS."""

    def __init__(
        self,
        stack: Stack,
        *,
        url: str,
        door: FrontDoor,
        functions: Functions,
        clock: Clock,
        random_seed: int,
        instance_arn: str,
        recordings_bucket: str,
        connect_alias: str,
        connect_notifies: bool,
    ) -> None:
        self.stack = stack
        self.door = door
        self.clock = clock
        self._functions = functions
        self.disturbances = Disturbances(seed=random_seed)
        self.transit = Transit(now=clock.now, disturbances=self.disturbances)
        self.queues = Queues(now=clock.now, disturbances=self.disturbances, record=self.transit.record)
        for queue in stack.queues.values():
            self.queues.create(queue)
        self.storage = Storage(door, url=url)
        notifications = BucketNotifications(exists=self.storage.has_bucket)
        door.notifications = notifications.answer
        self.storage.create(stack)
        self.storage.create_bucket(recordings_bucket, notifies=connect_notifies)
        self.invoker = Invoker(
            functions=functions,
            by_name=stack.functions,
            queues=self.queues,
            transit=self.transit,
            disturbances=self.disturbances,
            time_of_day=self._time_of_day,
            trapped=self._trapped,
        )
        self.bus = EventBus(stack.rules, queues=self.queues, invoker=self.invoker, transit=self.transit, now=clock.now)
        self.streams = {one.source_arn: DataStream(one.source_arn) for one in stack.stream_mappings}
        self.transcribe = TranscriptionJobs(
            now=clock.now,
            get_object=self.get_object,
            put_object=self.put_object,
            later=self.later,
            put_event=self.put_event,
        )
        contacts = Contacts(instance_arn=instance_arn, now=clock.now, changed_after_call=self._send_record_again)
        videos = VideoStreams(
            now=clock.now,
            region=REGION,
            account_id=ACCOUNT_ID,
            prefix=f"voice-connect-{connect_alias}",
            instance_id=contacts.instance_id,
        )
        self.connect = LocalConnect(
            contacts=contacts,
            streams=videos,
            surroundings=self,
            clock=clock,
            alias=connect_alias,
            bucket=recordings_bucket,
        )
        self.pump = Pump(self.transit, self._pollers(), bus=self.bus, clock=clock)
        door.services = {
            "sqs": SqsService(self.queues, url=lambda: url, message_sent=self.transit.news.set),
            "connect": connect_service(contacts),
            "kinesisvideo": video_service(videos, endpoint=lambda: url),
            "transcribe": TranscribeService(self.transcribe),
            "lambda": lambda_service(self.invoker),
        }
        door.object_written = ObjectEvents(
            notifications,
            now=clock.now,
            describe=self.storage.describe,
            put_event=self.bus.put,
            notify=self._notify,
        ).written

    def _pollers(self) -> list[Poller]:
        of_queues: list[Poller] = [
            QueuePoller(one, queues=self.queues, invoker=self.invoker) for one in self.stack.queue_mappings
        ]
        of_streams = [
            StreamPoller(
                one,
                self.streams[one.source_arn],
                queues=self.queues,
                invoker=self.invoker,
                disturbances=self.disturbances,
                record=self.transit.record,
                now=self.clock.now,
            )
            for one in self.stack.stream_mappings
        ]
        return [*of_queues, *of_streams]

    # --------------------------------------------------------------------------------- what Amazon Connect uses of it

    def put_object(self, bucket: str, key: str, content: bytes) -> None:
        """Write into S3."""
        self.storage.put(bucket, key, content)

    def get_object(self, bucket: str, key: str) -> bytes:
        """Read from S3; LookupError when it is not there."""
        return self.storage.get(bucket, key)

    def call_function(self, arn: str, event: Mapping[str, Any], *, at: datetime, limit_seconds: float) -> Any:
        """A function's answer to a contact flow; raises FunctionFailed."""
        function = self.invoker.find(arn)
        if function is None:
            raise FunctionFailed(f"ResourceNotFoundException: there is no function {arn}")
        # The clock has followed the call to `at`, and has gone on since.
        seen = at if self._time_of_day() is not None else None
        return self.invoker.invoke(function, event, what="contact flow", at=seen, limit_seconds=limit_seconds)

    def put_contact_record(self, record: bytes, *, partition_key: str) -> None:
        """Append to every data stream that a function reads: the instance has one."""
        for stream in self.streams.values():
            stream.put(record, partition_key=partition_key, at=self.clock.now())
        self.transit.record("contact-record", partition_key, "in the stream" if self.streams else "nobody reads it")

    def put_event(self, source: str, detail_type: str, detail: Mapping[str, Any]) -> None:
        """Send to the event bus."""
        self.bus.put(source, detail_type, detail)

    def later(self, hop: str, what: str, deliver: Callable[[], None], *, after_seconds: float = 0.0) -> None:
        """Do something when the time has come."""
        self.transit.send(hop, what, deliver, after_seconds=after_seconds)

    # -------------------------------------------------------------------------------------------------------------

    def _send_record_again(self, contact: SimulatedContact) -> None:
        self.connect.send_record(contact)

    def _notify(self, queue_arn: str, body: str) -> None:
        queue = self.queues.of_arn(queue_arn)
        self.transit.send("s3-notification", queue.spec.logical_id, lambda: self._deliver_notification(queue_arn, body))

    def _deliver_notification(self, queue_arn: str, body: str) -> None:
        self.queues.send(self.queues.of_arn(queue_arn), body)

    def _time_of_day(self) -> datetime | None:
        """The emulator's time, where it is not the machine's."""
        now = self.clock.now()
        displaced = abs((now - datetime.now(UTC)).total_seconds()) > _DISPLACED_SECONDS
        return now if displaced or self.clock.frozen else None

    def _trapped(self, disturbance: Disturbance, function: Function, run: Callable[[], Any]) -> Any:
        return self.door.trapped(disturbance, function.logical_id, self._functions.kill_sandbox, run)
