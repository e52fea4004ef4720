"""The control door's part for the local Amazon Connect and the AWS around it: `/_emulator/connect`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from scv_emulator.faults import FaultInvalid
from scv_emulator.json_bodies import Json, parse_json

if TYPE_CHECKING:  # what they import is there only with the extra emulator-aws
    from scv_emulator.aws.local import LocalAws
    from scv_emulator.aws.phone_line import PhoneLine

DOOR = "/_emulator/connect"


@dataclass(slots=True)
class ConnectDoor:
    """Opens once a local AWS is running; until then every route answers 503."""

    aws: LocalAws | None = None
    line: PhoneLine | None = None

    def routes(self) -> list[BaseRoute]:
        """The routes, for the application of the emulator."""
        table: list[tuple[str, str, Callable[[Any, Any, dict[str, Any]], Any]]] = [
            ("POST", "/calls", _call),
            ("GET", "/contacts", _contacts),
            ("GET", "/aws", _about),
            ("GET", "/aws/deliveries", lambda aws, _line, _body: [one.to_dict() for one in aws.deliveries]),
            ("GET", "/aws/requests", lambda aws, _line, _body: [one.to_dict() for one in aws.requests]),
            ("GET", "/aws/queues/{name}", lambda aws, _line, body: aws.messages(body["name"])),
            ("GET", "/aws/logs/{name}", lambda aws, _line, body: aws.log(body["name"])),
            ("POST", "/aws/settle", _settle),
            ("POST", "/aws/advance", _advance),
            ("POST", "/aws/fire", _fire),
            ("POST", "/aws/disturb", _disturb),
            ("POST", "/aws/faults", lambda aws, _line, body: aws.fault(body.pop("kind", ""), **body).to_dict()),
        ]
        found: list[BaseRoute] = [
            Route(DOOR + path, self._answering(work), methods=[verb]) for verb, path, work in table
        ]
        found.append(Route(f"{DOOR}/objects/{{bucket}}/{{key:path}}", self._object, methods=["GET"]))
        return found

    async def _object(self, request: Request) -> Response:
        """An object in a bucket of the stack, by the bucket's logical id: what a rep's browser fetches."""
        if self.aws is None:
            return Json({"error": "there is no local AWS (yet)"}, status_code=503)
        bucket, key = request.path_params["bucket"], request.path_params["key"]
        account = self.aws.account
        try:
            content = await run_in_threadpool(account.get_object, account.stack.buckets[bucket], key)
        except LookupError:
            return Json({"error": "there is no such object"}, status_code=404)
        return Response(content, media_type="audio/wav" if key.endswith(".wav") else "application/octet-stream")

    def _answering(self, work: Callable[[Any, Any, dict[str, Any]], Any]) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            if self.aws is None or self.line is None:
                return Json(
                    {"error": "there is no local AWS (yet): start the emulator with --connect"}, status_code=503
                )
            try:
                raw = await request.body()
                body = parse_json(raw) if raw.strip() else {}
                if not isinstance(body, dict):
                    return Json({"error": "expected a JSON object"}, status_code=400)
                # Functions call the org, which answers on this very thread, so they are waited for on another.
                done = await run_in_threadpool(work, self.aws, self.line, body | dict(request.path_params))
            except (FaultInvalid, LookupError, TypeError, ValueError) as error:
                return Json({"error": f"{type(error).__name__}: {error}"}, status_code=400)
            except Exception as error:  # noqa: BLE001 - what a rehearsal ran into belongs into its answer
                return Json({"error": f"{type(error).__name__}: {error}"}, status_code=409)
            return Json(done)

        return answer


def _call(_aws: LocalAws, line: PhoneLine, body: dict[str, Any]) -> dict[str, Any]:
    """See `PhoneLine.call_as_told` for the body and the report."""
    return line.call_as_told(body)


def _contacts(aws: LocalAws, _line: PhoneLine, _body: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "contactId": one.contact_id,
            "attributes": one.attributes,
            "disconnectReason": one.disconnect_reason,
            "recordings": [{name: str(value) for name, value in entry.items()} for entry in one.recordings],
        }
        for one in aws.connect.contacts.all()
    ]


def _about(aws: LocalAws, _line: PhoneLine, _body: dict[str, Any]) -> dict[str, Any]:
    return about(aws)


def about(aws: LocalAws) -> dict[str, Any]:
    """Address, environment for an SDK, outputs of the stack, functions and queues by logical id."""
    stack = aws.account.stack
    return {
        "url": aws.url,
        "env": aws.env(),
        "outputs": dict(stack.outputs),
        "functions": {name: one.arn for name, one in stack.functions.items()},
        "queues": {name: one.arn for name, one in stack.queues.items()},
        "schedules": [one.name for one in stack.rules if one.schedule],
    }


def _settle(aws: LocalAws, _line: PhoneLine, body: dict[str, Any]) -> dict[str, Any]:
    before = len(aws.deliveries)
    aws.settle(body.pop("timeout_seconds", 60.0), **body)
    return {"deliveries": [one.to_dict() for one in aws.deliveries[before:]]}


def _advance(aws: LocalAws, _line: PhoneLine, body: dict[str, Any]) -> dict[str, Any]:
    before = len(aws.deliveries)
    aws.advance(**body)
    return {"deliveries": [one.to_dict() for one in aws.deliveries[before:]]}


def _fire(aws: LocalAws, _line: PhoneLine, body: dict[str, Any]) -> dict[str, Any]:
    aws.fire(body["schedule"])
    return {"fired": body["schedule"]}


def _disturb(aws: LocalAws, _line: PhoneLine, body: dict[str, Any]) -> dict[str, Any]:
    return aws.disturb(body.pop("hop"), body.pop("kind"), **body).to_dict()
