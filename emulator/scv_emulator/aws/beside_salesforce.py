"""A local AWS whose stack talks to the emulated Salesforce org beside it: parameters, keys and clock fit each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from scv_emulator.aws.functions import Functions, InProcessFunctions, WorkerFunctions
from scv_emulator.aws.intrinsics import TemplateInvalid, read_yaml
from scv_emulator.aws.local import LocalAws
from scv_emulator.aws.phone_line import PhoneLine
from scv_emulator.aws.template import ACCOUNT_ID, REGION
from scv_emulator.environment import PREFIX
from scv_emulator.server import Emulator

CONNECT_ALIAS = "demo"
CONNECT_BUCKET = "amazon-connect-demo"
INSTANCE_ARN = f"arn:aws:connect:{REGION}:{ACCOUNT_ID}:instance/0f8fad5b-d9cb-469f-a165-70867728950e"

_KEYS = {
    "PrivateKeySource": ("/scv/telephony-key", "PRIVATE_KEY_FILE"),
    "OauthKeySource": ("/scv/oauth-key", "OAUTH_KEY_FILE"),
}
"""Parameter → where the functions look for a key, and the variable that names its file here."""

_OUTPUTS = {"Journal": "JOURNAL", "RecordingsFolder": "RECORDINGS_DIR", "DoorbellQueueUrl": "DOORBELL_QUEUE_URL"}
"""Output of the stack → the variable with which a connector outside works on the same voicemails."""

_ALLOWED = {f"{PREFIX}ALLOW_PLAIN_HTTP": "true"}


def functions_of(kind: str, template: Path, python_path: Sequence[Path]) -> Functions:
    """The stand-in for Lambda that the command line names: `worker`, or `none` for a stack whose functions all fail."""
    return WorkerFunctions(python_path=[*python_path, template.parent]) if kind == "worker" else InProcessFunctions({})


def fitting_parameters(told: Mapping[str, str]) -> dict[str, str]:
    """The template's parameters for the local Amazon Connect and the org of which these variables tell.

    `told` is what `Emulator.env()` gives, or an emulator in another process has written.
    """
    named = {name.removeprefix(PREFIX): value for name, value in told.items()}
    return {
        "SalesforceOrgId": named["ORG_ID"],
        "CallCenterApiName": named["CALL_CENTER"],
        "TelephonyUrl": named["TELEPHONY_URL"],
        "LoginUrl": named["LOGIN_URL"],
        "ClientId": named["CLIENT_ID"],
        "Username": named["USERNAME"],
        **{name: f"ssm:{place}" for name, (place, _) in _KEYS.items()},
        "ConnectInstanceArn": INSTANCE_ARN,
        "ConnectRecordingsBucketName": CONNECT_BUCKET,
        "ConnectRecordingsPrefix": f"connect/{CONNECT_ALIAS}/CallRecordings",
        "ContactRecordStreamArn": f"arn:aws:kinesis:{REGION}:{ACCOUNT_ID}:stream/contact-records",
    }


def put_keys(parameter_store: Any, told: Mapping[str, str]) -> None:
    """Put the org's private keys where `fitting_parameters` has the functions look for them: Parameter Store (SSM)."""
    for place, variable in _KEYS.values():
        if file := told.get(f"{PREFIX}{variable}"):
            pem = Path(file).read_text(encoding="utf-8")
            parameter_store.put_parameter(Name=place, Value=pem, Type="SecureString", Overwrite=True)


def aws_beside(
    emulator: Emulator,
    template: Path,
    *,
    functions: Functions,
    parameters: Mapping[str, str] | None = None,
    environment: Mapping[str, str] | None = None,
    random_seed: int = 0,
) -> LocalAws:
    """A local AWS, not yet started, for a running emulator; `parameters` come before those that fit it."""
    fitting = fitting_parameters(emulator.env()) | {"RecordingUrl": _recording_url(emulator)}
    declared = read_yaml(template.read_text(encoding="utf-8")).get("Parameters", {})
    if unknown := sorted(set(parameters or {}) - set(declared)):
        raise TemplateInvalid(f"the template has no parameter {unknown[0]}")
    return LocalAws(
        template,
        {name: value for name, value in fitting.items() if name in declared} | dict(parameters or {}),
        functions=functions,
        environment=_ALLOWED | dict(environment or {}),
        clock=emulator.org.clock,
        random_seed=random_seed,
        connect_alias=CONNECT_ALIAS,
    )


def phone_line(aws: LocalAws, template: Path) -> PhoneLine:
    """The contact flows that lie beside the template, in the instance."""
    return PhoneLine.of_folder(aws.account, template.parent / "contact_flows")


def settings(aws: LocalAws, emulator: Emulator) -> dict[str, str]:
    """The variables that point a connector at the stack's voicemails, and an SDK at the local AWS."""
    outputs = aws.account.stack.outputs
    named = {f"{PREFIX}{variable}": outputs[name] for name, variable in _OUTPUTS.items() if name in outputs}
    if named:
        named[f"{PREFIX}RECORDING_URL"] = _recording_url(emulator)
    return aws.env() | named


def _recording_url(emulator: Emulator) -> str:
    return f"{emulator.url}/_emulator/connect/objects/RecordingsBucket/voicemail_recordings/{{name}}"
