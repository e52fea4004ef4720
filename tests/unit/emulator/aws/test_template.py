"""Reading a SAM template: what is run, with every value worked out, and what is refused by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from scv_emulator.aws.intrinsics import TemplateInvalid
from scv_emulator.aws.resources import Stack
from scv_emulator.aws.template import read_template

from tests.unit.emulator.aws.conftest import PARAMETERS, TEMPLATE

URL = "http://127.0.0.1:4566"


def read(path: Path, **parameters: str) -> Stack:
    return read_template(path, PARAMETERS | parameters, url=URL)


def test_functions_have_their_environment_and_limits(template: Path) -> None:
    """Globals are merged in; Ref of a queue is its URL, of a bucket its name."""
    stored = read(template).functions["Stored"]

    assert (stored.handler, stored.timeout_seconds, stored.name) == ("handlers.stored", 20, "scv-voicemail-Stored")
    assert stored.environment == {
        "COLOR": "red",
        "PLACE": "s3://scv-voicemail-bucket/prefix",
        "DOORBELL": f"{URL}/123456789012/doorbell",
        "EMPTY": "",
    }


def test_what_a_condition_excludes_is_not_there(template: Path) -> None:
    """A function whose condition fails does not exist; Fn::If takes the branch that holds."""
    assert "Ghost" not in read(template).functions
    assert "Ghost" in read(template, Nothing="something").functions
    assert read(template).outputs == {"Place": "s3://scv-voicemail-bucket/x"}
    assert read(template, Color="blue").outputs == {"Place": "nowhere"}


def test_mappings_and_queues_know_their_failure_paths(template: Path) -> None:
    """Redrive policy, partial batch responses, bisecting, retries and failure destination are read."""
    stack = read(template)
    (of_queue,), (of_stream,) = stack.queue_mappings, stack.stream_mappings

    assert (of_queue.batch_size, of_queue.reports_failures) == (3, True)
    assert (of_stream.max_retries, of_stream.bisects, of_stream.on_failure_arn) == (2, True, stack.queues["Dead"].arn)
    assert stack.queues["Incoming"].max_receive_count == 3
    assert stack.queues["Incoming"].dead_letter_arn == stack.queues["Dead"].arn


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (("Type: AWS::Events::Rule", "Type: AWS::StepFunctions::StateMachine"), "StateMachine"),
        (("Type: Schedule", "Type: Cognito"), "Minute"),
        (("!Ref Doorbell", "!Ref Dorbell"), "Dorbell"),
        (("!GetAtt Dead.Arn", "!GetAtt Dead.Color"), "Dead.Color"),
        (("!Ref Color", "!FindInMap [a, b, c]"), "FindInMap"),
        (("!If [IsRed,", "!If [IsGreen,"), "IsGreen"),
    ],
)
def test_what_cannot_be_run_is_refused_by_name(tmp_path: Path, change: tuple[str, str], problem: str) -> None:
    """A stack that silently lacks a part would prove nothing."""
    path = tmp_path / "broken.yaml"
    path.write_text(TEMPLATE.replace(*change), encoding="utf-8")

    with pytest.raises(TemplateInvalid, match=problem):
        read(path)


@pytest.mark.parametrize("parameters", [{"Color": "green"}, {"Colour": "red"}])
def test_parameters_are_checked_as_cloudformation_does(template: Path, parameters: dict[str, Any]) -> None:
    """A value that is not allowed and a name that is not known stop the deployment."""
    with pytest.raises(TemplateInvalid, match=next(iter(parameters))):
        read(template, **parameters)


def test_the_template_that_ships_can_be_run() -> None:
    """Every resource of ours is one that the emulator runs, or one that needs no running."""
    shipped = Path(__file__).parents[4] / "lambdas" / "template.yaml"
    parameters = {
        "SalesforceOrgId": "00DHs000000EmuL",
        "CallCenterApiName": "VoiceCenter",
        "TelephonyUrl": "http://127.0.0.1:1",
        "PrivateKeySource": "ssm:/telephony",
        "ConnectInstanceArn": PARAMETERS["ConnectInstanceArn"],
        "ConnectRecordingsBucketName": "connect-bucket",
        "ConnectRecordingsPrefix": "connect/demo/CallRecordings",
        "ContactRecordStreamArn": "arn:aws:kinesis:us-east-1:123456789012:stream/contact-records",
    }

    stack = read_template(shipped, parameters, url=URL)

    assert {"RecordingStoredFunction", "ContactRecordFunction", "DeliverFunction", "SweepFunction"} <= set(
        stack.functions
    )
    assert {one.function for one in stack.queue_mappings} == {"RecordingStoredFunction", "DeliverFunction"}
    assert {one.name for one in stack.rules if one.schedule} == {"SweepSchedule", "ReconcileSchedule"}
