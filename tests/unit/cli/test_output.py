"""Data to stdout, talk to stderr, one exit code per kind of error."""

from __future__ import annotations

import json
from typing import Any

import pytest
import typer
from scv_voicemail.cli.output import AsJson, Exit, emit, exit_code, printable, reason_and_fix, run, show_table
from scv_voicemail.errors import (
    AuthenticationFailed,
    BadRecording,
    PermissionMissing,
    Rejected,
    SettingsInvalid,
    Unavailable,
    VoicemailError,
)


class Program:
    """A command line with one command, which does what it is told."""

    def __init__(self, outcome: BaseException | dict[str, Any]) -> None:
        self.outcome = outcome
        self.app = typer.Typer()
        self.app.command()(self.command)

    def command(self, number: int = 0, as_json: AsJson = False) -> None:
        """Raise or answer."""
        if isinstance(self.outcome, BaseException):
            raise self.outcome
        emit(self.outcome | {"number": number})


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (BadRecording("empty"), Exit.FAILED),
        (Unavailable("no answer", service="salesforce"), Exit.FAILED),
        (SettingsInvalid("not set"), Exit.CONFIGURATION),
        (AuthenticationFailed("who is this", service="salesforce"), Exit.AUTHENTICATION),
        (PermissionMissing("hidden"), Exit.REFUSED),
        (Rejected("no such field", service="salesforce"), Exit.REFUSED),
    ],
)
def test_every_kind_of_error_has_its_exit_code(error: VoicemailError, code: Exit) -> None:
    """What Salesforce refuses is told apart from what is wrong on this machine."""
    assert exit_code(error) is code


def test_an_error_is_told_with_its_fix_and_without_a_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    """Talk goes to stderr, and stdout stays empty."""
    program = Program(SettingsInvalid("not set: X", fix="set X"))

    code = run(program.app, [])

    out, err = capsys.readouterr()
    assert (code, out, err) == (3, "", "scv-voicemail: not set: X\n  fix: set X\n")


def test_a_command_that_got_no_answer_does_not_promise_to_try_again(capsys: pytest.CaptureFixture[str]) -> None:
    """A worker does; a command has ended."""
    program = Program(Unavailable("no answer", service="journal"))

    code = run(program.app, [])

    said = capsys.readouterr().err
    assert code == 1
    assert "run this again" in said
    assert "by itself" not in said


def test_an_error_in_json_is_one_document(capsys: pytest.CaptureFixture[str]) -> None:
    """With its kind, its reason, its fix and the exit code, apart from each other."""
    program = Program(AuthenticationFailed("who is this", service="salesforce", status=401, fix="renew it"))

    code = run(program.app, ["--json"])

    assert code == 4
    assert json.loads(capsys.readouterr().out) == {
        "schema_version": 1,
        "error": {
            "kind": "AuthenticationFailed",
            "message": "who is this [service salesforce, HTTP 401]",
            "fix": "renew it",
            "exit": 4,
        },
    }


@pytest.mark.parametrize("as_json", [False, True])
def test_a_defect_is_told_without_what_it_knows(as_json: bool, capsys: pytest.CaptureFixture[str]) -> None:
    """The text of a foreign exception may hold a number or a key."""
    program = Program(ValueError("+14155550142"))

    code = run(program.app, ["--json"] if as_json else [])

    out, err = capsys.readouterr()
    assert code == 1
    assert "unexpected ValueError" in err
    assert "--debug" in err
    assert "Traceback" not in out + err
    assert "+14155550142" not in out + err
    assert not as_json or json.loads(out)["error"]["kind"] == "ValueError"


def test_a_defect_shows_its_traceback_to_those_who_ask(capsys: pytest.CaptureFixture[str]) -> None:
    """`--debug` lets the exception through."""
    program = Program(ValueError("why"))

    @program.app.callback()
    def before(debug: bool = typer.Option(False, "--debug")) -> None:
        """Take the option that stands before the command."""

    with pytest.raises(ValueError, match="why"):
        run(program.app, ["--debug", "command"])


@pytest.mark.parametrize("arguments", [["--nubmer", "3"], ["--number", "three"]])
def test_a_typing_error_is_a_usage_error(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """With --json it is a document too, and the command has not run."""
    program = Program({"ran": True})

    code = run(program.app, [*arguments, "--json"])

    out, err = capsys.readouterr()
    assert code == 2
    assert json.loads(out)["error"]["kind"] == "Usage"
    assert arguments[0] in err


def test_ctrl_c_ends_with_130(capsys: pytest.CaptureFixture[str]) -> None:
    """As every shell expects, and with a word on what happens to the voicemail."""
    program = Program(KeyboardInterrupt())

    code = run(program.app, [])

    assert code == 130
    assert "scv-voicemail worker" in capsys.readouterr().err


def test_a_table_shows_what_it_is_given(capsys: pytest.CaptureFixture[str]) -> None:
    """Brackets are not markup: an error's `[service …]` must not disappear; a colon word is no emoji."""
    show_table("Title [bold]", ("a", "b"), [("[red]x", "refused [service telephony, HTTP 400] :smile:")])

    out = capsys.readouterr().out
    assert "Title [bold]" in out
    assert "[red]x" in out
    assert "refused [service telephony, HTTP 400] :smile:" in out


def test_what_a_terminal_would_obey_is_not_shown() -> None:
    """A vendor's text may hold an escape sequence."""
    assert printable("a\x1b[31mb\u202ec\nd") == "a [31mb c\nd"


def test_an_error_is_split_into_reason_and_fix() -> None:
    """The two halves of an error's sentence."""
    assert reason_and_fix(str(SettingsInvalid("not set", fix="set it"))) == ("not set", "set it")
    assert reason_and_fix("no fix") == ("no fix", "")
