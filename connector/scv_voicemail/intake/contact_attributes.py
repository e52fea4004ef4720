"""What a contact flow asks for by contact attributes: the one table of their names, and how they are read.

Flows speak four dialects: Salesforce's own (`vm_*`, which ours extend), Voicemail Express 3 (`vmx3_*`), Voicemail
Express 2 (`vmx_*`), and the sample of IVR recordings (`voicemail`, `voicemail-destination`, `phoneNumber`).

The first dialect of that order whose flag is set, to whatever value, is the one that is spoken: its flag decides alone
whether this is a voicemail, and a leftover of another dialect neither makes one nor dates one. Only where the spoken
dialect has no word at all is the `vm_*` name read, so that a flow of Voicemail Express may add `vm_targets`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from scv_voicemail.intake.spelling import FIELD_NAME, LANGUAGE

FIELD_PREFIX = "sfdc-"
"""Attributes that begin so become fields of the VoiceCall, as in Salesforce's own Lambda functions."""

SOURCES = ("ivr", "kvs")
_MODES = {"sfcase": "case", "sfother": "custom_object"}
"""Voicemail Express' modes that are a target here; others keep their name, so that a warning can name them."""

_TARGET_NAME = re.compile(r"[\w -]{1,40}")
"""How the name of a target may look, whether or not there is one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """The names one family of flows has for what this package wants to know; empty where it has none."""

    flag: str
    flag_value: str = "1"
    began_at: str = ""
    ended_at: str = ""
    caller: str = ""
    language: str = ""
    queue_arn: str = ""
    queue_name: str = ""
    dialed_number: str = ""
    source: str = ""
    priority: str = ""
    targets: str = ""
    mode: str = ""
    rep: str = ""
    rep_only_if: tuple[str, str] = ("", "")


SALESFORCE = Dialect(
    flag="vm_flag",
    began_at="vm_timestamp",
    ended_at="vm_end_timestamp",
    caller="vm_from",
    language="vm_lang",
    queue_arn="vm_queue_arn",
    queue_name="vm_queue_name",
    dialed_number="vm_dialed_number",
    source="vm_source",
    priority="vm_priority",
    targets="vm_targets",
    rep="vm_mailbox",
)
DIALECTS: tuple[Dialect, ...] = (
    SALESFORCE,
    Dialect(
        flag="vmx3_flag",
        began_at="vmx3_timestamp",
        caller="vmx3_from",
        language="vmx3_lang",
        queue_arn="vmx3_queue_arn",
        mode="vmx3_mode",
        rep="vmx3_preferred_agent",
        rep_only_if=("vmx3_target", "agent"),
    ),
    Dialect(
        flag="vmx_flag",
        caller="vmx_from",
        language="vmx_lang",
        queue_arn="vmx_queue_arn",
        queue_name="vmx_queue_name",
        priority="vmx_priority",
        mode="vmx_mode",
    ),
    Dialect(flag="voicemail", flag_value="true", caller="phoneNumber", queue_arn="voicemail-destination"),
)

FLAGS: Mapping[str, str] = {dialect.flag: dialect.flag_value for dialect in DIALECTS}
"""Every attribute that makes a contact a voicemail, and the only value with which it does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the flow asked for. Empty where it asked for nothing; numbers and names are as the flow wrote them.

    `rep` is a user name. `fields` are API names of VoiceCall fields and their values. `notes` say what was written so
    that it could not be read, without quoting it.
    """

    is_voicemail: bool
    began_at: datetime | None = None
    ended_at: datetime | None = None
    caller: str = ""
    language: str = ""
    queue_arn: str = ""
    queue_name: str = ""
    dialed_number: str = ""
    source: str = ""
    priority: str = ""
    targets: tuple[str, ...] = ()
    rep: str = ""
    fields: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()


def read(attributes: Mapping[str, str] | None) -> Wishes:
    """The wishes in a contact's attributes. A flag counts by its exact value: `"false"` is not a voicemail."""
    given = {name: value for name, value in (attributes or {}).items() if isinstance(value, str) and value.strip()}
    spoken = next((dialect for dialect in DIALECTS if dialect.flag in given), SALESFORCE)
    notes: list[str] = []

    def text(wish: str) -> str:
        own: str = getattr(spoken, wish)
        return given.get(own or getattr(SALESFORCE, wish), "").strip()

    def moment(wish: str) -> datetime | None:
        try:
            return _moment(text(wish))
        except (ValueError, OverflowError):
            notes.append(f"{getattr(spoken, wish) or getattr(SALESFORCE, wish)} is no time in ISO 8601")
            return None

    began_at, ended_at = moment("began_at"), moment("ended_at")
    if began_at and ended_at and ended_at < began_at:
        notes.append("the message ends before it begins: its end is left open")
        ended_at = None
    language, source = text("language"), text("source").lower()
    if not LANGUAGE.fullmatch(language):
        notes.append("the language is not a code such as en-US")
        language = ""
    if source and source not in SOURCES:
        notes.append(f"the source is none of {', '.join(SOURCES)}")
        source = ""
    targets, unnamable = _targets(text("targets"), given.get(spoken.mode, "").strip())
    if unnamable:
        notes.append(f"{unnamable} of the delivery targets are not named like any")
    fields, unusable = _fields(given)
    if unusable:
        notes.append(f"{unusable} attributes after {FIELD_PREFIX} are not named like fields")
    return Wishes(
        is_voicemail=given.get(spoken.flag) == spoken.flag_value,
        began_at=began_at,
        ended_at=ended_at,
        caller=text("caller"),
        language=language,
        queue_arn=text("queue_arn"),
        queue_name=text("queue_name"),
        dialed_number=text("dialed_number"),
        source=source,
        priority=text("priority"),
        targets=targets,
        rep=_rep(spoken, given),
        fields=fields,
        notes=tuple(notes),
    )


def _moment(text: str) -> datetime | None:
    """ISO 8601 with or without fractions of a second; without a zone it is UTC, which is what the flows write."""
    if not text:
        return None
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _targets(names: str, mode: str) -> tuple[tuple[str, ...], int]:
    """The targets that are asked for, and how many more are named like none. Whether they are there is asked later."""
    named = [name.strip() for name in names.split(",")] if names else [_MODES.get(mode.lower(), mode)]
    asked = tuple(dict.fromkeys(name for name in named if name))
    legal = tuple(name for name in asked if _TARGET_NAME.fullmatch(name))
    return legal, len(asked) - len(legal)


def _rep(spoken: Dialect, given: Mapping[str, str]) -> str:
    condition, value = spoken.rep_only_if
    if spoken.rep and (not condition or given.get(condition) == value):
        return given.get(spoken.rep, "").strip()
    return given.get(SALESFORCE.rep, "").strip()


def _fields(given: Mapping[str, str]) -> tuple[tuple[tuple[str, str], ...], int]:
    named = {name.removeprefix(FIELD_PREFIX): value for name, value in given.items() if name.startswith(FIELD_PREFIX)}
    legal = tuple((name, value) for name, value in sorted(named.items()) if FIELD_NAME.fullmatch(name))
    return legal, len(named) - len(legal)
