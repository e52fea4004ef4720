"""One address for all of AWS: who asks for what, and what is broken on request."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError, EndpointConnectionError, ResponseStreamingError
from scv_emulator.faults import FaultInvalid

from tests.unit.emulator.aws.conftest import Run, a_client


def test_a_service_that_is_not_played_is_refused(run: Run) -> None:
    """It must not look as if it worked."""
    with run() as aws, pytest.raises(ClientError) as refused:
        a_client(aws, "kinesis").list_streams()

    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501


def test_an_operation_that_is_not_played_is_refused(run: Run) -> None:
    """With its name."""
    with run() as aws:
        for service, operation, arguments in [
            ("connect", "list_queues", {"InstanceId": "x"}),
            ("transcribe", "list_vocabularies", {}),
            ("sqs", "create_queue", {"QueueName": "x"}),
            ("lambda", "list_functions", {}),
        ]:
            with pytest.raises(ClientError, match="does not do") as refused:
                getattr(a_client(aws, service), operation)(**arguments)
            assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501


def test_motos_services_work_behind_the_door(run: Run) -> None:
    """S3 with conditional writes, DynamoDB with conditions, SSM, Secrets Manager."""
    with run() as aws:
        s3, table, ssm = a_client(aws, "s3"), a_client(aws, "dynamodb"), a_client(aws, "ssm")
        s3.put_object(Bucket="scv-voicemail-bucket", Key="a b+c:1", Body=b"first", IfNoneMatch="*")
        with pytest.raises(ClientError, match="PreconditionFailed"):
            s3.put_object(Bucket="scv-voicemail-bucket", Key="a b+c:1", Body=b"second", IfNoneMatch="*")
        assert s3.get_object(Bucket="scv-voicemail-bucket", Key="a b+c:1")["Body"].read() == b"first"
        assert s3.head_object(Bucket="scv-voicemail-bucket", Key="a b+c:1")["ContentLength"] == 5
        item = {"TableName": "scv-voicemail-Table", "Item": {"pk": {"S": "1"}}}
        table.put_item(**item, ConditionExpression="attribute_not_exists(pk)")
        with pytest.raises(ClientError, match="ConditionalCheckFailed"):
            table.put_item(**item, ConditionExpression="attribute_not_exists(pk)")
        ssm.put_parameter(Name="/key", Value="secret", Type="SecureString")
        assert ssm.get_parameter(Name="/key", WithDecryption=True)["Parameter"]["Value"] == "secret"
        a_client(aws, "secretsmanager").create_secret(Name="key", SecretString="secret")

        told = [(one.service, one.operation, one.status) for one in aws.requests]

    assert told[:4] == [
        ("s3", "PutObject", 200),
        ("s3", "PutObject", 412),
        ("s3", "GetObject", 200),
        ("s3", "HeadObject", 200),
    ]
    assert told[5:] == [
        ("dynamodb", "PutItem", 400),
        ("ssm", "PutParameter", 200),
        ("ssm", "GetParameter", 200),
        ("secretsmanager", "CreateSecret", 200),
    ]


THROTTLED = [
    ("s3", "put_object", {"Bucket": "connect-bucket", "Key": "x", "Body": b"x"}, "SlowDown"),
    ("sqs", "send_message", {"QueueUrl": "x/doorbell", "MessageBody": "x"}, "ThrottlingException"),
    ("dynamodb", "list_tables", {}, "ThrottlingException"),
    ("transcribe", "get_transcription_job", {"TranscriptionJobName": "x"}, "ThrottlingException"),
    ("connect", "describe_contact", {"InstanceId": "x", "ContactId": "y"}, "ThrottlingException"),
]


def test_a_throttled_request_has_the_error_of_its_protocol(run: Run) -> None:
    """XML, JSON and CBOR."""
    with run() as aws:
        for service, operation, arguments, code in THROTTLED:
            name = operation.title().replace("_", "")
            fault = aws.fault("rate_limited", path=f"/{service}/{name}")
            with pytest.raises(ClientError) as refused:
                getattr(a_client(aws, service), operation)(**arguments)

            assert refused.value.response["Error"]["Code"] == code
            assert fault.hits == 1


def test_an_error_can_have_any_code(run: Run) -> None:
    """`status` with a body that names it."""
    with run() as aws:
        aws.fault("status", path="/ssm/*", status=400, body={"__type": "ParameterNotFound", "message": "gone"})
        with pytest.raises(ClientError, match="gone") as refused:
            a_client(aws, "ssm").get_parameter(Name="/key")

    assert refused.value.response["Error"]["Code"] == "ParameterNotFound"


def test_a_connection_can_break_before_and_after_the_work(run: Run) -> None:
    """The client sees the same; S3 knows the difference."""
    with run() as aws:
        s3 = a_client(aws, "s3")
        for kind, key in [("reset_before", "before"), ("reset_after_commit", "after")]:
            aws.fault(kind, path="/s3/PutObject")
            with pytest.raises((ConnectionClosedError, EndpointConnectionError)):
                s3.put_object(Bucket="scv-voicemail-bucket", Key=key, Body=b"x")

        listed = s3.list_objects_v2(Bucket="scv-voicemail-bucket")["Contents"]

    assert [one["Key"] for one in listed] == ["after"]


def test_half_an_object_can_arrive(run: Run) -> None:
    """The length that was announced shows it."""
    with run() as aws:
        aws.account.put_object("scv-voicemail-bucket", "x", b"0123456789")
        aws.fault("half_body", path="/s3/GetObject")
        body = a_client(aws, "s3").get_object(Bucket="scv-voicemail-bucket", Key="x")["Body"]
        with pytest.raises(ResponseStreamingError, match="5 more expected"):
            body.read()


def test_a_fault_that_aws_does_not_have_is_refused(run: Run) -> None:
    """A login page with status 200 is Salesforce's."""
    with run() as aws, pytest.raises(FaultInvalid):
        aws.fault("html_200")


def test_there_is_one_local_aws_in_a_process(run: Run) -> None:
    """moto keeps its state per process; the next one begins empty."""
    with run() as aws:
        aws.account.put_object("connect-bucket", "x", b"x")
        with pytest.raises(RuntimeError, match="already"), run():
            pass
        assert aws.account.get_object("connect-bucket", "x") == b"x"
    with run() as aws, pytest.raises(LookupError):
        aws.account.get_object("connect-bucket", "x")
