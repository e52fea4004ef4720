"""The rehearsal with Amazon Connect: a scripted call, what it caused in AWS, and what arrived beside what was said."""

from __future__ import annotations

import base64
import importlib.util
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from scv_voicemail.cli.rehearsal import CALLER, demo_transcript
from scv_voicemail.errors import SettingsInvalid
from scv_voicemail.settings import PREFIX

if TYPE_CHECKING:
    from scv_voicemail.aws.session import AwsClients
    from scv_voicemail.cli.rehearsal import LocalSalesforce
    from scv_voicemail.journal.dynamodb import DynamoDbJournal

WAYS = ("ivr", "kvs")
"""How Amazon Connect keeps what the caller says: as a recording in S3, or in Kinesis Video Streams."""

ENTRY = "inbound_sample"
SCHEDULES = ("SweepSchedule", "ReconcileSchedule")
AGO = timedelta(minutes=2)
"""When the caller called. The call takes none of our own time, so that it is over before now."""

PATIENCE_SECONDS = 120.0
_EXTRA = ("moto", "boto3", "yaml", "time_machine")
_KEYS = {
    "PrivateKeySource": ("/voicemail/contact-center-key", "PRIVATE_KEY_FILE"),
    "OauthKeySource": ("/voicemail/app-key", "OAUTH_KEY_FILE"),
}
"""Parameters of the template: where the functions look for a key, and the setting that names its file here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedCall:
    """A call that was made, as the emulator tells of it."""

    contact_id: str
    began_at: datetime
    events: Sequence[tuple[float, str, str]] = field(repr=False)

    def at(self, kind: str, detail: str = "") -> datetime | None:
        """When something happened for the first time; None when it never did."""
        found = (at for at, one, what in self.events if one == kind and detail in what)
        at_seconds = next(found, None)
        return None if at_seconds is None else self.began_at + timedelta(seconds=at_seconds)


def checkout_with_stack() -> Path:
    """Where template, functions and contact flows are; an installed package is without them."""
    root = Path(__file__).parents[3]
    if not (root / "lambdas" / "template.yaml").is_file():
        raise SettingsInvalid(
            "the AWS template is not here: it is part of the source checkout, not of the installed package",
            fix="clone the repository and run scripts/demo --connect in it",
        )
    return root


def emulator_options(way: str, *, targets: Sequence[str], checkout: Path | None = None) -> tuple[str, ...]:
    """How the emulator is started with the stack of a checkout, by default ours.

    SettingsInvalid when there is none, or the packages that the emulator needs are not there.
    """
    root = checkout or checkout_with_stack()
    missing = [name for name in _EXTRA if importlib.util.find_spec(name) is None]
    if missing:
        raise SettingsInvalid(
            f"a local Amazon Connect needs the package {missing[0]}, which is not installed",
            fix="scripts/demo --connect installs it; by hand: pip install 'scv-voicemail[emulator-aws]'",
        )
    parameters = {"Targets": ",".join(targets), "MailboxQueues": json.dumps({"Support": "Voicemail"})}
    parameters |= {name: f"ssm:{place}" for name, (place, _) in _KEYS.items()}
    if way == "ivr":
        parameters["ContactRecordStreamArn"] = ""  # this way needs none, so its function is not even deployed
    given = [option for name, value in parameters.items() for option in ("--parameter", f"{name}={value}")]
    paths = [option for name in ("connector", "lambdas") for option in ("--python-path", str(root / name))]
    return ("--connect", str(root / "lambdas" / "template.yaml"), *given, *paths)


class LocalConnect:
    """Amazon Connect and the AWS around it, in the emulator's process: somebody to call."""

    def __init__(self, local: LocalSalesforce, aws: AwsClients, outputs: Mapping[str, str]) -> None:
        self._local = local
        self._aws = aws
        self._outputs = outputs

    def keep_keys(self) -> None:
        """Put the private keys where the functions look for them, as an administrator does."""
        store = self._aws.client("ssm")
        for place, setting in _KEYS.values():
            pem = Path(self._local.variables[f"{PREFIX}{setting}"]).read_text(encoding="ascii")
            store.put_parameter(Name=place, Value=pem, Type="SecureString", Overwrite=True)

    def journal(self) -> DynamoDbJournal:
        """The functions' journal."""
        from scv_voicemail.journal.dynamodb import DynamoDbJournal

        table = self._outputs["Journal"].removeprefix("dynamodb://")
        return DynamoDbJournal(table, client=self._aws.client("dynamodb"))

    def call(self, way: str, *, dialed: str, said: Path, words: str) -> PlacedCall:
        """A caller chooses to leave a message, says it after the beep, and sends it off; two minutes ago."""
        self._local.door("POST", "/clock", {"advance_seconds": -AGO.total_seconds()})
        told = {
            "flow": ENTRY,
            "caller": CALLER,
            "dialed": dialed,
            "says": words,
            "script": [
                {"hear": "press 1"},
                {"press": "1"},
                {"hear": "beep"},
                {"say": {"wav": base64.b64encode(said.read_bytes()).decode()}},
                {"wait": 0.5},
                {"press": "#"},
                {"hear": "To send your message"},
                {"press": "#"},
            ],
            # The flow that ships takes the message by recording; a customer who streams puts the other module there.
            "parameters": {} if way == "ivr" else {"VoicemailModuleArn": "flow-module/voicemail_module_kvs"},
        }
        answer = self._door("POST", "/calls", told)
        events = [(float(at), str(kind), str(detail)) for at, kind, detail in answer["timeline"]]
        return PlacedCall(
            contact_id=answer["contactId"], began_at=datetime.fromisoformat(answer["beganAt"]), events=events
        )

    def settle(self) -> None:
        """Let AWS carry out everything that is under way; afterwards it is now, for everybody."""
        self._door("POST", "/aws/settle", {"timeout_seconds": PATIENCE_SECONDS})
        self._local.door("POST", "/clock", {"set": datetime.now(UTC).isoformat()})

    def fire(self, schedule: str) -> None:
        """Let a schedule of the stack fire."""
        self._door("POST", "/aws/fire", {"schedule": schedule})

    def deliveries(self) -> list[dict[str, Any]]:
        """What went from one service to another, oldest first."""
        found: list[dict[str, Any]] = self._door("GET", "/aws/deliveries")
        return found

    def dead_letters(self) -> int:
        """How many messages failed for good."""
        return len(self._door("GET", "/aws/queues/DeadLetterQueue"))

    def recordings(self) -> dict[str, bytes]:
        """The WAVs in the stack's bucket, by key."""
        bucket, _, prefix = self._outputs["RecordingsFolder"].removeprefix("s3://").partition("/")
        objects = self._aws.client("s3").list_objects_v2(Bucket=bucket, Prefix=f"{prefix}/").get("Contents", [])
        found = {}
        for one in objects:
            answer = httpx.get(f"{self._local.url}/_emulator/connect/objects/RecordingsBucket/{one['Key']}", timeout=30)
            found[one["Key"]] = answer.content
        return found

    def transcription_jobs(self) -> int:
        """How many transcripts were ordered."""
        return len(self._aws.client("transcribe").list_transcription_jobs()["TranscriptionJobSummaries"])

    def _door(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        return self._local.door(method, f"/connect{path}", body, timeout_seconds=PATIENCE_SECONDS + 10)


@contextmanager
def local_connect(local: LocalSalesforce) -> Iterator[LocalConnect]:
    """The Amazon Connect beside this Salesforce, with the keys in place."""
    import boto3.session

    from scv_voicemail.aws.session import AwsClients

    about = local.door("GET", "/connect/aws")
    env = about["env"]
    session = boto3.session.Session(
        aws_access_key_id=env["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=env["AWS_SECRET_ACCESS_KEY"],
        region_name=env["AWS_REGION"],
    )
    with AwsClients(endpoint_url=about["url"], session=session) as aws:
        connect = LocalConnect(local, aws, about["outputs"])
        connect.keep_keys()
        yield connect


def spoken_words() -> str:
    """What is said in the recording that ships."""
    return " ".join(one["text"] for one in demo_transcript()["segments"])
