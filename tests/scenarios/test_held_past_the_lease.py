"""A worker that is held between the beginning of a step and its write, for longer than its lease."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from scv_voicemail.delivery.voice_call import VoiceCallTarget
from scv_voicemail.pipeline import Pipeline
from scv_voicemail.ports import RunState

from tests.scenarios.simulation import Simulation

STEPS = {
    "create": "create_voice_call",
    "mark": "update_voice_call",
    "transcript": "create_transcripts_in_bulk",
    "route": "execute_omni_flow",
}


class Holding:
    """A telephony client whose chosen call is held once, after everything was decided and before it is sent."""

    def __init__(self, client: object, method: str, hold: Callable[[], None]) -> None:
        self._client, self._method, self._hold = client, method, hold

    def __getattr__(self, name: str) -> object:
        if name == self._method:
            self._method = ""
            self._hold()
        return getattr(self._client, name)


@pytest.mark.covers("lease-1")
@pytest.mark.parametrize("step", list(STEPS))
def test_a_worker_that_wakes_after_its_lease_writes_nothing_any_more(tmp_path: Path, step: str) -> None:
    """The laptop slept: meanwhile another worker has delivered, and the first one must not route a second time."""
    with Simulation(tmp_path) as simulation:
        second = Pipeline(
            journal=simulation.journal,
            targets=dict(simulation.pipeline.targets),
            default_targets=["voice_call"],
            transcriber=simulation.pipeline.transcriber,
            owner="second",
            now=simulation.clock,
            chance=lambda: 0.5,
        )
        first, sent = simulation.pipeline, list[int]()

        def sleep() -> None:
            simulation.advance(simulation.pipeline.policy.lease_seconds + 1)
            simulation.pipeline = second
            simulation.work()
            sent.append(len(simulation.emulator.requests()))

        target = simulation.pipeline.targets["voice_call"]
        assert isinstance(target, VoiceCallTarget)
        held_target = VoiceCallTarget(
            telephony=Holding(simulation.telephony, STEPS[step], sleep),  # type: ignore[arg-type]
            view=target.view,
            options=target.options,
        )
        first.targets = {"voice_call": held_target}
        voicemail = simulation.leave()

        while not sent:
            if not first.work_one():
                simulation.advance(1)

        assert simulation.run(voicemail).state is RunState.DELIVERED
        assert simulation.held(voicemail).counts == (1, 1, 2, 1)
        assert simulation.flow.saw == ["Voicemail"]
        assert len(simulation.sent("*/omniFlow")) == 1
        assert len(simulation.emulator.requests()) == sent[0]
