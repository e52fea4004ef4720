"""FlowCallFunction: a caller is on the line."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from scv_emulator.keys import key_pair_of_this_process
from scv_voicemail.audio import measure
from scv_voicemail.errors import BadVoicemail, Rejected, Unavailable, VoicemailError
from scv_voicemail.settings import S3Folder
from scv_voicemail.telephony import TelephonyClient
from scv_voicemail_lambdas import flow_call
from scv_voicemail_lambdas.deadline import still_waited_for, within
from scv_voicemail_lambdas.flow_parts import FlowParts
from scv_voicemail_lambdas.metrics import Metrics
from scv_voicemail_lambdas.review import Reviews

from tests.builders import NOON, FakeClock
from tests.lambdas.bench import CONTACT
from tests.mkv_files import a_fragment
from tests.wav_files import a_tone

CALLER, DIALED = "+14155550142", "+18005550100"
BY_KEY = f"/telephony/v1/voiceCalls/{CONTACT}"


class Salesforce:
    """Answers every request the same way, and remembers them."""

    def __init__(self, status: int = 200, content: Any = None, *, seconds: float = 0) -> None:
        self.status = status
        self.content = {"status": "pending"} if content is None else content
        self.seconds = seconds
        self.asked: list[tuple[str, str, Any]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content) if request.content else None
        self.asked.append((request.method, request.url.path, body))
        time.sleep(self.seconds)
        return httpx.Response(self.status, json=self.content)


def the_parts(
    salesforce: Salesforce,
    reviews: Reviews | None = None,
    *,
    key: Callable[[], str] = lambda: key_pair_of_this_process("flow").private_key_pem,
    answer_seconds: float = 0.5,
) -> FlowParts:
    client = TelephonyClient(
        base_url="https://org.example.com",
        org_id="00D000000000001",
        call_center="Center",
        private_key_pem=key,
        max_tries=1,
        transport=httpx.MockTransport(salesforce),
        before_sending=still_waited_for,
    )
    return FlowParts(telephony=client, reviews=reviews, default_region="US", answer_seconds=answer_seconds)


def an_event(method: str, **contact: Any) -> dict[str, Any]:
    data = {
        "ContactId": CONTACT,
        "CustomerEndpoint": {"Address": CALLER, "Type": "TELEPHONE_NUMBER"},
        "SystemEndpoint": {"Address": DIALED, "Type": "TELEPHONE_NUMBER"},
        "Attributes": {},
        "MediaStreams": {"Customer": {"Audio": None}},
        "Queue": None,
    }
    return {
        "Name": "ContactFlowEvent",
        "Details": {"ContactData": data | contact, "Parameters": {"methodName": method}},
    }


def called(
    salesforce: Salesforce,
    event: dict[str, Any],
    *,
    metrics: Metrics | None = None,
    clock: FakeClock | None = None,
    **parts: Any,
) -> Any:
    return flow_call.answer(event, the_parts(salesforce, **parts), metrics or Metrics(), clock=clock or FakeClock())


def test_a_call_is_opened_with_the_fields_that_the_flow_asked_for() -> None:
    """Under the contact's id, by which the voicemail will find it."""
    salesforce = Salesforce(content={"voiceCallId": "0LQ000000000001AAA", "errors": []})

    answer = called(salesforce, an_event("createVoiceCall", Attributes={"sfdc-Reason__c": "billing", "vm_flag": "0"}))

    assert answer == {"voiceCallId": "0LQ000000000001AAA"}
    ((method, path, body),) = salesforce.asked
    assert (method, path) == ("POST", "/telephony/v1/voiceCalls")
    assert (body["vendorCallKey"], body["from"], body["to"]) == (CONTACT, CALLER, DIALED)
    assert json.loads(body["callAttributes"]) == {"Reason__c": "billing"}
    assert "callOrigin" not in body


def test_a_call_that_is_there_already_is_adopted() -> None:
    """Salesforce gives back the id of the VoiceCall with this key, so the flow may ask twice."""
    salesforce = Salesforce(content={"voiceCallId": "0LQ000000000001AAA", "errors": "a field does not fit"})

    assert called(salesforce, an_event("createVoiceCall")) == called(salesforce, an_event("createVoiceCall"))


@pytest.mark.parametrize("endpoint", [None, {"Address": "anonymous"}, {"Address": None}])
def test_a_caller_who_hides_the_number_is_opened_a_call_as_well(endpoint: Any) -> None:
    """Connect says nothing of the number then, or this."""
    salesforce = Salesforce(content={"voiceCallId": "0LQ000000000001AAA"})

    called(salesforce, an_event("createVoiceCall", CustomerEndpoint=endpoint))

    assert salesforce.asked[0][2]["from"] == "anonymous"


@pytest.mark.parametrize("method", ["createVoiceCall", "beforeRecording"])
def test_a_number_that_nobody_can_have_is_a_caller_without_one(method: str) -> None:
    """Whoever sends such a number on purpose must not have the message taken uncut and unmarked."""
    salesforce = Salesforce(content={"voiceCallId": "0LQ000000000001AAA", "status": "pending"})

    called(salesforce, an_event(method, CustomerEndpoint={"Address": "+" + "1234567890" * 4}))

    body = salesforce.asked[0][2]
    assert body.get("from", body.get("fromNumber")) in ("anonymous", None)


def test_before_the_beep_the_call_is_marked_and_the_time_is_told() -> None:
    """In UTC with milliseconds: the recording is cut there."""
    salesforce = Salesforce()

    answer = called(salesforce, an_event("beforeRecording"))

    assert answer == {"vm_timestamp": "2026-11-20T12:00:00.000Z", "marked": "true"}
    body = {"isActiveCall": True, "callOrigin": "Voicemail", "fromNumber": CALLER, "toNumber": DIALED}
    assert salesforce.asked == [("PATCH", BY_KEY, body)]


@pytest.mark.parametrize(
    "salesforce",
    [Salesforce(500), Salesforce(401), Salesforce(429), Salesforce(400, {"message": "no"}), Salesforce(seconds=1)],
    ids=["broken", "wrong key", "busy", "refusing", "slow"],
)
def test_a_refusing_salesforce_never_keeps_a_caller_from_speaking(salesforce: Salesforce) -> None:
    """The delivery marks the call later; that it could not be marked now is counted."""
    metrics = Metrics()
    began = time.monotonic()

    answer = called(salesforce, an_event("beforeRecording"), metrics=metrics)

    assert answer == {"vm_timestamp": "2026-11-20T12:00:00.000Z", "marked": "false"}
    assert metrics.values == {"FlowCallMarkFailed": [1]}
    assert time.monotonic() - began < 0.8
    assert len(salesforce.asked) <= 2, "a caller waits: nothing is tried again but a key that may have been rotated"


def test_when_the_caller_has_finished_the_time_is_told() -> None:
    """Nobody else is asked."""
    salesforce = Salesforce()

    assert called(salesforce, an_event("afterRecording")) == {"vm_end_timestamp": "2026-11-20T12:00:00.000Z"}
    assert salesforce.asked == []


@pytest.mark.parametrize(
    ("microsecond", "begin", "end"),
    [
        (0, "00.000", "00.000"),
        (1, "00.000", "00.001"),
        (250_000, "00.250", "00.250"),
        (999_000, "00.999", "00.999"),
        (999_001, "00.999", "01.000"),
    ],
)
def test_a_message_is_never_cut_by_rounding(microsecond: int, begin: str, end: str) -> None:
    """Its begin is told a little too early, its end a little too late: by less than a millisecond."""
    salesforce, clock = Salesforce(), FakeClock(NOON.replace(microsecond=microsecond))

    began = called(salesforce, an_event("beforeRecording"), clock=clock)
    ended = called(salesforce, an_event("afterRecording"), clock=clock)

    assert began["vm_timestamp"] == f"2026-11-20T12:00:{begin}Z"
    assert ended["vm_end_timestamp"] == f"2026-11-20T12:00:{end}Z"


def test_a_caller_who_leaves_the_queue_is_taken_out_of_it_in_salesforce() -> None:
    """No rep is offered a call whose caller speaks to a machine."""
    salesforce = Salesforce(content={})

    assert called(salesforce, an_event("cancelOmniFlowExecution")) == {"cleared": "true"}
    assert salesforce.asked == [("PATCH", f"{BY_KEY}/clearRouting", None)]


def test_a_caller_who_comes_back_to_the_queue_is_looked_a_rep_for_again() -> None:
    """A cleared call would wait for nobody."""
    salesforce = Salesforce(content={"status": "Success"})

    assert called(salesforce, an_event("rerouteFlowExecution")) == {"rerouted": "true"}
    assert salesforce.asked == [("POST", f"{BY_KEY}/reroute", None)]


def test_a_voicemail_that_is_given_up_is_counted() -> None:
    """The flow has taken its flag away; Salesforce need not be asked."""
    metrics, salesforce = Metrics(), Salesforce()

    assert called(salesforce, an_event("giveUpVoicemail"), metrics=metrics) == {"givenUp": "true"}
    assert metrics.values == {"VoicemailGivenUp": [1]}
    assert salesforce.asked == []


@pytest.mark.parametrize("method", ["createVoiceCall", "cancelOmniFlowExecution"])
def test_what_salesforce_refuses_is_an_error_branch_of_the_flow(method: str) -> None:
    """A failure that looks like an answer would be taken for one."""
    with pytest.raises(VoicemailError):
        called(Salesforce(503), an_event(method))


@pytest.mark.parametrize("method", ["", "createTransferVC", "executeOmniFlow"])
def test_an_unknown_method_is_refused_by_name(method: str) -> None:
    """With the names that there are."""
    with pytest.raises(Rejected, match="beforeRecording"):
        called(Salesforce(), an_event(method))


@pytest.mark.parametrize("event", [{}, {"Details": None}, {"Details": {"ContactData": {"ContactId": ""}}}])
def test_what_is_no_event_of_a_flow_is_refused(event: dict[str, Any]) -> None:
    """Somebody pressed the test button."""
    with pytest.raises(BadVoicemail, match="ContactId"):
        called(Salesforce(), event)


# ----------------------------------------------------------------------------------------------------------- the review


class Stream:
    """A stream of Kinesis Video Streams, from its beginning."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.since: Any = None

    @contextmanager
    def open(self, _stream_arn: str, *, since: Any = None, after_fragment: Any = None) -> Iterator[Iterator[bytes]]:
        self.since = since
        yield iter([self.content])


class Bucket:
    """Keeps a copy of what is put."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.put_there: dict[str, Path] = {}

    def put(self, bucket: str, key: str, path: Path, *, content_type: str) -> None:
        assert content_type == "audio/wav"
        kept = self.folder / f"{len(self.put_there)}.wav"
        kept.write_bytes(path.read_bytes())
        self.put_there[f"{bucket}/{key}"] = kept


def a_stream(*, seconds: int) -> bytes:
    """What a caller said from noon on, a second in each fragment."""
    return b"".join(
        a_fragment(number, a_tone(1), contact_id=CONTACT, at=NOON.timestamp() + number) for number in range(seconds)
    )


def the_reviews(stream: Any, bucket: Bucket) -> Reviews:
    names = iter(["take-1", "take-2"])
    place = S3Folder("ours", "voicemail_reviews")
    return Reviews(media=stream, objects=bucket, place=place, region="eu-central-1", new_id=lambda: next(names))


def test_a_caller_hears_what_was_said_since_the_beep(tmp_path: Path) -> None:
    """As a file that Connect can play, under a new name for every take."""
    stream, bucket = Stream(a_stream(seconds=4)), Bucket(tmp_path)
    reviews = the_reviews(stream, bucket)
    event = an_event(
        "reviewRecording",
        Attributes={"vm_flag": "1", "vm_timestamp": "2026-11-20T12:00:01.500Z"},
        MediaStreams={"Customer": {"Audio": {"StreamARN": "arn:stream", "StartTimestamp": "1795176000000"}}},
    )

    answers = [called(Salesforce(), event, reviews=reviews) for _ in range(2)]

    host = "https://ours.s3.eu-central-1.amazonaws.com/voicemail_reviews"
    assert answers == [{"reviewUri": f"{host}/{CONTACT}-take-{number}.wav"} for number in (1, 2)]
    facts = measure(bucket.put_there[f"ours/voicemail_reviews/{CONTACT}-take-1.wav"])
    assert facts.duration_seconds == pytest.approx(2.5, abs=0.01)
    assert facts.size_bytes < 8000 * 2.5 + 100, "mu-law has one byte a sample"


@pytest.mark.parametrize(
    "streams", [None, {}, {"Customer": {"Audio": None}}, {"Customer": {"Audio": {"StreamARN": None}}}]
)
def test_without_a_stream_there_is_nothing_to_play(streams: Any, tmp_path: Path) -> None:
    """The flow says so and goes on."""
    reviews = the_reviews(Stream(b""), Bucket(tmp_path))
    event = an_event("reviewRecording", MediaStreams=streams, Attributes={"vm_timestamp": "2026-11-20T12:00:00Z"})

    with pytest.raises(BadVoicemail, match="nothing to play"):
        called(Salesforce(), event, reviews=reviews)


# ------------------------------------------------------------------------------------------------------- the deadline


def test_nobody_waits_longer_than_they_may() -> None:
    """Whatever an answer is held up by."""
    over = threading.Event()

    with pytest.raises(Unavailable, match="caller has waited"):
        within(0.05, lambda: over.wait(5))
    over.set()


def test_what_came_too_late_is_not_sent_any_more() -> None:
    """A sandbox stands still between two invocations: a request that waited there would take a voicemail that is
    routed by then out of its queue."""
    salesforce, key_is_there = Salesforce(), threading.Event()

    def key() -> str:
        key_is_there.wait(5)
        return key_pair_of_this_process("flow").private_key_pem

    parts = the_parts(salesforce, key=key, answer_seconds=0.05)
    before = set(threading.enumerate())

    with pytest.raises(Unavailable):
        flow_call.answer(an_event("cancelOmniFlowExecution"), parts, Metrics(), clock=FakeClock())
    (late,) = set(threading.enumerate()) - before
    key_is_there.set()
    late.join(5)

    assert not late.is_alive()
    assert salesforce.asked == []


def test_what_the_work_raises_is_raised() -> None:
    """As if it had not been waited for elsewhere."""
    with pytest.raises(ZeroDivisionError):
        within(5, lambda: 1 / 0)
    assert within(5, lambda: "done") == "done"
