"""The emulator over real sockets: faults, control door, recordings, command line."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from scv_emulator.server import Emulator
from scv_emulator.switches import Switches

from tests.builders import epoch_now

CREATE = "/telephony/v1/voiceCalls"


@pytest.fixture(scope="module")
def running() -> Iterator[Emulator]:
    """One emulator for the whole file."""
    with Emulator(switches=Switches(apply_delay_ms=0)) as emulator:
        yield emulator


@pytest.fixture
def emulator(running: Emulator) -> Emulator:
    """The emulator with a fresh org."""
    running.reset()
    return running


@pytest.fixture
def http(emulator: Emulator) -> Iterator[httpx.Client]:
    """A client of the emulator."""
    with httpx.Client(base_url=emulator.url, timeout=5) as client:
        yield client


def create(http: httpx.Client, emulator: Emulator, key: str = "call-1") -> httpx.Response:
    """Create a voice call, the way a connector does."""
    now = epoch_now()
    claims = {
        "iss": emulator.org.seed.org_id,
        "sub": "DemoContactCenter",
        "exp": now + 60,
        "jti": f"{key}{os.urandom(8)!r}",
    }
    token = jwt.encode(claims, emulator.org.telephony_keys["DemoContactCenter"].private_key_pem, algorithm="RS256")
    body = {
        "callCenterApiName": "DemoContactCenter",
        "vendorCallKey": key,
        "to": "+18005550100",
        "from": "+14155550123",
        "initiationMethod": "Inbound",
        "startTime": "2026-11-20T10:00:00Z",
        "participants": [{"participantKey": "x", "type": "END_USER"}],
    }
    return http.post(CREATE, json=body, headers={"Authorization": f"Bearer {token}"})


def calls(emulator: Emulator) -> int:
    """How many voice calls there are."""
    return len(emulator.state().get("VoiceCall", []))


@pytest.mark.parametrize(("kind", "done"), [("reset_before", 0), ("reset_after_commit", 1)])
def test_a_reset_is_a_real_reset(emulator: Emulator, http: httpx.Client, kind: str, done: int) -> None:
    """The client sees a connection reset; whether the work was done is the difference."""
    emulator.fault(kind, path=CREATE)

    with pytest.raises(httpx.ReadError, match="reset"):
        create(http, emulator)

    assert calls(emulator) == done
    assert emulator.requests()[0]["fault"] == f"fault-1: {kind}"
    assert emulator.requests()[0]["status"] is None


def test_half_a_body_is_announced_whole(emulator: Emulator, http: httpx.Client) -> None:
    """Content-Length says more than is sent, and the work was done."""
    emulator.fault("half_body")

    with pytest.raises(httpx.RemoteProtocolError, match="without sending complete message body"):
        create(http, emulator)

    assert calls(emulator) == 1


@pytest.mark.parametrize(("after_commit", "done"), [(False, 0), (True, 1)])
def test_silence_lasts_until_the_client_gives_up(
    emulator: Emulator, http: httpx.Client, after_commit: bool, done: int
) -> None:
    """The most ambiguous answer there is."""
    emulator.fault("never_answer", after_commit=after_commit)
    http.timeout = httpx.Timeout(0.2)

    with pytest.raises(httpx.ReadTimeout):
        create(http, emulator)

    assert calls(emulator) == done


@pytest.mark.parametrize(
    ("fault", "status", "body"),
    [
        ({"kind": "status", "status": 500, "body": {"code": "X"}}, 500, '{"code": "X"}'),
        ({"kind": "status", "status": 503, "body": "down"}, 503, "down"),
        ({"kind": "status", "status": 204}, 204, ""),
        ({"kind": "empty_200"}, 200, ""),
        ({"kind": "garbage_json"}, 200, '{"voiceCallId": "0LQ'),
        ({"kind": "rate_limited", "retry_after_seconds": 7}, 429, None),
        ({"kind": "expired_session"}, 401, None),
        ({"kind": "html_200"}, 200, None),
    ],
)
def test_a_wrong_answer_replaces_the_right_one(
    emulator: Emulator, http: httpx.Client, fault: dict[str, Any], status: int, body: str | None
) -> None:
    """Once; the next request is answered rightly."""
    emulator.fault(**fault)

    wrong, right = create(http, emulator), create(http, emulator)

    assert wrong.status_code == status
    assert body is None or wrong.text == body
    assert wrong.headers["x-request-id"]
    assert right.json()["voiceCallId"]
    assert (wrong.headers.get("retry-after") == "7") is (fault["kind"] == "rate_limited")
    assert ("<html>" in wrong.text) is (fault["kind"] == "html_200")


def test_a_status_after_commit_hides_work_that_was_done(emulator: Emulator, http: httpx.Client) -> None:
    """500, and the call is there."""
    emulator.fault("status", status=500, after_commit=True)

    answer = create(http, emulator)

    assert answer.status_code == 500
    assert calls(emulator) == 1


def test_latency_is_only_late(emulator: Emulator, http: httpx.Client) -> None:
    """The right answer, later."""
    emulator.fault("latency", latency_ms=150)

    answer = create(http, emulator)

    assert answer.status_code == 200
    assert emulator.requests()[0]["ms"] >= 150


def test_the_core_api_has_its_own_words_for_an_expired_session(emulator: Emulator, http: httpx.Client) -> None:
    """The envelope is a list with an errorCode."""
    emulator.fault("expired_session", path="/services/data/*")

    answer = http.get("/services/data/v66.0/query", params={"q": "SELECT Id FROM VoiceCall"})

    assert answer.status_code == 401
    assert answer.json()[0]["errorCode"] == "INVALID_SESSION_ID"


def test_the_control_door_sets_lists_and_removes_faults(emulator: Emulator, http: httpx.Client) -> None:
    """Over HTTP as in the process."""
    made = http.post("/_emulator/faults", json={"kind": "status", "times": None}).json()
    listed = http.get("/_emulator/faults").json()
    bad = http.post("/_emulator/faults", json={"kind": "nonsense"})

    removed = http.delete(f"/_emulator/faults/{made['id']}")
    again = http.delete(f"/_emulator/faults/{made['id']}")

    assert [one["id"] for one in listed] == [made["id"]]
    assert bad.status_code == 400
    assert "kind" in bad.json()["error"]
    assert (removed.status_code, again.status_code) == (200, 404)


def test_the_control_door_moves_the_clock(emulator: Emulator, http: httpx.Client) -> None:
    """And what became due is applied."""
    emulator.switch(apply_delay_ms=60_000)
    frozen = http.post("/_emulator/clock", json={"set": "2030-01-01T00:00:00Z", "freeze": True}).json()

    moved = http.post("/_emulator/clock", json={"advance_seconds": 60}).json()
    bad = http.post("/_emulator/clock", json={"set": "9999-01-01T00:00:00Z"})

    assert frozen["frozen"] is True
    assert moved["now_ms"] - frozen["now_ms"] == 60_000
    assert bad.status_code == 400


def test_the_control_door_turns_switches_all_or_none(emulator: Emulator, http: httpx.Client) -> None:
    """A wrong one changes nothing."""
    bad = http.post("/_emulator/switches", json={"apply_delay_ms": 1, "nonsense": 2})
    before = emulator.org.switches.apply_delay_ms
    good = http.post("/_emulator/switches", json={"apply_delay_ms": 2})

    assert (bad.status_code, before) == (400, 0)
    assert {one["name"]: one["value"] for one in good.json()}["apply_delay_ms"] == 2


def test_the_control_door_lists_requests_but_not_its_own(emulator: Emulator, http: httpx.Client) -> None:
    """With a mask over the token."""
    create(http, emulator)

    seen = http.get("/_emulator/requests", params={"path": "voiceCalls"}).json()
    everything = http.get("/_emulator/requests").json()

    assert len(seen) == len(everything) == 1
    assert (seen[0]["method"], seen[0]["path"], seen[0]["status"]) == ("POST", CREATE, 200)
    assert seen[0]["headers"]["authorization"] == "***"
    assert seen[0]["body"]["vendorCallKey"] == "call-1"


def test_a_rep_works_through_the_control_door(emulator: Emulator, http: httpx.Client) -> None:
    """Nothing waits: a conflict. Unknown actions: not found."""
    nothing = http.post("/_emulator/reps/rep@example.com/accept")
    offline = http.post("/_emulator/reps/rep@example.com/offline")
    unknown = http.post("/_emulator/reps/rep@example.com/dance")

    assert (nothing.status_code, offline.status_code, unknown.status_code) == (409, 200, 404)
    assert offline.json()[0]["online"] is False


def test_unknown_routes_say_their_name(http: httpx.Client) -> None:
    """501, loudly, outside and inside the telephony API."""
    answers = [http.get("/nothing/here"), http.post("/telephony/v1/voiceCalls/x/requestCallback", json={})]

    assert [one.status_code for one in answers] == [501, 501]
    assert "GET /nothing/here" in answers[0].json()["message"]
    assert "requestCallback" in answers[1].json()["message"]


def test_recordings_are_served_in_ranges(emulator: Emulator, http: httpx.Client) -> None:
    """A browser's player asks for parts."""
    (emulator.files.recordings / "one.wav").write_bytes(b"RIFF" + bytes(96))

    whole = http.get("/_emulator/recordings/one.wav")
    part = http.get("/_emulator/recordings/one.wav", headers={"Range": "bytes=0-3"})

    assert (whole.status_code, whole.headers["content-type"], len(whole.content)) == (200, "audio/wav", 100)
    assert (part.status_code, part.content) == (206, b"RIFF")


@pytest.mark.parametrize("name", ["%2e%2e%2ftelephony-private-key.pem", "..", "nothing.wav", "%00", "a%5cb", "."])
def test_recordings_come_from_their_folder_only(http: httpx.Client, name: str) -> None:
    """No way out of it."""
    answer = http.get(f"/_emulator/recordings/{name}")

    assert "PRIVATE" not in answer.text
    assert answer.status_code in {404, 200}
    assert answer.status_code == 404 or "text/html" in answer.headers["content-type"]


def test_the_page_stands_alone(http: httpx.Client) -> None:
    """It says what it is and loads nothing from elsewhere."""
    page = http.get("/_emulator/").text

    assert "<title>Emulated Salesforce org" in page
    assert "innerHTML" not in page
    assert "src=" not in page.replace("audio.src =", "")
    assert "https://" not in page


def test_env_names_files_that_only_the_owner_reads(emulator: Emulator) -> None:
    """The settings point at this emulator, and the keys are there."""
    env = emulator.env()

    assert env["SCV_VOICEMAIL_TELEPHONY_URL"] == emulator.url
    assert env["SCV_VOICEMAIL_RECORDING_URL"] == f"{emulator.url}/_emulator/recordings/{{name}}"
    for name in ("PRIVATE_KEY_FILE", "OAUTH_KEY_FILE", "CERTIFICATE_FILE"):
        path = Path(env[f"SCV_VOICEMAIL_{name}"])
        assert path.read_text(encoding="utf-8").startswith("-----BEGIN")
        assert path.stat().st_mode & 0o077 == 0


def test_a_stopped_emulator_lets_go_of_everything(emulator: Emulator) -> None:
    """Even while a request hangs in a fault; the temporary folder is gone."""
    other = Emulator().start()
    folder = other.files.recordings
    other.fault("never_answer")
    hanging = httpx.Client(base_url=other.url, timeout=httpx.Timeout(5, read=0.1))
    with pytest.raises(httpx.ReadTimeout):
        hanging.get("/services/data")

    started = time.monotonic()
    other.stop()

    hanging.close()
    assert time.monotonic() - started < 3
    assert not folder.exists()
    with pytest.raises(httpx.ConnectError):
        httpx.get(other.url)


def test_the_fixture_of_the_plugin_is_a_running_emulator(scv_emulator: Emulator) -> None:
    """What users of the package get."""
    answer = httpx.get(f"{scv_emulator.url}/services/data")

    assert answer.status_code == 200
    assert scv_emulator.org.switches.apply_delay_ms == 20


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_the_command_line_prints_its_url_first_and_ends_with_zero(tmp_path: Path, how: signal.Signals) -> None:
    """When the line is out, requests are answered and the settings file is there."""
    env_file = tmp_path / "emulator.env"
    command = [
        sys.executable,
        "-m",
        "scv_emulator",
        "--json",
        "--write-env",
        str(env_file),
        "--switch",
        "apply_delay_ms=0",
    ]

    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        url = json.loads(process.stdout.readline())["url"]
        answered = httpx.get(f"{url}/_emulator/switches").json()
        lines = dict(line.split("=", 1) for line in env_file.read_text(encoding="utf-8").splitlines())
        process.send_signal(how)
        status = process.wait(10)
        complaints = process.stderr.read()

    assert status == 0
    assert "Traceback" not in complaints
    assert answered[0]["value"] == 0
    assert lines["SCV_VOICEMAIL_TELEPHONY_URL"] == url
    assert Path(lines["SCV_VOICEMAIL_RECORDINGS_DIR"]).is_dir()
    assert env_file.stat().st_mode & 0o777 == 0o600


def test_a_port_that_is_taken_is_told_with_what_to_do(emulator: Emulator) -> None:
    """One sentence and no traceback."""
    port = emulator.url.rpartition(":")[2]

    done = subprocess.run(
        [sys.executable, "-m", "scv_emulator", "--port", port], capture_output=True, text=True, check=False, timeout=30
    )

    assert done.returncode == 1
    assert "choose another --port" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_wrong_switch_on_the_command_line_is_a_usage_error() -> None:
    """Exit status 2 and a sentence."""
    done = subprocess.run(
        [sys.executable, "-m", "scv_emulator", "--switch", "speed=1"], capture_output=True, text=True, check=False
    )

    assert done.returncode == 2
    assert "there is no switch 'speed'" in done.stderr
