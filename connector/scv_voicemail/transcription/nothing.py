"""No speech-to-text: voicemails are delivered with the transcript they came with, or with none."""

from __future__ import annotations

from scv_voicemail.voicemail import Transcript, Voicemail


class NoTranscription:
    """The default: never asks anybody."""

    def transcribe(self, voicemail: Voicemail) -> Transcript | None:  # noqa: ARG002 - the Transcriber socket
        """None, whatever was said."""
        return None
