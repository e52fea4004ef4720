"""An org with this project's metadata deployed, and what it must hold of a voicemail that went to every target."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from scv_emulator.metadata.source_format import package_of
from scv_emulator.salesforce.records import Record
from scv_emulator.server import Emulator
from scv_voicemail.ports import Run
from scv_voicemail.settings import Settings
from scv_voicemail.wiring import connect

from tests.scenarios.matrix import look, settings_of

FORCE_APP = Path(__file__).parents[2] / "sfdx" / "force-app"
ALL_TARGETS = ("voice_call", "case", "custom_object")


@cache
def package(*folders: str) -> bytes:
    """The zip of these folders of the project, made once."""
    return package_of(*(FORCE_APP / folder for folder in folders))


def deploy(emulator: Emulator, *folders: str) -> None:
    """Deploy the shipped metadata, both halves unless they are named; and let the queue take what the reps work on."""
    result = emulator.deploy(package(*(folders or ("main", "voice"))))
    assert result["success"], result["details"]["componentFailures"]


def let_the_queue_take(emulator: Emulator, *objects: str) -> None:
    """What the administrator's guide asks for without the voice half: the queue Voicemail takes these objects."""
    queue = emulator.org.database.first("Group", DeveloperName="Voicemail", Type="Queue")
    assert queue is not None
    for name in objects:
        emulator.org.database.insert("QueueSobject", {"QueueId": queue["Id"], "SobjectType": name}, by_system=True)


def deliver(emulator: Emulator, voicemail: Mapping[str, Any], **changes: Any) -> dict[str, Run]:
    """Take a voicemail in and deliver it; the runs by target."""
    settings = Settings(_env_file=None, **settings_of(emulator, **{"targets": ALL_TARGETS} | changes))
    with connect(settings) as connector:
        connector.submit(**voicemail)
        runs = connector.deliver(voicemail["voicemail_id"], wait_seconds=60)
    return {run.target: run for run in runs}


def records(state: Mapping[str, Sequence[Record]], key: str) -> dict[str, list[Record]]:
    """What an org holds of a voicemail beside what belongs to its VoiceCall."""
    keys = {"VoiceCall": "VendorCallKey", "Case": "Voicemail_External_Id__c", "Voicemail__c": "External_Id__c"}
    return {name: [row for row in state.get(name, ()) if row.get(key_field) == key] for name, key_field in keys.items()}


def look_everywhere(emulator: Emulator, voicemail: Mapping[str, Any]) -> list[str]:
    """What is wrong in the emulator's own state after a delivery to every target; nobody asks the connector."""
    found = look(emulator, dict(voicemail))
    held = records(emulator.state(), voicemail["voicemail_id"])
    wrong = [*found.wrong, *(f"{len(rows)} {name}" for name, rows in held.items() if len(rows) != 1)]
    if wrong:
        return wrong
    call, case, record = (held[name][0] for name in ("VoiceCall", "Case", "Voicemail__c"))
    said = " ".join(one["text"] for one in voicemail["transcript"]["segments"])
    expected = [
        ("VoiceCall.RelatedRecordId", call["RelatedRecordId"], case["Id"]),
        ("VoiceCall.Voicemail__c", call["Voicemail__c"], record["Id"]),
        ("Case.Voicemail__c", case["Voicemail__c"], record["Id"]),
        ("Voicemail__c.Case__c", record["Case__c"], case["Id"]),
        ("Voicemail__c.Voice_Call__c", record["Voice_Call__c"], call["Id"]),
        ("Case.Voicemail_Transcript__c", case["Voicemail_Transcript__c"], said),
        ("Voicemail__c.Transcript__c", record["Transcript__c"], said),
        ("Case.Voicemail_Caller_Number__c", case["Voicemail_Caller_Number__c"], voicemail["caller"]),
        ("Voicemail__c.Status__c", record["Status__c"], "New"),
    ]
    return [f"{name} is {is_!r}, expected {should!r}" for name, is_, should in expected if is_ != should]
