"""The one address of all AWS services: tells services and callers apart by the signature, and breaks what is asked to.

S3, DynamoDB, SSM, Secrets Manager, KMS and STS are moto's; the other services are ours; any other answers 501.
Signatures are read, not verified.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import unquote
from uuid import uuid4

from werkzeug.wrappers import Request

from scv_emulator.aws.broken_answers import ACCEPTED_KINDS, close, error_answer, reset, wrong_answer
from scv_emulator.aws.disturbances import Disturbance
from scv_emulator.aws.moto_services import MOTO_SERVICES, written_object
from scv_emulator.aws_services import AwsAnswer, AwsError, AwsRequest, AwsService, not_played
from scv_emulator.faults import Fault, FaultInvalid, FaultKind, Faults
from scv_emulator.foreign_pages import refusal

OWN_KEY = "scv-emulator"
"""Access key id of the emulator itself: never disturbed, never listed."""
_CREDENTIAL = re.compile(r"Credential=([^/]+)/\d{8}/([^/]+)/([^/]+)/aws4_request")
_HEARTBEAT_SECONDS = 0.05

Environ = dict[str, Any]
StartResponse = Callable[..., Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceRequest:
    """One request to an AWS service; `caller` is the access key id, for functions their sandbox."""

    caller: str
    service: str
    operation: str
    status: int
    fault: str = ""

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)


@dataclass(kw_only=True)
class Trap:
    """Kills a function's sandbox at one of its requests."""

    function: str
    disturbance: Disturbance
    kill: Callable[[str], bool]
    requests: int = 0
    sprung: bool = False


class FrontDoor:
    """A WSGI application. `object_written` is told of every object that S3 has got."""

    def __init__(self, moto: Callable[..., Iterable[bytes]], *, faults: Faults) -> None:
        self.services: dict[str, AwsService] = {}
        self.notifications: Callable[[AwsRequest], AwsAnswer] = lambda _request: AwsAnswer(status=404)
        self.object_written: Callable[[str, str, str], None] = lambda _bucket, _key, _reason: None
        self.requests: list[ServiceRequest] = []
        self.stopping = threading.Event()
        self._moto = moto
        self._faults = faults
        # One request to moto at a time: it undoes a DynamoDB transaction by putting whole tables back.
        self._one_at_a_time = threading.RLock()
        self._trap: Trap | None = None

    def fault(self, kind: str, **details: Any) -> Fault:
        """Set a fault; `path` is `/service/Operation`, for example `/s3/PutObject` or `/transcribe/*`."""
        if kind not in ACCEPTED_KINDS:
            raise FaultInvalid(f"kind: expected one of {', '.join(sorted(ACCEPTED_KINDS))}, got {kind!r}")
        return self._faults.add(kind, **details)

    def clear_faults(self) -> None:
        """Answer everything again."""
        self._faults.clear()

    def trapped(
        self, disturbance: Disturbance, function: str, kill: Callable[[str], bool], run: Callable[[], Any]
    ) -> Any:
        """Run something while the trap for a function is set."""
        self._trap = Trap(function=function, disturbance=disturbance, kill=kill)
        try:
            return run()
        finally:
            self._trap = None

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        if why := refusal(_headers_of(environ)):
            start_response("403 -", [("Content-Type", "text/plain"), ("Content-Length", str(len(why.encode())))])
            return [why.encode()]
        raw_path, _, _ = str(environ.get("REQUEST_URI", environ["PATH_INFO"])).partition("?")
        caller, service = _signed_by(environ)
        asked = _Asked(environ, raw_path=raw_path, service=service, caller=caller)
        if service in MOTO_SERVICES:
            asked.operation = MOTO_SERVICES[service](environ)
        elif service in self.services:
            asked.operation = self.services[service].operation(asked.request())
        if caller == OWN_KEY:
            return self._sent(asked, self._work(asked), start_response)
        fault = self._faults.hit(asked.method, f"/{service}/{asked.operation}")
        trap = self._springing(asked)
        if trap and not trap.disturbance.after_effect:
            self._kill(trap, asked)
        if fault is not None and not fault.commits:
            answer = self._fail(asked, fault)
        else:
            answer = self._work(asked)
            if trap:
                self._kill(trap, asked)
            if fault is not None:
                answer = self._fail(asked, fault, right=answer)
        self._note(asked, answer.status, fault)
        return self._sent(asked, answer, start_response)

    # ---------------------------------------------------------------------------------------------------- working

    def _work(self, asked: _Asked) -> AwsAnswer:
        own = asked.operation.endswith("BucketNotificationConfiguration")
        if asked.service in MOTO_SERVICES and not own:
            return self._by_moto(asked)
        try:
            if own:
                return self.notifications(asked.request())
            if asked.service not in self.services:
                raise not_played("AWS", f"the service {asked.service or 'of an unsigned request'}")
            return self.services[asked.service].answer(asked.request())
        except AwsError as error:
            return error_answer(asked.service, asked.headers, error)

    def _by_moto(self, asked: _Asked) -> AwsAnswer:
        got: list[Any] = []

        def start(status: str, headers: list[tuple[str, str]], *_: Any) -> Callable[[bytes], Any]:
            got[:] = [int(status.split(maxsplit=1)[0]), headers]
            return lambda _data: None

        with self._one_at_a_time:
            pieces = self._moto(asked.environ, start)
            try:
                body = b"".join(pieces)
            finally:
                if hasattr(pieces, "close"):
                    pieces.close()
        status, headers = got
        # What a HEAD request tells of a length is not the length of this body.
        named = {name: value for name, value in headers if asked.method == "HEAD" or name.lower() != "content-length"}
        if status == 200 and (written := written_object(asked.service, asked.operation, unquote(asked.raw_path))):
            self.object_written(*written, asked.operation)
        return AwsAnswer(status=status, body=body, content_type="", headers=named)

    def _sent(self, asked: _Asked, answer: AwsAnswer, start_response: StartResponse) -> Iterable[bytes]:
        headers = dict(answer.headers)
        if answer.content_type:
            headers["Content-Type"] = answer.content_type
        if asked.service in self.services:
            headers["x-amzn-RequestId"] = str(uuid4())
        if isinstance(answer.body, bytes):
            if asked.method != "HEAD":
                headers["Content-Length"] = str(len(answer.body))
            start_response(f"{answer.status} -", list(headers.items()))
            return [answer.body]
        start_response(f"{answer.status} -", list(headers.items()))
        return answer.body

    # ----------------------------------------------------------------------------------------------- going wrong

    def _fail(self, asked: _Asked, fault: Fault, right: AwsAnswer | None = None) -> AwsAnswer:
        """The answer that a fault leads to; does not return when it ends the connection."""
        match fault.kind:
            case FaultKind.LATENCY:
                self.stopping.wait(fault.latency_ms / 1_000)
            case FaultKind.NEVER_ANSWER:
                self._note(asked, 0, fault)
                over_at = time.monotonic() + fault.seconds
                while time.monotonic() < over_at and not self.stopping.wait(_HEARTBEAT_SECONDS):
                    pass
                reset(asked.environ)
            case FaultKind.RESET_BEFORE | FaultKind.RESET_AFTER_COMMIT:
                self._note(asked, 0, fault)
                reset(asked.environ)
            case FaultKind.HALF_BODY:
                return _half(right or AwsAnswer())
            case _:
                return wrong_answer(asked.service, asked.headers, fault)
        return right or AwsAnswer()

    def _springing(self, asked: _Asked) -> Trap | None:
        trap = self._trap
        if trap is None or trap.sprung or asked.caller.rpartition("-")[0] != trap.function:
            return None
        trap.requests += 1
        trap.sprung = trap.requests == trap.disturbance.request
        return trap if trap.sprung else None

    def _kill(self, trap: Trap, asked: _Asked) -> None:
        trap.disturbance.reached += 1
        trap.kill(asked.caller)
        self._note(asked, 0, None, text=f"killed at request {trap.requests}")
        reset(asked.environ)

    def _note(self, asked: _Asked, status: int, fault: Fault | None, *, text: str = "") -> None:
        told = text or ("" if fault is None else f"{fault.id}: {fault.kind}")
        self.requests.append(
            ServiceRequest(
                caller=asked.caller, service=asked.service, operation=asked.operation, status=status, fault=told
            )
        )


class _Asked:
    """One request on its way through the door."""

    def __init__(self, environ: Environ, *, raw_path: str, service: str, caller: str) -> None:
        self.environ = environ
        self.raw_path = raw_path
        self.service = service
        self.caller = caller
        self.operation = ""
        self.method: str = environ["REQUEST_METHOD"]
        self.headers: Mapping[str, str] = _headers_of(environ)
        self._request: AwsRequest | None = None

    def request(self) -> AwsRequest:
        """The request, read once."""
        if self._request is None:
            read = Request(self.environ)
            self._request = AwsRequest(
                method=self.method,
                path=self.raw_path,
                body=read.get_data(cache=False),
                query=dict(read.args),
                headers=self.headers,
            )
        return self._request


def _headers_of(environ: Environ) -> dict[str, str]:
    return {name[5:].lower().replace("_", "-"): value for name, value in environ.items() if name.startswith("HTTP_")}


def _signed_by(environ: Environ) -> tuple[str, str]:
    """Who signed a request, and for which service; a request without a signature is for S3."""
    text = environ.get("HTTP_AUTHORIZATION", "") or unquote(environ.get("QUERY_STRING", "")).replace("X-Amz-", "")
    found = _CREDENTIAL.search(text)
    return (found[1], found[3]) if found else ("", "s3")


def _half(right: AwsAnswer) -> AwsAnswer:
    whole = right.body if isinstance(right.body, bytes) else b"".join(right.body)

    def pieces() -> Iterable[bytes]:
        yield whole[: len(whole) // 2]
        close()

    headers = dict(right.headers) | {"Content-Length": str(max(1, len(whole)))}
    return AwsAnswer(status=right.status, body=pieces(), content_type=right.content_type, headers=headers)
