"""The emulator as a server: in a thread for tests, in the foreground for people."""

from __future__ import annotations

import asyncio
import signal
import socket
import tempfile
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from scv_emulator import control
from scv_emulator.environment import Files, make_files, settings
from scv_emulator.gate import Gate
from scv_emulator.json_bodies import Json
from scv_emulator.metadata import routes as metadata_routes
from scv_emulator.metadata.deployment import Options
from scv_emulator.metadata.source_format import package_of
from scv_emulator.org import Org
from scv_emulator.phone_channels import set_phone_channel
from scv_emulator.salesforce import routes as salesforce_routes
from scv_emulator.seed import Seed
from scv_emulator.switches import Switches
from scv_emulator.telephony import routes as telephony_routes
from scv_emulator.transport import Connections, protocol_of

_START_SECONDS = 10
_KEEP_ALIVE_SECONDS = 75
_GRACE_SECONDS = 2

T = TypeVar("T")


def create_app(
    org: Org,
    *,
    recordings: Callable[[], Path | None] = lambda: None,
    connections: Connections | None = None,
    doors: Sequence[BaseRoute] = (),
    names: Sequence[str] = (),
) -> Starlette:
    """The whole emulator as an ASGI application; without `connections` a reset raises ConnectionResetError.

    `doors` are more routes of the control door, such as those of a local AWS; `names` the host names that it answers
    to besides addresses and localhost.
    """
    return Starlette(
        routes=[
            *telephony_routes.routes(lambda: org.telephony, org.switches),
            *metadata_routes.routes(org.soap),
            *salesforce_routes.routes(org.core),
            *doors,
            *control.routes(org, recordings),
            Route("/{rest:path}", _unknown, methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]),
        ],
        middleware=[Middleware(Gate, org=org, connections=connections or Connections(), names=names)],
    )


async def _unknown(request: Request) -> Response:
    what = f"{request.method} {request.url.path}"
    return Json({"code": "NOT_IMPLEMENTED", "message": f"the emulator does not do {what}"}, status_code=501)


class Emulator:
    """A local Salesforce org that answers over HTTP while the block runs.

    Example::

        with Emulator(switches=Switches(apply_delay_ms=0)) as emulator:
            emulator.fault("status", path="*/omniFlow", status=503)
            run_my_connector(emulator.env())
            assert len(emulator.state()["PendingServiceRouting"]) == 1

    `folder` is where keys, journal and recordings go; without it a temporary one that is removed at the end. `names`
    are host names that it answers to besides addresses and localhost: any other is a web page's (`foreign_pages`).
    Everything that touches the org runs on the server's own thread, so a test may call it at any time.
    """

    def __init__(
        self,
        *,
        seed: Seed | None = None,
        switches: Switches | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        folder: Path | None = None,
        recordings: Path | None = None,
        random_seed: int = 0,
        doors: Sequence[BaseRoute] = (),
        names: Sequence[str] = (),
    ) -> None:
        self.org = Org(seed=seed, switches=switches, random_seed=random_seed)
        self.url = ""
        self._address = (host, port)
        self._folder = folder
        self._recordings = recordings
        self._doors = doors
        self._names = names
        self._temporary: tempfile.TemporaryDirectory[str] | None = None
        self._files: Files | None = None
        self._connections = Connections()
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    # ------------------------------------------------------------------------------------------- starting, stopping

    def start(self) -> Self:
        """Answer requests from now on; OSError when the port is taken."""
        listener = socket.create_server(self._address)
        try:
            self._start(listener)
        except BaseException:
            listener.close()
            self.stop()
            raise
        return self

    def _start(self, listener: socket.socket) -> None:
        host, port = listener.getsockname()[:2]
        self.url = self.org.base_url = f"http://{host}:{port}"
        folder = self._folder
        if folder is None:
            self._temporary = tempfile.TemporaryDirectory(prefix="scv-emulator-")
            folder = Path(self._temporary.name)
        self._files = make_files(folder, self.org, recordings=self._recordings)
        app = create_app(
            self.org,
            recordings=lambda: self.files.recordings,
            connections=self._connections,
            doors=self._doors,
            names=self._names,
        )
        self._server = _Server(
            uvicorn.Config(
                app,
                http=protocol_of(self._connections),
                ws="none",
                lifespan="off",
                loop="asyncio",
                log_config=None,
                access_log=False,
                server_header=False,
                date_header=False,
                timeout_keep_alive=_KEEP_ALIVE_SECONDS,
                timeout_graceful_shutdown=_GRACE_SECONDS,
            )
        )
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [listener]}, name="scv-emulator", daemon=True
        )
        self._thread.start()
        if not self._server.ready.wait(_START_SECONDS):
            raise RuntimeError("the emulator did not start")

    def stop(self) -> None:
        """Finish what is being answered and close; a second time does nothing."""
        if self._server is not None and self._thread is not None:
            self._connections.stopping = True
            self._server.should_exit = True
            self._thread.join()
            self._server = self._thread = None
        if self._temporary is not None:
            self._temporary.cleanup()
            self._temporary = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.stop()

    # ------------------------------------------------------------------------------------------------- for the tests

    @property
    def files(self) -> Files:
        """Where keys, journal and recordings are; only while it runs."""
        if self._files is None:
            raise RuntimeError("the emulator was not started")
        return self._files

    def env(self) -> dict[str, str]:
        """The `SCV_VOICEMAIL_*` settings that point a connector here."""
        return settings(self.org, self.files)

    def state(self) -> dict[str, list[dict[str, Any]]]:
        """Every record by object, with what is due applied."""
        return self._on_server(self.org.state)

    def requests(self, *, path: str = "", method: str = "", since: int = 0) -> list[dict[str, Any]]:
        """The requests so far, oldest first, without secrets."""
        return self._on_server(lambda: self.org.requests.read(path=path, method=method, since=since))

    def fault(self, kind: str, **details: Any) -> str:
        """Set a fault (see `scv_emulator.faults.Fault`); its id."""
        return self._on_server(lambda: self.org.faults.add(kind, **details).id)

    def faults(self) -> list[dict[str, Any]]:
        """The faults that are set, with their hits."""
        return self._on_server(lambda: [fault.to_dict() for fault in self.org.faults.all()])

    def clear_faults(self) -> None:
        """Take all faults away."""
        self._on_server(self.org.faults.clear)

    def accept(self, rep: str, voice_call_id: str | None = None) -> str:
        """Let a rep accept waiting work; the id of the AgentWork."""
        return self._on_server(lambda: self.org.telephony.reps.accept(rep, voice_call_id))

    def decline(self, rep: str, voice_call_id: str | None = None) -> str:
        """Let a rep decline work; the id of the AgentWork."""
        return self._on_server(lambda: self.org.telephony.reps.decline(rep, voice_call_id))

    def advance(self, seconds: float) -> None:
        """Move the org's clock and apply what became due."""

        def move() -> None:
            self.org.clock.advance(seconds)
            self.org.settle()

        self._on_server(move)

    def switch(self, **values: bool | int | str) -> None:
        """Turn switches: `emulator.switch(apply_delay_ms=0)`."""

        def turn() -> None:
            for name, value in values.items():
                self.org.switches.set(name, value)

        self._on_server(turn)

    def deploy(self, package: bytes | Path, *, check_only: bool = False) -> dict[str, Any]:
        """Deploy a zip in Metadata API layout, or a folder in source format; the DeployResult."""
        content = package_of(package) if isinstance(package, Path) else package

        def carry_out() -> dict[str, Any]:
            job = self.org.deploys.start(content, Options(check_only=check_only), user_id=self.org.administrator_id)
            self.org.deploys.finish(job)
            return job.result(details=True)

        return self._on_server(carry_out)

    def assign(self, username: str, permission_set: str) -> None:
        """Assign a permission set to a user, as `sf org assign permset` does; LookupError when one is not there."""

        def insert() -> None:
            database = self.org.database
            found = database.first("PermissionSet", Name=permission_set)
            user = self.org.user_id_of(username)
            if found is None or user is None:
                raise LookupError(f"there is no {username if found else permission_set}")
            link = {"PermissionSetId": found["Id"], "AssigneeId": user}
            if database.first("PermissionSetAssignment", **link) is None:
                database.insert("PermissionSetAssignment", link, by_system=True)

        self._on_server(insert)

    def set_channel(self, number: str, *, flow: str = "", fallback_queue: str = "", **live: str) -> None:
        """Point a dialed number at a flow and a fallback queue, both by developer name; see `set_phone_channel`."""
        chosen = {"flow": flow, "fallback_queue": fallback_queue} | live
        self._on_server(lambda: set_phone_channel(self.org.database, number=number, **chosen))

    def expire_sessions(self) -> None:
        """End every session of the core API."""
        self._on_server(lambda: self.org.oauth.expire(None))

    def reset(self) -> None:
        """Make the org as it was at the start."""
        self._on_server(self.org.reset)

    def _on_server(self, work: Callable[[], T]) -> T:
        server = self._server
        if server is None or server.loop is None:
            return work()  # nothing else runs
        done: Future[T] = Future()

        def run() -> None:
            try:
                done.set_result(work())
            except BaseException as error:  # noqa: BLE001 - it belongs to the caller's thread
                done.set_exception(error)

        server.loop.call_soon_threadsafe(run)
        return done.result()


class _Server(uvicorn.Server):
    """Says when it answers, and on which loop."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = threading.Event()
        self.loop: asyncio.AbstractEventLoop | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.loop = asyncio.get_running_loop()
        self.ready.set()


def serve(emulator: Emulator, *, announce: Callable[[Emulator], None]) -> None:
    """Run until SIGTERM or SIGINT; `announce` is called once requests are answered. Only from the main thread."""
    over = threading.Event()
    before = {one: signal.signal(one, lambda *_: over.set()) for one in (signal.SIGTERM, signal.SIGINT)}
    try:
        with emulator:
            announce(emulator)
            over.wait()
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
