"""The reason that is shown is the last real answer, not that something is waited for."""

from __future__ import annotations

from pathlib import Path

import pytest
from scv_emulator.seed import PhoneChannel, Queue, Seed
from scv_voicemail.ports import RunState

from tests.scenarios.simulation import Simulation

NO_CHANNEL = Seed(phone_channels=())
NOT_MAPPED = Seed(
    queues=(Queue(developer_name="Voicemail", external_id=""),),
    phone_channels=(PhoneChannel(flow="", fallback_queue="Voicemail"),),
    flows=(),
)
TRUTH = {"no phone channel": (NO_CHANNEL, "No phone channel matches"), "not mapped": (NOT_MAPPED, "is not mapped")}


@pytest.mark.covers("first-hour-13")
@pytest.mark.parametrize(("seed", "truth"), TRUTH.values(), ids=TRUTH.keys())
def test_a_routing_that_fails_keeps_its_reason_while_it_is_waited_for_and_when_it_is_parked(
    tmp_path: Path, seed: Seed, truth: str
) -> None:
    """Between two tries the run waits for what may still be under way; what Salesforce has said stays the reason."""
    with Simulation(tmp_path, seed=seed) as simulation:
        voicemail = simulation.leave()
        said: list[str] = []

        def look() -> bool:
            run = simulation.run(voicemail)
            if run.tries and run.state is RunState.WAITING:
                said.append(run.last_error)
            return False

        simulation.work(until=look)

        run = simulation.run(voicemail)
        assert run.state is RunState.PARKED
        assert len(said) > run.tries
        assert [one for one in [*said, run.last_error] if truth not in one] == []
