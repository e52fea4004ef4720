"""Transcripts that come after the voicemail, in front of an org: once in every target, and never a hold-up."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from scv_emulator.server import Emulator
from scv_emulator.switches import Switches
from scv_voicemail.pipeline import Pipeline
from scv_voicemail.ports import LISTEN_AGAIN, NotYet, RunState
from scv_voicemail.settings import Settings
from scv_voicemail.transcripts import read_transcript
from scv_voicemail.voicemail import Transcript, Voicemail
from scv_voicemail.wiring import connect

from tests.scenarios.matrix import left, settings_of
from tests.scenarios.record_org import ALL_TARGETS, deploy, look_everywhere


class Job:
    """A transcriber whose job ends when a test says so."""

    def __init__(self, segments: list[dict[str, Any]]) -> None:
        self.segments = segments
        self.is_done = False

    def transcribe(self, voicemail: Voicemail) -> Transcript | None:
        if not self.is_done:
            raise NotYet("the job is under way", after_seconds=60)
        return read_transcript(self.segments, duration_seconds=voicemail.recording.duration_seconds, provider="a-job")


def work_until_it_waits_for(step: str, pipeline: Pipeline) -> None:
    """Work, as a worker does, until every run waits for this step."""
    end = time.monotonic() + 30
    while not all(_waits_for(step, pipeline, run.target) for run in pipeline.journal.runs()):
        assert time.monotonic() < end, [run.last_error for run in pipeline.journal.runs()]
        if not pipeline.work_one():
            time.sleep(0.02)


def _waits_for(step: str, pipeline: Pipeline, target: str) -> bool:
    last = [event for event in pipeline.journal.events("late-0001") if event.target == target][-1]
    return (last.kind, last.step) == ("waiting", step)


def test_a_late_transcript_arrives_in_every_target_after_the_voicemail(tmp_path: Path) -> None:
    """First the voicemail everywhere, without it; then an event, and it is in VoiceCall, Case and record."""
    with Emulator(switches=Switches(apply_delay_ms=0), folder=tmp_path) as emulator:
        deploy(emulator)
        voicemail = left(tmp_path, "late-0001")
        job = Job(voicemail["transcript"]["segments"])
        settings = Settings(
            _env_file=None, **settings_of(emulator, targets=ALL_TARGETS, transcript_wait_seconds=0, patience_seconds=2)
        )
        with connect(settings) as connector:
            pipeline, journal = connector.pipeline, connector.journal
            pipeline.transcriber = job
            connector.submit(**voicemail | {"transcript": None})
            work_until_it_waits_for(LISTEN_AGAIN, pipeline)
            without = look_everywhere(emulator, voicemail)
            arrived = [run.has_arrived for run in journal.runs()]

            job.is_done = True
            woken = journal.wake("late-0001", now=pipeline.now())
            runs = connector.deliver("late-0001", wait_seconds=30)

        assert (arrived, woken) == ([True, True, True], 3)
        assert without == ["transcript differs"]
        assert [(run.state, run.warnings) for run in runs] == [(RunState.DELIVERED, [])] * 3
        assert look_everywhere(emulator, voicemail) == []
        assert len(emulator.requests(path="*/conversations/upload", method="POST")) == 1
