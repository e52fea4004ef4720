"""No log line, at any level, tells a token, a key, a number, a recording's address or what a caller said."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
from scv_emulator.server import Emulator
from scv_emulator.switches import Switches
from scv_voicemail.errors import Unavailable
from scv_voicemail.journal.memory import MemoryJournal
from scv_voicemail.pipeline import Pipeline
from scv_voicemail.ports import Attempt, Receipt, Run, RunState, Step
from scv_voicemail.settings import Settings
from scv_voicemail.transcription.nothing import NoTranscription
from scv_voicemail.wiring import connect

from tests.builders import a_transcript, a_voicemail
from tests.scenarios.planted_secrets import (
    BAD_DAY,
    CALLER,
    ECHO,
    REFUSED,
    SAID,
    SECRETS,
    SIGNED,
    key_lines,
    leaks,
    plain_log,
)
from tests.scenarios.simulation import PREFIX
from tests.wav_files import a_wav_file

QUICK = {"patience_seconds": 3, "retry_base_seconds": 0.1, "probe_seconds": 0.3}
PATIENCE_SECONDS = 120


def tokens(emulator: Emulator) -> list[str]:
    """Every token that the emulator was sent."""
    headers = [dict(seen.headers).get(b"authorization", b"") for seen in emulator.org.requests._seen]
    return sorted({value.decode("latin-1").partition(" ")[2] for value in headers if value})


def without_markup(settings: Mapping[str, str]) -> dict[str, str]:
    return {name.removeprefix(PREFIX).lower(): value for name, value in settings.items()}


def live_through_a_bad_day(emulator: Emulator, folder: Path) -> dict[str, RunState]:
    """One voicemail that is delivered against faults, and one that is parked over a refusal that quotes it."""
    states = {}
    settings = Settings(**{"_env_file": None, **without_markup(emulator.env()), **QUICK})
    with connect(settings) as connector:
        for key, faults in (("rough", BAD_DAY), ("parked", [REFUSED])):
            for fault in faults:
                emulator.fault(**fault)
            connector.submit(a_wav_file(folder / f"{key}.wav"), caller=CALLER, voicemail_id=key, transcript=SAID)
            (run,) = connector.deliver(key, wait_seconds=60)
            states[key] = run.state
    return states


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with Emulator(switches=Switches(apply_delay_ms=20)) as running:
        yield running


# ------------------------------------------------------------------------------------------------------ a library user


def test_our_loggers_tell_nothing_secret_to_a_plain_handler(emulator: Emulator, tmp_path: Path) -> None:
    """A library user gets our lines as they are, unredacted: there must be nothing in them to redact."""
    with plain_log("scv_voicemail") as log:
        states = live_through_a_bad_day(emulator, tmp_path)

    text = log.getvalue()
    assert states == {"rough": RunState.DELIVERED, "parked": RunState.PARKED}
    assert "WARNING scv_voicemail.pipeline: voicemail rough to voice_call: open failed, again in" in text
    assert "ERROR scv_voicemail.pipeline: voicemail parked to voice_call: parked at route: Rejected [" in text
    assert leaks(text, *tokens(emulator), *key_lines(emulator.env())) == []


def test_a_plain_root_handler_gets_nothing_secret_from_the_libraries_below_us(
    emulator: Emulator, tmp_path: Path
) -> None:
    """httpx, httpcore, urllib3, requests and simple-salesforce at DEBUG print paths and headers of answers."""
    libraries = ("httpx", "httpcore", "urllib3", "requests", "simple_salesforce")
    with plain_log(*libraries) as log:
        live_through_a_bad_day(emulator, tmp_path)

    text = log.getvalue()
    assert "urllib3" in text
    assert "httpcore" in text
    assert leaks(text, *tokens(emulator), *key_lines(emulator.env())) == []


class BrokenTarget:
    """A target with a defect that quotes the voicemail."""

    name = "broken"

    def steps(self) -> Sequence[Step]:
        return [Step(name="send", run=self._send)]

    def add_transcript(self, attempt: Attempt) -> Receipt:
        return self._send(attempt)

    def _send(self, attempt: Attempt) -> Receipt:
        raise ValueError(f"cannot send {SAID} to {attempt.voicemail.caller}")


def test_a_defect_is_logged_with_its_place_and_without_its_words() -> None:
    """An exception's own text may quote anything; the lines of the traceback say where it happened."""
    journal = MemoryJournal()
    pipeline = Pipeline(
        journal=journal,
        targets={"broken": BrokenTarget()},
        default_targets=["broken"],
        transcriber=NoTranscription(),
        owner="test",
    )
    pipeline.accept(a_voicemail(transcript=a_transcript()))
    with plain_log("scv_voicemail") as log:
        pipeline.work_one()

    text = log.getvalue()
    assert "in _send" in text
    assert "unexpected ValueError" in text
    assert leaks(text) == []
    assert journal.runs()[0].state is RunState.PARKED


class BrokenJournal(MemoryJournal):
    """A journal that breaks when a step is done, and quotes what it was to write."""

    def receive(self, *_told: Any, **_more: Any) -> Run:
        raise Unavailable(f"no answer to: {SAID} of {CALLER}", service="journal", status=500)


def test_a_journal_that_breaks_is_logged_without_its_words() -> None:
    """What a database says of a request may quote it."""
    pipeline = Pipeline(
        journal=BrokenJournal(),
        targets={"broken": BrokenTarget()},
        default_targets=["broken"],
        transcriber=NoTranscription(),
        owner="test",
    )
    pipeline.accept(a_voicemail(transcript=a_transcript()))
    with plain_log("scv_voicemail") as log:
        pipeline.work_one()

    assert "Unavailable [service journal, HTTP 500]" in log.getvalue()
    assert leaks(log.getvalue()) == []


def test_a_target_that_nobody_knows_is_not_named() -> None:
    """Its name came with the call; the journal keeps it."""
    journal = MemoryJournal()
    pipeline = Pipeline(journal=journal, targets={}, default_targets=[], transcriber=NoTranscription(), owner="test")
    pipeline.accept(a_voicemail(targets=(SAID,)))
    with plain_log("scv_voicemail") as log:
        pipeline.work_one()

    assert "to an unknown target: parked at choose" in log.getvalue()
    assert leaks(log.getvalue()) == []
    assert journal.runs()[0].target == SAID


def test_what_is_looked_for_would_be_found() -> None:
    """The proof that these tests can fail: each secret is seen when it stands in a line."""
    lines = {
        "a JWT": "Authorization: eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiIwMEQifQ.sig",
        "a session id": "sid=00DHs000000EmuL!AQabcdef",
        "a private key": "-----BEGIN PRIVATE KEY-----",
        "a bearer token": "authorization: Bearer abcdefghijklmnop",
        "what the caller said": ECHO["message"],
        "the caller's number": f"from {CALLER}",
        "the dialed number": "to +1 800 555-0100",
        "the address of a recording": "http://127.0.0.1:1/_emulator/recordings/a.wav",
        "a key of AWS": f"GET {SIGNED}",
    }

    missed = [name for name, line in lines.items() if name not in leaks(line)]

    assert missed == []
    assert set(lines) == set(SECRETS)


# ----------------------------------------------------------------------------------------------------- the command line


def run_cli(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    command = [sys.executable, "-m", "scv_voicemail", *arguments]
    return subprocess.run(
        command, env=own | variables, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False
    )


def test_the_demo_at_debug_logs_nothing_secret(tmp_path: Path) -> None:
    """Everything at DEBUG, httpcore and urllib3 included, on a whole voicemail."""
    done = run_cli("--log-level", "debug", "demo", "--json")

    said = json.loads(
        (Path(__file__).parents[2] / "connector/scv_voicemail/demo/recording.json").read_text(encoding="utf-8")
    )
    assert done.returncode == 0, done.stderr
    assert "httpcore" in done.stderr
    assert leaks(done.stderr, *(segment["text"] for segment in said["segments"])) == []


def test_faults_and_a_parked_voicemail_at_debug_log_nothing_secret(tmp_path: Path) -> None:
    """The connector's log and the emulator's own, both as processes, on a bad day."""
    env_file, emulator_log = tmp_path / "emulator.env", tmp_path / "emulator.log"
    with emulator_log.open("w") as log:
        emulator = subprocess.Popen(
            [sys.executable, "-m", "scv_emulator", "--write-env", str(env_file), "--apply-delay-ms", "20"],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        try:
            assert emulator.stdout is not None
            url = emulator.stdout.readline().strip()
            settings = dict(line.split("=", 1) for line in env_file.read_text(encoding="utf-8").splitlines())
            settings |= {f"{PREFIX}{name.upper()}": str(value) for name, value in QUICK.items()}
            told, states = "", {}
            for key, faults in (("rough", BAD_DAY), ("parked", [REFUSED])):
                for fault in faults:
                    httpx.post(f"{url}/_emulator/faults", json=fault).raise_for_status()
                wav = a_wav_file(tmp_path / f"{key}.wav")
                arguments = ("--from", CALLER, "--to", "+18005550100", "--id", key, "--transcript", SAID, "--json")
                done = run_cli("--log-level", "debug", "deliver", str(wav), *arguments, **settings)
                told += done.stderr
                states[key] = json.loads(done.stdout)["runs"][0]["state"]
        finally:
            emulator.terminate()
            emulator.communicate(timeout=PATIENCE_SECONDS)

    assert states == {"rough": "delivered", "parked": "parked"}
    assert "parked at route" in told
    assert leaks(told, *key_lines(settings)) == []
    assert leaks(emulator_log.read_text(encoding="utf-8"), *key_lines(settings)) == []


def test_status_and_explain_mask_the_caller(emulator: Emulator, tmp_path: Path) -> None:
    """What a human is shown about a voicemail names its caller by the last two digits only."""
    settings = emulator.env()
    wav = a_wav_file(tmp_path / "message.wav")
    arguments = ("--from", CALLER, "--to", "+18005550100", "--id", "shown", "--transcript", SAID)
    run_cli("deliver", str(wav), *arguments, **settings)

    shown = [
        run_cli(*command, **settings)
        for command in (("explain", "shown", "--json"), ("explain", "shown"), ("status", "--json"), ("status",))
    ]

    assert [one.returncode for one in shown] == [0, 0, 0, 0]
    assert json.loads(shown[0].stdout)["voicemail"]["caller"] == "***42"
    for one in shown:
        assert CALLER not in one.stdout + one.stderr
        assert SAID not in one.stdout + one.stderr


def test_what_holds_personal_data_is_readable_by_its_owner_only(emulator: Emulator, tmp_path: Path) -> None:
    """The journal, what SQLite writes beside it, and the kept recordings."""
    folder = tmp_path / "state"
    changes = {"journal": folder / "journal.db", "recordings_dir": folder / "recordings"}
    with connect(Settings(**{"_env_file": None, **without_markup(emulator.env()), **changes})) as connector:
        connector.submit(a_wav_file(tmp_path / "message.wav"), caller=CALLER, transcript=SAID)

        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*") if path.is_file()}
        folders = {stat.S_IMODE(path.stat().st_mode) for path in (folder, folder / "recordings")}

    assert {"journal.db", "journal.db-wal", "journal.db-shm"} < set(modes)
    assert set(modes.values()) == {0o600}
    assert folders == {0o700}
