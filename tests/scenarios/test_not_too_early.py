"""Never routed before Salesforce knows that it is a voicemail: an update is accepted first and applied later."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from scv_emulator.server import Emulator
from scv_emulator.switches import Switches
from scv_voicemail.delivery.voice_call import VoiceCallTarget
from scv_voicemail.ports import RunState, Step
from scv_voicemail.settings import Settings
from scv_voicemail.wiring import connect

from tests.scenarios.simulation import PREFIX, Simulation, WatchingFlow, held
from tests.wav_files import a_wav_file

DELAY_MS = 5000
ONE_CALL = "*/voiceCalls/0LQ???????????????"
OMNI_FLOW = "*/omniFlow"


class HastyTarget(VoiceCallTarget):
    """Routes without reading back that the update is applied, as the guide's sequence does when taken literally."""

    def steps(self) -> Sequence[Step]:
        return [step for step in super().steps() if step.name != "confirm"]


@pytest.mark.parametrize(
    "switches",
    [{}, {"create_applies_call_origin": False}],
    ids=["callOrigin is taken at create", "callOrigin is ignored at create"],
)
def test_a_voicemail_is_routed_only_once_its_update_is_applied(tmp_path: Path, switches: dict[str, Any]) -> None:
    """The org needs five seconds for every update; the flow runs after them and sees a voicemail."""
    with Simulation(tmp_path, apply_delay_ms=DELAY_MS, **switches) as simulation:
        voicemail = simulation.leave()

        simulation.work()

        marked, *_ = simulation.sent(ONE_CALL)
        (routed,) = simulation.sent(OMNI_FLOW)
        assert routed["at"] >= marked["at"] + DELAY_MS
        assert simulation.flow.saw == ["Voicemail"]
        assert simulation.queues(simulation.held(voicemail).pending) == ["Voicemail"]
        assert simulation.run(voicemail).state is RunState.DELIVERED


def test_a_call_that_was_opened_live_is_routed_only_once_it_is_a_voicemail(tmp_path: Path) -> None:
    """The inbound flow opened the VoiceCall without callOrigin; the same VoiceCall becomes a voicemail, then routes."""
    with Simulation(tmp_path, apply_delay_ms=DELAY_MS) as simulation:
        voicemail = simulation.leave()
        simulation.open_live(voicemail)

        simulation.work()

        assert simulation.flow.saw == ["Voicemail"]
        assert simulation.held(voicemail).counts == (1, 1, 2, 1)
        assert simulation.queues(simulation.held(voicemail).pending) == ["Voicemail"]


@pytest.mark.parametrize("opened_live", [True, False], ids=["opened live", "opened by us"])
def test_without_confirming_it_would_be_routed_as_a_live_call(tmp_path: Path, opened_live: bool) -> None:
    """The proof that the tests above can fail: without the confirm step the org puts it among the live calls."""
    with Simulation(
        tmp_path, target=HastyTarget, apply_delay_ms=DELAY_MS, create_applies_call_origin=False
    ) as simulation:
        voicemail = simulation.leave()
        if opened_live:
            simulation.open_live(voicemail)

        simulation.work()

        assert simulation.flow.saw == [None]
        assert simulation.queues(simulation.held(voicemail).pending) == ["Live_Calls"]


def test_an_update_that_is_never_applied_is_sent_again_and_then_given_to_a_human(tmp_path: Path) -> None:
    """Something keeps CallOrigin from being set: the connector parks with that reason and never routes."""
    with Simulation(tmp_path, apply_delay_ms=999_999_999, create_applies_call_origin=False) as simulation:
        voicemail = simulation.leave()

        simulation.work()

        run = simulation.run(voicemail)
        assert run.state is RunState.PARKED
        assert "CallOrigin is not Voicemail" in run.last_error
        assert simulation.sent(OMNI_FLOW) == []


def test_on_a_real_clock_the_flow_runs_after_the_update_was_applied(tmp_path: Path) -> None:
    """The same with real time, real waiting and the wiring that a user has."""
    flow = WatchingFlow()
    with Emulator(switches=Switches(apply_delay_ms=1500, create_applies_call_origin=False)) as emulator:
        emulator.org.telephony.flows.add(flow)
        names = {name.removeprefix(PREFIX).lower(): value for name, value in emulator.env().items()}
        with connect(Settings(**{"_env_file": None, **names})) as connector:
            voicemail_id = connector.submit(a_wav_file(tmp_path / "message.wav"), caller="+14155550142")

            (run,) = connector.deliver(voicemail_id, wait_seconds=60)

        marked, *_ = emulator.requests(path=ONE_CALL, method="PATCH")
        (routed,) = emulator.requests(path=OMNI_FLOW, method="PATCH")
        assert run.state is RunState.DELIVERED
        assert flow.saw == ["Voicemail"]
        assert routed["at"] >= marked["at"] + 1500
        assert held(emulator.state(), voicemail_id).counts == (1, 1, 0, 1)
