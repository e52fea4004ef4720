"""A worker that is killed at a named moment: the real connector, with its journal and its connections watched.

Run as a program it is a fork server: it has imported everything and opened nothing, reads one job per line, lets a
child do it, and tells how the child ended. A moment is `before`, `during` or `after` a call or a commit.
"""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import jwt
import requests
import simple_salesforce.api
from requests.adapters import HTTPAdapter
from scv_voicemail.intake.folder import WatchedFolder
from scv_voicemail.intake.recordings import RecordingStore
from scv_voicemail.journal.sqlite import SqliteJournal
from scv_voicemail.journal.sqlite_file import SqliteFile
from scv_voicemail.pipeline import Pipeline, Policy
from scv_voicemail.ports import Attempt, Receipt, Step, Target
from scv_voicemail.salesforce import SalesforceClient
from scv_voicemail.settings import Settings
from scv_voicemail.target_wiring import build_targets
from scv_voicemail.telephony import TelephonyClient
from scv_voicemail.transcription.nothing import NoTranscription
from scv_voicemail.wiring import Connector
from scv_voicemail.worker import is_gone, whoami

PRELOADED = (jwt, simple_salesforce.api)
"""What the connector would load on its way; a fork finds it in memory."""

LATE_MS = 700
"""A request whose worker dies during it is carried out so much later: its successor is already at work then."""

_IDS = re.compile(r"0LQ\w{12,15}|(?<=/)(?:500|a0\w|e0\w)\w{12,15}|[0-9a-f]{8}-[0-9a-f-]{27}")
_BY_CHANCE = re.compile(r"\.\d+-[0-9a-f]+(?=\.part)|run-\w+/")
_OBJECT = re.compile(r"FROM (\w+)")


class Fate:
    """Names every moment of a worker's life, and ends it at one of them."""

    def __init__(self, kill_at: str | None) -> None:
        self.kill_at = kill_at
        self.step = "intake"
        self.moments: list[str] = []
        self._counts: Counter[str] = Counter()

    def label(self, what: str) -> str:
        """The name of the next event of this kind; a repeated one carries its number."""
        name = f"{self.step}: {what}"
        self._counts[name] += 1
        return name if self._counts[name] == 1 else f"{name} ({self._counts[name]})"

    def reached(self, when: str, label: str) -> None:
        """A moment has come: it is remembered, or it is the last one."""
        self.moments.append(f"{when} {label}")
        if self.is_last(when, label):
            os.kill(os.getpid(), signal.SIGKILL)

    def is_last(self, when: str, label: str) -> bool:
        """True for the moment at which this worker dies."""
        return self.kill_at == f"{when} {label}"


class Call:
    """One HTTP call of a watched worker, on any client."""

    def __init__(self, fate: Fate, method: str, url: str) -> None:
        self._fate = fate
        address = httpx.URL(url)
        path = _IDS.sub("{id}", address.path.rstrip("/"))
        asked = _OBJECT.search(address.params.get("q", ""))
        self._label = fate.label(f"{method} {path.rpartition('/v1')[2] or path}{f' {asked[1]}' if asked else ''}")
        self._door = f"{address.scheme}://{address.netloc.decode()}/_emulator/faults"

    def begins(self) -> None:
        """Before anything is sent. A death during the call is prepared: the emulator will take its time."""
        self._fate.reached("before", self._label)
        if self._fate.is_last("during", self._label):
            httpx.post(self._door, json={"kind": "latency", "latency_ms": LATE_MS}).raise_for_status()
            threading.Thread(target=self._die_once_it_is_there, daemon=True).start()

    def ends(self) -> None:
        """The answer is read; nobody has heard of it yet."""
        if self._fate.is_last("during", self._label):
            threading.Event().wait()
        self._fate.moments.append(f"during {self._label}")
        self._fate.reached("after", self._label)

    def _die_once_it_is_there(self) -> None:
        with httpx.Client(verify=False) as door:
            while not any(fault["hits"] for fault in door.get(self._door).json()):
                time.sleep(0.005)
        os.kill(os.getpid(), signal.SIGKILL)


class WatchedTransport(httpx.HTTPTransport):
    """What the telephony client sends through."""

    def __init__(self, fate: Fate) -> None:
        super().__init__(verify=False)
        self._fate = fate

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        call = Call(self._fate, request.method, str(request.url))
        call.begins()
        response = super().handle_request(request)
        response.read()
        call.ends()
        return response


class WatchedAdapter(HTTPAdapter):
    """What the REST client sends through; it reads the whole answer unless it is told to stream."""

    def __init__(self, fate: Fate) -> None:
        super().__init__()
        self._fate = fate

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        call = Call(self._fate, str(request.method), str(request.url))
        call.begins()
        response = super().send(request, *args, **kwargs)
        assert response.content is not None
        call.ends()
        return response


class WatchedFile:
    """The journal's file, with a moment before, inside and after every transaction."""

    def __init__(self, file: SqliteFile, fate: Fate) -> None:
        self._file = file
        self._fate = fate

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    @contextmanager
    def commit(self) -> Iterator[None]:
        """One transaction, and what it is called by."""
        caller = sys._getframe(2)  # 1 is contextlib's
        label = self._fate.label(f"commit {caller.f_code.co_name.strip('_')}")
        self._fate.reached("before", label)
        with self._file.commit():
            yield
            self._fate.reached("during", label)
        self._fate.reached("after", label)


class WatchedJournal(SqliteJournal):
    """The journal over a watched file."""

    def __init__(self, path: Path, fate: Fate) -> None:
        super().__init__(path)
        self._file = WatchedFile(self._file, fate)  # type: ignore[assignment]


class WatchedTarget:
    """A target whose steps say that they begin. Those of records carry its name: several have the same steps."""

    def __init__(self, target: Target, fate: Fate) -> None:
        self.name = target.name
        self._target = target
        self._fate = fate

    def steps(self) -> Sequence[Step]:
        return [Step(name=step.name, run=self._told(step)) for step in self._target.steps()]

    def add_transcript(self, attempt: Attempt) -> Receipt:
        return self._told(Step(name="add_transcript", run=self._target.add_transcript))(attempt)

    def _told(self, step: Step) -> Callable[[Attempt], Receipt]:
        def run(attempt: Attempt) -> Receipt:
            self._fate.step = step.name if self.name == "voice_call" else f"{self.name} {step.name}"
            return step.run(attempt)

        return run


def build(settings: Settings, fate: Fate) -> Connector:
    """What `wiring.connect` builds, with watched connections and a watched journal."""
    telephony = TelephonyClient(
        base_url=settings.telephony_url,
        org_id=settings.org_id,
        call_center=settings.call_center,
        private_key_pem=settings.telephony_key,
        timeout_seconds=settings.timeout_seconds,
        allow_plain_http=True,
        transport=WatchedTransport(fate),
    )
    session = requests.Session()
    session.mount("http://", WatchedAdapter(fate))
    salesforce = SalesforceClient(
        login_url=settings.login_url,
        client_id=settings.client_id,
        username=settings.username,
        private_key_pem=settings.rest_key,
        timeout_seconds=settings.timeout_seconds,
        allow_plain_http=True,
        session=session,
    )
    targets = build_targets(settings, telephony=telephony, salesforce=salesforce)
    journal = WatchedJournal(settings.journal, fate)
    pipeline = Pipeline(
        journal=journal,
        targets={name: WatchedTarget(target, fate) for name, target in targets.items()},
        default_targets=settings.targets,
        transcriber=NoTranscription(),
        owner=whoami(),
        is_gone=is_gone,
        policy=Policy(retry_base_seconds=settings.retry_base_seconds, probe_seconds=settings.probe_seconds),
    )
    recordings = RecordingStore(settings.recordings_dir, location=settings.recording_url, allow_plain_http=True)
    return Connector(settings=settings, journal=journal, pipeline=pipeline, recordings=recordings, closing=[])


def watch_files(fate: Fate, *folders: Path) -> None:
    """Make a moment of every file in these folders that is about to be created, renamed or removed."""
    roots = tuple(str(folder) for folder in folders)

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event not in ("open", "os.link", "os.rename", "os.remove", "os.mkdir") or fate.step != "intake":
            return
        paths = [str(one) for one in arguments[:2] if isinstance(one, str | Path) and str(one).startswith(roots)]
        if paths and (event != "open" or arguments[2] & os.O_CREAT):
            names = " to ".join(_BY_CHANCE.sub("", "/".join(Path(path).parts[-2:])) for path in paths)
            fate.reached("before", fate.label(f"{event.removeprefix('os.')} {names}"))

    sys.addaudithook(hook)


def do(job: Mapping[str, Any]) -> None:
    """One life of a worker: take the voicemail in (again), deliver what there is, write down what came of it."""
    fate = Fate(job["kill_at"])
    settings = Settings(_env_file=None, **job["settings"])
    connector = build(settings, fate)
    if "folder" in job:
        folder = Path(job["folder"])
        watch_files(fate, folder, settings.recordings_dir)
        connector.take(WatchedFolder(folder, default_region="US", settle_seconds=0))
        fate.reached("after", "intake: everything is taken in")
    else:
        connector.submit(**job["voicemail"])
    for run in connector.journal.runs():
        connector.deliver(run.voicemail_id, wait_seconds=60)
    runs = [
        {"id": run.voicemail_id, "state": run.state.value, "error": run.last_error, "warnings": run.warnings}
        for run in connector.journal.runs()
    ]
    Path(job["result"]).write_text(json.dumps({"moments": fate.moments, "runs": runs}), encoding="utf-8")


def serve() -> None:
    """Do each job that comes in on standard input in a process of its own."""
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            code = 1
            try:
                do(json.loads(line))
                code = 0
            except Exception as error:  # noqa: BLE001 - told on standard error; the parent sees the exit code
                sys.excepthook(type(error), error, error.__traceback__)
            finally:
                os._exit(code)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    serve()
