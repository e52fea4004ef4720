"""Whether a contact is a voicemail, and which of its recordings holds the message."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from scv_voicemail.aws.contacts import Contact, ContactRecording
from scv_voicemail.intake.contact_attributes import Wishes, read
from scv_voicemail.intake.outcome import IgnoredReason


def wishes_of(contact: Contact) -> Wishes:
    """What the flow asked for in this very contact: a transferred call inherits the attributes of the one before."""
    wishes = read(contact.attributes)
    if wishes.began_at and contact.began_at and wishes.began_at < contact.began_at:
        note = "the timestamp is older than the contact: it is another message's"
        return replace(wishes, began_at=None, ended_at=None, notes=(*wishes.notes, note))
    return wishes


def no_voicemail(contact: Contact, wishes: Wishes) -> IgnoredReason | None:
    """Why this is no voicemail; None when it is one.

    A rep who was connected after the caller had begun to speak has taken the call, whatever the flag still says. Where
    the flow has not dated the message, it began no earlier than the first recording.
    """
    if not wishes.is_voicemail or contact.channel not in ("", "VOICE"):
        return IgnoredReason.NOT_A_VOICEMAIL
    starts = [one.started_at for one in contact.recordings if one.started_at]
    answered, began = contact.agent_connected_at, wishes.began_at or min(starts, default=None)
    return IgnoredReason.GIVEN_UP if answered and began and answered > began else None


def ivr_recordings(contact: Contact) -> list[ContactRecording]:
    """The recordings of the automated interaction, which lie in S3."""
    return [one for one in contact.recordings if one.participant == "IVR" and one.location]


def streams(contact: Contact) -> list[ContactRecording]:
    """What was streamed of the caller."""
    return [one for one in contact.recordings if one.storage == "KINESIS_VIDEO_STREAM" and one.location]


def right_one(recordings: Sequence[ContactRecording], wishes: Wishes) -> ContactRecording | None:
    """The recording that was running when the message began: the last one begun by then, or else the last of all."""
    began = wishes.began_at
    starts = [(one.started_at, at) for at, one in enumerate(recordings) if one.started_at]
    by_then = [at for started_at, at in sorted(starts) if began and started_at <= began]
    return recordings[by_then[-1] if by_then else -1] if recordings else None
