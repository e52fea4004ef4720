"""A program for the code of another version: works a journal with a willing target, and tells what is there.

yesterday.py work|leave sqlite:PATH|dynamodb:TABLE
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path


class Willing:
    name = "voice_call"

    def steps(self):
        from scv_voicemail.ports import Step

        return [Step(name="open", run=lambda _attempt: {}), Step(name="send", run=lambda _attempt: {})]

    def add_transcript(self, _attempt):
        return {}


def journal_of(place):
    kind, _, name = place.partition(":")
    if kind == "sqlite":
        from scv_voicemail.journal.sqlite import SqliteJournal

        return SqliteJournal(Path(name))
    from scv_voicemail.journal.dynamodb import DynamoDbJournal

    return DynamoDbJournal(name)


def main():
    from scv_voicemail.pipeline import Pipeline
    from scv_voicemail.transcription.nothing import NoTranscription
    from scv_voicemail.voicemail import Recording, Transcript, Voicemail

    asked, journal = sys.argv[1], journal_of(sys.argv[2])
    if asked == "leave":
        for number in range(3):
            recording = Recording(path=f"/kept/{number}.wav", duration_seconds=3.0, size_bytes=48_044, sha256="0" * 64)
            voicemail = Voicemail(
                id=f"yesterday-{number}",
                caller="+14155550142",
                dialed_number="+18005550100",
                started_at=datetime(2026, 11, 20, 12, tzinfo=UTC),
                recording=recording,
                transcript=Transcript.of_text("Hello", duration_seconds=3.0) if number else None,
            )
            journal.accept(voicemail, targets=["voice_call"], now=datetime.now(UTC))  # noqa: TID251 - it runs without our builders
    else:
        pipeline = Pipeline(
            journal=journal,
            targets={"voice_call": Willing()},
            default_targets=["voice_call"],
            transcriber=NoTranscription(),
            owner="another version",
        )
        while pipeline.work_one():
            pass
    print(json.dumps({run.voicemail_id: [run.state.value, run.last_error] for run in journal.runs()}))


if __name__ == "__main__":
    main()
