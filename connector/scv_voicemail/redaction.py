"""Keeps secrets and personal data out of logs: tokens, keys, phone numbers, recording links.

Every pattern starts at the beginning of a run of characters and never looks back into it, so that a line of a
megabyte costs milliseconds and not minutes.
"""

from __future__ import annotations

import copy
import logging
import re

MASK = "***"

_PEM = re.compile(r"-----BEGIN [A-Z0-9 ]{1,40}-----.*?(?:-----END [A-Z0-9 ]{1,40}-----|\Z)", re.DOTALL)
_JWT = re.compile(r"(?<![\w.-])eyJ[\w-]{8,}+\.[\w-]++(?:\.[\w-]*+)?")
_BEARER = re.compile(r"(?<!\w)(Bearer|OAuth)\s{1,4}[\w.~+/=!-]{12,}+", re.IGNORECASE)
_SESSION_ID = re.compile(r"(?<!\w)00D\w{12,15}(?:!|%21)[\w.]++")
_HIDDEN_NAMES = (
    "access_token|accesstoken|refresh_token|id_token|assertion|authorization|client_secret|clientsecret|"
    "session|session_id|sessionid|session_token|sid|password|passwd|secret|private_key|privatekey|api_key|apikey|"
    "secret_access_key|aws_secret_access_key|aws_session_token|x-amz-security-token|x-amz-signature"
)
# The name of a secret, then `=`, `:` or the end of an XML tag, then its value with or without quotation marks.
_NAMED_SECRET = re.compile(
    rf"""(?<![\w/-])(?P<name>{_HIDDEN_NAMES})(?P<link>\\?["']?\s{{0,3}}[:=>]\s{{0,3}}(?:Basic\s)?b?)"""
    r"""(?:"(?:[^"\\]|\\.){0,8192}+"|'(?:[^'\\]|\\.){0,8192}+'|\\"[^"\\]{0,8192}+\\"|[^\s"'&<>,;)}\]]++)""",
    re.IGNORECASE | re.DOTALL,
)
_URL = re.compile(
    r"(?P<scheme>https?)://(?P<host>[^\s\"'<>/?#\\]++)(?P<path>[^\s\"'<>?#\\]*+)(?P<rest>[?#][^\s\"'<>\\]*+)?",
    re.IGNORECASE,
)
_RECORDING = re.compile(r"\.(?:wav|mp3|ogg|opus|m4a|flac|gsm|webm|mkv)(?:$|[.,;:)\]]$)", re.IGNORECASE)
_EMAIL = re.compile(r"(?<![\w.+-])([\w.+-])[\w.+-]{0,63}+@((?:[\w-]{1,63}+\.){1,8}+[\w-]{1,63}+)")

# Digits that are not phone numbers: left as they are, so that a log still says when, which and how long.
_NOT_A_NUMBER = re.compile(
    r"""(?<![\w+])(
      [0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(?!\w)      # a UUID
    | \d{4}-\d\d-\d\d(?:[T ,]{1,2}\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?)?(?!\w)  # ISO 8601
    | \d{8}T\d{4,6}Z?(?!\w)                                                   # ISO 8601, basic
    | 1[5-9]\d{8}(?:\d{3}|\d{6}|\d{9})?(?:\.\d{1,9}|-[0-9a-f]{8})?(?![\w.-])  # Unix time; an Asterisk message id
    | \d{15}(?:\d{3})?(?![\w.-])                                              # a record id without letters
    | \d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5})?(?![\w.])                           # an IP address
    | \d{1,9}\.(?:\d{1,3}|\d{5,17})(?![\w.])                                  # a decimal
    | \d{1,9}[ ]?(?:ms|s|sec|seconds|min|bytes|B|kB|KiB|MB|MiB|Hz|%)(?!\w)   # a quantity with its unit
    | [a-z_]{0,40}_(?:ms|seconds|bytes|hz)["']?[ ]?[:=][ ]?\d{1,15}(?![\w.-])
    )""",
    re.VERBOSE,
)
# In the query of an address, a plus is %2B.
_PHONE_NUMBER = re.compile(
    r"(?:(?<![A-Za-z0-9.])(?:\+ ?)?|%2[Bb])\(?\d(?:[ .\-]?\(?\d|\)[ .\-]?\d){6,19}+(?![A-Za-z0-9])"
)

_UNSEEN = {code: f"\\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0xA0))} | {
    code: f"\\u{code:04x}" for code in (0x200E, 0x200F, *range(0x2028, 0x202F), *range(0x2066, 0x206A), 0xFEFF)
}
"""Control and direction characters, as something that can be read but not obeyed by a terminal."""
_ONE_LINE = _UNSEEN | {0x0A: "\\n", 0x0D: "\\r", 0x09: "\t"}
_MANY_LINES = _ONE_LINE | {0x0A: "\n"}


def mask(number: str) -> str:
    """A phone number or address for display: at most its last two digits."""
    digits = [character for character in number if character.isdigit()]
    return MASK + "".join(digits[-2:]) if len(digits) > 2 and "@" not in number else MASK


def redact(text: str) -> str:
    """The same text without secrets, phone numbers and links to recordings.

    Times, durations, UUIDs, record ids and host names stay: they are what a log is read for.
    """
    text = _PEM.sub("[PEM block]", text)
    text = _JWT.sub(MASK, text)
    text = _SESSION_ID.sub(MASK, text)
    text = _BEARER.sub(rf"\1 {MASK}", text)
    text = _URL.sub(_masked_url, text)
    text = _NAMED_SECRET.sub(rf"\g<name>\g<link>{MASK}", text)
    text = _EMAIL.sub(rf"\1{MASK}@\2", text)
    # Every second part is what _NOT_A_NUMBER has found, and stays.
    parts = _NOT_A_NUMBER.split(text)
    parts[::2] = [_PHONE_NUMBER.sub(_masked_number, part) for part in parts[::2]]
    return "".join(parts)


def _masked_url(url: re.Match[str]) -> str:
    """Scheme and host always; the path unless it is a recording's or a signed one's; never user or query."""
    host = url["host"].rpartition("@")[2]
    rest = url["rest"] or ""
    if _RECORDING.search(url["path"]) or re.search(r"sig(?:nature)?=|expires=", rest, re.IGNORECASE):
        return f"{url['scheme']}://{host}/{MASK}"
    return f"{url['scheme']}://{host}{url['path']}{rest[:1]}{MASK if rest else ''}"


def _masked_number(number: re.Match[str]) -> str:
    return mask(number[0])


class RedactingFormatter(logging.Formatter):
    """Wraps any formatter: one record stays one line (and its traceback), and neither tells a secret.

    handler.setFormatter(RedactingFormatter(logging.Formatter("%(asctime)s %(message)s")))
    """

    def __init__(self, inner: logging.Formatter | None = None) -> None:
        super().__init__()
        self._inner = inner or logging.Formatter()

    def format(self, record: logging.LogRecord) -> str:
        """The finished line, redacted, with control characters made visible."""
        # A copy, because other handlers get the same record, and formatters cache the traceback in it.
        safe = copy.copy(record)
        safe.msg = redact(record.getMessage()).translate(_ONE_LINE)
        safe.args = None
        return redact(self._inner.format(safe)).translate(_MANY_LINES)
