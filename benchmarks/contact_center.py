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
from scv_emulator.aws.beside_salesforce import INSTANCE_ARN, fitting_parameters, put_keys
from scv_emulator.connect.function_event import function_event
from scv_emulator.connect.ports import SimulatedContact
from scv_voicemail.cli.rehearsal import CALLER, LocalSalesforce
from scv_voicemail.settings import PREFIX

TEMPLATE = Path(__file__).resolve().parents[1] / "lambdas" / "template.yaml"


def functions_of(bundle: Bundle) -> WorkerFunctions:
    """Processes that find nothing but the bundle."""
    return WorkerFunctions(python_path=[bundle.folder], python=bundle.python)


@contextmanager
def contact_center(functions: WorkerFunctions, salesforce: LocalSalesforce, **parameters: str) -> Iterator[LocalAws]:
    """The stack as it is deployed, with both keys in Parameter Store."""
    given = fitting_parameters(salesforce.variables) | {
        "RecordingUrl": "https://recordings.example.com/{name}",
        "DialedNumber": salesforce.variables[f"{PREFIX}DIALED_NUMBER"],
        "ContactRecordStreamArn": "",
        **parameters,
    }
    # The local Salesforce answers without TLS.
    plain = {f"{PREFIX}ALLOW_PLAIN_HTTP": "true"}
    with LocalAws(TEMPLATE, given, functions=functions, environment=plain) as aws:
        put_keys(aws.client("ssm"), salesforce.variables)
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
