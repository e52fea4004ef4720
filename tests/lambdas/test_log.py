"""Log lines: found by contact, and safe to keep."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from scv_voicemail.errors import Unavailable
from scv_voicemail_lambdas.log import JsonFormatter, about, set_up

OURS = logging.getLogger("scv_voicemail_lambdas.test")


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """What a function writes; the loggers are put back as they were."""
    names = ("", "scv_voicemail", "scv_voicemail_lambdas")
    before = [(logging.getLogger(name), logging.getLogger(name).level) for name in names]
    handlers = logging.getLogger().handlers
    written = io.StringIO()
    set_up("INFO", stream=written)
    yield written
    logging.getLogger().handlers = handlers
    for logger, level in before:
        logger.setLevel(level)


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_is_found_by_its_contact(stream: io.StringIO) -> None:
    """The guide's query filters on context.contactId; what is around it is told as well."""
    with about(function="DeliverFunction", requestId="r-1"):
        with about(contactId="c-1"):
            OURS.info("voicemail %s: %s", "c-1", "accepted")
        OURS.info("done")

    first, second = lines(stream)
    assert first["context"] == {"contactId": "c-1", "function": "DeliverFunction", "requestId": "r-1"}
    assert (first["level"], first["message"]) == ("info", "voicemail c-1: accepted")
    assert second["context"] == {"function": "DeliverFunction", "requestId": "r-1"}
    assert list(first) == sorted(first)
    assert first["timestamp"].endswith("Z")
    assert len(first["timestamp"]) == len("2026-11-20T12:00:00.000Z")


def test_phone_numbers_and_tokens_never_reach_a_line(stream: io.StringIO) -> None:
    """Whatever a message quotes."""
    OURS.warning("the call of %s with Authorization: Bearer abcdefghijklmnop was refused", "+14155550142")

    assert "4155550142" not in stream.getvalue()
    assert "abcdefghijklmnop" not in stream.getvalue()


def test_of_an_exception_its_kind_and_place_are_told_and_not_its_text(stream: io.StringIO) -> None:
    """Its text may quote what a caller said; our own errors have a brief for logs."""
    for error in (ValueError("Hello, this is Ada"), Unavailable("Ada said no", service="telephony", status=503)):
        try:
            raise error
        except (ValueError, Unavailable):
            OURS.exception("it broke")

    first, second = lines(stream)
    assert "Ada" not in stream.getvalue()
    assert first["error"]["kind"] == "ValueError"
    assert second["error"]["kind"] == "Unavailable [service telephony, HTTP 503]"
    assert "test_log.py" in first["error"]["where"][0]


def test_line_breaks_make_no_second_line(stream: io.StringIO) -> None:
    """Nobody writes lines of their own into our log."""
    OURS.warning('first\n{"level": "error"}')

    assert len(lines(stream)) == 1


def test_other_libraries_only_warn_whatever_our_level_is(stream: io.StringIO) -> None:
    """At DEBUG boto3 quotes requests, at INFO httpx quotes addresses."""
    set_up("DEBUG", stream=stream)
    logging.getLogger("botocore.endpoint").debug("sending attributes")
    logging.getLogger("httpx").info("HTTP Request: PATCH …")
    OURS.debug("ours")

    assert [line["message"] for line in lines(stream)] == ["ours"]


def test_what_a_line_is_about_tells_no_number(stream: io.StringIO) -> None:
    """Contact ids come from outside; one that is none may be anything."""
    with about(contactId="+14155550142"):
        OURS.info("ignored")
    with about(contactId="5324881f-1e84-4367-8930-f69a74b30ca6"):
        OURS.info("ignored")

    assert [line["context"]["contactId"] for line in lines(stream)] == ["***42", "5324881f-1e84-4367-8930-f69a74b30ca6"]


def test_a_line_whose_values_do_not_fit_does_not_print_them() -> None:
    """Python's logging would print words and values to stderr, which Lambda keeps with the log."""
    record = logging.LogRecord("ours", logging.INFO, __file__, 1, "%s and %d", ("Hello, this is Ada", "+1"), None)

    line = json.loads(JsonFormatter().format(record))

    assert line["message"] == "%s and %d"
