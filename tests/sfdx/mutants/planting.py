"""Planting one defect into a copy of the project."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.sfdx.checks.project import REPOSITORY

Plant = Callable[[Path], None]
"""Changes something in the copy that lies in this folder."""

MAIN = "sfdx/force-app/main/default"
VOICE = "sfdx/force-app/voice"
COPIED = ("sfdx/force-app", "sfdx/manifest", "config", "sfdx-project.json", ".forceignore")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """One defect. `caught_by` is the check that must find it; `says` is part of what it then says."""

    defect: str
    plant: Plant
    caught_by: str
    says: str = ""


def copy_of_the_project(folder: Path) -> Path:
    """A copy of everything that is checked, in this empty folder."""
    for name in COPIED:
        source, target = REPOSITORY / name, folder / name
        if source.is_dir():
            shutil.copytree(source, target)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)
    return folder


def swap(path: str, old: str, new: str) -> Plant:
    """Replace the first occurrence of a text in a file; it must be there."""

    def plant(root: Path) -> None:
        text = (root / path).read_text(encoding="utf-8")
        assert old in text, f"{path} has no {old!r} any more: this mutant needs another place"
        (root / path).write_text(text.replace(old, new, 1), encoding="utf-8")

    return plant


def misspelt(defect: str, path: str, old: str, new: str, *, caught_by: str, says: str) -> Mutant:
    """A defect that is other text in one place."""
    return Mutant(defect=defect, plant=swap(path, old, new), caught_by=caught_by, says=says)


def add(path: str, text: str) -> Plant:
    """A file that was not there."""

    def plant(root: Path) -> None:
        assert not (root / path).exists(), f"{path} is there already"
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")

    return plant


def remove(path: str) -> Plant:
    """A file or folder that is gone."""

    def plant(root: Path) -> None:
        place = root / path
        if place.is_dir():
            shutil.rmtree(place)
        else:
            place.unlink()

    return plant


def move(path: str, to: str) -> Plant:
    """A file that lies elsewhere."""

    def plant(root: Path) -> None:
        (root / to).parent.mkdir(parents=True, exist_ok=True)
        (root / path).rename(root / to)

    return plant


def drop(path: str, tag: str) -> Plant:
    """A file without the first of its own elements of this name."""

    def plant(root: Path) -> None:
        text = (root / path).read_text(encoding="utf-8")
        shorter, count = re.subn(rf"\n    <{tag}>[^<]*</{tag}>", "", text, count=1)
        assert count, f"{path} has no {tag} any more: this mutant needs another place"
        (root / path).write_text(shorter, encoding="utf-8")

    return plant


def several(*plants: Plant) -> Plant:
    """Several changes that are one defect."""

    def plant(root: Path) -> None:
        for one in plants:
            one(root)

    return plant
