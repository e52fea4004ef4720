"""The scenario of the shipped routing flow fails when the flow is broken: what a rehearsal is for.

The connector cannot notice: the call is a voicemail, and it waits in a queue. Only who looks at the queue sees that the
flow took it for a live call.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from scv_emulator.server import Emulator
from scv_emulator.switches import Switches
from scv_voicemail.ports import RunState

from tests.scenarios.matrix import left
from tests.scenarios.record_org import FORCE_APP, deliver

FLOW = "Voicemail_Omni_Routing"
FLOW_FILE = Path("voice/flows") / f"{FLOW}.flow-meta.xml"
SETTINGS_FILE = Path("main/default/customMetadata/Voicemail_Setting.Default.md-meta.xml")
IS_VOICEMAIL = """\
                <leftValueReference>Get_Voice_Call.CallOrigin</leftValueReference>
                <operator>EqualTo</operator>
                <rightValue>
                    <stringValue>Voicemail</stringValue>"""

BREAKAGES = {
    "a misspelt value": ("<stringValue>Voicemail<", "<stringValue>Voicemial<"),
    "the label for the value": ("<stringValue>Voicemail<", "<stringValue>Voice Mail<"),
    "the opposite question": ("<operator>EqualTo<", "<operator>NotEqualTo<"),
    "another field": ("Get_Voice_Call.CallOrigin", "Get_Voice_Call.Id"),
}
"""What somebody may do to the decision in Flow Builder, and save without an error."""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the project whose live calls have a queue of their own, as step 8 of the admin's guide offers."""
    copy = tmp_path / "force-app"
    shutil.copytree(FORCE_APP, copy)
    change(
        copy / SETTINGS_FILE,
        '<field>Live_Queue__c</field>\n        <value xsi:nil="true"/>',
        '<field>Live_Queue__c</field>\n        <value xsi:type="xsd:string">Live_Calls</value>',
    )
    return copy


@pytest.fixture
def emulator(project: Path) -> Iterator[Emulator]:
    """An org to which this copy was deployed, with a phone channel that has the flow."""
    with Emulator(switches=Switches(apply_delay_ms=10)) as running:
        assert running.deploy(project)["success"]
        running.set_channel("+18005550100", flow=FLOW, fallback_queue="Voicemail")
        yield running


def change(file: Path, old: str, new: str) -> None:
    """Replace a text that stands in the file once."""
    text = file.read_text(encoding="utf-8")
    assert text.count(old) == 1, file
    file.write_text(text.replace(old, new), encoding="utf-8")


def leave_a_voicemail(emulator: Emulator, folder: Path) -> str:
    """The connector takes a voicemail in and delivers it, to its own satisfaction; the voicemail's id."""
    runs = deliver(emulator, left(folder, "voicemail-1"), targets=("voice_call",))
    assert (runs["voice_call"].state, runs["voice_call"].warnings) == (RunState.DELIVERED, [])
    return "voicemail-1"


def assert_routed_as_a_voicemail(emulator: Emulator, key: str) -> None:
    """The flow went the way of voicemails, without a fault, and the voicemail waits in their queue."""
    state = emulator.state()
    (call,) = [one for one in state["VoiceCall"] if one["VendorCallKey"] == key]
    (work,) = [one for one in state["PendingServiceRouting"] if one["WorkItemId"] == call["Id"]]
    (queue,) = [one["DeveloperName"] for one in state["Group"] if one["Id"] == work["GroupId"]]
    executions = httpx.get(f"{emulator.url}/_emulator/flows").json()["executions"]
    (execution,) = [one for one in executions if one["flow"] == FLOW]
    assert queue == "Voicemail"
    assert "For_Whom" in execution["path"]
    assert execution["fault"] == ""


def test_the_shipped_flow_routes_it_as_a_voicemail(emulator: Emulator, tmp_path: Path) -> None:
    """Also where live calls have a queue."""
    key = leave_a_voicemail(emulator, tmp_path)

    assert_routed_as_a_voicemail(emulator, key)


@pytest.mark.parametrize(("old", "new"), BREAKAGES.values(), ids=BREAKAGES)
def test_a_flow_with_a_broken_decision_is_seen(
    emulator: Emulator, project: Path, tmp_path: Path, old: str, new: str
) -> None:
    """The deploy succeeds, the voicemail goes to the live calls, and the same assertion fails."""
    assert old in IS_VOICEMAIL
    change(project / FLOW_FILE, IS_VOICEMAIL, IS_VOICEMAIL.replace(old, new))
    assert emulator.deploy(project)["success"]

    key = leave_a_voicemail(emulator, tmp_path)

    with pytest.raises(AssertionError, match="Live_Calls"):
        assert_routed_as_a_voicemail(emulator, key)


def test_the_flow_that_is_deployed_again_heals_the_org(emulator: Emulator, project: Path, tmp_path: Path) -> None:
    """The newest version counts."""
    broken = IS_VOICEMAIL.replace(*BREAKAGES["a misspelt value"])
    change(project / FLOW_FILE, IS_VOICEMAIL, broken)
    assert emulator.deploy(project)["success"]
    change(project / FLOW_FILE, broken, IS_VOICEMAIL)
    assert emulator.deploy(project)["success"]

    key = leave_a_voicemail(emulator, tmp_path)

    assert_routed_as_a_voicemail(emulator, key)
