"""A web page that somebody looks at can neither read nor change the emulator; programs and its own page can."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from scv_emulator.aws.front_door import FrontDoor
from scv_emulator.faults import Faults
from scv_emulator.foreign_pages import refusal
from scv_emulator.server import Emulator

PATHS = [
    ("GET", "/_emulator/state"),
    ("GET", "/_emulator/requests"),
    ("GET", "/_emulator/seed"),
    ("GET", "/_emulator/recordings/message.wav"),
    ("GET", "/_emulator/"),
    ("GET", "/openapi.json"),
    ("POST", "/_emulator/reset"),
    ("POST", "/_emulator/faults"),
    ("POST", "/_emulator/clock"),
    ("DELETE", "/_emulator/requests"),
    ("GET", "/services/data"),
    ("GET", "/services/data/v66.0/query?q=SELECT+Id+FROM+VoiceCall"),
    ("POST", "/services/oauth2/token"),
    ("POST", "/services/Soap/m/66.0"),
    ("POST", "/telephony/v1/voiceCalls"),
    ("OPTIONS", "/_emulator/state"),
    ("GET", "/anything"),
]


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    """One emulator for all pages."""
    with Emulator() as running:
        (running.files.recordings / "message.wav").write_bytes(b"RIFF")
        yield running


@pytest.mark.covers("project-5")
@pytest.mark.parametrize("host", ["evil.example", "evil.example:{port}", "127.0.0.1.evil.example:{port}", "local.x"])
@pytest.mark.parametrize(("method", "path"), PATHS)
def test_a_name_that_was_made_to_point_here_is_refused(emulator: Emulator, method: str, path: str, host: str) -> None:
    """DNS rebinding: the browser takes page and emulator for one server, but sends the page's name."""
    before = emulator.requests()

    named = host.format(port=emulator.url.rpartition(":")[2])
    answer = httpx.request(method, f"{emulator.url}{path}", headers={"Host": named})

    assert answer.status_code == 403
    assert list(answer.json()) == ["error"]
    assert "127.0.0.1" in answer.json()["error"]
    assert emulator.requests() == before


@pytest.mark.covers("project-5")
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "http://localhost"},
        {"Origin": "file://"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
    ],
    ids=str,
)
@pytest.mark.parametrize(("method", "path"), PATHS)
def test_a_page_of_another_origin_is_refused(
    emulator: Emulator, method: str, path: str, headers: dict[str, str]
) -> None:
    """A form, a fetch, an image: the browser says which page it is for."""
    answer = httpx.request(method, f"{emulator.url}{path}", headers=headers)

    assert answer.status_code == 403
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.covers("project-5")
def test_a_refused_page_changes_nothing(emulator: Emulator) -> None:
    """Neither a fault nor a reset gets through, whatever the body."""
    emulator.fault("status", path="/never", status=503)
    database = emulator.org.database
    account = database.insert("Account", {"Name": "Kept"})

    for path in ("/_emulator/reset", "/_emulator/sessions/expire"):
        httpx.post(f"{emulator.url}{path}", headers={"Origin": "https://evil.example"})
    httpx.request("DELETE", f"{emulator.url}/_emulator/faults", headers={"Host": "evil.example"})

    assert database.get("Account", account)["Name"] == "Kept"
    assert len(emulator.faults()) == 1


@pytest.mark.covers("project-5")
def test_its_own_page_and_programs_are_answered(emulator: Emulator) -> None:
    """By address or as localhost; its own page sends its own origin."""
    port = emulator.url.rpartition(":")[2]
    answered = [
        httpx.get(f"{emulator.url}/_emulator/state"),
        httpx.get(f"http://localhost:{port}/_emulator/state"),
        httpx.get(f"{emulator.url}/_emulator/state", headers={"Host": f"LOCALHOST:{port}"}),
        httpx.get(f"{emulator.url}/_emulator/state", headers={"Host": f"[::1]:{port}"}),
        httpx.post(f"{emulator.url}/_emulator/clock", headers={"Origin": emulator.url}, json={}),
        httpx.get(f"{emulator.url}/_emulator/recordings/message.wav", headers={"Sec-Fetch-Site": "same-site"}),
    ]

    assert [one.status_code for one in answered] == [200] * len(answered)


def test_a_name_of_ones_own_is_answered() -> None:
    """As the name of a container, which a test may give."""
    with Emulator(names=("emulator",)) as running:
        named = httpx.get(f"{running.url}/services/data", headers={"Host": "emulator:8080"})
        other = httpx.get(f"{running.url}/services/data", headers={"Host": "emulators:8080"})

    assert (named.status_code, other.status_code) == (200, 403)


@pytest.mark.covers("project-5")
@pytest.mark.parametrize(
    "headers", [{"HTTP_HOST": "evil.example"}, {"HTTP_HOST": "127.0.0.1:1", "HTTP_ORIGIN": "https://evil.example"}]
)
def test_a_page_cannot_read_the_local_aws_either(headers: dict[str, str]) -> None:
    """Its one door asks the same question before any service is told."""

    def moto(*_: object) -> list[bytes]:
        raise AssertionError("the request reached a service")

    statuses: list[str] = []
    request = {"REQUEST_METHOD": "GET", "PATH_INFO": "/recordings/message.wav", "QUERY_STRING": ""}
    body = FrontDoor(moto, faults=Faults(seed=0))(request | headers, lambda status, _headers: statuses.append(status))

    assert statuses == ["403 -"]
    assert b"recordings" not in b"".join(body)


@pytest.mark.parametrize("host", ["", ":80", "a b", "127.0.0.1:x", "user@127.0.0.1", "127.0.0.1/evil", "[::1", "0x7f"])
def test_a_host_that_is_none_is_refused(host: str) -> None:
    """What cannot be read as a host is not ours."""
    assert refusal({"host": host})
