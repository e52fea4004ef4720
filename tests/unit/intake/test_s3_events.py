"""What S3 says about new objects, in both of its shapes."""

from __future__ import annotations

from typing import Any

import pytest
from scv_voicemail.errors import BadVoicemail
from scv_voicemail.intake.s3_events import WrittenObject, contact_id_of, written_objects

ID = "5324881f-1e84-4367-8930-f69a74b30ca6"
KEY = f"connect/acme/CallRecordings/ivr/2026/11/20/{ID}_20261120T12:00_UTC.wav"


def from_eventbridge(**changes: Any) -> dict[str, Any]:
    return {
        "version": "0",
        "detail-type": "Object Created",
        "source": "aws.s3",
        "detail": {"bucket": {"name": "connect-bucket"}, "object": {"key": KEY, "size": 1154}, "reason": "PutObject"},
    } | changes


def from_s3(*keys: str, name: str = "ObjectCreated:Put") -> dict[str, Any]:
    return {
        "Records": [
            {
                "eventSource": "aws:s3",
                "eventName": name,
                "s3": {"bucket": {"name": "connect-bucket"}, "object": {"key": key, "size": 1154}},
            }
            for key in keys
        ]
    }


def test_eventbridge_gives_keys_as_they_are() -> None:
    """A plus stays a plus, and a percent sign means itself."""
    event = from_eventbridge(detail={"bucket": {"name": "b"}, "object": {"key": "ivr/a+b%2Fc d.wav"}})

    assert written_objects(from_eventbridge()) == (WrittenObject("connect-bucket", KEY),)
    assert written_objects(event) == (WrittenObject("b", "ivr/a+b%2Fc d.wav"),)


def test_s3_itself_gives_keys_encoded() -> None:
    """A colon as %3A, a space as a plus, and a plus as %2B."""
    event = from_s3(KEY.replace(":", "%3A"), "ivr/a+b%2Bc%C3%BC.wav")

    assert written_objects(event) == (
        WrittenObject("connect-bucket", KEY),
        WrittenObject("connect-bucket", "ivr/a b+cü.wav"),
    )


@pytest.mark.parametrize(
    "name", ["ObjectCreated:Put", "s3:ObjectCreated:CompleteMultipartUpload", "ObjectCreated:Copy"]
)
def test_every_way_of_creating_counts(name: str) -> None:
    """Connect writes long recordings in parts."""
    assert len(written_objects(from_s3("a.wav", name=name))) == 1


@pytest.mark.parametrize(
    "event",
    [
        {"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "connect-bucket"},
        from_eventbridge(**{"detail-type": "Object Tags Added"}),
        from_eventbridge(**{"detail-type": "Object Deleted"}),
        from_s3("a.wav", name="ObjectRemoved:Delete"),
        {"Records": []},
    ],
)
def test_what_creates_nothing_is_nothing(event: dict[str, Any]) -> None:
    """Test events and everything else that happens to objects."""
    assert written_objects(event) == ()


@pytest.mark.parametrize(
    "event",
    [
        None,
        "text",
        [],
        {},
        {"Records": "x"},
        {"source": "aws.ec2"},
        from_eventbridge(detail=None),
        from_eventbridge(detail={"bucket": {"name": "b"}, "object": {}}),
        from_eventbridge(detail={"bucket": {"name": ""}, "object": {"key": "k"}}),
        {"Records": [{"eventName": "ObjectCreated:Put"}]},
    ],
)
def test_what_is_no_event_of_s3_is_refused(event: Any) -> None:
    """It may be a recording that somebody announced wrongly: it must not pass for nothing."""
    with pytest.raises(BadVoicemail):
        written_objects(event)


@pytest.mark.parametrize(
    ("key", "found"),
    [
        (KEY, ID),
        (KEY.replace(ID, ID.upper()), ID),
        (f"recordings/of/acme/ivr/2026/11/20/{ID}_20261120T12:00_UTC.wav", ID),
        (f"ivr/{ID}.wav", ID),
        (f"connect/acme/CallRecordings/2026/11/20/{ID}_20261120T12:00_UTC.wav", None),
        (f"connect/acme/CallRecordings/ivr/2026/11/20/{ID}_20261120T12:00_UTC.json", None),
        (f"connect/acme/CallRecordings/ivr/2026/11/20/x{ID}_20261120T12:00_UTC.wav", None),
        (f"connect/acme/CallRecordings/ivr/2026/11/20/{ID}x.wav", None),
        (f"connect/acme/CallRecordings/ivr/{ID}_/more.wav", None),
        (f"voicemail_recordings/{ID}.wav", None),
        ("connect/acme/CallRecordings/ivr/.write_access_check_file.temp", None),
        ("", None),
        (f"{KEY}\n", None),
    ],
)
def test_only_recordings_of_the_automated_part_are_a_contacts(key: str, found: str | None) -> None:
    """By the contact's id at the beginning of the file's name, wherever the customer has put the folder."""
    assert contact_id_of(key) == found
