"""Connect's bucket tells of recordings afterwards, and still tells everybody else what it told before."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from botocore.exceptions import ClientError

from scripts import recording_events

BUCKET = "connect-recordings"
QUEUE = "arn:aws:sqs:us-east-1:123456789012:RecordingEvents"
LENS = {
    "Id": "lens",
    "TopicArn": "arn:aws:sns:us-east-1:123456789012:lens",
    "Events": ["s3:ObjectCreated:*"],
    "Filter": {"Key": {"FilterRules": [{"Name": "Prefix", "Value": "Analysis/"}]}},
}


class S3:
    """One bucket's notifications as S3 keeps them: replaced as a whole, shown late, names of rules capitalized."""

    def __init__(self, *, late: int = 0) -> None:
        self.kept: dict[str, Any] = {"TopicConfigurations": [LENS]}
        self.puts = 0
        self._shown = self.kept
        self._late = late

    def get_bucket_notification_configuration(self, *, Bucket: str) -> dict[str, Any]:  # noqa: N803 - as boto3 has it
        if Bucket != BUCKET:
            raise ClientError(
                {"Error": {"Code": "NoSuchBucket", "Message": "no"}}, "GetBucketNotificationConfiguration"
            )
        if self._late > 0:
            self._late -= 1
        else:
            self._shown = self.kept
        return {"ResponseMetadata": {"HTTPStatusCode": 200}, **copy.deepcopy(self._shown)}

    def put_bucket_notification_configuration(
        self,
        *,
        Bucket: str,  # noqa: N803 - as boto3 has it
        NotificationConfiguration: dict[str, Any],  # noqa: N803 - as boto3 has it
        SkipDestinationValidation: bool,  # noqa: N803 - as boto3 has it
    ) -> None:
        assert (Bucket, SkipDestinationValidation) == (BUCKET, True)
        self.puts += 1
        self.kept = copy.deepcopy(NotificationConfiguration)
        for one in (one for found in self.kept.values() if isinstance(found, list) for one in found):
            for rule in one.get("Filter", {}).get("Key", {}).get("FilterRules", ()):
                rule["Name"] = rule["Name"].title()


def run(s3: Any, *arguments: str) -> int:
    """The command, without waiting."""
    return recording_events.main([BUCKET, *arguments], s3=s3, sleep=lambda _seconds: None)


@pytest.fixture
def s3() -> S3:
    """A bucket with a notification of somebody else."""
    return S3()


def test_eventbridge_is_added_to_what_is_there(s3: S3, capsys: pytest.CaptureFixture[str]) -> None:
    """The other notification is as it was."""
    code = run(s3)

    assert code == 0
    assert s3.kept == {"TopicConfigurations": [LENS], "EventBridgeConfiguration": {}}
    assert "1 other notifications stay" in capsys.readouterr().out


def test_a_second_time_changes_nothing(s3: S3, capsys: pytest.CaptureFixture[str]) -> None:
    """And says so."""
    run(s3)
    run(s3)

    assert s3.puts == 1
    assert "was on already" in capsys.readouterr().out


def test_a_dry_run_changes_nothing(s3: S3, capsys: pytest.CaptureFixture[str]) -> None:
    """It only tells."""
    code = run(s3, "--dry-run")

    assert (code, s3.puts) == (0, 0)
    assert "would be turned on" in capsys.readouterr().out


def test_a_change_that_shows_late_is_waited_for() -> None:
    """S3 promises no more for the configuration of buckets."""
    assert run(S3(late=3)) == 0


def test_the_queue_is_told_of_ivr_recordings_only(s3: S3) -> None:
    """For a bucket that must not tell EventBridge; another queue's place is taken, and the others stay."""
    run(s3, "--queue", f"{QUEUE}-old", "--prefix", "connect/acme/CallRecordings")

    code = run(s3, "--queue", QUEUE, "--prefix", "connect/acme/CallRecordings/")

    (ours,) = s3.kept["QueueConfigurations"]
    assert code == 0
    assert ours["QueueArn"] == QUEUE
    assert ours["Filter"]["Key"]["FilterRules"] == [
        {"Name": "Prefix", "Value": "connect/acme/CallRecordings/ivr/"},
        {"Name": "Suffix", "Value": ".wav"},
    ]
    assert s3.kept["TopicConfigurations"] == [LENS]
    assert "EventBridgeConfiguration" not in s3.kept


class SomebodyElse(S3):
    """An S3 whose notifications another administrator replaces right after we have written ours."""

    def put_bucket_notification_configuration(self, **request: Any) -> None:
        super().put_bucket_notification_configuration(**request)
        self.kept = {"TopicConfigurations": [LENS | {"Id": "theirs"}]}


def test_a_change_at_the_same_time_is_found_out(capsys: pytest.CaptureFixture[str]) -> None:
    """S3 has no conditional write here; what is read back decides, and both states are shown."""
    code = run(SomebodyElse())

    said = capsys.readouterr().err
    assert code == 1
    assert "somebody changed them at the same time" in said
    assert "theirs" in said


def test_a_bucket_that_is_not_there_is_told(s3: S3, capsys: pytest.CaptureFixture[str]) -> None:
    """With S3's own words, where to find the right name, and no traceback."""
    code = recording_events.main(["nobody-has-this"], s3=s3)

    said = capsys.readouterr().err
    assert code == 1
    assert "NoSuchBucket" in said
    assert "fix: take the name from the Connect console" in said


def test_half_a_question_is_a_usage_error() -> None:
    """A queue without a prefix would get every object of the bucket."""
    with pytest.raises(SystemExit) as ended:
        recording_events.main([BUCKET, "--queue", QUEUE])

    assert ended.value.code == 2
