"""A contact center on this machine: the shipped template on a local AWS, its functions in processes, a Salesforce."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from lambda_bundle_here import Bundle
from scv_emulator.aws import LocalAws, WorkerFunctions
from scv_emulator.connect.function_event import function_event
from scv_emulator.connect.ports import SimulatedContact
from scv_voicemail.cli.rehearsal import CALLER, LocalSalesforce
from scv_voicemail.settings import PREFIX

TEMPLATE = Path(__file__).resolve().parents[1] / "lambdas" / "template.yaml"
INSTANCE_ARN = "arn:aws:connect:us-east-1:123456789012:instance/0f8fad5b-d9cb-469f-a165-70867728950e"
BUCKET = "connect-recordings"
ALIAS = "demo"
KEYS = {"PrivateKeySource": "PRIVATE_KEY_FILE", "OauthKeySource": "OAUTH_KEY_FILE"}


def functions_of(bundle: Bundle) -> WorkerFunctions:
    """Processes that find nothing but the bundle."""
    return WorkerFunctions(python_path=[bundle.folder], python=bundle.python)


@contextmanager
def contact_center(functions: WorkerFunctions, salesforce: LocalSalesforce, **parameters: str) -> Iterator[LocalAws]:
    """The stack as it is deployed, with both keys in Parameter Store."""
    known = {name.removeprefix(PREFIX): value for name, value in salesforce.variables.items()}
    given = {
        "SalesforceOrgId": known["ORG_ID"],
        "CallCenterApiName": known["CALL_CENTER"],
        "TelephonyUrl": known["TELEPHONY_URL"],
        "LoginUrl": known["LOGIN_URL"],
        "ClientId": known["CLIENT_ID"],
        "Username": known["USERNAME"],
        "RecordingUrl": "https://recordings.example.com/{name}",
        "DialedNumber": known["DIALED_NUMBER"],
        "ConnectInstanceArn": INSTANCE_ARN,
        "ConnectRecordingsBucketName": BUCKET,
        "ConnectRecordingsPrefix": f"connect/{ALIAS}/CallRecordings",
        **{name: f"ssm:/benchmark/{name}" for name in KEYS},
        **parameters,
    }
    # The local Salesforce answers without TLS.
    plain = {f"{PREFIX}ALLOW_PLAIN_HTTP": "true"}
    with LocalAws(TEMPLATE, given, functions=functions, environment=plain, connect_alias=ALIAS) as aws:
        for name, variable in KEYS.items():
            pem = Path(known[variable]).read_text(encoding="ascii")
            aws.client("ssm").put_parameter(Name=f"/benchmark/{name}", Type="SecureString", Value=pem)
        yield aws


def a_contact(salesforce: LocalSalesforce, aws: LocalAws) -> SimulatedContact:
    """A caller who has just been connected."""
    contact = SimulatedContact(
        contact_id=str(uuid4()),
        instance_arn=INSTANCE_ARN,
        customer_number=CALLER,
        system_number=salesforce.variables[f"{PREFIX}DIALED_NUMBER"],
        began_at=datetime.now(UTC),
    )
    aws.connect.contact_began(contact)
    return contact


def flow_event(contact: SimulatedContact, method: str) -> Mapping[str, Any]:
    """What a contact flow sends to FlowCallFunction."""
    return function_event(contact, {"methodName": method}, streams=False, at=datetime.now(UTC))
