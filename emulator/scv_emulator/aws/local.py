"""A local AWS that runs a SAM template: Amazon Connect, queues, events, functions, Transcribe, all in one process."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from scv_emulator.aws.account import Account
from scv_emulator.aws.disturbances import Disturbance
from scv_emulator.aws.front_door import FrontDoor, ServiceRequest
from scv_emulator.aws.functions import Functions
from scv_emulator.aws.http_server import HttpServer
from scv_emulator.aws.moto_services import moto_application
from scv_emulator.aws.storage import client_of
from scv_emulator.aws.template import ACCOUNT_ID, REGION, read_template
from scv_emulator.aws.transit import Delivery
from scv_emulator.clock import Clock
from scv_emulator.connect.world import LocalConnect
from scv_emulator.faults import Fault, Faults

_OWN_SERVICES = ("SQS", "CONNECT", "KINESIS_VIDEO", "TRANSCRIBE")
_TAKEN = threading.Lock()


class LocalAws:
    """AWS around Amazon Connect while the block runs.

    Example::

        parameters = {"ConnectInstanceArn": "arn:aws:connect:…", "ConnectRecordingsBucketName": "recordings", …}
        with LocalAws(Path("lambdas/template.yaml"), parameters, functions=WorkerFunctions()) as aws:
            aws.client("ssm").put_parameter(Name="/key", Value=pem, Type="SecureString")
            aws.account.put_object("recordings", "connect/demo/CallRecordings/ivr/…/id_….wav", wav)
            aws.settle()
            assert aws.deliveries[-1].outcome == "done"

    Nothing moves by itself: `settle()` and `advance()` carry deliveries out on the caller's thread, in a repeatable
    order; `run_in_background()` does it as time goes by. `clock` is everybody's time, also the functions'; waits are
    skipped by moving it. There is one at a time in a process, because moto keeps its state per process.
    """

    def __init__(
        self,
        template: Path,
        parameters: Mapping[str, str],
        *,
        functions: Functions,
        environment: Mapping[str, str] | None = None,
        clock: Clock | None = None,
        port: int = 0,
        random_seed: int = 0,
        connect_alias: str = "demo",
        connect_notifies: bool = True,
    ) -> None:
        self.clock = clock or Clock()
        self.url = ""
        self._template = template
        self._parameters = dict(parameters)
        self._functions = functions
        self._environment = dict(environment or {})
        self._port = port
        self._random_seed = random_seed
        self._connect_alias = connect_alias
        self._connect_notifies = connect_notifies
        self._account: Account | None = None
        self._server: HttpServer | None = None
        self._background: threading.Thread | None = None
        self._stopping = threading.Event()
        self._has_taken = False

    # ------------------------------------------------------------------------------------------- starting, stopping

    def start(self) -> Self:
        """Answer from now on; TemplateInvalid when the template cannot be run."""
        if not _TAKEN.acquire(blocking=False):
            raise RuntimeError("there is a LocalAws in this process already, and moto keeps its state per process")
        self._has_taken = True
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def _start(self) -> None:
        self._stopping.clear()
        door = FrontDoor(moto_application(), faults=Faults(seed=self._random_seed))
        self._server = HttpServer(door, port=self._port)
        self.url = self._server.url
        stack = read_template(self._template, self._parameters, url=self.url)
        self._account = Account(
            stack,
            url=self.url,
            door=door,
            functions=self._functions,
            clock=self.clock,
            random_seed=self._random_seed,
            instance_arn=self._parameters.get(
                "ConnectInstanceArn", f"arn:aws:connect:{REGION}:{ACCOUNT_ID}:instance/local"
            ),
            recordings_bucket=self._parameters.get("ConnectRecordingsBucketName", "connect-recordings"),
            connect_alias=self._connect_alias,
            connect_notifies=self._connect_notifies,
        )
        self._functions.prepare(
            {name: {**one.environment, **self.env(), **self._environment} for name, one in stack.functions.items()}
        )

    def stop(self) -> None:
        """End functions and servers; a second time does nothing."""
        self._stopping.set()
        if self._background is not None:
            self.account.transit.news.set()
            self._background.join()
            self._background = None
        self._functions.stop()
        if self._server is not None:
            if self._account is not None:
                self._account.door.stopping.set()
            self._server.stop()
            self._server = None
        if self._has_taken:
            self._has_taken = False
            _TAKEN.release()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.stop()

    # ---------------------------------------------------------------------------------------------- looking, calling

    @property
    def account(self) -> Account:
        """Stack, stores and services; only while it runs."""
        if self._account is None:
            raise RuntimeError("the local AWS was not started")
        return self._account

    @property
    def connect(self) -> LocalConnect:
        """The Amazon Connect instance: the `World` of simulated calls."""
        return self.account.connect

    @property
    def deliveries(self) -> list[Delivery]:
        """Everything that was delivered, lost, invoked, buried, oldest first."""
        return list(self.account.transit.deliveries)

    @property
    def requests(self) -> list[ServiceRequest]:
        """Every request that functions and tests have made to AWS."""
        return list(self.account.door.requests)

    def env(self) -> dict[str, str]:
        """The environment variables that point an AWS SDK here."""
        named = {f"AWS_ENDPOINT_URL_{one}": self.url for one in _OWN_SERVICES}
        return named | {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def client(self, service: str) -> Any:
        """A boto3 client whose requests are neither disturbed nor listed."""
        return client_of(service, url=self.url)

    def invoke(self, function: str, event: Any) -> Any:
        """Invoke a function by its logical id, name or ARN; raises FunctionFailed."""
        found = self.account.invoker.find(function)
        if found is None:
            raise LookupError(f"there is no function {function}")
        return self.account.invoker.invoke(found, event, what="by hand")

    def log(self, function: str) -> list[str]:
        """The lines that a function has written."""
        return self._functions.log(self.account.stack.functions[function])

    def messages(self, queue: str) -> list[str]:
        """The bodies of what is in a queue, by its logical id."""
        return [one.body for one in self.account.queues.of_name(queue).messages]

    # ------------------------------------------------------------------------------------------- moving, disturbing

    def settle(
        self,
        timeout_seconds: float = 60.0,
        *,
        skip_waits: bool = True,
        longest_wait_seconds: float = 86_400.0,
        concurrency: int = 1,
    ) -> None:
        """Go on until nothing is left, moving the clock over delays, retries and visibility timeouts.

        Schedules do not fire. `skip_waits=False` carries out only what is due now. NotSettled when time is over.
        """
        self.account.pump.settle(
            timeout_seconds=timeout_seconds,
            skip_waits=skip_waits,
            longest_wait_seconds=longest_wait_seconds,
            concurrency=concurrency,
        )

    def advance(self, seconds: float, *, timeout_seconds: float = 60.0, concurrency: int = 1) -> None:
        """Let time pass: what falls due on the way is carried out at its moment, and schedules fire."""
        self.account.pump.advance(seconds, timeout_seconds=timeout_seconds, concurrency=concurrency)

    def run_in_background(self) -> None:
        """Carry deliveries out as time goes by, schedules too, until `stop()`."""
        if self._background is None:
            self._background = threading.Thread(
                target=self.account.pump.run, args=(self._stopping,), name="scv-emulator-pump", daemon=True
            )
            self._background.start()

    def fire(self, schedule: str) -> None:
        """Let a schedule fire now, by its name in the template."""
        self.account.bus.fire(schedule)

    def disturb(self, hop: str, kind: str, **details: Any) -> Disturbance:
        """Let something go wrong at a hop (see `DisturbanceKind`); `hits` and `reached` of the answer tell how often.

        Hops: `recording`, `contact-record`, `transcribe`, `s3-notification`, `event:SOURCE`, `rule:NAME`,
        `queue:LOGICAL_ID`, `stream:FUNCTION`, `async:FUNCTION`, `function:FUNCTION`.
        """
        return self.account.disturbances.add(hop, kind, **details)

    def fault(self, kind: str, **details: Any) -> Fault:
        """Break requests to AWS: `aws.fault("rate_limited", path="/transcribe/StartTranscriptionJob", times=2)`."""
        return self.account.door.fault(kind, **details)

    def clear_faults(self) -> None:
        """Take all faults away."""
        self.account.door.clear_faults()
