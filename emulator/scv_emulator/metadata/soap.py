"""The SOAP half of the Metadata API: envelopes in, envelopes out.

Source: Metadata API Developer Guide, the WSDL; "File-Based Calls" and "Utility Calls".
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from typing import Any

from scv_emulator.metadata.deployment import Options
from scv_emulator.metadata.deploys import Deploy, Deploys
from scv_emulator.metadata.trial import Stored
from scv_emulator.metadata.types import TYPES
from scv_emulator.metadata.xml_tree import METADATA, Element, XmlInvalid, parse, write
from scv_emulator.salesforce.errors import NotImplementedHere, SalesforceError
from scv_emulator.salesforce.field_values import format_datetime
from scv_emulator.salesforce.oauth import Session

_ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"
_FAULTS = "http://soap.sforce.com/2006/04/fault"
_VENDOR_CALLS = (
    "cancelRetrieve",
    "checkRetrieveStatus",
    "createMetadata",
    "deleteMetadata",
    "describeValueType",
    "readMetadata",
    "renameMetadata",
    "retrieve",
    "updateMetadata",
    "upsertMetadata",
)

Operation = Callable[[Element, Session], Any]


class Soap:
    """Answers the calls of the Metadata WSDL that the emulator knows."""

    def __init__(self, *, deploys: Callable[[], Deploys], session_of: Callable[[str], Session | None]) -> None:
        self._deploys = deploys
        self._session_of = session_of
        self._operations: dict[str, Operation] = {
            "deploy": self._deploy,
            "deployRecentValidation": self._deploy_validated,
            "checkDeployStatus": self._check_status,
            "cancelDeploy": self._cancel,
            "describeMetadata": self._describe,
            "listMetadata": self._list,
        }

    def answer(self, content: bytes) -> tuple[int, str]:
        """The status and the envelope for a request."""
        try:
            return 200, _envelope(self._answer(content))
        except XmlInvalid as error:
            return 500, _fault("soapenv:Client", str(error))
        except NotImplementedHere as error:
            return 501, _fault(f"sf:{error.code}", f"{error.code}: {error.message}")
        except SalesforceError as error:
            return 500, _fault(f"sf:{error.code}", f"{error.code}: {error.message}")

    def _answer(self, content: bytes) -> str:
        envelope = parse(content)
        body = envelope.child("Body")
        if envelope.name != "Envelope" or envelope.namespace != _ENVELOPE or body is None or not body.children:
            raise XmlInvalid("expected a SOAP envelope with a body", envelope.line, envelope.column)
        call = body.children[0]
        header = envelope.child("Header")
        token = header.find("sessionId") if header else None
        session = self._session_of(token.text.strip() if token else "")
        if session is None:
            message = (
                "Invalid Session ID found in SessionHeader: Illegal Session. Session not found, missing or expired"
            )
            raise SalesforceError(401, "INVALID_SESSION_ID", message)
        operation = self._operations.get(call.name)
        if operation is None and call.name in _VENDOR_CALLS:
            raise NotImplementedHere(f"the call {call.name} of the Metadata API")
        if operation is None:
            raise XmlInvalid(f"No operation available for request {{{call.namespace}}}{call.name}", 1, 1)
        self._deploys().check_user(session.user_id)
        return write(f"{call.name}Response", {"result": operation(call, session)})

    # -------------------------------------------------------------------------------------------------------- calls

    def _deploy(self, call: Element, session: Session) -> Any:
        archive, given = call.child("ZipFile"), call.child("DeployOptions")
        if archive is None:
            raise SalesforceError(400, "INVALID_TYPE", "deploy needs a ZipFile")
        try:
            content = base64.b64decode("".join(archive.text.split()), validate=True)
        except binascii.Error as error:
            raise SalesforceError(400, "INVALID_TYPE", f"ZipFile is not base64: {error}") from error
        options = given or call
        job = self._deploys().start(
            content,
            Options(
                check_only=options.flag("checkOnly"),
                rollback_on_error=options.flag("rollbackOnError", default=True),
                ignore_warnings=options.flag("ignoreWarnings"),
            ),
            user_id=session.user_id,
            test_level=options.value("testLevel"),
        )
        return _queued(job)

    def _deploy_validated(self, call: Element, session: Session) -> Any:
        job = self._deploys().start_validated(call.value("validationId"), user_id=session.user_id)
        return job.id

    def _check_status(self, call: Element, _session: Session) -> Any:
        job = self._deploys().get(call.value("asyncProcessId"))
        return job.result(details=call.flag("includeDetails"))

    def _cancel(self, call: Element, _session: Session) -> Any:
        job = self._deploys().cancel(call.value("String") or call.value("asyncProcessId"))
        return {"done": job.done, "id": job.id}

    def _describe(self, _call: Element, _session: Session) -> Any:
        described = [
            {
                "childXmlNames": [child for _, child in one.children],
                "directoryName": one.directory,
                "inFolder": one.in_folder,
                "metaFile": one.meta or one.bundle,
                "suffix": one.suffix or None,
                "xmlName": one.name,
            }
            for one in TYPES
        ]
        return {
            "metadataObjects": described,
            "organizationNamespace": "",
            "partialSaveAllowed": True,
            "testRequired": False,
        }

    def _list(self, call: Element, _session: Session) -> Any:
        components = self._deploys().components
        return [_listed(one) for query in call.all("queries") for one in components.of_type(query.value("type"))]


def _queued(job: Deploy) -> dict[str, Any]:
    return {"done": False, "id": job.id, "state": "Queued"}


def _listed(stored: Stored) -> dict[str, Any]:
    return {
        "createdById": "",
        "createdByName": stored.modified_by,
        "createdDate": format_datetime(stored.created),
        "fileName": stored.file_name,
        "fullName": stored.full_name,
        "id": stored.id,
        "lastModifiedById": "",
        "lastModifiedByName": stored.modified_by,
        "lastModifiedDate": format_datetime(stored.modified),
        "manageableState": "unmanaged",
        "namespacePrefix": "",
        "type": stored.type,
    }


def _envelope(body: str) -> str:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="{_ENVELOPE}" xmlns="{METADATA}">'
        f"<soapenv:Body>{body}</soapenv:Body></soapenv:Envelope>"
    )


def _fault(code: str, message: str) -> str:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="{_ENVELOPE}" xmlns:sf="{_FAULTS}">'
        f"<soapenv:Body><soapenv:Fault>{write('faultcode', code)}{write('faultstring', message)}</soapenv:Fault>"
        "</soapenv:Body></soapenv:Envelope>"
    )
