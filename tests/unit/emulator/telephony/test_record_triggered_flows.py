"""Flows that the saving of a record starts, when the telephony system or a REST client saves it."""

from __future__ import annotations

from typing import Any

import httpx
import jwt
import pytest
from scv_emulator.flows import check_in_org, load
from scv_emulator.org import Org
from scv_emulator.salesforce.oauth import JWT_BEARER
from scv_emulator.salesforce.schema import Field

from tests.unit.emulator.flows.flow_files import (
    Part,
    a_flow,
    assign,
    create,
    filtered,
    on_save,
    ref,
    text,
    update_from,
    yes,
)

from .conftest import Phone, loaded


def deploy(org: Org, *parts: Part, name: str, **how: Any) -> None:
    """Deploy a flow that a record starts, checked against the org."""
    flow = load(a_flow(*parts, **how), name=name)
    check_in_org(flow, org.database.schema, org.flows.get)
    org.flows.deploy(flow)


def link_case(**how: Any) -> tuple[list[Part], dict[str, Any]]:
    """Creates a Case for a voicemail that has none, and links it."""
    voicemail = filtered("CallOrigin", "EqualTo", text("Voicemail"))
    unlinked = filtered("RelatedRecordId", "IsNull", yes())
    make = create("Make", "Case", {"Subject": ref("$Record.IVR_Type__c"), "Origin": text("Voicemail")}, to="Link")
    link = update_from("Link", "$Record", {"RelatedRecordId": ref("Make")})
    return [make, link], {"start": on_save("VoiceCall", voicemail, unlinked, **how), "to": "Make"}


@pytest.fixture
def linking(org: Org) -> Org:
    """An org with such a flow."""
    org.database.schema.add_field("VoiceCall", Field("IVR_Type__c", "string"))
    parts, how = link_case()
    deploy(org, *parts, name="VoiceCall_After_Save_Link_Case", **how)
    return org


def test_a_new_voice_call_starts_flows_once_its_attributes_are_there(linking: Org, phone: Phone) -> None:
    """The fields that callAttributes set belong to the new record."""
    phone.create(callOrigin="Voicemail", callAttributes='{"IVR_Type__c": "New case"}')

    (case,) = linking.database.all("Case")
    (call,) = linking.database.all("VoiceCall")
    assert (case["Subject"], call["RelatedRecordId"]) == ("New case", case["Id"])


def test_an_update_starts_flows_once_and_the_recording_does_not(linking: Org, phone: Phone) -> None:
    """The update is two writes; only the second one starts automation, and repeating it makes no second Case."""
    start = on_save("VoiceCall", event="Update")
    deploy(linking, create("Note", "Contact", {"LastName": text("noted")}), name="Note_Updates", start=start)
    phone.create()

    for _ in range(2):
        phone.mark(recordingLocation="https://recordings.example.com/1.wav", totalRecordingDuration=30)
        phone.wait()

    # The link itself is one more update of the VoiceCall.
    assert len(linking.database.all("Case")) == 1
    assert len(linking.database.all("Contact")) == 3


def test_a_flow_that_fails_at_create_is_told_and_the_call_stays(org: Org, phone: Phone) -> None:
    """ "Salesforce bypasses the errors, creates the voice call record"; the flow's own writes are undone."""
    make = create("Make", "Case", {"Subject": text("left over")}, to="Break")
    deploy(
        org, make, create("Break", "Contact", {}), name="Broken", start=on_save("VoiceCall"), to="Make", label="My Flow"
    )

    answer = phone.create()

    assert answer.status_code == 200
    assert answer.json()["errors"].startswith("We created your voice call but there were some errors : ")
    assert "the “My Flow” process failed" in answer.json()["errors"]
    assert len(org.database.all("VoiceCall")) == 1
    assert org.database.all("Case") == []


def test_a_flow_that_fails_at_an_update_does_not_hold_it_up(org: Org, phone: Phone) -> None:
    """Nobody is told by the vendor; the emulator shows it."""
    deploy(org, create("Break", "Contact", {}), name="Broken", start=on_save("VoiceCall", event="Update"))
    phone.create()

    phone.mark()
    phone.wait()

    (call,) = org.database.all("VoiceCall")
    assert call["CallOrigin"] == "Voicemail"
    assert "process failed" in call["_updateErrors"][0]


def test_a_flow_before_the_save_changes_the_voice_call(org: Org, phone: Phone) -> None:
    """At its creation, too."""
    step = assign("Step", ("$Record.Description", "Assign", text("From {!$Record.FromPhoneNumber}")))
    deploy(org, step, name="Describe", start=on_save("VoiceCall", when="RecordBeforeSave", event="Create"))

    phone.create()

    assert org.database.all("VoiceCall")[0]["Description"] == "From +14155550123"


# ----------------------------------------------------------------------------------------------- flows and REST writes


def rest(org: Org, phone: Phone, method: str, path: str, body: Any = None) -> httpx.Response:
    """A REST request of the integration user."""
    app = org.seed.apps[0]
    claims = {"iss": app.consumer_key, "sub": org.seed.users[0].username, "aud": "https://login.salesforce.com"}
    claims |= {"exp": int(org.now().timestamp()) + 180}
    assertion = jwt.encode(claims, loaded(org.app_keys[app.consumer_key].private_key_pem), algorithm="RS256")
    token = org.oauth.token({"grant_type": JWT_BEARER, "assertion": assertion})["access_token"]
    return phone.client.request(
        method, f"/services/data/v66.0{path}", json=body, headers={"Authorization": f"Bearer {token}"}
    )


def test_a_rest_write_runs_flows_in_its_transaction(linking: Org, phone: Phone) -> None:
    """A fault refuses the write with the vendor's code, one record at a time or many."""
    broken = create("Break", "Contact", {})
    deploy(linking, broken, name="Broken", start=on_save("Case", filtered("Subject", "EqualTo", text("bad"))))

    good = rest(linking, phone, "POST", "/sobjects/Case", {"Subject": "good"})
    bad = rest(linking, phone, "POST", "/sobjects/Case", {"Subject": "bad"})
    changed = rest(linking, phone, "PATCH", f"/sobjects/Case/{good.json()['id']}", {"Subject": "bad"})
    records = [{"attributes": {"type": "Case"}, "Subject": subject} for subject in ("good", "bad")]
    many = rest(linking, phone, "POST", "/composite/sobjects", {"records": records})

    assert (bad.status_code, bad.json()[0]["errorCode"]) == (400, "CANNOT_EXECUTE_FLOW_TRIGGER")
    assert (changed.status_code, changed.json()[0]["errorCode"]) == (400, "CANNOT_EXECUTE_FLOW_TRIGGER")
    assert [one["success"] for one in many.json()] == [True, False]
    assert [one["Subject"] for one in linking.database.all("Case")] == ["good", "good"]


def test_a_rest_update_of_a_voice_call_starts_flows(linking: Org, phone: Phone) -> None:
    """The guide's synchronous way to mark a voicemail links the Case at once."""
    phone.create()
    (call,) = linking.database.all("VoiceCall")

    answer = rest(linking, phone, "PATCH", f"/sobjects/VoiceCall/{call['Id']}", {"CallOrigin": "Voicemail"})

    assert answer.status_code == 204
    assert linking.database.get("VoiceCall", call["Id"])["RelatedRecordId"] is not None
