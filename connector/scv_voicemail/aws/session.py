"""boto3 clients: made when first asked for, shared between threads, with bounds on time and tries."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from scv_voicemail import fence
from scv_voicemail.aws.failures import our_errors
from scv_voicemail.aws.whole_answers import only_whole_answers
from scv_voicemail.errors import SettingsInvalid

_READING = ("Get", "Head", "List", "Describe", "Query", "Scan", "BatchGet", "Search")
"""How the names of operations begin that change nothing."""


class AwsClients:
    """The clients of one account and region.

        clients = AwsClients(region="eu-central-1", endpoint_urls={"connect": "http://127.0.0.1:4000"})
        clients.client("s3").list_buckets()

    What is not given is boto3's own to find: region, credentials, AWS_ENDPOINT_URL and AWS_ENDPOINT_URL_<SERVICE>.
    `endpoint_urls` are per service, under boto3's name of it. `session` is a boto3 session of your own.
    """

    def __init__(
        self,
        region: str = "",
        *,
        endpoint_url: str = "",
        endpoint_urls: Mapping[str, str] | None = None,
        connect_timeout_seconds: float = 5.0,
        read_timeout_seconds: float = 20.0,
        tries: int = 3,
        session: Any = None,
    ) -> None:
        self._region = region
        self._endpoint_url = endpoint_url
        self._endpoint_urls = dict(endpoint_urls or {})
        self._connect_timeout_seconds = connect_timeout_seconds
        self._read_timeout_seconds = read_timeout_seconds
        self._tries = max(1, tries)
        self._session = session
        self._made: dict[tuple[str, str], Any] = {}
        # boto3 sessions must not be used by two threads at once, clients may.
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def client(self, service: str) -> Any:
        """The client of a service, such as `s3` or `connect`."""
        return self.at(service, self._endpoint_urls.get(service, self._endpoint_url))

    def at(self, service: str, endpoint_url: str) -> Any:
        """The client of a service that answers at an address of its own, as Kinesis Video Streams does."""
        with self._lock:
            if (service, endpoint_url) not in self._made:
                self._made[service, endpoint_url] = self._new(service, endpoint_url)
            return self._made[service, endpoint_url]

    def close(self) -> None:
        """Close all connections; a client asked for later is a new one."""
        with self._lock:
            made, self._made = list(self._made.values()), {}
        for client in made:
            client.close()

    def _new(self, service: str, endpoint_url: str) -> Any:
        try:
            import boto3.session  # noqa: PLC0415 - an extra, and slow to import
            from botocore.config import Config  # noqa: PLC0415 - as above
        except ImportError as error:
            raise SettingsInvalid(
                f"the AWS service {service} needs boto3, which is not installed",
                fix='install it with the connector: `pip install "scv-voicemail[aws]"`',
            ) from error
        config = Config(
            connect_timeout=self._connect_timeout_seconds,
            read_timeout=self._read_timeout_seconds,
            retries={"mode": "standard", "total_max_attempts": self._tries},
        )
        with our_errors(f"{service}:*"):
            self._session = self._session or boto3.session.Session()
            client = self._session.client(
                service, region_name=self._region or None, endpoint_url=endpoint_url or None, config=config
            )
            return only_whole_answers(fenced(client))


def fenced(client: Any) -> Any:
    """The same client, which asks `fence` before each try of an operation that changes something.

    A journal in DynamoDB has a condition in each of its own writes, and is what `fence` asks.
    """
    if client.meta.service_model.service_name != "dynamodb":
        client.meta.events.register("before-send", _still_ours)
    return client


def _still_ours(event_name: str, **_about: Any) -> None:
    # before-send.SERVICE.OPERATION; what is raised here is raised by the operation, and nothing leaves.
    if not event_name.rpartition(".")[2].startswith(_READING):
        fence.check()
