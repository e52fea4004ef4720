"""A VoiceCall target between a telephony API and a Salesforce that remember what they were asked."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from scv_voicemail.delivery.voice_call import VoiceCallTarget
from scv_voicemail.delivery.voice_call_payloads import VoiceCallOptions
from scv_voicemail.delivery.voice_call_state import VoiceCallState
from scv_voicemail.errors import (
    VoicemailError,
)
from scv_voicemail.ports import Attempt, Receipt, Tried
from scv_voicemail.telephony import (
    CreateVoiceCall,
    ExecuteOmniFlow,
    OmniFlowRouted,
    TranscriptMessage,
    UpdateVoiceCall,
    VoiceCallCreated,
)
from scv_voicemail.telephony.bulk import BulkResult, MessageOutcome
from scv_voicemail.telephony.results import Accepted, UpdatePending
from scv_voicemail.voicemail import Voicemail

from tests.builders import NOON, a_transcript, a_voicemail

CALL_ID = "0LQsOm000000001WAA"
PATIENCE = 30.0
LONG = PATIENCE + 1
LOOKED = 40
"""More often than is looked within the patience."""
OPENED = {"voiceCallId": CALL_ID, "startTime": "2026-11-20T11:55:00+00:00"}
ADOPTED = OPENED | {"adopted": True, "closed": False, "earlierWork": []}
DONE: dict[str, Receipt] = {"transcribe": {"entries": 2, "left": []}, "upload": {}, "finalize": {"status": "pending"}}


class FakeTelephony:
    """Remembers what it was sent; `failing` holds one error per method, raised once."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, Any]] = []
        self.failing: dict[str, VoicemailError] = {}
        self.refused_messages: set[str] = set()

    def names(self) -> list[str]:
        return [name for name, _ in self.sent]

    def _note(self, name: str, payload: Any) -> None:
        self.sent.append((name, payload))
        if name in self.failing:
            raise self.failing.pop(name)

    def create_voice_call(self, call: CreateVoiceCall) -> VoiceCallCreated:
        self._note("create", call)
        return VoiceCallCreated(voice_call_id=CALL_ID, warnings=("Text__c: too long",))

    def update_voice_call(self, call_id: str, update: UpdateVoiceCall) -> UpdatePending:
        assert call_id == CALL_ID
        self._note("update", update)
        return UpdatePending(status="pending")

    def create_transcript(self, key: str, message: TranscriptMessage) -> Accepted:
        self._note("transcript", [message])
        return Accepted(text="Accepted")

    def create_transcripts_in_bulk(self, messages: Sequence[tuple[str, TranscriptMessage]]) -> BulkResult:
        self._note("transcript", [message for _, message in messages])
        return BulkResult(
            outcomes=tuple(
                MessageOutcome(
                    vendor_call_key=key,
                    message_id=message.message_id,
                    accepted=message.message_id not in self.refused_messages,
                    status=202,
                )
                for key, message in messages
            )
        )

    def execute_omni_flow(self, call_id: str, flow: ExecuteOmniFlow) -> OmniFlowRouted:
        self._note("route", flow)
        return OmniFlowRouted(agent="", queue="voicemail-queue")

    def clear_routing(self, call_id: str) -> Accepted:
        self._note("clear", call_id)
        return Accepted(text="")


@dataclass
class FakeView:
    """What Salesforce holds; the tests change it."""

    call: VoiceCallState | None = None
    has_recordings: int = 0
    routings: list[str] = field(default_factory=list)
    entries: set[str] = field(default_factory=set)
    uploaded: list[TranscriptMessage] = field(default_factory=list)
    upload_error: VoicemailError | None = None

    def find(self, vendor_call_key: str) -> VoiceCallState | None:
        return self.call

    def get(self, voice_call_id: str) -> VoiceCallState | None:
        return self.call

    def recordings(self, voice_call_id: str) -> int:
        return self.has_recordings

    def work_ids(self, voice_call_id: str) -> list[str]:
        return list(self.routings)

    def work(self, voice_call_id: str, *, apart_from: Collection[str] = ()) -> str | None:
        return "queued" if set(self.routings) - set(apart_from) else None

    def transcript_ids(self, vendor_call_key: str) -> set[str]:
        return self.entries

    def upload(self, vendor_call_key: str, voice_call_id: str, messages: Sequence[TranscriptMessage]) -> None:
        if self.upload_error is not None:
            raise self.upload_error
        self.uploaded += messages


class Bench:
    """A target between the two fakes."""

    def __init__(self, *, rest: bool = True, **options: Any) -> None:
        self.telephony = FakeTelephony()
        self.view = FakeView()
        self.target = VoiceCallTarget(
            telephony=self.telephony,  # type: ignore[arg-type]
            view=self.view if rest else None,  # type: ignore[arg-type]
            options=VoiceCallOptions(**{"patience_seconds": PATIENCE} | options),
        )

    def do(
        self,
        step: str,
        *,
        voicemail: Voicemail | None = None,
        number: int = 1,
        waited: float = 0.0,
        failed: float | None = None,
        **receipts: Receipt,
    ) -> Receipt:
        """Run one step, as attempt `number`, `waited` seconds after it was first begun; one `failed` so long ago."""
        now = NOON + timedelta(seconds=waited)
        attempt = Attempt(
            voicemail=voicemail or a_voicemail(transcript=a_transcript()),
            receipts={"open": OPENED} | receipts,
            number=number,
            since=NOON,
            now=now,
            tried=None if failed is None else Tried(at=now - timedelta(seconds=failed), number=number - 6),
        )
        (found,) = [one for one in self.target.steps() if one.name == step]
        return found.run(attempt)


def a_call(**changes: Any) -> VoiceCallState:
    """A VoiceCall as the finished voicemail has it."""
    ended = NOON - timedelta(minutes=5) + timedelta(seconds=13)
    state = VoiceCallState(
        id=CALL_ID,
        call_origin="Voicemail",
        disposition="completed",
        started_at=NOON - timedelta(minutes=5),
        ended_at=ended,
    )
    return replace(state, **changes)


def message_ids(bench: Bench) -> list[str]:
    return [message.message_id for name, sent in bench.telephony.sent if name == "transcript" for message in sent]
