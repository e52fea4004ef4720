"""A small stack on a local AWS, with functions in this process."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("moto", reason="the local AWS is built on moto, which is not installed")

from scv_emulator.aws import InProcessFunctions, LocalAws

INSTANCE_ARN = "arn:aws:connect:us-east-1:123456789012:instance/0f8fad5b-d9cb-469f-a165-70867728950e"
STREAM_ARN = "arn:aws:kinesis:us-east-1:123456789012:stream/contact-records"
PARAMETERS = {"ConnectInstanceArn": INSTANCE_ARN, "ConnectRecordingsBucketName": "connect-bucket", "Color": "red"}

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Parameters:
  ConnectInstanceArn: {Type: String}
  ConnectRecordingsBucketName: {Type: String}
  Color: {Type: String, AllowedValues: [red, blue], Default: red}
  Nothing: {Type: String, Default: ''}
Conditions:
  IsRed: !Equals [!Ref Color, red]
  HasNothing: !Not [!Equals [!Ref Nothing, '']]
Globals:
  Function:
    Timeout: 20
    Environment:
      Variables:
        COLOR: !Ref Color
        PLACE: !Sub s3://${Bucket}/prefix
        DOORBELL: !Ref Doorbell
        EMPTY: !Ref Nothing
Resources:
  Stored:
    Type: AWS::Serverless::Function
    Properties:
      Handler: handlers.stored
      Events:
        Messages:
          Type: SQS
          Properties: {Queue: !GetAtt Incoming.Arn, BatchSize: 3, FunctionResponseTypes: [ReportBatchItemFailures]}
  Recorded:
    Type: AWS::Serverless::Function
    Properties:
      Handler: handlers.recorded
      Events:
        Records:
          Type: Kinesis
          Properties:
            Stream: STREAM_ARN
            BatchSize: 4
            BisectBatchOnFunctionError: true
            MaximumRetryAttempts: 2
            FunctionResponseTypes: [ReportBatchItemFailures]
            DestinationConfig: {OnFailure: {Type: SQS, Destination: !GetAtt Dead.Arn}}
            FilterCriteria:
              Filters: [{Pattern: '{"data":{"Attributes":{"vm_flag":["1"]}}}'}]
  Finished:
    Type: AWS::Serverless::Function
    Properties:
      Handler: handlers.finished
      EventInvokeConfig: {DestinationConfig: {OnFailure: {Type: SQS, Destination: !GetAtt Dead.Arn}}}
      Events:
        Job:
          Type: EventBridgeRule
          Properties:
            Pattern: {source: [aws.transcribe], detail: {TranscriptionJobName: [{prefix: vm-}]}}
        Minute:
          Type: Schedule
          Properties: {Schedule: rate(1 minute), Input: '{"tick": true}'}
  Ghost:
    Type: AWS::Serverless::Function
    Condition: HasNothing
    Properties: {Handler: handlers.ghost}
  Rule:
    Type: AWS::Events::Rule
    Properties:
      EventPattern:
        source: [aws.s3]
        detail: {bucket: {name: [!Ref ConnectRecordingsBucketName]}, object: {key: [{wildcard: 'in/*.wav'}]}}
      Targets: [{Id: Incoming, Arn: !GetAtt Incoming.Arn}]
  Incoming:
    Type: AWS::SQS::Queue
    Properties:
      VisibilityTimeout: 120
      RedrivePolicy: {deadLetterTargetArn: !GetAtt Dead.Arn, maxReceiveCount: 3}
  Doorbell: {Type: 'AWS::SQS::Queue', Properties: {QueueName: doorbell}}
  Dead: {Type: 'AWS::SQS::Queue'}
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      AttributeDefinitions: [{AttributeName: pk, AttributeType: S}]
      KeySchema: [{AttributeName: pk, KeyType: HASH}]
  Bucket: {Type: 'AWS::S3::Bucket'}
Outputs:
  Place: {Value: !If [IsRed, !Sub 's3://${Bucket}/x', nowhere]}
""".replace("STREAM_ARN", STREAM_ARN)


@functools.cache
def _session() -> Any:
    import boto3

    return boto3.session.Session()


def a_client(aws: LocalAws, service: str) -> Any:
    """A boto3 client as anybody would make it, with a single attempt."""
    from botocore.config import Config

    config = Config(retries={"total_max_attempts": 1}, read_timeout=5)
    keys = {"aws_access_key_id": "somebody", "aws_secret_access_key": "x", "region_name": "us-east-1"}
    return _session().client(service, endpoint_url=aws.url, config=config, **keys)


Handler = Callable[[Any, Any], Any]


class Seen:
    """A handler that remembers its events; `answers` are given in turn, an exception among them is raised."""

    def __init__(self, *answers: Any) -> None:
        self.events: list[Any] = []
        self._answers = list(answers)

    def __call__(self, event: Any, _context: Any) -> Any:
        self.events.append(event)
        answer = self._answers.pop(0) if self._answers else {}
        if isinstance(answer, Exception):
            raise answer
        return answer

    @property
    def bodies(self) -> list[list[str]]:
        """The bodies of each SQS batch."""
        return [[one["body"] for one in event["Records"]] for event in self.events]


@pytest.fixture
def template(tmp_path: Path) -> Path:
    """The small stack's template."""
    path = tmp_path / "template.yaml"
    path.write_text(TEMPLATE, encoding="utf-8")
    return path


Run = Callable[..., AbstractContextManager[LocalAws]]


@pytest.fixture
def run(template: Path) -> Run:
    """Starts the small stack: `with run(Stored=handler) as aws`."""

    @contextmanager
    def start(options: dict[str, Any] | None = None, **handlers: Handler) -> Iterator[LocalAws]:
        with LocalAws(template, PARAMETERS, functions=InProcessFunctions(handlers), **(options or {})) as aws:
            yield aws

    return start
