"""The shipped permission sets are enough for the connector, and none of their rights is too many.

The rights are read from the files that ship, so one that is added later is tried as well; and one that nobody misses is
superfluous, which fails. The rights to see all records are not tried: sharing is not emulated.
"""

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

from tests.scenarios.matrix import show
from tests.scenarios.permissions import SETS, SHIPPED, granted
from tests.scenarios.rights_bench import Seen, unnoticed, without_each
from tests.wav_files import a_wav_file

ROOT = Path(__file__).parents[2]
NUMBER = "+18005550100"
CONNECTOR = "integration@example.com"


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


def _table_cells(seen: Seen) -> tuple[str, str]:
    who = ", ".join(dict.fromkeys(who for who, _words in seen.noticed))
    return who, next((words.partition(" Next: ")[0][:100] for _who, words in seen.noticed), "")


def test_the_connector_names_every_single_right_that_is_missing(tmp_path: Path) -> None:
    """By `doctor`, or by a delivery that is parked or goes without something; with all of them nobody complains."""
    rights = list(granted(SHIPPED))

    seen = without_each(rights, SHIPPED, tmp_path)

    rows = sorted((str(one.missing), *_table_cells(one)) for one in seen)
    show("What the connector says without one right", ("without", "noticed by", "in the words"), rows)
    assert {"Create Case", "Edit VoiceCall", "read Contact.Phone", "edit Case.Voicemail__c", "ApiEnabled"} <= {
        str(one) for one in rights
    }
    assert {one.missing for one in seen} == set(rights)
    assert unnoticed(seen) == []


def test_a_superfluous_right_is_found(tmp_path: Path) -> None:
    """Granted in a copy of the permission sets, taken away, and missed by nobody."""
    planted = "<fieldPermissions><editable>false</editable><field>Contact.Email</field><readable>true</readable>"
    copies = [tmp_path / file.name for file in SHIPPED]
    for file, copy in zip(SHIPPED, copies, strict=True):
        copy.write_text(file.read_text(encoding="utf-8"), encoding="utf-8")
    text = copies[0].read_text(encoding="utf-8")
    changed = text.replace("<fieldPermissions>", f"{planted}</fieldPermissions><fieldPermissions>", 1)
    copies[0].write_text(changed, encoding="utf-8")
    (superfluous,) = set(granted(copies)) - set(granted(SHIPPED))

    seen = without_each([superfluous], copies, tmp_path)

    assert unnoticed(seen) == ["read Contact.Email: []"]
