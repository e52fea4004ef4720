"""What Salesforce's own functions send for the same call, and what ours send: alike, but for what is meant to differ.

`golden/official_voicemail.json` says what theirs send, `golden/intended_differences.json` what differs and why. A
difference that is not listed fails, and so does one that is listed and does not occur.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import httpx
import jwt
import pytest
from scv_emulator.keys import make_key_pair
from scv_voicemail.errors import VoicemailError
from scv_voicemail.telephony import TelephonyClient
from scv_voicemail_lambdas import flow_call
from scv_voicemail_lambdas.flow_parts import FlowParts
from scv_voicemail_lambdas.metrics import Metrics

from tests.lambdas.calls import Call, speech
from tests.lambdas.contact_center import ContactCenter, sizes_of
from tests.mkv_files import a_fragment

FOLDER = Path(__file__).parent / "golden"
THEIRS = json.loads((FOLDER / "official_voicemail.json").read_text(encoding="utf-8"))
RECORDED, OBSERVED = THEIRS["recorded"]["cases"], THEIRS["observed"]["cases"]
INTENDED = json.loads((FOLDER / "intended_differences.json").read_text(encoding="utf-8"))

BEGAN = datetime(2020, 8, 7, 6, 9, 34, tzinfo=UTC)
SPOKE = datetime(2020, 8, 7, 6, 9, 40, tzinfo=UTC)
DATA = RECORDED["ctr-vm"]["event"]["Records"][0]["kinesis"]["data"]
STREAM = "arn:aws:kinesisvideo:us-west-2:123456789012:stream/connect-contact-abc/1565272947806"
SAID = speech("the caller of ctr-vm", seconds=4)

CREATED = {"voiceCallId": "0LQRM0000006CSz", "errors": []}

Difference = tuple[str, str, str, str]
ABSENT = "(absent)"


def differences(case: str, theirs: Any, ours: Any, where: str = "") -> Iterator[Difference]:
    """Every leaf that is not the same, with both values as JSON."""
    if isinstance(theirs, dict) and isinstance(ours, dict) and theirs and ours:
        for name in dict.fromkeys([*theirs, *ours]):
            yield from differences(case, theirs.get(name, ABSENT), ours.get(name, ABSENT), f"{where}.{name}".strip("."))
    elif theirs != ours:
        yield case, where, json.dumps(theirs), json.dumps(ours)


def intended(case: str) -> set[Difference]:
    """The differences that are meant to be."""
    return {
        (case, one["where"], json.dumps(one["theirs"]), json.dumps(one["ours"]))
        for one in INTENDED
        if case in one["cases"]
    }


def judge(case: str, theirs: Mapping[str, Any], ours: Mapping[str, Any]) -> None:
    found = set(differences(case, theirs, ours))
    assert found - intended(case) == set(), "these differences are not listed"
    assert intended(case) - found == set(), "these are listed and do not occur"


def test_every_difference_has_its_reason_and_its_case() -> None:
    """A list that nobody can check is none."""
    known = {*RECORDED, *OBSERVED}

    assert all(len(one["reason"]) > 20 for one in INTENDED)
    assert {case for one in INTENDED for case in one["cases"]} <= known


# ------------------------------------------------------------------------------------------------- the voicemail


@pytest.fixture
def center(a_center: Callable[..., ContactCenter]) -> ContactCenter:
    """At the time of the recorded call, whose VoiceCall the inbound flow has opened."""
    center = a_center(transcriber="amazon-transcribe", provider_name="amazon-connect")
    center.clock.move_to(BEGAN)
    call = Call(id="k", caller="+14155551234", attributes={"vm_flag": None})
    center.flow("createVoiceCall", call)
    center.advance(120)
    center.streams.streams[STREAM] = [
        a_fragment(contact_id="k", number=100 + n, at=SPOKE.timestamp() + n, customer=SAID[16000 * n :][:16000])
        for n in range(4)
    ]
    center.transcribe.at_once = "Hello, this is Ada."
    return center


def test_vma_ok_and_vmt_ok(center: ContactCenter) -> None:
    """From the contact record to the recording in S3, and the job that transcribes it."""
    asked: dict[str, Mapping[str, Any]] = {}
    for service in ("s3", "kinesis-video-media"):
        center.services[service].before = asked.__setitem__

    assert center.hand_over(DATA) == []
    center.ring()

    stored = dict(asked["put_object"])
    stored.pop("Body")
    stored["Metadata"] = sorted(stored["Metadata"])
    stored["Tagging"] = dict(parse_qsl(stored["Tagging"]))
    selector = {**asked["get_media"]["StartSelector"]}
    if "StartTimestamp" in selector:
        selector["StartTimestamp"] = selector["StartTimestamp"].isoformat()
    riff, data = sizes_of(center.wav("k"))
    ours = {"select": selector, "store": stored, "wav": {"riff bytes": riff, "audio bytes": data}}
    judge("vma-ok", OBSERVED["vma-ok"]["steps"], ours)
    (job,) = center.transcribe.jobs.values()
    judge("vmt-ok", OBSERVED["vmt-ok"]["steps"], {"start": job["request"]})


@pytest.mark.parametrize("case", ["vmp-ok", "vmp-fail-route"])
def test_packaging(center: ContactCenter, case: str) -> None:
    """From the transcript to Salesforce: the same four steps, in the same order."""
    theirs = OBSERVED[case]
    for method, path, status, body, _times in theirs.get("rules", ()):
        center.org.fault("status", method=method, path=f"*/{path}", status=status, body=body, times=None)
    before = len(center.sent("/telephony/v1"))
    center.hand_over(DATA)
    center.work(hours=0.1)

    requests = [named(one) for one in center.sent("/telephony/v1")[before:]]

    steps = dict(requests)
    assert all(request == steps[step] for step, request in requests), "a repeat is the same request again"
    ours = {"order": [step for step, _ in requests], "steps": steps, "result": center.states("k")[0]}
    judge(case, {name: theirs[name] for name in ("order", "steps", "result")}, ours)


def named(request: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """A request under the name of its step; what Salesforce has named itself is left out."""
    path, body = request["path"].split("/"), request["body"] or {}
    kinds = {"messages": "transcribe", "omniFlow": "route", "clearRouting": "clear"}
    step = kinds.get(path[-1], "mark" if body.get("isActiveCall") else "close")
    known = ["{voiceCallId}" if part.startswith("0LQ") else part for part in path]
    return step, {"method": request["method"], "path": "/".join(known), "body": body}


# ------------------------------------------------------------------------------------------ while the caller waits


@pytest.fixture(scope="module")
def private_key_pem() -> str:
    return make_key_pair("golden").private_key_pem


@pytest.mark.parametrize("case", [name for name in RECORDED if name.startswith("tel-")])
def test_telephony(case: str, private_key_pem: str) -> None:
    """What a contact flow asks for, and what it is answered when Salesforce does not."""
    theirs = RECORDED[case]
    requests: list[dict[str, Any]] = []
    at = next((json.loads(one["body"]) or {} for one in theirs["requests"]), {}).get("startTime")
    clock = datetime.fromisoformat(at) if at else SPOKE

    def salesforce(request: httpx.Request) -> httpx.Response:
        requests.append(as_recorded(request))
        for method, path, status, body, _times in theirs["rules"]:
            if request.method == method and path in request.url.path:
                return httpx.Response(status, json=body)
        return httpx.Response(200, json=theirs["result"].get("result", CREATED))

    telephony = TelephonyClient(
        base_url="https://scrt.example.com",
        org_id="00DRM000000GuTE",
        call_center="cc",
        private_key_pem=private_key_pem,
        provider_name="amazon-connect",
        max_tries=1,
        transport=httpx.MockTransport(salesforce),
    )
    parts = FlowParts(telephony=telephony, reviews=None, default_region="US")
    with telephony:
        try:
            answer = flow_call.answer(theirs["event"], parts, Metrics(), clock=lambda: clock)
            result = {"ok": True, "result": answer}
        except VoicemailError as error:
            result = {"ok": False, "errorType": type(error).__name__, "errorMessage": error.what}

    expected = [{**one, "body": json.loads(one["body"])} for one in theirs["requests"]]
    judge(
        case,
        {"result": theirs["result"], "request": expected[0] if expected else None},
        {"result": result, "request": requests[0] if requests else None},
    )
    assert len(requests) <= 1


def as_recorded(request: httpx.Request) -> dict[str, Any]:
    """A request in the form of the recordings."""
    token = request.headers["authorization"].removeprefix("Bearer ")
    claims = jwt.decode(token, options={"verify_signature": False})
    ttl, has_jti = claims["exp"] - claims["iat"], bool(claims.pop("jti", ""))
    kept = {name: claims[name] for name in ("iss", "sub", "aud") if name in claims}
    names = ("content-type", "telephony-provider-name", "accept")
    return {
        "method": request.method,
        "path": request.url.path,
        "body": json.loads(request.content) if request.content else None,
        "headers": {name: request.headers[name] for name in names if name in request.headers},
        "authorization": {"header": jwt.get_unverified_header(token), "claims": kept, "ttl": ttl, "has_jti": has_jti},
    }
