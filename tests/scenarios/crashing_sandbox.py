"""Lambda sandboxes that die at a named moment: the real handlers, with every request to AWS and Salesforce watched.

Run as a program it is a fork server: it has imported everything and opened nothing, reads one invocation per line, lets
a child do it, and tells what came of it. Every sandbox is a new one. A moment is `before` or `after` a request: never
sent, or carried out while nobody has read the answer. What lies between the answer and the next request leaves no trace
outside of the sandbox, and is that request's `before`.
"""

from __future__ import annotations

import gc
import json
import logging
import os
import sys
import uuid
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import boto3
import requests
import time_machine
from botocore.httpsession import URLLib3Session
from scv_voicemail import storage_wiring
from scv_voicemail.aws.session import AwsClients
from scv_voicemail.aws_wiring import AmazonConnect, amazon_connect
from scv_voicemail.journal.dynamodb import DynamoDbJournal
from scv_voicemail.pipeline import Pipeline, Policy
from scv_voicemail.salesforce import SalesforceClient
from scv_voicemail.settings import DynamoDbTable
from scv_voicemail.target_wiring import build_targets
from scv_voicemail.telephony import TelephonyClient
from scv_voicemail.wiring import Connector, open_journal
from scv_voicemail_lambdas.flow_parts import flow_parts
from scv_voicemail_lambdas.metrics import Metrics

from tests.scenarios.crashing_worker import Fate, WatchedAdapter, WatchedTarget, WatchedTransport
from tests.scenarios.handlers_here import ANSWERS, settings_of


class WatchedClients(AwsClients):
    """boto3's clients, with a moment before and after every request."""

    def __init__(self, fate: Fate) -> None:
        super().__init__(tries=2, read_timeout_seconds=5.0, session=boto3.DEFAULT_SESSION)
        self._fate = fate
        self._http = URLLib3Session()

    def at(self, service: str, endpoint_url: str) -> Any:
        client = super().at(service, endpoint_url)
        client.meta.events.register("before-send", self._send, unique_id="watched")
        return client

    def _send(self, request: Any, event_name: str, **_: Any) -> Any:
        """Send the request; botocore takes what a handler of this event gives back for the answer."""
        _, service, operation = event_name.split(".")
        label = self._fate.label(f"{service} {operation}")
        self._fate.reached("before", label)
        response = self._http.send(request)
        self._fate.reached("after", label)
        return response


class Sandbox:
    """What a function works with, its connections watched. Made before the fork; nothing is opened until it is used."""

    def __init__(self, function: str, variables: Mapping[str, str]) -> None:
        self.function = function
        self.fate = Fate(None)
        self._settings = settings_of(variables)
        self._aws = WatchedClients(self.fate)
        self._telephony = self._watched_telephony()
        self._salesforce = self._watched_salesforce()
        if function == "FlowCallFunction":
            self._parts: Any = replace(flow_parts(self._settings, aws=self._aws), telephony=self._telephony)
        else:
            elsewhere = self._settings.model_copy(update={"journal": DynamoDbTable("nowhere")})
            self._parts = amazon_connect(elsewhere, aws=self._aws)

    def invoke(self, event: Any, *, at: datetime, kill_at: str | None) -> dict[str, Any]:
        """One invocation: what the handler answered or raised, and the moments on the way."""
        self.fate.kill_at = kill_at
        self.fate.step = self.function.removesuffix("Function")
        parts = self._parts
        if isinstance(parts, AmazonConnect):
            parts = replace(parts, connector=self._connector())
        with time_machine.travel(at, tick=True):
            told: dict[str, Any]
            try:
                told = {"answer": ANSWERS[self.function](event, parts, Metrics(write=lambda _line: None), at)}
            except Exception as error:  # noqa: BLE001 - as Lambda does: whatever a handler raises is told
                told = {"error": f"{type(error).__name__}: {error}"}
        return told | {"moments": self.fate.moments}

    def _connector(self) -> Connector:
        """What `wiring.connect` builds for a handler."""
        settings, at = self._settings, self._settings.journal
        in_aws = isinstance(at, DynamoDbTable)
        journal = DynamoDbJournal(at.name, client=self._aws.client("dynamodb")) if in_aws else open_journal(settings)
        targets = build_targets(settings, telephony=self._telephony, salesforce=self._salesforce)
        pipeline = Pipeline(
            journal=journal,
            targets={name: WatchedTarget(target, self.fate) for name, target in targets.items()},
            default_targets=settings.targets,
            transcriber=storage_wiring.transcriber(settings, self._aws),
            owner=f"lambda/{uuid.uuid4()}",
            is_gone=lambda _owner: False,
            policy=Policy(
                **{name: getattr(settings, name) for name in Policy.__dataclass_fields__ if hasattr(settings, name)}
            ),
        )
        recordings = storage_wiring.recordings(settings, self._aws)
        return Connector(settings=settings, journal=journal, pipeline=pipeline, recordings=recordings, closing=[])

    def _watched_telephony(self) -> TelephonyClient:
        settings = self._settings
        return TelephonyClient(
            base_url=settings.telephony_url,
            org_id=settings.org_id,
            call_center=settings.call_center,
            private_key_pem=storage_wiring.telephony_key(settings, self._aws),
            timeout_seconds=settings.timeout_seconds,
            allow_plain_http=True,
            transport=WatchedTransport(self.fate),
        )

    def _watched_salesforce(self) -> SalesforceClient:
        session = requests.Session()
        session.mount("http://", WatchedAdapter(self.fate))
        settings = self._settings
        return SalesforceClient(
            login_url=settings.login_url,
            client_id=settings.client_id,
            username=settings.username,
            private_key_pem=storage_wiring.rest_key(settings, self._aws),
            timeout_seconds=settings.timeout_seconds,
            allow_plain_http=True,
            session=session,
        )


def do(sandbox: Sandbox, job: Mapping[str, Any], out: int) -> None:
    """The life of a child."""
    code = 1
    try:
        with os.fdopen(out, "w", encoding="utf-8") as told:
            done = sandbox.invoke(job["event"], at=datetime.fromisoformat(job["at"]), kill_at=job["kill_at"])
            told.write(json.dumps(done))
        code = 0
    except Exception as error:  # noqa: BLE001 - told on standard error; the parent sees the exit code
        sys.excepthook(type(error), error, error.__traceback__)
    finally:
        os._exit(code)


def serve() -> None:
    """The first line of standard input is the functions' environment; each other one is an invocation."""
    logging.disable()
    environment = json.loads(sys.stdin.readline())
    os.environ.update(next(iter(environment.values())))
    boto3.setup_default_session()
    sandboxes = {name: Sandbox(name, variables) for name, variables in environment.items()}
    gc.freeze()
    for line in sys.stdin:
        job = json.loads(line)
        ours, theirs = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(ours)
            do(sandboxes[job["function"]], job, theirs)
        os.close(theirs)
        with os.fdopen(ours, encoding="utf-8") as answers:
            told = answers.read()
        _, status = os.waitpid(child, 0)
        print(json.dumps({"ended": os.waitstatus_to_exitcode(status), "told": told}), flush=True)


if __name__ == "__main__":
    serve()
