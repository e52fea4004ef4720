"""The command line as a user meets it: real processes, real files, a local Salesforce."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from scv_emulator.server import Emulator
from scv_voicemail.cli.rehearsal import demo_recording
from scv_voicemail.journal.sqlite import SqliteJournal

from tests.builders import NOON, a_voicemail
from tests.commands import PATIENCE_SECONDS, PREFIX, argv, environment, run, the_document
from tests.scenarios.simulation import held

FROM = ("--from", "+14155550142")
TO = ("--to", "+18005550100")
UNKNOWN_NUMBER = ("--to", "+18005550199")


# ----------------------------------------------------------------------------------------------------------- deliver


def test_a_voicemail_is_delivered_and_told(emulator: Emulator, settings: dict[str, str], wav: Path) -> None:
    """Exit code 0, one line, and the org has it; with --json everything a program wants to know."""
    told = run("deliver", wav, *FROM, *TO, "--transcript", "Hello", "--id", "call-1", settings=settings)
    as_json = run("deliver", wav, *FROM, *TO, "--id", "call-2", "--json", settings=settings)

    document = the_document(as_json)
    assert (told.returncode, as_json.returncode) == (0, 0)
    assert told.stdout.startswith("call-1 to voice_call: delivered as 0LQ")
    assert document["runs"][0]["state"] == "delivered"
    assert document["id"] == "call-2"
    assert held(emulator.state(), "call-1").counts == (1, 1, 1, 1)
    assert held(emulator.state(), "call-2").counts == (1, 1, 0, 1)


def test_the_same_voicemail_again_is_delivered_once(emulator: Emulator, settings: dict[str, str], wav: Path) -> None:
    """Without --id too: the same file, numbers and time are the same call."""
    first = the_document(run("deliver", wav, *FROM, *TO, "--json", settings=settings))
    again = the_document(run("deliver", wav, *FROM, *TO, "--json", settings=settings))

    assert first["id"] == again["id"]
    assert held(emulator.state(), first["id"]).counts == (1, 1, 0, 1)


@pytest.mark.parametrize(
    "content", ["One. Two.", '[{"text": "One.", "start": 0, "end": 0.5}, {"text": "Two.", "start": 1, "end": 2}]']
)
def test_a_transcript_comes_from_a_file(content: str, emulator: Emulator, settings: dict[str, str], wav: Path) -> None:
    """Text or timed segments."""
    file = wav.with_suffix(".transcript")
    file.write_text(content)

    answer = run("deliver", wav, *FROM, *TO, "--id", "read", "--transcript-file", file, settings=settings)

    assert answer.returncode == 0, answer.stderr
    assert " ".join(row["_text"] for row in held(emulator.state(), "read").entries) == "One. Two."


def test_the_dialed_number_may_come_from_the_settings(settings: dict[str, str], wav: Path) -> None:
    """Without either it is a usage error that names both ways."""
    number = f"{PREFIX}DIALED_NUMBER"

    given = run("deliver", wav, *FROM, settings=settings)
    missing = run("deliver", wav, *FROM, settings={name: settings[name] for name in settings if name != number})

    assert given.returncode == 0, given.stderr
    assert missing.returncode == 2
    assert "--to" in missing.stderr
    assert number in missing.stderr


def a_text_file(folder: Path) -> Path:
    file = folder / "no.wav"
    file.write_text("This is no audio.")
    return file


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (lambda folder: ("nowhere.wav", *FROM), "nowhere.wav"),
        (lambda folder: (a_text_file(folder), *FROM), "WAV"),
        (lambda folder: (folder / "msg.wav", *FROM, "--to", "banana"), "number"),
        (lambda folder: (folder / "msg.wav", *FROM, "--received-at", "2026-03-01T09:30:00"), "time zone"),
        (lambda folder: (folder / "msg.wav", *FROM, "--transcript-file", "nowhere.txt"), "nowhere.txt"),
        (lambda folder: (folder / "msg.wav", *FROM, "--language", "the Queen's"), "language"),
    ],
)
def test_what_cannot_be_delivered_is_refused_and_not_kept(
    arguments: Callable[[Path], tuple[Any, ...]], reason: str, settings: dict[str, str], wav: Path
) -> None:
    """Exit code 1 and the reason; the journal knows nothing, and no copy is left."""
    answer = run("deliver", *arguments(wav.parent), "--json", settings=settings)
    known = the_document(run("status", "--json", settings=settings))

    error = the_document(answer)["error"]
    assert answer.returncode == error["exit"] == 1
    assert reason in error["message"]
    assert error["fix"]
    assert known["runs"] == []


@pytest.mark.parametrize(
    "arguments",
    [
        ("deliver", "msg.wav"),
        ("deliver", "msg.wav", *FROM, "--wiat", "3"),
        ("deliver", "msg.wav", *FROM, "--wait", "-3"),
        ("deliver", "msg.wav", *FROM, "--wait", "nan"),
        ("deliver", "msg.wav", *FROM, "--wait", "soon"),
        ("deliver", "msg.wav", *FROM, "--transcript", "a", "--transcript-file", "b"),
        ("deliver", "msg.wav", *FROM, "--queue", "a", "--rep", "b"),
        ("deliver", "msg.wav", *FROM, "--attribute", "Department__c"),
        ("deliver", "msg.wav", *FROM, "--target", "fax"),
        ("status", "--state", "lost"),
        ("status", "--limit", "0"),
        ("explain",),
        ("retry",),
        ("retry", "a", "--all-parked"),
        ("retry", "--all-parked", "--to", "+18005550100"),
        ("retry", "a", "--queue", "b", "--rep", "c"),
        ("deliver", "msg.wav", *FROM, "--again", "--id", "a"),
        ("watch", "nowhere"),
        ("delvier",),
        ("--log-level", "loud", "status"),
        ("--env-file", "nowhere.env", "status"),
        ("emulator", "--port", "99999"),
        ("emulator", "--apply-delay-ms", "-1"),
        ("keys", "generate", "--days", "0"),
    ],
    ids=" ".join,
)
def test_a_typing_error_is_a_usage_error(arguments: tuple[str, ...], settings: dict[str, str], tmp_path: Path) -> None:
    """Exit code 2, one document, a sentence that names the option, and nothing is done."""
    answer = run(*arguments, "--json", settings=settings, folder=tmp_path)

    error = the_document(answer)["error"]
    assert answer.returncode == error["exit"] == 2
    assert error["message"] in " ".join(answer.stderr.split())
    assert not (tmp_path / "journal.db").exists() or arguments[0] in ("status", "retry", "explain", "deliver")


def test_a_missing_setting_is_an_error_of_configuration(wav: Path, tmp_path: Path) -> None:
    """Exit code 3, every missing variable, and what to do."""
    answer = run("deliver", wav, *FROM, *TO, settings={"HOME": str(tmp_path)}, folder=tmp_path)

    assert answer.returncode == 3
    assert f"{PREFIX}TELEPHONY_URL" in answer.stderr
    assert "doctor" in answer.stderr
    assert answer.stdout == ""


def test_delivered_with_a_warning_is_told_apart(settings: dict[str, str], wav: Path) -> None:
    """Exit code 6: without REST access nobody has seen it arrive."""
    blind = {name: value for name, value in settings.items() if name != f"{PREFIX}LOGIN_URL"}

    answer = run("deliver", wav, *FROM, *TO, settings=blind | {f"{PREFIX}CONFIRM_WAIT_SECONDS": "0.5"})

    assert answer.returncode == 6, answer.stderr
    assert "delivered" in answer.stdout
    assert "warning: not verified" in answer.stderr


@pytest.mark.covers("first-hour-2", "identity-4")
def test_a_message_handed_in_again_is_told_added_to_or_refused(
    emulator: Emulator, settings: dict[str, str], wav: Path, tmp_path: Path
) -> None:
    """By a copy with another time; and twice only when that is asked for."""
    first = the_document(run("deliver", wav, *FROM, *TO, "--json", settings=settings))
    copy = tmp_path / "again" / "another name.wav"
    copy.parent.mkdir()
    copy.write_bytes(wav.read_bytes())

    alike = run("deliver", copy, *FROM, *TO, "--json", settings=settings)
    told = run("deliver", copy, *FROM, *TO, settings=settings)
    too_late = run("deliver", copy, *FROM, *TO, "--transcript", "Hello", "--json", settings=settings)
    added = run("deliver", copy, *FROM, *TO, "--target", "case", "--json", settings=settings)
    twice = the_document(run("deliver", copy, *FROM, *TO, "--again", "--json", settings=settings))

    assert (first["new"], alike.returncode, told.returncode) == (True, 0, 0)
    known = the_document(alike)
    assert (known["new"], known["id"], known["added"], known["exit"]) == (False, first["id"], [], 0)
    assert f"voicemail {first['id']} is known, left at {first['started_at'][:19].replace('T', ' ')}" in told.stderr
    assert too_late.returncode == 6
    assert the_document(too_late)["error"]["fields"] == ["transcript"]
    assert the_document(added)["added"] == ["target case"]
    assert sorted(one["target"] for one in the_document(added)["runs"]) == ["case", "voice_call"]
    assert (twice["new"], twice["id"] == first["id"]) == (True, False)
    assert [held(emulator.state(), one["id"]).counts for one in (first, twice)] == [(1, 1, 0, 1)] * 2


@pytest.mark.covers("first-hour-3")
def test_a_number_that_was_mistyped_is_corrected_and_delivered(
    emulator: Emulator, settings: dict[str, str], wav: Path
) -> None:
    """By the command that puts it back to work, under its own id."""
    parked = run("deliver", wav, *FROM, *UNKNOWN_NUMBER, "--id", "typo", settings=settings)

    corrected = run("retry", "typo", *TO, "--queue", "Voicemail", "--json", settings=settings)
    worked = run("worker", "--until-idle", settings=settings)

    assert parked.returncode == 7
    assert the_document(corrected)["corrected"] == ["dialed_number", "mailbox"]
    assert worked.returncode == 0, run("explain", "typo", settings=settings).stdout
    assert held(emulator.state(), "typo").counts == (1, 1, 0, 1)


# ------------------------------------------------------------------------------------------- status, explain, retry


def test_a_parked_voicemail_is_explained_mended_and_retried(
    emulator: Emulator, settings: dict[str, str], wav: Path
) -> None:
    """The whole way of a human: 7, status, explain with reason and fix, retry, worker, 0."""
    parked = run("deliver", wav, *FROM, *UNKNOWN_NUMBER, "--id", "lost", settings=settings)
    status = run("status", settings=settings)
    explained = run("explain", "lost", settings=settings)
    retried = run("retry", "lost", settings=settings)
    mended = settings | {f"{PREFIX}FALLBACK_QUEUE": "Voicemail", f"{PREFIX}FLOW_DEV_NAME": "Voicemail_Omni_Routing"}
    worked = run("worker", "--until-idle", settings=mended)
    after = run("status", "lost", "--json", settings=settings)

    assert (parked.returncode, status.returncode, retried.returncode) == (7, 7, 0)
    assert "scv-voicemail retry 'lost'" in parked.stderr
    assert "1 parked" in status.stdout
    assert "No phone channel" in status.stdout
    assert explained.returncode == 0
    assert "[service telephony, HTTP 400" in explained.stdout
    assert "scv-voicemail retry 'lost'" in " ".join(explained.stdout.split())
    assert "1 put back to work" in retried.stdout
    assert worked.returncode == 0, worked.stderr
    assert (after.returncode, the_document(after)["runs"][0]["state"]) == (0, "delivered")
    assert held(emulator.state(), "lost").counts == (1, 1, 0, 1)


@pytest.mark.covers("retry-1")
@pytest.mark.parametrize(("step", "put_back"), [("open", 1), ("no_such_step", 0)])
def test_a_human_chooses_where_a_retry_begins(settings: dict[str, str], wav: Path, step: str, put_back: int) -> None:
    """At a step that was done already; a step that was not done is none to begin again at."""
    run("deliver", wav, *FROM, *UNKNOWN_NUMBER, "--id", "lost", settings=settings)

    retried = run("retry", "lost", "--from-step", step, settings=settings)
    explained = run("status", "lost", "--json", settings=settings)

    (held_run,) = the_document(explained)["runs"]
    assert f"{put_back} put back to work" in retried.stdout
    assert ("open" in held_run["receipts"]) == (put_back == 0)


def test_a_waiting_voicemail_says_when_and_how_it_goes_on(settings: dict[str, str], wav: Path) -> None:
    """Exit code 7, from deliver and from status."""
    patient = settings | {f"{PREFIX}RETRY_BASE_SECONDS": "600"}

    delivered = run("deliver", wav, *FROM, *UNKNOWN_NUMBER, "--id", "later", "--wait", "1", settings=patient)
    explained = run("explain", "later", "--json", settings=settings)

    story = the_document(explained)
    assert delivered.returncode == 7
    assert "a worker tries again at" in delivered.stderr
    assert story["runs"][0]["state"] == "waiting"
    assert [event["kind"] for event in story["events"]][:2] == ["accepted", "done"]
    assert run("status", settings=settings).returncode == 7


def test_the_caller_is_not_shown_in_full(settings: dict[str, str], wav: Path) -> None:
    """A story is pasted into tickets."""
    run("deliver", wav, *FROM, *TO, "--id", "private", "--transcript", "My secret", settings=settings)

    told = run("explain", "private", settings=settings).stdout
    as_json = run("explain", "private", "--json", settings=settings).stdout

    for text in (told, as_json):
        assert "***42" in text
        assert "4155550142" not in text
        assert "My secret" not in text


@pytest.mark.parametrize("command", ["status", "explain", "retry"])
def test_a_voicemail_that_goes_nowhere_says_so(command: str, settings: dict[str, str]) -> None:
    """Silence is kept and known, but nobody is bothered with it."""
    with closing(SqliteJournal(Path(settings[f"{PREFIX}JOURNAL"]))) as journal:
        journal.accept(a_voicemail(id="silent"), targets=(), now=NOON)

    answer = run(command, "silent", settings=settings)

    assert answer.returncode == 0, answer.stderr
    assert "goes nowhere" in answer.stdout + answer.stderr


@pytest.mark.parametrize("command", ["status", "explain", "retry"])
def test_an_unknown_voicemail_is_told(command: str, settings: dict[str, str]) -> None:
    """Exit code 1, and where to look."""
    answer = run(command, "nobody", "--json", settings=settings)

    error = the_document(answer)["error"]
    assert answer.returncode == error["exit"] == 1
    assert "nobody" in error["message"]
    assert "scv-voicemail status" in error["fix"]


def test_an_old_parked_voicemail_counts_though_it_is_not_shown(settings: dict[str, str], wav: Path) -> None:
    """Monitoring goes by the exit code."""
    run("deliver", wav, *FROM, *UNKNOWN_NUMBER, "--id", "lost-long-ago", settings=settings)
    run("deliver", wav, *FROM, *TO, "--id", "new", settings=settings)

    answer = run("status", "--limit", "1", settings=settings)
    delivered = run("status", "--state", "delivered", settings=settings)

    assert "lost-long-ago" not in answer.stdout
    assert (answer.returncode, delivered.returncode) == (7, 0)


# ------------------------------------------------------------------------------------------------------- manners


def test_without_arguments_the_help_is_shown() -> None:
    """The first thing a newcomer types."""
    answer = run()

    assert answer.returncode == 0
    assert "demo" in answer.stdout
    assert answer.stderr == ""


def test_what_is_piped_is_plain(settings: dict[str, str], wav: Path) -> None:
    """No colours and no cursor movements, without NO_COLOR too."""
    run("deliver", wav, *FROM, *UNKNOWN_NUMBER, "--id", "plain", settings=settings)
    for command in (("status",), ("explain", "plain"), ("doctor",), ("--help",)):
        answer = run(*command, settings=settings | {"NO_COLOR": ""})

        assert "\x1b" not in answer.stdout + answer.stderr


@pytest.mark.parametrize("arguments", [("status", "--json"), ("status",), ("--help",)])
def test_a_reader_who_goes_away_is_no_drama(arguments: tuple[str, ...], settings: dict[str, str]) -> None:
    """`scv-voicemail status | true`: nothing is said, and it is not taken for a success."""
    process = subprocess.Popen(
        argv(*arguments), env=environment(settings), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()

    talk = process.stderr.read()
    process.stderr.close()

    assert process.wait(timeout=PATIENCE_SECONDS) == 1
    assert talk == ""


def test_a_character_that_the_terminal_lacks_is_replaced(settings: dict[str, str], wav: Path) -> None:
    """An id in another alphabet does not end in a traceback."""
    ascii_only = settings | {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}

    answer = run("deliver", wav, *FROM, *TO, "--id", "anruf-ü", settings=ascii_only)
    status = run("status", settings=ascii_only)

    assert (answer.returncode, status.returncode) == (0, 0), answer.stderr
    assert "anruf-?" in answer.stderr
    assert "anruf-?" in status.stdout


# ---------------------------------------------------------------------------------------------------------- the demo


def test_the_demo_never_reaches_the_users_own_org(emulator: Emulator, tmp_path: Path) -> None:
    """Environment, .env, TOML and proxy of the user are left alone: with each of them broken, the demo still works."""
    own = dict.fromkeys(("HTTP_PROXY", "http_proxy", "ALL_PROXY"), "http://127.0.0.1:9")
    own |= emulator.env() | {f"{PREFIX}TRANSCRIBER": "touch leaked", f"{PREFIX}TARGETS": "fax"}
    (tmp_path / ".env").write_text("".join(f"{name}={value}\n" for name, value in emulator.env().items()))
    (tmp_path / "scv-voicemail.toml").write_text('targets = ["fax"]\nfallback_queue = "Nobody"\n')
    before = len(emulator.requests())

    answer = run("demo", "--recording", demo_recording(), "--json", settings=own, folder=tmp_path)

    document = the_document(answer)
    assert answer.returncode == 0, answer.stderr
    assert document["ok"]
    assert all(check["agrees"] for check in document["checks"])
    assert len(emulator.requests()) == before
    assert not (tmp_path / "leaked").exists()
    assert not emulator.files.journal.exists()


def test_a_demo_without_a_recording_says_so() -> None:
    """Before anything is started."""
    answer = run("demo", "--recording", "nowhere.wav", "--json")

    assert answer.returncode == 1
    assert "nowhere.wav" in the_document(answer)["error"]["message"]


@pytest.mark.covers("poison-5", "poison-3")
def test_status_shows_what_lies_aside_with_its_reason(tmp_path: Path) -> None:
    """Set aside, left or ignored: in words and in JSON, also when no voicemail is there at all."""
    settings = {f"{PREFIX}JOURNAL": str(tmp_path / "journal.db")}
    with closing(SqliteJournal(tmp_path / "journal.db")) as journal:
        journal.notice(source="asterisk /spool", name="100@default", kind="set aside", reason="no audio", now=NOON)

    answer, document = run("status", settings=settings), the_document(run("status", "--json", settings=settings))

    assert "asterisk /spool: 100@default (set aside 2026-11-20 12:00 UTC): no audio" in answer.stdout
    (notice,) = document["notices"]
    assert (notice["source"], notice["kind"], notice["times"]) == ("asterisk /spool", "set aside", 1)
