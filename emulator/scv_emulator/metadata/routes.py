"""HTTP of the SOAP half: `POST /services/Soap/m/{version}`; the REST half is among the resources of the core API."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from scv_emulator.metadata.soap import Soap

_PATH = "/services/Soap/m/{version}"


def routes(soap: Soap) -> list[BaseRoute]:
    """The routes. What follows the version does not matter: clients put an org id there, or `deployRequest/0Af…`."""

    async def answer(request: Request) -> Response:
        status, envelope = soap.answer(await request.body())
        return Response(envelope, status_code=status, media_type="text/xml")

    return [Route(path, answer, methods=["POST"]) for path in (_PATH, f"{_PATH}/{{rest:path}}")]
