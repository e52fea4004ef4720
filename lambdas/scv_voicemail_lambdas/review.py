"""Plays callers their own message while they are still on the line: out of the stream, into a file for Connect."""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

from scv_voicemail.aws.media import MediaReader
from scv_voicemail.settings import S3Folder


class Objects(Protocol):
    """See `aws.objects.ObjectStore`."""

    def put(self, bucket: str, key: str, path: Path, *, content_type: str) -> None:
        """Write a file, over whatever is there."""
        ...


class Reviews:
    """Makes prompts of what callers said so far: 8 kHz mono mu-law, under a new name for every take.

    https://docs.aws.amazon.com/connect/latest/adminguide/setup-prompts-s3.html
    """

    def __init__(
        self,
        *,
        media: MediaReader,
        objects: Objects,
        place: S3Folder,
        region: str,
        new_id: Callable[[], str] = lambda: str(uuid.uuid4()),
    ) -> None:
        self._media = media
        self._objects = objects
        self._place = place
        self._region = region
        self._new_id = new_id

    def make(self, contact_id: str, *, stream_arn: str, began_at: datetime, ended_at: datetime | None) -> str:
        """The address of a prompt with what the caller said from `began_at` on, until `ended_at` or now."""
        # Only a review needs these, and a caller waits for everything else that this function does.
        from scv_voicemail.intake.kinesis_video import write_customer_audio  # noqa: PLC0415 - as above
        from scv_voicemail.intake.wav_writing import mulaw_wav, trimmed, wav_of_samples  # noqa: PLC0415 - as above

        with tempfile.TemporaryDirectory(prefix="scv-voicemail-") as folder:
            samples, whole, message, prompt = (
                Path(folder, name) for name in ("samples.pcm", "whole.wav", "message.wav", "prompt.wav")
            )
            with samples.open("wb") as out, self._media.open(stream_arn, since=began_at) as chunks:
                heard = write_customer_audio(chunks, out, contact_id=contact_id, until_live=True)
            wav_of_samples(samples, whole, sample_rate_hz=heard.sample_rate_hz)
            end = (ended_at - heard.began_at).total_seconds() if ended_at else None
            trimmed(whole, message, start_seconds=(began_at - heard.began_at).total_seconds(), end_seconds=end)
            mulaw_wav(message, prompt)
            key = f"{self._place.prefix}/{contact_id}-{self._new_id()}.wav"
            self._objects.put(self._place.bucket, key, prompt, content_type="audio/wav")
        return f"https://{self._place.bucket}.s3.{self._region}.amazonaws.com/{quote(key)}"
