"""Each function may do what its code calls, and nothing else; every exception has its reason here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from scv_voicemail.transcription.amazon_transcribe import JOB_PREFIX

from tests.lambdas.infrastructure.stack import REPOSITORY, Stack, as_list, load, statements

LOG = {"logs:CreateLogStream", "logs:PutLogEvents"}
TRACE = {"xray:PutTraceSegments", "xray:PutTelemetryRecords"}
JOURNAL = {"dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query", "dynamodb:PutItem"}
RING = {"sqs:SendMessage"}
QUEUE = {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ChangeMessageVisibility"}
STREAM = {
    "kinesis:DescribeStream",
    "kinesis:DescribeStreamSummary",
    "kinesis:GetRecords",
    "kinesis:GetShardIterator",
    "kinesis:ListShards",
}
CONTACT = {
    "connect:DescribeContact",
    "connect:GetContactAttributes",
    "connect:DescribeQueue",
    "connect:DescribeUser",
}
RECORDING = {"s3:GetObject", "s3:PutObject", "s3:PutObjectTagging", "s3:ListBucket"}
MEDIA = {"kinesisvideo:GetDataEndpoint", "kinesisvideo:GetMedia"}
KEYS = {"ssm:GetParameter", "secretsmanager:GetSecretValue"}
TRANSCRIPT = {"s3:GetObject", "s3:PutObject", "s3:ListBucket"}
TRANSCRIBE = {"transcribe:StartTranscriptionJob", "transcribe:GetTranscriptionJob"}

CALLED: dict[str, set[str]] = {
    "RecordingStoredFunction": LOG | TRACE | JOURNAL | RING | QUEUE | CONTACT | RECORDING,
    "ContactRecordFunction": LOG | TRACE | JOURNAL | RING | STREAM | CONTACT | RECORDING | MEDIA,
    "TranscriptionFinishedFunction": LOG | TRACE | JOURNAL | RING,
    "DeliverFunction": LOG | TRACE | JOURNAL | RING | QUEUE | KEYS | TRANSCRIBE | TRANSCRIPT,
    "SweepFunction": LOG | TRACE | JOURNAL | RING | CONTACT | RECORDING,
    "FlowCallFunction": LOG | TRACE | KEYS | MEDIA | {"s3:PutObject"},
}
"""What the code of each function calls, and what Lambda does on its behalf (reading queue and stream, log, trace)."""

EVERYWHERE = {
    "xray:PutTraceSegments": "X-Ray knows no resources for it",
    "xray:PutTelemetryRecords": "X-Ray knows no resources for it",
    "transcribe:StartTranscriptionJob": "Transcribe knows no resources for it; the output bucket is its condition",
}
"""The actions that may name every resource.

https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

KEYED = {"KmsKeyArn": "arn:aws:kms:eu-central-1:1:key/1", "ConnectKmsKeyArn": "arn:aws:kms:eu-central-1:1:key/2"}
VARIANTS = [{}, KEYED, {"OauthKeySource": ""}]


def all_statements(**parameters: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every function and each statement of its role."""
    stack = Stack(**parameters)
    for name, function in stack.functions().items():
        role = function["Role"].strip("<>").removesuffix(".Arn")
        yield from ((name, statement) for statement in statements(stack, role))


def test_each_function_has_a_role_of_its_own() -> None:
    """A role that is shared is as wide as its widest user."""
    roles = [function["Role"] for function in Stack().functions().values()]

    assert len(set(roles)) == len(roles) == 6


def test_each_function_may_do_what_it_calls_and_no_more() -> None:
    """In all variants, so that all branches of the policies are seen; KMS is looked at below."""
    allowed: dict[str, set[str]] = {name: set() for name in CALLED}
    for variant in VARIANTS:
        for name, statement in all_statements(**variant):
            allowed[name] |= {one for one in as_list(statement["Action"]) if not one.startswith("kms:")}

    assert allowed == CALLED


@pytest.mark.parametrize("variant", VARIANTS, ids=str)
def test_nobody_may_do_everything(variant: dict[str, Any]) -> None:
    """No action with a star, nothing but Allow, and only known exceptions over all resources."""
    for name, statement in all_statements(**variant):
        actions = as_list(statement["Action"])
        resources = as_list(statement["Resource"])

        assert statement["Effect"] == "Allow"
        assert not [one for one in actions if "*" in one], name
        assert "NotAction" not in statement
        assert "NotResource" not in statement
        if "*" in resources:
            assert set(actions) <= EVERYWHERE.keys(), name
        else:
            assert not [one for one in resources if re.fullmatch(r"arn:[^/]*\*", one)], name


def test_transcripts_can_only_be_written_into_our_bucket() -> None:
    """What stands for a resource where Transcribe has none."""
    starts = [one for _, one in all_statements() if "transcribe:StartTranscriptionJob" in as_list(one["Action"])]

    assert [one["Condition"] for one in starts] == [
        {"StringEquals": {"transcribe:OutputBucketName": "<RecordingsBucket>"}}
    ]


def test_only_our_own_transcription_jobs_are_read() -> None:
    """Other products of the account transcribe, too."""
    reads = [one for _, one in all_statements() if "transcribe:GetTranscriptionJob" in as_list(one["Action"])]

    assert [one["Resource"].rpartition("/")[2] for one in reads] == [f"{JOB_PREFIX}*"]


def test_connects_recordings_are_only_read() -> None:
    """And only IVR recordings: calls with reps lie beside them."""
    theirs = [
        (action, resource)
        for _, statement in all_statements()
        for action in as_list(statement["Action"])
        for resource in as_list(statement["Resource"])
        if "connect-recordings" in resource
    ]

    assert set(theirs) == {
        ("s3:GetObject", "arn:aws:s3:::connect-recordings/connect/acme/CallRecordings/ivr/*"),
        ("s3:ListBucket", "arn:aws:s3:::connect-recordings"),
    }


def test_only_the_two_buckets_of_recordings_are_listed() -> None:
    """Ours, and the one that is looked through for what no event has told of."""
    listed = [as_list(one["Resource"]) for _, one in all_statements() if "s3:ListBucket" in as_list(one["Action"])]

    assert {bucket for buckets in listed for bucket in buckets} == {
        "<RecordingsBucket.Arn>",
        "arn:aws:s3:::connect-recordings",
    }


@pytest.mark.parametrize(("oauth_key", "names"), [("secretsmanager:acme/app-key", 2), ("", 1)])
def test_a_private_key_is_read_by_its_name(oauth_key: str, names: int) -> None:
    """The very parameter or secret, and not its neighbours."""
    resources = {
        resource
        for _, statement in all_statements(OauthKeySource=oauth_key)
        if KEYS & set(as_list(statement["Action"]))
        for resource in as_list(statement["Resource"])
    }

    assert len(resources) == 2 * names
    assert "arn:aws:ssm:eu-central-1:123456789012:parameter/acme/contact-center-key" in resources
    assert ("arn:aws:secretsmanager:eu-central-1:123456789012:secret:acme/app-key-??????" in resources) == (names == 2)


def test_a_kms_key_is_only_used_through_the_service_that_needs_it() -> None:
    """Nobody decrypts anything by hand, and nobody encrypts with Connect's key."""
    uses = [one for _, one in all_statements(**KEYED) if "kms:Decrypt" in as_list(one["Action"])]

    assert uses
    for use in uses:
        assert use["Condition"]["StringEquals"]["kms:ViaService"]
        if use["Resource"] == KEYED["ConnectKmsKeyArn"]:
            assert as_list(use["Action"]) == ["kms:Decrypt"]


def test_every_call_to_aws_in_the_code_is_in_the_table_above() -> None:
    """A new call without a right would fail at the first voicemail, and only on AWS."""
    called = {
        method
        for place in CALLERS
        for path in REPOSITORY.glob(place)
        for method in re.findall(CALL, path.read_text(encoding="utf-8"))
    }
    names = {"list_objects_v2": "ListBucket", "head_object": "GetObject", "transact_write_items": "PutItem"}
    actions = {names.get(one) or "".join(part.title() for part in one.split("_")) for one in called - NO_CALLS}

    assert actions <= {action.partition(":")[2] for allowed in CALLED.values() for action in allowed}
    assert {"GetMedia", "PutObject", "SendMessage", "StartTranscriptionJob", "DescribeContact"} <= actions


CALLERS = (
    "connector/scv_voicemail/aws/*.py",
    "connector/scv_voicemail/journal/dynamodb_table.py",
    "connector/scv_voicemail/*wiring.py",
    "lambdas/scv_voicemail_lambdas/*.py",
)
CALL = r'(?:_client|client\("[a-z-]+"\)|control|data)\.([a-z0-9_]+)\('
NO_CALLS = {"close", "get_waiter", "create_table", "get_paginator"}
"""Methods of clients that are no request, or that only the command line makes (`journal create`)."""


# -------------------------------------------------------------------------------------------- policies of resources


def test_nobody_from_outside_writes_to_our_queues() -> None:
    """EventBridge by our own rules, S3 from Connect's bucket of this account."""
    policies = Stack().resources("AWS::SQS::QueuePolicy")

    for policy in policies.values():
        for statement in policy["PolicyDocument"]["Statement"]:
            sources = as_list(statement["Condition"]["ArnEquals"]["aws:SourceArn"])
            assert statement["Effect"] == "Allow"
            assert statement["Action"] == "sqs:SendMessage"
            assert set(statement["Principal"]) == {"Service"}
            assert not [one for one in sources if "*" in one]


def test_the_rules_that_have_dead_letters_may_write_them() -> None:
    """And no other rule of the account; CloudFormation may cut the stack's name short in theirs."""
    stack = Stack()
    (statement,) = stack.resources("AWS::SQS::QueuePolicy")["DeadLetterQueuePolicy"]["PolicyDocument"]["Statement"]
    rules = {"RecordingStoredRule"} | {
        f"{name}{event}"
        for name, function in stack.functions().items()
        for event, source in function.get("Events", {}).items()
        if "DeadLetterConfig" in source["Properties"]
    }

    assert set(statement["Condition"]["ArnEquals"]["aws:SourceArn"]) == {f"<{rule}.Arn>" for rule in rules}
    assert len(rules) == 3


def test_the_recordings_are_for_encrypted_connections_only() -> None:
    """And of strangers only Connect's own instance reads, what it plays to the caller."""
    policy = Stack().resources("AWS::S3::BucketPolicy")["RecordingsBucketPolicy"]["PolicyDocument"]["Statement"]
    denied = [one for one in policy if one["Effect"] == "Deny"]
    allowed = [one for one in policy if one["Effect"] == "Allow"]

    assert [one["Condition"] for one in denied] == [{"Bool": {"aws:SecureTransport": "false"}}]
    assert denied[0]["Principal"] == "*"
    for one in allowed:
        assert one["Principal"] == {"Service": "connect.amazonaws.com"}
        assert one["Condition"]["StringEquals"] == {"aws:SourceAccount": "123456789012"}
        assert one["Condition"]["ArnEquals"]["aws:SourceArn"].startswith("arn:aws:connect:")
        assert "voicemail_reviews/" in str(one["Resource"]) + str(one["Condition"])


def test_the_bucket_is_not_public() -> None:
    """All four locks."""
    bucket = Stack().resources("AWS::S3::Bucket")["RecordingsBucket"]

    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}


def test_no_policy_of_aws_widens_a_role() -> None:
    """AWS's managed policies name all resources; ours are in the template."""
    for name, resource in load("template.yaml")["Resources"].items():
        if resource["Type"] == "AWS::IAM::Role":
            assert "arn:aws:iam::aws:policy" not in str(resource), name
        if resource["Type"] == "AWS::Serverless::Function":
            assert "Policies" not in resource["Properties"], name
