"""Whether a record that was found by its key is this very voicemail's, or that of another one with the same key.

A key is only as unique as whoever gives it: a telephony system counts from 1 again, two contact centers share an org.
Two values disagree only where both are known: a number that was withheld, hidden from the integration user or masked by
encryption says nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from scv_voicemail.delivery.field_map import FieldMap
from scv_voicemail.errors import Rejected
from scv_voicemail.voicemail import Voicemail

LONGEST_CALL = timedelta(hours=24)
"""A call began at most so long before the message that was left in it."""

CLOCKS_APART = timedelta(minutes=10)
"""The clocks of a telephony system and of Salesforce may differ by so much, and by the fractions that are dropped."""

OLDEST_YEAR = 1970
"""A time before that is no time: Shield shows one of 1888 or 1777 where it may not show the real one."""

CALL_FIELDS: Mapping[str, str] = {
    "FromPhoneNumber": "caller",
    "ToPhoneNumber": "dialed_number",
    "CallStartDateTime": "call_began",
}
"""Fields of a VoiceCall and what they hold."""

_SCHEME = re.compile(r"^(?:sips?|tel|callto):(?://)?", re.IGNORECASE)
_NUMBER = re.compile(r"[+(\d][\d ().\-/]{2,}")
_ADDRESS = re.compile(r"[^\s@*?]+@[^\s@*?]+")


def compared(fields: FieldMap) -> dict[str, str]:
    """The fields of a record that tell one voicemail from another, and what they hold."""
    return {name: template.alone for name, template in fields.written.items() if template.alone in _COMPARISONS}


def disagreements(voicemail: Voicemail, held: Mapping[str, Any], fields: Mapping[str, str]) -> list[str]:
    """What a record holds that cannot be this voicemail's; `fields` are its fields and what they hold."""
    found = []
    for name, fact in fields.items():
        comparison, theirs = _COMPARISONS[fact], held.get(name)
        ours = comparison.ours(voicemail)
        if comparison.agrees(ours, theirs) is False:
            found.append(f"{name} is {theirs}, not {comparison.said.format(ours)}")
    return found


def another(voicemail: Voicemail, *, record: str, why: list[str]) -> Rejected:
    """The error that names both: the voicemail, and the record that somebody else's has under its key."""
    return Rejected(
        f"under the key of this voicemail Salesforce holds another one, {record}: {'; '.join(why)}",
        service="salesforce",
        voicemail_id=voicemail.id,
        fix="hand it in again under a key that no other message has; where both are the same message, correct the "
        "record in Salesforce, then `scv-voicemail retry ID`",
    )


def same_number(ours: str, theirs: Any) -> bool | None:
    """Whether two numbers or addresses are the same in any way of writing; None when one of them is not known."""
    one, other = _known(ours), _known(theirs)
    if one is None or other is None or ("@" in one) != ("@" in other):
        return None
    if "@" in one:
        return one == other
    # The national form, an extension: the end of the whole number.
    return one.endswith(other) or other.endswith(one)


def _known(value: Any) -> str | None:
    text = _SCHEME.sub("", str(value or "").strip())
    if _ADDRESS.fullmatch(text):
        user = text.partition("@")[0]
        if not _NUMBER.fullmatch(user):
            return text.lower()
        text = user
    if not _NUMBER.fullmatch(text):
        return None
    return re.sub(r"\D", "", text).lstrip("0") or None


def _same_place(ours: str, theirs: Any) -> bool | None:
    """Recordings move from one server to another; the name of the file is what stays."""
    names = [urlsplit(str(one or "")).path.rpartition("/")[2] for one in (ours, theirs)]
    return names[0] == names[1] if all(names) else None


def _moment(value: Any) -> datetime | None:
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return moment if moment.tzinfo is not None and moment.year >= OLDEST_YEAR else None


def _same_time(ours: datetime, theirs: Any) -> bool | None:
    moment = _moment(theirs)
    return None if moment is None else abs(moment - ours) <= LONGEST_CALL


def _began_before(voicemail: Voicemail, theirs: Any) -> bool | None:
    moment = _moment(theirs)
    return (
        None if moment is None else voicemail.started_at - LONGEST_CALL <= moment <= voicemail.ended_at + CLOCKS_APART
    )


@dataclass(frozen=True, slots=True)
class _Comparison:
    """What the voicemail has, how it is compared, and what a sentence says of it."""

    ours: Callable[[Voicemail], Any]
    agrees: Callable[[Any, Any], bool | None]
    said: str = "{0}"


_COMPARISONS: Mapping[str, _Comparison] = {
    "caller": _Comparison(lambda voicemail: voicemail.caller, same_number),
    "dialed_number": _Comparison(lambda voicemail: voicemail.dialed_number, same_number),
    "recording_location": _Comparison(lambda voicemail: voicemail.recording.location, _same_place),
    "received_at": _Comparison(lambda voicemail: voicemail.started_at, _same_time),
    "ended_at": _Comparison(lambda voicemail: voicemail.ended_at, _same_time),
    "call_began": _Comparison(
        lambda voicemail: voicemail, _began_before, "in the day before the message of {0.started_at}"
    ),
}
