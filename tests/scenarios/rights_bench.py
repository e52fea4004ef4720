"""A bench on which the integration user loses one right at a time: what `doctor` and a delivery say then."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from scv_emulator.seed import Seed, User
from scv_emulator.server import Emulator
from scv_emulator.switches import Switches
from scv_voicemail.cli.doctor import examine
from scv_voicemail.cli.finding import Verdict
from scv_voicemail.settings import Settings
from scv_voicemail.wiring import connect

from tests.scenarios.matrix import settings_of
from tests.scenarios.permissions import SETS, Permission, package_without
from tests.scenarios.record_org import ALL_TARGETS, deploy
from tests.wav_files import a_wav_file

CONNECTOR, NUMBER = "integration@example.com", "+18005550100"
LEAST_RIGHTS = Seed(users=(User(username=CONNECTOR, admin=False), User(username="admin@example.com", name="Ada Admin")))
WORKERS = 3


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What the connector said while one right was missing, or none."""

    missing: Permission | None
    doctor: tuple[str, ...]
    delivery: tuple[str, ...] = ()

    @property
    def noticed(self) -> list[tuple[str, str]]:
        """Who named the missing right, and in which words."""
        said = [("doctor", one) for one in self.doctor] + [("delivery", one) for one in self.delivery]
        return [(who, words) for who, words in said if self.missing is not None and _names(words, self.missing)]


def _names(words: str, missing: Permission) -> bool:
    """Advice is the same for many rights, so it does not count, but for a right that belongs to no object."""
    return missing.is_named_in(words if missing.kind == "userPermissions" else words.partition(" Next: ")[0])


@dataclass(frozen=True)
class Bench:
    """An org with everything deployed, whose integration user has what these permission sets grant and nothing else."""

    emulator: Emulator
    folder: Path
    files: Sequence[Path]

    def look(self, number: int, missing: Permission | None) -> Seen:
        """Take one right away and run `doctor`; deliver a voicemail to every target, too, unless it is a field's."""
        package = package_without(self.folder / f"without-{number}", self.files, missing)
        deployed = self.emulator.deploy(package)
        assert deployed["success"], deployed["details"]["componentFailures"]
        seen = Seen(missing=missing, doctor=tuple(self._doctor(number)))
        if seen.noticed and missing is not None and missing.kind == "fieldPermissions":
            return seen
        return replace(seen, delivery=tuple(self._delivery(number)))

    def _settings(self, number: int) -> Settings:
        changes = {"targets": ALL_TARGETS, "publish_event": True, "owner_queue": "Voicemail", "patience_seconds": 1}
        own = settings_of(self.emulator, **changes, journal=self.folder / f"{number}.db")
        return Settings(_env_file=None, **own)

    def _doctor(self, number: int) -> Iterator[str]:
        for finding in examine(self._settings(number)):
            if finding.verdict in (Verdict.FAIL, Verdict.WARN):
                yield f"{finding.saw} Next: {finding.fix}"

    def _delivery(self, number: int) -> Iterator[str]:
        recording = a_wav_file(self.folder / f"{number}.wav")
        with connect(self._settings(number)) as connector:
            # Another caller each time: the deployed flow would put one caller's voicemails into one Case.
            caller, key = f"+1415555{number:04}", f"permission-{number}"
            connector.submit(recording, caller=caller, voicemail_id=key, transcript="Please call me back.")
            for run in connector.deliver(key, wait_seconds=30):
                yield from run.warnings
                if run.last_error:
                    yield run.last_error


@contextmanager
def a_bench(folder: Path, files: Sequence[Path]) -> Iterator[Bench]:
    """A bench of its own."""
    with Emulator(seed=LEAST_RIGHTS, switches=Switches(apply_delay_ms=10)) as emulator:
        deploy(emulator)
        for name in SETS:
            emulator.assign(CONNECTOR, name)
        emulator.set_channel(NUMBER, flow="Voicemail_Omni_Routing", fallback_queue="Voicemail")
        yield Bench(emulator, folder, files)


def without_each(rights: Sequence[Permission], files: Sequence[Path], folder: Path) -> list[Seen]:
    """What was said without each of these rights; the bench is sound before and after."""

    def some(first: int) -> list[Seen]:
        with a_bench(folder / f"bench-{first}", files) as bench:
            cells = [None, *rights[first::WORKERS], None]
            seen = [bench.look(number, missing) for number, missing in enumerate(cells)]
        assert [one for one in seen if one.missing is None and (one.doctor or one.delivery)] == []
        return [one for one in seen if one.missing is not None]

    with ThreadPoolExecutor(WORKERS) as pool:
        return [one for part in pool.map(some, range(min(WORKERS, len(rights)))) for one in part]


def unnoticed(seen: Sequence[Seen]) -> list[str]:
    """The rights whose absence nobody named, with what was said instead."""
    return [f"{one.missing}: {[*one.doctor, *one.delivery]}" for one in seen if not one.noticed]
