"""Where settings come from, and what is said about wrong ones."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from scv_voicemail.errors import SettingsInvalid
from scv_voicemail.settings import PREFIX, DynamoDbTable, Settings, load, unknown_names


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder, and an environment without settings."""
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_without_anything_there_are_only_defaults() -> None:
    """Loading them fails nowhere; what is missing is said when it is needed."""
    settings = load()

    assert settings.telephony_url == ""
    assert settings.targets == ("voice_call",)
    assert not settings.has_rest


def test_the_first_source_wins(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Arguments, environment, .env, TOML, default: each setting from the first that has it."""
    (place / "scv-voicemail.toml").write_text(
        'org_id = "toml"\ncall_center = "toml"\nusername = "toml"\nclient_id = "toml"\n'
    )
    (place / ".env").write_text(f"{PREFIX}ORG_ID=file\n{PREFIX}CALL_CENTER=file\n{PREFIX}USERNAME=file\n")
    monkeypatch.setenv(f"{PREFIX}ORG_ID", "environment")
    monkeypatch.setenv(f"{PREFIX}CALL_CENTER", "environment")

    settings = load(org_id="argument")

    found = (settings.org_id, settings.call_center, settings.username, settings.client_id, settings.api_version)
    assert found == ("argument", "environment", "file", "toml", "66.0")


def test_other_files_can_be_named(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then ./.env and ./scv-voicemail.toml are not read."""
    (place / ".env").write_text(f"{PREFIX}ORG_ID=wrong\n{PREFIX}USERNAME=wrong\n")
    (place / "other.env").write_text(f"{PREFIX}ORG_ID=right\n")
    (place / "other.toml").write_text('call_center = "right"\n')
    monkeypatch.setenv(f"{PREFIX}ENV_FILE", str(place / "other.env"))
    monkeypatch.setenv(f"{PREFIX}CONFIG", str(place / "other.toml"))

    settings = load()

    assert (settings.org_id, settings.call_center, settings.username) == ("right", "right", "")


@pytest.mark.parametrize("name", ["ENV_FILE", "CONFIG"])
def test_a_named_file_must_be_there(name: str, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Silently reading nothing would deliver to nobody's org."""
    monkeypatch.setenv(PREFIX + name, str(place / "nowhere"))

    with pytest.raises(SettingsInvalid, match=f"{PREFIX}{name}: there is no file"):
        load()


def test_every_wrong_setting_is_named_in_one_error_without_its_value(monkeypatch: pytest.MonkeyPatch) -> None:
    """A value may be a secret that went into the wrong variable."""
    monkeypatch.setenv(f"{PREFIX}LEASE_SECONDS", "-5")
    monkeypatch.setenv(f"{PREFIX}TIMEOUT_SECONDS", "sesame")
    monkeypatch.setenv(f"{PREFIX}HORIZON_HOURS", "inf")

    with pytest.raises(SettingsInvalid) as caught:
        load()

    text = str(caught.value)
    assert all(f"{PREFIX}{name}" in text for name in ("LEASE_SECONDS", "TIMEOUT_SECONDS", "HORIZON_HOURS"))
    assert "sesame" not in text


@pytest.mark.parametrize(
    ("name", "content"), [("scv-voicemail.toml", "org_id = "), (".env", "\udcff"), ("scv-voicemail.toml", "\udcff")]
)
def test_an_unreadable_file_is_an_error_of_the_settings(name: str, content: str, place: Path) -> None:
    """Not a traceback."""
    (place / name).write_bytes(content.encode("utf-8", "surrogateescape"))

    with pytest.raises(SettingsInvalid, match="could not be read"):
        load()


def test_an_empty_variable_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """A template of an .env file has every name and not every value."""
    monkeypatch.setenv(f"{PREFIX}TARGETS", "")
    monkeypatch.setenv(f"{PREFIX}CERTIFICATE_FILE", "")
    monkeypatch.setenv(f"{PREFIX}LEASE_SECONDS", "")

    settings = load()

    assert (settings.targets, settings.certificate_file, settings.lease_seconds) == (("voice_call",), None, 120)


def test_lists_are_written_as_people_write_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """Targets with commas, a command as in a shell, mappings as JSON."""
    monkeypatch.setenv(f"{PREFIX}TARGETS", "voice_call, webhook")
    monkeypatch.setenv(f"{PREFIX}TRANSCRIBER", "whisper --model 'base en' {recording}")
    monkeypatch.setenv(f"{PREFIX}MAILBOX_QUEUES", '{"100": "Sales"}')

    settings = load()

    assert settings.targets == ("voice_call", "webhook")
    assert settings.transcriber == ("whisper", "--model", "base en", "{recording}")
    assert settings.mailbox_queues == {"100": "Sales"}


def test_a_flow_input_names_only_what_is_filled_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise every voicemail would fail when it is routed."""
    monkeypatch.setenv(f"{PREFIX}FLOW_INPUT_PARAMETERS", '{"box": "{mailbox}", "who": "{calller}"}')

    with pytest.raises(SettingsInvalid, match=r"who has \{calller\}, known are \{caller\}, \{mailbox\}"):
        load()


def test_tables_of_fields_come_from_toml_and_environment(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """TOML's numbers and booleans become text, which is what a template is; the environment holds JSON."""
    (place / "scv-voicemail.toml").write_text('[case_fields]\nSubject = "x"\nIs_New__c = true\nWeight__c = 3\n')
    monkeypatch.setenv(f"{PREFIX}CUSTOM_OBJECT_FIELDS", '{"Text__c": "{caller}", "Flag__c": false}')

    settings = load()

    assert settings.case_fields == {"Subject": "x", "Is_New__c": "true", "Weight__c": "3"}
    assert settings.custom_object_fields == {"Text__c": "{caller}", "Flag__c": "false"}


def test_a_private_key_comes_inline_or_from_a_file(place: Path) -> None:
    """Inline, its line breaks may be written as two characters; neither shows up in a print of the settings."""
    (place / "key.pem").write_text("a\nsecret\n")

    from_file = Settings(private_key_file=place / "key.pem")
    inline = Settings(private_key="a\\nsecret\\n")

    assert from_file.telephony_key() == inline.telephony_key() == "a\nsecret\n"
    assert "secret" not in repr(from_file) + repr(inline)


@pytest.mark.parametrize("file", [None, Path("nowhere.pem"), Path()])
def test_a_private_key_that_cannot_be_read_is_told_by_its_variable(file: Path | None) -> None:
    """None given, not there, or a folder."""
    with pytest.raises(SettingsInvalid, match=f"{PREFIX}PRIVATE_KEY_FILE"):
        Settings(private_key_file=file).telephony_key()


def test_the_key_of_the_contact_center_does_not_stand_in_for_the_app() -> None:
    """They are two keys of two certificates."""
    with pytest.raises(SettingsInvalid, match=f"{PREFIX}OAUTH_KEY_FILE"):
        Settings(private_key="telephony").rest_key()


def test_misspelt_names_are_found(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the environment and in the file; the names of the files themselves are known."""
    (place / "my.env").write_text(f"{PREFIX}ORGID=00D\n{PREFIX}ORG_ID=00D\n")
    monkeypatch.setenv(f"{PREFIX}ENV_FILE", "my.env")
    monkeypatch.setenv(f"{PREFIX}CALLCENTER", "x")

    assert unknown_names() == [f"{PREFIX}CALLCENTER", f"{PREFIX}ORGID"]


def test_the_journal_is_a_path_or_a_table(monkeypatch: pytest.MonkeyPatch) -> None:
    """One setting; a table is written as people name it."""
    monkeypatch.setenv(f"{PREFIX}JOURNAL", "somewhere/journal.db")
    path = load().journal
    monkeypatch.setenv(f"{PREFIX}JOURNAL", "dynamodb://voicemails")
    table = load().journal

    assert path == Path("somewhere/journal.db")
    assert table == DynamoDbTable("voicemails")
    assert str(table) == "dynamodb://voicemails"


@pytest.mark.parametrize("wrong", ["dynamodb://", "dynamodb://a/b", "dynamodb://no", "postgres://voicemails"])
def test_a_journal_that_is_neither_is_refused(wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not taken for a path of that name."""
    monkeypatch.setenv(f"{PREFIX}JOURNAL", wrong)

    with pytest.raises(SettingsInvalid, match=r"JOURNAL.*dynamodb:// and the name of a table"):
        load()
