"""An answer that comes a byte at a time, and a ~/.netrc that knows the host: over real sockets."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from scv_voicemail.errors import Unavailable
from scv_voicemail.salesforce import SalesforceClient
from scv_voicemail.telephony import TelephonyClient

CLOSING = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n"
TIMEOUT_SECONDS = 0.4
LONGEST_SECONDS = 3 * TIMEOUT_SECONDS + 1.5


class Host:
    """A server whose every answer is dripped: `begun` comes at once, then a byte every tenth of a second."""

    def __init__(self, begun: bytes, then: bytes) -> None:
        self._begun, self._then = begun, then
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self.requests: list[bytes] = []
        self._over = threading.Event()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listening.accept()
                threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            self.requests.append(connection.recv(65536))
            connection.sendall(self._begun)
            for byte in self._then:
                if self._over.wait(0.1):
                    return
                connection.sendall(bytes([byte]))

    def close(self) -> None:
        self._over.set()
        self._listening.close()


@pytest.fixture(params=[b"", HEAD, CLOSING], ids=["from its first byte", "after its head", "without a length"])
def host(request: pytest.FixtureRequest) -> Iterator[Host]:
    """A host that drips the whole answer, or what follows the head."""
    host = Host(request.param, (b"" if request.param else HEAD) + b" " * 200)
    yield host
    host.close()


@pytest.fixture(scope="module")
def pem() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def seconds_until_unavailable(work: Callable[[], object]) -> float:
    begun = time.monotonic()
    with pytest.raises(Unavailable):
        work()
    return time.monotonic() - begun


@pytest.mark.covers("wait-1")
def test_a_dripping_answer_of_the_telephony_api_ends(host: Host, pem: str) -> None:
    """Each byte comes in time, the answer never does."""
    with TelephonyClient(
        base_url=host.url,
        org_id="00D000000000001",
        call_center="Center",
        private_key_pem=pem,
        timeout_seconds=TIMEOUT_SECONDS,
        allow_plain_http=True,
    ) as client:
        took = seconds_until_unavailable(lambda: client.clear_routing("0LQ000000000001AAA"))

    assert took < LONGEST_SECONDS


@pytest.mark.covers("wait-1")
def test_a_dripping_answer_of_the_rest_api_ends(host: Host, pem: str) -> None:
    """The login is where it begins, and what is asked then is no other."""
    with SalesforceClient(
        login_url=host.url,
        client_id="id",
        username="a@example.com",
        private_key_pem=pem,
        timeout_seconds=TIMEOUT_SECONDS,
        max_tries=1,
        allow_plain_http=True,
    ) as client:
        took = seconds_until_unavailable(lambda: client.query("SELECT Id FROM Account"))

    assert took < LONGEST_SECONDS


@pytest.mark.covers("secret-1")
def test_an_entry_of_netrc_is_never_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pem: str) -> None:
    """Somebody's password for the host does not take the place of the token, and does not leave the machine."""
    netrc = tmp_path / ".netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password hunter2\ndefault login other password hunter3\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(netrc))
    token = b'{"access_token": "00D!token", "instance_url": "%s", "token_type": "Bearer"}'
    host = Host(b"", b"")
    body = token % host.url.encode()
    host._begun = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(body) + body
    client = SalesforceClient(
        login_url=host.url, client_id="id", username="a@example.com", private_key_pem=pem, allow_plain_http=True
    )
    telephony = TelephonyClient(
        base_url=host.url, org_id="00D000000000001", call_center="C", private_key_pem=pem, allow_plain_http=True
    )

    with client, telephony, contextlib.suppress(Exception):
        client.limits()
        telephony.clear_routing("0LQ000000000001AAA")
    host.close()

    sent = b"\n".join(host.requests)
    assert len(host.requests) == 3
    assert sent.count(b"Bearer") == 2
    assert b"Basic" not in sent
