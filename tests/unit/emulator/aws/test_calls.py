"""Calls through the contact flows that ship, by hand and through the control door."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import wave
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from scv_emulator.aws import InProcessFunctions, LocalAws
from scv_emulator.aws.beside_salesforce import aws_beside
from scv_emulator.aws.intrinsics import TemplateInvalid
from scv_emulator.aws.phone_line import PhoneLine
from scv_emulator.connect.call_audio import spoken
from scv_emulator.connect.caller import HangUp, Hear, Say
from scv_emulator.connect_door import ConnectDoor
from scv_emulator.server import Emulator

from tests.unit.emulator.aws.conftest import STREAM_ARN, Run

REPOSITORY = Path(__file__).parents[4]
FLOWS = REPOSITORY / "lambdas" / "contact_flows"
SCRIPT = [{"hear": "beep"}, {"say": "please call back"}, {"hang_up": True}]


class FlowFunction:
    """Answers contact flows, and keeps what they asked."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.seen_at: list[datetime] = []

    def __call__(self, event: Any, context: Any) -> dict[str, str]:
        self.asked.append(event["Details"])
        at = context.at
        self.seen_at.append(at)
        return {"vm_timestamp": f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"}


def a_line(aws: LocalAws) -> PhoneLine:
    line = PhoneLine.of_folder(aws.account, FLOWS)
    line.parameters["FlowCallFunctionArn"] = aws.account.stack.functions["Stored"].arn
    return line


def objects(aws: LocalAws) -> list[str]:
    return [one["Key"] for one in aws.client("s3").list_objects_v2(Bucket="connect-bucket").get("Contents", [])]


def test_a_call_leaves_its_recording_and_its_record(run: Run) -> None:
    """In the clock's time: the flow's function sees the moment of the call, and the clock is at its end."""
    function = FlowFunction()
    with run(Stored=function) as aws:
        began = aws.clock.now()
        aws.clock.advance(3_600)
        script = [Hear("beep"), Say(spoken("please call back")), HangUp()]

        report = a_line(aws).call("voicemail_flow", script, caller="+14155550199", says="Please call back.")

        aws.settle()
        (key,) = objects(aws)
        content = aws.account.get_object("connect-bucket", key)
        (record,) = aws.account.streams[STREAM_ARN].records
        ended = aws.clock.now()

    assert report.contact.attributes["vm_flag"] == "1"
    assert report.said_after_beep_seconds > 0.5
    assert function.asked[0]["ContactData"]["CustomerEndpoint"]["Address"] == "+14155550199"
    assert 5 < (function.seen_at[0] - report.contact.began_at).total_seconds() < 60
    assert key.startswith(f"connect/demo/CallRecordings/ivr/{report.contact.began_at:%Y/%m/%d}/")
    with wave.open(io.BytesIO(content)) as wav:
        assert wav.getnframes() / 8_000 > report.said_after_beep_seconds
    told = json.loads(record.data)
    assert (told["ContactId"], told["Attributes"]["vm_flag"]) == (report.contact.contact_id, "1")
    assert (ended - began).total_seconds() > 3_600 + 10


@pytest.mark.parametrize(
    "told",
    [
        {"flow": "nothing", "script": SCRIPT},
        {"flow": "voicemail_flow", "script": [{"sing": 1}]},
        {"flow": "voicemail_flow", "script": [{"say": -1}]},
        {"flow": "voicemail_flow", "script": SCRIPT, "circumstances": {"weather": "bad"}},
        {"flow": "voicemail_flow", "script": SCRIPT, "color": "red"},
        {"flow": "voicemail_flow"},
    ],
)
def test_a_call_that_makes_no_sense_is_refused(run: Run, told: dict[str, Any]) -> None:
    """With an answer that says why."""
    with run() as aws, in_the_emulator(aws) as url:
        answer = httpx.post(f"{url}/calls", json=told)

    assert answer.status_code in {400, 409}
    assert answer.json()["error"]


class in_the_emulator:  # noqa: N801 - reads as a statement
    """The control door of an emulator beside a local AWS."""

    def __init__(self, aws: LocalAws) -> None:
        self._door = ConnectDoor(aws=aws, line=a_line(aws))
        self._emulator = Emulator(doors=self._door.routes())

    def __enter__(self) -> str:
        return f"{self._emulator.start().url}/_emulator/connect"

    def __exit__(self, *_: object) -> None:
        self._emulator.stop()


def test_another_process_can_place_calls_and_move_time(run: Run) -> None:
    """Through `/_emulator/connect`: calls, deliveries, disturbances, schedules, queues."""
    ticks: list[Any] = []
    function = FlowFunction()
    with run(Stored=function, Finished=lambda event, _context: ticks.append(event)) as aws, in_the_emulator(aws) as url:

        def post(path: str, /, **body: Any) -> Any:
            answer = httpx.post(f"{url}{path}", json=body, timeout=30)
            assert answer.status_code == 200, answer.text
            return answer.json()

        aws.clock.advance(3_600)
        lost = post("/aws/disturb", hop="contact-record", kind="lose")
        report = post("/calls", flow="voicemail_flow", script=SCRIPT, attributes={"vm_lang": "en-GB"})
        settled = post("/aws/settle", timeout_seconds=20)
        assert post("/aws/fire", schedule="Minute") == {"fired": "Minute"}
        post("/aws/advance", seconds=61)
        post("/aws/faults", kind="status", path="/s3/*", status=503)
        contacts = httpx.get(f"{url}/contacts").json()
        about = httpx.get(f"{url}/aws").json()
        deliveries = httpx.get(f"{url}/aws/deliveries").json()
        dead = httpx.get(f"{url}/aws/queues/Dead").json()
        wrong = httpx.post(f"{url}/aws/disturb", json={"hop": "queue:Dead", "kind": "explode"})
        spoken_text = aws.account.transcribe.script.texts[report["contactId"]]

    assert (lost["kind"], report["attributes"]["vm_flag"]) == ("lose", "1")
    assert report["timeline"][-1][1:] == ["over", "CUSTOMER_DISCONNECT"]
    assert [one["contactId"] for one in contacts] == [report["contactId"]]
    assert "IVR" in [one["ParticipantType"] for one in contacts[0]["recordings"]]
    assert spoken_text == "please call back"
    assert 2 <= ticks.count({"tick": True}) <= 4
    assert about["env"]["AWS_ENDPOINT_URL"] == about["url"]
    assert about["schedules"] == ["Minute"]
    assert [one["outcome"] for one in deliveries if one["hop"] == "contact-record"] == ["lose"]
    assert settled["deliveries"] is not None
    assert (dead, wrong.status_code) == ([], 400)


def test_the_door_is_closed_without_a_local_aws() -> None:
    """It says how to open it."""
    door = ConnectDoor()
    with Emulator(doors=door.routes()) as emulator:
        answer = httpx.get(f"{emulator.url}/_emulator/connect/contacts")

    assert (answer.status_code, "--connect" in answer.json()["error"]) == (503, True)


def test_the_emulator_starts_without_what_aws_needs() -> None:
    """Neither moto nor boto3 is imported before `--connect` is given."""
    code = "import sys, scv_emulator.__main__; sys.exit(bool({'moto', 'boto3', 'werkzeug'} & set(sys.modules)))"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_parameter_that_the_template_does_not_have_is_refused(template: Path) -> None:
    """Before anything is started."""
    functions = InProcessFunctions({})
    with Emulator() as emulator, pytest.raises(TemplateInvalid, match="Colour"):
        aws_beside(emulator, template, functions=functions, parameters={"Colour": "red"})


def test_the_command_line_runs_the_template_that_ships(tmp_path: Path) -> None:
    """It prints where everything is, and the file of settings leads to the stack's voicemails."""
    written = tmp_path / "connect.env"
    command = [sys.executable, "-m", "scv_emulator", "--json", "--functions", "none", "--write-env", str(written)]
    command += ["--connect", str(REPOSITORY / "lambdas" / "template.yaml")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        report = httpx.post(
            f"{told['url']}/_emulator/connect/calls", json={"flow": "voicemail_flow", "script": SCRIPT}, timeout=30
        )
        process.terminate()

    assert {"DeliverFunction", "FlowCallFunction"} <= set(told["aws"]["functions"])
    outputs, settings = told["aws"]["outputs"], dict(line.split("=", 1) for line in written.read_text().splitlines())
    assert outputs["Journal"].startswith("dynamodb://")
    assert settings["SCV_VOICEMAIL_JOURNAL"] == outputs["Journal"]
    assert settings["SCV_VOICEMAIL_RECORDINGS_DIR"] == outputs["RecordingsFolder"]
    assert settings["SCV_VOICEMAIL_DOORBELL_QUEUE_URL"] == outputs["DoorbellQueueUrl"]
    assert settings["AWS_ENDPOINT_URL"] == told["aws"]["url"]
    assert report.json()["attributes"]["vm_flag"] == "1"
    assert process.returncode == 0
