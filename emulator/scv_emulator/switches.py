"""Where the vendor's sources contradict each other or are silent, the choice is a switch with a name."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any


class UnknownSwitch(ValueError):
    """There is no switch of this name, or it cannot take this value."""


def _switch(sentence: str, *choices: bool | int | str, default: bool | int | str) -> Any:
    return field(default=default, metadata={"sentence": sentence, "choices": choices})


@dataclass(kw_only=True)
class Switches:
    """How this org decides what the vendor left open. Zero switches a limit off."""

    # ------------------------------------------------------------------------------------------------ voice calls
    apply_delay_ms: int = _switch("Milliseconds between an update's 202 and the moment it is applied.", default=300)
    success_status_create: int = _switch("Status of a successful create.", 200, 201, default=200)
    success_status_update: int = _switch("Status of an accepted update.", 200, 202, 204, default=202)
    success_status_messages: int = _switch("Status of an accepted transcript.", 200, 202, default=202)
    duplicate_vendor_call_key: str = _switch(
        "What an inbound create with a known vendorCallKey does.",
        "return_existing",
        "create_another",
        default="return_existing",
    )
    create_applies_call_origin: bool = _switch("callOrigin given at create is applied; false ignores it.", default=True)
    call_origin_rest_updateable: bool = _switch(
        "VoiceCall.CallOrigin may be updated through the REST API.", default=True
    )
    call_center_mismatch_status: int = _switch(
        "Status when callCenterApiName is not the token's contact center.", 400, 403, default=403
    )
    repeat_recording: str = _switch(
        "What a second recordingLocation for the same call does.", "replace", "append", default="replace"
    )
    recording_without_location: str = _switch(
        "What totalRecordingDuration without recordingLocation does.", "reject", "ignore", default="reject"
    )
    hold_without_recording: str = _switch(
        "What totalHoldDuration or agentInteractionDuration without recordingLocation does: the guide forbids it, the "
        "vendor's own function sends it for calls that were not recorded.",
        "reject",
        "take",
        default="reject",
    )
    missing_number: str = _switch(
        "What a create without to or from does: the guide requires both and gives both a default.",
        "reject_pstn",
        "reject",
        "webrtc_default",
        default="reject_pstn",
    )
    overall_sentiment_score: bool = _switch(
        "Stored events may be IntelligenceSignal__OverallSentimentScore, as the vendor's own function sends them; the "
        "guide does not list it.",
        default=True,
    )
    upload_status_of_success: str = _switch(
        "What the status of an upload that succeeded looks like: as that of a failed one, or as the upload's answer.",
        "statuses",
        "results",
        default="statuses",
    )
    voicemail_close_clears_psr: bool = _switch(
        "The closing update removes a voicemail from its queue, as it does for a live call.", default=False
    )
    # ------------------------------------------------------------------------------------------------ transcripts
    transcript_outside_window: str = _switch(
        "What happens to a transcript outside the call's start and end.", "drop", "reject", default="drop"
    )
    transcript_after_end_time_patch: str = _switch(
        "Once an endTime was sent: transcripts inside the window are taken, or none.",
        "window",
        "reject",
        default="window",
    )
    transcript_delay_ms: int = _switch("Milliseconds until an accepted transcript is stored.", default=0)
    duplicate_message_id: str = _switch(
        "What a second transcript with a known messageId does.", "ignore", "store", "reject", default="ignore"
    )
    long_message_id: str = _switch(
        "What a messageId longer than 36 characters does.", "reject", "truncate", "store", default="reject"
    )
    bulk_partial_status: int = _switch(
        "Status of a bulk reply in which some transcripts failed.", 200, 202, 207, default=207
    )
    # ---------------------------------------------------------------------------------------------- authentication
    jwt_max_life_seconds: int = _switch("Longest life of a telephony token; older guides say 180.", default=86_400)
    jwt_leeway_seconds: int = _switch("Clock difference that is forgiven.", default=60)
    jwt_replay_check: bool = _switch("A token whose jti was seen before is refused.", default=True)
    jwt_audience: str = _switch(
        "Whether aud must be there; when it is, it must be right.", "optional", "required", default="optional"
    )
    # ----------------------------------------------------------------------------------------------------- routing
    omni_flow_error_status: int = _switch("Status of a reply that carries routing errors.", 200, 400, default=400)
    early_omni_flow: str = _switch(
        "What routing does while an update of the same call is still pending.",
        "live_branch",
        "error",
        default="live_branch",
    )
    voicemail_without_handler: str = _switch(
        "What routes a voicemail to a number without voicemail flow and fallback queue: the request, or the live flow.",
        "request",
        "live_flow",
        default="request",
    )
    unknown_flow_input: str = _switch(
        "What a flowInputParameters name does that is no input variable of the deployed flow.",
        "error",
        "ignore",
        default="error",
    )
    flow_text_comparison: str = _switch(
        "How decisions and entry conditions of deployed flows compare text.",
        "case_sensitive",
        "case_insensitive",
        default="case_sensitive",
    )
    unified_routing: bool = _switch("The contact center uses Unified Routing, so calls can be rerouted.", default=False)
    # ---------------------------------------------------------------------------------------------- metadata, users
    voice_enabled: bool = _switch(
        "The org has Service Cloud Voice: VoiceCall and the telephony API. Read when the org starts or is reset.",
        default=True,
    )
    deploy_delay_ms: int = _switch("Milliseconds that a metadata deploy takes; half of them in the queue.", default=0)
    voice_field_security: bool = _switch(
        "The standard fields of VoiceCall, too, must be granted to users who are not administrators.", default=True
    )
    # ------------------------------------------------------------------------------------------------------ limits
    calls_per_second: int = _switch("Voice calls that may be created in one second.", default=50)
    utterances_per_second: int = _switch("Transcripts that may be sent in one second.", default=5_000)
    concurrent_conversations: int = _switch("Conversations that may be open at once.", default=25_000)
    retry_after_seconds: int = _switch("Retry-After of a reply that refuses because of a limit.", default=1)

    def __post_init__(self) -> None:
        for name in vars(self):
            self.set(name, getattr(self, name))

    def set(self, name: str, value: Any) -> None:
        """Turn one switch; text is read as the switch's own type, so `--switch name=value` works."""
        setattr(self, name, self.read(name, value))

    def read(self, name: str, value: Any) -> bool | int | str:
        """The value as this switch would take it; UnknownSwitch says what would be right."""
        switch = next((one for one in fields(self) if one.name == name), None)
        if switch is None:
            raise UnknownSwitch(f"there is no switch {name!r}; --list-switches names them all")
        choices = switch.metadata["choices"]
        read = _read(value, type(switch.default))
        if read is None:
            raise UnknownSwitch(f"{name} takes {_kind(type(switch.default))}, got {value!r}")
        if choices and read not in choices:
            raise UnknownSwitch(f"{name} takes one of {', '.join(map(str, choices))}, got {value!r}")
        return read

    def describe(self) -> list[dict[str, Any]]:
        """Every switch with its sentence, default, choices and present value; JSON-ready."""
        return [
            {
                "name": one.name,
                "sentence": one.metadata["sentence"],
                "default": one.default,
                "choices": list(one.metadata["choices"] or ((True, False) if isinstance(one.default, bool) else ())),
                "value": getattr(self, one.name),
            }
            for one in fields(self)
        ]


def _read(value: Any, kind: type) -> bool | int | str | None:
    text = str(value).strip()
    if kind is bool:
        return {"true": True, "false": False}.get(text.lower())
    if kind is int:
        return int(text) if text.isascii() and text.isdecimal() and len(text) <= 9 else None
    return text


def _kind(kind: type) -> str:
    return {bool: "true or false", int: "a whole number"}.get(kind, "text")
