"""Builds the delivery targets that the settings name or make possible, and says what each of them needs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from scv_voicemail.errors import SettingsInvalid
from scv_voicemail.ports import Target
from scv_voicemail.settings import PREFIX, S3Folder, Settings

if TYPE_CHECKING:
    from scv_voicemail.delivery.field_map import FieldMap
    from scv_voicemail.delivery.links import Links
    from scv_voicemail.delivery.records import Records
    from scv_voicemail.salesforce import SalesforceClient
    from scv_voicemail.telephony import TelephonyClient

TELEPHONY_NEEDS = ("telephony_url", "org_id", "call_center")
"""Settings without which nobody can be called by the Telephony Integration API."""

REST_NEEDS = ("login_url", "client_id", "username")
"""Settings without which nothing can be read back, and no record be made."""

NEEDS: Mapping[str, tuple[str, ...]] = {
    "voice_call": TELEPHONY_NEEDS,
    "case": REST_NEEDS,
    "custom_object": REST_NEEDS,
}
"""The delivery targets there are, and the settings that each needs."""


def needed(settings: Settings) -> list[str]:
    """The settings without which voicemails could not go where they are to go."""
    named = [name for target in settings.targets for name in NEEDS.get(target, ())]
    event = REST_NEEDS if settings.publish_event else ()
    # In S3 a recording has a location by itself, the one that Salesforce's own functions write.
    address = () if isinstance(settings.recordings_dir, S3Folder) else ("recording_url",)
    return list(dict.fromkeys([*named, *event, *address]))


def require(settings: Settings, *names: str) -> None:
    """Raise one `SettingsInvalid` for all of these settings that are empty."""
    missing = [f"{PREFIX}{name.upper()}" for name in names if not getattr(settings, name)]
    if missing:
        raise SettingsInvalid(f"not set: {', '.join(missing)}")


def check_targets(settings: Settings) -> None:
    """Raise `SettingsInvalid` when a voicemail would go nowhere, or to a target that does not exist."""
    known = ", ".join(NEEDS)
    if not settings.targets:
        raise SettingsInvalid(f"{PREFIX}TARGETS names no target", fix=f"name at least one of: {known}")
    if unknown := [name for name in settings.targets if name not in NEEDS]:
        raise SettingsInvalid(f"{PREFIX}TARGETS: there is no target {unknown[0]!r}", fix=f"name some of: {known}")


def wants_telephony(settings: Settings) -> bool:
    """True when a VoiceCall is to be made, or could be for voicemails that ask for it."""
    if "voice_call" in settings.targets:
        return True
    has_key = settings.private_key is not None or settings.private_key_file is not None
    return (has_key or bool(settings.private_key_source)) and all(getattr(settings, name) for name in TELEPHONY_NEEDS)


def field_maps(settings: Settings) -> dict[str, FieldMap]:
    """The field map of each record target. Raises `SettingsInvalid` naming the setting, field and placeholder."""
    from scv_voicemail.delivery.case import CASE_FIELDS
    from scv_voicemail.delivery.custom_object import VOICEMAIL_FIELDS, VOICEMAIL_OBJECT
    from scv_voicemail.delivery.field_map import FieldMap, changed

    is_ours = settings.custom_object == VOICEMAIL_OBJECT
    return {
        "case": FieldMap(
            "Case",
            key=settings.case_key,
            fields=changed(CASE_FIELDS, settings.case_fields),
            setting=f"{PREFIX}CASE_FIELDS",
        ),
        "custom_object": FieldMap(
            settings.custom_object,
            key=settings.custom_object_key,
            fields=changed(VOICEMAIL_FIELDS if is_ours else {}, settings.custom_object_fields),
            setting=f"{PREFIX}CUSTOM_OBJECT_FIELDS",
        ),
    }


def build_targets(
    settings: Settings, *, telephony: TelephonyClient | None, salesforce: SalesforceClient | None
) -> dict[str, Target]:
    """Every target that these clients make possible."""
    targets: dict[str, Target] = {}
    links = None
    if salesforce is not None:
        from scv_voicemail.delivery.records import Records

        records = Records(salesforce)
        maps = field_maps(settings)
        links = _links(settings, records, maps)
        targets |= _record_targets(settings, salesforce, records, maps, links)
    if telephony is not None:
        targets = {"voice_call": _voice_call_target(settings, telephony, salesforce, links), **targets}
    if salesforce is not None and settings.publish_event:
        from scv_voicemail.delivery.announcement import Announced

        return {name: Announced(target, salesforce) for name, target in targets.items()}
    return targets


def _links(settings: Settings, records: Records, maps: Mapping[str, FieldMap]) -> Links:
    from scv_voicemail.delivery.links import VOICE_CALL, End, Links

    ends = [VOICE_CALL, *(End.of(f"{name}_id", fields) for name, fields in maps.items())]
    return Links(records, ends, default_targets=settings.targets)


def _record_targets(
    settings: Settings, salesforce: SalesforceClient, records: Records, maps: Mapping[str, FieldMap], links: Links
) -> dict[str, Target]:
    from scv_voicemail.delivery.case import CaseTarget
    from scv_voicemail.delivery.custom_object import CustomObjectTarget
    from scv_voicemail.delivery.people import People
    from scv_voicemail.delivery.record_target import RecordOptions, RecordTarget

    people = People(salesforce)
    kinds: tuple[type[RecordTarget], ...] = (CaseTarget, CustomObjectTarget)
    return {
        kind.name: kind(
            records=records,
            people=people,
            links=links,
            fields=maps[kind.name],
            options=RecordOptions(
                owner_queue=settings.owner_queue,
                owner_is_chosen="owner_queue" in settings.model_fields_set,
                owner_rules=kind is CaseTarget and settings.case_owner == "rules",
                match_people=settings.match_people,
            ),
        )
        for kind in kinds
    }


def _voice_call_target(
    settings: Settings, telephony: TelephonyClient, salesforce: SalesforceClient | None, links: Links | None
) -> Target:
    from scv_voicemail.delivery.flow_inputs import FlowInputs
    from scv_voicemail.delivery.voice_call import VoiceCallTarget
    from scv_voicemail.delivery.voice_call_payloads import VoiceCallOptions
    from scv_voicemail.delivery.voice_call_state import VoiceCallView

    options = {name: getattr(settings, name) for name in VoiceCallOptions.__dataclass_fields__}
    view = None if salesforce is None else VoiceCallView(salesforce, call_center=settings.call_center)
    inputs = FlowInputs(salesforce, given=settings.flow_input_parameters, flow_dev_name=settings.flow_dev_name)
    return VoiceCallTarget(
        telephony=telephony, view=view, options=VoiceCallOptions(**options), links=links, inputs=inputs
    )
