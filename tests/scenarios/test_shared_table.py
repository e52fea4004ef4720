"""Hosts that share a journal in DynamoDB: the real pipeline, a local Salesforce, and deaths at every write."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from scv_emulator.server import Emulator
from scv_emulator.switches import Switches
from scv_voicemail.journal.dynamodb import DynamoDbJournal
from scv_voicemail.pipeline import Pipeline
from scv_voicemail.ports import RunState
from scv_voicemail.settings import Settings
from scv_voicemail.transcription.nothing import NoTranscription
from scv_voicemail.wiring import connect
from scv_voicemail.worker import drive

from tests.dynamodb import OneAtATime, a_dynamodb
from tests.scenarios.simulation import PREFIX, Simulation, held
from tests.wav_files import a_wav_file

NUMBER = 6
WRITE = "transact_write_items"


class Killed(BaseException):
    """The worker is gone; nothing of ours catches it."""


@pytest.fixture
def client() -> Iterator[OneAtATime]:
    with a_dynamodb() as running:
        yield running


def a_journal(client: OneAtATime, table: str = "journal") -> DynamoDbJournal:
    made = DynamoDbJournal(table, client=client)
    made.create()
    return made


def test_two_hosts_over_one_table_deliver_every_voicemail_once(client: OneAtATime, tmp_path: Path) -> None:
    """Each with clients, recordings and a journal of its own; what they share is the table."""
    with Emulator(switches=Switches(apply_delay_ms=100)) as emulator:
        names = {name.removeprefix(PREFIX).lower(): value for name, value in emulator.env().items()}
        journal = a_journal(client)
        with connect(Settings(**{"_env_file": None, **names})) as intake:
            intake.pipeline.journal = journal
            for number in range(NUMBER):
                wav = a_wav_file(tmp_path / f"{number}.wav", seconds=0.5, hertz=300 + 10 * number)
                intake.submit(wav, caller="+14155550142", voicemail_id=f"shared-{number}", transcript=f"No. {number}.")

        def work(host: str) -> None:
            own = Settings(**{"_env_file": None, **names, "journal": tmp_path / f"{host}.db"})
            with connect(own) as connector:
                pipeline = Pipeline(
                    journal=a_journal(client),
                    targets=connector.pipeline.targets,
                    default_targets=["voice_call"],
                    transcriber=NoTranscription(),
                    owner=host,
                )
                drive(pipeline, until=lambda: pipeline.journal.next_due() is None, longest_sleep_seconds=0.1)

        threads = [threading.Thread(target=work, args=(f"host-{number}",)) for number in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert journal.counts()[RunState.DELIVERED] == NUMBER
        state = emulator.state()
        assert {held(state, f"shared-{number}").counts for number in range(NUMBER)} == {(1, 1, 1, 1)}
        assert len(emulator.requests(method="PATCH", path="*/omniFlow")) == NUMBER


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_death_at_any_write_leaves_one_voicemail(client: OneAtATime, tmp_path: Path, moment: str) -> None:
    """The worker dies ahead of, or right after, its first, second, … write; another goes on when the lease is over."""
    place, died = 0, True
    while died:
        place, died = place + 1, False
        with Simulation(tmp_path) as simulation:
            journal = a_journal(client, f"journal-{place}")
            simulation.journal.close()
            simulation.journal = simulation.pipeline.journal = journal  # type: ignore[assignment]
            voicemail = simulation.leave()
            left = [place]

            def dying(name: str, left: list[int] = left) -> None:
                if name == WRITE:
                    left[0] -= 1
                    if left[0] == 0:
                        raise Killed

            setattr(client, moment, dying)
            try:
                simulation.work()
            except Killed:
                died = True
            setattr(client, moment, lambda _name: None)
            simulation.work()

            assert simulation.held(voicemail).counts == (1, 1, 2, 1), place
            assert simulation.run(voicemail).state is RunState.DELIVERED
    assert place > 8
