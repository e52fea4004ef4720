"""Moves and writes files so that a crash leaves either the old state or the new one."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from scv_voicemail.errors import SettingsInvalid, Unavailable

_NO_SPACE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_NOT_ALLOWED = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR}

_NO_LINKS = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EXDEV, errno.EMLINK, errno.EINVAL}

_AT_FDCWD, _RENAME_NOREPLACE = -100, 1


@contextlib.contextmanager
def clear_errors(folder: Path) -> Iterator[None]:
    """Turns what the operating system says about a folder into one of our errors."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        if error.errno in _NO_SPACE:
            raise Unavailable(f"no space left in {folder}: {reason}", fix=f"free space in {folder}") from error
        if error.errno in _NOT_ALLOWED:
            raise SettingsInvalid(
                f"{folder} cannot be used by this user: {reason}",
                fix=f"let the user that runs the connector read and write {folder}, or set another folder",
            ) from error
        raise Unavailable(f"{folder} cannot be used: {reason}") from error


def listed(folder: Path) -> list[os.DirEntry[str]]:
    """What lies in a folder, by name; a folder that is not there is `SettingsInvalid`."""
    if not folder.is_dir():
        raise SettingsInvalid(f"{folder} is no folder", fix=f"create {folder}, or set another folder")
    with clear_errors(folder), os.scandir(folder) as entries:
        return sorted(entries, key=lambda entry: entry.name)


def sync_folder(folder: Path) -> None:
    """Make renames in a folder last through a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_text(path: Path, text: str) -> None:
    """Write a small file under a temporary name, then give it its own."""
    half = path.with_name(f".{path.name}.part")
    try:
        with half.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        half.replace(path)
    finally:
        half.unlink(missing_ok=True)


def link_new(half: Path, final: Path, *, link: Callable[[Path, Path], None] = os.link) -> bool:
    """Give a file that is written and synced its final name; False when something lies there, which then stays.

    Where the file system knows no links, it is renamed without replacing. `half` may or may not be left afterwards.
    """
    try:
        link(half, final)
    except FileExistsError:
        return False
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        return rename_new(half, final)
    return True


def rename_new(half: Path, final: Path) -> bool:
    """Rename a file unless something has that name already; False then. Linux only: renameat2."""
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if rename is None:
        raise OSError(errno.EPERM, "neither links nor renaming without replacing are possible here")
    if rename(_AT_FDCWD, os.fsencode(half), _AT_FDCWD, os.fsencode(final), _RENAME_NOREPLACE) == 0:
        return True
    number = ctypes.get_errno()
    if number == errno.EEXIST:
        return False
    raise OSError(number, os.strerror(number), str(final))
