"""JSON in and out: strict about what comes in, able to send back any text that a client may have sent."""

from __future__ import annotations

import json
import math
from typing import Any

from starlette.responses import JSONResponse


class Json(JSONResponse):
    """As Starlette's, but in pure ASCII: a lone surrogate cannot be written as UTF-8."""

    def render(self, content: Any) -> bytes:
        """The body."""
        return json.dumps(content, allow_nan=False, separators=(",", ":")).encode("ascii")


def parse_json(raw: bytes) -> Any:
    """The JSON in a body; ValueError for what JSON has no word for: NaN, infinity, lone surrogates."""
    try:
        text = raw.decode("utf-8-sig")
        parsed = json.loads(text, parse_constant=_no_constant, parse_float=_finite)
        if "\\u" in text:
            json.dumps(parsed, ensure_ascii=False).encode()
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    return parsed


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is too large")
    return number
