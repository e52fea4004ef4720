"""Whether two voicemails under one id are the same one: nothing that both know may differ."""

from __future__ import annotations

import re

from scv_voicemail.voicemail import ANONYMOUS, Voicemail

_SHORTEST_NUMBER = 7


def contradictions(known: Voicemail, newcomer: Voicemail) -> tuple[str, ...]:
    """The fields in which a newcomer contradicts what is known under its id. What one of both does not know is none.

    The recording is compared where the newcomer brings its own file. One that lies where we keep recordings was cut
    out of a call by us, and may be cut otherwise after an upgrade.
    """
    fields = []
    if not same_number(known.caller, newcomer.caller):
        fields.append("caller")
    if not _is_cut_by_us(newcomer) and known.recording.sha256 != newcomer.recording.sha256:
        fields.append("recording")
    return tuple(fields)


def same_number(one: str, other: str) -> bool:
    """True unless both are known and differ: `+4930123456`, `030123456` and `anonymous` contradict nobody."""
    if one == other or ANONYMOUS in (one, other) or not (one and other):
        return True
    short, long = sorted((_digits(one), _digits(other)), key=len)
    return len(short) >= _SHORTEST_NUMBER and long.endswith(short)


def _digits(number: str) -> str:
    return re.sub(r"\D", "", number.partition("@")[0]).lstrip("0")


def _is_cut_by_us(newcomer: Voicemail) -> bool:
    return newcomer.recording.path.startswith("s3://")
