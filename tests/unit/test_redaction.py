"""Log lines: what must never be in them, and what they are read for."""

from __future__ import annotations

import io
import logging
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scv_voicemail.redaction import RedactingFormatter, redact

JWT = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiIwMER4eDAwMDAwMDFnUEwiLCJzdWIiOiJjYyJ9.Zm9vYmFy-_signature"
SESSION_ID = (
    "00Dxx0000001gPL!AR8AQJXg5oj8jXSgxJfA0lBog.39AsX.LVpxezPwuX5VAIrrbbHMuol7GQxnMeYMN7cj8EoWr78nt1u44zU31IbYNNJguseu"
)


@pytest.mark.parametrize(
    ("line", "secret"),
    [
        (f"assertion={JWT}&grant_type=jwt-bearer", "eyJ"),
        (f"refused: {JWT}", "signature"),
        (f"refused: {JWT[:60]}", "eyJ"),
        ("Authorization: Bearer abcdef0123456789", "abcdef"),
        ("Authorization: Basic dXNlcjpwYXNzd29yZA==", "dXNl"),
        ("{'Authorization': 'OAuth abcdef0123456789'}", "abcdef"),
        ('{"access_token": "abc def", "id": "x"}', "def"),
        ('{\\"access_token\\": \\"abcdef\\"}', "abcdef"),
        ("{'access_token': 'abcdef', 'id': 'x'}", "abcdef"),
        ("session=abcdef&x=1", "abcdef"),
        ("broken: /services/data/v62.0/query?q=FromPhoneNumber%3D%27%2B18005550142%27", "8005550142"),
        ("<sessionId>abcdef</sessionId>", "abcdef"),
        ('"password": "with \\"quotes\\" inside"', "inside"),
        (f"token {SESSION_ID} is expired", "AR8AQ"),
        (f"sid={SESSION_ID.replace('!', '%21')}", "AR8AQ"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIEow\n-----END RSA PRIVATE KEY-----", "MIIEow"),
        ("-----BEGIN PRIVATE KEY-----\\nMIIEow and cut off", "MIIEow"),
        ("https://user:hunter2@pbx.example.com/x", "hunter2"),
        ("https://org.example.com/query?q=SELECT+Name", "SELECT"),
        ("https://org.example.com/callback#access=xyz", "xyz"),
        ("https://files.example.com/recordings/ada-moreno.wav", "ada"),
        ("https://b.s3.amazonaws.com/ada?X-Amz-Expires=9&X-Amz-Signature=cafe", "ada"),
        ("from +18005550142", "555"),
        ("from +1 (800) 555-0142 to 8005550100", "555"),
        ("from (800) 555-0142", "555"),
        ("from 800.555.0142", "555"),
        ("from 555-0142", "555"),
        ("from +49 30 1234567", "123"),
        ("recording call_18005550142.wav", "555"),
        ("mailed ada.moreno@example.com", "moreno"),
    ],
)
def test_secrets_and_personal_data_do_not_get_through(line: str, secret: str) -> None:
    """Tokens, keys, session ids, passwords, numbers, addresses and links, in every writing they occur in."""
    assert secret in line

    safe = redact(line)

    assert secret not in safe
    assert redact(safe) == safe


@pytest.mark.parametrize(
    "line",
    [
        "2026-11-20T10:11:12.123456+00:00 accepted",
        "2026-11-20 10:11:12,123 INFO accepted",
        "1) 2026-11-20 2) 20261120T101112Z",
        "startTime 1795169472123, exp 1795169472, at 1795169472.123456",
        "voicemail 5324881f-1e84-4367-8930-f69a74b30ca6 parked",
        "voicemail 12345678-1234-4123-8123-123456789012 parked",
        "VoiceCall 0LQRM0000006CSz of 00D000000000001AAA, Case 500000000000001",
        "took 0.123456 s, 12.5 s, 1234567 ms, wrote 16777216 bytes, end_ms=1234567",
        "POST /telephony/v1/voiceCalls/0LQRM0000006CSz/messages HTTP/1.1 202 in 12 ms",
        "https://org.my.salesforce-scrt.com/telephony/v1/voiceCalls/abc",
        "emulator on http://127.0.0.1:54321, peer 192.168.100.200",
        "Asterisk message 1795169472-0000002a",
        "sha256 5f1234567890123456789012345678901234567890abcdef",
        "try 3 of 10 (HTTP 503), next in 40 s; the session has expired",
        "the Bearer token has expired",
    ],
)
def test_what_a_log_is_read_for_stays(line: str) -> None:
    """Times, durations, sizes, ids, hosts and status codes are not taken for phone numbers."""
    assert redact(line) == line


def test_a_masked_number_can_still_be_told_from_another() -> None:
    """Two digits stay, the host of a link stays."""
    line = "from +18005550142 to +18005550100: https://pbx.example.com/rec/7.wav"

    assert redact(line) == "from ***42 to ***00: https://pbx.example.com/***"


@pytest.mark.parametrize(
    "piece",
    [
        *("a", "1", "1 ", "1-", "(1", "+(", "eyJ", "-eyJ", "eyJaaaaaaaaa.", "a@", "a.", "x@a.", "_ms", "2026-11-20"),
        *("-----BEGIN KEY-----", "http://", "http://a?sig", 'session="', "session='\\", "00D", "Bearer ", "\\"),
        *("%2B", "%2B1"),
    ],
)
def test_a_megabyte_in_one_line_costs_no_more_than_its_length(piece: str) -> None:
    """No input makes a pattern run back over what it has seen."""
    line = piece * (1_000_000 // len(piece))

    started = time.process_time()
    redact(line)

    assert time.process_time() - started < 3


@given(st.text(), st.text())
def test_no_surroundings_bring_a_token_to_light(before: str, after: str) -> None:
    """Whatever stands around it, a token in a header stays masked."""
    assert "tellme0123456789" not in redact(f"{before} Authorization: Bearer tellme0123456789 {after}")


class Log:
    """A logger of its own whose lines are kept."""

    def __init__(self, inner: logging.Formatter | None = None) -> None:
        self._stream = io.StringIO()
        self.logger = logging.Logger("test")  # noqa: LOG001 - one that no other test can see
        handler = logging.StreamHandler(self._stream)
        handler.setFormatter(RedactingFormatter(inner))
        self.logger.addHandler(handler)

    @property
    def text(self) -> str:
        return self._stream.getvalue()


def test_arguments_and_tracebacks_are_redacted_too() -> None:
    """The finished line counts, not the message alone."""
    log = Log(logging.Formatter("%(levelname)s %(message)s"))

    try:
        int(f"no call for +18005550142 with {JWT}")
    except ValueError:
        log.logger.exception("caller %s failed", "+18005550142")

    assert log.text.startswith("ERROR caller ***42 failed\nTraceback")
    assert "ValueError: invalid literal for int() with base 10: 'no call for ***42 with ***'" in log.text


def test_a_message_cannot_forge_a_second_line() -> None:
    """Line ends, escape sequences and direction marks are shown, not obeyed."""
    log = Log()

    log.logger.warning("caller %s", "Ada\r\nERROR all lost\x1b[2J\u202e\x00")

    assert log.text == "caller Ada\\r\\nERROR all lost\\x1b[2J\\u202e\\x00\n"


def test_other_handlers_get_the_record_as_it_was() -> None:
    """The formatter works on a copy: what it changes is seen by nobody else."""
    record = logging.LogRecord("test", logging.INFO, "x.py", 1, "caller %s", ("+18005550142",), None)

    line = RedactingFormatter().format(record)

    assert line == "caller ***42"
    assert record.getMessage() == "caller +18005550142"
