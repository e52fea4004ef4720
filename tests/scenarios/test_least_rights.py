"""The shipped permission sets are enough for the connector, and nothing else is: its user has no other right."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from scv_emulator.seed import Seed, User
from scv_emulator.server import Emulator
from scv_emulator.switches import Switches

from tests.wav_files import a_wav_file

ROOT = Path(__file__).parents[2]
NUMBER = "+18005550100"
CONNECTOR = "integration@example.com"
SETS = ("Voicemail_Integration", "Voicemail_Integration_Voice")


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """This repository's metadata in an org whose integration user has the profile with the least access."""
    users = (User(username=CONNECTOR, admin=False), User(username="admin@example.com", name="Ada Admin"))
    with Emulator(seed=Seed(users=users), switches=Switches(apply_delay_ms=20)) as running:
        assert running.deploy(ROOT / "sfdx" / "force-app")["success"]
        running.set_channel(NUMBER, flow="Voicemail_Omni_Routing", fallback_queue="Voicemail")
        yield running


def scv_voicemail(emulator: Emulator, *arguments: str) -> subprocess.CompletedProcess[str]:
    """One run of the command line against this org."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("SCV_VOICEMAIL_")}
    return subprocess.run(
        [sys.executable, "-m", "scv_voicemail", *arguments],
        env=clean | emulator.env() | {"SCV_VOICEMAIL_TARGETS": "voice_call,case,custom_object"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def deliver(emulator: Emulator, folder: Path) -> subprocess.CompletedProcess[str]:
    """Hand one voicemail in and deliver it."""
    recording = a_wav_file(folder / "message.wav", seconds=3)
    words = ("--transcript", "Please call me back.")
    return scv_voicemail(emulator, "deliver", str(recording), "--from", "+14155550142", "--to", NUMBER, *words)


def test_the_connector_delivers_with_the_shipped_permission_sets(emulator: Emulator, tmp_path: Path) -> None:
    """To all three Salesforce targets, linked with each other, routed by the deployed flow; doctor misses nothing."""
    for name in SETS:
        emulator.assign(CONNECTOR, name)

    checked, delivered = scv_voicemail(emulator, "doctor"), deliver(emulator, tmp_path)

    assert (checked.returncode, delivered.returncode) == (0, 0), checked.stdout + delivered.stdout + delivered.stderr
    state = emulator.state()
    (call,) = state["VoiceCall"]
    (case,) = state["Case"]
    (voicemail,) = state["Voicemail__c"]
    (waiting,) = state["PendingServiceRouting"]
    queue = next(one for one in state["Group"] if one["DeveloperName"] == "Voicemail")
    assert (call["CallOrigin"], call["RelatedRecordId"], call["OwnerId"]) == ("Voicemail", case["Id"], queue["Id"])
    assert (waiting["WorkItemId"], waiting["GroupId"]) == (call["Id"], queue["Id"])
    assert case["Voicemail_External_Id__c"] == voicemail["External_Id__c"] == call["VendorCallKey"]
    assert (voicemail["Case__c"], voicemail["Voice_Call__c"]) == (case["Id"], call["Id"])
    assert case["Voicemail__c"] == call["Voicemail__c"] == voicemail["Id"]


@pytest.mark.parametrize("left_out", SETS)
def test_without_one_of_them_doctor_says_so(emulator: Emulator, left_out: str) -> None:
    """Before the first voicemail is lost."""
    for name in SETS:
        if name != left_out:
            emulator.assign(CONNECTOR, name)

    assert scv_voicemail(emulator, "doctor").returncode != 0


def test_every_executed_flow_ended_well(emulator: Emulator, tmp_path: Path) -> None:
    """None of the flows that ran for the voicemail ended with a fault."""
    for name in SETS:
        emulator.assign(CONNECTOR, name)

    deliver(emulator, tmp_path)

    ran = httpx.get(f"{emulator.url}/_emulator/flows").json()["executions"]
    assert {one["flow"]: one["fault"] for one in ran} == {
        "VoiceCall_After_Save_Link_Case": "",
        "Voicemail_Omni_Routing": "",
    }
