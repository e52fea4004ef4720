"""`doctor` finds what is wrong, says how to mend it, and ends with the code of the first failure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from scv_emulator.seed import App, PhoneChannel, Queue, Seed, User
from scv_emulator.server import Emulator
from scv_voicemail.cli.keys import make_pair

from tests.commands import PREFIX, run, the_document
from tests.wav_files import a_wav_file

LONG_AGO = datetime(2020, 1, 1, 12, tzinfo=UTC)

Settings = dict[str, str | None]


@dataclass(kw_only=True)
class Broken:
    """What is broken, and what doctor makes of it: the check, a part of what it saw, of its fix, and the exit code."""

    check: str
    saw: str
    fix: str
    code: int
    verdict: str = "FAIL"
    settings: Settings = field(default_factory=dict)
    seed: Seed = field(default_factory=Seed)
    act: Callable[[Emulator], object] = lambda _emulator: None


def hide_a_field(emulator: Emulator) -> None:
    schema = emulator.org.database.schema
    next(one for one in schema if one.name == "VoiceCall").remove("CallDisposition")


SIGNED = "https://bucket.example.com/{name}?X-Amz-Signature=abc&X-Amz-Expires=600"
UNMAPPED = tuple(replace(queue, external_id="") for queue in Seed().queues)
NO_FALLBACK = (PhoneChannel(fallback_queue=""),)
NOTHING_CHOSEN = (PhoneChannel(fallback_queue="", flow=""),)
LIVE_CALLS_ONLY = (
    PhoneChannel(fallback_queue="", flow="", live_flow="Voicemail_Omni_Routing", live_fallback_queue="Voicemail"),
)
VOICEMAILS_ONLY = (PhoneChannel(live_flow="", live_fallback_queue=""),)

CASES = {
    "not set": Broken(
        settings={"CALL_CENTER": None}, check="settings", saw=f"not set: {PREFIX}CALL_CENTER", fix=".env", code=3
    ),
    "a value that is none": Broken(
        settings={"LEASE_SECONDS": "-1"}, check="settings", saw="LEASE_SECONDS", fix="set it", code=3
    ),
    "a misspelt name": Broken(
        settings={"DAILED_NUMBER": "1"}, check="setting", saw="DAILED_NUMBER", fix="correct", code=6, verdict="warn"
    ),
    "an unknown target": Broken(settings={"TARGETS": "fax"}, check="settings", saw="fax", fix="voice_call", code=3),
    "no org id": Broken(settings={"ORG_ID": "ACME"}, check="org id", saw="ACME", fix="00D", code=3),
    "a signed address": Broken(
        settings={"RECORDING_URL": SIGNED}, check="recording address", saw="signed", fix="lasting", code=3
    ),
    "plain http": Broken(
        settings={"ALLOW_PLAIN_HTTP": "false", "RECORDING_URL": "https://example.com/{name}"},
        check="telephony login",
        saw="https://",
        fix="set it",
        code=3,
    ),
    "no key": Broken(
        settings={"PRIVATE_KEY_FILE": None}, check="private key", saw="PRIVATE_KEY_FILE", fix="set it", code=3
    ),
    "no PEM": Broken(settings={"PRIVATE_KEY_FILE": __file__}, check="private key", saw="PEM", fix="set it", code=3),
    "the certificate of another key": Broken(
        settings={"CERTIFICATE_FILE": "other.crt"}, check="certificate", saw="another key", fix="PRIVATE_KEY", code=3
    ),
    "an expired certificate": Broken(
        settings={"PRIVATE_KEY_FILE": "old.key", "CERTIFICATE_FILE": "old.crt"},
        check="certificate",
        saw="expired on 2020-01-02",
        fix="keys generate",
        code=3,
    ),
    "a key that the contact center does not know": Broken(
        settings={"PRIVATE_KEY_FILE": "other.key", "CERTIFICATE_FILE": None},
        check="telephony login",
        saw="signature",
        fix="doctor",
        code=4,
    ),
    "another contact center": Broken(
        settings={"CALL_CENTER": "Wrong"},
        check="contact center",
        saw="no 'Wrong'; it has: DemoContactCenter",
        fix="internal name",
        code=4,
    ),
    "another org": Broken(
        settings={"ORG_ID": "00D000000000001"}, check="org", saw="belongs to 00DHs", fix="LOGIN_URL", code=4
    ),
    "nobody answers": Broken(
        settings={"TELEPHONY_URL": "http://127.0.0.1:9"}, check="clock", saw="does not answer", fix="firewall", code=3
    ),
    "a clock that is wrong": Broken(
        act=lambda emulator: emulator.advance(120),
        check="clock",
        saw="s behind Salesforce's",
        fix="NTP",
        code=6,
        verdict="warn",
    ),
    "no REST settings": Broken(
        settings={"LOGIN_URL": None},
        check="REST login",
        saw=f"not set: {PREFIX}LOGIN_URL",
        fix="OAUTH_KEY_FILE",
        code=6,
        verdict="warn",
    ),
    "another consumer key": Broken(
        settings={"CLIENT_ID": "wrong"}, check="REST login", saw="client identifier", fix="consumer key", code=4
    ),
    "a user who has not approved": Broken(
        seed=Seed(apps=(App(usernames=("rep@example.com",)),)),
        settings={"USERNAME": "integration@example.com"},
        check="REST login",
        saw="approved",
        fix="pre-authorized",
        code=4,
    ),
    "a hidden field": Broken(
        act=hide_a_field,
        check="object VoiceCall",
        saw="cannot see VoiceCall.CallDisposition",
        fix="permission set",
        code=5,
    ),
    "a number that is none": Broken(
        settings={"DIALED_NUMBER": "banana"}, check="dialed number", saw="DIALED_NUMBER", fix="E.164", code=3
    ),
    "no number": Broken(
        settings={"DIALED_NUMBER": None}, check="dialed number", saw="not set", fix="set it", code=6, verdict="warn"
    ),
    "a number without phone channel": Broken(
        settings={"DIALED_NUMBER": "+18005550199"}, check="phone channel", saw="+18005550199", fix="add it", code=3
    ),
    "a phone channel without anything": Broken(
        seed=Seed(phone_channels=NOTHING_CHOSEN), check="phone channel", saw="neither", fix="choose both", code=3
    ),
    "a phone channel whose flow and queue are those of live calls": Broken(
        seed=Seed(phone_channels=LIVE_CALLS_ONLY),
        check="phone channel",
        saw="neither voicemail flow",
        fix="Contact Center Channels",
        code=3,
    ),
    "a phone channel without fallback queue": Broken(
        seed=Seed(phone_channels=NO_FALLBACK),
        check="phone channel",
        saw="no fallback queue",
        fix="choose a fallback",
        code=6,
        verdict="warn",
    ),
    "a queue that is not mapped": Broken(
        seed=Seed(queues=UNMAPPED), check="queue mapping", saw="not mapped", fix="map it", code=3
    ),
    "a fallback queue that is none": Broken(
        seed=Seed(phone_channels=(), queues=(Queue(external_id="q"), Queue(developer_name="Live_Calls"))),
        settings={"DIALED_NUMBER": "+18005550100", "FALLBACK_QUEUE": "Voicmail"},
        check="queue mapping",
        saw="no queue 'Voicmail'",
        fix="developer name",
        code=3,
    ),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where doctor runs, with a pair of keys that nobody knows and one that has expired."""
    make_pair(tmp_path / "other.key", tmp_path / "other.crt", subject="other", days=9)
    make_pair(tmp_path / "old.key", tmp_path / "old.crt", subject="old", days=1, now=LONG_AGO)
    return tmp_path


def the_settings(emulator: Emulator, changes: Settings) -> dict[str, str]:
    changed = emulator.env() | {PREFIX + name: value for name, value in changes.items()}
    return {name: value for name, value in changed.items() if value is not None}


@pytest.mark.parametrize("broken", CASES.values(), ids=CASES)
def test_what_is_broken_is_found_with_its_fix_and_exit_code(broken: Broken, folder: Path) -> None:
    """One thing at a time, against an org that is otherwise in order."""
    with Emulator(seed=broken.seed) as emulator:
        broken.act(emulator)
        answer = run("doctor", "--json", settings=the_settings(emulator, broken.settings), folder=folder)

    document = the_document(answer)
    (found,) = [one for one in document["findings"] if one["check"] == broken.check and one["verdict"] != "ok"]
    assert found["verdict"] == broken.verdict
    assert broken.saw in found["saw"]
    assert broken.fix in found["fix"]
    assert (answer.returncode, document["exit"]) == (broken.code, broken.code), document


def test_an_org_that_is_in_order_has_nothing_to_mend(folder: Path) -> None:
    """Every check is fine; and looking changes nothing: no journal, no folder, no record."""
    with Emulator() as emulator:
        before = emulator.state()
        answer = run("doctor", settings=emulator.env(), folder=folder)
        after = emulator.state()
        left_behind = emulator.files.journal.exists()

    rows = [line.split() for line in answer.stdout.splitlines()]
    assert answer.returncode == 0
    assert "0 failed, 0 warnings" in answer.stdout
    assert {row[0] for row in rows[2:] if row} <= {"ok", "00DHs000000EmuLMAS", "requests", "PendingServiceRouting,"}
    assert after == before
    assert not left_behind


@pytest.mark.covers("salesforce-3")
@pytest.mark.parametrize(("channels", "code"), [(VOICEMAILS_ONLY, 0), (LIVE_CALLS_ONLY, 3)], ids=["done", "forgotten"])
def test_the_voicemail_flow_is_read_where_setup_keeps_it(
    folder: Path, channels: tuple[PhoneChannel, ...], code: int
) -> None:
    """ContactCenterChannel.VoicemailHandler and VoicemailFallbackQueueId, whatever live calls have."""
    with Emulator(seed=Seed(phone_channels=channels)) as emulator:
        answer = run("doctor", settings=emulator.env(), folder=folder)

    assert answer.returncode == code, answer.stdout


@pytest.mark.covers("salesforce-3")
def test_a_user_who_may_not_read_setup_is_told_where_to_look(folder: Path) -> None:
    """No object permission opens ContactCenterChannel; least rights are no failure."""
    seed = Seed(users=(User(admin=False),))
    with Emulator(seed=seed) as emulator:
        admin = emulator.org.database.insert("PermissionSet", {"Name": "All", "Label": "All"}, by_system=True)
        changes = {"PermissionsApiEnabled": True, "PermissionsViewAllData": True}
        emulator.org.database.update("PermissionSet", admin, changes, by_system=True)
        emulator.assign(seed.users[0].username, "All")
        answer = run("doctor", "--json", settings=emulator.env(), folder=folder)

    (found,) = [one for one in the_document(answer)["findings"] if one["check"] == "phone channel"]
    assert found["verdict"] == "skip"
    assert "Contact Center Channels" in found["saw"]


def test_parked_voicemails_are_a_warning(folder: Path) -> None:
    """Somebody has to look after them."""
    wav = a_wav_file(folder / "a.wav")
    with Emulator() as emulator:
        settings = emulator.env() | {f"{PREFIX}RETRY_BASE_SECONDS": "0.05", f"{PREFIX}PATIENCE_SECONDS": "1"}
        run("deliver", wav, "--from", "4155550142", "--to", "+18005550199", settings=settings, folder=folder)
        answer = run("doctor", "--json", settings=settings, folder=folder)

    (journal,) = [one for one in the_document(answer)["findings"] if one["check"] == "journal"]
    assert answer.returncode == 6
    assert (journal["verdict"], journal["saw"]) == ("warn", "0 waiting, 0 running, 0 delivered, 1 parked")
    assert "scv-voicemail retry" in journal["fix"]
