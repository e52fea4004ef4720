"""Every resource below `/services/data/vXX.X`: its path, its methods and the behaviour behind them."""

from __future__ import annotations

from scv_emulator.salesforce import describe, sobjects
from scv_emulator.salesforce.errors import SalesforceError
from scv_emulator.salesforce.query import DEFAULT_PAGE
from scv_emulator.salesforce.rest import Answer, Call, Resource

VENDOR_ONLY = (
    "actions",
    "analytics",
    "appMenu",
    "async-queries",
    "chatter",
    "commerce",
    "composite",
    "connect",
    "consent",
    "dedupe",
    "domino",
    "einstein",
    "event",
    "flexipage",
    "folders",
    "graphql",
    "iot",
    "jobs",
    "jsonxform",
    "knowledgeManagement",
    "licensing",
    "localizedvalue",
    "metadata",
    "parameterizedSearch",
    "process",
    "quickActions",
    "recent",
    "scheduling",
    "search",
    "serviceTemplates",
    "smartdatadiscovery",
    "support",
    "tabs",
    "theme",
    "tooling",
    "ui-api",
    "wave",
)
"""First segments of resources that Salesforce has and this emulator has not, or not entirely."""

VENDOR_ONLY_OF_OBJECTS = ("defaultValues", "deleted", "listviews", "quickActions", "updated")
"""Resources of an object that Salesforce has and this emulator has not."""


def resource_map(call: Call) -> Answer:
    """`GET /services/data/vXX.X`: what there is, and who asks."""
    base = call.core.base_url()
    names = ("sobjects", "query", "queryAll", "limits", "composite", "connect", "metadata")
    return Answer(
        200,
        {name: f"{call.data_url}/{name}" for name in names}
        | {"identity": f"{base}/id/{call.core.org_id}/{call.user_id}"},
    )


def limits(call: Call) -> Answer:
    """`GET limits`: how much of the day's requests is left."""
    core = call.core
    remaining = max(0, core.daily_api_requests - core.api_requests)
    return Answer(200, {"DailyApiRequests": {"Max": core.daily_api_requests, "Remaining": remaining}})


def query(call: Call) -> Answer:
    """`GET query?q=...`; with `columns=true` what its columns are."""
    return _query(call, deleted_too=False)


def query_all(call: Call) -> Answer:
    """`GET queryAll?q=...`: the same, deleted records included."""
    return _query(call, deleted_too=True)


def query_more(call: Call) -> Answer:
    """`GET query/{locator}`: the next page."""
    return Answer(200, call.core.queries.more(call.parts["locator"], data_url=call.data_url))


def _query(call: Call, *, deleted_too: bool) -> Answer:
    text = call.params.get("q", "")
    if not text:
        raise SalesforceError(400, "MALFORMED_QUERY", "A query string has to be specified")
    if call.params.get("columns", "").lower() == "true":
        return Answer(200, call.core.queries.columns(text))
    found = call.core.queries.run(text, data_url=call.data_url, page_size=_page_size(call), deleted_too=deleted_too)
    return Answer(200, found)


def _page_size(call: Call) -> int:
    options = call.headers.get("sforce-query-options", "")
    for option in options.split(","):
        name, _, value = (part.strip() for part in option.partition("="))
        if name.lower() == "batchsize" and value.isascii() and value.isdecimal() and len(value) < 6:
            return int(value)
    return DEFAULT_PAGE


def describe_all(call: Call) -> Answer:
    """`GET sobjects`: every object of the org."""
    entries = [describe.summary(one, data_url=call.data_url) for one in call.core.database.seen]
    return Answer(200, {"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": entries})


def describe_briefly(call: Call) -> Answer:
    """`GET sobjects/X`: one object without its fields."""
    sobject = call.sobject
    return Answer(200, {"objectDescribe": describe.summary(sobject, data_url=call.data_url), "recentItems": []})


def describe_one(call: Call) -> Answer:
    """`GET sobjects/X/describe`: one object with its fields."""
    sobject = call.sobject
    locked = sobjects.locked_fields(call.core, sobject)
    return Answer(200, describe.description(sobject, data_url=call.data_url, locked=locked))


def conversation_entries(call: Call) -> Answer:
    """`GET connect/conversation/{id}/entries`: the transcript."""
    return Answer(200, call.core.conversations.entries(call.parts["conversation"], call.params))


def redact_entries(call: Call) -> Answer:
    """`PATCH connect/conversation/{id}/entries`: replace texts."""
    return Answer(200, call.core.conversations.redact(call.parts["conversation"], call.json()))


def upload_conversations(call: Call) -> Answer:
    """`POST connect/conversations/upload`: transcripts of closed conversations."""
    return Answer(200, call.core.conversations.upload(call.files))


def upload_statuses(call: Call) -> Answer:
    """`GET connect/conversations/upload`: the guide says `uploadId=`, the vendor's own Lambda sends `uploadIds=`."""
    ids = call.params.get("uploadIds") or call.params.get("uploadId") or ""
    return Answer(200, call.core.conversations.upload_statuses([one.strip() for one in ids.split(",") if one.strip()]))


RESOURCES = (
    Resource("", GET=resource_map),
    Resource("limits", GET=limits),
    Resource("query", GET=query),
    Resource("query/{locator}", GET=query_more),
    Resource("queryAll", GET=query_all),
    Resource("queryAll/{locator}", GET=query_more),
    Resource("sobjects", GET=describe_all),
    Resource("sobjects/{object}", GET=describe_briefly, POST=sobjects.create),
    Resource("sobjects/{object}/describe", GET=describe_one),
    Resource("sobjects/{object}/{id}", GET=sobjects.read, PATCH=sobjects.update, DELETE=sobjects.delete),
    Resource(
        "sobjects/{object}/{field}/{value}",
        GET=sobjects.read_by_key,
        PATCH=sobjects.upsert,
        DELETE=sobjects.delete_by_key,
    ),
    Resource("composite/sobjects", POST=sobjects.create_many, PATCH=sobjects.update_many, DELETE=sobjects.delete_many),
    Resource("connect/conversation/{conversation}/entries", GET=conversation_entries, PATCH=redact_entries),
    Resource("connect/conversations/upload", GET=upload_statuses, POST=upload_conversations),
)
