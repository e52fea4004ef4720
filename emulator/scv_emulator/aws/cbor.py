"""CBOR as the vendor's protocol `smithy-rpc-v2-cbor` uses it: newer SDKs talk to Amazon Transcribe that way.

Format: RFC 8949. Times are tag 1.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

_BREAK = object()
_INDEFINITE = 31


class CborInvalid(ValueError):
    """The bytes are no CBOR, or of a kind that the protocol does not use."""


def encode(value: Any) -> bytes:  # noqa: PLR0911 - one line for each kind of value
    """A value as CBOR."""
    match value:
        case None:
            return b"\xf6"
        case bool():
            return b"\xf5" if value else b"\xf4"
        case int():
            return _head(0, value) if value >= 0 else _head(1, -1 - value)
        case float():
            return b"\xfb" + struct.pack(">d", value)
        case datetime():
            return b"\xc1" + encode(value.timestamp())
        case bytes():
            return _head(2, len(value)) + value
        case str():
            return _head(3, len(value.encode())) + value.encode()
        case Mapping():
            return _head(5, len(value)) + b"".join(encode(name) + encode(one) for name, one in value.items())
        case list() | tuple():
            return _head(4, len(value)) + b"".join(encode(one) for one in value)
    raise CborInvalid(f"{type(value).__name__} has no place in CBOR")


def decode(data: bytes) -> Any:
    """The value in some CBOR."""
    try:
        return _Reader(data).value()
    except CborInvalid:
        raise
    except (ArithmeticError, IndexError, OSError, RecursionError, TypeError, ValueError, struct.error) as error:
        raise CborInvalid(f"the CBOR breaks off or makes no sense: {error}") from error


def _head(kind: int, number: int) -> bytes:
    if number < 24:
        return bytes([kind << 5 | number])
    for code, width in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if number < 1 << (8 * width):
            return bytes([kind << 5 | code]) + number.to_bytes(width, "big")
    raise CborInvalid(f"{number} is too large")


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def value(self) -> Any:
        """The next item, which must not be a break."""
        found = self.item()
        if found is _BREAK:
            raise CborInvalid("a break without a beginning")
        return found

    def item(self) -> Any:  # noqa: PLR0911 - one line for each kind of value
        """The next item."""
        first = self._data[self._at]
        self._at += 1
        kind, code = first >> 5, first & 31
        if kind == 7:
            return self._simple(code)
        if code == _INDEFINITE:
            return self._indefinite(kind)
        number = self._number(code)
        match kind:
            case 0:
                return number
            case 1:
                return -1 - number
            case 2:
                return self._bytes(number)
            case 3:
                return self._bytes(number).decode()
            case 4:
                return [self.value() for _ in range(number)]
            case 5:
                return {self.value(): self.value() for _ in range(number)}
        return self._tagged(number)

    def _indefinite(self, kind: int) -> Any:
        items = []
        while (one := self.item()) is not _BREAK:
            items.append(one)
        match kind:
            case 2:
                return b"".join(items)
            case 3:
                return "".join(items)
            case 4:
                return items
            case 5:
                return dict(zip(items[::2], items[1::2], strict=True))
        raise CborInvalid("only strings, lists and maps may be of unknown length")

    def _tagged(self, tag: int) -> Any:
        value = self.value()
        return datetime.fromtimestamp(value, UTC) if tag == 1 else value

    def _simple(self, code: int) -> Any:
        match code:
            case 20 | 21:
                return code == 21
            case 22 | 23:
                return None
            case 25:
                return struct.unpack(">e", self._bytes(2))[0]
            case 26:
                return struct.unpack(">f", self._bytes(4))[0]
            case 27:
                return struct.unpack(">d", self._bytes(8))[0]
            case 31:
                return _BREAK
        raise CborInvalid(f"the simple value {code} is not used")

    def _number(self, code: int) -> int:
        if code < 24:
            return code
        if code > 27:
            raise CborInvalid(f"{code} says nothing about a length")
        return int.from_bytes(self._bytes(1 << (code - 24)), "big")

    def _bytes(self, length: int) -> bytes:
        piece = self._data[self._at : self._at + length]
        if len(piece) < length:
            raise CborInvalid("the CBOR breaks off")
        self._at += length
        return piece
