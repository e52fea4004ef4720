"""The OpenAPI document of what the emulator serves, written as data."""

from __future__ import annotations

from typing import Any

from scv_emulator.faults import FaultKind

Schema = dict[str, Any]
Answers = dict[str, Schema | None]

_MOMENT: Schema = {"type": "string", "format": "date-time"}
_MS: Schema = {"type": "integer", "format": "int64", "minimum": 0, "maximum": 253402300799999}
_COUNT: Schema = {"type": "integer", "minimum": 0, "maximum": 2147483647}
_TEXT: Schema = {"type": "string", "minLength": 1, "maxLength": 255}
_ORIGIN: Schema = {"type": "string", "enum": ["Preview", "Progressive", "Voicemail"]}
_ANY: Schema = {}


def _object(required: tuple[str, ...] = (), **properties: Schema) -> Schema:
    return {"type": "object", "properties": properties} | ({"required": list(required)} if required else {})


def _list(items: Schema, **bounds: int) -> Schema:
    return {"type": "array", "items": items} | bounds


_ERROR = _object(("code", "message"), code={"type": "string"}, message={"type": "string"})
_ERRORS = _object(("errors",), errors=_list({"type": "string"}))
_CORE_ERROR = _list(_object(("message", "errorCode"), message={"type": "string"}, errorCode={"type": "string"}))
_DOOR_ERROR = _object(("error",), error={"type": "string"})

_MESSAGE = _object(
    ("participantId", "messageId", "startTime", "endTime", "content", "senderType"),
    participantId=_TEXT,
    messageId={"type": "string", "minLength": 1, "maxLength": 36},
    startTime=_MS,
    endTime=_MS,
    content=_TEXT,
    senderType={"enum": ["END_USER", "EXTERNAL_USER", "HUMAN_AGENT", "SUPERVISOR", "VIRTUAL_AGENT"]},
)
_EVENT = _object(
    ("type", "value", "startTime"),
    type={"enum": [f"IntelligenceSignal__{one}" for one in ("Category", "Sentiment", "OverallSentimentScore")]},
    value=_TEXT,
    startTime=_MS,
    endTime=_MS,
    participant={"enum": ["AGENT", "CUSTOMER"]},
    score={"type": ["string", "number"]},
)
_EVENTS = _object(("service", "events"), service=_TEXT, persist={"type": "boolean"}, events=_list(_EVENT, minItems=1))
_NEW_CALL = _object(
    ("callCenterApiName", "vendorCallKey", "to", "from", "initiationMethod", "startTime", "participants"),
    callCenterApiName=_TEXT,
    vendorCallKey=_TEXT,
    to=_TEXT,
    initiationMethod={"enum": ["Inbound", "Transfer"]},
    startTime=_MOMENT,
    participants=_list(
        _object(("participantKey", "type"), participantKey=_TEXT, type={"const": "END_USER"}), minItems=1
    ),
    callOrigin=_ORIGIN,
    parentVoiceCallId=_TEXT,
    queue=_TEXT,
    callSubtype={"enum": ["PSTN", "WebRTC"]},
    callAttributes={"type": "string"},
    **{"from": _TEXT},
)
_UPDATE = _object(
    (),
    startTime=_MOMENT,
    endTime=_MOMENT,
    enqueueTime=_MOMENT,
    acceptTime=_MOMENT,
    totalHoldDuration=_COUNT,
    agentInteractionDuration=_COUNT,
    longestHoldDuration=_COUNT,
    numberOfHolds=_COUNT,
    totalRecordingDuration=_COUNT,
    queue=_TEXT,
    agent=_TEXT,
    fromNumber=_TEXT,
    callOrigin=_ORIGIN,
    recordingLocation={"type": "string", "minLength": 1, "maxLength": 1000},
    callAttributes={"type": "string"},
    isActiveCall={"type": "boolean"},
    disconnectReason=_object(("value", "isError"), value=_TEXT, isError={"type": "boolean"}),
)
_OMNI_FLOW = _object(
    ("dialedNumber",), dialedNumber=_TEXT, flowDevName=_TEXT, fallbackQueue=_TEXT, flowInputParameters=_object()
)
_ENTRY = _object(("vendorCallKey", "messages"), vendorCallKey=_TEXT, messages=_list(_MESSAGE, minItems=1, maxItems=5))
_STATUS = _object(("status",), status={"type": "string"})
_RESULT = _object(("result",), result={"type": "string"})
_FAULT = _object(
    ("kind",),
    kind={"enum": [kind.value for kind in FaultKind]},
    method={"type": "string"},
    path={"type": "string"},
    times={"type": ["integer", "null"], "minimum": 1},
    skip={"type": "integer", "minimum": 0},
    probability={"type": "number", "minimum": 0, "maximum": 1},
    after_commit={"type": "boolean"},
    status={"type": "integer", "minimum": 200, "maximum": 599},
    body=_ANY,
    headers={"type": "object", "additionalProperties": {"type": "string"}},
    latency_ms={"type": "integer", "minimum": 0, "maximum": 600000},
    seconds={"type": "number", "minimum": 0, "maximum": 3600},
    retry_after_seconds={"type": "integer", "minimum": 0, "maximum": 86400},
)
_CLOCK = _object((), advance_seconds={"type": "number"}, set=_MOMENT, freeze={"type": "boolean"})


def document(base_url: str) -> Schema:
    """The whole document; `base_url` is where the emulator answers."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Emulated Salesforce org: telephony, part of the core REST API, control door",
            "version": "1",
        },
        "servers": [{"url": base_url}],
        "paths": _telephony() | _core() | _door(),
        "components": {
            "securitySchemes": {
                "telephonyToken": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
                "session": {"type": "http", "scheme": "bearer"},
            }
        },
    }


def _operation(
    summary: str,
    answers: Answers,
    *,
    body: Schema | None = None,
    form: Schema | None = None,
    parameters: tuple[Schema, ...] = (),
    security: str = "",
) -> Schema:
    """One operation; an answer with the schema None has no body or one that is not JSON."""
    operation: Schema = {
        "summary": summary,
        "responses": {
            status: {"description": summary} | ({"content": _content(schema)} if schema is not None else {})
            for status, schema in answers.items()
        },
    }
    if body is not None:
        operation["requestBody"] = {"required": bool(body.get("required")), "content": _content(body)}
    if form is not None:
        operation["requestBody"] = {
            "required": True,
            "content": {"application/x-www-form-urlencoded": {"schema": form}},
        }
    if parameters:
        operation["parameters"] = list(parameters)
    if security:
        operation["security"] = [{security: []}]
    return operation


def _content(schema: Schema) -> Schema:
    return {"application/json": {"schema": schema}}


def _in_path(name: str) -> Schema:
    return {"name": name, "in": "path", "required": True, "schema": _TEXT}


def _in_query(name: str, schema: Schema, *, required: bool = False) -> Schema:
    return {"name": name, "in": "query", "required": required, "schema": schema}


def _telephony() -> Schema:
    refusals: Answers = {"400": _ERROR, "401": _ERROR, "403": _ERROR, "404": _ERROR, "429": _ERROR}
    provider = {"name": "Telephony-Provider-Name", "in": "header", "schema": {"type": "string"}}

    def one(summary: str, answers: Answers, *path: str, body: Schema | None = None) -> Schema:
        parameters = (provider, *map(_in_path, path))
        return _operation(summary, refusals | answers, body=body, parameters=parameters, security="telephonyToken")

    call, key = "/telephony/v1/voiceCalls/{callId}", "/telephony/v1/voiceCalls/{vendorCallKey}"
    created = _object(("voiceCallId", "errors"), voiceCallId={"type": "string"}, errors={"type": ["array", "string"]})
    entries = _object(("entries",), entries=_list(_ENTRY, minItems=1))
    routed: Answers = {
        "200": _object((), agent={"type": "string"}, queue={"type": "string"}),
        "400": _ERRORS,
        "404": _ERRORS,
    }
    return {
        "/telephony/v1/voiceCalls": {"post": one("Create a Voice Call Record", {"200": created}, body=_NEW_CALL)},
        call: {"patch": one("Update a Voice Call Record", {"202": _STATUS}, "callId", body=_UPDATE)},
        "/telephony/v1/voiceCalls/messages": {
            "post": one("Create Transcripts in Bulk", {"202": _RESULT, "207": _RESULT}, body=entries)
        },
        f"{key}/messages": {"post": one("Create a Transcript", {"202": _RESULT}, "vendorCallKey", body=_MESSAGE)},
        f"{call}/omniFlow": {"patch": one("Execute an Omni-Channel Flow", routed, "callId", body=_OMNI_FLOW)},
        f"{call}/clearRouting": {"patch": one("Clear Routing", {"200": _object()}, "callId")},
        f"{call}/reroute": {"post": one("Reroute a Voice Call", {"200": _STATUS}, "callId")},
        f"{key}/realtimeConversationEvents": {
            "post": one("Send a Real-Time Conversation Event", {"202": _STATUS}, "vendorCallKey", body=_EVENTS)
        },
        f"{key}/postConversationEvents": {
            "post": one("Store a Post-Call Conversation Event", {"202": _STATUS}, "vendorCallKey", body=_EVENTS)
        },
    }


def _core() -> Schema:
    refusals: Answers = dict.fromkeys(("400", "401", "403", "404", "405", "415", "501"), _CORE_ERROR)
    version = {"name": "version", "in": "path", "required": True, "schema": {"enum": ["v63.0", "v66.0"]}}
    object_name = {"name": "object", "in": "path", "required": True, "schema": {"enum": ["VoiceCall", "Case"]}}
    fields: Schema = {"type": "object"}

    def one(summary: str, answers: Answers, *parameters: Schema, body: Schema | None = None) -> Schema:
        return _operation(summary, refusals | answers, body=body, parameters=(version, *parameters), security="session")

    record = _in_path("id")
    token = _object(("grant_type", "assertion"), grant_type={"type": "string"}, assertion={"type": "string"})
    query = _in_query("q", {"type": "string"}, required=True)
    return {
        "/services/oauth2/token": {
            "post": _operation("OAuth JWT bearer flow", {"200": _object(), "400": _object(("error",))}, form=token)
        },
        "/services/data": {"get": _operation("API versions", {"200": _list(_object())})},
        "/services/data/{version}/query": {"get": one("SOQL query", {"200": _object(("records",))}, query)},
        "/services/data/{version}/sobjects/{object}": {
            "post": one("Create a record", {"201": _object(("id",))}, object_name, body=fields)
        },
        "/services/data/{version}/sobjects/{object}/describe": {
            "get": one("Describe an object", {"200": _object()}, object_name)
        },
        "/services/data/{version}/sobjects/{object}/{id}": {
            "get": one("Read a record", {"200": fields}, object_name, record),
            "patch": one("Update a record", {"204": None}, object_name, record, body=fields),
            "delete": one("Delete a record", {"204": None}, object_name, record),
        },
    }


_CHANNEL = _object(
    ("number",),
    number={"type": "string"},
    flow={"type": "string"},
    fallbackQueue={"type": "string"},
    liveFlow={"type": "string"},
    liveFallbackQueue={"type": "string"},
    contactCenter={"type": "string"},
)


def _door() -> Schema:
    refused: Answers = {"400": _DOOR_ERROR, "404": _DOOR_ERROR, "409": _DOOR_ERROR}
    rows = _list(_object())
    limit = _in_query("limit", {"type": "integer", "minimum": 0})

    def one(
        summary: str, answer: Schema, *parameters: Schema, body: Schema | None = None, status: str = "200"
    ) -> Schema:
        return _operation(summary, refused | {status: answer}, body=body, parameters=parameters)

    door = "/_emulator"
    filters = (
        _in_query("path", {"type": "string"}),
        _in_query("method", {"type": "string"}),
        _in_query("since", _MS),
        limit,
    )
    objects = _in_query("object", _list({"type": "string"}))
    work = _object(("agentWorkId",), agentWorkId={"type": "string"})
    of_call = _object((), voiceCallId={"type": "string"})
    return {
        f"{door}/state": {"get": one("Every record by object", _object(), objects, limit)},
        f"{door}/requests": {
            "get": one("The requests so far", rows, *filters),
            "delete": one("Forget them", rows),
        },
        f"{door}/faults": {
            "get": one("The faults that are set", rows),
            "post": one("Set a fault", _object(("id",)), body=_FAULT, status="201"),
            "delete": one("Take all faults away", rows),
        },
        f"{door}/faults/{{faultId}}": {"delete": one("Take a fault away", _object(), _in_path("faultId"))},
        f"{door}/switches": {
            "get": one("The switches", rows),
            "post": one("Turn switches", rows, body={"type": "object"}),
        },
        f"{door}/reps/{{username}}/accept": {
            "post": one("Let a rep accept work", work, _in_path("username"), body=of_call)
        },
        f"{door}/reps/{{username}}/decline": {
            "post": one("Let a rep decline work", work, _in_path("username"), body=of_call)
        },
        f"{door}/reps/{{username}}/online": {"post": one("Let a rep come online", rows, _in_path("username"))},
        f"{door}/reps/{{username}}/offline": {"post": one("Let a rep go offline", rows, _in_path("username"))},
        f"{door}/clock": {
            "get": one("The org's time", _object(("now_ms",))),
            "post": one("Move or freeze time", _object(("now_ms",)), body=_CLOCK),
        },
        f"{door}/sessions/expire": {"post": one("End every session", _object())},
        f"{door}/reset": {"post": one("Start again", _object())},
        f"{door}/flows": {"get": one("Deployed flows and what they did", _object(("flows", "executions")))},
        f"{door}/pages/{{name}}": {
            "get": one(
                "What a person sees on a deployed record page",
                _object(("regions",)),
                _in_path("name"),
                _in_query("recordId", {"type": "string"}, required=True),
                _in_query("username", {"type": "string"}),
            )
        },
        f"{door}/channels": {
            "post": one("Point a number at a flow and a queue", _object(("messagingChannelId",)), body=_CHANNEL)
        },
        f"{door}/deploys": {"get": one("Metadata deploys", rows)},
        f"{door}/seed": {"get": one("What the org started with", _object())},
        f"{door}/recordings/{{name}}": {
            "get": _operation("A recording", refused | {"200": None, "206": None}, parameters=(_in_path("name"),))
        },
    }
