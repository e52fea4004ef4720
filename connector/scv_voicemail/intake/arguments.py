"""What a program hands in with a recording, bounded and typed where it enters: Python lets anything through."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from scv_voicemail.errors import BadRecording, BadVoicemail
from scv_voicemail.intake.spelling import FIELD_NAME
from scv_voicemail.voicemail import Mailbox, MailboxKind, Transcript, Voicemail

TranscriptLike = str | Path | Transcript | Mapping[str, object] | Sequence[Mapping[str, object]]
"""Text, timed segments, an object of both, or the path of a file that holds one of them."""

MailboxLike = Mailbox | Mapping[str, str]
"""A mailbox, or `{"queue": NAME}` or `{"rep": USERNAME}`, as in a folder's JSON."""

MOST_TARGETS = 20
LONGEST_NAME = 80
LONGEST_WORD = 255
MOST_ATTRIBUTES = 200
LONGEST_VALUE = 100_000
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def recording_path(value: object) -> Path:
    """The path of a recording."""
    if not isinstance(value, str | os.PathLike):
        raise BadRecording(f"the recording is {_kind(value)}, expected the path of a WAV file")
    path = os.fspath(value)
    if not isinstance(path, str):
        raise BadRecording("the recording's path is bytes, expected text", fix="decode it with os.fsdecode")
    return Path(path)


def text(value: object, name: str, *, fix: str = "") -> str:
    """A short text, such as a number, a key or a language."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise BadVoicemail(f"{name} is {_kind(value)}, expected text", fields=(name,), fix=fix)
    if len(value) > 4 * LONGEST_WORD or not _is_whole(value):
        raise BadVoicemail(f"{name} is too long, or holds halves of characters", fields=(name,))
    return value


def target_names(value: object) -> tuple[str, ...]:
    """The names of delivery targets, each once; a text is one name."""
    names = [value] if isinstance(value, str) else value
    if names is None:
        return ()
    if isinstance(names, bytes | bytearray | Mapping) or not isinstance(names, Iterable):
        raise _no_targets(f"targets is {_kind(names)}")
    found: list[str] = []
    for name in names:
        if not isinstance(name, str) or not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
            raise _no_targets(f"targets holds {_shown(name)}")
        found += [name] if name not in found else []
        if len(found) > MOST_TARGETS:
            raise _no_targets(f"targets holds more than {MOST_TARGETS} names")
    return tuple(found)


def mailbox(value: object) -> Mailbox | None:
    """Whom the voicemail is for; `{"queue": NAME}` and `{"rep": USERNAME}` are understood."""
    kind: object
    name: object
    if value is None:
        return None
    if isinstance(value, Mailbox):
        kind, name = value.kind, value.name
    elif isinstance(value, Mapping) and len(value) == 1:
        [(kind, name)] = value.items()
    else:
        kind = name = None
    # Not "printable": a queue's name may have a space that does not break.
    is_name = isinstance(name, str) and 0 < len(name) <= LONGEST_WORD and _is_whole(name) and not _CONTROL.search(name)
    if isinstance(kind, str) and kind in tuple(MailboxKind) and isinstance(name, str) and is_name:
        return Mailbox(kind=MailboxKind(kind), name=name)
    raise BadVoicemail(
        f"the mailbox is {_shown(value)}",
        fields=("mailbox",),
        fix='give {"queue": DEVELOPER_NAME} or {"rep": USERNAME}, or a scv_voicemail.Mailbox',
    )


def attributes(value: object) -> tuple[tuple[str, str], ...]:
    """Names of fields and their values."""
    if value is None:
        return ()
    if not isinstance(value, Mapping):
        raise BadVoicemail(
            f"attributes is {_kind(value)}, expected field names and their values", fields=("attributes",)
        )
    if len(value) > MOST_ATTRIBUTES:
        raise BadVoicemail(f"there are {len(value):,} attributes, at most {MOST_ATTRIBUTES}", fields=("attributes",))
    for name, said in value.items():
        is_name = isinstance(name, str) and FIELD_NAME.fullmatch(name)
        if not is_name or not isinstance(said, str) or len(said) > LONGEST_VALUE or not _is_whole(said):
            raise BadVoicemail(
                f"the attribute {_shown(name)} is not a field's API name with a text as its value",
                fields=("attributes",),
            )
    return tuple(value.items())


def checked(voicemail: Voicemail) -> Voicemail:
    """A voicemail that a program has built by itself, with what it holds looked at."""
    for name in ("id", "caller", "dialed_number", "language", "source", "priority"):
        text(getattr(voicemail, name), name)
    if not isinstance(voicemail.started_at, datetime):
        raise BadVoicemail(f"started_at is {_kind(voicemail.started_at)}, expected a datetime", fields=("started_at",))
    return replace(voicemail, targets=target_names(voicemail.targets), mailbox=mailbox(voicemail.mailbox))


def _no_targets(what: str) -> BadVoicemail:
    return BadVoicemail(
        what, fields=("targets",), fix=f"give one name or a list of names, each of 1 to {LONGEST_NAME} characters"
    )


def _is_whole(value: str) -> bool:
    """Whether it can be written down: not with half of a character."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _kind(value: object) -> str:
    return type(value).__name__


def _shown(value: object) -> str:
    return repr(value[:LONGEST_NAME]) if isinstance(value, str) else f"a value of type {_kind(value)}"
