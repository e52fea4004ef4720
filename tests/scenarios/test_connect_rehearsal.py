"""The rehearsal with Amazon Connect: it passes as it is shipped, and a planted defect makes it fail where it is."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("moto", reason="the local AWS is built on moto, which is not installed")

from scv_voicemail.cli.demo import spelled_out
from scv_voicemail.cli.demo_connect import rehearse_call
from scv_voicemail.cli.output import Exit
from scv_voicemail.cli.rehearsal import local_salesforce
from scv_voicemail.cli.rehearsed_calls import emulator_options
from scv_voicemail.cli.rehearsed_records import LEAST_RIGHTS, shipped_metadata

from tests.commands import run

ROOT = Path(__file__).parents[2]
FAST = ("--apply-delay-ms", "20")
VOICE_CALL: tuple[str, ...] = ("voice_call",)
EVERYWHERE = ("voice_call", "case", "custom_object")

Defect = tuple[str, str, str]
"""A file of the checkout, what is in it, and what is put there instead."""

LATE_MARK = (
    "lambdas/scv_voicemail_lambdas/flow_call.py",
    "        call_origin=CallOrigin.VOICEMAIL,\n",
    "",
)
CUT_TOO_LATE = (
    "connector/scv_voicemail/intake/message_audio.py",
    "start_seconds=beep, end_seconds=None",
    "start_seconds=beep + 1.5, end_seconds=None",
)
LOST_EVENT = ("lambdas/template.yaml", "${ConnectRecordingsPrefix}/ivr/*.wav", "${ConnectRecordingsPrefix}/other/*.wav")


def a_checkout(folder: Path, *defects: Defect) -> Path:
    """A copy of what is deployed, with defects."""
    for name in ("connector", "lambdas"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name, there, instead in defects:
        text = (folder / name).read_text(encoding="utf-8")
        assert text.count(there) == 1, f"{name} has no place for this defect any more"
        (folder / name).write_text(text.replace(there, instead), encoding="utf-8")
    return folder


def rehearsed(
    way: str,
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    *defects: Defect,
    targets: tuple[str, ...] = VOICE_CALL,
) -> dict[str, Any]:
    """What a rehearsal says, as JSON; with `code`, and `differs`: the names of what does."""
    checkout = a_checkout(folder / "checkout", *defects) if defects else ROOT
    org: dict[str, Any] = {"options": (*FAST, *emulator_options(way, targets=targets, checkout=checkout))}
    if targets != VOICE_CALL:
        org = {"seed": LEAST_RIGHTS, "options": (*org["options"], "--deploy", str(shipped_metadata()))}
    with local_salesforce(folder, **org) as local:
        code = rehearse_call(local, way, as_json=True, targets=targets)
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    return document | {"code": code, "differs": [one["name"] for one in document["checks"] if not one["agrees"]]}


def test_a_call_comes_to_a_rep_and_to_the_other_targets(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """From the keypress to the rep, by streaming; by recording, the README's test does it.

    With the shipped metadata the mark before the beep makes no Case: there is one, with the owner of the target.
    """
    told = rehearsed("kvs", tmp_path, capsys, targets=EVERYWHERE)

    story = " ".join(one["what"] for one in told["timeline"])
    assert (told["code"], told["differs"]) == (Exit.DONE, [])
    assert len(told["checks"]) == 51
    assert "ContactRecordFunction" in story
    assert story.index("presses 1") < story.index("beforeRecording") < story.index("beep") < story.index("Omni-Channel")


def test_a_mark_that_comes_late_and_a_cut_word_are_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two defects at once: each shows in its own rows, and in no other."""
    told = rehearsed("ivr", tmp_path, capsys, LATE_MARK, CUT_TOO_LATE)

    assert told["code"] is Exit.FAILED
    assert told["differs"] == ["what was said after the beep", "what else is recorded", "marked before the beep"]


def test_an_event_that_nobody_hears_is_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The rule waits for recordings in another place: the call is over, and there is no voicemail."""
    told = rehearsed("ivr", tmp_path, capsys, LOST_EVENT)

    assert told["code"] is Exit.FAILED
    assert told["differs"] == ["voicemails in the journal"]


@pytest.mark.parametrize(
    ("arguments", "spelled"),
    [
        ("demo --connect --json", "demo --connect=ivr --json"),
        ("demo --connect kvs", "demo --connect kvs"),
        ("demo --connect=kvs", "demo --connect=kvs"),
        ("demo --connect", "demo --connect=ivr"),
        ("emulator --connect lambdas/template.yaml", "emulator --connect lambdas/template.yaml"),
    ],
)
def test_the_way_may_be_left_out(arguments: str, spelled: str) -> None:
    """Of the demo's option, and of no other."""
    assert spelled_out(arguments.split()) == spelled.split()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--connect=fax",), "'fax' is none of ivr, kvs"),
        (("--connect", "--chaos"), "excludes --chaos"),
        (("--connect", "--recording", "hello.wav"), "excludes --recording"),
    ],
)
def test_what_cannot_be_rehearsed_is_refused_before_anything_starts(arguments: tuple[str, ...], said: str) -> None:
    """As wrong usage."""
    answer = run("demo", *arguments)

    assert (answer.returncode, answer.stdout) == (2, "")
    assert said in " ".join(answer.stderr.split())
