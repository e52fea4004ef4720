"""What each call gives back, read from its reply."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from scv_voicemail.errors import Rejected, RoutingFailed, Unavailable
from scv_voicemail.telephony.record_ids import to_18
from scv_voicemail.telephony.replies import Reply, cut, json_object, judge, texts

_OTHER_MEANING = frozenset({401, 403, 408, 429})
"""Statuses that say more than an `errors` list: who is asking, how often, and how slowly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceCallCreated:
    """The VoiceCall exists. `warnings` tell what triggers, flows or validation rules kept from being set."""

    voice_call_id: str
    warnings: tuple[str, ...] = ()

    @classmethod
    def from_reply(cls, reply: Reply) -> Self:
        """Read the reply; `errors` beside an id are warnings, as a list or as one string (guide, chapter 3)."""
        content = json_object(reply)
        voice_call_id = content.get("voiceCallId")
        if not isinstance(voice_call_id, str) or not voice_call_id:
            raise reply.error(Unavailable, "the reply has no voiceCallId, so the call may or may not exist")
        return cls(
            voice_call_id=to_18(voice_call_id), warnings=tuple(cut(text) for text in texts(content.get("errors")))
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdatePending:
    """The update was taken and is applied later; the API has no way to ask whether it has been."""

    status: str

    @classmethod
    def from_reply(cls, reply: Reply) -> Self:
        """Read the reply; an empty success is one too."""
        return cls(status=str(_success(reply).get("status", "")))


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """The request was accepted; `text` is the vendor's word for it, or empty."""

    text: str

    @classmethod
    def from_reply(cls, reply: Reply) -> Self:
        """Read the reply; an empty success is one too."""
        content = _success(reply)
        return cls(text=str(content.get("result") or content.get("status") or ""))

    @classmethod
    def from_transcript_reply(cls, reply: Reply) -> Self:
        """Read the reply to a transcript, which nothing else can confirm: it has to say something."""
        json_object(reply)
        return cls.from_reply(reply)


@dataclass(frozen=True, slots=True, kw_only=True)
class OmniFlowRouted:
    """Where the flow sent the call: the ExternalId of the rep or queue in CallCenterRoutingMap; either may be empty."""

    agent: str
    queue: str

    @classmethod
    def from_reply(cls, reply: Reply) -> Self:
        """Read the reply; `errors` are a failure at any status, and so is neither a rep nor a queue."""
        content = reply.content
        if isinstance(content, Mapping) and reply.status < 500 and reply.status not in _OTHER_MEANING:
            complaints = "; ".join(texts(content.get("errors")))
            if complaints:
                raise reply.error(RoutingFailed, cut(complaints))
        content = json_object(reply)
        routed = cls(agent=str(content.get("agent") or ""), queue=str(content.get("queue") or ""))
        if not routed.agent and not routed.queue:
            raise reply.error(RoutingFailed, "the flow named neither a rep nor a queue")
        return routed


def _success(reply: Reply) -> Mapping[str, Any]:
    judge(reply)
    content = reply.content if isinstance(reply.content, Mapping) else {}
    complaints = "; ".join(texts(content.get("errors")))
    if complaints:
        raise reply.error(Rejected, cut(complaints))
    return content
