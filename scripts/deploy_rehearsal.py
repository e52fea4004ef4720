"""Deploys lambdas/template.yaml with SAM into a local stand-in of AWS, and delivers a voicemail through it.

What is real here: the template, SAM, the bundle, the handlers in processes of their own, the roles (ministack refuses
what they do not allow). What is played: AWS by ministack, Amazon Connect's API and Salesforce by our emulator.
Run it by scripts/deploy-rehearsal.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any
from uuid import uuid4

import lambda_bundle
import recording_events
from ministack_services import REGION, ROOT, TOOLS, Aws, RehearsalFailed, ministack, serving, wait_for
from scv_emulator.aws.beside_salesforce import fitting_parameters, put_keys
from scv_emulator.connect.contact_records import contact_record
from scv_emulator.connect.contacts import ConnectQueue, Contacts
from scv_emulator.connect.function_event import function_event
from scv_emulator.connect.ports import SimulatedContact
from scv_emulator.connect.recordings import recording_entry, recording_key
from scv_emulator.connect.routes import connect_service
from scv_emulator.server import Emulator

INSTANCE = f"arn:aws:connect:{REGION}:000000000000:instance/11111111-2222-3333-4444-555555555555"
BUCKET, ALIAS = "connect-rehearsal", "rehearsal"
STACK = "voicemail"
CALLER, DIALED = "+14155550142", "+18005550100"


NOT_OF_MINISTACK = (
    # It compares the text of a number parameter with a number; CloudFormation converts it.
    ("MaximumConcurrency: !Ref DeliverConcurrency", "MaximumConcurrency: 10"),
    # It knows neither resources nor conditions of Transcribe; on AWS a job has an ARN, and a start its bucket:
    # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazontranscribe.html
    (
        "!Sub arn:${AWS::Partition}:transcribe:${AWS::Region}:${AWS::AccountId}:transcription-job/scv-voicemail-*",
        "'*'",
    ),
    (
        """
                Condition:
                  StringEquals: {transcribe:OutputBucketName: !Ref RecordingsBucket}""",
        "",
    ),
)
"""What of the template this stand-in does not do, and what it gets instead."""


def main() -> int:
    """The command; 0 when the voicemail came out as it should."""
    parser = argparse.ArgumentParser(
        prog="scripts/deploy-rehearsal",
        description=__doc__,
        epilog="example:\n  scripts/deploy-rehearsal --keep-bundle",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--keep-bundle", action="store_true", help="use build/lambdas-here as it is")
    options = parser.parse_args()
    for tool in ("sam", "ministack"):
        if not (TOOLS / tool / "bin" / tool).exists():
            print(f"deploy-rehearsal: {tool} is missing; scripts/install-aws-tools {tool}", file=sys.stderr)
            return 3
    bundle = ROOT / "build" / "lambdas-here"
    if not options.keep_bundle or not bundle.is_dir():
        step("building the bundle for this machine", lambda: lambda_bundle.build(bundle, here=True))
        lambda_bundle.compile_all(bundle, here=True)
    try:
        rehearse(bundle)
    except RehearsalFailed as error:
        print(f"deploy-rehearsal: {error}", file=sys.stderr)
        return 1
    return 0


def rehearse(bundle: Path) -> None:
    """Everything, from empty services to a voicemail in a rep's queue."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="scv-rehearsal-")))
        salesforce = stack.enter_context(Emulator())
        contacts = Contacts(instance_arn=INSTANCE, now=lambda: datetime.now(UTC))
        connect_url = stack.enter_context(serving(connect_service(contacts)))
        aws = stack.enter_context(ministack(folder, connect_url))
        stream = prepare(aws, salesforce, contacts)
        step("sam deploy", lambda: deploy(aws, folder, bundle, parameters(salesforce, stream)))
        told = outputs(aws)
        code = recording_events.main([BUCKET], s3=aws.client("s3"))
        expect("exit code of enable-recording-events", code, 0)
        leave_a_voicemail(aws, salesforce, contacts, told, stream)


def leave_a_voicemail(aws: Aws, salesforce: Emulator, contacts: Contacts, told: dict[str, str], stream: str) -> None:
    """One call: the flow marks it, Connect stores it, and every event comes twice."""
    contact = a_contact(contacts)
    answer = step("the flow asks before the beep", lambda: flow_call(aws, told["FlowCallFunctionArn"], contact))
    expect("the VoiceCall is marked before the beep", answer["marked"], "true")
    contact.attributes |= {"vm_flag": "1", "vm_timestamp": answer["vm_timestamp"], "vm_source": "ivr"}
    began_at = datetime.fromisoformat(answer["vm_timestamp"])
    key = recording_key(alias=ALIAS, contact_id=contact.contact_id, began_at=began_at)
    recording = files("scv_voicemail").joinpath("demo/recording.wav").read_bytes()
    over = contact.disconnected_at = contact.updated_at = began_at + timedelta(seconds=30)
    contact.recordings.append(recording_entry(f"{BUCKET}/{key}", began_at=began_at, ended_at=over))
    stored = time.monotonic()
    for _ in range(2):
        aws.client("s3").put_object(Bucket=BUCKET, Key=key, Body=recording)
        record = json.dumps(contact_record(contact)).encode()
        aws.client("kinesis").put_record(StreamARN=stream, PartitionKey=contact.contact_id, Data=record)

    def delivered() -> dict[str, Any] | None:
        calls = salesforce.state().get("VoiceCall", ())
        return next((one for one in calls if one["CallDisposition"] == "completed"), None)

    call = wait_for("the voicemail arrives in Salesforce", delivered, said=lambda: log_lines(aws, told["LogGroupName"]))
    print(f"ok   from the recording in S3 to the finished VoiceCall: {time.monotonic() - stored:.1f} s")
    expect("its origin", call["CallOrigin"], "Voicemail")
    expect("its key", call["VendorCallKey"], contact.contact_id)
    settle(aws, told)
    expect("VoiceCalls", len(salesforce.state()["VoiceCall"]), 1)
    state = salesforce.state()
    expect("recordings in Salesforce", len(state.get("VoiceCallRecording", ())), 1)
    expect("in the queue of a rep", len(state.get("PendingServiceRouting", ())), 1)
    expect("it has a transcript", bool(state.get("ConversationEntry")), wanted=True)
    expect("dead letters", depth(aws, told["DeadLetterQueueUrl"]), 0)
    refused = [line for line in log_lines(aws, told["LogGroupName"]) if "AccessDenied" in line or "may not" in line]
    expect("requests that a role does not allow", refused, [])


# ------------------------------------------------------------------------------------------------------- deploying


def prepare(aws: Aws, salesforce: Emulator, contacts: Contacts) -> str:
    """What a customer has before: keys, Connect's bucket, a stream of contact records; the stream's ARN."""
    put_keys(aws.client("ssm"), salesforce.env())
    aws.client("s3").create_bucket(Bucket=BUCKET)
    kinesis = aws.client("kinesis")
    kinesis.create_stream(StreamName="contact-records", ShardCount=1)
    contacts.queues["q1"] = ConnectQueue(queue_id="q1", name="Support")
    arn: str = kinesis.describe_stream_summary(StreamName="contact-records")["StreamDescriptionSummary"]["StreamARN"]
    return arn


def parameters(salesforce: Emulator, stream: str) -> dict[str, str]:
    """The template's parameters."""
    env = salesforce.env()
    return fitting_parameters(env) | {
        "ConnectInstanceArn": INSTANCE,
        "ConnectRecordingsBucketName": BUCKET,
        "ConnectRecordingsPrefix": f"connect/{ALIAS}/CallRecordings",
        "ContactRecordStreamArn": stream,
        "RecordingUrl": "https://recordings.example.com/{name}",
        "DialedNumber": env["SCV_VOICEMAIL_DIALED_NUMBER"],
        "TranscriptWaitSeconds": "20",
    }


def deploy(aws: Aws, folder: Path, bundle: Path, given: dict[str, str]) -> None:
    """`sam deploy` as an engineer runs it, but with the bundle for this machine."""
    templates = folder / "lambdas"
    shutil.copytree(ROOT / "lambdas", templates, ignore=shutil.ignore_patterns("scv_voicemail_lambdas", "samconfig*"))
    template = templates / "template.yaml"
    text = template.read_text(encoding="utf-8")
    for ours, theirs in (("../build/lambdas", str(bundle)), *NOT_OF_MINISTACK):
        if ours not in text:
            raise RehearsalFailed(f"the template has no {ours!r} any more; correct scripts/deploy_rehearsal.py")
        text = text.replace(ours, theirs)
    template.write_text(text, encoding="utf-8")
    command: list[str | Path] = [TOOLS / "sam" / "bin" / "sam", "deploy", "--template-file", template]
    command += ["--stack-name", STACK]
    command += ["--resolve-s3", "--no-confirm-changeset", "--no-progressbar", "--region", REGION]
    command += ["--capabilities", "CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]
    command += ["--parameter-overrides", *(f"{name}={value}" for name, value in given.items())]
    credentials = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": REGION}
    env = aws.env | credentials | {"AWS_ENDPOINT_URL": aws.url, "SAM_CLI_TELEMETRY": "0"}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=300, cwd=folder)
    if done.returncode != 0:
        raise RehearsalFailed(f"sam deploy failed: {done.stdout[-3000:]}{done.stderr[-3000:]}")


# ------------------------------------------------------------------------------------------------------------ looks


def a_contact(contacts: Contacts) -> SimulatedContact:
    """A caller on the line."""
    contact = SimulatedContact(
        contact_id=str(uuid4()),
        instance_arn=INSTANCE,
        customer_number=CALLER,
        system_number=DIALED,
        began_at=datetime.now(UTC),
        attributes={"vm_from": CALLER, "vm_dialed_number": DIALED, "vm_lang": "en-US"},
    )
    contacts.add(contact)
    return contact


def flow_call(aws: Aws, function: str, contact: SimulatedContact) -> dict[str, str]:
    """What Connect does for the block before the beep."""
    event = function_event(contact, {"methodName": "beforeRecording"}, streams=False, at=datetime.now(UTC))
    answer = aws.client("lambda").invoke(FunctionName=function, Payload=json.dumps(event))
    payload = json.loads(answer["Payload"].read())
    if "FunctionError" in answer:
        raise RehearsalFailed(f"FlowCallFunction failed: {payload}")
    found: dict[str, str] = payload
    return found


def outputs(aws: Aws) -> dict[str, str]:
    """What the stack tells."""
    (stack,) = aws.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"]
    return {one["OutputKey"]: one["OutputValue"] for one in stack["Outputs"]}


def depth(aws: Aws, queue: str) -> int:
    """How many messages lie in a queue."""
    asked = aws.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["ApproximateNumberOfMessages"])
    return int(asked["Attributes"]["ApproximateNumberOfMessages"])


def settle(aws: Aws, told: dict[str, str]) -> None:
    """Give the doubled events the time to do harm."""
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline and depth(aws, told["DoorbellQueueUrl"]):
        time.sleep(0.5)
    time.sleep(3)


def log_lines(aws: Aws, group: str) -> list[str]:
    """What the functions have logged."""
    events = aws.client("logs").filter_log_events(logGroupName=group).get("events", ())
    return [one["message"] for one in events]


# ------------------------------------------------------------------------------------------------------------ story


def step(name: str, work: Callable[[], Any]) -> Any:
    """Do it and tell how long it took."""
    began = time.monotonic()
    done = work()
    print(f"ok   {name}: {time.monotonic() - began:.1f} s", flush=True)
    return done


def expect(name: str, found: object, wanted: object) -> None:
    """Tell, or fail with both."""
    if found != wanted:
        raise RehearsalFailed(f"{name}: should be {wanted!r}, is {found!r}")
    print(f"ok   {name}: {found}")


if __name__ == "__main__":
    sys.exit(main())
