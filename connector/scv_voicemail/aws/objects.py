"""Objects in S3: read in blocks, written once, found by age."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlencode

from scv_voicemail.aws.failures import NOT_THERE, our_errors
from scv_voicemail.errors import PermissionMissing, Rejected, Unavailable

BLOCK_BYTES = 64 * 1024
MAX_TAGS = 10
MAX_TAG_CHARACTERS = 256
CONFLICT_TRIES = 3

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html
_NO_TAG_CHARACTER = re.compile(r"[^\w +\-=.:/@]")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredObject:
    """What S3 says about an object; `metadata` only when it was asked about alone, not in a listing."""

    key: str
    size_bytes: int
    last_modified: datetime
    metadata: Mapping[str, str] = field(default_factory=dict)


class ObjectStore:
    """S3 behind a boto3 client.

        objects = ObjectStore(AwsClients().client("s3"))
        with path.open("wb") as file:
            objects.download("bucket", "key.wav", file, max_bytes=100_000_000)

    `kms_key` encrypts what is written; without it the bucket's own default does.
    """

    def __init__(self, client: Any, *, kms_key: str = "") -> None:
        self._client = client
        self._encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": kms_key} if kms_key else {}

    def download(self, bucket: str, key: str, out: BinaryIO, *, max_bytes: int) -> int:
        """Write an object into an open file; how many bytes that were. A larger object is `Rejected` unread."""
        place = f"s3://{bucket}/{key}"
        with _reading(place):
            answer = self._client.get_object(Bucket=bucket, Key=key)
            body = answer["Body"]
            try:
                if answer["ContentLength"] > max_bytes:
                    raise Rejected(
                        f"{place} has {answer['ContentLength']:,} bytes, more than the {max_bytes:,} that are read",
                        service="s3",
                    )
                return sum(out.write(block) for block in body.iter_chunks(BLOCK_BYTES))
            finally:
                body.close()

    def read(self, bucket: str, key: str, *, max_bytes: int) -> bytes | None:
        """A small object as a whole; None when it is not there."""
        content = BytesIO()
        try:
            self.download(bucket, key, content, max_bytes=max_bytes)
        except Rejected as error:
            if error.code in NOT_THERE:
                return None
            raise
        return content.getvalue()

    def head(self, bucket: str, key: str) -> StoredObject | None:
        """An object's size, age and metadata; None when it is not there."""
        place = f"s3://{bucket}/{key}"
        try:
            with _reading(place):
                answer = self._client.head_object(Bucket=bucket, Key=key)
        except Rejected as error:
            if error.code in NOT_THERE:
                return None
            raise
        return StoredObject(
            key=key,
            size_bytes=answer["ContentLength"],
            last_modified=answer["LastModified"].astimezone(UTC),
            metadata=answer.get("Metadata", {}),
        )

    def put_new(
        self,
        bucket: str,
        key: str,
        path: Path,
        *,
        content_type: str,
        metadata: Mapping[str, str] | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> bool:
        """Write a file where nothing is yet; False when something is there, which then stays as it is.

        A ── puts, answer lost ── boto3 puts again: 412, so False, although it is A's own
        B ── puts at the same moment ── 409: neither is there for sure, so B tries again and then knows

        Whoever gets False therefore looks at what is there. Tags need `s3:PutObjectTagging`.
        https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
        """
        options: dict[str, Any] = {"ContentType": content_type, "Metadata": dict(metadata or {}), "IfNoneMatch": "*"}
        if tags:
            options["Tagging"] = urlencode(legal_tags(tags))
        for _ in range(CONFLICT_TRIES):
            try:
                self._put(bucket, key, path, **options)
            except Rejected as error:
                if error.code in ("PreconditionFailed", "412"):
                    return False
                if error.code not in ("ConditionalRequestConflict", "409"):
                    raise
            else:
                return True
        raise Unavailable(f"s3://{bucket}/{key} is being written by others at this moment", service="s3")

    def put(self, bucket: str, key: str, path: Path, *, content_type: str) -> None:
        """Write a file, over whatever is there."""
        self._put(bucket, key, path, ContentType=content_type)

    def listed(
        self, bucket: str, prefix: str, *, since: datetime | None = None, until: datetime | None = None
    ) -> Iterator[StoredObject]:
        """The objects under a prefix that were last written from `since` up to but not at `until`, page by page.

        S3 sorts by key, so every object under the prefix is looked at: keep the prefix as narrow as the time allows.
        """
        request: dict[str, Any] = {"Bucket": bucket, "Prefix": prefix}
        while True:
            with our_errors("s3:ListBucket", of=f"s3://{bucket}/{prefix}"):
                page = self._client.list_objects_v2(**request)
            for one in page.get("Contents", ()):
                changed = one["LastModified"].astimezone(UTC)
                if (since is None or changed >= since) and (until is None or changed < until):
                    yield StoredObject(key=one["Key"], size_bytes=one["Size"], last_modified=changed)
            if not page.get("IsTruncated"):
                return
            request["ContinuationToken"] = page["NextContinuationToken"]

    def has_any(self, bucket: str, prefix: str) -> bool:
        """Whether anything at all lies under a prefix, by one small request."""
        with our_errors("s3:ListBucket", of=f"s3://{bucket}/{prefix}"):
            page = self._client.list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=1)
        return bool(page.get("Contents"))

    def _put(self, bucket: str, key: str, path: Path, **options: Any) -> None:
        with path.open("rb") as file, our_errors("s3:PutObject", of=f"s3://{bucket}/{key}"):
            self._client.put_object(Bucket=bucket, Key=key, Body=file, **self._encryption, **options)


def legal_tags(tags: Mapping[str, str]) -> dict[str, str]:
    """The same tags as S3 takes them: no empty ones, foreign characters replaced, cut to length, at most ten."""
    legal = {name: _NO_TAG_CHARACTER.sub("_", value)[:MAX_TAG_CHARACTERS] for name, value in tags.items() if value}
    return dict(list(legal.items())[:MAX_TAGS])


@contextmanager
def _reading(place: str) -> Iterator[None]:
    """Our errors of a read, and what a 403 may mean: without `s3:ListBucket`, S3 also refuses what is not there."""
    try:
        with our_errors("s3:GetObject", of=place):
            yield
    except PermissionMissing as error:
        error.fix += "; S3 says the same of an object that is not there unless s3:ListBucket is allowed"
        raise
