"""Delivers voicemails to reps in Salesforce Service Cloud Voice: never lost, never doubled, never routed too early.

with scv_voicemail.connect() as connector:
    connector.submit("msg0001.wav", caller="+14155550142", dialed_number="+18005550100")
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scv_voicemail.voicemail import Mailbox, MailboxKind, Recording, Segment, Transcript, Voicemail
    from scv_voicemail.wiring import Connector, connect

__all__ = [
    "Connector",
    "Mailbox",
    "MailboxKind",
    "Recording",
    "Segment",
    "Transcript",
    "Voicemail",
    "connect",
]


def __getattr__(name: str) -> Any:
    """Import what is asked for, when it is asked for: the package itself imports in a few milliseconds."""
    if name not in __all__:
        raise AttributeError(f"module 'scv_voicemail' has no attribute {name!r}")
    from scv_voicemail import voicemail, wiring

    return getattr(wiring if name in ("Connector", "connect") else voicemail, name)
