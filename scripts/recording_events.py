"""Lets a bucket tell EventBridge of new recordings, beside whatever it tells whom already.

S3 knows no way to add one notification: every change replaces all of them, so those that are there are read, kept and
read again afterwards. Run it by scripts/enable-recording-events.
"""

from __future__ import annotations

import argparse
import copy
import sys
import time
from collections.abc import Callable
from typing import Any

OURS = "scv-voicemail-recordings"
"""The id of our own notification, where one is wanted."""
PAUSES_SECONDS = (0.0, 1.0, 2.0, 4.0, 8.0)
"""Before each look at what was written: S3 may show a change of a bucket's configuration a moment late."""

EXAMPLE = """
examples:
  scripts/enable-recording-events connect-1234567890ab
  scripts/enable-recording-events connect-1234567890ab --dry-run

A bucket that must not tell EventBridge sends the recordings to the stack's queue (output RecordingEventsQueueArn):
  scripts/enable-recording-events connect-1234567890ab --queue arn:aws:sqs:... --prefix connect/ALIAS/CallRecordings
"""

_CREDENTIALS = "give credentials of the bucket's account: AWS_PROFILE, a role, or `aws sso login`"
FIXES = {
    "NoCredentialsError": _CREDENTIALS,
    "ProfileNotFound": _CREDENTIALS,
    "ExpiredToken": _CREDENTIALS,
    "NoSuchBucket": "take the name from the Connect console: Data storage, Call recordings",
    "AccessDenied": "these credentials need s3:GetBucketNotification and s3:PutBucketNotification on the bucket",
}
"""What to do, by the code of S3 or the kind of error."""


class NotEnabled(Exception):
    """The bucket's notifications are not what they should be; the message says what to do."""


def main(arguments: list[str] | None = None, *, s3: Any = None, sleep: Callable[[float], None] = time.sleep) -> int:
    """The command; 0 is proven, 1 failed."""
    parser = argparse.ArgumentParser(
        prog="scripts/enable-recording-events",
        description="Adds notifications of new recordings to a bucket, keeps all others, and reads them back.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("bucket", help="the bucket of Connect's call recordings")
    parser.add_argument("--queue", default="", metavar="ARN", help="tell this queue, and not EventBridge")
    parser.add_argument("--prefix", default="", help="with --queue: the path of the call recordings")
    parser.add_argument("--dry-run", action="store_true", help="only say what would be done")
    options = parser.parse_args(arguments)
    if bool(options.queue) != bool(options.prefix):
        parser.error("--queue and --prefix belong together")
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - slow, and --help needs none of it

    try:
        print(enable(s3 or _client(), options, sleep=sleep))
    except (NotEnabled, BotoCoreError, ClientError) as error:
        print(f"enable-recording-events: {error}", file=sys.stderr)
        answer: dict[str, Any] = getattr(error, "response", {})
        code = answer.get("Error", {}).get("Code") or type(error).__name__
        if code in FIXES:
            print(f"  fix: {FIXES[code]}", file=sys.stderr)
        return 1
    return 0


def enable(s3: Any, options: argparse.Namespace, *, sleep: Callable[[float], None] = time.sleep) -> str:
    """Add what is missing; what was done, for whoever asked."""
    before = notifications(s3, options.bucket)
    wanted = with_ours(before, queue=options.queue, prefix=options.prefix.strip("/"))
    others = f"{count(before)} other notifications stay as they are"
    if wanted == before:
        return f"{options.bucket}: was on already, nothing is changed"
    if options.dry_run:
        return f"{options.bucket}: would be turned on; {others}"
    s3.put_bucket_notification_configuration(
        Bucket=options.bucket,
        NotificationConfiguration=wanted,
        # S3 would test the destinations of all the others, too, and refuse when one of them is gone.
        SkipDestinationValidation=True,
    )
    after: dict[str, Any] = {}
    for pause in PAUSES_SECONDS:
        sleep(pause)
        if (after := notifications(s3, options.bucket)) == wanted:
            return f"{options.bucket}: is on, as was read back; {others}"
    raise NotEnabled(
        f"{options.bucket} has other notifications now than were written: somebody changed them at the same time."
        f" They were {before}, should be {wanted} and are {after}"
    )


def notifications(s3: Any, bucket: str) -> dict[str, Any]:
    """All that the bucket tells anybody. S3 takes `prefix` and answers `Prefix`, so one of them is chosen."""
    answer: dict[str, Any] = copy.deepcopy(s3.get_bucket_notification_configuration(Bucket=bucket))
    answer.pop("ResponseMetadata", None)
    for one in (one for found in answer.values() if isinstance(found, list) for one in found):
        for rule in one.get("Filter", {}).get("Key", {}).get("FilterRules", ()):
            rule["Name"] = rule["Name"].lower()
    return answer


def with_ours(before: dict[str, Any], *, queue: str, prefix: str) -> dict[str, Any]:
    """The same notifications and ours."""
    if not queue:
        return before if "EventBridgeConfiguration" in before else before | {"EventBridgeConfiguration": {}}
    rules = [{"Name": "prefix", "Value": f"{prefix}/ivr/"}, {"Name": "suffix", "Value": ".wav"}]
    ours = {
        "Id": OURS,
        "QueueArn": queue,
        "Events": ["s3:ObjectCreated:*"],
        "Filter": {"Key": {"FilterRules": rules}},
    }
    queues = before.get("QueueConfigurations", [])
    if ours in queues:
        return before
    return before | {"QueueConfigurations": [*(one for one in queues if one.get("Id") != OURS), ours]}


def count(found: dict[str, Any]) -> int:
    """How many notifications of others there are."""
    return sum(len([one for one in value if one.get("Id") != OURS]) for value in found.values() if value)


def _client() -> Any:
    import boto3  # noqa: PLC0415 - slow, and --help needs none of it

    return boto3.session.Session().client("s3")


if __name__ == "__main__":
    sys.exit(main())
