"""What `doctor` looks at for the targets that make records: object, key, every field and link, owner, event."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from scv_voicemail.cli.finding import Finding, failed, fine, warned
from scv_voicemail.cli.output import Exit
from scv_voicemail.settings import PREFIX, Settings

if TYPE_CHECKING:
    from scv_voicemail.delivery.field_map import FieldMap
    from scv_voicemail.delivery.records import Records
    from scv_voicemail.salesforce import SalesforceClient

FIELD_FIX = "deploy the field, grant access to it in the integration user's permission set, or change {setting}"
LINK_FIX = "deploy sfdx/force-app/voice, grant Edit on VoiceCall and the field in the integration user's permission set"
CALLER_FIX = "grant Read on Contact, Account and their phone numbers in the integration user's permission set"
ENCRYPTED_FIX = (
    f"encrypt phone numbers deterministically, so that they can be asked for, or set {PREFIX}MATCH_PEOPLE=false"
)
EXAMPLE_NUMBER = "+14155550100"
"""Nobody's: asking for it shows whether one may ask."""


def examine(settings: Settings, client: SalesforceClient) -> Iterator[Finding]:
    """Every finding about the record targets of the settings."""
    from scv_voicemail.delivery.records import Records
    from scv_voicemail.target_wiring import field_maps

    records, maps = Records(client), field_maps(settings)
    objects = {"voice_call_id": "VoiceCall"} | {f"{name}_id": one.object_name for name, one in maps.items()}
    for name, fields in maps.items():
        if name in settings.targets:
            yield from _record_target(records, name, fields, objects=objects)
            yield from _owner_queue(settings, client, fields)
    if "voice_call" in settings.targets:
        yield from _voice_call_links(settings, records, objects=objects)
    if settings.match_people and any(_needs_caller(maps[name]) for name in settings.targets if name in maps):
        yield _caller(client)
    if settings.publish_event:
        yield _event(records)


def _record_target(records: Records, name: str, fields: FieldMap, *, objects: dict[str, str]) -> Iterator[Finding]:
    from scv_voicemail.delivery.map_checks import KEY_FIX, field_problems, key_problem

    check, setting = f"target {name}", f"{PREFIX}{name.upper()}_FIELDS"
    shape = records.shape(fields.object_name, now=datetime.now(UTC))
    problem = key_problem(shape, fields)
    if shape is None or problem:
        yield failed(check, problem, KEY_FIX, code=Exit.REFUSED)
        return
    # Without Voice, or without the other target, there is nothing to link with.
    linked = {one for one, name in objects.items() if records.shape(name, now=datetime.now(UTC)) is not None}
    problems = {
        field: why
        for field, why in field_problems(shape, fields, objects=objects).items()
        if fields.links.get(field) in (None, *linked)
    }
    for field, why in problems.items():
        yield warned(
            check, f"voicemails go without {fields.object_name}.{field}: {why}", FIELD_FIX.format(setting=setting)
        )
    if not problems:
        yield fine(check, f"{fields.object_name}, {len(fields.written) + len(fields.links)} fields, key {fields.key}")


def _voice_call_links(settings: Settings, records: Records, *, objects: dict[str, str]) -> Iterator[Finding]:
    """The links of the VoiceCall to the records that are made as well; to an object of the customer's it has none."""
    from scv_voicemail.delivery.custom_object import VOICEMAIL_OBJECT
    from scv_voicemail.delivery.links import VOICE_CALL_LINKS
    from scv_voicemail.delivery.map_checks import link_problems

    ours = {"case_id"} | ({"custom_object_id"} if settings.custom_object == VOICEMAIL_OBJECT else set())
    made = ours & {f"{name}_id" for name in settings.targets}
    links = {field: placeholder for field, placeholder in VOICE_CALL_LINKS.items() if placeholder in made}
    shape = records.shape("VoiceCall", now=datetime.now(UTC))
    if shape is None:  # said already
        return
    for field, why in link_problems(shape, links, objects=objects).items():
        yield warned("target voice_call", f"voicemails go without VoiceCall.{field}: {why}", LINK_FIX)


def _needs_caller(fields: FieldMap) -> bool:
    return any(template.names & {"contact_id", "account_id"} for template in fields.written.values())


def _caller(client: SalesforceClient) -> Finding:
    from scv_voicemail.delivery.people import People
    from scv_voicemail.errors import PermissionMissing, Rejected

    check = "caller lookup"
    try:
        People(client).caller(EXAMPLE_NUMBER)
    except PermissionMissing as error:
        return warned(check, f"no record is linked with the caller: {error.what}", CALLER_FIX)
    except Rejected as error:
        return warned(check, f"no record is linked with the caller: {error.what}", ENCRYPTED_FIX)
    return fine(check, "Contact and Account by phone number")


def _owner_queue(settings: Settings, client: SalesforceClient, fields: FieldMap) -> Iterator[Finding]:
    from scv_voicemail.delivery.people import People

    if not settings.owner_queue or "OwnerId" not in fields.written:
        return
    owner = People(client).owner(fields.object_name, None, fallback_queue=settings.owner_queue, is_chosen=False)
    if not owner.id:
        fix = f"set {PREFIX}OWNER_QUEUE to a queue's developer name; Setup, Queues: add {fields.object_name} to it"
        # Without a choice of somebody's, only voicemails that name no mailbox are left with the integration user.
        say = failed if "owner_queue" in settings.model_fields_set else warned
        yield say("owner queue", owner.warning, fix)


def _event(records: Records) -> Finding:
    from scv_voicemail.delivery.announcement import EVENT

    shape = records.shape(EVENT, now=datetime.now(UTC))
    if shape is None or not shape.createable:
        fix = f"deploy sfdx/force-app/main and grant Create in Voicemail_Integration, or unset {PREFIX}PUBLISH_EVENT"
        return warned("event", f"the integration user cannot publish {EVENT}", fix)
    return fine("event", EVENT)
