"""Reads the JSON that comes with a recording: who called whom, and when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from scv_voicemail.bounds import read_json
from scv_voicemail.errors import BadVoicemail
from scv_voicemail.voicemail import Mailbox, MailboxKind

MAX_BYTES = 4 * 1024 * 1024
FIELDS = ("from", "to", "id", "received_at", "transcript", "language", "mailbox", "targets", "attributes")


@dataclass(frozen=True, slots=True, kw_only=True)
class CallData:
    """What is known about one call, before numbers and times are made uniform.

        {"from": "+18005550142", "to": "+18005550100", "received_at": "2026-03-01T09:30:00Z",
         "mailbox": {"queue": "Support"}, "attributes": {"Account_Number__c": "42"}}

    Only `from` must be there, and may be empty; `to` may be left to a default. `mailbox` names a queue or a rep.
    """

    caller: str
    dialed_number: str
    voicemail_id: str = ""
    received_at: str | None = None
    transcript: object = None
    language: str = ""
    mailbox: Mailbox | None = None
    targets: tuple[str, ...] = ()
    attributes: Mapping[str, str]

    @classmethod
    def parse(cls, raw: bytes | str, *, name: str) -> Self:
        """The call data in a JSON text called `name`; `BadVoicemail` has code `truncated` if it is no JSON."""
        try:
            data = read_json(raw.decode("utf-8-sig") if isinstance(raw, bytes) else raw)
        except ValueError as error:
            raise BadVoicemail(f"{name} is not JSON in UTF-8: {error}", code="truncated") from error
        if not isinstance(data, dict):
            raise BadVoicemail(f"{name} is no JSON object")
        return cls.of(data, name=name)

    @classmethod
    def of(cls, data: Mapping[str, Any], *, name: str) -> Self:
        """The call data in an object; an unknown or a missing field is a `BadVoicemail` that names it."""
        if unknown := sorted(set(data) - set(FIELDS)):
            raise BadVoicemail(f"{name} has unknown fields {', '.join(unknown)}; known are {', '.join(FIELDS)}")
        if "from" not in data:
            raise BadVoicemail(f"{name} has no field from", fix='for a caller who withheld the number, "from": ""')
        return cls(
            caller=_text(data, "from", name),
            dialed_number=_text(data, "to", name),
            voicemail_id=_text(data, "id", name),
            received_at=_text(data, "received_at", name) or None,
            transcript=data.get("transcript"),
            language=_text(data, "language", name),
            mailbox=_mailbox(data.get("mailbox"), name),
            targets=_targets(data.get("targets"), name),
            attributes=_attributes(data.get("attributes"), name),
        )


def read_call_data(path: Path) -> CallData:
    """The call data in a JSON file."""
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise BadVoicemail(f"{path.name} cannot be read: {error.strerror}") from error
    if len(raw) > MAX_BYTES:
        raise BadVoicemail(f"{path.name} is larger than {MAX_BYTES:,} bytes")
    return CallData.parse(raw, name=path.name)


def _text(data: Mapping[str, Any], field: str, name: str) -> str:
    value = data.get(field)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise BadVoicemail(f"{field!r} in {name} is not text")
    return value.strip()


def _mailbox(value: object, name: str) -> Mailbox | None:
    if value is None:
        return None
    if isinstance(value, dict) and len(value) == 1:
        [(kind, whom)] = value.items()
        if kind in tuple(MailboxKind) and isinstance(whom, str) and whom:
            return Mailbox(kind=MailboxKind(kind), name=whom)
    raise BadVoicemail(f'\'mailbox\' in {name} is neither {{"queue": NAME}} nor {{"rep": USERNAME}}')


def _targets(value: object, name: str) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(one, str) and one for one in value):
        raise BadVoicemail(f"'targets' in {name} is no list of names")
    return tuple(value)


def _attributes(value: object, name: str) -> dict[str, str]:
    if value is None:
        return {}
    if not isinstance(value, dict) or not all(isinstance(one, str) for one in value.values()):
        raise BadVoicemail(f"'attributes' in {name} is no object of field names and texts")
    return dict(value)
