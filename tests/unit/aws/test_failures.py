"""What boto3 raises, and what becomes of it."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import (
    ClientError,
    EndpointConnectionError,
    NoCredentialsError,
    NoRegionError,
    ParamValidationError,
    ReadTimeoutError,
    ResponseStreamingError,
    UnknownServiceError,
)
from scv_voicemail.aws.failures import NOT_THERE, our_errors
from scv_voicemail.errors import (
    Misconfigured,
    PermissionMissing,
    RateLimited,
    Rejected,
    SettingsInvalid,
    Unavailable,
    VoicemailError,
)


def a_refusal(code: str, status: int = 400, message: str = "No.", **headers: str) -> ClientError:
    about = {"HTTPStatusCode": status, "RequestId": "req-7", "HTTPHeaders": headers}
    answer: Any = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": about}
    return ClientError(answer, "SomeOperation")


def what_becomes_of(error: Exception, action: str = "s3:GetObject", of: str = "s3://bucket/key") -> VoicemailError:
    with pytest.raises(VoicemailError) as caught, our_errors(action, of=of):
        raise error
    return caught.value


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("ThrottlingException", 400, RateLimited),
        ("TooManyRequestsException", 429, RateLimited),
        ("SlowDown", 503, RateLimited),
        ("LimitExceededException", 400, RateLimited),
        ("ConnectionLimitExceededException", 400, RateLimited),
        ("KMS.ThrottlingException", 400, RateLimited),
        ("NewKindOfThrottling", 429, RateLimited),
        ("InternalServiceException", 500, Unavailable),
        ("RequestTimeout", 400, Unavailable),
        ("502", 502, Unavailable),
        ("AccessDenied", 403, PermissionMissing),
        ("AccessDeniedException", 400, PermissionMissing),
        ("NotAuthorizedException", 401, PermissionMissing),
        ("403", 403, PermissionMissing),
        ("SomethingNew", 403, PermissionMissing),
        ("KMS.AccessDeniedException", 400, PermissionMissing),
        ("KMS.DisabledException", 400, Misconfigured),
        ("DecryptionFailure", 400, Misconfigured),
        ("ExpiredTokenException", 400, Misconfigured),
        ("InvalidAccessKeyId", 403, Misconfigured),
        ("RequestTimeTooSkewed", 403, Misconfigured),
        ("NoSuchBucket", 404, SettingsInvalid),
        ("AWS.SimpleQueueService.NonExistentQueue", 400, SettingsInvalid),
        ("NoSuchKey", 404, Rejected),
        ("InvalidParameterException", 400, Rejected),
        ("PreconditionFailed", 412, Rejected),
    ],
)
def test_every_refusal_says_whether_to_try_again_or_to_call_a_human(
    code: str, status: int, kind: type[VoicemailError]
) -> None:
    """The exact kind, with code, status and request id."""
    error = what_becomes_of(a_refusal(code, status))

    assert type(error) is kind
    assert (error.service, error.code, error.status, error.request_id) == ("s3", code, status, "req-7")
    assert "s3://bucket/key" in str(error)


def test_a_missing_right_is_named_as_aws_names_it() -> None:
    """The policy may lack another action than the one that was asked for: decrypting, for instance."""
    said = "User: arn:aws:sts::1:assumed-role/r is not authorized to perform: kms:Decrypt on resource: arn:aws:kms:k"

    error = what_becomes_of(a_refusal("AccessDeniedException", 400, said), "ssm:GetParameter", "ssm:/scv/key")

    assert "allow kms:Decrypt on ssm:/scv/key" in error.fix


def test_a_missing_right_without_words_is_the_action_itself() -> None:
    """HeadObject has no body to say more in."""
    error = what_becomes_of(a_refusal("403", 403, "Forbidden"))

    assert "allow s3:GetObject on s3://bucket/key" in error.fix


def test_the_vendors_word_on_waiting_is_kept() -> None:
    """Retry-After is seconds."""
    error = what_becomes_of(a_refusal("ThrottlingException", 429, **{"retry-after": "7"}))

    assert isinstance(error, RateLimited)
    assert error.retry_after_seconds == 7.0


def test_what_is_not_there_is_told_from_what_is_wrong() -> None:
    """Only the caller knows whether a missing thing is an answer."""
    gone, wrong = what_becomes_of(a_refusal("404", 404)), what_becomes_of(a_refusal("InvalidRequest"))

    assert gone.code in NOT_THERE
    assert wrong.code not in NOT_THERE


@pytest.mark.parametrize(
    "error",
    [
        EndpointConnectionError(endpoint_url="https://s3.example.com"),
        ReadTimeoutError(endpoint_url="https://s3.example.com"),
        ResponseStreamingError(error="reset"),
    ],
)
def test_no_answer_is_unavailable(error: Exception) -> None:
    """It may or may not have been carried out."""
    assert type(what_becomes_of(error)) is Unavailable


@pytest.mark.parametrize("error", [NoCredentialsError(), NoRegionError()])
def test_an_account_that_is_not_set_up_is_a_setting(error: Exception) -> None:
    """The fix names what boto3 looks for."""
    found = what_becomes_of(error)

    assert type(found) is SettingsInvalid
    assert "AWS_DEFAULT_REGION" in found.fix


def test_values_that_boto3_refuses_are_not_quoted() -> None:
    """They may be a caller's number."""
    found = what_becomes_of(ParamValidationError(report="Invalid value: +14155550142"))

    assert type(found) is Rejected
    assert "4155550142" not in f"{found} {found.__cause__}"


def test_everything_else_of_boto3_calls_a_human() -> None:
    """An old boto3 that does not know a service, for instance."""
    assert type(what_becomes_of(UnknownServiceError(service_name="x", known_service_names="y"))) is Misconfigured


def test_what_is_not_boto3s_passes() -> None:
    """A full disk inside the block is no fault of AWS."""
    with pytest.raises(OSError, match="full"), our_errors("s3:GetObject"):
        raise OSError("full")
