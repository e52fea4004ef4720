"""Objects in S3."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from scv_voicemail.aws.failures import NOT_THERE
from scv_voicemail.aws.objects import CONFLICT_TRIES, ObjectStore, legal_tags
from scv_voicemail.aws.session import AwsClients
from scv_voicemail.errors import PermissionMissing, Rejected, SettingsInvalid, Unavailable

from tests.aws_clients import REGION
from tests.builders import time_now

BUCKET = "recordings-of-acme"


@pytest.fixture
def client(moto_clients: AwsClients) -> Any:
    """An S3 with one empty bucket."""
    found = moto_clients.client("s3")
    found.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    return found


@pytest.fixture
def objects(client: Any) -> ObjectStore:
    return ObjectStore(client)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "a.wav"
    path.write_bytes(bytes(range(256)) * 1000)
    return path


class FakeS3:
    """Refuses writes with the codes it was given, then takes them; lists in pages; forbids reading."""

    def __init__(self, *refusals: str, pages: list[dict[str, Any]] | None = None) -> None:
        self.refusals = list(refusals)
        self.pages = pages or []
        self.asked: list[dict[str, Any]] = []
        self.written: list[bytes] = []

    def put_object(self, **request: Any) -> None:
        if self.refusals:
            raise self._refusal(self.refusals.pop(0), 409, "PutObject")
        self.written.append(request["Body"].read())

    def list_objects_v2(self, **request: Any) -> dict[str, Any]:
        self.asked.append(request)
        return self.pages[len(self.asked) - 1]

    def head_object(self, **_: Any) -> None:
        raise self._refusal("403", 403, "HeadObject")

    def _refusal(self, code: str, status: int, operation: str) -> ClientError:
        return ClientError(
            {"Error": {"Code": code, "Message": ""}, "ResponseMetadata": {"HTTPStatusCode": status}},  # type: ignore[typeddict-item]
            operation,
        )


def test_a_new_object_comes_with_type_metadata_and_tags(objects: ObjectStore, client: Any, file: Path) -> None:
    """Everything in the one request that writes it, so that no crash leaves it half described."""
    written = objects.put_new(
        BUCKET, "v/a.wav", file, content_type="audio/x-wav", metadata={"sha256": "5f"}, tags={"vm_lang": "en-US"}
    )

    found = client.get_object(Bucket=BUCKET, Key="v/a.wav")
    tags = client.get_object_tagging(Bucket=BUCKET, Key="v/a.wav")["TagSet"]
    assert written is True
    assert (found["ContentType"], found["Metadata"]) == ("audio/x-wav", {"sha256": "5f"})
    assert tags == [{"Key": "vm_lang", "Value": "en-US"}]
    assert found["Body"].read() == file.read_bytes()


def test_the_first_writer_wins(objects: ObjectStore, client: Any, file: Path, tmp_path: Path) -> None:
    """The second learns it, and changes neither bytes nor metadata."""
    other = tmp_path / "b.wav"
    other.write_bytes(b"other")
    objects.put_new(BUCKET, "a.wav", file, content_type="audio/x-wav", metadata={"by": "first"})

    written = objects.put_new(BUCKET, "a.wav", other, content_type="audio/x-wav", metadata={"by": "second"})

    found = client.get_object(Bucket=BUCKET, Key="a.wav")
    assert written is False
    assert found["Metadata"] == {"by": "first"}
    assert found["Body"].read() == file.read_bytes()


def test_two_writers_at_the_same_moment_try_again(file: Path) -> None:
    """A 409 leaves open whose object will be there; the file is sent from its beginning again."""
    s3 = FakeS3("ConditionalRequestConflict")

    written = ObjectStore(s3).put_new("b", "k", file, content_type="audio/x-wav")

    assert written is True
    assert s3.written == [file.read_bytes()]


def test_a_conflict_without_end_is_left_to_the_queue(file: Path) -> None:
    """Nothing here waits for long."""
    s3 = FakeS3(*["ConditionalRequestConflict"] * CONFLICT_TRIES)

    with pytest.raises(Unavailable):
        ObjectStore(s3).put_new("b", "k", file, content_type="audio/x-wav")


def test_a_second_put_replaces(objects: ObjectStore, client: Any, file: Path, tmp_path: Path) -> None:
    """For what a caller records anew."""
    other = tmp_path / "b.wav"
    other.write_bytes(b"take two")
    objects.put(BUCKET, "a.wav", file, content_type="audio/x-wav")

    objects.put(BUCKET, "a.wav", other, content_type="audio/x-wav")

    assert client.get_object(Bucket=BUCKET, Key="a.wav")["Body"].read() == b"take two"


def test_a_key_of_kms_is_named_when_there_is_one(client: Any, file: Path) -> None:
    """Without one the bucket's own default holds."""
    ObjectStore(client, kms_key="alias/voicemail").put(BUCKET, "a.wav", file, content_type="audio/x-wav")

    found = client.head_object(Bucket=BUCKET, Key="a.wav")
    assert (found["ServerSideEncryption"], found["SSEKMSKeyId"]) == ("aws:kms", "alias/voicemail")


def test_a_download_is_the_whole_object(objects: ObjectStore, file: Path) -> None:
    """In blocks, and counted."""
    objects.put(BUCKET, "a.wav", file, content_type="audio/x-wav")
    out = BytesIO()

    count = objects.download(BUCKET, "a.wav", out, max_bytes=1_000_000)

    assert out.getvalue() == file.read_bytes()
    assert count == 256_000


def test_an_object_that_is_too_large_is_not_read(objects: ObjectStore, file: Path) -> None:
    """The disk of a Lambda is small."""
    objects.put(BUCKET, "a.wav", file, content_type="audio/x-wav")
    out = BytesIO()

    with pytest.raises(Rejected, match="256,000 bytes"):
        objects.download(BUCKET, "a.wav", out, max_bytes=255_999)

    assert out.getvalue() == b""


def test_what_is_not_there_is_an_answer_to_a_look_and_a_refusal_to_a_download(objects: ObjectStore) -> None:
    """A bucket that is not there is neither: somebody has to correct a name."""
    assert objects.head(BUCKET, "none.wav") is None
    assert objects.read(BUCKET, "none.json", max_bytes=100) is None
    with pytest.raises(Rejected) as caught:
        objects.download(BUCKET, "none.wav", BytesIO(), max_bytes=100)
    assert caught.value.code in NOT_THERE
    with pytest.raises(SettingsInvalid):
        objects.download("no-such-bucket-anywhere", "a.wav", BytesIO(), max_bytes=100)


def test_a_refused_look_says_what_it_may_mean() -> None:
    """Without s3:ListBucket, S3 answers 403 where 404 would be true."""
    with pytest.raises(PermissionMissing) as caught:
        ObjectStore(FakeS3()).head("b", "k")

    assert "s3:ListBucket" in caught.value.fix


def test_a_look_tells_size_age_and_metadata(objects: ObjectStore, file: Path) -> None:
    """In UTC, whatever zone this machine is in."""
    objects.put_new(BUCKET, "a.wav", file, content_type="audio/x-wav", metadata={"started-at": "now"})

    found = objects.head(BUCKET, "a.wav")

    assert found is not None
    assert (found.key, found.size_bytes, found.metadata) == ("a.wav", 256_000, {"started-at": "now"})
    assert found.last_modified.tzinfo is UTC
    assert abs(time_now() - found.last_modified) < timedelta(minutes=1)


def test_a_small_object_is_read_as_a_whole(objects: ObjectStore, file: Path) -> None:
    """A transcript, for instance."""
    objects.put(BUCKET, "t.json", file, content_type="application/json")

    assert objects.read(BUCKET, "t.json", max_bytes=300_000) == file.read_bytes()


def test_a_listing_goes_through_all_pages_and_keeps_to_its_time() -> None:
    """From the beginning of the window up to, but not at, its end."""
    noon = datetime(2026, 11, 20, 12, tzinfo=UTC)
    contents = [
        {"Key": f"k{minute}", "Size": minute, "LastModified": noon + timedelta(minutes=minute)}
        for minute in (-1, 0, 29, 30)
    ]
    s3 = FakeS3(
        pages=[
            {"Contents": contents[:2], "IsTruncated": True, "NextContinuationToken": "more"},
            {"Contents": contents[2:], "IsTruncated": False},
        ]
    )

    found = list(ObjectStore(s3).listed("b", "p/", since=noon, until=noon + timedelta(minutes=30)))

    assert [one.key for one in found] == ["k0", "k29"]
    assert [request.get("ContinuationToken") for request in s3.asked] == [None, "more"]


def test_an_empty_prefix_lists_nothing(objects: ObjectStore) -> None:
    """S3 then leaves `Contents` out."""
    assert list(objects.listed(BUCKET, "none/")) == []


def test_tags_are_made_legal() -> None:
    """Allowed are letters, digits, spaces and + - = . _ : / @; at most ten, of 256 characters at most."""
    tags = {"a": "Straße/1 +49:_.=-@", "b": "x?&#y", "c": "", "d": "z" * 300, **{f"t{n}": "1" for n in range(20)}}

    legal = legal_tags(tags)

    assert legal["a"] == "Straße/1 +49:_.=-@"
    assert legal["b"] == "x___y"
    assert "c" not in legal
    assert len(legal["d"]) == 256
    assert len(legal) == 10
