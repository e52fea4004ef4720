"""Workers as processes of their own, and what befalls them."""

from __future__ import annotations

import random
import resource
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from scv_emulator.server import Emulator

from tests.commands import argv, environment

JOURNAL_FILES = ("", "-wal", "-shm")
NOTHING = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)


@dataclass(kw_only=True)
class Workers:
    """`scv-voicemail watch`, so many times, each started again when it has ended."""

    folder: Path
    settings: Mapping[str, str]
    log: Path
    count: int = 2
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)
    endings: list[int] = field(default_factory=list)

    def tend(self) -> None:
        """Start what has ended, as a service manager does."""
        for worker in [one for one in self.running if one.poll() is not None]:
            self.endings.append(worker.returncode)
            self.running.remove(worker)
        while len(self.running) < self.count:
            with self.log.open("ab") as log:
                command = argv("watch", self.folder)
                self.running.append(
                    subprocess.Popen(
                        command, env=environment(self.settings), stdout=log, stderr=log, cwd=self.log.parent
                    )
                )

    def one(self, dice: random.Random) -> subprocess.Popen[bytes]:
        """Any of them."""
        return dice.choice(self.running)

    def end(self) -> None:
        """All of them, as politely as a service manager."""
        for worker in self.running:
            worker.send_signal(signal.SIGCONT)
            worker.terminate()
        for worker in self.running:
            with suppress(subprocess.TimeoutExpired):
                worker.wait(timeout=20)
            worker.kill()
            self.endings.append(worker.wait())
        self.running.clear()


@dataclass(kw_only=True)
class Troubles:
    """Each does its harm, waits, and takes it back; `befell` counts them by name."""

    dice: random.Random
    workers: Workers
    emulator: Emulator
    journal: Path
    incoming: Path
    lease_seconds: float
    befell: dict[str, int] = field(default_factory=dict)

    def one(self) -> None:
        """Any of them."""
        harms: dict[str, Callable[[], None]] = {
            "a worker killed": self._kill,
            "a worker stopped beyond its lease": self._stop,
            "the disk full": self._fill,
            "the journal moved away and back": self._move_journal,
            "the folder moved away and back": self._move_folder,
            "Salesforce gone and back": self._restart,
        }
        name = self.dice.choice([*harms, "a worker killed", "a worker killed"])
        self.befell[name] = self.befell.get(name, 0) + 1
        harms[name]()

    def _kill(self) -> None:
        self.workers.one(self.dice).kill()

    def _stop(self) -> None:
        worker = self.workers.one(self.dice)
        worker.send_signal(signal.SIGSTOP)
        time.sleep(self.lease_seconds + 1)
        worker.send_signal(signal.SIGCONT)

    def _fill(self) -> None:
        """No file may grow beyond what it is: the system's answer is that of a full disk."""
        worker = self.workers.one(self.dice)
        with suppress(ProcessLookupError):
            resource.prlimit(worker.pid, resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
            time.sleep(3)
            resource.prlimit(worker.pid, resource.RLIMIT_FSIZE, NOTHING)

    def _move_journal(self) -> None:
        """Whoever has it open must not go on into the void; the workers that are started meanwhile must not either."""
        away = self.journal.parent / "away"
        away.mkdir()
        for suffix in JOURNAL_FILES:
            with suppress(FileNotFoundError):
                Path(f"{self.journal}{suffix}").rename(away / f"{self.journal.name}{suffix}")
        ended = time.monotonic() + 30
        while any(worker.poll() is None for worker in self.workers.running) and time.monotonic() < ended:
            time.sleep(0.1)
        for suffix in JOURNAL_FILES:
            Path(f"{self.journal}{suffix}").unlink(missing_ok=True)
            with suppress(FileNotFoundError):
                (away / f"{self.journal.name}{suffix}").rename(f"{self.journal}{suffix}")
        away.rmdir()

    def _move_folder(self) -> None:
        away = self.incoming.with_name("incoming-away")
        self.incoming.rename(away)
        time.sleep(2)
        away.rename(self.incoming)

    def _restart(self) -> None:
        self.emulator.stop()
        time.sleep(self.dice.choice([0.5, 3.0]))
        self.emulator.start()
