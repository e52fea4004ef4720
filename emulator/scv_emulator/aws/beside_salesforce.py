"""A local AWS whose stack talks to the emulated Salesforce org beside it: parameters, keys and clock fit each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from scv_emulator.aws.functions import Functions, InProcessFunctions, WorkerFunctions
from scv_emulator.aws.intrinsics import TemplateInvalid, read_yaml
from scv_emulator.aws.local import LocalAws
from scv_emulator.aws.phone_line import PhoneLine
from scv_emulator.aws.template import ACCOUNT_ID, REGION
from scv_emulator.server import Emulator

CONNECT_ALIAS = "demo"
_INSTANCE_ID = "0f8fad5b-d9cb-469f-a165-70867728950e"
_KEYS = {"PrivateKeySource": "/scv-voicemail/telephony-key", "OauthKeySource": "/scv-voicemail/oauth-key"}
_ALLOWED = {"SCV_VOICEMAIL_ALLOW_PLAIN_HTTP": "true"}


def functions_of(kind: str, template: Path, python_path: Sequence[Path]) -> Functions:
    """The stand-in for Lambda that the command line names: `worker`, or `none` for a stack whose functions all fail."""
    return WorkerFunctions(python_path=[*python_path, template.parent]) if kind == "worker" else InProcessFunctions({})


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
    told = emulator.env()
    fitting = {
        "SalesforceOrgId": told["SCV_VOICEMAIL_ORG_ID"],
        "CallCenterApiName": told["SCV_VOICEMAIL_CALL_CENTER"],
        "TelephonyUrl": told["SCV_VOICEMAIL_TELEPHONY_URL"],
        "LoginUrl": told["SCV_VOICEMAIL_LOGIN_URL"],
        "ClientId": told["SCV_VOICEMAIL_CLIENT_ID"],
        "Username": told["SCV_VOICEMAIL_USERNAME"],
        "RecordingUrl": f"{emulator.url}/_emulator/connect/objects/RecordingsBucket/voicemail_recordings/{{name}}",
        **{name: f"ssm:{path}" for name, path in _KEYS.items()},
        "ConnectInstanceArn": f"arn:aws:connect:{REGION}:{ACCOUNT_ID}:instance/{_INSTANCE_ID}",
        "ConnectRecordingsBucketName": "amazon-connect-demo",
        "ConnectRecordingsPrefix": f"connect/{CONNECT_ALIAS}/CallRecordings",
        "ContactRecordStreamArn": f"arn:aws:kinesis:{REGION}:{ACCOUNT_ID}:stream/contact-records",
    }
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


def put_keys(aws: LocalAws, emulator: Emulator) -> None:
    """Put the org's private keys where the stack's functions look for them."""
    files = {"PrivateKeySource": emulator.files.private_key, "OauthKeySource": emulator.files.oauth_key}
    ssm = aws.client("ssm")
    for name, file in files.items():
        if file is not None:
            pem = file.read_text(encoding="utf-8")
            ssm.put_parameter(Name=_KEYS[name], Value=pem, Type="SecureString", Overwrite=True)
    ssm.close()


def phone_line(aws: LocalAws, template: Path) -> PhoneLine:
    """The contact flows that lie beside the template, in the instance."""
    return PhoneLine.of_folder(aws.account, template.parent / "contact_flows")
