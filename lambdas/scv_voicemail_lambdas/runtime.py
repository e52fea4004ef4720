"""What every handler stands on: settings and clients made once per sandbox, log and metrics made for each invocation.

A sandbox keeps clients and keys between invocations, and nothing of any voicemail.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from scv_voicemail.errors import VoicemailError
from scv_voicemail.redaction import redact
from scv_voicemail.settings import Settings, load

from scv_voicemail_lambdas.log import about, set_up, told
from scv_voicemail_lambdas.metrics import Metrics

if TYPE_CHECKING:
    from scv_voicemail.aws_wiring import AmazonConnect

log = logging.getLogger(__name__)


class Context(Protocol):
    """What Lambda tells a handler about its invocation."""

    function_name: str
    aws_request_id: str

    def get_remaining_time_in_millis(self) -> int:
        """How long this invocation may go on."""
        ...


class HandlerFailed(Exception):
    """The invocation failed; its text is safe to log, which Lambda does with every exception that leaves a handler."""


@functools.cache
def settings() -> Settings:
    """The settings of this function, read once."""
    return load()


@functools.cache
def parts() -> AmazonConnect:
    """What the handlers work with, made once. Nobody is talked to before there is something to do."""
    from scv_voicemail.aws_wiring import amazon_connect  # noqa: PLC0415 - a caller waits for the flow's function

    return amazon_connect(settings())


@contextmanager
def invocation(context: Context) -> Iterator[Metrics]:
    """Sets up the log, counts, and writes the counts at the end, also when the handler fails."""
    set_up(settings().log_level)
    metrics = Metrics(function=context.function_name, namespace=settings().metrics_namespace)
    with about(function=context.function_name, requestId=context.aws_request_id):
        try:
            yield metrics
        except Exception as error:
            kind = str(told(error)["kind"])
            log.exception("the invocation failed: %s", kind)
            # Our own text may quote a caller, so it goes no further.
            raise HandlerFailed(redact(f"{kind} {_fix(error)}".strip())) from None
        finally:
            metrics.flush()


def seconds_left(context: Context) -> Callable[[], float]:
    """Asks how many seconds the invocation has left."""
    return lambda: context.get_remaining_time_in_millis() / 1000


def _fix(error: Exception) -> str:
    return f"Next: {error.fix}" if isinstance(error, VoicemailError) and error.fix else ""
