"""Settings in, a connector out; nobody is talked to."""

from __future__ import annotations

import inspect
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import scv_voicemail
from scv_voicemail.cli.keys import make_pair
from scv_voicemail.errors import BadRecording, BadVoicemail, SettingsInvalid, VoicemailError
from scv_voicemail.intake.again import HandedIn
from scv_voicemail.intake.single import read_voicemail
from scv_voicemail.ports import Arrival, RunState
from scv_voicemail.settings import Settings
from scv_voicemail.target_wiring import field_maps
from scv_voicemail.voicemail import Mailbox, MailboxKind, Voicemail
from scv_voicemail.wiring import Connector, asterisk_spool, connect, salesforce_client, telephony_client, watched_folder

from tests.builders import a_recording, a_voicemail
from tests.wav_files import a_wav_file

NOWHERE = "https://nowhere.invalid"


@pytest.fixture(scope="module")
def key_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("keys")
    make_pair(folder / "key.pem", folder / "crt.pem", subject="test", days=1)
    return folder / "key.pem"


@pytest.fixture
def settings(tmp_path: Path, key_file: Path) -> dict[str, Any]:
    return {
        "_env_file": None,
        "telephony_url": NOWHERE,
        "org_id": "00D000000000001",
        "call_center": "Center",
        "private_key_file": key_file,
        "recording_url": "https://recordings.example.com/{name}",
        "recordings_dir": tmp_path / "recordings",
        "journal": tmp_path / "journal.db",
        "dialed_number": "+18005550100",
    }


class Pile:
    """A recording source that holds what it was given, and notes what becomes of it."""

    def __init__(self, **arrivals: Voicemail | Exception) -> None:
        self.arrivals = arrivals
        self.taken: list[str] = []
        self.set_aside: dict[str, str] = {}

    def pending(self) -> Iterator[Arrival]:
        for name, what in self.arrivals.items():
            yield Arrival(
                name=name,
                read=lambda what=what: self._read(what),  # type: ignore[misc]
                taken=lambda name=name: self.taken.append(name),  # type: ignore[misc]
                set_aside=lambda reason, name=name: self.set_aside.update({name: reason}),  # type: ignore[misc]
            )

    @staticmethod
    def _read(what: Voicemail | Exception) -> Voicemail:
        if isinstance(what, Exception):
            raise what
        return what


def test_everything_that_is_missing_is_told_at_once() -> None:
    """One error, not one per start."""
    with pytest.raises(SettingsInvalid) as caught:
        connect(Settings(_env_file=None))  # type: ignore[call-arg]  # pydantic-settings takes it

    for name in ("TELEPHONY_URL", "ORG_ID", "CALL_CENTER", "RECORDING_URL"):
        assert f"SCV_VOICEMAIL_{name}" in str(caught.value)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"private_key_file": None}, "PRIVATE_KEY_FILE"),
        ({"private_key_file": "nowhere.pem"}, "nowhere.pem"),
        ({"telephony_url": "http://nowhere.invalid"}, "https"),
        ({"recording_url": "https://example.com/one.wav"}, "name"),
        ({"recording_url": "https://example.com/{name}?X-Amz-Signature=1"}, "signed"),
        ({"targets": ()}, "names no target"),
        ({"targets": ("voice_call", "fax")}, "no target 'fax'"),
        ({"login_url": NOWHERE, "client_id": "key", "username": "me"}, "OAUTH_KEY"),
    ],
)
def test_a_connector_that_could_not_deliver_is_not_built(
    settings: dict[str, Any], change: dict[str, Any], what: str
) -> None:
    """Said at the start, not over the first voicemail."""
    with pytest.raises(SettingsInvalid, match=what):
        connect(Settings(**settings | change))


def test_building_a_connector_talks_to_nobody(settings: dict[str, Any]) -> None:
    """A Lambda or a PBX hook can take a voicemail in while Salesforce is away."""
    with connect(Settings(**settings)) as connector:
        counts = connector.journal.counts()

    assert set(counts.values()) == {0}


def test_a_voicemail_that_was_submitted_is_copied_and_written_down(settings: dict[str, Any], tmp_path: Path) -> None:
    """With our own copy of the audio, its lasting address, and the number of the settings."""
    wav = a_wav_file(tmp_path / "in" / "a.wav", seconds=1)
    with connect(Settings(**settings)) as connector:
        voicemail_id = connector.submit(wav, caller="(415) 555-0142", voicemail_id="call-1")
        wav.unlink()
        voicemail = connector.journal.voicemail(voicemail_id)
        states = [run.state for run in connector.journal.runs(voicemail_id=voicemail_id)]

    assert voicemail is not None
    assert (voicemail.caller, voicemail.dialed_number) == ("+14155550142", "+18005550100")
    assert Path(voicemail.recording.path).parent == tmp_path / "recordings"
    assert voicemail.recording.location == "https://recordings.example.com/call-1.wav"
    assert states == [RunState.WAITING]


@pytest.mark.covers("first-hour-3")
@pytest.mark.parametrize("targets", ["fax", ["voice_call", "fax"], ("case",)])
def test_a_target_that_nobody_knows_is_refused_before_anything_is_kept(
    settings: dict[str, Any], tmp_path: Path, targets: Any
) -> None:
    """Whoever hands it in is there to correct it; without REST settings there is no `case` either."""
    wav = a_wav_file(tmp_path / "in" / "a.wav", seconds=1)
    with connect(Settings(**settings)) as connector:
        with pytest.raises(BadVoicemail, match="there are: voice_call"):
            connector.submit(wav, caller=None, targets=targets)
        counts = connector.journal.counts()

    assert set(counts.values()) == {0}
    assert not (tmp_path / "recordings").exists()


@pytest.mark.covers("first-hour-3")
@pytest.mark.parametrize(("named", "to"), [(("vioce_call",), "voice_call"), (("fax", "email"), "email")])
def test_a_source_that_names_a_target_which_nobody_knows_is_delivered(
    settings: dict[str, Any], tmp_path: Path, named: tuple[str, ...], to: str
) -> None:
    """Nobody is there to correct it: to the known ones among them, else to the default ones."""
    wav = a_wav_file(tmp_path / "in" / "a.wav", seconds=1)
    call = read_voicemail(wav, caller=None, dialed_number="+18005550100", voicemail_id="call-1", targets=named)
    with connect(Settings(**settings, other_targets="email")) as connector:
        taken = connector.take(Pile(a=call))
        targets = [run.target for run in connector.journal.runs()]

    assert (taken.new, targets) == (("call-1",), [to])


@pytest.mark.covers("first-hour-3")
def test_a_target_of_another_process_is_taken(settings: dict[str, Any], tmp_path: Path) -> None:
    """A setting names those that somebody else delivers to."""
    wav = a_wav_file(tmp_path / "in" / "a.wav", seconds=1)
    with connect(Settings(**settings, other_targets="case, fax")) as connector:
        connector.submit(wav, caller=None, targets=["case", "fax"])
        targets = sorted(run.target for run in connector.journal.runs())

    assert targets == ["case", "fax"]


@pytest.mark.covers("first-hour-1")
def test_a_text_is_one_target_and_none_is_none(settings: dict[str, Any], tmp_path: Path) -> None:
    """Once a run was made for each of its letters."""
    wav = a_wav_file(tmp_path / "in" / "a.wav", seconds=1)
    with connect(Settings(**settings)) as connector:
        connector.submit(wav, caller=None, targets="voice_call")
        for broken in ({"targets": [None]}, {"mailbox": "support"}, {"received_at": 1796086953}, {"caller": 1415}):
            with pytest.raises(BadVoicemail):
                connector.submit(wav, **{"caller": None, "voicemail_id": "other"} | broken)
        with pytest.raises(BadVoicemail):
            connector.accept(a_voicemail(targets=[None]))
        runs = connector.journal.runs()

    assert [run.target for run in runs] == ["voice_call"]


@pytest.mark.covers("first-hour-2", "identity-4")
def test_a_program_is_told_what_came_of_it(settings: dict[str, Any], tmp_path: Path) -> None:
    """By a callback; the id is that of the first one, or a second one's when that is asked for."""
    wav = a_wav_file(tmp_path / "in" / "a.wav", seconds=1)
    told: list[HandedIn] = []
    with connect(Settings(**settings)) as connector:
        ids = [connector.submit(wav, caller=None, handed_in=told.append) for _ in range(2)]
        ids.append(connector.submit(wav, caller=None, again=True, handed_in=told.append))
        with pytest.raises(BadVoicemail):
            connector.submit(wav, caller=None, again=True, voicemail_id="one")
        runs = connector.journal.runs()

    assert [one.new for one in told] == [True, False, True]
    assert [one.voicemail_id for one in told] == ids
    assert (ids[0] == ids[1], ids[2] == ids[0], len(runs)) == (True, False, 2)


@pytest.mark.covers("first-hour-8")
def test_everything_that_may_be_handed_in_is_spelt_out_and_typed() -> None:
    """An editor completes it, and a type checker checks it."""
    signature = inspect.signature(Connector.submit)

    kinds = {parameter.kind for name, parameter in signature.parameters.items() if name not in ("self", "recording")}
    assert kinds == {inspect.Parameter.KEYWORD_ONLY}
    assert {"targets", "mailbox", "received_at", "transcript", "attributes", "again"} <= set(signature.parameters)
    assert not [name for name, one in signature.parameters.items() if name != "self" and "Any" in str(one.annotation)]


@pytest.mark.covers("first-hour-8")
def test_the_package_shows_what_it_offers() -> None:
    """`dir()` and completion, without importing any of it."""
    assert set(scv_voicemail.__all__) <= set(dir(scv_voicemail))
    assert all(getattr(scv_voicemail, name).__module__.startswith("scv_voicemail") for name in scv_voicemail.__all__)
    with pytest.raises(AttributeError, match="no attribute 'conect'"):
        scv_voicemail.conect  # noqa: B018 - the access itself is what is tested


@pytest.mark.covers("first-hour-8")
@pytest.mark.parametrize(
    "use",
    [
        lambda connector: connector.submit("a.wav", caller=None),
        lambda connector: connector.accept(a_voicemail()),
        lambda connector: connector.deliver("call-1"),
        lambda connector: connector.take(Pile()),
        lambda connector: connector.work(until=lambda: True),
    ],
)
def test_a_closed_connector_says_so(settings: dict[str, Any], use: Callable[[Connector], object]) -> None:
    """By an error of ours; closing it twice is no mistake."""
    connector = connect(Settings(**settings))
    connector.close()
    connector.close()

    with pytest.raises(VoicemailError, match="closed"):
        use(connector)


def test_nothing_is_kept_of_a_recording_that_is_none(settings: dict[str, Any], tmp_path: Path) -> None:
    """No copy, no line in the journal."""
    wav = tmp_path / "a.wav"
    wav.write_bytes(b"no audio")
    with connect(Settings(**settings)) as connector:
        with pytest.raises(BadRecording):
            connector.submit(wav, caller=None)
        known = connector.journal.runs()

    assert known == []
    assert not list((tmp_path / "recordings").glob("*"))


def test_each_arrival_is_taken_or_set_aside(settings: dict[str, Any], tmp_path: Path) -> None:
    """A bad one in the middle does not hold up the rest; a known one is settled like a new one."""
    from scv_voicemail.intake.single import read_voicemail

    one = read_voicemail(a_wav_file(tmp_path / "a.wav"), caller=None, dialed_number="+18005550100", voicemail_id="a")
    pile = Pile(first=one, broken=BadVoicemail("no number"), again=one)
    with connect(Settings(**settings)) as connector:
        taken = connector.take(pile)

    assert (taken.new, taken.known) == (("a",), ("a",))
    assert [name for name, _ in taken.set_aside] == ["broken"]
    assert pile.taken == ["first", "again"]
    assert "no number" in pile.set_aside["broken"]


def test_an_arrival_that_could_not_be_copied_is_not_settled(settings: dict[str, Any], tmp_path: Path) -> None:
    """It stays where it is and the next look finds it again: here the recordings folder is a file."""
    (tmp_path / "recordings").write_text("")
    pile = Pile(one=a_voicemail(recording=a_recording(path=str(a_wav_file(tmp_path / "a.wav")))))
    with connect(Settings(**settings)) as connector:
        taken = connector.take(pile)

    assert (taken.new, taken.known, taken.set_aside) == ((), (), ())
    assert (pile.taken, pile.set_aside) == ([], {})


def test_without_rest_settings_there_is_no_rest_client(settings: dict[str, Any]) -> None:
    """Half of them are none."""
    assert salesforce_client(Settings(**settings | {"login_url": NOWHERE, "username": "me"})) is None


def test_the_telephony_client_goes_by_the_settings(settings: dict[str, Any]) -> None:
    """Plain http only where it is allowed."""
    local = settings | {"telephony_url": "http://127.0.0.1:1"}

    telephony_client(Settings(**local | {"allow_plain_http": True})).close()

    with pytest.raises(SettingsInvalid, match="https"):
        telephony_client(Settings(**local))


def test_a_watched_folder_uses_the_number_of_the_settings(settings: dict[str, Any], tmp_path: Path) -> None:
    """Where the JSON names none."""
    a_wav_file(tmp_path / "in" / "a.wav")
    (tmp_path / "in" / "a.json").write_text('{"from": "4155550142"}')
    source = watched_folder(Settings(**settings), tmp_path / "in")
    source._settle_seconds = 0  # type: ignore[attr-defined]  # the files are seconds old in real life

    (arrival,) = source.pending()

    assert arrival.read().dialed_number == "+18005550100"


def test_a_spool_knows_the_mailboxes_of_the_settings(settings: dict[str, Any], tmp_path: Path) -> None:
    """Numbers, queues and reps by mailbox."""
    given = {"mailbox_numbers": {"100": "+18005550111"}, "mailbox_queues": {"100": "Sales"}, "mailbox_reps": {"7": "r"}}

    spool: Any = asterisk_spool(Settings(**settings | given), tmp_path)

    assert spool._dialed_numbers == {"100": "+18005550111"}
    assert spool._mailboxes == {
        "100": Mailbox(kind=MailboxKind.QUEUE, name="Sales"),
        "7": Mailbox(kind=MailboxKind.REP, name="r"),
    }


def test_the_package_is_imported_without_its_clients() -> None:
    """Heavy imports wait until they are needed."""
    code = "import sys, scv_voicemail; print(sorted({'httpx', 'simple_salesforce', 'cryptography'} & set(sys.modules)))"

    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    assert printed.strip() == "[]"


@pytest.fixture
def rest_only(settings: dict[str, Any], key_file: Path) -> dict[str, Any]:
    """Settings of somebody who has no contact center."""
    telephony = dict.fromkeys(("telephony_url", "org_id", "call_center"), "") | {"private_key_file": None}
    rest = {"login_url": NOWHERE, "client_id": "app", "username": "me@example.com", "oauth_key_file": key_file}
    return settings | telephony | rest | {"targets": ("case", "custom_object")}


def test_targets_are_built_when_they_are_named_or_possible(settings: dict[str, Any], rest_only: dict[str, Any]) -> None:
    """Without REST only the VoiceCall, without a contact center only records, with both everything."""
    with connect(Settings(**settings)) as telephony_only:
        assert list(telephony_only.pipeline.targets) == ["voice_call"]
    with connect(Settings(**rest_only)) as records_only:
        assert list(records_only.pipeline.targets) == ["case", "custom_object"]
    with connect(Settings(**rest_only | settings)) as everything:
        assert list(everything.pipeline.targets) == ["voice_call", "case", "custom_object"]


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"login_url": ""}, "not set: SCV_VOICEMAIL_LOGIN_URL"),
        ({"targets": ("case", "voice_call")}, "TELEPHONY_URL, SCV_VOICEMAIL_ORG_ID, SCV_VOICEMAIL_CALL_CENTER"),
        ({"case_fields": {"Subject": "{calller}"}}, r"SCV_VOICEMAIL_CASE_FIELDS: Subject has \{calller\}"),
        ({"custom_object_fields": {"No Name": "x"}}, "SCV_VOICEMAIL_CUSTOM_OBJECT_FIELDS: 'No Name' is no API name"),
        ({"custom_object": "Voicemail__c; DROP"}, "no API name"),
    ],
)
def test_records_that_could_not_be_made_are_told_at_the_start(
    rest_only: dict[str, Any], change: dict[str, Any], what: str
) -> None:
    """With the setting that is to be corrected."""
    with pytest.raises(SettingsInvalid, match=what):
        connect(Settings(**rest_only | change))


def test_an_event_needs_somebody_to_publish_it(settings: dict[str, Any]) -> None:
    """A VoiceCall alone does without REST, its event does not."""
    with pytest.raises(SettingsInvalid, match="LOGIN_URL, SCV_VOICEMAIL_CLIENT_ID, SCV_VOICEMAIL_USERNAME"):
        connect(Settings(**settings | {"publish_event": True}))


def test_an_object_of_ones_own_begins_with_an_empty_map(rest_only: dict[str, Any]) -> None:
    """The fields of Voicemail__c mean nothing there."""
    own = {
        "custom_object": "Message__c",
        "custom_object_key": "Key__c",
        "custom_object_fields": {"Text__c": "{caller}"},
    }

    maps = field_maps(Settings(**rest_only | own))

    assert (maps["custom_object"].object_name, maps["custom_object"].key) == ("Message__c", "Key__c")
    assert list(maps["custom_object"].written) == ["Text__c"]
    assert "Voicemail_Transcript__c" in maps["case"].written
