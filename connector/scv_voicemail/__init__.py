"""Delivers voicemails to reps in Salesforce Service Cloud Voice: never lost, never doubled, never routed too early.

with scv_voicemail.connect() as connector:
    connector.submit("msg0001.wav", caller="+14155550142", dialed_number="+18005550100")
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scv_voicemail.errors import AnotherVoicemail, Rejected, TryAgain, VoicemailError
    from scv_voicemail.intake.again import HandedIn
    from scv_voicemail.voicemail import Mailbox, MailboxKind, Recording, Segment, Transcript, Voicemail, Word
    from scv_voicemail.wiring import Connector, connect

__all__ = [
    "AnotherVoicemail",
    "Connector",
    "HandedIn",
    "Mailbox",
    "MailboxKind",
    "Recording",
    "Rejected",
    "Segment",
    "Transcript",
    "TryAgain",
    "Voicemail",
    "VoicemailError",
    "Word",
    "connect",
]

_ELSEWHERE = {
    **dict.fromkeys(("AnotherVoicemail", "Rejected", "TryAgain", "VoicemailError"), "errors"),
    **dict.fromkeys(("Connector", "connect"), "wiring"),
    "HandedIn": "intake.again",
}
"""Where what is not in `voicemail` comes from."""


def __getattr__(name: str) -> Any:
    """Import what is asked for, when it is asked for: the package itself imports in a few milliseconds."""
    if name not in __all__:
        raise AttributeError(f"module 'scv_voicemail' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"scv_voicemail.{_ELSEWHERE.get(name, 'voicemail')}"), name)


def __dir__() -> list[str]:
    """What the package offers, before any of it is imported."""
    return sorted({*globals(), *__all__})
