"""The questions that the administrator's guide asks by SOQL: each is answered here, as an org would answer it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from scv_emulator.metadata.deployment import Options
from scv_emulator.metadata.source_format import package_of
from scv_emulator.org import Org
from scv_emulator.server import create_app
from scv_emulator.switches import Switches

from tests.unit.emulator.telephony.conftest import NOW, InProcess, Phone

ROOT = Path(__file__).parents[2]
GUIDES = [ROOT / "sfdx" / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
A_CALL = "0LQxx0000004GcSGAU"


def questions() -> list[str]:
    """Every query that stands in a guide."""
    text = "\n".join(guide.read_text() for guide in GUIDES)
    found = re.findall(r"`(SELECT [^`]+)`", text) + re.findall(r"```sql\n(SELECT [^`]+)```", text)
    return [re.sub(r"\s+", " ", one).strip() for one in found]


def an_org(folders: tuple[str, ...] = ("main", "voice")) -> Org:
    """An org to which this was deployed and where nothing has happened."""
    org = Org(switches=Switches(apply_delay_ms=0))
    org.clock.set(NOW)
    org.clock.freeze()
    for folder in folders:
        package = package_of(ROOT / "sfdx" / "force-app" / folder)
        job = org.deploys.start(package, Options(check_only=False), user_id=org.administrator_id)
        org.settle()
        assert job.result(details=False)["status"] == "Succeeded"
    return org


def ask(org: Org, beginning: str) -> list[dict[str, Any]]:
    """The answer to the question of the guide that begins so."""
    (query,) = (one for one in questions() if one.startswith(beginning))
    org.settle()
    return list(org.core.queries.run(query, data_url="", page_size=200)["records"])


@pytest.fixture(scope="module")
def deployed() -> Org:
    """One org for questions that change nothing."""
    return an_org()


@pytest.mark.covers("salesforce-9")
@pytest.mark.parametrize("query", questions())
def test_a_question_of_the_guide_can_be_asked(deployed: Org, query: str) -> None:
    """Objects, fields and relationships are those of the Object Reference."""
    asked = query.replace("Id = '\u2026'", f"Id = '{A_CALL}'")

    found = deployed.core.queries.run(asked, data_url="/services/data/v66.0", page_size=200)

    assert found["done"]


@pytest.mark.covers("salesforce-9")
def test_the_guide_shows_who_could_take_a_voicemail(deployed: Org) -> None:
    """A rep who is offline has no presence; who comes back has a new one, and the old one has its end."""
    rep = "rep@example.com"
    deployed.telephony.reps.set_online(rep, online=False)
    deployed.clock.advance(60)
    nobody = ask(deployed, "SELECT User.Username, Service")

    deployed.telephony.reps.set_online(rep, online=True)

    (present,) = ask(deployed, "SELECT User.Username, Service")
    assert nobody == []
    assert (present["User"]["Username"], present["IsAway"]) == (rep, False)
    assert present["ServicePresenceStatus"]["DeveloperName"] == "Available_Voice"
    past, now = deployed.database.all("UserServicePresence")
    assert past["StatusEndDate"] is not None
    assert now["StatusEndDate"] is None


@pytest.mark.covers("salesforce-9")
def test_the_guide_shows_the_flow_that_failed() -> None:
    """Its element and its reason; what the flow had written is undone, the failed interview stays."""
    org = an_org()
    phone = Phone(org, InProcess(create_app(org)))
    for queue in org.database.find("Group", DeveloperName="Voicemail"):
        org.database.delete("Group", queue["Id"])
    phone.create(callOrigin="Voicemail")

    phone.route(flowDevName="Voicemail_Omni_Routing", fallbackQueue="Live_Calls")

    (failed,) = ask(org, "SELECT InterviewLabel")
    assert failed["InterviewStatus"] == "Error"
    assert failed["CurrentElement"]
    assert failed["Error"]
