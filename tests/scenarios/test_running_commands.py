"""Commands that run for a while: stopped, killed, watching a folder, being the emulator."""

from __future__ import annotations

import json
import shutil
import signal
import time
from pathlib import Path

import pytest
from scv_emulator.server import Emulator

from tests.commands import PREFIX, Background, run, the_document, until
from tests.scenarios.simulation import held
from tests.wav_files import a_wav_file

pytestmark = pytest.mark.real_clock

FROM = ("--from", "+14155550142")
TO = ("--to", "+18005550100")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_a_worker_ends_when_it_is_told(number: signal.Signals, code: int, settings: dict[str, str]) -> None:
    """SIGTERM is how an idle worker ends; Ctrl-C is told apart. It answers before it goes."""
    with Background("worker", "--json", settings=settings) as worker:
        worker.talk()
        ended, out, err = worker.end(number)

    assert ended == code
    assert json.loads(out)["counts"] == {"waiting": 0, "running": 0, "delivered": 0, "parked": 0}
    assert "Traceback" not in err


def test_a_worker_finishes_what_it_is_doing(emulator: Emulator, settings: dict[str, str], wav: Path) -> None:
    """SIGTERM comes while an answer is on its way: the request is not sent a second time afterwards."""
    run("deliver", wav, *FROM, *TO, "--id", "busy", "--wait", "0", settings=settings)
    run("retry", "busy", settings=settings)
    fault = emulator.fault("latency", method="PATCH", path="*/omniFlow", latency_ms=1500)
    with Background("worker", "--json", settings=settings) as worker:
        until(lambda: [one for one in emulator.faults() if one["id"] == fault and one["hits"]])
        ended, _, err = worker.end(signal.SIGTERM)
    run("worker", "--until-idle", settings=settings)

    assert ended == 0, err
    assert len(emulator.requests(method="PATCH", path="*/omniFlow")) == 1
    assert held(emulator.state(), "busy").counts == (1, 1, 0, 1)


def test_a_folder_is_watched(emulator: Emulator, settings: dict[str, str], tmp_path: Path) -> None:
    """A pair that arrives while it runs is delivered and moved to done/; the number is the settings'."""
    folder = tmp_path / "in"
    folder.mkdir()
    with Background("watch", folder, settings=settings) as watcher:
        watcher.talk()
        a_wav_file(folder / "a.wav")
        (folder / "a.json").write_text('{"from": "4155550142", "id": "watched", "transcript": "Hi"}')
        until((folder / "done" / "a.wav").exists)
        until(lambda: held(emulator.state(), "watched").counts == (1, 1, 1, 1))
        ended, _, _ = watcher.end(signal.SIGTERM)

    assert ended == 0


def test_a_folder_is_emptied_once(emulator: Emulator, settings: dict[str, str], tmp_path: Path) -> None:
    """What lies there is delivered; what cannot be is set aside with its reason, and the exit code says so."""
    folder = tmp_path / "in"
    for name, number in (("good", ""), ("bad", "banana")):
        a_wav_file(folder / f"{name}.wav")
        (folder / f"{name}.json").write_text(json.dumps({"from": "4155550142", "id": name, "to": number}))
    time.sleep(2.2)  # files at rest for two seconds are complete

    answer = run("watch", folder, "--once", "--json", settings=settings)

    document = the_document(answer)
    assert document["new"] == ["good"]
    assert [one["name"] for one in document["set_aside"]] == ["bad.wav"]
    assert answer.returncode == 6
    assert held(emulator.state(), "good").counts == (1, 1, 0, 1)
    assert (folder / "failed" / "bad.reason.txt").exists()


def test_a_spool_of_asterisk_is_watched(emulator: Emulator, settings: dict[str, str], tmp_path: Path) -> None:
    """msg0000.wav and its .txt, as Asterisk writes them."""
    inbox = tmp_path / "spool" / "default" / "100" / "INBOX"
    a_wav_file(inbox / "msg0000.wav", seconds=2)
    (inbox / "msg0000.txt").write_text(
        "[message]\norigmailbox=100\ncontext=macro-vm\nexten=s\npriority=2\ncallerchan=SIP/7\n"
        'callerid="Ada" <4155550142>\norigdate=Fri Mar 20 12:00:00 PM UTC 2026\norigtime=1774008000\n'
        "category=\nmsg_id=1774008000-00000001\nflag=\nduration=2\n"
    )
    time.sleep(2.2)

    answer = run("watch", tmp_path / "spool", "--asterisk", "--once", "--json", settings=settings)

    document = the_document(answer)
    assert answer.returncode == 0, answer.stderr
    assert held(emulator.state(), document["new"][0]).counts == (1, 1, 0, 1)


def test_a_delivery_that_was_killed_is_finished_by_the_same_command(
    emulator: Emulator, settings: dict[str, str], wav: Path
) -> None:
    """The first process dies while it waits for the answer of the closing update, which took effect."""
    fault = emulator.fault("never_answer", method="PATCH", path="*/voiceCalls/0LQ*", skip=2, after_commit=True)
    command = ("deliver", wav, *FROM, *TO, "--transcript", "Hello", "--id", "killed")
    with Background(*command, settings=settings | {f"{PREFIX}TIMEOUT_SECONDS": "60"}) as first:
        until(lambda: [one for one in emulator.faults() if one["id"] == fault and one["hits"]])
        first.process.kill()
        first.process.communicate()

    answer = run(*command, settings=settings)

    assert answer.returncode == 0, answer.stderr
    assert held(emulator.state(), "killed").counts == (1, 1, 1, 1)


def test_ctrl_c_during_a_delivery_ends_with_130(emulator: Emulator, settings: dict[str, str], wav: Path) -> None:
    """The voicemail is safe, and the user is told how it goes on."""
    fault = emulator.fault("never_answer", method="PATCH", path="*/omniFlow")
    slow = settings | {f"{PREFIX}TIMEOUT_SECONDS": "60"}
    with Background("deliver", wav, *FROM, *TO, "--id", "stopped", settings=slow) as delivery:
        until(lambda: [one for one in emulator.faults() if one["id"] == fault and one["hits"]])
        ended, _, err = delivery.end(signal.SIGINT)
    emulator.clear_faults()
    again = run("deliver", wav, *FROM, *TO, "--id", "stopped", settings=settings)

    assert ended == 130
    assert "scv-voicemail worker" in err
    assert "Traceback" not in err
    assert again.returncode == 0, again.stderr
    assert held(emulator.state(), "stopped").counts == (1, 1, 0, 1)


# --------------------------------------------------------------------------------------- emulator and settings files


@pytest.mark.parametrize("how", ["option", "variable", "./.env"])
def test_the_emulators_settings_file_reaches_it(how: str, tmp_path: Path, wav: Path) -> None:
    """Its URL is the first line on stdout, and then the file is there."""
    file = tmp_path / "emulator.env"
    with Background("emulator", "--write-env", file, "--apply-delay-ms", "20", settings={}) as emulator:
        url = emulator.first_line()
        if how == "./.env":
            shutil.copy(file, tmp_path / ".env")
        before = ("--env-file", file) if how == "option" else ()
        settings = {f"{PREFIX}ENV_FILE": str(file)} if how == "variable" else {}
        answer = run(*before, "deliver", wav, *FROM, *TO, settings=settings, folder=tmp_path)
        checked = run(*before, "doctor", "--json", settings=settings, folder=tmp_path)
        ended, _, _ = emulator.end(signal.SIGTERM)

    assert url.startswith("http://127.0.0.1:")
    assert answer.returncode == 0, answer.stderr
    assert checked.returncode == 0, checked.stdout
    assert ended == 0
    assert file.stat().st_mode & 0o077 == 0


def test_the_emulator_answers_in_json(tmp_path: Path) -> None:
    """One document, also when its port is taken."""
    with Background("emulator", "--json", settings={}, folder=tmp_path) as emulator:
        url = json.loads(emulator.first_line())
        taken = run("emulator", "--json", "--port", url["url"].rpartition(":")[2], folder=tmp_path)

    assert url["schema_version"] == 1
    assert taken.returncode == the_document(taken)["error"]["exit"] == 1


def test_the_emulator_has_help_with_an_example() -> None:
    """It is a program of its own, and explains itself like the others."""
    answer = run("emulator", "--help")

    assert answer.returncode == 0
    assert "Example: scv-voicemail emulator" in " ".join(answer.stdout.split())
