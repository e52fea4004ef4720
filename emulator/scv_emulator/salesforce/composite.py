"""The composite resource: up to 25 requests in one, later ones using results of earlier ones.

Source: REST API Developer Guide, "Composite".
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from scv_emulator.salesforce.errors import SalesforceError
from scv_emulator.salesforce.rest import Answer, Call

_MAX_REQUESTS = 25
_REFERENCE = re.compile(r"@\{([^{}]*)\}")

Perform = Callable[[Call, str, str, dict[str, str], bytes], Answer]
"""Carries one sub-request out: the outer call, method, path, parameters, body."""


@dataclass(slots=True)
class _SubAnswer:
    reference: str
    answer: Answer

    @property
    def failed(self) -> bool:
        return self.answer.status >= 400

    def shown(self) -> dict[str, Any]:
        return {
            "body": self.answer.body,
            "httpHeaders": dict(self.answer.headers),
            "httpStatusCode": self.answer.status,
            "referenceId": self.reference,
        }


def composite(call: Call, perform: Perform) -> Answer:
    """`POST composite`: carry out the sub-requests in their order."""
    body = call.json_object()
    requests = body.get("compositeRequest")
    if not isinstance(requests, list) or not requests or not all(isinstance(one, dict) for one in requests):
        raise SalesforceError(400, "JSON_PARSER_ERROR", "compositeRequest must be a list of requests")
    if len(requests) > _MAX_REQUESTS:
        message = f"Limit exceeded. A composite request has at most {_MAX_REQUESTS} subrequests"
        raise SalesforceError(400, "LIMIT_EXCEEDED", message)
    all_or_none = body.get("allOrNone") is True
    savepoint = call.core.database.savepoint() if all_or_none else None
    answers: list[_SubAnswer] = []
    for request in requests:
        answers.append(_sub_answer(call, perform, request, answers))
        if savepoint and answers[-1].failed:
            call.core.database.roll_back(savepoint)
            answers = [_halted(one, answers[-1]) for one in requests]
            break
    return Answer(200, {"compositeResponse": [one.shown() for one in answers]})


def _halted(request: dict[str, Any], failed: _SubAnswer) -> _SubAnswer:
    """The answer of a sub-request that was undone, or not even begun, because another one failed."""
    if request.get("referenceId") == failed.reference:
        return failed
    message = "The transaction was rolled back since another operation in the same transaction failed."
    error = SalesforceError(400, "PROCESSING_HALTED", message)
    return _SubAnswer(str(request.get("referenceId")), Answer(error.status, error.envelope()))


def _sub_answer(call: Call, perform: Perform, request: dict[str, Any], before: list[_SubAnswer]) -> _SubAnswer:
    reference = request.get("referenceId")
    if not isinstance(reference, str) or not reference or any(one.reference == reference for one in before):
        raise SalesforceError(400, "INVALID_INPUT", "every subrequest needs a referenceId of its own")
    results = {one.reference: one for one in before}
    try:
        return _SubAnswer(reference, _performed(call, perform, request, results))
    except ValueError as error:
        refusal = SalesforceError(400, "PROCESSING_HALTED", str(error))
    except SalesforceError as error:
        refusal = error
    return _SubAnswer(reference, Answer(refusal.status, refusal.envelope()))


def _performed(call: Call, perform: Perform, request: dict[str, Any], results: dict[str, _SubAnswer]) -> Answer:
    method, url = _filled(request.get("method"), results), _filled(request.get("url"), results)
    if not isinstance(method, str) or not isinstance(url, str):
        raise SalesforceError(400, "INVALID_INPUT", "every subrequest needs a method and a url")
    parts = urlsplit(url)
    params = dict(parse_qsl(parts.query, keep_blank_values=True))
    content = json.dumps(_filled(request.get("body"), results)).encode() if "body" in request else b""
    return perform(call, method.upper(), parts.path, params, content)


def _filled(value: Any, results: dict[str, _SubAnswer]) -> Any:
    """The same value with every `@{reference.field}` replaced; raises ValueError when there is no such result."""
    if isinstance(value, str):
        return _REFERENCE.sub(lambda match: _referenced(match[1], results), value)
    if isinstance(value, list):
        return [_filled(one, results) for one in value]
    if isinstance(value, dict):
        return {name: _filled(one, results) for name, one in value.items()}
    return value


def _referenced(expression: str, results: dict[str, _SubAnswer]) -> str:
    reference, *steps = re.findall(r"[^.\[\]]+", expression) or [""]
    if reference not in results or results[reference].failed:
        raise ValueError(f"Invalid reference specified. No value for {expression} found.")
    value = results[reference].answer.body
    for step in steps:
        if isinstance(value, dict) and step in value:
            value = value[step]
        elif isinstance(value, list) and step.isascii() and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        else:
            raise ValueError(f"Invalid reference specified. No value for {expression} found.")
    return str(value)
