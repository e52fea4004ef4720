"""Does what a document says: its fenced code blocks, in order, in one folder, as a reader would."""

from __future__ import annotations

import os
import re
import selectors
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from scv_voicemail.cli.rehearsal import demo_recording
from scv_voicemail.settings import Settings

from tests.commands import environment

LANGUAGES = ("console", "python", "bash", "toml")
PATIENCE_SECONDS = 120
SCRIPTS = {"scripts/demo": "scv-voicemail demo"}
"""Scripts of the repository that a document may run, by what they come to once everything is installed."""

_FENCE = re.compile(r"^```(\w*)\s*$")
_MARKER = re.compile(r"^<!--\s*not run:\s*(.*?)\s*-->$")
_RECORDING = re.compile(r"[\w-]+\.wav")


class DocumentWrong(Exception):
    """The document says something that does not work; the message says where."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A fenced code block that a reader would try; `not_run` is the reason why a test does not."""

    language: str
    text: str
    line: int
    not_run: str = ""


def blocks(markdown: str) -> list[Block]:
    """The blocks of the languages that can be run."""
    found: list[Block] = []
    language, started, inside, before = "", 0, [""], ""
    fenced = False
    for number, line in enumerate(markdown.splitlines(), start=1):
        if fenced and line.startswith("```"):
            fenced = False
            if language in LANGUAGES:
                found.append(Block(language=language, text="\n".join(inside), line=started, not_run=_reason(before)))
            before = ""
        elif fenced:
            inside.append(line)
        elif opening := _FENCE.match(line):
            fenced, language, started, inside = True, opening[1], number, []
        elif line.strip():
            before = line.strip()
    if fenced:
        raise DocumentWrong(f"line {started}: the block has no end")
    return found


def _reason(line_before: str) -> str:
    marker = _MARKER.match(line_before)
    if marker and not marker[1]:
        raise DocumentWrong("a marker `not run` gives no reason")
    return marker[1] if marker else ""


def commands(console: str) -> list[str]:
    """The commands of a console block: lines that begin with `$ `, with their continuations; the rest is output."""
    found: list[str] = []
    goes_on = False
    for line in console.splitlines():
        if goes_on:
            found[-1] += "\n" + line
        elif line.startswith("$ "):
            found.append(line[2:])
        else:
            continue
        goes_on = line.endswith("\\")
    return found


class Reader:
    """Follows a document in a folder of its own; what was started in the background ends with the block.

    `python` blocks get the settings of a running emulator. Every recording that the document names is there.
    """

    def __init__(self, folder: Path, *, settings: Mapping[str, str]) -> None:
        self._folder = folder
        self._settings = settings
        self._shell_state = folder / ".exported"
        self._background: list[subprocess.Popen[str]] = []
        self._path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        for process in self._background:
            process.terminate()
        for process in self._background:
            process.communicate(timeout=PATIENCE_SECONDS)

    def follow(self, markdown: str) -> int:
        """Do what the document says; how many blocks were run. Raises `DocumentWrong` at the first that fails."""
        for name in set(_RECORDING.findall(markdown)):
            (self._folder / name).write_bytes(demo_recording().read_bytes())
        tried = [block for block in blocks(markdown) if not block.not_run]
        for block in tried:
            match block.language:
                case "console":
                    for command in commands(block.text):
                        self._type(command, block)
                case "bash":
                    self._run(["bash", "-euo", "pipefail", "-c", block.text], block, {})
                case "python":
                    self._run([sys.executable, "-c", block.text], block, self._settings)
                case "toml":
                    _check_settings(block)
        return len(tried)

    def _type(self, command: str, block: Block) -> None:
        program = command.split(maxsplit=1)[0]
        if program.startswith(("scripts/", ".ci/")):
            if program not in SCRIPTS:
                raise DocumentWrong(f"line {block.line}: {program} is not for a test to run; mark the block `not run`")
            command = command.replace(program, SCRIPTS[program], 1)
        if command.rstrip().endswith("&"):
            self._start(command.rstrip().removesuffix("&"), block)
            return
        # Each command has a shell of its own; what one exports is there for the next.
        state = f'"{self._shell_state}"'
        script = f"[ ! -f {state} ] || . {state}\n{command}\nended=$?\nexport -p > {state}\nexit $ended"
        self._run(["bash", "-c", script], block, {}, shown=command)

    def _start(self, command: str, block: Block) -> None:
        process = subprocess.Popen(
            ["bash", "-c", f"exec {command}"],
            cwd=self._folder,
            env=self._environment({}),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self._background.append(process)
        assert process.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            spoke = selector.select(PATIENCE_SECONDS)
        if not spoke or not process.stdout.readline():
            raise DocumentWrong(f"line {block.line}: `{command}` did not start")

    def _run(self, argv: list[str], block: Block, settings: Mapping[str, str], *, shown: str = "") -> None:
        answer = subprocess.run(
            argv,
            cwd=self._folder,
            env=self._environment(settings),
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
        if answer.returncode:
            what = f"`{shown}`" if shown else f"the {block.language} block"
            said = f"{answer.stdout}{answer.stderr}"
            raise DocumentWrong(f"line {block.line}: {what} ended with {answer.returncode}:\n{said}")

    def _environment(self, settings: Mapping[str, str]) -> dict[str, str]:
        return environment(settings) | {"PATH": self._path}


def _check_settings(block: Block) -> None:
    try:
        given = tomllib.loads(block.text)
    except tomllib.TOMLDecodeError as error:
        raise DocumentWrong(f"line {block.line}: {error}") from error
    if unknown := set(given) - set(Settings.model_fields):
        raise DocumentWrong(f"line {block.line}: there is no setting {', '.join(sorted(unknown))}")
