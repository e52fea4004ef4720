"""The REST half of the Metadata API: `/services/data/vXX.X/metadata/deployRequest`.

Source: Metadata API Developer Guide, "Deploying and Retrieving Metadata with REST".
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from scv_emulator.metadata.deployment import Options
from scv_emulator.metadata.deploys import Deploy, Deploys
from scv_emulator.salesforce.errors import SalesforceError
from scv_emulator.salesforce.rest import Answer, Call, Resource


def resources(deploys: Callable[[], Deploys]) -> tuple[Resource, ...]:
    """The resources below `/services/data/vXX.X`."""
    door = _Requests(deploys)
    return (
        Resource("metadata/deployRequest", POST=door.start),
        Resource("metadata/deployRequest/{id}", GET=door.read, PATCH=door.cancel),
    )


class _Requests:
    def __init__(self, deploys: Callable[[], Deploys]) -> None:
        self._deploys = deploys

    def start(self, call: Call) -> Answer:
        """`POST metadata/deployRequest`: a package, or the id of a validation that succeeded."""
        deploys = self._deploys()
        deploys.check_user(call.user_id)
        if not call.files:
            validated = call.json_object().get("validatedDeployRequestId")
            if not isinstance(validated, str):
                raise _bad("expected a multipart body with a file, or validatedDeployRequestId")
            job = deploys.start_validated(validated, user_id=call.user_id)
            return Answer(201, {"id": job.id, "validatedDeployRequestId": validated})
        # A JSON part may be sent with a file name or without.
        parts = dict(call.files)
        texts = [
            *call.form.values(),
            *(data.decode("utf-8", "replace") for name, data in parts.items() if name != "file"),
        ]
        if "file" not in parts:
            raise _bad("the multipart body has no part named file")
        options = _options(texts[0] if texts else "{}")
        job = deploys.start(
            parts["file"], _read(options), user_id=call.user_id, test_level=str(options.get("testLevel") or "")
        )
        return Answer(201, {"id": job.id, "deployOptions": options})

    def read(self, call: Call) -> Answer:
        """`GET metadata/deployRequest/{id}`: how it stands; `includeDetails=true` adds every component."""
        deploys = self._deploys()
        deploys.check_user(call.user_id)
        job = deploys.get(call.parts["id"])
        return Answer(200, _shown(job, details=call.params.get("includeDetails", "").lower() == "true"))

    def cancel(self, call: Call) -> Answer:
        """`PATCH metadata/deployRequest/{id}` with `{"deployResult": {"status": "Canceling"}}`."""
        deploys = self._deploys()
        deploys.check_user(call.user_id)
        result = call.json_object().get("deployResult")
        if not isinstance(result, dict) or result.get("status") != "Canceling":
            raise _bad('expected {"deployResult": {"status": "Canceling"}}')
        return Answer(202, _shown(deploys.cancel(call.parts["id"]), details=False))


def _shown(job: Deploy, *, details: bool) -> dict[str, Any]:
    return {"id": job.id, "deployResult": job.result(details=details)}


def _options(text: str) -> dict[str, Any]:
    try:
        body = json.loads(text)
    except ValueError as error:
        raise _bad(f"the options are not JSON: {error}") from error
    options = body.get("deployOptions", {}) if isinstance(body, dict) else None
    if not isinstance(options, dict):
        raise _bad("deployOptions must be an object")
    return options


def _read(options: dict[str, Any]) -> Options:
    return Options(
        check_only=options.get("checkOnly") is True,
        rollback_on_error=options.get("rollbackOnError") is not False,
        ignore_warnings=options.get("ignoreWarnings") is True,
    )


def _bad(message: str) -> SalesforceError:
    return SalesforceError(400, "INVALID_INPUT", message)
