"""A Salesforce org in two hundred lines, as far as one voicemail sees it.

It knows the calls that the VoiceCall target makes (Telephony Integration API, SOQL, conversation entries), with the
rules that decide whether a voicemail is lost, doubled, mixed or routed too early: an update is taken now and applied
later or never, the Omni-Channel flow sees the CallOrigin that is applied, each run of it leaves a routing of its own, a
closed conversation takes no transcripts, a second recording or call is kept or not, as the switches say.

What it leaves out, and the emulator does: tokens and logins, limits, field and call attributes, Cases and others,
transfers and hold figures, flows with more than one decision, automation of the org, events, the format of the vendor's
texts, and all checks of what a request may hold; the connector's payloads are judged by the emulator's own tests.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, unquote

from tests.simulation.wire import Answer, Asked

Row = dict[str, Any]
CLOSED = "io.grpc.StatusRuntimeException: PERMISSION_DENIED: Conversation does not exist"
QUEUES = {True: "voicemail-queue", False: "live-queue"}
"""Where the flow sends a call: what is marked as voicemail, and everything else."""

_SOQL = re.compile(
    r"SELECT (?P<fields>.+?) FROM (?P<object>\w+)(?: WHERE (?P<where>.+?))?"
    r"(?: ORDER BY (?P<order>.+?))?(?: LIMIT (?P<limit>\d+))?",
    re.DOTALL,
)
_TERM = re.compile(r"(\w+)\s*(=|IN)\s*(\('.*?'\)|'(?:[^'\\]|\\.)*'|\w+)", re.DOTALL)


@dataclass(kw_only=True)
class Rules:
    """What the vendor leaves open; the names are the emulator's switches."""

    duplicate_vendor_call_key: str = "return_existing"
    repeat_recording: str = "replace"
    duplicate_message_id: str = "ignore"
    voicemail_close_clears_psr: bool = False
    omni_flow_error_status: int = 400
    create_applies_call_origin: bool = True


@dataclass(kw_only=True)
class Model:
    """The org. `delay` says in how many seconds an update is applied; None: never. Everything is in UTC."""

    now: Callable[[], datetime]
    delay: Callable[[], float | None] = lambda: 0.3
    rules: Rules = field(default_factory=Rules)
    tables: dict[str, list[Row]] = field(default_factory=dict)
    routed: list[tuple[str, str]] = field(default_factory=list)
    """Each run of the flow: the key of the call, and the CallOrigin that it saw."""

    def __post_init__(self) -> None:
        for name in ("VoiceCall", "VoiceCallRecording", "PendingServiceRouting", "AgentWork", "ConversationEntry"):
            self.tables.setdefault(name, [])
        self._later: list[tuple[datetime, int, Callable[[], None]]] = []
        self._count = 0
        self._open: dict[str, Row] = {}

    # ------------------------------------------------------------------------------------------------------ the doors

    @property
    def settings(self) -> dict[str, str] | None:
        """Nobody asks."""
        return None

    def close(self) -> None:
        """Nothing is open."""

    def answer(self, asked: Asked) -> Answer:  # noqa: PLR0911 - one line for each call that it knows
        """Carry a request out."""
        self.settle()
        parts = [unquote(part) for part in asked.path.strip("/").split("/")]
        body = json.loads(asked.body) if asked.body[:1] == b"{" else {}
        match asked.method, parts:
            case "POST", ["telephony", "v1", "voiceCalls"]:
                return self._create(body)
            case "POST", ["telephony", "v1", "voiceCalls", "messages"]:
                return self._messages_in_bulk(body)
            case "POST", ["telephony", "v1", "voiceCalls", key, "messages"]:
                refusal = self._message(key, body)
                return Answer.of(202, {"result": "Accepted"}) if refusal is None else _invalid(refusal)
            case "PATCH", ["telephony", "v1", "voiceCalls", key]:
                return self._update(key, body)
            case "PATCH", ["telephony", "v1", "voiceCalls", key, "omniFlow"]:
                return self._route(key)
            case "PATCH", ["telephony", "v1", "voiceCalls", key, "clearRouting"]:
                return self._clear(key)
            case "GET", ["services", "data", _, "query"]:
                return self._query(parse_qs(asked.query)["q"][0])
            case "GET", ["services", "data", _, "connect", "conversation", key, "entries"]:
                return self._entries(key)
            case "POST", ["services", "data", _, "connect", "conversations", "upload"]:
                return self._upload(asked.body)
            case _:
                return Answer.of(501, {"code": "NOT_IMPLEMENTED", "message": f"the model does not do {asked.label}"})

    def settle(self) -> None:
        """Apply what is due by now."""
        while due := [one for one in self._later if one[0] <= self.now()]:
            first = min(due, key=lambda one: one[:2])
            self._later.remove(first)
            first[2]()

    # ---------------------------------------------------------------------------------------------------------- calls

    def _create(self, body: Row) -> Answer:
        key = str(body["vendorCallKey"])
        known = self._call(key)
        if known is not None and self.rules.duplicate_vendor_call_key == "return_existing":
            return Answer.of(200, {"voiceCallId": known["Id"][:15], "errors": []})
        start = _moment(body["startTime"])
        call = self._insert(
            "VoiceCall",
            "0LQ",
            VendorCallKey=key,
            FromPhoneNumber=body.get("from"),
            ToPhoneNumber=body.get("to"),
            CallOrigin=body.get("callOrigin") if self.rules.create_applies_call_origin else None,
            CallDisposition="new",
            CallStartDateTime=start,
            CallEndDateTime=start,
        )
        self._open.setdefault(key, {"open": True, "start": start, "end": None})
        return Answer.of(200, {"voiceCallId": call["Id"][:15], "errors": []})

    def _call(self, call_id: str) -> Row | None:
        if call_id.startswith("0LQ"):
            return next((row for row in self.tables["VoiceCall"] if row["Id"][:15] == call_id[:15]), None)
        return next((row for row in self.tables["VoiceCall"] if row["VendorCallKey"] == call_id), None)

    def _update(self, call_id: str, body: Row) -> Answer:
        call = self._call(call_id)
        if call is None:
            return Answer.of(404, {"code": "NOT_FOUND", "message": "No voice call was found"})
        if body.get("recordingLocation"):
            self._soon(lambda: self._attach(call, body))
        self._soon(lambda: self._apply(call, body))
        return Answer.of(202, {"status": "pending"})

    def _soon(self, work: Callable[[], None]) -> None:
        seconds = self.delay()
        self._count += 1
        if seconds is not None:
            self._later.append((self.now() + timedelta(seconds=seconds), self._count, work))
            self.settle()

    def _attach(self, call: Row, body: Row) -> None:
        told = {
            "_recordingLocation": body["recordingLocation"],
            "DurationInSeconds": body.get("totalRecordingDuration"),
        }
        known = next((row for row in self.tables["VoiceCallRecording"] if row["VoiceCallId"] == call["Id"]), None)
        if known is not None and self.rules.repeat_recording == "replace":
            known.update(told)
        else:
            self._insert("VoiceCallRecording", "0Sz", VoiceCallId=call["Id"], **told)

    def _apply(self, call: Row, body: Row) -> None:
        conversation = self._open[call["VendorCallKey"]]
        start, end = _moment(body.get("startTime")), _moment(body.get("endTime"))
        call["CallStartDateTime"] = start or call["CallStartDateTime"]
        call["CallEndDateTime"] = end or call["CallEndDateTime"]
        call["CallOrigin"] = body.get("callOrigin") or call["CallOrigin"]
        conversation["start"] = start or conversation["start"]
        conversation["end"] = end or conversation["end"]
        if body.get("isActiveCall"):
            if call["CallDisposition"] != "completed":
                call["CallDisposition"] = "in-progress"
            return
        if conversation["end"] is None and call["CallDisposition"] != "completed":
            call["CallEndDateTime"] = self.now()
        call["CallDisposition"] = "completed"
        if conversation["open"]:
            conversation["open"], conversation["end"] = False, conversation["end"] or self.now()
        if call["CallOrigin"] != "Voicemail" or self.rules.voicemail_close_clears_psr:
            self._remove_pending(call)

    # ---------------------------------------------------------------------------------------------------- transcripts

    def _message(self, key: str, body: Row) -> str | None:
        """Take a message; why it is refused, or None."""
        conversation = self._open.get(key)
        call = self._call(key)
        if conversation is None or call is None or not conversation["open"]:
            return CLOSED
        start, end = conversation["start"], conversation["end"]
        outside = body["startTime"] < _ms(start) or (end is not None and body["endTime"] > _ms(end))
        known = any(
            row["ConversationId"] == call["Id"] and row["MessageIdentifier"] == body["messageId"]
            for row in self.tables["ConversationEntry"]
        )
        if not outside and not (known and self.rules.duplicate_message_id == "ignore"):
            self._say(call, body["messageId"], body["content"], body["startTime"], body["endTime"])
        return None

    def _messages_in_bulk(self, body: Row) -> Answer:
        outcomes = []
        for entry in body["entries"]:
            refused = [one["messageId"] for one in entry["messages"] if self._message(entry["vendorCallKey"], one)]
            if refused:
                why = f"Error Processing Transcript with Id(s) [{', '.join(refused)}]. Error: {CLOSED}"
                outcomes.append({"vendorCallKey": entry["vendorCallKey"], "status": 400, "message": why})
        if not outcomes:
            return Answer.of(202, {"result": "Accepted"})
        return Answer.of(207, {"result": "Multi-Status", "errorResponse": {"errorResponseEntries": outcomes}})

    def _say(self, call: Row, identifier: str, text: str, start_ms: int, end_ms: int) -> None:
        self._insert(
            "ConversationEntry",
            "0qi",
            ConversationId=call["Id"],
            MessageIdentifier=identifier,
            _text=text,
            _startMs=start_ms,
            _endMs=end_ms,
        )

    def _entries(self, key: str) -> Answer:
        call = self._call(key)
        if call is None:
            return Answer.of(404, [{"errorCode": "NOT_FOUND", "message": "The requested resource does not exist"}])
        rows = [row for row in self.tables["ConversationEntry"] if row["ConversationId"] == call["Id"]]
        shown = [{"identifier": row["MessageIdentifier"], "messageText": row["_text"]} for row in rows]
        return Answer.of(200, {"conversationEntries": shown})

    def _upload(self, body: bytes) -> Answer:
        lines = [json.loads(line) for line in body.split(b"\r\n") for line in line.splitlines() if line[:1] == b"{"]
        key = str(lines[0]["payload"]["conversationId"])
        call, conversation = self._call(key), self._open.get(key)
        result: Row = {"conversationIdentifier": key, "uploadId": None, "status": "FAILED"}
        if call is None or conversation is None or conversation["open"]:
            result["errorDetail"] = "Only closed conversations can be uploaded."
            return Answer.of(200, {"conversationBulkUploadsResults": [result]})
        said = self.tables["ConversationEntry"]
        known = {row["MessageIdentifier"] for row in said if row["ConversationId"] == call["Id"]}
        for line in lines[1:]:
            entry = line["payload"]
            began, ended = entry["clientSentTimestamp"], entry["clientSentTimestamp"] + entry["clientDuration"]
            inside = _ms(conversation["start"]) <= began <= _ms(conversation["end"])
            if inside and entry["id"] not in known:
                self._say(call, entry["id"], entry["messageText"], began, ended)
        return Answer.of(200, {"conversationBulkUploadsResults": [result | {"uploadId": "u-1", "status": "SUCCESS"}]})

    # -------------------------------------------------------------------------------------------------------- routing

    def _route(self, call_id: str) -> Answer:
        call = self._call(call_id)
        if call is None:
            return Answer.of(404, {"errors": ["No voice call was found"]})
        self.routed.append((call["VendorCallKey"], call["CallOrigin"] or ""))
        queue = QUEUES[call["CallOrigin"] == "Voicemail"]
        self._insert("PendingServiceRouting", "0JR", WorkItemId=call["Id"], _queue=queue)
        return Answer.of(200, {"queue": queue})

    def _clear(self, call_id: str) -> Answer:
        call = self._call(call_id)
        if call is None:
            return Answer.of(404, {"code": "NOT_FOUND", "message": "No voice call was found"})
        self._remove_pending(call)
        return Answer.of(200, {})

    def _remove_pending(self, call: Row) -> None:
        waiting = self.tables["PendingServiceRouting"]
        self.tables["PendingServiceRouting"] = [row for row in waiting if row["WorkItemId"] != call["Id"]]

    # ---------------------------------------------------------------------------------- what happens besides requests

    def open_live(self, key: str, *, caller: str, dialed: str, began: datetime, was_with_a_rep: bool) -> str:
        """An inbound flow has opened this call; the rep's work of the live call is over."""
        self._create({"vendorCallKey": key, "from": caller, "to": dialed, "startTime": began.isoformat()})
        call = self._call(key)
        assert call is not None
        call["CallDisposition"] = "in-progress"
        if was_with_a_rep:
            self._insert("AgentWork", "0Bz", WorkItemId=call["Id"], Status="Closed", _queue="live-queue")
        return str(call["Id"])

    def close_live(self, call_id: str, *, began: datetime, ended: datetime) -> None:
        """A sync job closes this call."""
        self._update(call_id, {"isActiveCall": False, "startTime": began.isoformat(), "endTime": ended.isoformat()})

    def accept_one(self) -> None:
        """A rep takes what has waited longest in the voicemail queue."""
        waiting = self.tables["PendingServiceRouting"]
        taken = next((row for row in waiting if row["_queue"] == "voicemail-queue"), None)
        if taken is not None:
            waiting.remove(taken)
            self._insert("AgentWork", "0Bz", WorkItemId=taken["WorkItemId"], Status="Opened", _queue=taken["_queue"])

    def state(self) -> dict[str, list[Row]]:
        """Every record, by object."""
        self.settle()
        return self.tables

    # -------------------------------------------------------------------------------------------------------- records

    def _query(self, soql: str) -> Answer:
        found = _SOQL.fullmatch(" ".join(soql.split()))
        if found is None or found["object"] not in self.tables:
            return Answer.of(400, [{"errorCode": "MALFORMED_QUERY", "message": f"the model cannot read {soql}"}])
        rows = [
            row for row in self.tables[found["object"]] if all(_holds(row, *term) for term in _terms(found["where"]))
        ]
        names = [name.strip() for name in found["fields"].split(",")]
        shown = [{name: _shown(row.get(name)) for name in names} for row in rows[: int(found["limit"] or len(rows))]]
        return Answer.of(200, {"totalSize": len(shown), "done": True, "records": shown})

    def _insert(self, table: str, prefix: str, **fields: Any) -> Row:
        self._count += 1
        row = {"Id": f"{prefix}{self._count:012d}AAA", "CreatedDate": self.now(), **fields}
        self.tables[table].append(row)
        return row


def _terms(where: str | None) -> Iterator[tuple[str, list[str]]]:
    for name, _, value in _TERM.findall(where or ""):
        yield name, [one[1:-1].replace("\\'", "'") for one in re.findall(r"'(?:[^'\\]|\\.)*'", value)] or [value]


def _holds(row: Row, name: str, values: list[str]) -> bool:
    held = row.get(name)
    return any(str(held) == one or (name.endswith("Id") and str(held)[:15] == one[:15]) for one in values)


def _shown(value: Any) -> Any:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%dT%H:%M:%S}.{value.microsecond // 1000:03d}+0000"
    return value


def _moment(text: str | None) -> Any:
    return None if text is None else datetime.fromisoformat(text).astimezone(UTC)


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def _invalid(message: str) -> Answer:
    return Answer.of(400, {"code": "INVALID_INPUT", "message": message})
