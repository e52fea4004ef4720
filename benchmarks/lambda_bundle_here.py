"""The bundle of all Lambda functions, built for this machine, and the interpreter that runs it."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))

import lambda_bundle

ARCHITECTURES = {"x86_64": "x86_64", "aarch64": "arm64"}


@dataclass(frozen=True, slots=True)
class Bundle:
    """A folder with packages and compiled code; `python` is of the version that it was compiled for."""

    folder: Path
    python: str
    version: str


@contextmanager
def built_bundle() -> Iterator[Bundle]:
    """As scripts/build-lambdas does it; without the functions' own Python for the one that runs this."""
    python = lambda_bundle.find_python()
    here = python is None or sys.platform != "linux" or platform.machine() not in ARCHITECTURES
    with TemporaryDirectory(prefix="scv-voicemail-benchmark-") as parent:
        folder = Path(parent) / "lambdas"
        lambda_bundle.build(folder, architecture=ARCHITECTURES.get(platform.machine(), "arm64"), here=here)
        lambda_bundle.compile_all(folder, here=here)
        if here or python is None:
            yield Bundle(folder, sys.executable, platform.python_version())
        else:
            yield Bundle(folder, python, lambda_bundle.RUNTIME)


def files_of(folder: Path) -> list[Path]:
    """Every file that is shipped."""
    return list(lambda_bundle.files(folder))
