"""Salesforce's own CLI, unchanged, logs in to the emulator, deploys this repository's project and works with records.

`scripts/install-sf` installs the CLI. Without it these tests are skipped, but in CI they must run.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from scv_emulator.seed import App, Seed, User
from scv_emulator.server import Emulator

ROOT = Path(__file__).parents[2]
CLI = ROOT / ".tools" / "sf" / "sf"
ADMIN = "admin@example.com"
CONNECTOR = "integration@example.com"

pytestmark = pytest.mark.skipif(
    not CLI.exists() and not os.environ.get("CI"), reason="the Salesforce CLI is missing: run scripts/install-sf"
)


@dataclass(frozen=True)
class Ran:
    """What the CLI did."""

    code: int
    out: str
    err: str

    @property
    def result(self) -> Any:
        """The result of a command that was given --json."""
        return json.loads(self.out)["result"]


@dataclass(frozen=True)
class Sf:
    """The CLI with a home of its own, in a copy of this repository's project, logged in to the emulator."""

    emulator: Emulator
    home: Path
    project: Path

    def __call__(self, *arguments: str, **environment: str) -> Ran:
        """Run one command."""
        own = {"HOME": str(self.home), "SF_USE_GENERIC_UNIX_KEYCHAIN": "true", "FORCE_COLOR": "0", "COLUMNS": "400"}
        ran = subprocess.run(
            [str(CLI), *arguments],
            cwd=self.project,
            env=os.environ | own | environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return Ran(ran.returncode, ran.stdout, ran.stderr)

    def json(self, *arguments: str, **environment: str) -> Any:
        """The result of one command that must succeed."""
        ran = self(*arguments, "--json", **environment)
        assert ran.code == 0, ran.out + ran.err
        return ran.result


@pytest.fixture(scope="module")
def sf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sf]:
    """One org and one login for all tests; each test leaves the org as the next one expects it."""
    assert CLI.exists(), "the Salesforce CLI is missing: run scripts/install-sf"
    folder = tmp_path_factory.mktemp("sf")
    project = folder / "project"
    shutil.copytree(ROOT / "sfdx" / "force-app", project / "sfdx" / "force-app")
    for name in ("sfdx-project.json", ".forceignore"):
        shutil.copy(ROOT / name, project / name)
    (folder / "home").mkdir()
    users = (User(username=ADMIN, name="Ada Admin"), User(username=CONNECTOR, admin=False))
    seed = Seed(users=users, apps=(App(usernames=(ADMIN, CONNECTOR)),))
    with Emulator(seed=seed) as emulator:
        sf = Sf(emulator, folder / "home", project)
        settings = emulator.env()
        login = ("--client-id", settings["SCV_VOICEMAIL_CLIENT_ID"], "--username", ADMIN)
        key = ("--jwt-key-file", settings["SCV_VOICEMAIL_OAUTH_KEY_FILE"], "--instance-url", emulator.url)
        assert sf.json("org", "login", "jwt", *login, *key, "--set-default")["username"] == ADMIN
        yield sf


def test_the_login_is_shown(sf: Sf) -> None:
    """org display says that the org is connected."""
    shown = sf.json("org", "display")

    assert (shown["connectedStatus"], shown["id"]) == ("Connected", sf.emulator.org.seed.org_id)


def test_a_dry_run_by_soap_changes_nothing(sf: Sf) -> None:
    """Every component of the project is validated; the org still does not know the object."""
    validated = sf.json("project", "deploy", "start", "--source-dir", "sfdx/force-app", "--dry-run")

    assert (validated["status"], validated["checkOnly"], validated["numberComponentErrors"]) == ("Succeeded", True, 0)
    assert not sf.emulator.org.database.schema.has("Voicemail__c")
    assert any(one["path"].startswith("/services/Soap/m/") for one in sf.emulator.requests())


def test_the_project_is_deployed_by_rest(sf: Sf) -> None:
    """Every file is told as created; the report of the job says the same afterwards."""
    deployed = sf.json(
        "project", "deploy", "start", "--source-dir", "sfdx/force-app", SF_ORG_METADATA_REST_DEPLOY="true"
    )
    reported = sf.json("project", "deploy", "report", "--job-id", deployed["id"])

    assert (deployed["status"], reported["status"]) == ("Succeeded", "Succeeded")
    sources = {one["filePath"] for one in deployed["files"]}
    flow = "sfdx/force-app/voice/flows/Voicemail_Omni_Routing.flow-meta.xml"
    assert any(one.endswith(flow) for one in sources)
    assert {one["state"] for one in deployed["files"]} <= {"Created", "Changed"}
    assert deployed.get("warnings", []) == []
    assert sf.emulator.requests(path="/metadata/deployRequest")


def test_records_are_written_and_queried(sf: Sf) -> None:
    """data create, update, query and sobject describe work on the deployed object."""
    made = sf.json("data", "create", "record", "--sobject", "Voicemail__c", "--values", "External_Id__c=vm-1")
    sf.json("data", "update", "record", "-s", "Voicemail__c", "-i", made["id"], "-v", "Mailbox_Name__c='Support desk'")
    found = sf("data", "query", "--query", "SELECT Name, Status__c, Mailbox_Name__c FROM Voicemail__c")
    described = sf.json("sobject", "describe", "--sobject", "Voicemail__c")

    assert found.code == 0, found.err
    assert "VM-00000001" in found.out
    assert "Support desk" in found.out
    assert {"External_Id__c", "Transcript__c", "Voice_Call__c"} <= {one["name"] for one in described["fields"]}


def test_a_permission_set_is_assigned(sf: Sf) -> None:
    """From then on the user may do what it grants."""
    assigned = sf.json("org", "assign", "permset", "--name", "Voicemail_Integration", "--on-behalf-of", CONNECTOR)

    assert [one["name"] for one in assigned["successes"]] == [CONNECTOR]
    seen = sf.emulator.org.core.permissions.seen_by(sf.emulator.org.user_id_of(CONNECTOR) or "")
    assert seen is not None
    assert (seen.has("Voicemail__c"), seen.has("VoiceCall")) == (True, False)


def test_a_broken_flow_is_told_with_file_and_line(sf: Sf) -> None:
    """The deploy fails with status 1, prints the table, and the flow that was there stays."""
    flow = sf.project / "sfdx/force-app/voice/flows/Voicemail_Omni_Routing.flow-meta.xml"
    good = flow.read_text(encoding="utf-8")
    line = next(number for number, text in enumerate(good.splitlines(), 1) if "<field>DeveloperName</field>" in text)
    flow.write_text(
        good.replace("<field>DeveloperName</field>", "<field>Developer_Nam__c</field>", 1), encoding="utf-8"
    )

    shown = sf("project", "deploy", "start", "--source-dir", "sfdx/force-app/voice/flows", NO_COLOR="1")
    told = json.loads(sf("project", "deploy", "start", "--source-dir", "sfdx/force-app/voice/flows", "--json").out)
    flow.write_text(good, encoding="utf-8")

    assert shown.code == 1
    assert 'The field "Developer_Nam__c" for the object "Group"' in shown.out
    (failure,) = [one for one in told["result"]["files"] if one["state"] == "Failed"]
    assert failure["filePath"].endswith("Voicemail_Omni_Routing.flow-meta.xml")
    assert abs(failure["lineNumber"] - line) <= 1
    assert f"{failure['lineNumber']}:{failure['columnNumber']}" in shown.out
    assert sf.emulator.org.flows.get("Voicemail_Omni_Routing") is not None


def test_what_was_deployed_is_deleted_again(sf: Sf) -> None:
    """project delete source takes components out of the org: the way back of the admin's guide."""
    sf.json("project", "delete", "source", "--metadata", "CspTrustedSite:Voicemail_Recordings", "--no-prompt")

    assert sf.emulator.org.deploys.components.of_type("CspTrustedSite") == []


def rehearse(*arguments: Path) -> Ran:
    """One run of `scripts/sf-rehearsal`, in an environment that points elsewhere."""
    elsewhere = {"SCV_VOICEMAIL_LOGIN_URL": "https://production.example.com", "SF_TARGET_ORG": "production"}
    ran = subprocess.run(
        [ROOT / "scripts" / "sf-rehearsal", *arguments],
        env=os.environ | elsewhere,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    return Ran(ran.returncode, ran.stdout, ran.stderr)


def test_the_rehearsal_follows_the_administrators_guide() -> None:
    """Deployed, assigned, routed by one flow, linked with the Case that the other made; in the end all is gone."""
    ran = rehearse()

    assert ran.code == 0, ran.out + ran.err
    assert len(re.findall(r"Succeeded: (\d+) of \1 components", ran.out)) == 4
    assert "checks: 0 failed, 0 warnings" in ran.out
    for seen in ("CallOrigin = Voicemail", "Group.DeveloperName = Voicemail", "RelatedRecordId = 500", "Case__c = 500"):
        assert f"ok    {seen}" in ran.out
    assert "What_Is_It > For_Whom" in ran.out
    assert "WRONG" not in ran.out
    (url,) = re.findall(r"^   (http://127\.0\.0\.1:\d+)$", ran.out, re.MULTILINE)
    with pytest.raises(httpx.ConnectError):
        httpx.get(url)


def test_the_rehearsal_fails_when_the_case_is_not_linked(tmp_path: Path) -> None:
    """In a copy whose settings switch the linking off: everything is deployed and delivered, and the query says so."""
    shutil.copytree(ROOT / "sfdx" / "force-app", tmp_path / "sfdx" / "force-app")
    for name in ("sfdx-project.json", ".forceignore"):
        shutil.copy(ROOT / name, tmp_path / name)
    settings = tmp_path / "sfdx/force-app/main/default/customMetadata/Voicemail_Setting.Default.md-meta.xml"
    text = settings.read_text(encoding="utf-8")
    off = re.sub(r"(<field>Link_Cases__c</field>\s*<value[^>]*>)true", r"\1false", text)
    settings.write_text(off, encoding="utf-8")

    ran = rehearse(tmp_path)

    assert off != text
    assert ran.code == 1, ran.out + ran.err
    assert "delivered as 0LQ" in ran.out
    assert "WRONG RelatedRecordId = , expected a value" in ran.out
    assert ran.out.rstrip().endswith("The rehearsal has failed; the last lines above say where.")
