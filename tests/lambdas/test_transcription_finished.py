"""TranscriptionFinishedFunction: wakes who waits for a transcript."""

from __future__ import annotations

import pytest
from scv_voicemail.ports import NotYet, RunState
from scv_voicemail.transcription.amazon_transcribe import job_name
from scv_voicemail_lambdas import transcription_finished

from tests.builders import a_transcript, a_voicemail
from tests.lambdas.bench import CONTACT, OTHER_CONTACT, Lambda
from tests.unit.pipeline_bench import FakeTranscriber


def an_event(job: str, status: str = "COMPLETED") -> dict[str, object]:
    return {
        "source": "aws.transcribe",
        "detail-type": "Transcribe Job State Change",
        "detail": {"TranscriptionJobName": job, "TranscriptionJobStatus": status},
    }


def waiting() -> Lambda:
    """A voicemail whose transcript is being made, and is there when it is asked for next."""
    around = Lambda(transcriber=FakeTranscriber(NotYet("in progress", after_seconds=60), a_transcript()))
    around.pipeline.accept(a_voicemail(id=CONTACT))
    around.parts.connector.deliver(CONTACT, wait_seconds=0.1)
    assert around.run().state is RunState.WAITING
    return around


@pytest.mark.parametrize("status", ["COMPLETED", "FAILED"])
def test_the_voicemail_goes_on_at_once(status: str) -> None:
    """A minute before it would have been looked at."""
    around = waiting()

    answer = transcription_finished.answer(an_event(job_name(CONTACT), status), around.parts, around.metrics)
    (run,) = around.parts.connector.deliver(CONTACT, wait_seconds=0.1)

    assert answer == {"woken": 1}
    assert around.bell.rung == [(CONTACT, 0)]
    assert run.state is RunState.DELIVERED
    assert around.target.saw[0].transcript is not None


def test_an_event_that_comes_again_rings_again_and_changes_nothing() -> None:
    """The first may have been killed before it rang."""
    around = waiting()
    event = an_event(job_name(CONTACT))

    transcription_finished.answer(event, around.parts, around.metrics)
    tries = around.run().tries
    answer = transcription_finished.answer(event, around.parts, around.metrics)

    assert answer == {"woken": 0}
    assert around.run().tries == tries
    assert around.bell.rung == [(CONTACT, 0)] * 2


@pytest.mark.parametrize("job", [CONTACT, "somebody-elses-job", job_name(OTHER_CONTACT)])
def test_jobs_of_others_are_nothing_to_us(job: str) -> None:
    """Salesforce's own function names its job by the bare contact id, another deployment of ours as we do."""
    around = waiting()

    assert transcription_finished.answer(an_event(job), around.parts, around.metrics) == {"woken": 0}
    assert around.bell.rung == []
