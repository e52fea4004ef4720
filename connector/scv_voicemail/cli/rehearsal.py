"""A rehearsal on this machine: a local Salesforce, one real recording, and what arrived beside what was left."""

from __future__ import annotations

import hashlib
import json
import math
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

import httpx

from scv_voicemail.cli.emulator import command
from scv_voicemail.cli.keys import make_pair
from scv_voicemail.errors import Unavailable, VoicemailError
from scv_voicemail.salesforce import SalesforceClient
from scv_voicemail.settings import PREFIX, Settings
from scv_voicemail.voicemail import Voicemail

CALLER = "+14155550142"


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Something read back, beside what it should be."""

    name: str
    expected: object
    found: object

    @property
    def agrees(self) -> bool:
        """True when Salesforce holds what the caller left."""
        return self.expected == self.found


def demo_recording() -> Path:
    """The recording that ships with the package: synthesised speech, 8 kHz."""
    return Path(str(files("scv_voicemail") / "demo" / "recording.wav"))


def demo_transcript() -> dict[str, Any]:
    """What is said in it, with times."""
    text = (files("scv_voicemail") / "demo" / "recording.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


class LocalSalesforce:
    """An emulator in a process of its own, with keys that were made for it, and its control door."""

    def __init__(self, folder: Path, *, options: Sequence[str] = ()) -> None:
        self.env_file = folder / "emulator.env"
        keys = {name: (folder / f"{name}.key.pem", folder / f"{name}.crt.pem") for name in ("telephony", "oauth")}
        for name, (key_file, certificate_file) in keys.items():
            make_pair(key_file, certificate_file, subject=name, days=2)
        seed = {
            "contact_centers": [{"certificate_pem": keys["telephony"][1].read_text(encoding="ascii")}],
            "apps": [{"certificate_pem": keys["oauth"][1].read_text(encoding="ascii")}],
        }
        seed_file = folder / "seed.json"
        seed_file.write_text(json.dumps(seed), encoding="utf-8")
        argv = command("--json", "--seed-file", str(seed_file), "--write-env", str(self.env_file), *options)
        self._process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)  # noqa: S603
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            _, why = self._process.communicate()
            raise VoicemailError(f"the emulator did not start: {why.strip()[-500:]}")
        self.url: str = json.loads(line)["url"]
        self._http = httpx.Client(base_url=f"{self.url}/_emulator", timeout=10)
        self.variables = _read_env(self.env_file) | {
            f"{PREFIX}PRIVATE_KEY_FILE": str(keys["telephony"][0]),
            f"{PREFIX}OAUTH_KEY_FILE": str(keys["oauth"][0]),
        }

    def settings(self, **changes: Any) -> Settings:
        """Settings that reach this emulator, whatever the user's own environment says."""
        names = {name.removeprefix(PREFIX).lower(): value for name, value in self.variables.items()}
        return Settings(**{"_env_file": None, "targets": ("voice_call",), **names, **changes})

    def environment(self, **changes: object) -> dict[str, str]:
        """The environment of a child process: ours without the user's own settings."""
        ours = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
        changed = {f"{PREFIX}{name.upper()}": str(value) for name, value in changes.items()}
        return ours | self.variables | changed

    def door(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Ask the control door."""
        answer = self._http.request(method, path, json=body)
        if answer.is_error:
            raise Unavailable(f"the emulator's control door answered {answer.status_code}: {answer.text[:200]}")
        return answer.json()

    def state(self) -> dict[str, list[dict[str, Any]]]:
        """Every record that this Salesforce holds."""
        found: dict[str, list[dict[str, Any]]] = self.door("GET", "/state")
        return found

    def stop(self) -> None:
        """End the emulator."""
        self._http.close()
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.communicate(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()


@contextmanager
def local_salesforce(folder: Path, *, options: Sequence[str] = ()) -> Iterator[LocalSalesforce]:
    """A running emulator that ends with the block."""
    salesforce = LocalSalesforce(folder, options=options)
    try:
        yield salesforce
    finally:
        salesforce.stop()


def worker_command() -> list[str]:
    """A worker in a process of its own, which ends when nothing is left to do."""
    return [sys.executable, "-m", "scv_voicemail", "worker", "--until-idle"]


def compare(local: LocalSalesforce, client: SalesforceClient, voicemail: Voicemail, *, rep: str) -> list[Comparison]:
    """Read a delivered and accepted voicemail back by REST, field by field."""
    calls = client.query(
        "SELECT Id, CallOrigin, CallDisposition, FromPhoneNumber, ToPhoneNumber, CallStartDateTime, CallEndDateTime "
        "FROM VoiceCall WHERE VendorCallKey = :key",
        key=voicemail.id,
    )
    found = [Comparison(name="VoiceCalls with this key", expected=1, found=len(calls))]
    if not calls:
        return found
    call = calls[0]
    recordings = client.query(
        "SELECT Id, DurationInSeconds FROM VoiceCallRecording WHERE VoiceCallId = :id", id=call["Id"]
    )
    work = client.query("SELECT Status, User.Username FROM AgentWork WHERE WorkItemId = :id", id=call["Id"])
    entries = client.conversation_entries(voicemail.id, record_limit=1000)
    segments = voicemail.transcript.segments if voicemail.transcript else ()
    pairs: list[tuple[str, object, object]] = [
        ("call origin", "Voicemail", call["CallOrigin"]),
        ("call state", "completed", call["CallDisposition"]),
        ("caller", voicemail.caller, call["FromPhoneNumber"]),
        ("dialed number", voicemail.dialed_number, call["ToPhoneNumber"]),
        ("began (to the second)", _second(voicemail.started_at), datetime.fromisoformat(call["CallStartDateTime"])),
        ("ended (to the second)", _next_second(voicemail.ended_at), datetime.fromisoformat(call["CallEndDateTime"])),
        (
            "recordings",
            [math.ceil(voicemail.recording.duration_seconds)],
            [one["DurationInSeconds"] for one in recordings],
        ),
        ("transcript", [segment.text for segment in segments], [entry.text for entry in entries]),
        ("audio that the rep hears", voicemail.recording.sha256, _audio(local, call["Id"])),
        ("with the rep", [("Opened", rep)], [(one["Status"], (one["User"] or {}).get("Username")) for one in work]),
    ]
    return found + [Comparison(name=name, expected=expected, found=value) for name, expected, value in pairs]


def _audio(local: LocalSalesforce, voice_call_id: str) -> str:
    """The checksum of what lies at the address that Salesforce was given."""
    rows = [row for row in local.state()["VoiceCallRecording"] if row["VoiceCallId"] == voice_call_id]
    if not rows:
        return "no recording"
    answer = httpx.get(rows[0]["_recordingLocation"], timeout=10)
    return hashlib.sha256(answer.content).hexdigest() if answer.is_success else f"HTTP {answer.status_code}"


def _second(at: datetime) -> datetime:
    return at.replace(microsecond=0)


def _next_second(at: datetime) -> datetime:
    return at if at.microsecond == 0 else _second(at) + timedelta(seconds=1)


def _read_env(path: Path) -> dict[str, str]:
    pairs = (line.partition("=") for line in path.read_text(encoding="utf-8").splitlines() if "=" in line)
    return {name: value for name, _, value in pairs}
