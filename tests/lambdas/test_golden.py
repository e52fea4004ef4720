"""What Salesforce's own functions send for the same call, and what ours send: alike, but for what is meant to differ.

`golden/official_voicemail.json` says what theirs send, `golden/intended_differences.json` what differs and why. A
difference that is not listed fails, and so does one that is listed and does not occur.
"""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from scv_emulator.keys import make_key_pair
from scv_voicemail.errors import VoicemailError
from scv_voicemail.telephony import TelephonyClient
from scv_voicemail.transcription.amazon_transcribe import job_name
from scv_voicemail_lambdas import flow_call
from scv_voicemail_lambdas.flow_parts import FlowParts
from scv_voicemail_lambdas.metrics import Metrics

from tests.lambdas.calls import RATE, Call, speech
from tests.lambdas.contact_center import ContactCenter, sizes_of
from tests.mkv_files import a_fragment

FOLDER = Path(__file__).parent / "golden"
THEIRS = json.loads((FOLDER / "official_voicemail.json").read_text(encoding="utf-8"))
RECORDED, OBSERVED = THEIRS["recorded"]["cases"], THEIRS["observed"]["cases"]
INTENDED = json.loads((FOLDER / "intended_differences.json").read_text(encoding="utf-8"))

BUCKET = RECORDED["vma-ok"]["env"]["s3_recordings_bucket"]
RECORD = json.loads(b64decode(RECORDED["vma-ok"]["event"]["Records"][0]["kinesis"]["data"]))
BEGAN = datetime.fromisoformat(RECORD["InitiationTimestamp"])
SPOKE = datetime.fromisoformat(RECORD["Recordings"][0]["StartTimestamp"])
ENDED = datetime.fromisoformat(RECORD["DisconnectTimestamp"])
WAV_HEADER_BYTES = 44

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
    """At the time of the recorded call, with the recorded bucket."""
    center = a_center(
        transcriber="amazon-transcribe",
        provider_name="amazon-connect",
        recordings_dir=f"s3://{BUCKET}/voicemail_recordings",
    )
    center.services["s3"].create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    center.clock.move_to(BEGAN)
    return center


def the_call_is_over(center: ContactCenter, contact_id: str, *, said: bytes) -> None:
    """The inbound flow has opened the VoiceCall; the audio is in fragments 100 to 103, the next caller's behind it."""
    center.flow("createVoiceCall", Call(id=contact_id, caller="+14155551234", attributes={"vm_flag": None}))
    center.clock.move_to(ENDED)
    size = len(said) // 4
    parts = [(contact_id, said[n * size :][:size]) for n in range(4)] + [("the next caller", said[::-1][:size])]
    center.streams.streams[RECORD["Recordings"][0]["Location"]] = [
        a_fragment(contact_id=whose, number=100 + n, at=SPOKE.timestamp() + n * size / 2 / RATE, customer=part)
        for n, (whose, part) in enumerate(parts)
    ]


def test_vma_ok(center: ContactCenter) -> None:
    """From the recorded contact record to the recording in S3."""
    theirs = RECORDED["vma-ok"]
    audio_bytes = theirs["s3"]["len"] - WAV_HEADER_BYTES
    the_call_is_over(center, "a1", said=speech("the caller of vma-ok")[:audio_bytes])
    asked: dict[str, Mapping[str, Any]] = {}
    for service in ("kinesisvideo", "kinesis-video-media"):
        center.services[service].before = asked.__setitem__

    failed = center.hand_over(theirs["event"]["Records"][0]["kinesis"]["data"])

    judge(
        "vma-ok",
        {
            "ok": theirs["result"]["ok"],
            "kvs": {path: json.loads(body) for path, body in theirs["kvs"]},
            "s3": as_stored(bytes.fromhex(theirs["s3"]["header_hex"]), **theirs["s3"]),
        },
        {
            "ok": not failed,
            "kvs": {"/getDataEndpoint": asked["get_data_endpoint"], "/getMedia": in_json(asked["get_media"])},
            "s3": in_bucket(center, theirs["s3"]["tags"]["vm_recordingUrl"]),
        },
    )


def in_json(request: Mapping[str, Any]) -> Any:
    """A request with its times as texts."""
    return json.loads(json.dumps(request, default=datetime.isoformat))


def as_stored(wav: bytes, *, content_type: str, tags: Mapping[str, str], **more: Any) -> dict[str, Any]:
    """A recording in S3: its length, its header field by field, and what is written beside it."""
    riff_bytes, audio_bytes = sizes_of(wav)
    fields = {"file": riff_bytes, "audio": audio_bytes, "format": wav[8:40].hex()}
    return {"bytes": more["len"], "header": fields, "content type": content_type, "tags": tags}


def in_bucket(center: ContactCenter, location: str) -> dict[str, Any]:
    """The recording that lies at `BUCKET/KEY`."""
    bucket, key = location.split("/", 1)
    s3 = center.services["s3"]
    found = s3.get_object(Bucket=bucket, Key=key)
    tags = {one["Key"]: one["Value"] for one in s3.get_object_tagging(Bucket=bucket, Key=key)["TagSet"]}
    wav = found["Body"].read()
    return as_stored(wav, content_type=found["ContentType"], tags=tags, len=len(wav))


@pytest.mark.parametrize("case", ["vmp-ok", "vmp-fail-route"])
def test_packaging(center: ContactCenter, case: str) -> None:
    """From the transcription job to Salesforce: the same four steps, in the same order."""
    theirs = RECORDED[case]
    invocations = [named(as_http(json.loads(one["body"])["Details"])) for one in theirs["requests"]]
    contact_id = Path(theirs["event"]["detail"]["object"]["key"]).stem
    the_call_is_over(center, contact_id, said=speech(f"the caller of {case}", seconds=12))
    # What Salesforce had answered is not in the recording: theirs fails alike whatever it is. Ours is told a reason.
    for *_rule, method in (rule for rule in theirs["rules"] if "X-Amz-Function-Error" in rule[5]):
        path = as_http({"Parameters": {"methodName": method, "contactId": "*", "fieldValues": {}}})["path"]
        center.org.fault("status", method="PATCH", path=path, status=400, body={"errors": ["E"]}, times=None)
    before = len(center.sent("/telephony/v1"))

    center.hand_over({**RECORD, "ContactId": contact_id})
    center.ring()
    (job,) = center.transcribe.jobs.values()
    judge("vmt-ok", OBSERVED["vmt-ok"]["steps"], {"start": job["request"]})
    center.transcribed(Call(id=contact_id), dict(invocations)["transcribe"]["body"]["content"])
    center.work(hours=0.1)

    requests = [named(one) for one in center.sent("/telephony/v1")[before:]]
    judge(
        case,
        {
            **in_order(invocations),
            "ok": theirs["result"]["ok"],
            # The one answer that is no invocation's: DeleteTranscriptionJob.
            "job deleted": {} in theirs["result"]["result"],
        },
        {
            **in_order(requests),
            "ok": center.states(contact_id) == ["delivered"],
            "job deleted": job_name(contact_id) not in center.transcribe.jobs,
        },
    )


def test_an_invocation_is_taken_for_the_request_that_was_recorded() -> None:
    """Of the methods that packaging invokes, one is recorded up to Salesforce."""
    theirs = RECORDED["tel-sendMessage-500"]
    (recorded,) = theirs["requests"]

    request = as_http(theirs["event"]["Details"])

    assert request == {**{name: recorded[name] for name in ("method", "path")}, "body": json.loads(recorded["body"])}


def as_http(details: Mapping[str, Any]) -> dict[str, Any]:
    """The request that Salesforce's telephony function makes of an invocation."""
    parameters, more = details["Parameters"], {"callCenterApiName": "cc"}
    method, path = {
        "updateVoiceCall": ("PATCH", ""),
        "sendMessage": ("POST", "/messages"),
        "executeOmniFlow": ("PATCH", "/omniFlow"),
    }[parameters["methodName"]]
    if path == "/omniFlow":
        more = {"flowInputParameters": {}}
    contact_id = parameters.get("contactId") or details["ContactData"]["ContactId"]
    body = {**parameters["fieldValues"], **more}
    return {"method": method, "path": f"/telephony/v1/voiceCalls/{contact_id}{path}", "body": body}


def in_order(requests: list[tuple[str, dict[str, Any]]]) -> dict[str, Any]:
    """The names of the requests as they came, and each request once."""
    steps = dict(requests)
    assert all(request == steps[step] for step, request in requests), "a repeat is the same request again"
    return {"order": [step for step, _ in requests], "steps": steps}


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
