"""The client libraries that integrators use, unchanged, against an org with this repository's metadata."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from requests.adapters import HTTPAdapter
from scv_emulator.metadata.source_format import package_of
from scv_emulator.server import Emulator
from simple_salesforce import Salesforce
from simple_salesforce.exceptions import SalesforceMalformedRequest

ROOT = Path(__file__).parents[2]
PROJECT = ROOT / "sfdx" / "force-app"


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """A local Salesforce with nothing deployed."""
    with Emulator() as running:
        yield running


class ToTheEmulator(HTTPAdapter):
    """Sends what is meant for Salesforce's hosts to the emulator: the library knows https addresses only."""

    def __init__(self, base_url: str) -> None:
        super().__init__()
        self._base_url = base_url

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        parts = urlsplit(str(request.url))
        request.url = f"{self._base_url}{parts.path}" + (f"?{parts.query}" if parts.query else "")
        return super().send(request, *args, **kwargs)


@pytest.fixture
def salesforce(emulator: Emulator) -> Iterator[Salesforce]:
    """simple-salesforce, logged in with the emulator's own key."""
    settings = emulator.env()
    with requests.Session() as session:
        session.trust_env = False
        session.mount("https://", ToTheEmulator(emulator.url))
        yield Salesforce(
            username=settings["SCV_VOICEMAIL_USERNAME"],
            consumer_key=settings["SCV_VOICEMAIL_CLIENT_ID"],
            privatekey_file=settings["SCV_VOICEMAIL_OAUTH_KEY_FILE"],
            session=session,
            version="66.0",
        )


def deployed_by_simple_salesforce(salesforce: Salesforce, folder: Path) -> tuple[str, dict[str, Any]]:
    """Deploy this repository's project with the library's own SOAP client; the last state, with its details."""
    package = folder / "package.zip"
    package.write_bytes(package_of(PROJECT))
    job = salesforce.deploy(str(package), sandbox=False, singlePackage=True, rollbackOnError=True)["asyncId"]
    for _ in range(50):
        state, _, deployment, _ = salesforce.mdapi.check_deploy_status(job)
        if state not in ("Pending", "InProgress"):
            break
        time.sleep(0.05)
    return state, deployment


def test_simple_salesforce_deploys_and_works(salesforce: Salesforce, tmp_path: Path) -> None:
    """The library deploys by SOAP; then records of the new object are written, queried and composed."""
    state, deployment = deployed_by_simple_salesforce(salesforce, tmp_path)

    created = salesforce.Voicemail__c.create({"External_Id__c": "vm-1"})
    upserted = salesforce.Voicemail__c.upsert("External_Id__c/vm-1", {"Mailbox_Name__c": "Support"})
    found = salesforce.query("SELECT Id, Name, Status__c, Mailbox_Name__c FROM Voicemail__c")["records"]
    steps = [
        {
            "method": "POST",
            "url": "/services/data/v66.0/sobjects/Case",
            "referenceId": "case",
            "body": {"Subject": "Call back"},
        },
        {
            "method": "PATCH",
            "url": f"/services/data/v66.0/sobjects/Voicemail__c/{created['id']}",
            "referenceId": "voicemail",
            "body": {"Case__c": "@{case.id}"},
        },
    ]
    composite = salesforce.restful("composite", method="POST", json={"allOrNone": True, "compositeRequest": steps})
    with pytest.raises(SalesforceMalformedRequest, match="DUPLICATE_VALUE"):
        salesforce.Voicemail__c.create({"External_Id__c": "vm-1"})

    assert (state, deployment["failed_count"]) == ("Succeeded", "0")
    assert upserted in (200, 204)
    assert [(one["Name"], one["Status__c"], one["Mailbox_Name__c"]) for one in found] == [
        ("VM-00000001", "New", "Support")
    ]
    assert [one["httpStatusCode"] for one in composite["compositeResponse"]] == [201, 204]
    linked = salesforce.query("SELECT Case__r.Subject FROM Voicemail__c")["records"]
    assert linked[0]["Case__r"]["Subject"] == "Call back"


def test_jsforce_works(emulator: Emulator) -> None:
    """The same from Node.js: login, identity, records, collections, composite, refusals, metadata lists."""
    node = shutil.which("node")
    if node is None or not (ROOT / "node_modules" / "jsforce").exists():
        reason = "Node.js or jsforce is missing: run scripts/sfdx-setup"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    assert emulator.deploy(PROJECT)["success"]
    settings = emulator.env()
    names = ("CLIENT_ID", "USERNAME", "OAUTH_KEY_FILE")

    ran = subprocess.run(
        [
            node,
            "--no-deprecation",
            str(ROOT / "tests" / "scenarios" / "jsforce_client.mjs"),
            emulator.url,
            *(settings[f"SCV_VOICEMAIL_{name}"] for name in names),
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert ran.returncode == 0, ran.stderr
    saw = json.loads(ran.stdout)
    assert saw.pop("upserted")["created"] is False
    assert saw == {
        "identity": "integration@example.com",
        "created": True,
        "many": [True, True],
        "query": [["vm-1", "Heard", "Support"], ["vm-2", "New", None], ["vm-3", "New", None]],
        "retrieved": "+14155550142",
        "described": True,
        "destroyed": True,
        "noSuchColumn": "INVALID_FIELD",
        "duplicate": "DUPLICATE_VALUE",
        "composite": [201, 200],
        "metadata": 1,
        "types": True,
    }


def test_the_package_of_the_project_is_what_travels() -> None:
    """base64 of the zip, as both libraries send it, is below the vendor's limit."""
    assert len(base64.b64encode(package_of(PROJECT))) < 39_000_000
