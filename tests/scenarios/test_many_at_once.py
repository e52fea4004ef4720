"""Many at once: copies of one voicemail, many voicemails, many worker processes; each is delivered once and whole."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest
from scv_emulator.server import Emulator
from scv_emulator.switches import Switches
from scv_voicemail.ports import RunState
from scv_voicemail.settings import Settings
from scv_voicemail.wiring import connect

from tests.scenarios.simulation import PREFIX, held
from tests.wav_files import a_wav_file

pytestmark = pytest.mark.real_clock

PATIENCE_SECONDS = 120
KEY = "copy-of-one-call"


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with Emulator(switches=Switches(apply_delay_ms=100)) as running:
        yield running


def run_all(commands: Sequence[Sequence[str]], environments: Sequence[Mapping[str, str]]) -> list[int]:
    """Run these commands at the same time; their exit codes. What they say on stderr is shown when a test fails."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "scv_voicemail", *command],
            env=own | environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        for command, environment in zip(commands, environments, strict=True)
    ]
    try:
        for process in processes:
            print(process.communicate(timeout=PATIENCE_SECONDS)[1])
        return [process.returncode for process in processes]
    finally:
        for process in processes:
            process.kill()
            process.communicate()


def deliver_command(wav: Path) -> list[str]:
    return [
        "deliver",
        str(wav),
        *("--id", KEY, "--from", "+14155550142", "--to", "+18005550100"),
        *("--received-at", "2026-03-01T09:30:00Z", "--transcript", "Please call me back."),
    ]


def test_ten_copies_at_once_over_one_journal_are_one_voicemail(emulator: Emulator, tmp_path: Path) -> None:
    """Ten processes are told to deliver the same call: one does it, all say that it is done."""
    command = deliver_command(a_wav_file(tmp_path / "message.wav"))

    codes = run_all([command] * 10, [emulator.env()] * 10)

    assert codes == [0] * 10
    assert held(emulator.state(), KEY).counts == (1, 1, 1, 1)
    assert len(emulator.requests(method="POST", path="*/voiceCalls")) == 1
    assert len(emulator.requests(method="PATCH", path="*/omniFlow")) == 1


def test_copies_over_journals_of_their_own_are_one_voice_call(emulator: Emulator, tmp_path: Path) -> None:
    """Hosts that share no journal share the key: one VoiceCall, one recording, one transcript, and never none queued.

    Whether it is queued once then depends on who looks first; a shared journal is what makes it exactly once.
    """
    command = deliver_command(a_wav_file(tmp_path / "message.wav"))
    environments = [emulator.env() | {f"{PREFIX}JOURNAL": str(tmp_path / f"{number}.db")} for number in range(4)]

    codes = run_all([command] * 4, environments)

    calls, recordings, entries, routings = held(emulator.state(), KEY).counts
    assert codes == [0] * 4
    assert (calls, recordings, entries) == (1, 1, 1)
    assert 1 <= routings <= 4


def test_a_later_copy_over_a_journal_of_its_own_changes_nothing(emulator: Emulator, tmp_path: Path) -> None:
    """The journal was lost or another host takes over: what is in Salesforce is found and left as it is."""
    command = deliver_command(a_wav_file(tmp_path / "message.wav"))
    journals = [{f"{PREFIX}JOURNAL": str(tmp_path / f"{number}.db")} for number in range(2)]

    first = run_all([command], [emulator.env() | journals[0]])
    again = run_all([command], [emulator.env() | journals[1]])

    assert first + again == [0, 0]
    assert held(emulator.state(), KEY).counts == (1, 1, 1, 1)
    assert len(emulator.requests(method="POST", path="*/voiceCalls")) == 1
    assert len(emulator.requests(method="PATCH", path="*/omniFlow")) == 1


@pytest.mark.parametrize(("count", "workers"), [(2, 2), (20, 3), (60, 4)])
def test_voicemails_of_many_workers_are_never_mixed_up(
    emulator: Emulator, tmp_path: Path, count: int, workers: int
) -> None:
    """Each voicemail carries a marker in audio, number and transcript; each arrives once with its own three."""
    names = {name.removeprefix(PREFIX).lower(): value for name, value in emulator.env().items()}
    markers = {f"marker-{number:02}": number for number in range(count)}
    audio = {}
    with connect(Settings(**{"_env_file": None, **names})) as connector:
        for marker, number in markers.items():
            wav = a_wav_file(tmp_path / f"{marker}.wav", seconds=0.5, hertz=300 + 10 * number)
            audio[marker] = hashlib.sha256(wav.read_bytes()).hexdigest()
            caller, said = f"+141555501{number:02}", f"This is {marker}."
            connector.submit(wav, caller=caller, voicemail_id=marker, transcript=said)

        codes = run_all([["worker", "--until-idle"]] * workers, [emulator.env()] * workers)

        assert codes == [0] * workers
        assert connector.journal.counts()[RunState.DELIVERED] == count
    state = emulator.state()
    for marker, number in markers.items():
        found = held(state, marker)
        assert found.counts == (1, 1, 1, 1)
        assert found.calls[0]["FromPhoneNumber"] == f"+141555501{number:02}"
        assert found.entries[0]["_text"] == f"This is {marker}."
        location = found.recordings[0]["_recordingLocation"]
        heard = emulator.files.recordings / location.rpartition("/")[2]
        assert hashlib.sha256(heard.read_bytes()).hexdigest() == audio[marker]


def test_the_work_is_shared_by_the_workers(emulator: Emulator, tmp_path: Path) -> None:
    """While one worker waits for an answer the others go on: every omniFlow of theirs is of another voicemail."""
    names = {name.removeprefix(PREFIX).lower(): value for name, value in emulator.env().items()}
    with connect(Settings(**{"_env_file": None, **names})) as connector:
        for number in range(4):
            wav = a_wav_file(tmp_path / f"{number}.wav", seconds=0.5, hertz=300 + 10 * number)
            connector.submit(wav, caller="+14155550142", voicemail_id=f"shared-{number}")
        emulator.fault("latency", method="POST", path="*/voiceCalls", latency_ms=3000)

        run_all([["worker", "--until-idle"]] * 2, [emulator.env()] * 2)

        creates = emulator.requests(method="POST", path="*/voiceCalls")
        slow = next(one for one in creates if one.get("fault"))
        overtaken = [one for one in creates if slow["at"] < one["at"] < slow["at"] + slow["ms"]]
        assert overtaken
        assert connector.journal.counts()[RunState.DELIVERED] == 4
