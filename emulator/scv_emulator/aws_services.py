"""What an AWS service that we play ourselves is asked and answers, whatever carries the requests."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import unquote

JSON_TYPE = "application/json"


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsRequest:
    """One signed request. `path` is as it was sent, still percent-encoded; header names are in lower case."""

    method: str
    path: str
    body: bytes = b""
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    def json(self) -> dict[str, Any]:
        """The body as a JSON object; AwsError when it is none."""
        try:
            data = json.loads(self.body or b"{}")
        except ValueError as error:
            raise AwsError("SerializationException", f"the body is not JSON: {error}") from error
        if not isinstance(data, dict):
            raise AwsError("SerializationException", "the body is not a JSON object")
        return data


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsAnswer:
    """A whole body, or pieces that are sent as they come."""

    status: int = 200
    body: bytes | Iterable[bytes] = b""
    content_type: str = JSON_TYPE
    headers: Mapping[str, str] = field(default_factory=dict)


class AwsError(Exception):
    """A refusal with the vendor's error code."""

    def __init__(self, code: str, message: str, *, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.status = status

    def answer(self) -> AwsAnswer:
        """As the JSON protocols carry it."""
        body = json.dumps({"__type": self.code, "message": str(self)}).encode()
        return AwsAnswer(status=self.status, body=body, headers={"x-amzn-errortype": self.code})


class AwsService(Protocol):
    """A service behind the front door."""

    def operation(self, request: AwsRequest) -> str:
        """The operation's name in the vendor's API; empty when the service does not know it."""
        ...

    def answer(self, request: AwsRequest) -> AwsAnswer:
        """Carry the operation out; raises AwsError."""
        ...


RestHandler = Callable[..., AwsAnswer]


class RestService:
    """A service whose operations are told apart by method and path, as in the vendor's restJson protocol.

    A route is (method, path with `{Name}` places, operation, handler); the handler gets the request and the places.
    """

    def __init__(self, service: str, routes: Sequence[tuple[str, str, str, RestHandler]]) -> None:
        self._service = service
        self._routes = [
            (method, re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path)), operation, handler)
            for method, path, operation, handler in routes
        ]

    def operation(self, request: AwsRequest) -> str:
        """The operation's name."""
        return next((one[2] for one in self._routes if one[0] == request.method and one[1].fullmatch(request.path)), "")

    def answer(self, request: AwsRequest) -> AwsAnswer:
        """Answer, or refuse loudly what is not played here."""
        for method, pattern, _, handler in self._routes:
            found = pattern.fullmatch(request.path)
            if found and method == request.method:
                return handler(request, **{name: unquote(value) for name, value in found.groupdict().items()})
        raise not_played(self._service, f"{request.method} {request.path}")


def not_played(service: str, what: str) -> AwsError:
    """The loud answer to an operation that the emulator does not do."""
    return AwsError("NotImplementedException", f"the emulator's {service} does not do {what}", status=501)


def json_answer(data: Mapping[str, Any]) -> AwsAnswer:
    """A JSON body; entries that are None are left out, as the vendor does."""
    return AwsAnswer(body=json.dumps({name: value for name, value in data.items() if value is not None}).encode())
