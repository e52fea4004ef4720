"""HTTP of the core half: `/services/data`, `/services/oauth2` and `/id`, in Salesforce's envelopes."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from starlette.datastructures import UploadFile, URLPath
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, NoMatchFound
from starlette.types import ASGIApp, Receive, Scope, Send

from scv_emulator.salesforce.core import Core
from scv_emulator.salesforce.dispatch import dispatch, segments_of
from scv_emulator.salesforce.errors import NotFound, NotImplementedHere, SalesforceError
from scv_emulator.salesforce.identity import identity, userinfo
from scv_emulator.salesforce.oauth import OAuthError, Session
from scv_emulator.salesforce.rest import Answer, Call, Resource, handler_for

_VENDOR_SERVICES = ("Soap", "apexrest", "async", "proxy", "authorization", "cti", "dynamicMetadata")
_VENDOR_OAUTH = ("authorize", "singleaccess", "register", "logout", "device", "echo", "success", "asset")


_LARGEST_PART = 60_000_000


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of a multipart body: files by name and content in their order, texts by name."""

    files: list[tuple[str, bytes]] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)


def routes(core: Core) -> list[BaseRoute]:
    """The routes of the core half; whoever adds other parts of `/services` puts theirs before these."""
    return [
        _Below("/services/oauth2", _OAuthDoor(core)),
        _Below("/id", _IdentityDoor(core)),
        _Below("/services/data", _DataDoor(core)),
        _Below("/services", _OtherDoor(core)),
    ]


class _Below(BaseRoute):
    """A path and everything below it; starlette's own routes miss a path with a line break in it."""

    def __init__(self, prefix: str, app: ASGIApp) -> None:
        self._prefix = prefix
        self._app = app

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        path = scope.get("path", "")
        is_below = scope["type"] == "http" and (path == self._prefix or path.startswith(f"{self._prefix}/"))
        return (Match.FULL if is_below else Match.NONE), {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)

    def url_path_for(self, name: str, /, **path_params: Any) -> URLPath:
        raise NoMatchFound(name, path_params)


class _Door(ABC):
    """An ASGI application that reads a request to its end, then answers it without waiting for anything."""

    def __init__(self, core: Core) -> None:
        self._core = core

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            content = await request.body()
            answer = self.answer(request, content, await _parts(request))
        except ClientDisconnect:
            return  # nobody is left to answer
        except SalesforceError as error:
            answer = Answer(error.status, error.envelope())
        except OAuthError as error:
            answer = Answer(error.status, {"error": error.error, "error_description": error.description})
        await _response(answer)(scope, receive, send)

    @abstractmethod
    def answer(self, request: Request, content: bytes, parts: Parts) -> Answer:
        """The answer; raises `SalesforceError` or `OAuthError`."""


class _DataDoor(_Door):
    """The REST API: everything below `/services/data`."""

    def answer(self, request: Request, content: bytes, parts: Parts) -> Answer:
        core = self._core
        core.api_requests += 1
        try:
            answer = self._answer(request, content, parts)
        except SalesforceError as error:
            answer = Answer(error.status, error.envelope())
        usage = {"Sforce-Limit-Info": f"api-usage={core.api_requests}/{core.daily_api_requests}"}
        return Answer(answer.status, answer.body, {**answer.headers, **usage})

    def _answer(self, request: Request, content: bytes, parts: Parts) -> Answer:
        segments = segments_of(_raw_path(request))[2:]
        params = dict(request.query_params)
        overridden = params.get("_HttpMethod") if request.method == "POST" else None
        call = Call(
            core=self._core,
            session=_session(self._core, request.headers) if segments else None,
            method=(overridden or request.method).upper(),
            params=params,
            headers=request.headers,
            content=content,
            files=parts.files,
            form=parts.texts,
        )
        if not segments:
            return handler_for(_VERSIONS, call.method)(call)
        with self._core.database.acting_as(call.user_id, seen=self._core.permissions.seen_by(call.user_id)):
            return dispatch(call, segments)


class _OAuthDoor(_Door):
    """`/services/oauth2`: tokens, and questions about them."""

    def answer(self, request: Request, content: bytes, parts: Parts) -> Answer:  # noqa: ARG002 - one shape for all doors
        oauth, name = self._core.oauth, "/".join(segments_of(_raw_path(request))[2:])
        form = dict(request.query_params) | dict(parse_qsl(content.decode("utf-8", "replace"), keep_blank_values=True))
        if name == "userinfo":
            session = oauth.session(_token(request.headers) or form.get("access_token", ""))
            return Answer(200, userinfo(self._core, session)) if session else Answer(403, "Bad_OAuth_Token")
        if name not in ("token", "introspect", "revoke"):
            if name.partition("/")[0] in _VENDOR_OAUTH:
                raise NotImplementedHere(f"{request.method} /services/oauth2/{name}")
            raise NotFound
        if request.method != "POST" and name != "revoke":
            raise OAuthError("invalid_request", "must use HTTP POST")
        if name == "token":
            return Answer(200, oauth.token(form), {"Cache-Control": "no-cache, no-store"})
        if name == "introspect":
            return Answer(200, oauth.introspect(form.get("token", "")))
        if oauth.session(form.get("token", "")) is None:
            raise OAuthError("unsupported_token_type", "this token is unknown or already revoked")
        oauth.expire(form["token"])
        return Answer(200)


class _IdentityDoor(_Door):
    """`/id/{org}/{user}`: the identity URL that a token answer names."""

    def answer(self, request: Request, content: bytes, parts: Parts) -> Answer:  # noqa: ARG002 - one shape for all doors
        given = _token(request.headers) or request.query_params.get("oauth_token", "")
        session = self._core.oauth.session(given)
        if session is None:
            return Answer(403, "Bad_OAuth_Token" if given else "Missing_OAuth_Token")
        if request.url.path.rstrip("/") != f"/id/{self._core.org_id}/{session.user_id}":
            raise NotFound
        return Answer(200, identity(self._core, session))


class _OtherDoor(_Door):
    """Parts of `/services` that Salesforce has and this emulator has not, and paths that nobody has."""

    def answer(self, request: Request, content: bytes, parts: Parts) -> Answer:  # noqa: ARG002 - one shape for all doors
        segments = segments_of(_raw_path(request))
        if len(segments) > 1 and segments[1] in _VENDOR_SERVICES:
            raise NotImplementedHere(f"{request.method} /{'/'.join(segments)}")
        raise NotFound


def _versions(call: Call) -> Answer:
    versions = call.core.api_versions
    return Answer(200, [{"label": f"API {one}", "url": f"/services/data/v{one}", "version": one} for one in versions])


_VERSIONS = Resource("", GET=_versions)


def _raw_path(request: Request) -> str:
    """The path as it was sent, so that an escaped slash stays inside its segment."""
    raw: bytes = request.scope.get("raw_path") or request.scope["path"].encode()
    return raw.decode("latin-1").partition("?")[0]


def _token(headers: Mapping[str, str]) -> str:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() in ("bearer", "oauth") else ""


def _session(core: Core, headers: Mapping[str, str]) -> Session:
    session = core.oauth.session(_token(headers))
    if session is None:
        raise SalesforceError(401, "INVALID_SESSION_ID", "Session expired or invalid")
    return session


async def _parts(request: Request) -> Parts:
    """The parts of a multipart body; of any other body, none."""
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        return Parts()
    try:
        async with request.form(max_part_size=_LARGEST_PART) as form:
            items = form.multi_items()
            return Parts(
                files=[(name, await part.read()) for name, part in items if isinstance(part, UploadFile)],
                texts={name: part for name, part in items if isinstance(part, str)},
            )
    except (HTTPException, MultiPartException, ValueError, LookupError) as error:
        raise SalesforceError(400, "INVALID_MULTIPART_REQUEST", "the multipart body cannot be read") from error


def _response(answer: Answer) -> Response:
    headers = dict(answer.headers)
    if answer.body is None:
        return Response(status_code=answer.status, headers=headers)
    if isinstance(answer.body, str):
        return Response(answer.body, status_code=answer.status, headers=headers, media_type="text/plain")
    return Response(_json(answer.body), status_code=answer.status, headers=headers, media_type="application/json")


def _json(body: Any) -> str:
    """ASCII only: a client may have stored half a surrogate pair, which has no UTF-8 form."""
    return json.dumps(body, separators=(",", ":"))
