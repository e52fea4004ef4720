"""HTTP of the Telephony Integration API: reads the request, calls the store, answers in the vendor's shape."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from scv_emulator.json_bodies import Json
from scv_emulator.switches import Switches
from scv_emulator.telephony.calls import creation_errors
from scv_emulator.telephony.errors import TelephonyError
from scv_emulator.telephony.fields import Body
from scv_emulator.telephony.requests import CallUpdate, NewCall
from scv_emulator.telephony.store import Telephony

PREFIX = "/telephony/v1"
_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
_PARTIAL = "Multi-Status: A few messages were not processed"

Handler = Callable[[str, Body, str], Response]
"""Given the call id of the path (or an empty text), the body and the token's contact center."""


def routes(telephony: Callable[[], Telephony], switches: Switches) -> list[BaseRoute]:
    """The routes under `/telephony/v1`; `telephony` is asked anew for every request, because a reset replaces it."""

    async def answer(request: Request) -> Response:
        if not switches.voice_enabled:
            message = "Service Cloud Voice is not enabled for this org"
            return Json({"code": "FORBIDDEN", "message": message}, status_code=403)
        segments = _segments(request)
        handlers, call_id = _handlers(Endpoints(telephony(), switches), segments)
        if handlers is None:
            what = f"{request.method} {PREFIX}/{'/'.join(segments)}"
            return Json({"code": "NOT_IMPLEMENTED", "message": f"the emulator does not do {what}"}, status_code=501)
        handler = handlers.get(request.method)
        if handler is None:
            refusal = {"code": "METHOD_NOT_ALLOWED", "message": f"{request.method} is not allowed here"}
            return Json(refusal, status_code=405, headers={"Allow": ", ".join(handlers)})
        try:
            contact_center = telephony().tokens.contact_center(request.headers.get("authorization", ""))
            return handler(call_id, Body.parse(await request.body()), contact_center)
        except TelephonyError as error:
            return Json(error.body(), status_code=error.status, headers=error.headers)

    return [Route(f"{PREFIX}/{{rest:path}}", answer, methods=_METHODS)]


def _segments(request: Request) -> list[str]:
    """The path after the prefix; a call id may hold `%2F`, so it is split before it is decoded."""
    raw: bytes = request.scope.get("raw_path") or request.scope["path"].encode()
    path = raw.split(b"?")[0].decode("latin-1").removeprefix(f"{PREFIX}/").rstrip("/")
    return [unquote(segment) for segment in path.split("/")]


def _handlers(endpoints: Endpoints, segments: list[str]) -> tuple[dict[str, Handler] | None, str]:
    """What answers which method at this path, and the call id in it."""
    match segments:
        case ["voiceCalls"]:
            return {"POST": endpoints.create}, ""
        case ["voiceCalls", "messages"]:
            return {"POST": endpoints.transcripts_in_bulk}, ""
        case ["voiceCalls", call_id] if call_id and call_id not in _NOT_CALL_IDS:
            return {"PATCH": endpoints.update}, call_id
        case ["voiceCalls", call_id, action] if call_id:
            return endpoints.of_a_call(action), call_id
        case _:
            return None, ""


# Newer resources of the vendor that stand where a call id would.
_NOT_CALL_IDS = {"voicemailGreeting", "defaultOutboundPhoneNumber", "reserveRoutableNumber", "createVoiceCallContext"}


class Endpoints:
    """One method per endpoint of chapter 3."""

    def __init__(self, telephony: Telephony, switches: Switches) -> None:
        self._telephony = telephony
        self._switches = switches

    def of_a_call(self, action: str) -> dict[str, Handler] | None:
        """What answers below one call; None for what is not emulated."""
        actions: dict[str, dict[str, Handler]] = {
            "messages": {"POST": self.transcript},
            "omniFlow": {"PATCH": self.omni_flow},
            "clearRouting": {"PATCH": self.clear_routing},
            # The guide says POST, the vendor's own Lambda function sends PATCH.
            "reroute": {"POST": self.reroute, "PATCH": self.reroute},
            "realtimeConversationEvents": {"POST": self.realtime_events},
            "postConversationEvents": {"POST": self.post_call_events},
        }
        return actions.get(action)

    def create(self, _call_id: str, body: Body, contact_center: str) -> Response:
        """Create a Voice Call Record."""
        new = NewCall.read(body, contact_center=contact_center, switches=self._switches)
        created, errors = self._telephony.calls.create(new, contact_center=contact_center)
        # The guide's examples show the short form of the id.
        answer = {"voiceCallId": created[:15], "errors": creation_errors(errors)}
        return Json(answer, status_code=self._switches.success_status_create)

    def update(self, call_id: str, body: Body, contact_center: str) -> Response:
        """Update a Voice Call Record."""
        update = CallUpdate.read(body, switches=self._switches)
        self._telephony.calls.update(call_id, update, contact_center=contact_center)
        status = self._switches.success_status_update
        return Response(status_code=204) if status == 204 else Json({"status": "pending"}, status_code=status)

    def transcript(self, call_id: str, body: Body, _contact_center: str) -> Response:
        """Create a Transcript."""
        self._telephony.transcripts.add(call_id, body)
        return Json({"result": "Accepted"}, status_code=self._switches.success_status_messages)

    def transcripts_in_bulk(self, _call_id: str, body: Body, _contact_center: str) -> Response:
        """Create Transcripts in Bulk."""
        outcomes = self._telephony.transcripts.add_in_bulk(body)
        if not outcomes:
            return Json({"result": "Accepted"}, status_code=self._switches.success_status_messages)
        partial = {"result": _PARTIAL, "errorResponse": {"errorResponseEntries": outcomes}}
        return Json(partial, status_code=self._switches.bulk_partial_status)

    def omni_flow(self, call_id: str, body: Body, contact_center: str) -> Response:
        """Execute an Omni-Channel Flow."""
        return Json(self._telephony.routing.execute_omni_flow(call_id, body, contact_center=contact_center))

    def clear_routing(self, call_id: str, _body: Body, contact_center: str) -> Response:
        """Clear Routing."""
        self._telephony.routing.clear(call_id, contact_center=contact_center)
        return Json({})

    def reroute(self, call_id: str, _body: Body, contact_center: str) -> Response:
        """Reroute a Voice Call."""
        self._telephony.routing.reroute(call_id, contact_center=contact_center)
        return Json({"status": "Success"})

    def realtime_events(self, call_id: str, body: Body, _contact_center: str) -> Response:
        """Send a Real-Time Conversation Event."""
        self._telephony.events.realtime(call_id, body)
        return Json({"status": "202 Accepted"}, status_code=202)

    def post_call_events(self, call_id: str, body: Body, _contact_center: str) -> Response:
        """Store a Post-Call Conversation Event."""
        self._telephony.events.post_call(call_id, body)
        return Json({"status": "202 Accepted"}, status_code=202)
