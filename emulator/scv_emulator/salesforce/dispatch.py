"""Finds the resource behind a path of `/services/data` and lets it answer, for a request and for parts of one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import unquote

from scv_emulator.salesforce.composite import composite
from scv_emulator.salesforce.errors import NotFound, NotImplementedHere, SalesforceError
from scv_emulator.salesforce.resources import RESOURCES, VENDOR_ONLY, VENDOR_ONLY_OF_OBJECTS
from scv_emulator.salesforce.rest import Answer, Call, Resource, find_resource, handler_for


def segments_of(path: str) -> list[str]:
    """The segments of a path as it was sent, each decoded on its own: an escaped slash belongs to its segment."""
    return [unquote(segment) for segment in path.split("/") if segment]


def dispatch(call: Call, segments: Sequence[str]) -> Answer:
    """Answer a call whose path, after `/services/data`, has these segments; raises `SalesforceError`."""
    version, rest = segments[0].removeprefix("v"), segments[1:] or [""]
    if not segments[0].startswith("v") or version not in call.core.api_versions:
        raise NotFound
    if len(rest) == 3 and rest[0] == "sobjects" and rest[2] in VENDOR_ONLY_OF_OBJECTS:
        raise NotImplementedHere(f"{call.method} {'/'.join(rest)}")
    try:
        resource, parts = find_resource((*_ALL, *call.core.resources), rest)
    except NotFound as error:
        if rest[0] in VENDOR_ONLY:
            raise NotImplementedHere(f"{call.method} {'/'.join(rest)}") from error
        raise
    return handler_for(resource, call.method)(replace(call, version=version, parts=parts))


def _composite(call: Call) -> Answer:
    """`POST composite`: several requests in one."""
    return composite(call, _sub_request)


def _sub_request(call: Call, method: str, path: str, params: dict[str, str], content: bytes) -> Answer:
    segments = segments_of(path)
    if segments[:2] != ["services", "data"] or len(segments) < 4 or segments[3:] == ["composite"]:
        raise SalesforceError(400, "INVALID_INPUT", f"not a resource that a subrequest can name: {path}")
    return dispatch(replace(call, method=method, params=params, content=content, files=()), segments[2:])


_ALL = (Resource("composite", POST=_composite), *RESOURCES)
