"""What can become of something that came in from Amazon Connect: a voicemail, or nothing and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from scv_voicemail.voicemail import Voicemail


class IgnoredReason(StrEnum):
    """Why something that came in is no voicemail, or not the way by which this one comes."""

    FOREIGN_OBJECT = "foreign_object"
    """The object is no recording of an automated interaction, or none that this connector keeps."""
    UNKNOWN_CONTACT = "unknown_contact"
    """The instance does not know the contact."""
    NOT_A_VOICEMAIL = "not_a_voicemail"
    """No flag says that this call is a voicemail."""
    GIVEN_UP = "given_up"
    """A rep answered after the caller had begun to speak."""
    OTHER_WAY = "other_way"
    """The message is in another recording, whose own event brings it."""
    NO_RECORDING = "no_recording"
    """The contact has no recording: the caller hung up before the tone."""
    BEFORE_OURS = "before_ours"
    """The contact began before this connector was to take any: another system has its message."""
    EMPTY = "empty"
    """The recording holds nothing after the tone."""


class ShortPolicy(StrEnum):
    """What becomes of a message without enough speech."""

    SUPPRESS = "suppress"
    """It is kept and journaled, and nobody is bothered."""
    LOW_PRIORITY = "low_priority"
    """It is delivered with the priority Low."""
    DELIVER = "deliver"
    """It is delivered like any other."""


@dataclass(frozen=True, slots=True)
class ShortMessages:
    """What becomes of messages with less speech than `seconds`."""

    policy: ShortPolicy = ShortPolicy.SUPPRESS
    seconds: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A voicemail whose recording is kept. `deliver=False`: to be known, not delivered. `notes` are for a log.

    `beep_at` is when the flow says that it sent the caller to the beep.
    """

    voicemail: Voicemail
    deliver: bool
    notes: tuple[str, ...] = ()
    beep_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignored:
    """Nothing to be done, and why. `beep_at` as in `Taken`."""

    reason: IgnoredReason
    contact_id: str = ""
    beep_at: datetime | None = None


Intake = Taken | Ignored
