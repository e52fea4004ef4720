"""The shipped VoiceCall page, deployed to the local org: which components a rep sees, by the page's own rules."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from scv_emulator.metadata.pages import PageRuleUnknown, shown
from scv_emulator.metadata.xml_tree import parse
from scv_emulator.server import Emulator
from scv_emulator.switches import Switches

from tests.commands import run
from tests.wav_files import a_wav_file

FORCE_APP = Path(__file__).parents[2] / "sfdx" / "force-app"
PAGE, REP, NUMBER, CALLER = "Voicemail_Voice_Call_Page", "rep@example.com", "+18005550100", "+14155550142"
OURS, STANDARD = "voicemailPlayer", "runtime_conversation:mediaPlayer"


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    """An org to which everything that ships was deployed."""
    with Emulator(switches=Switches(apply_delay_ms=0)) as running:
        for half in ("main", "voice"):
            assert running.deploy(FORCE_APP / half)["success"]
        running.set_channel(NUMBER, flow="Voicemail_Omni_Routing", fallback_queue="Voicemail")
        for permission_set in ("Voicemail_Rep", "Voicemail_Rep_Voice"):
            running.assign(REP, permission_set)
        yield running


def players(emulator: Emulator, record_id: str, username: str = REP) -> list[str]:
    """The players that a person sees on the page of this record."""
    query = {"recordId": record_id, "username": username}
    answer = httpx.get(f"{emulator.url}/_emulator/pages/{PAGE}", params=query).raise_for_status()
    return [one for region in answer.json()["regions"].values() for one in region if one in (OURS, STANDARD)]


def call_id(emulator: Emulator, key: str) -> str:
    """The VoiceCall of this key."""
    (call,) = [one for one in emulator.state()["VoiceCall"] if one["VendorCallKey"] == key]
    return str(call["Id"])


@pytest.mark.covers("salesforce-1")
@pytest.mark.parametrize(
    ("targets", "expected"),
    [(None, STANDARD), ("voice_call", STANDARD), ("voice_call,custom_object", OURS)],
    ids=["default", "voice_call", "with a record"],
)
def test_a_rep_sees_the_player_that_can_play_the_voicemail(
    emulator: Emulator, tmp_path: Path, targets: str | None, expected: str
) -> None:
    """Salesforce's own where no Voicemail record is linked, ours where one is; never none, never both."""
    key = f"page-{targets}"
    settings = emulator.env() | {"SCV_VOICEMAIL_JOURNAL": str(tmp_path / "journal.db")}
    settings |= {} if targets is None else {"SCV_VOICEMAIL_TARGETS": targets}
    recording = a_wav_file(tmp_path / "message.wav", seconds=2)

    done = run("deliver", recording, "--id", key, "--from", CALLER, "--to", NUMBER, settings=settings)

    assert done.returncode == 0, done.stderr
    assert players(emulator, call_id(emulator, key)) == [expected]


@pytest.mark.covers("salesforce-1")
def test_a_rep_who_may_not_read_the_lookup_has_the_standard_player(emulator: Emulator) -> None:
    """A field that a person cannot read is empty for them, so the page still has a player."""
    database = emulator.org.database
    voicemail = database.insert("Voicemail__c", {"External_Id__c": "hidden", "Caller_Number__c": CALLER})
    moment = emulator.org.now()
    call = database.insert(
        "VoiceCall",
        {
            "CallType": "Inbound",
            "CallOrigin": "Voicemail",
            "FromPhoneNumber": CALLER,
            "ToPhoneNumber": NUMBER,
            "CallStartDateTime": moment,
            "CallEndDateTime": moment,
            "Voicemail__c": voicemail,
        },
        by_system=True,
    )
    stranger = database.insert(
        "User",
        {"Username": "stranger@example.com", "LastName": "S", "IsActive": True}
        | {"ProfileId": (database.first("User", Username=REP) or {})["ProfileId"]},
        by_system=True,
    )

    assert stranger
    assert players(emulator, call) == [OURS]
    assert players(emulator, call, "stranger@example.com") == [STANDARD]


def a_page(rule: str) -> str:
    """A page with one component that this rule shows."""
    component = f"<componentInstance><componentName>c</componentName>{rule}</componentInstance>"
    region = f"<flexiPageRegions><itemInstances>{component}</itemInstances><name>main</name></flexiPageRegions>"
    return f"<FlexiPage>{region}</FlexiPage>"


def a_rule(*criteria: tuple[str, str, str], logic: str = "") -> str:
    """A visibility rule of these criteria."""
    parts = "".join(
        f"<criteria><leftValue>{left}</leftValue><operator>{operator}</operator><rightValue>{right}</rightValue></criteria>"
        for left, operator, right in criteria
    )
    return f"<visibilityRule><booleanFilter>{logic}</booleanFilter>{parts}</visibilityRule>"


@pytest.mark.parametrize(
    ("rule", "is_shown"),
    [
        ("", True),
        (a_rule(("{!Record.A}", "EQUAL", "x")), True),
        (a_rule(("{!Record.A}", "NE", "x")), False),
        (a_rule(("{!Record.Empty}", "EQUAL", "")), True),
        (a_rule(("{!Record.Empty}", "NE", "")), False),
        (a_rule(("{!Record.Missing}", "EQUAL", "")), True),
        (a_rule(("{!Record.Flag}", "EQUAL", "true")), True),
        (a_rule(("{!Record.Number}", "GT", "4")), True),
        (a_rule(("{!Record.Empty}", "LT", "4")), False),
        (a_rule(("{!Record.A}", "EQUAL", "x"), ("{!Record.Empty}", "NE", "")), False),
        (a_rule(("{!Record.A}", "EQUAL", "x"), ("{!Record.Empty}", "NE", ""), logic="1 OR 2"), True),
    ],
)
def test_a_visibility_rule_is_read_as_salesforce_writes_it(rule: str, is_shown: bool) -> None:
    """Equality, emptiness, order, and the logic that joins them."""
    record = {"A": "x", "Empty": None, "Flag": True, "Number": 5}

    assert shown(parse(a_page(rule).encode()), record) == {"main": ["c"] if is_shown else []}


@pytest.mark.parametrize(
    "rule",
    [
        a_rule(("{!$User.Id}", "EQUAL", "x")),
        a_rule(("{!Record.A}", "LIKE", "x")),
        a_rule(("{!Record.A}", "EQUAL", "x"), logic="1 AND 2"),
    ],
)
def test_a_rule_that_is_not_executed_is_refused_by_name(rule: str) -> None:
    """Nothing is guessed: another kind of value, operator or logic is an error."""
    with pytest.raises(PageRuleUnknown):
        shown(parse(a_page(rule).encode()), {"A": "x"})
