"""A rehearsal on this machine: a local Salesforce, one real recording, and what arrived beside what was left."""

from __future__ import annotations

import hashlib
import json
import math
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Any

import httpx
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from scv_voicemail.cli.emulator import command
from scv_voicemail.cli.keys import make_pair
from scv_voicemail.errors import Unavailable, VoicemailError
from scv_voicemail.salesforce import SalesforceClient
from scv_voicemail.settings import PREFIX, Settings
from scv_voicemail.voicemail import Voicemail

CALLER = "+14155550142"

HERE = "127.0.0.1,localhost"
"""Addresses that never go through a proxy."""


class RehearsalSettings(Settings):
    """Settings of nothing but their arguments: a rehearsal must not reach the org that the user has configured."""

    @classmethod
    def settings_customise_sources(  # type: ignore[override]  # the others go by keyword and are not wanted
        cls, _settings_cls: type[BaseSettings], init_settings: PydanticBaseSettingsSource, **_others: Any
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Neither environment nor files."""
        return (init_settings,)


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

    def __init__(
        self, folder: Path, *, options: Sequence[str] = (), seed: Mapping[str, Any] = MappingProxyType({})
    ) -> None:
        self.env_file = folder / "emulator.env"
        keys = {name: (folder / f"{name}.key.pem", folder / f"{name}.crt.pem") for name in ("telephony", "oauth")}
        for name, (key_file, certificate_file) in keys.items():
            make_pair(key_file, certificate_file, subject=name, days=2)
        certificates = {name: pair[1].read_text(encoding="ascii") for name, pair in keys.items()}
        app: dict[str, Any] = {"certificate_pem": certificates["oauth"]}
        if "users" in seed:
            app["usernames"] = [user["username"] for user in seed["users"]]
        whole = {**seed, "contact_centers": [{"certificate_pem": certificates["telephony"]}], "apps": [app]}
        seed_file = folder / "seed.json"
        seed_file.write_text(json.dumps(whole), encoding="utf-8")
        # The user's proxy cannot reach this machine; the children inherit it from here.
        os.environ["NO_PROXY"] = os.environ["no_proxy"] = HERE
        argv = command("--json", "--seed-file", str(seed_file), "--write-env", str(self.env_file), *options)
        self._talk = tempfile.TemporaryFile()  # noqa: SIM115 - closed in stop()
        self._process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=self._talk, text=True)  # noqa: S603
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._talk.seek(0)
            why = self._talk.read().decode(errors="replace").strip()[-500:]
            self._end()
            raise VoicemailError(f"the emulator did not start: {why}")
        self.url: str = json.loads(line)["url"]
        self._http = httpx.Client(base_url=f"{self.url}/_emulator", timeout=10)
        self.variables = _read_env(self.env_file) | {
            f"{PREFIX}PRIVATE_KEY_FILE": str(keys["telephony"][0]),
            f"{PREFIX}OAUTH_KEY_FILE": str(keys["oauth"][0]),
        }

    def settings(self, **changes: Any) -> Settings:
        """Settings that reach this emulator, whatever the user's own environment says."""
        names = {name.removeprefix(PREFIX).lower(): value for name, value in self.variables.items()}
        return RehearsalSettings(**names | changes)

    def environment(self, **changes: object) -> dict[str, str]:
        """The environment of a child process: ours without the user's own settings."""
        ours = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
        changed = {f"{PREFIX}{name.upper()}": str(value) for name, value in changes.items()}
        return ours | self.variables | changed

    def door(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, *, timeout_seconds: float = 10
    ) -> Any:
        """Ask the control door."""
        answer = self._http.request(method, path, json=body, timeout=timeout_seconds)
        if answer.is_error:
            raise Unavailable(f"the emulator's control door answered {answer.status_code}: {answer.text[:200]}")
        return answer.json()

    def state(self) -> dict[str, list[dict[str, Any]]]:
        """Every record that this Salesforce holds."""
        found: dict[str, list[dict[str, Any]]] = self.door("GET", "/state")
        return found

    def rep(self) -> str:
        """The rep who is there."""
        return str(self.door("GET", "/seed")["reps"][0]["username"])

    def stop(self) -> None:
        """End the emulator."""
        self._http.close()
        self._process.send_signal(signal.SIGTERM)
        self._end()

    def _end(self) -> None:
        try:
            self._process.communicate(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()
        self._talk.close()


@contextmanager
def local_salesforce(
    folder: Path, *, options: Sequence[str] = (), seed: Mapping[str, Any] = MappingProxyType({})
) -> Iterator[LocalSalesforce]:
    """A running emulator that ends with the block; `seed` says what its org contains beside the usual."""
    salesforce = LocalSalesforce(folder, options=options, seed=seed)
    try:
        yield salesforce
    finally:
        salesforce.stop()


def worker_command() -> list[str]:
    """A worker in a process of its own, which ends when nothing is left to do."""
    return [sys.executable, "-m", "scv_voicemail", "worker", "--until-idle"]


def compare(
    local: LocalSalesforce,
    client: SalesforceClient,
    voicemail: Voicemail,
    *,
    rep: str,
    began_at: datetime | None = None,
) -> list[Comparison]:
    """Read a delivered and accepted voicemail back by REST, field by field.

    `began_at` is when the VoiceCall began, if that was before the voicemail: a flow had opened it already.
    """
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
        (
            "began (to the second)",
            _second(began_at or voicemail.started_at),
            datetime.fromisoformat(call["CallStartDateTime"]),
        ),
        ("ended (to the second)", _next_second(voicemail.ended_at), datetime.fromisoformat(call["CallEndDateTime"])),
        (
            "seconds of each recording",
            [math.ceil(voicemail.recording.duration_seconds)],
            [one["DurationInSeconds"] for one in recordings],
        ),
        ("transcript", [segment.text for segment in segments], [entry.text for entry in entries]),
        ("audio that the rep hears", f"sha256 {voicemail.recording.sha256}", _audio(local, call["Id"])),
        ("work", [f"Opened by {rep}"], [f"{one['Status']} by {(one['User'] or {}).get('Username')}" for one in work]),
    ]
    return found + [Comparison(name=name, expected=expected, found=value) for name, expected, value in pairs]


def _audio(local: LocalSalesforce, voice_call_id: str) -> str:
    """The checksum of what lies at the address that Salesforce was given."""
    rows = [row for row in local.state()["VoiceCallRecording"] if row["VoiceCallId"] == voice_call_id]
    if not rows:
        return "no recording"
    answer = httpx.get(rows[0]["_recordingLocation"], timeout=10)
    digest = hashlib.sha256(answer.content).hexdigest()
    return f"sha256 {digest}" if answer.is_success else f"HTTP {answer.status_code}"


def _second(at: datetime) -> datetime:
    return at.replace(microsecond=0)


def _next_second(at: datetime) -> datetime:
    return at if at.microsecond == 0 else _second(at) + timedelta(seconds=1)


def _read_env(path: Path) -> dict[str, str]:
    pairs = (line.partition("=") for line in path.read_text(encoding="utf-8").splitlines() if "=" in line)
    return {name: value for name, _, value in pairs}
