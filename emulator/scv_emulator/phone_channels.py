"""Phone channels: which flow and which fallback queue a dialed number has, as an administrator sets them in Setup.

Setup keeps two pairs. Those for live calls lie in MessagingChannel (SessionHandlerId, FallbackQueueId), those for
voicemails in ContactCenterChannel (VoicemailHandler, VoicemailFallbackQueueId): Object Reference, API 56 and later.
"""

from __future__ import annotations

from scv_emulator.salesforce.records import Database


class ChannelInvalid(ValueError):
    """The channel names something that the org does not have; the text says what."""


def set_phone_channel(
    database: Database,
    *,
    number: str,
    flow: str = "",
    fallback_queue: str = "",
    live_flow: str | None = None,
    live_fallback_queue: str | None = None,
    contact_center: str = "",
) -> str:
    """Create the channel of a number, or point it elsewhere; its id. Empty names mean none.

    `flow` and `fallback_queue` are the number's voicemail flow and fallback queue; live calls take the same two unless
    theirs are given. A new channel belongs to the named contact center, or to the org's first.
    """
    if not number:
        raise ChannelInvalid("number: expected the number that callers dial")
    of_voicemail = _choice(database, flow, fallback_queue, "")
    of_live_calls = _choice(
        database,
        flow if live_flow is None else live_flow,
        fallback_queue if live_fallback_queue is None else live_fallback_queue,
        "live",
    )
    live = {"SessionHandlerId": of_live_calls[0], "FallbackQueueId": of_live_calls[1]}
    voicemail = {"VoicemailHandler": of_voicemail[0], "VoicemailFallbackQueueId": of_voicemail[1]}
    found = database.first("MessagingChannel", MessagingPlatformKey=number)
    if found is not None:
        database.update("MessagingChannel", found["Id"], live | {"IsActive": True}, by_system=True)
        for link in database.find("ContactCenterChannel", ChannelId=found["Id"]):
            database.update("ContactCenterChannel", link["Id"], voicemail, by_system=True)
        return str(found["Id"])
    center = _id_of(database, "CallCenter", "InternalName", contact_center, "contactCenter")
    first = next(iter(database.all("CallCenter")), None)
    if center is None and first is None:
        raise ChannelInvalid("the org has no contact center")
    return add_phone_channel(database, number, center or str((first or {})["Id"]), live, voicemail)


def add_phone_channel(
    database: Database, number: str, center: str, live: dict[str, str | None], voicemail: dict[str, str | None]
) -> str:
    """Create both records of a number; the id of its MessagingChannel."""
    channel = database.insert(
        "MessagingChannel",
        {
            "DeveloperName": f"Phone_{number.lstrip('+')}",
            "MasterLabel": number,
            "MessageType": "Phone",
            "MessagingPlatformKey": number,
            "IsActive": True,
        }
        | live,
        by_system=True,
    )
    database.insert(
        "ContactCenterChannel", {"ContactCenterId": center, "ChannelId": channel} | voicemail, by_system=True
    )
    return channel


def _choice(database: Database, flow: str, fallback_queue: str, of: str) -> tuple[str | None, str | None]:
    """The ids of a flow and of a queue; `of` begins the names under which a refusal speaks of them."""
    names = ("liveFlow", "liveFallbackQueue") if of else ("flow", "fallbackQueue")
    return (
        _id_of(database, "FlowDefinitionView", "ApiName", flow, names[0]),
        _id_of(database, "Group", "DeveloperName", fallback_queue, names[1]),
    )


def _id_of(database: Database, object_name: str, key: str, name: str, what: str) -> str | None:
    if not name:
        return None
    found = database.first(object_name, **{key: name})
    if found is None:
        known = ", ".join(sorted(str(row[key]) for row in database.all(object_name) if row[key])) or "none"
        raise ChannelInvalid(f"{what}: there is no {name[:100]}; known: {known}")
    return str(found["Id"])
