"""Every command explains itself."""

from __future__ import annotations

import pytest
import typer
from scv_voicemail.cli.app import app
from scv_voicemail.cli.output import run


def every_command(program: typer.Typer, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """The words of every command and group."""
    found = [path]
    for command in program.registered_commands:
        assert command.name
        found.append((*path, command.name))
    for group in program.registered_groups:
        assert group.name
        assert group.typer_instance is not None
        found += every_command(group.typer_instance, (*path, group.name))
    return found


COMMANDS = [command for command in every_command(app) if command != ("emulator",)]
"""The emulator is a program of its own: tests/scenarios/test_command_line.py asks it."""


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_has_help_with_an_example(
    command: tuple[str, ...], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In 80 columns, without colours, and the example names the command."""
    monkeypatch.setenv("COLUMNS", "80")

    code = run(app, [*command, "--help"])

    out = capsys.readouterr().out
    example = " ".join(out.partition("Example: ")[2].split())
    assert code == 0
    assert example.startswith(" ".join(("scv-voicemail", *command)).strip()) or "scv-voicemail --env-file" in example
    assert max(map(len, out.splitlines())) <= 80
    assert "\x1b" not in out


def test_the_exit_codes_are_in_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    """All of them, with a word each."""
    code = run(app, ["--help"])

    out = " ".join(capsys.readouterr().out.split())
    assert code == 0
    for number, word in enumerate(("done", "failed", "usage", "configuration", "authentication", "refused")):
        assert f"{number} {word}" in out
    assert "6 done with warnings, 7 parked or still waiting, 130 interrupted" in out


def test_every_command_that_answers_can_answer_in_json(capsys: pytest.CaptureFixture[str]) -> None:
    """Groups have no answer of their own."""
    for command in COMMANDS:
        if command and command not in (("keys",), ("journal",)):
            run(app, [*command, "--help"])
            assert "--json" in capsys.readouterr().out
