"""Speech-to-text by a program: what it may print, and what becomes of one that misbehaves."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest
from scv_voicemail.errors import Rejected, SettingsInvalid
from scv_voicemail.transcription.command import CommandTranscriber
from scv_voicemail.transcription.nothing import NoTranscription
from scv_voicemail.voicemail import Segment, Transcript, Voicemail

from tests.builders import a_recording, a_voicemail


@pytest.fixture
def voicemail(tmp_path: Path) -> Voicemail:
    path = tmp_path / "a recording; with $(odd) name.wav"
    path.write_bytes(b"audio")
    return a_voicemail(recording=a_recording(path=str(path), duration_seconds=10.0), language="en-US")


def a_program(code: str, *arguments: str, **options: float) -> CommandTranscriber:
    return CommandTranscriber([sys.executable, "-c", code, *arguments], **options)  # type: ignore[arg-type]


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_what_a_program_prints_is_the_transcript(voicemail: Voicemail) -> None:
    """Plain text, in the language of the caller."""
    transcript = a_program("print('Hello, this is Ada.')").transcribe(voicemail)

    assert transcript == Transcript(
        segments=(Segment(text="Hello, this is Ada.", start_ms=0, end_ms=10_000),), language="en-US", provider="command"
    )


def test_timed_segments_keep_their_times(voicemail: Voicemail) -> None:
    """JSON on stdout, chatter on stderr."""
    code = """import sys; print("loading", file=sys.stderr); print('[{"text": "Hi.", "start": 0.5, "end": 1.0}]')"""

    transcript = a_program(code).transcribe(voicemail)

    assert transcript is not None
    assert transcript.segments == (Segment(text="Hi.", start_ms=500, end_ms=1000),)


@pytest.mark.parametrize("arguments", [("{recording}", "last"), ("--file={recording}", "last"), ()])
def test_the_recording_is_one_argument_that_no_shell_reads(voicemail: Voicemail, arguments: tuple[str, ...]) -> None:
    """Where the placeholder is, or at the end; spaces, semicolons and dollars are part of its name."""
    transcript = a_program("import sys; print(sys.argv[1:])", *arguments).transcribe(voicemail)

    path = voicemail.recording.path
    assert transcript is not None
    assert transcript.text == str([one.replace("{recording}", path) for one in arguments] or [path])


@pytest.mark.parametrize("printed", ["''", "' \\n'", "'[]'"])
def test_a_program_that_hears_nothing_gives_none(voicemail: Voicemail, printed: str) -> None:
    """Silence is no error."""
    assert a_program(f"print({printed})").transcribe(voicemail) is None


def test_a_failing_program_is_quoted_without_secrets(voicemail: Voicemail) -> None:
    """The end of what it complained about, and its exit code."""
    code = "import sys; print('x' * 9000 + ' no model for +18005550142', file=sys.stderr); sys.exit(3)"

    with pytest.raises(Rejected, match=r"exited with 3: .* no model for \*\*\*42") as failure:
        a_program(code).transcribe(voicemail)

    assert len(failure.value.what) < 700
    assert "by hand" in failure.value.fix


@pytest.mark.parametrize(
    ("code", "named"),
    [
        ("import os; os.write(1, b'\\xff\\xfe')", "not UTF-8"),
        ("print('[{]')", "begins like JSON"),
        ('print(\'[{"start": 0, "end": 99}]\')', "none of the 1 segments"),
    ],
)
def test_garbage_is_refused_with_what_is_wrong_about_it(voicemail: Voicemail, code: str, named: str) -> None:
    """A program that exits with 0 is not trusted for that."""
    with pytest.raises(Rejected, match=named):
        a_program(code).transcribe(voicemail)


@pytest.mark.parametrize(
    "hanging",
    [
        "import time; time.sleep(60)",
        "import os, time; os.close(1); os.close(2); time.sleep(60)",
    ],
)
def test_a_hanging_program_is_killed_with_all_it_has_started(
    voicemail: Voicemail, tmp_path: Path, hanging: str
) -> None:
    """Nothing keeps running behind our back."""
    code = f"""import subprocess, sys, os
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
open({str(tmp_path / "pids")!r}, "w").write(f"{{os.getpid()}} {{child.pid}}")
{hanging}"""
    started = time.monotonic()

    with pytest.raises(Rejected, match=r"took longer than 0\.8 seconds"):
        a_program(code, timeout_seconds=0.8).transcribe(voicemail)

    pids = [int(pid) for pid in (tmp_path / "pids").read_text().split()]
    deadline = time.monotonic() + 5
    while any(map(is_alive, pids)) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert [is_alive(pid) for pid in pids] == [False, False]
    assert time.monotonic() - started < 10


def test_a_program_that_never_stops_printing_is_stopped(voicemail: Voicemail) -> None:
    """Its output is not collected until memory runs out."""
    with pytest.raises(Rejected, match="printed more than 100,000 bytes"):
        a_program("while True: print('x' * 1000)", max_output_bytes=100_000).transcribe(voicemail)


def test_complaints_of_any_length_do_not_stop_a_program(voicemail: Voicemail) -> None:
    """Neither by filling the pipe nor by filling memory."""
    transcript = a_program("import sys; sys.stderr.write('x' * 3_000_000); print('Hi.')").transcribe(voicemail)

    assert transcript is not None
    assert transcript.text == "Hi."


def test_a_program_that_cannot_be_started_is_a_matter_of_settings(voicemail: Voicemail, tmp_path: Path) -> None:
    """Absent, not executable: the command is named."""
    (tmp_path / "script").write_text("no program")

    for command in ("absent-program", str(tmp_path / "script")):
        with pytest.raises(SettingsInvalid, match=f"'{command}' cannot be started"):
            CommandTranscriber([command]).transcribe(voicemail)


@pytest.mark.parametrize("argv", [[], [""], "whisper --json"])
def test_a_command_is_a_list_of_arguments(argv: list[str] | str) -> None:
    """A string would want a shell."""
    with pytest.raises(SettingsInvalid, match="list of arguments"):
        CommandTranscriber(argv)


@pytest.mark.parametrize("seconds", [0, -1, float("inf"), float("nan")])
def test_every_program_has_a_time_limit(seconds: float) -> None:
    """For ever is no limit."""
    with pytest.raises(SettingsInvalid, match="time limit"):
        CommandTranscriber(["x"], timeout_seconds=seconds)


def test_no_descriptors_are_left_open(voicemail: Voicemail) -> None:
    """A worker runs for months."""
    program = a_program("print('Hi.')")
    program.transcribe(voicemail)
    before = open_descriptors()

    program.transcribe(voicemail)

    assert open_descriptors() == before


def test_without_a_provider_nothing_is_transcribed() -> None:
    """The default: nobody hears the caller but the rep."""
    assert NoTranscription().transcribe(a_voicemail()) is None
