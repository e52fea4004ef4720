"""One SQLite file behind one connection: transactions, the watch over the file itself, and sqlite3's errors as ours."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from scv_voicemail.errors import JournalLost, Misconfigured, SettingsInvalid, Unavailable, VoicemailError

VERSION = 1
"""Of the tables that 0.1.0 knows; a newer file is refused rather than guessed at. Tables beside them change nothing."""

SMALLEST_FILE_BYTES = 512
"""SQLite's smallest page: a journal with less than that is none."""

DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


class SqliteFile:
    """Opens (and on first use creates, mode 0600) the file at `path`; threads of a process may share it.

    Before and after every transaction the file at this path must still be the one that was opened: what SQLite writes
    into a file that was removed or replaced is gone without an error.
    """

    def __init__(self, path: Path, *, tables: str, busy_seconds: float) -> None:
        self.path = path
        self._lock = threading.RLock()
        self._files: dict[Path, tuple[int, int]] = {}
        self._size = 0
        self._closed = False
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
            path.chmod(0o600)
            self._db = sqlite3.connect(path, timeout=busy_seconds, isolation_level=None, check_same_thread=False)
            self._db.row_factory = sqlite3.Row
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=FULL")
            self._create(tables)
            self._remember_files()
        except (OSError, sqlite3.Error) as error:
            raise SettingsInvalid(
                f"the journal {path} cannot be opened: {error}",
                service="journal",
                fix="give SCV_VOICEMAIL_JOURNAL a path on a local disk that this user may write, and a valid file",
            ) from error

    def close(self) -> None:
        """Close the file; nothing can be asked of it afterwards."""
        with self._lock:
            self._closed = True
            self._db.close()

    @contextmanager
    def commit(self) -> Iterator[None]:
        """One transaction that is on the disk when the block ends, or has never been."""
        with self._ours("written"):
            self._check_file()
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")
            self._check_file()

    def do(self, statement: str, values: Any) -> int:
        """Change something, inside a transaction; how many rows that were."""
        return self._db.execute(statement, values).rowcount

    def one(self, query: str, *values: object) -> sqlite3.Row | None:
        """The first row, if there is one."""
        with self._ours("read"):
            self._check_file()
            row: sqlite3.Row | None = self._db.execute(query, values).fetchone()
            return row

    def all(self, query: str, names: dict[str, Any]) -> list[sqlite3.Row]:
        """Every row."""
        with self._ours("read"):
            self._check_file()
            return self._db.execute(query, names).fetchall()

    def each(self, query: str, names: dict[str, Any]) -> Iterator[sqlite3.Row]:
        """Row by row, inside a transaction: whoever takes the first reads no second."""
        yield from self._db.execute(query, names)

    # ------------------------------------------------------------------------------------------------------ inside

    @contextmanager
    def _ours(self, what: str) -> Iterator[None]:
        with self._lock:
            if self._closed:
                raise Misconfigured(
                    f"the journal {self.path} is closed", service="journal", fix="open it anew: `connect()`"
                )
            try:
                yield
            except sqlite3.Error as error:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise self._told(error, what) from error

    def _told(self, error: sqlite3.Error, what: str) -> VoicemailError:
        try:
            self._check_file()
        except JournalLost as lost:
            return lost
        if (getattr(error, "sqlite_errorcode", 0) & 0xFF) in DAMAGED or "no such table" in str(error):
            return self._lost(f"is damaged ({error})")
        return Unavailable(
            f"the journal {self.path} could not be {what}: {error}",
            service="journal",
            fix="free disk space or end whatever holds the file; nothing is lost, the step is done again",
        )

    def _create(self, tables: str) -> None:
        with self.commit():
            found = self._db.execute("PRAGMA user_version").fetchone()[0]
            if found > VERSION:
                raise SettingsInvalid(
                    f"the journal {self.path} was written by a newer version ({found}; this one knows {VERSION})",
                    service="journal",
                    fix="update scv-voicemail, or give SCV_VOICEMAIL_JOURNAL another path",
                )
            for statement in filter(str.strip, tables.split(";")):
                self._db.execute(statement)
            self._db.execute(f"PRAGMA user_version = {VERSION}")

    def _remember_files(self) -> None:
        """The file and its write-ahead log, which lives as long as any connection does."""
        for path in (self.path, self.path.with_name(f"{self.path.name}-wal")):
            found = path.stat()
            self._files[path] = found.st_dev, found.st_ino

    def _check_file(self) -> None:
        """Raises `JournalLost` unless the files at these paths are those that were opened, and not shorter."""
        for path, known in self._files.items():
            try:
                found = path.stat()
            except OSError as error:
                raise self._lost(f"is gone: {path.name}: {error.strerror}") from error
            if (found.st_dev, found.st_ino) != known:
                raise self._lost(f"was replaced: {path.name} is another file")
            if path == self.path:
                if found.st_size < self._size and not self._still_whole(found.st_size):
                    raise self._lost(f"was cut from {self._size:,} to {found.st_size:,} bytes")
                self._size = found.st_size

    def _still_whole(self, size: int) -> bool:
        """Whether a file that became shorter was only tidied up (VACUUM), as a connection without a cache sees it."""
        if size < SMALLEST_FILE_BYTES:
            return False
        try:
            look = sqlite3.connect(f"{self.path.absolute().as_uri()}?mode=ro", uri=True)
            try:
                return bool(look.execute("PRAGMA quick_check(1)").fetchone()[0] == "ok")
            finally:
                look.close()
        except sqlite3.Error:
            return False

    def _lost(self, what: str) -> JournalLost:
        return JournalLost(f"the journal {self.path} {what}", service="journal")
