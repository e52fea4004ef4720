"""Turns what simple-salesforce and requests raise into our errors."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from scv_voicemail.bounds import wait_seconds
from scv_voicemail.errors import (
    AuthenticationFailed,
    PermissionMissing,
    RateLimited,
    Rejected,
    SettingsInvalid,
    Unavailable,
    VoicemailError,
)

MAX_VENDOR_TEXT = 300

_REQUEST_ID_HEADERS = ("X-Request-Id", "X-Sfdc-Request-Id", "Sfdc-Request-Id")
_AUTHENTICATION_CODES = frozenset({"INVALID_SESSION_ID", "INVALID_AUTH_HEADER", "INVALID_LOGIN"})
_API_CODES = frozenset({"API_CURRENTLY_DISABLED", "API_DISABLED_FOR_ORG"})
_PERMISSION_CODES = frozenset(
    {
        "FUNCTIONALITY_NOT_ENABLED",
        "INVALID_FIELD",
        "INVALID_FIELD_FOR_INSERT_UPDATE",
        "INVALID_TYPE",
        "TRANSACTION_SECURITY_BLOCK",
    }
)
_LIMIT_CODES = frozenset({"REQUEST_LIMIT_EXCEEDED", "TOO_MANY_REQUESTS", "REQUEST_THROTTLED"})
_TRY_AGAIN_CODES = frozenset(
    {"INVALID_QUERY_LOCATOR", "QUERY_TIMEOUT", "SERVER_UNAVAILABLE", "UNABLE_TO_LOCK_ROW", "UNKNOWN_EXCEPTION"}
)
_TRY_AGAIN_STATUSES = frozenset({301, 302, 303, 307, 308, 408})
_NO_TEXT = {
    300: "the External Id belongs to several records",
    **dict.fromkeys((301, 302, 303, 307, 308), "the server answered with a redirect; is the URL the org's own?"),
}
_QUERY_EXCERPT = re.compile(r"^.*?\bERROR at Row:\d+:Column:\d+\s*", re.DOTALL)
"""Salesforce begins such messages with a piece of the query, which may hold a phone number."""
_FIELD_FIX = (
    "check that the field or object is deployed and that the integration user's permission set lets it be read and "
    "edited (a field without field-level security looks as if it did not exist)"
)
_API_FIX = "grant the integration user the user permission API Enabled, by a permission set or the profile"
_DUPLICATE_FIX = "more than one record has this External Id: merge or delete the others, and make the field unique"


@contextmanager
def our_errors(operation: str, headers: Mapping[str, str] | None = None) -> Iterator[None]:
    """Raise our errors instead of foreign ones; `headers` are those of the reply, filled in by the time it is judged.

    The foreign exception is not chained: its text carries the URL with the whole query, and so phone numbers.
    """
    import requests  # noqa: PLC0415 - loaded with the first login, not with this module
    from simple_salesforce.exceptions import SalesforceError  # noqa: PLC0415 - slow to import

    try:
        yield
    except SalesforceError as error:
        raise refusal(operation, error.status, error.content, headers or {}) from None
    except requests.exceptions.InvalidURL:
        raise SettingsInvalid(f"{operation}: the Salesforce URL cannot be used", service="salesforce") from None
    except requests.exceptions.InvalidJSONError:
        raise no_json(operation) from None
    except requests.exceptions.RequestException as error:
        why = type(error).__name__
        raise Unavailable(f"{operation}: no usable answer ({why})", service="salesforce") from None


def refusal(operation: str, status: int, content: object, headers: Mapping[str, str]) -> VoicemailError:
    """The error that a refusing reply stands for; `content` is its JSON, or its text when it has none."""
    complaints = _complaints(content)
    kind, fix = _kind(status, {complaint.code for complaint in complaints})
    text = cut("; ".join(complaint.message for complaint in complaints if complaint.message)) or _NO_TEXT.get(
        status, ""
    )
    fields = [name for complaint in complaints for name in complaint.fields]
    named = f" (fields: {', '.join(fields)})" if fields else ""
    what = f"{operation}: {text or 'the reply has no explanation'}{named}"
    context: dict[str, Any] = {
        "service": "salesforce",
        "code": next((complaint.code for complaint in complaints if complaint.code), ""),
        "status": status,
        "request_id": next((headers[name] for name in _REQUEST_ID_HEADERS if headers.get(name)), ""),
        "fix": fix,
        "fields": fields,
    }
    if kind is RateLimited:
        asked = headers.get("Retry-After", "")
        context["retry_after_seconds"] = wait_seconds(asked, now=datetime.now(UTC))
    return kind(what, **context)


def _kind(status: int, codes: set[str]) -> tuple[type[VoicemailError], str]:
    """Which error a status and the vendor's codes stand for, and the fix if it is a special one."""
    permission = codes & _PERMISSION_CODES
    judgements: list[tuple[bool, type[VoicemailError], str]] = [
        (status == 300, Rejected, _DUPLICATE_FIX),
        (status == 429 or bool(codes & _LIMIT_CODES), RateLimited, ""),
        (status == 401 or bool(codes & _AUTHENTICATION_CODES), AuthenticationFailed, ""),
        (status in _TRY_AGAIN_STATUSES or status >= 500 or bool(codes & _TRY_AGAIN_CODES), Unavailable, ""),
        (bool(codes & _API_CODES), PermissionMissing, _API_FIX),
        (bool(permission), PermissionMissing, _FIELD_FIX),
        (any(code.startswith("INSUFFICIENT_ACCESS") for code in codes), PermissionMissing, ""),
        (status == 403 and not any(codes), PermissionMissing, ""),
    ]
    return next(((kind, fix) for applies, kind, fix in judgements if applies), (Rejected, ""))


def no_json(operation: str) -> Unavailable:
    """The error for a success that is not the JSON it should be: nothing is known about what happened."""
    why = "the reply is not the JSON it should be (a login or maintenance page?), so nothing is known"
    return Unavailable(f"{operation}: {why}", service="salesforce")


@contextmanager
def well_shaped(operation: str) -> Iterator[None]:
    """What is read from a reply may miss a field or hold another kind of value: then nothing is known."""
    try:
        yield
    except (TypeError, ValueError, KeyError, AttributeError, IndexError, OverflowError) as error:
        why = f"the reply has another shape than the API describes ({type(error).__name__}), so nothing is known"
        raise Unavailable(f"{operation}: {why}", service="salesforce") from None


def cut(text: str) -> str:
    """A vendor's text on one line, at a length that fits into a message."""
    text = " ".join(text.split())
    return text if len(text) <= MAX_VENDOR_TEXT else f"{text[: MAX_VENDOR_TEXT - 1]}…"


@dataclass(frozen=True, slots=True)
class _Complaint:
    """One `{errorCode, message, fields}` of a reply."""

    code: str
    message: str
    fields: tuple[str, ...]


def _complaints(content: object) -> list[_Complaint]:
    parts = content if isinstance(content, list) else [content]
    return [
        _Complaint(
            code=str(part.get("errorCode") or part.get("statusCode") or ""),
            message=_QUERY_EXCERPT.sub("", str(part.get("message") or "")),
            fields=tuple(str(name) for name in part.get("fields") or ()),
        )
        for part in parts
        if isinstance(part, Mapping)
    ]
