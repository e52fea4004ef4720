"""The control door `/_emulator`: look at the org, break it, move its clock, act for its reps."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from scv_emulator.faults import FaultInvalid
from scv_emulator.json_bodies import Json, parse_json
from scv_emulator.metadata.pages import PageRuleUnknown
from scv_emulator.openapi import document
from scv_emulator.org import Org
from scv_emulator.phone_channels import ChannelInvalid, set_phone_channel
from scv_emulator.salesforce.records import SalesforceError
from scv_emulator.switches import UnknownSwitch
from scv_emulator.telephony.reps import RepError

DOOR = "/_emulator"
_FIRST_YEAR, _LAST_YEAR = 2001, 2099
_MEDIA_TYPES = {".wav": "audio/wav", ".mp3": "audio/mpeg", ".ogg": "audio/ogg"}

Endpoint = Callable[[Request], Awaitable[Response]]


class Refused(Exception):
    """The request to the control door is wrong; answered as `{"error": …}`."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def routes(org: Org, recordings: Callable[[], Path | None]) -> list[BaseRoute]:
    """The routes of the control door."""
    door = _Door(org, recordings)
    table: list[tuple[str, str, Endpoint]] = [
        ("GET", "", door.page),
        ("GET", "/", door.page),
        ("GET", "/state", door.state),
        ("POST", "/reset", door.reset),
        ("GET", "/requests", door.requests),
        ("DELETE", "/requests", door.clear_requests),
        ("POST", "/requests/clear", door.clear_requests),
        ("GET", "/faults", door.faults),
        ("POST", "/faults", door.add_fault),
        ("DELETE", "/faults", door.clear_faults),
        ("DELETE", "/faults/{fault_id}", door.remove_fault),
        ("GET", "/switches", door.switches),
        ("POST", "/switches", door.set_switches),
        ("POST", "/reps/{username}/{action}", door.rep),
        ("GET", "/clock", door.clock),
        ("POST", "/clock", door.set_clock),
        ("POST", "/sessions/expire", door.expire_sessions),
        ("GET", "/seed", door.seed),
        ("GET", "/flows", door.flows),
        ("POST", "/channels", door.set_channel),
        ("GET", "/deploys", door.deploys),
        ("GET", "/pages/{name}", door.record_page),
        ("GET", "/openapi.json", door.openapi),
        ("GET", "/recordings/{name}", door.recording),
    ]
    found: list[BaseRoute] = [Route(DOOR + path, _guarded(endpoint), methods=[verb]) for verb, path, endpoint in table]
    found.append(Route("/openapi.json", _guarded(door.openapi), methods=["GET"]))
    found.append(Route(f"{DOOR}/{{rest:path}}", _guarded(door.unknown)))
    return found


def _guarded(endpoint: Endpoint) -> Endpoint:
    async def answer(request: Request) -> Response:
        try:
            return await endpoint(request)
        except Refused as refusal:
            return Json({"error": str(refusal)}, status_code=refusal.status)
        except (ChannelInvalid, FaultInvalid, PageRuleUnknown, UnknownSwitch) as error:
            return Json({"error": str(error)}, status_code=400)
        except (RepError, SalesforceError) as error:
            return Json({"error": str(error)}, status_code=409)

    return answer


class _Door:
    def __init__(self, org: Org, recordings: Callable[[], Path | None]) -> None:
        self._org = org
        self._recordings = recordings

    async def page(self, _request: Request) -> Response:
        return HTMLResponse(files("scv_emulator").joinpath("page.html").read_text(encoding="utf-8"))

    async def state(self, request: Request) -> Response:
        """Optional: `object` (repeatable) picks objects, `limit` keeps the last n records of each."""
        state: dict[str, list[Any]] = self._org.state()
        wanted = request.query_params.getlist("object")
        limit = _whole(request, "limit")
        picked = {name: rows for name, rows in state.items() if not wanted or name in wanted}
        return Json({name: rows[-limit:] if limit else rows for name, rows in picked.items()})

    async def reset(self, _request: Request) -> Response:
        self._org.reset()
        return Json({"reset": True})

    async def requests(self, request: Request) -> Response:
        return Json(
            self._org.requests.read(
                path=request.query_params.get("path", ""),
                method=request.query_params.get("method", ""),
                since=_whole(request, "since"),
                limit=_whole(request, "limit"),
            )
        )

    async def clear_requests(self, _request: Request) -> Response:
        self._org.requests.clear()
        return Json([])

    async def faults(self, _request: Request) -> Response:
        return Json([fault.to_dict() for fault in self._org.faults.all()])

    async def add_fault(self, request: Request) -> Response:
        body = await _object(request)
        fault = self._org.faults.add(body.pop("kind", ""), **body)
        return Json(fault.to_dict(), status_code=201)

    async def clear_faults(self, _request: Request) -> Response:
        self._org.faults.clear()
        return Json([])

    async def remove_fault(self, request: Request) -> Response:
        fault_id = request.path_params["fault_id"]
        if not self._org.faults.remove(fault_id):
            raise Refused(404, f"there is no fault {fault_id}")
        return Json({"removed": fault_id})

    async def switches(self, _request: Request) -> Response:
        return Json(self._org.switches.describe())

    async def set_switches(self, request: Request) -> Response:
        body = await _object(request)
        # All of them are read before the first is turned, so that a bad one changes nothing.
        read = {name: self._org.switches.read(name, value) for name, value in body.items()}
        for name, value in read.items():
            self._org.switches.set(name, value)
        return Json(self._org.switches.describe())

    async def rep(self, request: Request) -> Response:
        username, action = request.path_params["username"], request.path_params["action"]
        reps = self._org.telephony.reps
        call_id = (await _object(request)).get("voiceCallId")
        if call_id is not None and not isinstance(call_id, str):
            raise Refused(400, "voiceCallId: expected text")
        match action:
            case "accept":
                return Json({"agentWorkId": reps.accept(username, call_id)})
            case "decline":
                return Json({"agentWorkId": reps.decline(username, call_id)})
            case "online" | "offline":
                reps.set_online(username, online=action == "online")
                return Json(reps.describe())
            case _:
                raise Refused(404, "a rep can accept, decline, go online or offline")

    async def clock(self, _request: Request) -> Response:
        clock = self._org.clock
        return Json({"now": clock.now().isoformat(), "now_ms": clock.now_ms(), "frozen": clock.frozen})

    async def set_clock(self, request: Request) -> Response:
        body = await _object(request)
        clock = self._org.clock
        unknown = sorted(set(body) - {"advance_seconds", "set", "freeze"})
        if unknown:
            raise Refused(400, f"{unknown[0]}: expected advance_seconds, set or freeze")
        moment = _new_time(body, clock.now())
        freeze = body.get("freeze", clock.frozen)
        if not isinstance(freeze, bool):
            raise Refused(400, "freeze: expected true or false")
        if moment is not None:
            clock.set(moment)
        clock.freeze(frozen=freeze)
        self._org.settle()
        return await self.clock(request)

    async def set_channel(self, request: Request) -> Response:
        """Point a dialed number at a flow and a fallback queue, both by developer name."""
        body = await _object(request)
        names = {
            "number": "number",
            "flow": "flow",
            "fallbackQueue": "fallback_queue",
            "liveFlow": "live_flow",
            "liveFallbackQueue": "live_fallback_queue",
            "contactCenter": "contact_center",
        }
        unknown = sorted(set(body) - set(names))
        wrong = next((name for name, value in body.items() if not isinstance(value, str)), None)
        if unknown or wrong is not None:
            raise Refused(400, f"{unknown[0] if unknown else wrong}: expected text for {', '.join(names)}")
        given = {names[name]: value for name, value in body.items()}
        channel = set_phone_channel(self._org.database, number=given.pop("number", ""), **given)
        return Json({"messagingChannelId": channel})

    async def deploys(self, _request: Request) -> Response:
        """The metadata deploys, newest last, without their details."""
        return Json(self._org.deploys.describe())

    async def expire_sessions(self, _request: Request) -> Response:
        self._org.oauth.expire(None)
        return Json({"expired": True})

    async def seed(self, _request: Request) -> Response:
        return Json(self._org.public_seed())

    async def flows(self, _request: Request) -> Response:
        """The deployed flows, and what each of the latest executions went through."""
        return Json(self._org.flows.describe())

    async def record_page(self, request: Request) -> Response:
        """What a person sees on a deployed record page: `recordId`, and `username` unless it is an administrator."""
        regions = self._org.record_page(
            request.path_params["name"],
            request.query_params.get("recordId", ""),
            username=request.query_params.get("username", ""),
        )
        return Json({"regions": regions})

    async def openapi(self, _request: Request) -> Response:
        return Json(document(self._org.base_url))

    async def recording(self, request: Request) -> Response:
        name, folder = request.path_params["name"], self._recordings()
        if folder is None or "\0" in name or "\\" in name or len(name.encode("utf-8", "replace")) > 255:
            raise Refused(404, "there is no such recording")
        path = (folder / name).resolve()
        if path.parent != folder.resolve() or not path.is_file():
            raise Refused(404, "there is no such recording")
        return FileResponse(path, media_type=_MEDIA_TYPES.get(path.suffix.lower(), "application/octet-stream"))

    async def unknown(self, request: Request) -> Response:
        raise Refused(404, f"the control door has no {request.method} {request.url.path}")


async def _object(request: Request) -> dict[str, Any]:
    raw = await request.body()
    try:
        body = parse_json(raw) if raw.strip() else {}
    except ValueError as error:
        raise Refused(400, f"expected JSON: {error}") from error
    if not isinstance(body, dict):
        raise Refused(400, "expected a JSON object")
    return body


def _whole(request: Request, name: str) -> int:
    text = request.query_params.get(name, "0")
    if not (text.isascii() and text.isdecimal() and len(text) <= 15):
        raise Refused(400, f"{name}: expected a whole number")
    return int(text)


def _new_time(body: dict[str, Any], now: datetime) -> datetime | None:
    """The moment that `set` or `advance_seconds` asks for."""
    moment = None
    if "set" in body:
        try:
            moment = datetime.fromisoformat(str(body["set"]))
        except ValueError as error:
            raise Refused(400, "set: expected a date and time, for example 2026-11-20T10:00:00Z") from error
        if moment.tzinfo is None:
            raise Refused(400, "set: expected a time zone, for example 2026-11-20T10:00:00Z")
    if "advance_seconds" in body:
        seconds = body["advance_seconds"]
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or abs(seconds) > 1e9:
            raise Refused(400, "advance_seconds: expected a number")
        moment = _within_certificates(moment or now) + timedelta(seconds=seconds)
    return None if moment is None else _within_certificates(moment)


def _within_certificates(moment: datetime) -> datetime:
    if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        raise Refused(400, f"the time must lie between {_FIRST_YEAR} and {_LAST_YEAR}")
    return moment
