"""Orgs that are not like the one on the developer's desk: settings, permissions, choices and reps of their own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from scv_emulator.seed import Queue, Seed
from scv_emulator.switches import Switches
from scv_voicemail.delivery.voice_call import VoiceCallTarget
from scv_voicemail.ports import Attempt, Receipt, RunState, Step
from scv_voicemail.voicemail import ANONYMOUS, Transcript

from tests.builders import a_transcript
from tests.scenarios.simulation import REP, Simulation

ONE_CALL = "*/voiceCalls/0LQ???????????????"
OMNI_FLOW = "*/omniFlow"
UPLOAD = "*/conversations/upload"
UNKNOWN_NUMBER = "+18005550199"
CLOSED = "io.grpc.StatusRuntimeException: PERMISSION_DENIED: Conversation does not exist"
ONCE = (1, 1, 2, 1)
"""One VoiceCall, one recording, two transcript entries, one routing."""


# ------------------------------------------------------------------------------------------------- without REST access


def test_without_rest_access_it_waits_before_routing_and_says_that_nothing_was_verified(tmp_path: Path) -> None:
    """Nobody can read back that the update is applied, so the configured time passes before the flow runs."""
    with Simulation(tmp_path, rest=False, options={"confirm_wait_seconds": 8.0}) as simulation:
        voicemail = simulation.leave()

        simulation.work()
        simulation.advance(1)

        marked, *_ = simulation.sent(ONE_CALL)
        (routed,) = simulation.sent(OMNI_FLOW)
        run = simulation.run(voicemail)
        assert routed["at"] - marked["at"] >= 8000
        assert simulation.sent("/services/*", method="GET") == []
        assert simulation.held(voicemail).counts == ONCE
        assert run.state is RunState.DELIVERED
        assert ["not verified" in warning for warning in run.warnings] == [True]


def test_without_rest_access_a_doubtful_routing_is_cleared_before_it_is_repeated(tmp_path: Path) -> None:
    """The answer was lost, nobody can look: what the first try left in the queue is taken away first."""
    with Simulation(tmp_path, rest=False) as simulation:
        voicemail = simulation.leave()
        simulation.emulator.fault("reset_after_commit", method="PATCH", path=OMNI_FLOW)

        simulation.work()
        simulation.advance(1)

        actions = [one["path"].rpartition("/")[2] for one in simulation.sent("*/voiceCalls/*/*")]
        assert actions == ["omniFlow", "clearRouting", "omniFlow"]
        assert simulation.held(voicemail).counts == ONCE


def test_without_rest_access_a_refused_transcript_is_told_and_does_not_hold_the_voicemail_back(tmp_path: Path) -> None:
    """The upload needs REST access; the voicemail arrives and the warning says what is missing."""
    with Simulation(tmp_path, rest=False, transcript_after_end_time_patch="reject") as simulation:
        voicemail = simulation.leave()

        simulation.work()
        simulation.advance(1)

        run = simulation.run(voicemail)
        assert simulation.held(voicemail).counts == (1, 1, 0, 1)
        assert any("2 transcript entries are not in Salesforce" in warning for warning in run.warnings)


# --------------------------------------------------------------------------------- what the vendor's sources leave open

PARKED: dict[tuple[str, Any], str] = {("voice_enabled", False): "sObject type 'VoiceCall' is not supported"}
"""Choices with which nothing can be delivered, and the reason that a human is given."""

FLIPPED: list[tuple[str, Any]] = [
    (switch["name"], choice)
    for switch in Switches().describe()
    for choice in switch["choices"]
    if choice != switch["default"] and (switch["name"], choice) not in PARKED
] + [("jwt_max_life_seconds", 180), ("jwt_leeway_seconds", 0), ("transcript_delay_ms", 4000), ("apply_delay_ms", 0)]


@pytest.mark.parametrize(("switch", "choice"), FLIPPED, ids=[f"{name}={value}" for name, value in FLIPPED])
@pytest.mark.parametrize("network", ["calm", "rough"])
def test_whatever_the_vendor_means_a_voicemail_is_delivered_once(
    tmp_path: Path, network: str, switch: str, choice: Any
) -> None:
    """Every choice of every switch, also with answers that are lost after the request took effect."""
    with Simulation(tmp_path, **{switch: choice}) as simulation:
        if network == "rough":
            for method, path in (
                ("POST", "*/voiceCalls"),
                ("PATCH", ONE_CALL),
                ("POST", "*/messages"),
                ("PATCH", OMNI_FLOW),
            ):
                simulation.emulator.fault("reset_after_commit", method=method, path=path)
        voicemail = simulation.leave()

        simulation.work()

        simulation.advance(5)
        run = simulation.run(voicemail)
        assert run.state is RunState.DELIVERED, run.last_error
        assert simulation.held(voicemail).counts == ONCE
        assert simulation.queues(simulation.held(voicemail).pending) == ["Voicemail"]


@pytest.mark.parametrize(("switch", "choice"), PARKED, ids=[f"{name}={value}" for name, value in PARKED])
def test_an_org_that_can_not_take_voicemails_parks_them_with_the_reason(
    tmp_path: Path, switch: str, choice: Any
) -> None:
    """Nothing is lost and nothing is tried for days: a human is called at once, with the vendor's own words."""
    with Simulation(tmp_path, **{switch: choice}) as simulation:
        voicemail = simulation.leave()

        simulation.work()

        run = simulation.run(voicemail)
        assert run.state is RunState.PARKED
        assert PARKED[switch, choice] in run.last_error
        assert simulation.sent(OMNI_FLOW) == []


# ----------------------------------------------------------------------------------------------------------------- reps


class InterruptedTarget(VoiceCallTarget):
    """Lets something happen just before the voicemail is verified."""

    before_verify: Callable[[], object] = staticmethod(lambda: None)

    def steps(self) -> Sequence[Step]:
        return [replace(step, run=self._verify_after) if step.name == "verify" else step for step in super().steps()]

    def _verify_after(self, attempt: Attempt) -> Receipt:
        meanwhile, self.before_verify = self.before_verify, lambda: None
        meanwhile()
        return self._verify(attempt)


def test_a_rep_who_accepts_before_it_is_verified_does_not_make_it_routed_again(tmp_path: Path) -> None:
    """Queue empty, AgentWork opened: somebody has it, and that is what verifying looks for."""
    with Simulation(tmp_path, target=InterruptedTarget) as simulation:
        simulation.pipeline.targets["voice_call"].before_verify = lambda: simulation.emulator.accept(REP)
        voicemail = simulation.leave()

        simulation.work()

        assert simulation.flow.saw == ["Voicemail"]
        assert [one["Status"] for one in simulation.held(voicemail).work] == ["Opened"]
        assert simulation.run(voicemail).receipts["verify"]["work"] == "opened"


@pytest.mark.parametrize("accepts_first", [True, False])
def test_a_voicemail_that_a_rep_declines_stays_in_its_queue(tmp_path: Path, accepts_first: bool) -> None:
    """Declining gives it back to the queue: it is still delivered, once."""
    with Simulation(tmp_path, target=InterruptedTarget) as simulation:

        def decline() -> None:
            if accepts_first:
                simulation.emulator.accept(REP)
            simulation.emulator.decline(REP)

        simulation.pipeline.targets["voice_call"].before_verify = decline
        voicemail = simulation.leave()

        simulation.work()

        held = simulation.held(voicemail)
        assert simulation.flow.saw == ["Voicemail"]
        assert held.counts == ONCE
        assert [one["Status"] for one in held.work] == ["Declined"]
        assert simulation.run(voicemail).receipts["verify"]["work"] == "queued"


# -------------------------------------------------------------------------------------------------- numbers and queues


def test_a_queue_that_is_not_mapped_parks_with_that_reason_and_is_delivered_once_it_is(tmp_path: Path) -> None:
    """Four tries, then a human; the human maps the queue and says retry."""
    seed = Seed(queues=(Queue(developer_name="Voicemail", reps=(REP,)), Queue(developer_name="Live_Calls")))
    with Simulation(tmp_path, seed=seed) as simulation:
        voicemail = simulation.leave()
        simulation.work()
        parked = simulation.run(voicemail)
        state = simulation.emulator.state()
        simulation.salesforce.create(
            "CallCenterRoutingMap",
            {
                "CallCenterId": state["CallCenter"][0]["Id"],
                "DeveloperName": "Voicemail_Queue",
                "MasterLabel": "Voicemail",
                "ReferenceRecordId": next(one["Id"] for one in state["Group"] if one["DeveloperName"] == "Voicemail"),
                "ExternalId": "voicemail-queue",
            },
        )

        simulation.journal.retry(voicemail.id, now=simulation.clock())
        simulation.work()

        assert parked.state is RunState.PARKED
        assert "not mapped to the telephony system" in parked.last_error
        assert simulation.run(voicemail).state is RunState.DELIVERED
        assert simulation.held(voicemail).counts == ONCE


@pytest.mark.parametrize("known", ["flow_dev_name", "fallback_queue"])
def test_a_number_without_a_phone_channel_is_routed_by_the_settings(tmp_path: Path, known: str) -> None:
    """The request's own flow and queue count where the dialed number has none."""
    value = {"flow_dev_name": "Voicemail_Omni_Routing", "fallback_queue": "Voicemail"}[known]
    with Simulation(tmp_path, options={known: value}) as simulation:
        voicemail = simulation.leave(dialed_number=UNKNOWN_NUMBER)

        simulation.work()

        assert simulation.held(voicemail).counts == ONCE
        assert simulation.queues(simulation.held(voicemail).pending) == ["Voicemail"]


def test_a_number_that_nobody_knows_parks_and_says_what_to_set_up(tmp_path: Path) -> None:
    """No phone channel and no settings: a human is called with the reason, and nothing is closed over it."""
    with Simulation(tmp_path) as simulation:
        voicemail = simulation.leave(dialed_number=UNKNOWN_NUMBER)

        simulation.work()

        run = simulation.run(voicemail)
        assert run.state is RunState.PARKED
        assert "No phone channel matches the dialed number" in run.last_error
        assert "phone channel with an Omni-Channel flow or fallback queue" in run.last_error
        assert simulation.held(voicemail).calls[0]["CallDisposition"] != "completed"


# ---------------------------------------------------------------------------------------------------------- transcripts

REFUSALS: dict[str, dict[str, Any]] = {
    "429 for long": {"kind": "rate_limited", "retry_after_seconds": 20},
    "400": {"kind": "status", "status": 400, "body": {"code": "INVALID_INPUT", "message": "content is not allowed"}},
    "closed": {"kind": "status", "status": 400, "body": {"code": "INVALID_INPUT", "message": CLOSED}},
    "no permission": {"kind": "status", "status": 403, "body": {"code": "PERM_MISSING", "message": "no"}},
    "503 for long": {"kind": "status", "status": 503},
}


@pytest.mark.parametrize("segments", [1, 2, 12])
@pytest.mark.parametrize("refusal", REFUSALS)
def test_a_transcript_that_the_open_call_refuses_is_uploaded_to_the_closed_one(
    tmp_path: Path, refusal: str, segments: int
) -> None:
    """The voicemail goes on without its transcript, which follows by the Connect API; nobody needs to be told."""
    one, two = a_transcript().segments
    with Simulation(tmp_path) as simulation:
        simulation.emulator.fault(**REFUSALS[refusal], method="POST", path="*/messages", times=None)
        voicemail = simulation.leave(transcript=Transcript(segments=(one, two, *(two,) * 10)[:segments]))

        simulation.work()

        run = simulation.run(voicemail)
        assert (run.state, run.warnings) == (RunState.DELIVERED, [])
        assert simulation.held(voicemail).counts == (1, 1, segments, 1)
        assert simulation.sent(UPLOAD, method="POST")


@pytest.mark.parametrize("refusal", ["400", "503 for long"])
def test_a_transcript_that_is_refused_everywhere_is_a_warning_and_not_a_hold_up(tmp_path: Path, refusal: str) -> None:
    """Neither the open call nor the closed one takes it: the voicemail is with the reps, the warning says the rest."""
    with Simulation(tmp_path) as simulation:
        for path in ("*/messages", UPLOAD):
            simulation.emulator.fault(**REFUSALS[refusal], method="POST", path=path, times=None)
        voicemail = simulation.leave()

        simulation.work(at_most_hours=2)

        run = simulation.run(voicemail)
        assert run.state is RunState.DELIVERED
        assert simulation.held(voicemail).counts == (1, 1, 0, 1)
        assert ["2 transcript entries are not in Salesforce" in one for one in run.warnings] == [True]


# ----------------------------------------------------------------------------------------------------- callers and keys


def test_a_caller_who_withholds_the_number_is_delivered(tmp_path: Path) -> None:
    """An anonymous caller is a caller."""
    with Simulation(tmp_path) as simulation:
        voicemail = simulation.leave(caller=ANONYMOUS)

        simulation.work()

        held = simulation.held(voicemail)
        assert held.counts == ONCE
        assert held.calls[0]["FromPhoneNumber"] == ANONYMOUS


@pytest.mark.parametrize("network", ["calm", "rough"])
@pytest.mark.parametrize("segments", [1, 2])
@pytest.mark.parametrize("key", ["a/b ü?#", "it's \\ 50% & +1", "..", "k" * 255], ids=["url", "soql", "dots", "long"])
def test_any_key_of_a_telephony_system_is_a_vendor_call_key(
    tmp_path: Path, key: str, segments: int, network: str
) -> None:
    """Slashes, umlauts, quotation marks, 255 characters: in paths, in queries and in bodies."""
    with Simulation(tmp_path) as simulation:
        if network == "rough":
            for path in ("*/messages", "*/voiceCalls"):
                simulation.emulator.fault("reset_after_commit", method="POST", path=path)
        voicemail = simulation.leave(id=key, transcript=Transcript(segments=a_transcript().segments[:segments]))

        simulation.work()

        run = simulation.run(voicemail)
        assert run.state is RunState.DELIVERED, run.last_error
        assert simulation.held(voicemail).counts == (1, 1, segments, 1)
