"""The whole way through AWS on a bad day, in processes like Lambda's: what its logs tell, and what its rights allow."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pytest

pytest.importorskip("moto", reason="the local AWS is built on moto, which is not installed")

from scv_emulator.aws import WorkerFunctions
from scv_emulator.connect.caller import HangUp, Hear, Press, Say, Wait
from scv_emulator.connect.ports import FunctionFailed, SimulatedContact

from tests.lambdas.infrastructure.stack import Stack, as_list, statements
from tests.scenarios.connect_bench import KVS, ROOT, ConnectBench
from tests.scenarios.left_messages import hung_up, sent, speech
from tests.scenarios.planted_secrets import BAD_DAY, CALLER, ECHO, REFUSED, SAID, SIGNED, key_lines, leaks
from tests.scenarios.simulation import held

BEARER = "Bearer abcdefghijklmnopqrstuvwxyz"
QUOTING = f"{SAID} {CALLER} {SIGNED} Authorization: {BEARER}"
"""What a service might quote of a request: what was said, who called, a signed link, a token."""

ATTRIBUTES = {
    "vm_mailbox": "Ada Lovelace",
    "vm_priority": SAID,
    "vm_lang": f"en-US {CALLER}",
    "vm_targets": f"voice_call,{SAID}",
    "vm_note": QUOTING,
    "sfdc-Note__c": SAID,
    f"sfdc-{CALLER} {SAID}": "1",
}
"""Contact attributes of a flow that puts everything it knows into them."""

QUICK = {"RETRY_BASE_SECONDS": "0.1", "PROBE_SECONDS": "0.3"}

OF_LAMBDA = {
    "logs:CreateLogStream": "writes the log",
    "logs:PutLogEvents": "writes the log",
    "xray:PutTraceSegments": "writes traces",
    "xray:PutTelemetryRecords": "writes traces",
    "sqs:ReceiveMessage": "reads the queue",
    "sqs:DeleteMessage": "reads the queue",
    "sqs:GetQueueAttributes": "reads the queue",
    "kinesis:DescribeStream": "reads the stream",
    "kinesis:DescribeStreamSummary": "reads the stream",
    "kinesis:GetRecords": "reads the stream",
    "kinesis:GetShardIterator": "reads the stream",
    "kinesis:ListShards": "reads the stream",
}
"""What Lambda itself does with a function's role, and no request of ours shows."""

SELDOM = {
    "secretsmanager:GetSecretValue": "keys are parameters here",
    "connect:GetContactAttributes": "DescribeContact has told the attributes",
    "connect:DescribeQueue": "the flows name the queue",
    "connect:DescribeUser": "for reps' own queues",
    "s3:ListBucket": "makes S3 say 404 of what is not there; only the sweep lists",
    "s3:PutObjectTagging": "PutObject brings the tags along",
    "dynamodb:BatchGetItem": "all functions have one policy for the journal; only the sweep looks at many runs",
}
"""What the code does, though not with what is played here; tests of the code itself do."""

OF_OTHERS = {
    ("DeliverFunction", "s3:PutObject"): "Transcribe writes the transcript with this right",
    ("ContactRecordFunction", "connect:DescribeContact"): "all intakes have one policy",
}

ACTIONS = {
    "s3:HeadObject": ("s3:GetObject",),
    "s3:ListObjectsV2": ("s3:ListBucket",),
    "dynamodb:TransactWriteItems": ("dynamodb:PutItem",),
    "kinesis-video-media:GetMedia": ("kinesisvideo:GetMedia",),
}
"""The IAM actions of requests that are not called as they are."""


@dataclass(frozen=True, kw_only=True)
class Played:
    """What is left of the day: `log` by function, `failed` are the errors that Lambda told others of."""

    log: dict[str, list[str]]
    failed: list[str]
    calls: set[tuple[str, str]]
    states: dict[str, list[str]]
    secrets: list[str]


def a_talkative_caller(bench: ConnectBench) -> SimulatedContact:
    contact = bench.caller()
    contact.customer_number, contact.queue_name = CALLER, f"Queue of {SAID}"
    contact.attributes.update(ATTRIBUTES)
    return contact


def live_through_a_bad_day(bench: ConnectBench) -> dict[str, str]:
    """Calls of every kind, while everybody refuses and quotes; the contact ids by what is special about them."""
    aws, org, script = bench.aws, bench.org, bench.aws.account.transcribe.script
    script.text = SAID

    def refuse(path: str, code: str, *, status: int = 400, **more: Any) -> None:
        aws.fault("status", path=path, status=status, body={"__type": code, "message": QUOTING}, **more)

    calls = {}
    for name, how, module in (
        ("recorded", sent, "voicemail_module"),
        ("streamed", hung_up, KVS),
        ("parked", sent, "voicemail_module"),
        ("lost", sent, "voicemail_module"),
    ):
        contact = a_talkative_caller(bench)
        if name == "recorded":
            for fault in BAD_DAY:
                org.fault(**fault)
            refuse("/dynamodb/*", "InternalServerError", status=500, times=7, skip=25)
            refuse("/connect/*", "AccessDeniedException", status=403, times=2)
            refuse("/ssm/*", "AccessDeniedException")
        if name == "streamed":
            del contact.attributes["vm_targets"]
            script.failures[contact.contact_id] = QUOTING
            refuse("/s3/PutObject", "AccessDenied", status=403)
            refuse("/kinesisvideo/*", "ClientLimitExceededException")
        if name == "parked":
            org.fault(**REFUSED)
            refuse("/transcribe/Start*", "BadRequestException")
        if name == "lost":
            for hop in ("rule:RecordingStoredRule", "contact-record"):
                aws.disturb(hop, "lose")
        bench.call(how(speech(name)), contact=contact, module=module)
        aws.settle()
        aws.clear_faults()
        org.clear_faults()
        calls[name] = contact.contact_id
    review = [Hear("beep"), Say(speech("review")), Wait(0.2), Press("#"), Hear("press 1"), Press("1"), Wait(8)]
    bench.call([*review, Press("0"), Wait(5), HangUp()], contact=a_talkative_caller(bench), module=KVS)
    bench.heal()
    return calls


def what_nobody_should_send(bench: ConnectBench) -> Iterator[str]:
    """Messages, records and events that are none, all of them full of secrets; the errors that were raised."""
    aws = bench.aws
    for queue in ("RecordingEventsQueue", "DoorbellQueue"):
        for body in (QUOTING, json.dumps({"voicemailId": CALLER}), json.dumps({"Records": [QUOTING]})):
            aws.account.queues.send(aws.account.queues.of_name(queue), body)
    aws.settle()
    flow: dict[str, Any] = {"ContactData": {"ContactId": QUOTING, "Attributes": ATTRIBUTES, "CustomerEndpoint": ECHO}}
    record = {"kinesis": {"sequenceNumber": "1", "data": QUOTING}, "eventSourceARN": "arn:aws:kinesis:::stream/x"}
    for function, event in (
        ("FlowCallFunction", {"Details": flow | {"Parameters": {"methodName": QUOTING}}}),
        ("FlowCallFunction", {"Details": flow | {"Parameters": {"methodName": "createVoiceCall"}}}),
        ("FlowCallFunction", {"Details": flow | {"Parameters": {"methodName": "reviewRecording"}}}),
        ("FlowCallFunction", {"Details": QUOTING}),
        ("ContactRecordFunction", {"Records": [record]}),
        ("ContactRecordFunction", {QUOTING: QUOTING}),
        ("RecordingStoredFunction", {"source": "aws.s3", "detail-type": "Object Created", "detail": QUOTING}),
        ("TranscriptionFinishedFunction", {"detail": {QUOTING: QUOTING}}),
        ("DeliverFunction", {"Records": QUOTING}),
        ("SweepFunction", {"reconcile": QUOTING}),
    ):
        try:
            aws.invoke(function, event)
        except FunctionFailed as error:
            yield str(error)


@pytest.fixture(scope="module")
def played() -> Played:
    functions = WorkerFunctions(python_path=[ROOT / "connector", ROOT / "lambdas"], patience=4)
    with ConnectBench(functions=functions, settings=QUICK, parameters={"LogLevel": "DEBUG"}) as bench:
        calls = live_through_a_bad_day(bench)
        failed = list(what_nobody_should_send(bench))
        names = bench.aws.account.stack.functions
        requests = {(one.caller.rpartition("-")[0], f"{one.service}:{one.operation}") for one in bench.aws.requests}
        return Played(
            log={name: bench.aws.log(name) for name in names},
            failed=failed + [one.outcome for one in bench.aws.deliveries],
            calls={(function, action) for function, called in requests for action in ACTIONS.get(called, (called,))},
            states={name: [run.state.value for run in bench.runs(contact_id)] for name, contact_id in calls.items()},
            secrets=[BEARER.partition(" ")[2], *key_lines(bench.org.env())],
        )


def test_the_day_was_bad(played: Played) -> None:
    """What follows would otherwise prove nothing."""
    assert played.states == {
        "recorded": ["delivered"],
        "streamed": ["delivered"],
        "parked": ["parked"],
        "lost": ["delivered"],
    }
    told = "\n".join(line for lines in played.log.values() for line in lines)
    for something in (
        '"level": "debug"',
        "the call could not be marked before the beep: PermissionMissing",
        "PermissionMissing [service connect, HTTP 403",
        "Unavailable [service journal, HTTP 500",
        "RateLimited [service kinesisvideo, HTTP 400",
        "PermissionMissing [service s3, HTTP 403",
        "parked at route: Rejected [service telephony, HTTP 400",
        "was put among the dead letters",
        "HandlerFailed: KeyError",
    ):
        assert something in told
    assert any("HandlerFailed: Rejected" in one for one in played.failed)


def test_no_line_of_any_function_tells_a_secret(played: Played) -> None:
    """At DEBUG, with what a function prints, what Lambda prints of its errors, and what others learn of them."""
    for name, lines in played.log.items():
        assert lines, f"{name} has written nothing"
        told = [(line, found) for line in lines if (found := leaks(line, *played.secrets))]
        assert told == [], name
    assert [one for one in played.failed if leaks(one, *played.secrets)] == []


def test_every_line_is_json_of_ours(played: Played) -> None:
    """boto3's own lines at DEBUG hold headers, bodies and keys: no level of ours lets them through."""
    strange = set()
    for lines in played.log.values():
        for line in lines:
            with suppress(ValueError):
                told = json.loads(line)
                if "_aws" not in told and not told["logger"].startswith("scv_voicemail"):
                    strange.add(told["logger"])

    assert strange == set()


def allowed() -> set[tuple[str, str]]:
    """What the template allows each function, with all branches."""
    stack = Stack()
    return {
        (name, action)
        for name, function in stack.functions().items()
        for statement in statements(stack, function["Role"].strip("<>").removesuffix(".Arn"))
        for action in as_list(statement["Action"])
    }


def test_whatever_was_asked_of_aws_is_allowed(played: Played) -> None:
    """A right that is missing would show at the first voicemail, and only on AWS."""
    assert played.calls - allowed() == set()


def test_whatever_is_allowed_was_asked_or_has_its_reason(played: Played) -> None:
    """A right that nobody needs is a right for whoever breaks in."""
    unused = {(name, action) for name, action in allowed() - played.calls if action not in OF_LAMBDA | SELDOM}

    assert unused - OF_OTHERS.keys() == set()


def test_with_redaction_the_whole_words_are_nowhere() -> None:
    """Neither in our bucket nor in the journal, and nobody in Salesforce reads them."""
    with ConnectBench(parameters={"TranscribeRedact": "ALL"}) as bench:
        contact = bench.caller()
        bench.aws.account.transcribe.script.text = "My PIN is 4711. Please call me back."
        bench.call(sent(speech("redacted")), contact=contact)
        bench.aws.settle()
        found = bench.s3.list_objects_v2(Bucket=bench.bucket, Prefix="voicemail_transcripts/")["Contents"]
        written = [bench.aws.account.get_object(bench.bucket, one["Key"]).decode() for one in found]
        voicemail = bench.journal.voicemail(contact.contact_id)
        told = " ".join(one["_text"] for one in held(bench.org.state(), contact.contact_id).entries)

    assert voicemail is not None
    for text in (*written, json.dumps(voicemail.to_dict()), told):
        assert "My PIN is [PII]" in text
        assert "4711" not in text
