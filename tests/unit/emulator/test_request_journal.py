"""The request journal: what it shows and what it hides."""

from __future__ import annotations

import json
from typing import Any

import pytest
from scv_emulator.request_journal import RequestJournal, Seen, mask


def a_request(**changes: Any) -> Seen:
    """A request that was answered."""
    return Seen(
        **{"at": 1, "method": "POST", "path": "/telephony/v1/voiceCalls", "headers": [], "body": b"{}", "status": 200}
        | changes
    )


@pytest.mark.parametrize(
    "text",
    [
        "grant_type=x&assertion=SECRET.SECRET",
        '{"access_token": "SECRET"}',
        "Bearer eyJSECRET.SECRET.SECRET",
        "00DHs000000EmuL!AQSECRET.x",
        "00DHs000000EmuL%21AQSECRET.x",
        "<sessionId>SECRET</sessionId>",
        "<met:sessionId>SECRET</met:sessionId>",
        "/id/x/y?oauth_token=SECRET&format=json",
    ],
)
def test_secrets_are_masked(text: str) -> None:
    """In forms, JSON, headers, SOAP and query strings."""
    masked = mask(text)

    assert "SECRET" not in masked
    assert "***" in masked


def test_a_request_is_readable_without_its_secrets() -> None:
    """The body is parsed, the Authorization header is not shown."""
    journal = RequestJournal()
    journal.add(a_request(headers=[(b"authorization", b"Bearer SECRET")], body=b'{"token": "SECRET", "a": [1]}'))

    (seen,) = journal.read()

    assert "SECRET" not in json.dumps(seen)
    assert seen["body"] == {"token": "***", "a": [1]}
    assert seen["headers"] == {"authorization": "***"}


def test_requests_are_filtered_by_path_method_and_time() -> None:
    """A part of the path, a glob, a method, a moment."""
    journal = RequestJournal()
    journal.add(a_request())
    journal.add(a_request(at=5, method="PATCH", path="/telephony/v1/voiceCalls/x/omniFlow"))

    found = [
        journal.read(path="omniFlow"),
        journal.read(path="*/voiceCalls"),
        journal.read(method="patch"),
        journal.read(since=5),
        journal.read(limit=1),
    ]

    assert [[one["at"] for one in few] for few in found] == [[5], [1], [5], [5], [5]]


def test_only_the_last_requests_are_kept() -> None:
    """Memory stays bounded."""
    journal = RequestJournal(keep=3)

    for at in range(10):
        journal.add(a_request(at=at))

    assert [one["at"] for one in journal.read()] == [7, 8, 9]


@pytest.mark.parametrize("body", [b"\xff\xfe", b"[" * 5000, b'{"a": NaN}', b"plain"])
def test_a_body_that_is_not_json_is_shown_as_text(body: bytes) -> None:
    """Whatever a client sends can be written down."""
    journal = RequestJournal()
    journal.add(a_request(body=body))

    (seen,) = journal.read()

    assert isinstance(seen["body"], str)
    json.dumps(seen)
