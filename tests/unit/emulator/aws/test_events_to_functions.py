"""How an object in S3, a message, a record or a schedule becomes an invocation, and what becomes of failures."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from scv_emulator.aws import LocalAws
from scv_emulator.aws.pump import NotSettled
from scv_emulator.connect.ports import FunctionFailed

from tests.unit.emulator.aws.conftest import STREAM_ARN, Run, Seen


def outcomes(aws: LocalAws, hop: str) -> list[str]:
    return [one.outcome for one in aws.deliveries if one.hop == hop]


def a_failure(event: Any, *numbers: int) -> dict[str, Any]:
    ids = [event["Records"][number]["messageId"] for number in numbers]
    return {"batchItemFailures": [{"itemIdentifier": one} for one in ids]}


# ------------------------------------------------------------------------------------------------ objects and queues


def test_an_object_becomes_an_event_within_milliseconds(run: Run) -> None:
    """The key is told as it is; an object that no rule wants, and setting tags, lead to nothing."""
    stored = Seen()
    with run(Stored=stored) as aws:
        s3 = aws.client("s3")
        began = time.perf_counter()
        s3.put_object(Bucket="connect-bucket", Key="in/a b+c:1.wav", Body=b"RIFF")
        aws.settle()
        seconds = time.perf_counter() - began
        tags = {"TagSet": [{"Key": "a", "Value": "b"}]}
        s3.put_object(Bucket="connect-bucket", Key="out/other.wav", Body=b"RIFF")
        s3.put_object_tagging(Bucket="connect-bucket", Key="in/a b+c:1.wav", Tagging=tags)
        aws.settle()

    (body,) = [json.loads(one) for (one,) in stored.bodies]
    assert (body["detail-type"], body["detail"]["object"]["key"]) == ("Object Created", "in/a b+c:1.wav")
    assert (body["detail"]["object"]["size"], body["detail"]["reason"]) == (4, "PutObject")
    assert seconds < 1  # a machine under load; some 10 ms are usual


def test_a_multipart_upload_and_a_copy_are_told_once(run: Run) -> None:
    """Each says by which operation the object came to be."""
    stored = Seen()
    with run(Stored=stored) as aws:
        s3 = aws.client("s3")
        place = {"Bucket": "connect-bucket", "Key": "in/long.wav"}
        upload = s3.create_multipart_upload(**place)["UploadId"]
        part = s3.upload_part(**place, UploadId=upload, PartNumber=1, Body=b"x")
        parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
        s3.complete_multipart_upload(**place, UploadId=upload, MultipartUpload=parts)
        s3.copy_object(Bucket="connect-bucket", Key="in/copy.wav", CopySource="connect-bucket/in/long.wav")
        aws.settle()

    reasons = [json.loads(body)["detail"]["reason"] for batch in stored.bodies for body in batch]
    assert reasons == ["CompleteMultipartUpload", "CopyObject"]


def test_a_bucket_without_notifications_says_nothing_until_they_are_on(run: Run) -> None:
    """The configuration is the bucket's own, and reads back as it was put."""
    stored = Seen()
    with run({"connect_notifies": False}, Stored=stored) as aws:
        s3 = aws.client("s3")
        s3.put_object(Bucket="connect-bucket", Key="in/first.wav", Body=b"x")
        aws.settle()
        assert stored.events == []
        queue = {"Id": "mine", "QueueArn": aws.account.stack.queues["Incoming"].arn, "Events": ["s3:ObjectCreated:*"]}
        queue |= {"Filter": {"Key": {"FilterRules": [{"Name": "suffix", "Value": ".wav"}]}}}
        configuration = {"QueueConfigurations": [queue]}
        s3.put_bucket_notification_configuration(Bucket="connect-bucket", NotificationConfiguration=configuration)
        s3.put_object(Bucket="connect-bucket", Key="in/a b+c:1.wav", Body=b"x")
        s3.put_object(Bucket="connect-bucket", Key="in/notes.txt", Body=b"x")
        aws.settle()
        read = s3.get_bucket_notification_configuration(Bucket="connect-bucket")

    ((body,),) = stored.bodies
    (record,) = json.loads(body)["Records"]
    assert (record["eventName"], record["s3"]["object"]["key"]) == ("ObjectCreated:Put", "in/a+b%2Bc%3A1.wav")
    assert (record["s3"]["configurationId"], read["QueueConfigurations"][0]["Id"]) == ("mine", "mine")
    assert "EventBridgeConfiguration" not in read


def test_only_the_failed_messages_of_a_batch_come_again(run: Run) -> None:
    """After the visibility timeout, with their receive count, until the third time; then they are dead letters."""
    events: list[Any] = []

    def handler(event: Any, _context: Any) -> Any:
        events.append(event)
        return a_failure(event, *[n for n, one in enumerate(event["Records"]) if one["body"] == "bad"])

    with run(Stored=handler) as aws:
        queue = aws.account.queues.of_name("Incoming")
        for body in ("good", "bad", "fine"):
            aws.account.queues.send(queue, body)
        began = aws.clock.now()
        aws.settle()
        waited = (aws.clock.now() - began).total_seconds()
        dead = aws.messages("Dead")

    counts = [[one["attributes"]["ApproximateReceiveCount"] for one in event["Records"]] for event in events]
    assert counts == [["1", "1", "1"], ["2"], ["3"]]
    assert dead == ["bad"]
    assert 360 <= waited < 365


@pytest.mark.parametrize("answer", [RuntimeError("no"), {"batchItemFailures": [{"itemIdentifier": "x"}]}, "text"])
def test_an_answer_that_cannot_be_read_fails_the_whole_batch(run: Run, answer: Any) -> None:
    """As does an exception."""
    stored = Seen(answer)
    with run(Stored=stored) as aws:
        queue = aws.account.queues.of_name("Incoming")
        aws.account.queues.send(queue, "one")
        aws.account.queues.send(queue, "two")
        aws.settle()

    assert stored.bodies == [["one", "two"], ["one", "two"]]


def test_delayed_messages_are_waited_for_only_when_asked(run: Run) -> None:
    """`skip_waits=False` carries out what is due; the clock moves only over waits that are skipped."""
    stored = Seen()
    with run(Stored=stored) as aws:
        aws.account.queues.send(aws.account.queues.of_name("Incoming"), "later", delay_seconds=600)
        aws.settle(skip_waits=False)
        assert stored.events == []
        aws.settle()

    assert stored.bodies == [["later"]]


def test_a_message_that_fails_for_ever_does_not_settle(run: Run) -> None:
    """The error names what is left."""
    with run(Stored=lambda _event, _context: "never") as aws:
        aws.account.queues.send(aws.account.queues.of_name("Incoming"), "x")
        with pytest.raises(NotSettled, match="function:Stored"):
            aws.settle(longest_wait_seconds=60)


# -------------------------------------------------------------------------------------------- events and schedules


def test_a_failing_asynchronous_function_is_tried_three_times(run: Run) -> None:
    """One and two minutes later; then the failure destination is told, with the event."""
    finished = Seen(*[RuntimeError("down")] * 3)
    with run(Finished=finished) as aws:
        began = aws.clock.now()
        aws.account.put_event("aws.transcribe", "Transcribe Job State Change", {"TranscriptionJobName": "vm-1"})
        aws.account.put_event("aws.transcribe", "Transcribe Job State Change", {"TranscriptionJobName": "other"})
        aws.settle()
        waited = (aws.clock.now() - began).total_seconds()
        (dead,) = aws.messages("Dead")

    told = json.loads(dead)
    assert len(finished.events) == 3
    assert told["requestContext"]["condition"] == "RetriesExhausted"
    assert told["requestPayload"]["detail"] == {"TranscriptionJobName": "vm-1"}
    assert 180 <= waited < 185


def test_schedules_fire_by_hand_and_as_time_goes_by(run: Run) -> None:
    """`fire` and `advance` send the schedule's input."""
    finished = Seen()
    with run(Finished=finished) as aws:
        aws.fire("Minute")
        aws.settle()
        assert finished.events == [{"tick": True}]
        aws.advance(185)
        with pytest.raises(LookupError, match="Minute"):
            aws.fire("Hour")

    assert len(finished.events) == 1 + 3


def test_in_the_background_deliveries_happen_by_themselves(run: Run) -> None:
    """A message that is sent through the SQS API is in the function's hands at once."""
    stored = Seen()
    with run(Stored=stored) as aws:
        aws.run_in_background()
        aws.client("sqs").send_message(QueueUrl=f"{aws.url}/123456789012/scv-voicemail-Incoming", MessageBody="hello")
        over_at = time.monotonic() + 5
        while not stored.events and time.monotonic() < over_at:
            time.sleep(0.002)

    assert stored.bodies == [["hello"]]


# ------------------------------------------------------------------------------------------------------- the stream


def put(aws: LocalAws, *names: str) -> list[str]:
    """Contact records of these names; `-` in front makes one without the flag."""
    stream = aws.account.streams[STREAM_ARN]
    numbers = []
    for name in names:
        data = {"ContactId": name, "Attributes": {"vm_flag": "0" if name.startswith("-") else "1"}}
        record = stream.put(json.dumps(data).encode(), partition_key=name, at=aws.clock.now())
        numbers.append(record.sequence_number)
    return numbers


def sequence_numbers(event: Any) -> list[str]:
    return [one["kinesis"]["sequenceNumber"] for one in event["Records"]]


def test_records_come_in_order_without_what_the_filter_leaves_out(run: Run) -> None:
    """In batches of at most four."""
    recorded = Seen()
    with run(Recorded=recorded) as aws:
        numbers = put(aws, "a", "-b", "c", "d", "e", "f")
        aws.settle()

    del numbers[1]
    assert [sequence_numbers(event) for event in recorded.events] == [numbers[:4], numbers[4:]]


def test_what_comes_after_a_reported_failure_is_tried_again(run: Run) -> None:
    """What came before it is done; a record that never succeeds ends at the failure destination, alone."""
    events: list[list[str]] = []
    poison: list[str] = []

    def handler(event: Any, _context: Any) -> Any:
        events.append(sequence_numbers(event))
        return {"batchItemFailures": [{"itemIdentifier": one} for one in events[-1] if one in poison]}

    with run(Recorded=handler) as aws:
        a, b, c, d = put(aws, "a", "b", "c", "d")
        poison.append(b)
        aws.settle()
        (dead,) = aws.messages("Dead")

    assert events[0] == [a, b, c, d]
    assert events[1] == [b, c, d]
    assert events.count([b]) == 3  # alone after bisecting: the first attempt and two retries
    assert events[-1] == [c, d]
    information = json.loads(dead)["KinesisBatchInfo"]
    assert (information["startSequenceNumber"], information["batchSize"]) == (b, 1)


def test_a_batch_that_raises_is_bisected_until_the_culprit_is_alone(run: Run) -> None:
    """The others get through."""
    good: list[str] = []

    def handler(event: Any, _context: Any) -> Any:
        if poison in sequence_numbers(event):
            raise RuntimeError("poison")
        good.extend(sequence_numbers(event))

    with run(Recorded=handler) as aws:
        a, b, poison, d = put(aws, "a", "b", "c", "d")
        aws.settle()
        dead = [json.loads(one)["KinesisBatchInfo"]["startSequenceNumber"] for one in aws.messages("Dead")]

    assert good == [a, b, d]
    assert dead == [poison]


def test_a_batch_of_records_can_come_twice(run: Run) -> None:
    """As after a poller that died before it noted its progress."""
    recorded = Seen()
    with run(Recorded=recorded) as aws:
        aws.disturb("stream:Recorded", "duplicate")
        numbers = put(aws, "a", "b")
        aws.settle()

    assert [sequence_numbers(event) for event in recorded.events] == [numbers, numbers]


def test_records_that_are_too_old_or_of_another_kind_are_dropped(run: Run) -> None:
    """A failing record blocks what is behind it for as long as its retries take, and no longer."""
    recorded = Seen(*[RuntimeError("down")] * 3)
    with run(Recorded=recorded) as aws:
        aws.account.streams[STREAM_ARN].put(b"no json", partition_key="x", at=aws.clock.now())
        (first,) = put(aws, "a")
        aws.settle()
        (second,) = put(aws, "b")
        aws.settle()

    assert [sequence_numbers(event) for event in recorded.events] == [[first]] * 3 + [[second]]


# -------------------------------------------------------------------------------------------------- going wrong


def test_disturbed_messages_come_twice_late_never_or_out_of_order(run: Run) -> None:
    """Each disturbance hits as often as it was asked to, and counts it."""
    stored = Seen()
    with run(Stored=stored) as aws:
        queue = aws.account.queues.of_name("Incoming")
        twice = aws.disturb("queue:Incoming", "duplicate")
        lost = aws.disturb("queue:Incoming", "lose", skip=1)
        first = aws.disturb("queue:Incoming", "reorder", skip=2)
        for body in ("a", "b", "c", "d"):
            aws.account.queues.send(queue, body)
        aws.settle()

    assert stored.bodies == [["c", "a", "a"], ["d"]]
    assert (twice.hits, lost.hits, first.hits) == (1, 1, 1)


def test_a_reordered_event_comes_after_the_next_one(run: Run) -> None:
    """Or when nothing else is under way."""
    stored = Seen()
    with run(Stored=stored) as aws:
        aws.disturb("event:aws.s3", "reorder", times=1)
        for name in ("first", "second", "third"):
            aws.account.put_object("connect-bucket", f"in/{name}.wav", b"x")
        aws.settle()

    keys = [json.loads(body)["detail"]["object"]["key"] for batch in stored.bodies for body in batch]
    assert keys == ["in/second.wav", "in/first.wav", "in/third.wav"]


def test_a_killed_function_has_done_its_work_or_not(run: Run) -> None:
    """Killed before: nothing happened. Killed after: everything did, and the event comes again. Throttled: neither."""
    stored = Seen()
    with run(Stored=stored) as aws:
        aws.disturb("function:Stored", "kill_before")
        aws.disturb("function:Stored", "kill_after", skip=1)
        aws.account.queues.send(aws.account.queues.of_name("Incoming"), "x")
        aws.settle()
        told = outcomes(aws, "function:Stored")

    assert len(stored.events) == 2
    assert [one.partition(":")[0] for one in told] == ["failed", "failed", "done"]


def test_a_delayed_event_comes_when_its_time_has_come(run: Run) -> None:
    """The clock says when."""
    stored = Seen()
    with run(Stored=stored) as aws:
        aws.disturb("rule:Rule", "delay", seconds=300)
        aws.account.put_object("connect-bucket", "in/late.wav", b"x")
        aws.advance(290)
        assert stored.events == []
        aws.advance(20)

    assert len(stored.events) == 1


def test_what_cannot_be_delivered_stops_the_settling(run: Run) -> None:
    """An emulator that is used wrongly must not look like a system that works."""
    with run() as aws:
        aws.account.later("hop", "x", lambda: print(1 / 0))
        with pytest.raises(ZeroDivisionError):
            aws.settle(concurrency=2)


def test_the_same_seed_hits_the_same_deliveries(run: Run) -> None:
    """Half of the messages are lost, always the same half."""

    def what_is_left() -> list[list[str]]:
        stored = Seen()
        with run({"random_seed": 7}, Stored=stored) as aws:
            aws.disturb("queue:*", "lose", times=None, probability=0.5)
            for number in range(12):
                aws.account.queues.send(aws.account.queues.of_name("Incoming"), str(number))
            aws.settle()
        return stored.bodies

    first = what_is_left()

    assert 0 < sum(map(len, first)) < 12
    assert first == what_is_left()


@pytest.mark.parametrize(("hop", "kind"), [("queue:Incoming", "kill_after"), ("function:Stored", "lose")])
def test_a_disturbance_at_the_wrong_place_is_refused(run: Run, hop: str, kind: str) -> None:
    """Messages cannot be killed, and invocations cannot get lost."""
    with run() as aws, pytest.raises(ValueError, match=kind):
        aws.disturb(hop, kind)


def test_functions_are_invoked_through_the_lambda_api(run: Run) -> None:
    """Synchronously with the answer or the error, asynchronously with a promise."""
    stored = Seen({"answer": 1}, RuntimeError("no"))
    with run(Stored=stored) as aws:
        client = aws.client("lambda")
        good = client.invoke(FunctionName="scv-voicemail-Stored", Payload=b'{"a": 1}')
        bad = client.invoke(FunctionName=aws.account.stack.functions["Stored"].arn, Payload=b"{}")
        client.invoke(FunctionName="scv-voicemail-Stored", InvocationType="Event", Payload=b'{"b": 2}')
        aws.settle()
        assert json.loads(good["Payload"].read()) == {"answer": 1}
        assert (bad["FunctionError"], json.loads(bad["Payload"].read())["errorMessage"]) == ("Unhandled", "no")
        with pytest.raises(FunctionFailed, match="nothing stands for Recorded"):
            aws.invoke("Recorded", {})

    assert stored.events == [{"a": 1}, {}, {"b": 2}]
