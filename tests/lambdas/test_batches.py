"""Batches: one record's failure is its own."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from scv_voicemail.errors import BadVoicemail, Misconfigured, Unavailable
from scv_voicemail_lambdas.batches import PAUSES_SECONDS, Record, messages, settle, stream_records
from scv_voicemail_lambdas.metrics import Metrics, Name

from tests.lambdas.bench import QUEUE_ARN, failed, messages_of


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


def test_a_failed_message_is_shown_again_soon_at_first_and_later_by_the_queue() -> None:
    """A queue hides it for as long as a function could run six times: too long for what is only too early."""
    shown: list[tuple[str, str, float]] = []
    for tries in range(1, len(PAUSES_SECONDS) + 3):
        settle(
            messages(messages_of("{}", tries=tries)),
            Worker(**{"{}": Unavailable("too early")}),
            seconds_left=lambda: 60.0,
            metrics=Metrics(),
            show_again=lambda *told: shown.append(told),
        )

    assert shown == [(QUEUE_ARN, "receipt-0", seconds) for seconds in PAUSES_SECONDS]


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
