"""Plays the same seeded calls to model and emulator, and compares their answers and what is there in the end.

The calls are valid, early, repeated, stale and lost ones of those that the model knows. What is compared is status and
meaning: ids differ, and the texts of errors are the vendor's.
"""

from __future__ import annotations

import functools
import json
import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

import jwt
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tests.simulation.emulated import CENTER, EmulatorOrg
from tests.simulation.model import Model, Row, Rules
from tests.simulation.scheduler import START
from tests.simulation.wire import Answer, Asked

CALLER, DIALED = "+14155550142", "+18005550100"
KEYS = ("call-a", "call-b")
ABOUT_CALLS = "SELECT Id, CallOrigin, CallDisposition, CallStartDateTime, CallEndDateTime FROM VoiceCall"


class _Side:
    """One of the two: knows the ids that it gave itself, and signs where that is asked for."""

    def __init__(self, org: Model | EmulatorOrg, now: datetime) -> None:
        self.org = org
        self.now = now
        self.ids: dict[str, str] = {}
        self._signed = 0
        self._session = ""

    def play(self, step: Row) -> Any:
        """Send a call, and say what came of it in words that both sides share."""
        path = step["path"].replace("{id}", self.ids.get(step.get("key", ""), "0LQ000000000999"))
        query = step.get("query", "").replace("{id}", self.ids.get(step.get("key", ""), "0LQ000000000999"))
        body = step.get("body", b"")
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        asked = Asked(step["method"], path, f"q={quote(query)}" if query else "", raw, self._headers(path, step))
        answer = self.org.answer(asked)
        content = answer.content
        if isinstance(content, dict) and "voiceCallId" in content:
            self.ids[step["key"]] = self.ids.get(step["key"]) or content["voiceCallId"]
            return answer.status, content["voiceCallId"] == self.ids[step["key"]], content["errors"]
        return _meaning(answer, content)

    def _headers(self, path: str, step: Row) -> dict[str, str]:
        headers = {"content-type": step.get("type", "application/json")}
        settings = self.org.settings
        if settings is None:
            return headers
        self._signed += 1
        if path.startswith("/telephony"):
            at = int(self.now.timestamp())
            claims = {
                "iss": settings["org_id"][:15],
                "sub": CENTER,
                "iat": at,
                "exp": at + 100,
                "jti": str(self._signed),
            }
            return headers | {"authorization": f"Bearer {jwt.encode(claims, _key(settings['private_key']), 'RS256')}"}
        return headers | {"authorization": f"Bearer {self._session or self._log_in(settings)}"}

    def _log_in(self, settings: dict[str, str]) -> str:
        assert isinstance(self.org, EmulatorOrg)
        at = int(self.now.timestamp())
        claims = {
            "iss": settings["client_id"],
            "sub": settings["username"],
            "aud": settings["login_url"],
            "exp": at + 100,
        }
        assertion = jwt.encode(claims, _key(settings["oauth_key"]), "RS256")
        grant = f"grant_type={quote('urn:ietf:params:oauth:grant-type:jwt-bearer', safe='')}&assertion={assertion}"
        form = {"content-type": "application/x-www-form-urlencoded"}
        answer = self.org.answer(Asked("POST", "/services/oauth2/token", "", grant.encode(), form))
        self._session = str(answer.content["access_token"])
        return self._session

    def records(self) -> dict[str, list[Any]]:
        """What is there in the end, without ids."""
        state = self.org.state()
        keys = {row["Id"]: row["VendorCallKey"] for row in state["VoiceCall"]}
        return {
            "calls": sorted(
                [row["VendorCallKey"], row["CallOrigin"] or "", row["CallDisposition"], *map(_second, _times(row))]
                for row in state["VoiceCall"]
            ),
            "recordings": sorted(
                [keys[row["VoiceCallId"]], row["_recordingLocation"], row["DurationInSeconds"]]
                for row in state["VoiceCallRecording"]
            ),
            "waiting": sorted([keys[row["WorkItemId"]], row["_queue"]] for row in state["PendingServiceRouting"]),
            "said": sorted(
                [keys[row["ConversationId"]], row["MessageIdentifier"], row["_text"]]
                for row in state["ConversationEntry"]
            ),
        }


def differences(seed: int) -> list[str]:
    """Where model and emulator do not agree about the calls of this seed; empty is right."""
    dice = random.Random(f"model-check {seed}")
    rules = Rules(
        duplicate_vendor_call_key="return_existing",
        repeat_recording=dice.choice(["replace", "append"]),
        duplicate_message_id=dice.choice(["ignore", "store"]),
        voicemail_close_clears_psr=dice.random() < 0.5,
        create_applies_call_origin=dice.random() < 0.5,
    )
    time = [START]
    seconds = dice.choice([0.0, 0.3, 5.0])
    sides = [
        _Side(Model(now=lambda: time[0], delay=lambda: seconds, rules=rules), START),
        _Side(EmulatorOrg(now=lambda: time[0], delay=lambda: seconds, rules=rules), START),
    ]
    found = []
    for number, step in enumerate(_steps(dice)):
        time[0] += timedelta(seconds=step.get("wait", 0.0))
        for side in sides:
            side.now = time[0]
        for _ in range(step.get("times", 1)):
            said = [side.play(step) for side in sides]
            if said[0] != said[1]:
                found.append(
                    f"seed {seed}, call {number} {step['method']} {step['path']}: model {said[0]}, emulator {said[1]}"
                )
    time[0] += timedelta(minutes=1)
    held = [side.records() for side in sides]
    found += [
        f"seed {seed}, {name}: model {held[0][name]}, emulator {held[1][name]}"
        for name in held[0]
        if held[0][name] != held[1][name]
    ]
    for side in sides:
        side.org.close()
    return found


@functools.cache
def _key(pem: str) -> Any:
    """Reading a key costs more than all the rest of a sequence."""
    return load_pem_private_key(pem.encode(), password=None)


def _steps(dice: random.Random) -> Iterator[Row]:
    """Calls as a voicemail makes them, in an order that nobody would choose; some come twice, some never arrive."""
    for _ in range(dice.choice([6, 12, 20])):
        key = dice.choice(KEYS)
        step = dice.choice(_CALLS)(dice, key)
        step |= {"key": key, "wait": dice.choice([0.0, 0.1, 1.0, 10.0]), "times": dice.choice([1, 1, 1, 2])}
        if dice.random() > 0.1:
            yield step


def _create(dice: random.Random, key: str) -> Row:
    return {
        "method": "POST",
        "path": "/telephony/v1/voiceCalls",
        "body": {
            "callCenterApiName": CENTER,
            "vendorCallKey": key,
            "from": CALLER,
            "to": DIALED,
            "initiationMethod": "Inbound",
            "startTime": _iso(0),
            "participants": [{"participantKey": CALLER, "type": "END_USER"}],
        }
        | ({"callOrigin": "Voicemail"} if dice.random() < 0.5 else {}),
    }


def _update(dice: random.Random, _key: str) -> Row:
    body: Row = {"isActiveCall": dice.random() < 0.5}
    if dice.random() < 0.7:
        body["callOrigin"] = "Voicemail"
    if dice.random() < 0.7:
        body |= {"startTime": _iso(0), "endTime": _iso(dice.choice([10, 30]))}
    if dice.random() < 0.4:
        body |= {"recordingLocation": f"https://r.example.com/{dice.choice('ab')}.wav", "totalRecordingDuration": 12}
    return {"method": "PATCH", "path": "/telephony/v1/voiceCalls/{id}", "body": body}


def _message(dice: random.Random, key: str) -> Row:
    return {"method": "POST", "path": f"/telephony/v1/voiceCalls/{key}/messages", "body": _utterance(dice, key)}


def _messages(dice: random.Random, key: str) -> Row:
    said = {one["messageId"]: one for one in (_utterance(dice, key) for _ in range(3))}
    entries = [{"vendorCallKey": key, "messages": list(said.values())}]
    return {"method": "POST", "path": "/telephony/v1/voiceCalls/messages", "body": {"entries": entries}}


def _utterance(dice: random.Random, key: str) -> Row:
    number = dice.choice([1, 2, 3])
    start = dice.choice([-5_000, 1_000, 2_000, 60_000])
    return {
        "participantId": f"{key}END_USER",
        "messageId": f"message-{number}",
        "startTime": _epoch_ms() + start,
        "endTime": _epoch_ms() + start + 900,
        "content": f"words {number}",
        "senderType": "END_USER",
    }


def _route(_dice: random.Random, _key: str) -> Row:
    return {"method": "PATCH", "path": "/telephony/v1/voiceCalls/{id}/omniFlow", "body": {"dialedNumber": DIALED}}


def _clear(_dice: random.Random, _key: str) -> Row:
    return {"method": "PATCH", "path": "/telephony/v1/voiceCalls/{id}/clearRouting"}


def _find(_dice: random.Random, key: str) -> Row:
    query = f"{ABOUT_CALLS} WHERE VendorCallKey = '{key}' ORDER BY CreatedDate, Id LIMIT 1"
    return {"method": "GET", "path": "/services/data/v66.0/query/", "query": query}


def _look(dice: random.Random, _key: str) -> Row:
    query = dice.choice(
        [
            f"{ABOUT_CALLS} WHERE Id = '{{id}}'",
            "SELECT Id FROM VoiceCallRecording WHERE VoiceCallId = '{id}'",
            "SELECT Id FROM PendingServiceRouting WHERE WorkItemId = '{id}'",
            "SELECT Id, Status FROM AgentWork WHERE WorkItemId = '{id}'",
        ]
    )
    return {"method": "GET", "path": "/services/data/v66.0/query/", "query": query}


def _entries(_dice: random.Random, key: str) -> Row:
    return {"method": "GET", "path": f"/services/data/v66.0/connect/conversation/{key}/entries"}


def _upload(dice: random.Random, key: str) -> Row:
    lines: list[Row] = [{"type": "conversation", "payload": {"conversationId": key}}]
    for number in dice.sample([1, 2, 3], 2):
        sender = {"appType": "TELEPHONY_INTEGRATION", "subject": "END_USER", "role": "END_USER"}
        payload = {"conversationId": key, "id": f"message-{number}", "clientSentTimestamp": _epoch_ms() + 1_000}
        payload |= {"clientDuration": 900, "messageText": f"words {number}", "sender": sender, "relatedRecords": []}
        lines.append({"type": "conversationEntry", "payload": payload})
    text = "".join(json.dumps(line) + "\n" for line in lines)
    body = (
        f'--cut\r\nContent-Disposition: form-data; name="{key}"; filename="t.txt"\r\n'
        f"Content-Type: application/octet-stream\r\n\r\n{text}\r\n--cut--\r\n"
    )
    return {
        "method": "POST",
        "path": "/services/data/v66.0/connect/conversations/upload",
        "body": body.encode(),
        "type": "multipart/form-data; boundary=cut",
    }


_CALLS = (
    _create,
    _create,
    _create,
    _update,
    _update,
    _update,
    _message,
    _messages,
    _route,
    _clear,
    _find,
    _look,
    _entries,
    _upload,
)


def _meaning(answer: Answer, content: Any) -> Any:  # noqa: PLR0911 - one line for each kind of answer
    """Status and meaning of an answer."""
    if isinstance(content, list):
        return answer.status, sorted(str(one.get("errorCode")) for one in content)
    if not isinstance(content, dict):
        return answer.status, content
    if "records" in content:
        return answer.status, [_shown(record) for record in content["records"]]
    if "conversationEntries" in content:
        return answer.status, sorted([one["identifier"], one["messageText"]] for one in content["conversationEntries"])
    if "conversationBulkUploadsResults" in content:
        return answer.status, [one["status"] for one in content["conversationBulkUploadsResults"]]
    if "errorResponse" in content:
        entries = content["errorResponse"]["errorResponseEntries"]
        return answer.status, sorted(_words_of(one["message"]) for one in entries if one["status"] != 202)
    return answer.status, content.get("code"), content.get("queue"), bool(content.get("errors")), content.get("status")


def _shown(record: Row) -> Row:
    return {name: value for name, value in record.items() if name not in ("Id", "attributes")}


def _words_of(message: str) -> list[str]:
    """The same words in any order: ids are listed as they come."""
    return sorted(message.replace(",", " ").replace("[", " ").replace("]", " ").split())


def _times(row: Row) -> tuple[Any, Any]:
    return row["CallStartDateTime"], row["CallEndDateTime"]


def _second(moment: Any) -> str:
    at = moment if isinstance(moment, datetime) else datetime.fromisoformat(str(moment))
    return at.strftime("%H:%M:%S")


def _iso(seconds: float) -> str:
    return (START + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")


def _epoch_ms() -> int:
    return round(START.timestamp() * 1000)
