"""VoiceCalls that an administrator deletes while their voicemail is under way, or after it was parked."""

from __future__ import annotations

from pathlib import Path

import pytest
from scv_voicemail.ports import RunState

from tests.scenarios.simulation import Simulation

STEPS = {"marking": "*/voiceCalls/*", "routing": "*/omniFlow"}


def delete_the_call(simulation: Simulation, key: str) -> None:
    """Remove the VoiceCall and whatever hangs on it, as an administrator does."""
    database = simulation.emulator.org.database
    (call,) = database.find("VoiceCall", VendorCallKey=key)
    hangs_on = {
        "PendingServiceRouting": ("WorkItemId", call["Id"]),
        "VoiceCallRecording": ("VoiceCallId", call["Id"]),
        "VoiceCall": ("Id", call["Id"]),
    }
    for name, (column, value) in hangs_on.items():
        for one in database.find(name, **{column: value}):
            database.delete(name, one["Id"])


@pytest.mark.covers("retry-1")
@pytest.mark.parametrize("path", STEPS.values(), ids=STEPS.keys())
def test_a_retry_after_the_call_was_deleted_makes_it_anew(tmp_path: Path, path: str) -> None:
    """It was parked half-way, somebody tidied up, and a human says: again."""
    # The deleted call's entries are not the new call's, whose entries have the same ids.
    with Simulation(tmp_path, duplicate_message_id="store") as simulation:
        voicemail = simulation.leave()
        refused = {"message": "no", "errorCode": "INVALID_INPUT"}
        simulation.emulator.fault("status", method="PATCH", path=path, status=400, body=refused)
        simulation.work()
        assert simulation.run(voicemail).state is RunState.PARKED
        delete_the_call(simulation, voicemail.id)

        simulation.journal.retry(voicemail.id, now=simulation.clock())
        simulation.work()

        run = simulation.run(voicemail)
        assert (run.state, run.last_error) == (RunState.DELIVERED, "")
        assert simulation.held(voicemail).counts == (1, 1, 2, 1)
        assert simulation.flow.saw[-1] == "Voicemail"


@pytest.mark.covers("retry-1")
def test_a_human_can_have_everything_begun_again_from_a_step(tmp_path: Path) -> None:
    """What that step and later ones did is looked up before it is sent."""
    with Simulation(tmp_path) as simulation:
        voicemail = simulation.leave()
        refused = {"message": "no", "errorCode": "INVALID_INPUT"}
        simulation.emulator.fault("status", method="PATCH", path="*/omniFlow", status=400, body=refused)
        simulation.work()

        put_back = simulation.journal.retry(voicemail.id, now=simulation.clock(), from_step="open")
        simulation.work()

        assert put_back == 1
        assert simulation.run(voicemail).state is RunState.DELIVERED
        assert simulation.held(voicemail).counts == (1, 1, 2, 1)
