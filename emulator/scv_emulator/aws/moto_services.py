"""The services that moto plays, and how their operations are told apart."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.test import Client

_S3_OF_OBJECT = {
    ("GET", ""): "GetObject",
    ("HEAD", ""): "HeadObject",
    ("DELETE", ""): "DeleteObject",
    ("PUT", ""): "PutObject",
    ("POST", "uploads"): "CreateMultipartUpload",
    ("PUT", "uploadId"): "UploadPart",
    ("POST", "uploadId"): "CompleteMultipartUpload",
    ("DELETE", "uploadId"): "AbortMultipartUpload",
    ("GET", "tagging"): "GetObjectTagging",
    ("PUT", "tagging"): "PutObjectTagging",
}
_S3_OF_BUCKET = {
    ("GET", ""): "ListObjects",
    ("GET", "list-type"): "ListObjectsV2",
    ("HEAD", ""): "HeadBucket",
    ("PUT", ""): "CreateBucket",
    ("POST", "delete"): "DeleteObjects",
    ("GET", "location"): "GetBucketLocation",
    ("GET", "notification"): "GetBucketNotificationConfiguration",
    ("PUT", "notification"): "PutBucketNotificationConfiguration",
    ("GET", "encryption"): "GetBucketEncryption",
    ("PUT", "encryption"): "PutBucketEncryption",
    ("GET", "versioning"): "GetBucketVersioning",
    ("PUT", "versioning"): "PutBucketVersioning",
    ("GET", "lifecycle"): "GetBucketLifecycleConfiguration",
    ("PUT", "lifecycle"): "PutBucketLifecycleConfiguration",
    ("GET", "policy"): "GetBucketPolicy",
    ("PUT", "policy"): "PutBucketPolicy",
}
_WRITING = {"PutObject", "CopyObject", "CompleteMultipartUpload"}


def _target(environ: Mapping[str, Any]) -> str:
    return str(environ.get("HTTP_X_AMZ_TARGET", "")).rpartition(".")[2]


def _of_s3(environ: Mapping[str, Any]) -> str:
    method = environ["REQUEST_METHOD"]
    bucket, _, key = str(environ["PATH_INFO"]).lstrip("/").partition("/")
    if not bucket:
        return "ListBuckets"
    asked = [part.partition("=")[0] for part in str(environ.get("QUERY_STRING", "")).split("&")]
    table = _S3_OF_OBJECT if key else _S3_OF_BUCKET
    found = next((table[method, name] for name in [*asked, ""] if (method, name) in table), method)
    if found == "PutObject" and "HTTP_X_AMZ_COPY_SOURCE" in environ:
        return "CopyObject"
    return found


MOTO_SERVICES: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "s3": _of_s3,
    "dynamodb": _target,
    "ssm": _target,
    "secretsmanager": _target,
    "kms": _target,
    "sts": lambda _environ: "",
}
"""Signing name → the operation of a request (WSGI environ); empty where it is in the body."""


def moto_application() -> Callable[..., Iterable[bytes]]:
    """moto's server as a WSGI application, without what an earlier one in this process has left."""
    application = _one_application()
    Client(application).post("/moto-api/reset").close()
    return application


@functools.cache
def _one_application() -> Callable[..., Iterable[bytes]]:
    application: Callable[..., Iterable[bytes]] = DomainDispatcherApplication(create_backend_app)
    return application


def written_object(service: str, operation: str, path: str) -> tuple[str, str] | None:
    """Bucket and key of an object that the operation wrote."""
    if service != "s3" or operation not in _WRITING:
        return None
    bucket, _, key = path.lstrip("/").partition("/")
    return (bucket, key) if key else None
