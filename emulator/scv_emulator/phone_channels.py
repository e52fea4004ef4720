"""Phone channels: which flow and which fallback queue a dialed number has, as an administrator sets them in Setup."""

from __future__ import annotations

from scv_emulator.salesforce.records import Database


class ChannelInvalid(ValueError):
    """The channel names something that the org does not have; the text says what."""


def set_phone_channel(
    database: Database, *, number: str, flow: str = "", fallback_queue: str = "", contact_center: str = ""
) -> str:
    """Create the channel of a number, or point it elsewhere; its id. Empty names mean none.

    A new channel belongs to the named contact center, or to the org's first.
    """
    if not number:
        raise ChannelInvalid("number: expected the number that callers dial")
    fields = {
        "SessionHandlerId": _id_of(database, "FlowDefinitionView", "ApiName", flow, "flow"),
        "FallbackQueueId": _id_of(database, "Group", "DeveloperName", fallback_queue, "fallbackQueue"),
    }
    found = database.first("MessagingChannel", MessagingPlatformKey=number)
    if found is not None:
        database.update("MessagingChannel", found["Id"], fields | {"IsActive": True}, by_system=True)
        return str(found["Id"])
    center = _id_of(database, "CallCenter", "InternalName", contact_center, "contactCenter")
    first = next(iter(database.all("CallCenter")), None)
    if center is None and first is None:
        raise ChannelInvalid("the org has no contact center")
    channel = database.insert(
        "MessagingChannel",
        {
            "DeveloperName": f"Phone_{number.lstrip('+')}",
            "MasterLabel": number,
            "MessageType": "Phone",
            "MessagingPlatformKey": number,
            "IsActive": True,
        }
        | fields,
        by_system=True,
    )
    link = {"ContactCenterId": center or (first or {})["Id"], "ChannelId": channel}
    database.insert("ContactCenterChannel", link, by_system=True)
    return channel


def _id_of(database: Database, object_name: str, key: str, name: str, what: str) -> str | None:
    if not name:
        return None
    found = database.first(object_name, **{key: name})
    if found is None:
        known = ", ".join(sorted(str(row[key]) for row in database.all(object_name) if row[key])) or "none"
        raise ChannelInvalid(f"{what}: there is no {name[:100]}; known: {known}")
    return str(found["Id"])
