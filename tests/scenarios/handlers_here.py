"""The Lambda handlers in this process, with the settings that the template gives them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any

from scv_emulator.aws import InProcessFunctions
from scv_voicemail.aws.session import AwsClients
from scv_voicemail.aws_wiring import amazon_connect
from scv_voicemail.settings import Settings
from scv_voicemail_lambdas import contact_record, deliver, flow_call, recording_stored, sweep, transcription_finished
from scv_voicemail_lambdas.flow_parts import FlowParts, flow_parts
from scv_voicemail_lambdas.metrics import Metrics

from tests.commands import PREFIX

SECONDS_LEFT = 10.2
"""What an invocation has left: enough for one look at what waits, so that waits are in the queue and not in a sleep."""

Answer = Callable[[Any, Any, Metrics, datetime], Any]
"""Event, parts, metrics and the time of the invocation in, what the handler answers out."""


def _answers(answer: Callable[..., Any]) -> Answer:
    return lambda event, parts, metrics, _at: answer(event, parts, metrics, seconds_left=lambda: SECONDS_LEFT)


ANSWERS: Mapping[str, Answer] = {
    "RecordingStoredFunction": _answers(recording_stored.answer),
    "ContactRecordFunction": _answers(contact_record.answer),
    "TranscriptionFinishedFunction": lambda event, parts, metrics, _at: transcription_finished.answer(
        event, parts, metrics
    ),
    "DeliverFunction": _answers(deliver.answer),
    "SweepFunction": _answers(sweep.answer),
    "FlowCallFunction": lambda event, parts, metrics, at: flow_call.answer(event, parts, metrics, clock=lambda: at),
}


def settings_of(variables: Mapping[str, str]) -> Settings:
    """The settings that a function reads from its environment."""
    given = {name.removeprefix(PREFIX).lower(): value for name, value in variables.items() if name.startswith(PREFIX)}
    plain: dict[str, Any] = {"_env_file": None} | {name: value for name, value in given.items() if value}
    return Settings(**plain)


def parts_of(function: str, variables: Mapping[str, str], aws: AwsClients) -> Any:
    """What a sandbox of this function makes once."""
    settings = settings_of(variables)
    return flow_parts(settings, aws=aws) if function == "FlowCallFunction" else amazon_connect(settings, aws=aws)


class HandlersHere(InProcessFunctions):
    """The handlers in this process, each with parts of its own, made from the environment that the template gives."""

    def __init__(self, *, tries: int = 2, read_timeout_seconds: float = 5.0) -> None:
        super().__init__({name: partial(self._answer, name) for name in ANSWERS})
        self.metrics = Metrics(write=lambda _line: None)
        self.failed_records = 0
        self.environment: Mapping[str, Mapping[str, str]] = {}
        self._clients = AwsClients(tries=tries, read_timeout_seconds=read_timeout_seconds)
        self._parts: dict[str, Any] = {}

    def prepare(self, environment: Mapping[str, Mapping[str, str]]) -> None:
        """Every sandbox is a new one."""
        self.environment = environment

    def replace_sandboxes(self) -> None:
        """Whatever a sandbox keeps, such as private keys, is forgotten."""
        for one in self._parts.values():
            (one.telephony if isinstance(one, FlowParts) else one.connector).close()
        self._parts.clear()

    def parts(self, function: str) -> Any:
        """The parts of a function."""
        if function not in self._parts:
            self._parts[function] = parts_of(function, self.environment[function], self._clients)
        return self._parts[function]

    def stop(self) -> None:
        """Close all connections."""
        self.replace_sandboxes()
        self._clients.close()

    def _answer(self, function: str, event: Any, context: Any) -> Any:
        answer = ANSWERS[function](event, self.parts(function), self.metrics, context.at)
        self.failed_records += len(answer.get("batchItemFailures", ()))
        return answer
