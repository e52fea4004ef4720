"""`doctor` finds what is wrong with the record targets before a voicemail does, and names setting, field and fix."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from scv_emulator.seed import Seed, User
from scv_emulator.server import Emulator
from scv_emulator.switches import Switches

from tests.commands import PREFIX, run, the_document
from tests.scenarios.record_org import deploy, let_the_queue_take

RECORDS = {"TARGETS": "case,custom_object"}
LEAST_RIGHTS = Seed(users=(User(admin=False), User(username="admin@example.com", name="Ada Admin")))


@dataclass(kw_only=True)
class Broken:
    """What is broken, and what doctor makes of it."""

    check: str
    saw: str
    fix: str
    code: int
    settings: dict[str, str] = field(default_factory=dict)
    act: Callable[[Emulator], object] = deploy


def deploy_without_a_field(emulator: Emulator) -> None:
    deploy(emulator)
    emulator.org.database.schema.sobject("Voicemail__c").remove("Transcript__c")


def deploy_with_a_key_that_is_not_unique(emulator: Emulator) -> None:
    deploy(emulator)
    schema = emulator.org.database.schema
    key = schema.sobject("Case").fields["Voicemail_External_Id__c"]
    schema.add_field("Case", replace(key, unique=False))


def deploy_without_the_event(emulator: Emulator) -> None:
    deploy(emulator)
    emulator.org.database.schema.remove_object("Voicemail_Delivered__e")


CASES = {
    "nothing is deployed": Broken(
        act=lambda _emulator: None,
        check="target custom_object",
        saw="sees no object Voicemail__c",
        fix="deploy sfdx/force-app/main",
        code=5,
    ),
    "a key that is not unique": Broken(
        act=deploy_with_a_key_that_is_not_unique,
        check="target case",
        saw="Case.Voicemail_External_Id__c must be an External Id and unique",
        fix="unique External Id",
        code=5,
    ),
    "a field that is missing": Broken(
        act=deploy_without_a_field,
        check="target custom_object",
        saw="without Voicemail__c.Transcript__c: Voicemail__c has no such field",
        fix="CUSTOM_OBJECT_FIELDS",
        code=6,
    ),
    "a field of the settings that is unknown": Broken(
        settings={"CASE_FIELDS": '{"Region__c": "{attribute[region]}"}'},
        check="target case",
        saw="without Case.Region__c",
        fix="CASE_FIELDS",
        code=6,
    ),
    "a value that no picklist has": Broken(
        settings={"CUSTOM_OBJECT_FIELDS": '{"Status__c": "Unheard"}'},
        check="target custom_object",
        saw="no value 'Unheard'",
        fix="CUSTOM_OBJECT_FIELDS",
        code=6,
    ),
    "a placeholder that is none": Broken(
        settings={"CASE_FIELDS": '{"Subject": "{calller}"}'},
        check="settings",
        saw="CASE_FIELDS: Subject has {calller}",
        fix="correct the template",
        code=3,
    ),
    "an owner queue that takes no Cases": Broken(
        settings={"OWNER_QUEUE": "Live_Calls"},
        check="owner queue",
        saw="no queue 'Live_Calls' that takes Case",
        fix="Setup, Queues",
        code=3,
    ),
    "an event that is not deployed": Broken(
        settings={"PUBLISH_EVENT": "true"},
        act=deploy_without_the_event,
        check="event",
        saw="cannot publish Voicemail_Delivered__e",
        fix="PUBLISH_EVENT",
        code=6,
    ),
    "no login": Broken(
        settings={"LOGIN_URL": ""}, check="settings", saw=f"not set: {PREFIX}LOGIN_URL", fix=".env", code=3
    ),
}


@pytest.mark.parametrize("broken", CASES.values(), ids=CASES)
def test_what_is_broken_is_found_with_its_fix_and_exit_code(broken: Broken, tmp_path: Path) -> None:
    """One thing at a time, with Case and custom object as the only targets."""
    with Emulator() as emulator:
        broken.act(emulator)
        changes = {PREFIX + name: value for name, value in (RECORDS | broken.settings).items()}
        answer = run("doctor", "--json", settings=emulator.env() | changes, folder=tmp_path)

    document = the_document(answer)
    found = [one for one in document["findings"] if one["check"] == broken.check and broken.saw in one["saw"]]
    assert found, document
    assert broken.fix in found[0]["fix"]
    assert answer.returncode == broken.code, document


@pytest.mark.parametrize("targets", ["case,custom_object", "voice_call,case,custom_object"])
def test_the_shipped_metadata_and_permission_sets_leave_nothing_to_mend(targets: str, tmp_path: Path) -> None:
    """For an integration user who has these two sets and nothing else, and for every field of the default maps."""
    settings = {f"{PREFIX}TARGETS": targets, f"{PREFIX}PUBLISH_EVENT": "true", f"{PREFIX}OWNER_QUEUE": "Voicemail"}
    with Emulator(seed=LEAST_RIGHTS) as emulator:
        deploy(emulator)
        for name in ("Voicemail_Integration", "Voicemail_Integration_Voice"):
            emulator.assign("integration@example.com", name)
        before = emulator.state()
        answer = run("doctor", "--json", settings=emulator.env() | settings, folder=tmp_path)
        after = emulator.state()

    document = the_document(answer)
    mine = [one for one in document["findings"] if one["check"].startswith(("target", "event", "owner"))]
    assert [one for one in document["findings"] if one["verdict"] in ("FAIL", "warn")] == []
    assert [one["saw"] for one in mine] == [
        "Case, 13 fields, key Voicemail_External_Id__c",
        "Voicemail__c, 21 fields, key External_Id__c",
        "Voicemail_Delivered__e",
    ]
    assert after == before


def test_an_org_without_voice_is_in_order_for_records(tmp_path: Path) -> None:
    """Fields that could only point at a VoiceCall are not missed where there is none."""
    settings = {
        f"{PREFIX}TARGETS": "case,custom_object",
        f"{PREFIX}TELEPHONY_URL": "",
        f"{PREFIX}DIALED_NUMBER": "+18005550100",
    }
    with Emulator(seed=Seed(phone_channels=(), flows=()), switches=Switches(voice_enabled=False)) as emulator:
        deploy(emulator, "main")
        let_the_queue_take(emulator, "Case", "Voicemail__c")
        answer = run("doctor", "--json", settings=emulator.env() | settings, folder=tmp_path)

    document = the_document(answer)
    assert [one for one in document["findings"] if one["verdict"] in ("FAIL", "warn")] == []
    assert answer.returncode == 0
