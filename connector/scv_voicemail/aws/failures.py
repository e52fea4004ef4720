"""Turns what boto3 raises into our errors: what was asked of whom, what AWS said, and what to do about it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from scv_voicemail.bounds import wait_seconds
from scv_voicemail.errors import (
    Misconfigured,
    PermissionMissing,
    RateLimited,
    Rejected,
    SettingsInvalid,
    Unavailable,
    VoicemailError,
)

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

NOT_THERE = frozenset({"404", "NoSuchKey", "NotFound", "ParameterNotFound", "ResourceNotFoundException"})
"""Codes of a `Rejected` that say: what was asked for is not there. What that means is the caller's business."""

_THROTTLED = frozenset(
    {"Throttling", "ThrottlingException", "ThrottledException", "RequestThrottled", "RequestThrottledException"}
    | {"TooManyRequestsException", "RequestLimitExceeded", "LimitExceededException", "SlowDown"}
    | {"ClientLimitExceededException", "ConnectionLimitExceededException", "ProvisionedThroughputExceededException"}
    | {"KMS.ThrottlingException", "KmsThrottled"}
)
_TRANSIENT = frozenset(
    {"RequestTimeout", "InternalError", "InternalFailure", "InternalServiceException", "InternalServerError"}
    | {"InternalServiceError", "InternalServiceFault", "ServiceUnavailable", "ServiceUnavailableException"}
)
_DENIED = frozenset(
    {"AccessDenied", "AccessDeniedException", "NotAuthorizedException", "UnauthorizedOperation", "Forbidden", "403"}
    | {"KMS.AccessDeniedException", "KmsAccessDenied", "KMSAccessDeniedException"}
)
_STRANGERS = frozenset(
    {"UnrecognizedClientException", "InvalidClientTokenId", "InvalidAccessKeyId", "MissingAuthenticationToken"}
    | {"MissingAuthenticationTokenException", "SignatureDoesNotMatch", "InvalidSignatureException", "InvalidToken"}
    | {"IncompleteSignature", "IncompleteSignatureException", "ExpiredToken", "ExpiredTokenException"}
    | {"RequestExpired", "RequestTimeTooSkewed"}
)
_NO_SUCH_PLACE = frozenset(
    {"NoSuchBucket", "QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue", "InvalidAddress"}
    | {"PermanentRedirect", "301", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException"}
)
_KEY_TROUBLE = re.compile(r"kms|DecryptionFailure|EncryptionFailure", re.IGNORECASE)

_LOST = frozenset(
    {"HTTPClientError", "ConnectionError", "ResponseStreamingError", "IncompleteReadError", "ChecksumError"}
    | {"FlexibleChecksumError", "CredentialRetrievalError", "MetadataRetrievalError"}
)
_UNSET = frozenset(
    {"NoCredentialsError", "PartialCredentialsError", "NoRegionError", "ProfileNotFound", "InvalidRegionError"}
)
_MAX_TEXT = 300


@contextmanager
def our_errors(action: str, *, of: str = "") -> Iterator[None]:
    """Raise our errors instead of boto3's.

    `action` is the IAM action (`s3:GetObject`), `of` what it is done to; both end up in messages and logs. What is not
    there (`NOT_THERE`) is a `Rejected` with that code: only the caller knows whether that is an answer or a fault.
    Source: https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html and the services' own lists.
    """
    from botocore.exceptions import (  # noqa: PLC0415 - slow to import, and an extra
        BotoCoreError,
        ClientError,
        ParamValidationError,
    )

    try:
        yield
    except ClientError as error:
        raise _refused(error, action, of) from error
    except ParamValidationError:
        # Not chained: it quotes what was sent.
        raise Rejected(f"{_asked(action, of)}: boto3 does not take these values", service=_service(action)) from None
    except BotoCoreError as error:
        raise _unanswered(error, action, of) from error


def _refused(error: ClientError, action: str, of: str) -> VoicemailError:
    """AWS's own refusal in our words."""
    answer: Any = error.response
    about = answer.get("ResponseMetadata", {})
    code, status = str(answer.get("Error", {}).get("Code", "")), about.get("HTTPStatusCode")
    said = " ".join(str(answer.get("Error", {}).get("Message", "")).split())[:_MAX_TEXT]
    kind, fix = _kind(code, status or 0, said, action=action, of=of)
    context: dict[str, Any] = {
        "service": _service(action),
        "code": code,
        "status": status,
        "request_id": str(about.get("RequestId", "")),
        "fix": fix,
    }
    if kind is RateLimited:
        asked = str(about.get("HTTPHeaders", {}).get("retry-after", ""))
        context["retry_after_seconds"] = wait_seconds(asked, now=datetime.now(UTC))
    return kind(f"{_asked(action, of)}: {said or 'refused without a reason'}", **context)


def _kind(code: str, status: int, said: str, *, action: str, of: str) -> tuple[type[VoicemailError], str]:
    """Which error this is, and the fix if it is a special one. First match wins: a throttled KMS is throttled."""
    denied = re.search(r"perform: ([\w-]+:\w+)", said)
    judgements: list[tuple[bool, type[VoicemailError], str]] = [
        (code in _THROTTLED or status == 429, RateLimited, ""),
        (code in _TRANSIENT or status >= 500, Unavailable, ""),
        (code in _STRANGERS, Misconfigured, "check credentials and clock: `aws sts get-caller-identity`"),
        (code in _DENIED, PermissionMissing, f"allow {denied[1] if denied else action}{_on(of)} to this role"),
        (bool(_KEY_TROUBLE.search(code)), Misconfigured, "check that the KMS key is enabled and lets this role use it"),
        (code in _NO_SUCH_PLACE, SettingsInvalid, f"correct the name and the region{_on(of)}"),
        (status == 403, PermissionMissing, f"allow {action}{_on(of)} to this role"),
    ]
    return next(((kind, fix) for applies, kind, fix in judgements if applies), (Rejected, ""))


def _unanswered(error: Exception, action: str, of: str) -> VoicemailError:
    """What went wrong before AWS could answer, or while it did."""
    kinds, service = {kind.__name__ for kind in type(error).__mro__}, _service(action)
    if kinds & _LOST:
        return Unavailable(f"{_asked(action, of)}: no usable answer ({type(error).__name__})", service=service)
    if kinds & _UNSET:
        fix = "give boto3 a region (AWS_DEFAULT_REGION) and credentials: a role, a profile, or the environment"
        return SettingsInvalid(f"{_asked(action, of)}: {error}", service=service, fix=fix)
    return Misconfigured(f"{_asked(action, of)}: {error}", service=service)


def _service(action: str) -> str:
    return action.partition(":")[0]


def _asked(action: str, of: str) -> str:
    return f"{action} of {of}" if of else action


def _on(of: str) -> str:
    return f" on {of}" if of else ""
