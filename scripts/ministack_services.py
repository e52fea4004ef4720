"""The services of a deployment rehearsal: ministack with roles that are obeyed, and one service of the emulator."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from scv_emulator.aws_services import AwsError, AwsRequest, AwsService

ROOT = Path(__file__).parents[1]
TOOLS = ROOT / ".tools" / "aws"
REGION = "us-east-1"


class RehearsalFailed(Exception):
    """Something did not come out as it should; the message says what, and where to look."""


class Aws:
    """ministack's address and its clients."""

    def __init__(self, url: str, env: dict[str, str]) -> None:
        self.url = url
        self.env = env
        self._session = boto3.session.Session(
            aws_access_key_id="test", aws_secret_access_key="test", region_name=REGION
        )

    def client(self, service: str) -> Any:
        """A boto3 client."""
        config = Config(retries={"total_max_attempts": 2}, read_timeout=60)
        verify = self.env["AWS_CA_BUNDLE"]
        return self._session.client(service, endpoint_url=self.url, config=config, verify=verify)


@contextmanager
def ministack(folder: Path, connect_url: str) -> Iterator[Aws]:
    """The stand-in, on a port of its own, with encrypted connections, and with roles that are obeyed."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    (folder / "s3").mkdir()
    own = {
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "IOT_MTLS_ENABLED": "0",
        "S3_DATA_DIR": str(folder / "s3"),
        "TMPDIR": str(folder),
        "USE_SSL": "1",
        "AUTH": "true",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        # What a function finds in its environment beside the template's own.
        "AWS_ENDPOINT_URL_CONNECT": connect_url,
        "SCV_VOICEMAIL_ALLOW_PLAIN_HTTP": "true",
    }
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    with (folder / "ministack.log").open("wb") as log:
        process = subprocess.Popen(
            [TOOLS / "ministack" / "bin" / "ministack"], env=inherited | own, stdout=log, stderr=subprocess.STDOUT
        )
        try:
            answers = wait_for("ministack answers", lambda: can_connect(port) or process.poll() is not None)
            if process.poll() is not None or not answers:
                raise RehearsalFailed(f"ministack did not start: {(folder / 'ministack.log').read_text()[-2000:]}")
            bundle = str(next(folder.glob("ministack-tls/*.crt"), next(folder.glob("ministack-tls/*.pem"), folder)))
            yield Aws(f"https://127.0.0.1:{port}", inherited | {"AWS_CA_BUNDLE": bundle})
        finally:
            process.terminate()
            try:
                process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                process.kill()  # it waits for its own workers, which nobody needs any more
                process.wait()
            shutil.copy(folder / "ministack.log", ROOT / "build" / "ministack.log")


def can_connect(port: int) -> bool:
    """Whether somebody answers."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def serving(service: AwsService) -> Iterator[str]:
    """One of the emulator's services by itself."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            self._answer()

        def _answer(self) -> None:
            path, _, _ = self.path.partition("?")
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            try:
                answer = service.answer(AwsRequest(method=self.command, path=path, body=body))
            except AwsError as error:
                answer = error.answer()
            content = answer.body if isinstance(answer.body, bytes) else b"".join(answer.body)
            self.send_response(answer.status)
            for name, value in (*answer.headers.items(), ("Content-Length", str(len(content)))):
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            """Nothing: the rehearsal tells its own story."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def wait_for(name: str, look: Callable[[], Any], *, seconds: float = 90, said: Callable[[], list[str]] = list) -> Any:
    """Look until there is something; when it never comes, show what was `said` meanwhile."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := look():
            return found
        time.sleep(0.25)
    raise RehearsalFailed("\n".join([f"{name}: not within {seconds:.0f} s", *said()[-40:]]))
