"""The shape of a REST resource: what a handler gets, what it answers, and how a path finds its handler."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from scv_emulator.salesforce.core import Core
from scv_emulator.salesforce.errors import InvalidType, NotFound, SalesforceError
from scv_emulator.salesforce.oauth import Session
from scv_emulator.salesforce.schema import SObject


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request to `/services/data`, already authenticated; only the list of versions is open to everybody.

    `parts` are the variable segments of the path; `files` and `form` the file and text parts of a multipart body.
    """

    core: Core
    session: Session | None
    method: str
    version: str = ""
    parts: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes = b""
    files: Sequence[tuple[str, bytes]] = ()
    form: Mapping[str, str] = field(default_factory=dict)

    @property
    def data_url(self) -> str:
        """The path of this API version."""
        return f"/services/data/v{self.version}"

    @property
    def user_id(self) -> str:
        """Who asks; empty for nobody."""
        return self.session.user_id if self.session else ""

    @property
    def sobject(self) -> SObject:
        """The object that the path names; raises `NotFound`, where a query would say INVALID_TYPE."""
        try:
            return self.core.database.seen.sobject(self.parts["object"])
        except InvalidType as error:
            raise NotFound from error

    def json(self) -> Any:
        """The body; raises `SalesforceError` when it is no JSON."""
        try:
            return json.loads(self.content)
        except json.JSONDecodeError as error:
            message = f"{error.msg} at [line:{error.lineno}, column:{error.colno}]"
            raise SalesforceError(400, "JSON_PARSER_ERROR", message) from error
        except (ValueError, RecursionError) as error:
            raise SalesforceError(400, "JSON_PARSER_ERROR", "the body cannot be read as JSON") from error

    def json_object(self) -> dict[str, Any]:
        """The body, which must be a JSON object."""
        body = self.json()
        if not isinstance(body, dict):
            raise SalesforceError(400, "JSON_PARSER_ERROR", "Unexpected JSON value: an object was expected")
        return body


@dataclass(frozen=True, slots=True)
class Answer:
    """What a handler answers; a body of None is sent as an empty one."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


Handler = Callable[[Call], Answer]


class Resource:
    """A path such as `sobjects/{object}/{id}` and what each method does there.

    A segment called `{value}` is taken as it is; any other last segment may end in `.json`.
    """

    def __init__(self, path: str, **handlers: Handler) -> None:
        self._pattern = path.split("/")
        self.handlers = handlers

    def match(self, segments: Sequence[str]) -> dict[str, str] | None:
        """The variable segments, or None when the path is another one."""
        if len(segments) != len(self._pattern):
            return None
        parts = {}
        for place, (expected, given) in enumerate(zip(self._pattern, segments, strict=True), start=1):
            is_last = place == len(segments) and expected != "{value}"
            segment = given.removesuffix(".json") if is_last else given
            if expected.startswith("{"):
                parts[expected[1:-1]] = segment
            elif expected != segment:
                return None
        return parts


def find_resource(resources: Sequence[Resource], segments: Sequence[str]) -> tuple[Resource, dict[str, str]]:
    """The first resource that the path belongs to, with its variable segments; raises `NotFound`."""
    for resource in resources:
        parts = resource.match(segments)
        if parts is not None:
            return resource, parts
    raise NotFound


def handler_for(resource: Resource, method: str) -> Handler:
    """What a method does with a resource; HEAD is answered like GET. Raises `SalesforceError` (405)."""
    handler = resource.handlers.get("GET" if method == "HEAD" else method)
    if handler is None:
        allowed = ", ".join(sorted(resource.handlers))
        message = f"HTTP Method '{method}' not allowed. Allowed are {allowed}"
        raise SalesforceError(405, "METHOD_NOT_ALLOWED", message)
    return handler
