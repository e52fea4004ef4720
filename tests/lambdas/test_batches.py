"""Batches: one record's failure is its own."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from scv_voicemail.errors import (
    BadRecording,
    BadVoicemail,
    Misconfigured,
    PermissionMissing,
    RateLimited,
    SettingsInvalid,
    Unavailable,
)
from scv_voicemail_lambdas.batches import PAUSES_SECONDS, Record, aside_at_last, messages, settle, stream_records
from scv_voicemail_lambdas.metrics import Metrics, Name

from tests.lambdas.bench import QUEUE_ARN, FakeQueue, failed, messages_of


class Worker:
    """Fails for the data that it was given an error for, and notes what it has taken."""

    def __init__(self, **errors: Exception) -> None:
        self.errors = errors
        self.took: list[str] = []

    def __call__(self, record: Record) -> None:
        if record.data in self.errors:
            raise self.errors[record.data]
        self.took.append(record.data)


def settled(
    worker: Worker,
    *data: str,
    seconds_left: Callable[[], float] = lambda: 60.0,
    set_aside: Callable[[Record, Exception], bool] | None = None,
) -> tuple[dict[str, list[dict[str, str]]], Metrics]:
    metrics = Metrics()
    records = [Record(id=f"id-{one}", data=one) for one in data]
    return settle(records, worker, seconds_left=seconds_left, metrics=metrics, set_aside=set_aside), metrics


@pytest.mark.parametrize(
    "error", [Unavailable("no answer"), Misconfigured("no right"), BadVoicemail("no data"), KeyError("a defect")]
)
def test_only_the_record_that_failed_comes_again(error: Exception) -> None:
    """Those before and behind it are taken."""
    worker = Worker(b=error)

    answer, metrics = settled(worker, "a", "b", "c")

    assert answer == failed("id-b")
    assert worker.took == ["a", "c"]
    assert metrics.values == {Name.RECORD_FAILED: [1]}


def test_what_can_never_succeed_is_set_aside_where_it_would_hold_others_up() -> None:
    """It is done with then; what whoever sets aside leaves alone goes on failing."""
    aside: list[tuple[str, str]] = []
    worker = Worker(b=BadVoicemail("no data"), c=Unavailable("no answer"))

    def set_aside(record: Record, error: Exception) -> bool:
        if isinstance(error, Unavailable):
            return False
        aside.append((record.data, str(error)))
        return True

    answer, metrics = settled(worker, "a", "b", "c", "d", set_aside=set_aside)

    assert answer == failed("id-c")
    assert [name for name, _ in aside] == ["b"]
    assert worker.took == ["a", "d"]
    assert metrics.values == {Name.RECORD_SET_ASIDE: [1], Name.RECORD_FAILED: [1]}


def test_what_stands_behind_a_failure_is_set_aside_when_its_turn_comes() -> None:
    """A stream is read again from the failure on: an outage of an hour must not make a dead letter at every try."""
    aside: list[str] = []

    def set_aside(record: Record, error: Exception) -> bool:
        if isinstance(error, Unavailable):
            return False
        aside.append(record.data)
        return True

    during = [settled(Worker(a=Unavailable("no answer"), b=BadVoicemail("no data")), "a", "b", set_aside=set_aside)[0]]
    during += [settled(Worker(a=Unavailable("no answer"), b=BadVoicemail("no data")), "a", "b", set_aside=set_aside)[0]]
    after, _ = settled(Worker(b=BadVoicemail("no data")), "a", "b", set_aside=set_aside)

    assert during == [failed("id-a", "id-b")] * 2
    assert after == failed()
    assert aside == ["b"]


def test_a_record_that_cannot_be_set_aside_comes_again() -> None:
    """Nothing is done with before it lies somewhere else."""

    def no_queue(_record: Record, _error: Exception) -> bool:
        raise Unavailable("the dead-letter queue does not answer")

    answer, _ = settled(Worker(a=BadVoicemail("no data")), "a", set_aside=no_queue)

    assert answer == failed("id-a")


def test_no_record_is_begun_that_could_not_be_finished() -> None:
    """What is left when the time runs out is reported, untouched."""
    times = iter([60.0, 9.0, 8.0])
    worker = Worker()

    answer, _ = settled(worker, "a", "b", "c", seconds_left=lambda: next(times))

    assert worker.took == ["a"]
    assert answer == failed("id-b", "id-c")


@pytest.mark.covers("operating-4")
def test_a_failed_message_is_shown_again_soon_at_first_and_then_less_and_less_often() -> None:
    """Too early is over in seconds, an outage in hours; and each quarter of an hour sees a failure for the alarm."""
    shown: list[tuple[str, str, float]] = []
    for tries in (*range(1, len(PAUSES_SECONDS) + 1), 7, 42, 199):
        settle(
            messages(messages_of("{}", tries=tries)),
            Worker(**{"{}": Unavailable("too early")}),
            seconds_left=lambda: 60.0,
            metrics=Metrics(),
            show_again=lambda *told: shown.append(told),
        )

    assert [seconds for _, _, seconds in shown] == [15, 60, 180, 600, 840, 840, 840, 840]
    assert {(queue, receipt) for queue, receipt, _ in shown} == {(QUEUE_ARN, "receipt-0")}


OUTAGES = [
    Unavailable("DynamoDB does not answer"),
    RateLimited("Connect throttles"),
    PermissionMissing("no right to the KMS key"),
    SettingsInvalid("no such bucket"),
    OSError("no space left on device"),
    MemoryError(),
]
ITS_OWN = [BadVoicemail("no JSON"), BadRecording("no WAV"), KeyError("a defect of ours")]


def answered_at(tries: int, error: Exception) -> tuple[dict[str, list[dict[str, str]]], list[dict[str, Any]]]:
    """What one message becomes that fails so at this try, and the dead letters that it leaves."""
    dead = FakeQueue()
    answer = settle(
        messages(messages_of("{}", tries=tries)),
        Worker(**{"{}": error}),
        seconds_left=lambda: 60.0,
        metrics=Metrics(),
        set_aside=aside_at_last(dead),  # type: ignore[arg-type]
        show_again=lambda *_told: None,
    )
    return answer, dead.sent


@pytest.mark.covers("operating-4")
@pytest.mark.parametrize("error", OUTAGES, ids=lambda one: type(one).__name__)
@pytest.mark.parametrize("tries", [1, 5, 6, 150])
def test_trouble_of_everybodys_never_makes_a_dead_letter(error: Exception, tries: int) -> None:
    """However often SQS has counted it: half an hour of it was enough before."""
    assert answered_at(tries, error) == (failed("message-0"), [])


@pytest.mark.covers("operating-4")
@pytest.mark.parametrize("error", ITS_OWN, ids=lambda one: type(one).__name__)
def test_what_fails_by_itself_is_put_among_the_dead_letters_at_the_fifth_try_with_its_reason(error: Exception) -> None:
    """And with the queue and the message, so that it can be sent back."""
    before, after = answered_at(4, error), answered_at(5, error)

    assert before == (failed("message-0"), [])
    answer, (letter,) = after
    assert answer == failed()
    assert (letter["message"], letter["queue"]) == ("{}", QUEUE_ARN)
    assert letter["reason"].startswith((str(error), "unexpected KeyError"))


@pytest.mark.covers("operating-4")
def test_a_dead_letter_that_cannot_be_written_leaves_the_message_where_it_is() -> None:
    """Nothing is done with before it lies somewhere else."""

    class NoQueue:
        def send(self, _body: str) -> None:
            raise Unavailable("the dead letters do not answer")

    answer = settle(
        messages(messages_of("{}", tries=9)),
        Worker(**{"{}": BadVoicemail("no JSON")}),
        seconds_left=lambda: 60.0,
        metrics=Metrics(),
        set_aside=aside_at_last(NoQueue()),  # type: ignore[arg-type]
    )

    assert answer == failed("message-0")


def test_a_queue_that_cannot_hurry_changes_nothing() -> None:
    """The message comes, only later."""

    def refuse(*_: object) -> None:
        raise Misconfigured("no right")

    answer = settle(
        messages(messages_of("{}")),
        Worker(**{"{}": Unavailable("too early")}),
        seconds_left=lambda: 60.0,
        metrics=Metrics(),
        show_again=refuse,
    )

    assert answer == failed("message-0")


@pytest.mark.parametrize("text", ["", "Ada Lovelace", "[1]", '"text"', "null"])
def test_a_message_that_is_no_object_is_refused_without_quoting_it(text: str) -> None:
    """It may hold anything."""
    with pytest.raises(BadVoicemail) as caught:
        _ = Record(id="1", data=text).document

    assert text == "" or text not in str(caught.value)


def test_the_records_of_a_stream_are_known_by_their_sequence_number() -> None:
    """That is what the event source mapping goes back to."""
    event = {
        "Records": [
            {"kinesis": {"sequenceNumber": "4957", "data": "e30="}, "eventSourceARN": "arn:stream", "eventID": "x"}
        ]
    }

    assert stream_records(event) == [Record(id="4957", data="e30=", source="arn:stream")]
    assert json.loads(json.dumps(event)) == event
