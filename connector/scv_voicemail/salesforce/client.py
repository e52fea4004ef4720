"""A client of Salesforce's REST API, on simple-salesforce: queries, records, conversation entries."""

from __future__ import annotations

import json
import random
import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote

from scv_voicemail.errors import Rejected
from scv_voicemail.salesforce.connect import (
    MAX_ENTRIES,
    ConversationEntry,
    Upload,
    entries_from_json,
    upload_body,
    uploads_from_json,
)
from scv_voicemail.salesforce.failures import no_json, well_shaped
from scv_voicemail.salesforce.rest import Repeat, RestSession
from scv_voicemail.salesforce.soql import bind

_SELECTED = re.compile(r"\s*SELECT\s+(.*?)\s+FROM\s", re.DOTALL | re.IGNORECASE)

MOST_PAGES = 1_000
"""So many pages of 2,000 records has no query of ours; a locator that leads on for ever ends there."""

if TYPE_CHECKING:
    import requests


@dataclass(frozen=True, slots=True, kw_only=True)
class Upserted:
    """The record that an External Id now belongs to, and whether it is new."""

    id: str
    created: bool


class SalesforceClient:
    """Reads and writes records of one org as one integration user. Safe to share between threads.

        with SalesforceClient(login_url=url, client_id=key, username=user, private_key_pem=pem) as salesforce:
            call = salesforce.query_one("SELECT Id, CallOrigin FROM VoiceCall WHERE VendorCallKey = :key", key=key)
            case = salesforce.upsert("Case", "VoicemailId__c", key, {"Subject": "Voicemail"})
            salesforce.update("VoiceCall", call["Id"], {"Description": f"Case {case.id}"})

    Logs in with the first request. Reads are tried again for a short while; an upsert once more, when no answer came;
    a create never: after `Unavailable` the caller looks whether the record is there. No write runs the org's assignment
    rules unless it is told to.
    `login_url` is also the audience, unless `audience` is given. `private_key_pem` may be a function.
    """

    def __init__(
        self,
        *,
        login_url: str,
        client_id: str,
        username: str,
        private_key_pem: str | Callable[[], str],
        audience: str | None = None,
        instance_url: str | None = None,
        api_version: str = "66.0",
        timeout_seconds: float = 10.0,
        connect_timeout_seconds: float = 5.0,
        max_tries: int = 3,
        allow_plain_http: bool = False,
        session: requests.Session | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._rest = RestSession(
            login_url=login_url,
            client_id=client_id,
            username=username,
            private_key_pem=private_key_pem,
            audience=audience,
            instance_url=instance_url,
            api_version=api_version,
            timeout=(connect_timeout_seconds, timeout_seconds),
            max_tries=max_tries,
            allow_plain_http=allow_plain_http,
            session=session,
            now=now,
            sleep=sleep,
            jitter=jitter,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the connections back."""
        self._rest.close()

    # ------------------------------------------------------------------------------------------------ queries

    def query(self, soql: str, /, **parameters: object) -> list[dict[str, Any]]:
        """Every record of a query, from all its pages. `:name` in the SOQL is bound to the keyword of that name."""
        content = self._rest.json_object("GET", "query/", operation="query", params={"q": bind(soql, **parameters)})
        columns, seen = _columns(soql), set[str]()
        records = _records(content, "query", columns)
        while not content.get("done", True):
            locator = str(content.get("nextRecordsUrl") or "").rpartition("/")[2]
            if not locator or locator in seen or len(seen) >= MOST_PAGES:
                raise no_json("query, next page")
            seen.add(locator)
            content = self._rest.json_object("GET", f"query/{quote(locator, safe='')}", operation="query, next page")
            records += _records(content, "query, next page", columns)
        return [_without_attributes(record) for record in records]

    def query_one(self, soql: str, /, **parameters: object) -> dict[str, Any] | None:
        """The only record of a query, or None. Raises `Rejected` when there are several."""
        records = self.query(soql, **parameters)
        if len(records) > 1:
            raise Rejected(f"query: {len(records)} records where one was expected", service="salesforce")
        return records[0] if records else None

    # ------------------------------------------------------------------------------------------------ records

    def create(self, object_name: str, fields: Mapping[str, Any], *, assignment_rules: bool = False) -> str:
        """Create a record and return its id. Never repeated by itself."""
        operation = f"create {object_name}"
        content = self._rest.json_object(
            "POST",
            f"sobjects/{_segment('object', object_name)}/",
            operation=operation,
            repeat=Repeat.NEVER,
            data=_json(fields),
            headers=_assigning(by_rules=assignment_rules),
        )
        if not isinstance(content.get("id"), str):
            raise no_json(operation)
        return str(content["id"])

    def update(self, object_name: str, record_id: str, fields: Mapping[str, Any]) -> None:
        """Change fields of a record."""
        self._rest.request(
            "PATCH",
            _record_path(object_name, record_id),
            operation=f"update {object_name}",
            repeat=Repeat.NEVER,
            data=_json(fields),
            headers=_assigning(by_rules=False),
        )

    def get(self, object_name: str, record_id: str, fields: Sequence[str]) -> dict[str, Any]:
        """The named fields of a record. Raises `Rejected` with the code NOT_FOUND when there is none."""
        path = _record_path(object_name, record_id)
        content = self._rest.json_object(
            "GET", path, operation=f"get {object_name}", params={"fields": ",".join(fields)}
        )
        return dict(_without_attributes(content))

    def delete(self, object_name: str, record_id: str) -> None:
        """Delete a record."""
        self._rest.request(
            "DELETE", _record_path(object_name, record_id), operation=f"delete {object_name}", repeat=Repeat.NEVER
        )

    def upsert(self, object_name: str, external_id_field: str, value: str, fields: Mapping[str, Any]) -> Upserted:
        """Create the record with this External Id, or change it if it is there; doing it twice changes nothing."""
        operation = f"upsert {object_name}"
        path = f"{_record_path(object_name, external_id_field)}/{_segment(external_id_field, value)}"
        content = self._rest.request(
            "PATCH",
            path,
            operation=operation,
            repeat=Repeat.UNANSWERED,
            data=_json(fields),
            headers=_assigning(by_rules=False),
        )
        if content is None:  # 204: API versions before 46.0 do not say which record it was
            found = self._rest.json_object("GET", path, operation=operation, params={"fields": "Id"})
            content = {"id": found.get("Id"), "created": False}
        if not isinstance(content, Mapping) or not isinstance(content.get("id"), str):
            raise no_json(operation)
        return Upserted(id=content["id"], created=bool(content.get("created")))

    def describe(self, object_name: str) -> dict[str, Any]:
        """What the integration user can see of an object: its fields, key prefix, and what it may do with them."""
        path = f"sobjects/{_segment('object', object_name)}/describe"
        return dict(self._rest.json_object("GET", path, operation=f"describe {object_name}"))

    def limits(self) -> dict[str, Any]:
        """The org's limits: name to `{Max, Remaining}`."""
        return dict(self._rest.json_object("GET", "limits/", operation="limits"))

    # ------------------------------------------------------------------------------------------------ Connect API

    def conversation_entries(
        self,
        conversation_identifier: str,
        *,
        record_limit: int = MAX_ENTRIES,
        from_start: bool = True,
        start_ms: int | None = None,
        end_ms: int | None = None,
    ) -> list[ConversationEntry]:
        """The utterances of a conversation. Each reading counts against an hourly limit of its own: do not poll."""
        params = {
            "recordLimit": record_limit,
            "queryDirection": "FromStart" if from_start else "FromEnd",
            "startTimestamp": start_ms,
            "endTimestamp": end_ms,
        }
        path = f"connect/conversation/{_segment('conversation', conversation_identifier)}/entries"
        content = self._rest.json_object("GET", path, operation="conversation entries", params=params)
        with well_shaped("conversation entries"):
            return entries_from_json(content)

    def upload_conversation_entries(
        self, conversation_id: str, entries: Iterable[ConversationEntry], *, voice_call_ids: Sequence[str]
    ) -> Upload:
        """Add utterances to a closed conversation, in the order given; it takes a while, see `upload_status`."""
        operation = "upload conversation entries"
        body = upload_body(conversation_id, entries, related_records=voice_call_ids)
        content = self._rest.json_object(
            "POST",
            "connect/conversations/upload",
            operation=operation,
            repeat=Repeat.NEVER,
            # The name of the part is the conversation's id, and requests writes the multipart header itself.
            files={conversation_id: ("transcripts.txt", body, "application/octet-stream")},
            headers={"Content-Type": None},
        )
        with well_shaped(operation):
            uploads = uploads_from_json(content)
        if not uploads:
            raise no_json(operation)
        return uploads[0]

    def upload_status(self, *upload_ids: str) -> list[Upload]:
        """How far uploads have got."""
        # The guide says uploadId, Salesforce's own Lambda functions send uploadIds.
        params = {"uploadIds": ",".join(upload_ids)}
        content = self._rest.json_object(
            "GET", "connect/conversations/upload", operation="upload status", params=params
        )
        return uploads_from_json(content)


def _columns(soql: str) -> list[str]:
    """The fields that each record of a query has to have; none for a query that counts."""
    found = _SELECTED.match(soql)
    names = [] if found is None or "(" in found[1] else found[1].split(",")
    return [name.strip().partition(".")[0] for name in names]


def _records(content: Mapping[str, Any], operation: str, columns: Sequence[str]) -> list[Mapping[str, Any]]:
    """The records of a page, if they are what they should be."""
    records = content.get("records")
    records = [] if records is None else records
    if not isinstance(records, list) or not all(_is_record(record, columns) for record in records):
        raise no_json(operation)
    return records


def _is_record(record: object, columns: Sequence[str]) -> bool:
    if not isinstance(record, Mapping) or not isinstance(record.get("Id", ""), str):
        return False
    known = {name.lower() for name in record}
    return all(name.lower() in known for name in columns)


def _assigning(*, by_rules: bool) -> dict[str, str]:
    """Whether the org's assignment rules choose the owner.

    Without the header every REST write runs them, updates included (REST API Developer Guide, Assignment Rule Header),
    and would take a Case away from the rep who has it.
    """
    return {"Sforce-Auto-Assign": "TRUE" if by_rules else "FALSE"}


def _record_path(object_name: str, record_id: str) -> str:
    return f"sobjects/{_segment('object', object_name)}/{_segment('record id', record_id)}"


def _segment(what: str, value: str) -> str:
    """A value as one segment of a path, whatever characters it has."""
    if not value or value in {".", ".."}:
        raise Rejected(f"{what} must be text that can stand in a URL; nothing was sent", service="salesforce")
    return quote(value, safe="")


def _json(fields: Mapping[str, Any]) -> str:
    try:
        return json.dumps(dict(fields), default=_plain, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise Rejected(f"a field has no JSON form: {error}; nothing was sent", service="salesforce") from None


def _plain(value: object) -> object:
    match value:
        case datetime() if value.utcoffset() is not None:
            return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        case datetime():
            raise TypeError("a datetime needs a time zone")
        case date():
            return value.isoformat()
        case Decimal():
            return float(value)
        case _:
            raise TypeError(f"a {type(value).__name__} cannot be sent")


def _without_attributes(value: Any) -> Any:
    """Records as they were asked for, without the `attributes` that Salesforce adds to each."""
    if isinstance(value, Mapping):
        return {name: _without_attributes(part) for name, part in value.items() if name != "attributes"}
    return [_without_attributes(part) for part in value] if isinstance(value, list) else value
