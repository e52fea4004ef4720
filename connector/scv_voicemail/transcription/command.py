"""Speech-to-text by a program on this machine, such as a whisper wrapper."""

from __future__ import annotations

import contextlib
import math
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

from scv_voicemail.errors import BadVoicemail, Rejected, SettingsInvalid
from scv_voicemail.redaction import redact
from scv_voicemail.transcripts import parse_transcript
from scv_voicemail.voicemail import Transcript, Voicemail

PLACEHOLDER = "{recording}"
_STDERR_BYTES = 64 * 1024
_FIX = "run the command by hand on the recording; it must print text, or JSON segments, and exit with 0"


class CommandTranscriber:
    """Runs a program on the recording; what it prints is the transcript.

        CommandTranscriber(["whisper-to-json", "--language", "en", "{recording}"], timeout_seconds=120)

    No shell is involved. `{recording}` becomes the absolute path; without it, the path is the last argument. The
    program prints plain text, or JSON as `transcripts.read_transcript` takes it. It runs in a process group of its own,
    which is killed when it takes too long or prints too much.
    """

    def __init__(
        self,
        argv: Sequence[str],
        *,
        timeout_seconds: float = 60,
        max_output_bytes: int = 4 * 1024 * 1024,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        if isinstance(argv, str) or not argv or not argv[0]:
            raise SettingsInvalid("the transcription command is empty or one string: expected a list of arguments")
        if not 0 < timeout_seconds < math.inf:
            raise SettingsInvalid("the time limit of the transcription command must be above 0 seconds")
        self._argv = tuple(argv)
        self._timeout_seconds = timeout_seconds
        self._max_output_bytes = max_output_bytes
        self._monotonic = monotonic

    def transcribe(self, voicemail: Voicemail) -> Transcript | None:
        """What the program heard, or None when it printed nothing.

        A program that fails, hangs, chatters or prints garbage is `Rejected`; one that is not there `SettingsInvalid`.
        """
        printed = self._run(str(Path(voicemail.recording.path).resolve()))
        try:
            return parse_transcript(
                printed.decode("utf-8-sig"),
                duration_seconds=voicemail.recording.duration_seconds,
                language=voicemail.language,
                provider="command",
            )
        except UnicodeDecodeError as error:
            raise self._failed("printed something that is not UTF-8") from error
        except BadVoicemail as error:
            raise self._failed(f"printed no transcript: {error.what}") from error

    def _run(self, recording: str) -> bytes:
        argv = [argument.replace(PLACEHOLDER, recording) for argument in self._argv]
        if not any(PLACEHOLDER in argument for argument in self._argv):
            argv.append(recording)
        try:
            process = subprocess.Popen(  # noqa: S603 - the operator's own command, and no shell reads it
                argv,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            raise SettingsInvalid(f"the transcription command {self._argv[0]!r} cannot be started: {error}") from error
        with process:
            try:
                printed, complaints = self._listen(process)
            except BaseException:
                _kill_group(process)
                raise
        if process.returncode != 0:
            tail = redact(complaints.decode("utf-8", "replace").strip()[-500:])
            raise self._failed(f"exited with {process.returncode}: {tail or 'it said nothing'}")
        return printed

    def _listen(self, process: subprocess.Popen[bytes]) -> tuple[bytes, bytes]:
        """Both outputs of the program until it has ended, within the limits of time and size."""
        deadline = self._monotonic() + self._timeout_seconds
        assert process.stdout is not None
        assert process.stderr is not None
        printed, complaints = bytearray(), bytearray()
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ, printed)
            selector.register(process.stderr, selectors.EVENT_READ, complaints)
            while selector.get_map():
                ready = selector.select(max(0.0, deadline - self._monotonic()))
                if not ready and self._monotonic() >= deadline:
                    raise self._failed(f"took longer than {self._timeout_seconds:g} seconds")
                for key, _ in ready:
                    pipe: IO[bytes] = key.fileobj  # type: ignore[assignment]  # the pipes registered above
                    if not (found := os.read(pipe.fileno(), 64 * 1024)):
                        selector.unregister(pipe)
                    key.data.extend(found)
                del complaints[:-_STDERR_BYTES]
                if len(printed) > self._max_output_bytes:
                    raise self._failed(f"printed more than {self._max_output_bytes:,} bytes")
        try:
            process.wait(max(0.0, deadline - self._monotonic()))
        except subprocess.TimeoutExpired as error:
            raise self._failed(f"took longer than {self._timeout_seconds:g} seconds") from error
        return bytes(printed), bytes(complaints)

    def _failed(self, why: str) -> Rejected:
        return Rejected(f"the transcription command {self._argv[0]!r} {why}", service="transcription", fix=_FIX)


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    """End a program that is not wanted any more, and whatever it has started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):  # it has just ended by itself
        os.killpg(process.pid, signal.SIGKILL)
