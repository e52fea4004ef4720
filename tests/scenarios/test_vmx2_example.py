"""`examples/vmx2.toml` makes the Case and the record that VMX2 made, in an org with VMX2's fields and none of ours."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from scv_emulator.server import Emulator
from scv_emulator.switches import Switches
from scv_voicemail.ports import RunState
from scv_voicemail.settings import load
from scv_voicemail.voicemail import Mailbox, MailboxKind
from scv_voicemail.wiring import connect

from tests.scenarios.matrix import CALLER, SPOKEN, left, settings_of
from tests.scenarios.record_org import let_the_queue_take

EXAMPLE = Path(__file__).parents[2] / "examples" / "vmx2.toml"
NAMESPACE = 'xmlns="http://soap.sforce.com/2006/04/metadata"'
REP = Mailbox(kind=MailboxKind.REP, name="rep@example.com")
QUEUE = Mailbox(kind=MailboxKind.QUEUE, name="Voicemail")

TEXT = "<label>{name}</label><length>255</length><type>Text</type>"
KEY = f"<caseSensitive>true</caseSensitive><externalId>true</externalId>{TEXT}<unique>true</unique>"
LONG = "<label>{name}</label><length>32768</length><type>LongTextArea</type><visibleLines>3</visibleLines>"
RICH = "<label>{name}</label><length>32768</length><type>Html</type><visibleLines>10</visibleLines>"
PHONE = "<label>{name}</label><type>Phone</type>"
FIELDS = {"VMX_Contact_Id__c": KEY, "VMX_Phone__c": PHONE, "VMX_Attributes__c": LONG, "VMX_Link__c": RICH}
OBJECT = (
    "<deploymentStatus>Deployed</deploymentStatus><label>VMX Voicemail</label><nameField><label>Name</label>"
    "<type>Text</type></nameField><pluralLabel>VMX Voicemails</pluralLabel><sharingModel>ReadWrite</sharingModel>"
)


def a_vmx2_org(folder: Path) -> Path:
    """A project in source format with the fields that VMX2's customers made by hand."""
    objects = folder / "force-app" / "main" / "default" / "objects"
    for name, fields in (("Case", FIELDS), ("VMX_Voicemail__c", FIELDS | {"VMX_Transcript__c": LONG})):
        place = objects / name / "fields"
        place.mkdir(parents=True)
        for field, inside in fields.items():
            body = f"<fullName>{field}</fullName>{inside.format(name=field)}"
            (place / f"{field}.field-meta.xml").write_text(f"<CustomField {NAMESPACE}>{body}</CustomField>")
    whole = f"<CustomObject {NAMESPACE}>{OBJECT}</CustomObject>"
    (objects / "VMX_Voicemail__c" / "VMX_Voicemail__c.object-meta.xml").write_text(whole)
    return folder / "force-app"


@pytest.mark.parametrize(("mailbox", "kind"), [(REP, "Direct"), (QUEUE, "Queue")])
def test_the_example_makes_what_vmx2_made(
    mailbox: Mailbox, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Subject, description, priority, phone, attributes, link and owner; from the settings alone."""
    monkeypatch.setenv("SCV_VOICEMAIL_CONFIG", str(EXAMPLE))
    attributes = {"vmx_priority": "High", "vmx_lang": "en-US"}
    voicemail = left(tmp_path, "vmx-0001") | {"mailbox": mailbox, "attributes": attributes}
    with Emulator(switches=Switches(apply_delay_ms=0), folder=tmp_path) as emulator:
        result = emulator.deploy(a_vmx2_org(tmp_path))
        assert result["success"], result["details"]["componentFailures"]
        let_the_queue_take(emulator, "Case", "VMX_Voicemail__c")
        with connect(load(_env_file=None, **settings_of(emulator))) as connector:
            connector.submit(**voicemail)
            runs = connector.deliver("vmx-0001", wait_seconds=20)
        state = emulator.state()

    assert {run.target: run.state for run in runs} == dict.fromkeys(("case", "custom_object"), RunState.DELIVERED)
    (case,), (record,) = state["Case"], state["VMX_Voicemail__c"]
    location = f"{emulator.url}/_emulator/recordings/vmx-0001.wav"
    link = f'<a href="{location}" target="_blank">Play Voicemail</a>'
    said = " ".join(SPOKEN)
    assert case["Subject"] == f"{kind} voicemail for: {mailbox.name} from : {CALLER}"
    assert case["Description"] == f"Voicemail transcript: {said}"
    assert (case["Status"], case["Origin"], case["Priority"]) == ("New", "Phone", "High")
    assert (case["VMX_Phone__c"], case["VMX_Link__c"]) == (CALLER, link)
    assert json.loads(case["VMX_Attributes__c"]) == attributes
    assert record["Name"] == f"{kind} voicemail for: {mailbox.name}"
    assert (record["VMX_Transcript__c"], record["VMX_Phone__c"], record["VMX_Link__c"]) == (said, CALLER, link)
    assert json.loads(record["VMX_Attributes__c"]) == attributes
    owners = {row["Id"]: row.get("Username") for row in state["User"]}
    if mailbox is REP:
        assert {owners[case["OwnerId"]], owners[record["OwnerId"]]} == {"rep@example.com"}
        assert [warning for run in runs for warning in run.warnings] == []
