"""A rehearsal that cannot fail is worthless: what differs is shown, and the exit code says so."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from scv_voicemail.cli.demo import rehearse
from scv_voicemail.cli.output import Exit
from scv_voicemail.cli.rehearsal import LocalSalesforce, local_salesforce
from scv_voicemail.cli.rehearsed_records import ADMINISTRATOR, LEAST_RIGHTS, shipped_metadata
from scv_voicemail.wiring import salesforce_client

from tests.commands import run


class Tampered(LocalSalesforce):
    """A local Salesforce in which something happens to the voicemail as soon as the rep has accepted it."""

    def __init__(self, folder: Path, *, how: str) -> None:
        super().__init__(folder, options=("--apply-delay-ms", "20"))
        self.how = how

    def door(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        if path.endswith("/accept") and self.how == "not accepted":
            return {}
        answer = super().door(method, path, body)
        if path.endswith("/accept"):
            self.tamper()
        return answer

    def tamper(self) -> None:
        if self.how == "audio":
            for recording in Path(self.variables["SCV_VOICEMAIL_RECORDINGS_DIR"]).glob("*.wav"):
                recording.write_bytes(recording.read_bytes() + b"\0")
        if self.how == "call origin":
            client = salesforce_client(self.settings())
            assert client is not None
            (row,) = client.query("SELECT Id FROM VoiceCall")
            client.update("VoiceCall", row["Id"], {"CallOrigin": None})
            client.close()


@pytest.mark.parametrize(
    ("how", "what"),
    [("call origin", "call origin"), ("audio", "audio that the rep hears"), ("not accepted", "work")],
)
def test_what_differs_is_shown_and_fails(
    how: str, what: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One row says DIFFERS, with what was expected; all others are fine."""
    local = Tampered(tmp_path, how=how)
    try:
        code = rehearse(local, None, chaos=False, as_json=False)
    finally:
        local.stop()

    out = capsys.readouterr().out
    assert code is Exit.FAILED
    assert [line for line in out.splitlines() if "DIFFERS  " in line and what in line]
    assert out.count("DIFFERS  ") == 1
    assert "expected: " in out
    assert "NOT what the caller left" in out


def test_a_rehearsal_that_agrees_is_a_success(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same, untouched; and the emulator is gone afterwards."""
    local = Tampered(tmp_path, how="not at all")
    try:
        code = rehearse(local, None, chaos=False, as_json=True)
    finally:
        local.stop()

    document = json.loads(capsys.readouterr().out)
    assert code is Exit.DONE
    assert document["ok"]
    assert len(document["checks"]) == 11
    with pytest.raises(httpx.ConnectError):
        httpx.get(local.url)


RECORDS = ("voice_call", "case", "custom_object")


class TamperedRecords(LocalSalesforce):
    """A local Salesforce with the shipped metadata, in which records are changed as soon as the rep has accepted."""

    def __init__(self, folder: Path, *, how: str) -> None:
        options = ("--apply-delay-ms", "20", "--deploy", str(shipped_metadata()))
        super().__init__(folder, options=options, seed=LEAST_RIGHTS)
        self.how = how

    def door(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        answer = super().door(method, path, body)
        if path.endswith("/accept"):
            self.tamper()
        return answer

    def tamper(self) -> None:
        client = salesforce_client(self.settings(username=ADMINISTRATOR))
        assert client is not None
        with closing(client):
            (case,), (record,) = client.query("SELECT Id FROM Case"), client.query("SELECT Id FROM Voicemail__c")
            if self.how == "transcript":
                client.update("Voicemail__c", record["Id"], {"Transcript__c": "something else"})
            if self.how == "link":
                client.update("Case", case["Id"], {"Voicemail__c": None})
            if self.how == "gone":
                client.delete("Case", case["Id"])


@pytest.mark.parametrize(
    ("how", "what"),
    [
        ("transcript", "voicemail transcript"),
        ("link", "Case's voicemail"),
        ("gone", "Case records with this key"),
    ],
)
def test_records_that_differ_are_shown_and_fail(
    how: str, what: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A field, a link, a whole record: each in its own row."""
    local = TamperedRecords(tmp_path, how=how)
    try:
        code = rehearse(local, None, chaos=False, as_json=False, targets=RECORDS)
    finally:
        local.stop()

    out = capsys.readouterr().out
    assert code is Exit.FAILED
    assert [line for line in out.splitlines() if "DIFFERS  " in line and what in line]
    assert out.count("DIFFERS  ") == 1


@pytest.mark.parametrize("targets", [RECORDS, ("case",), ("custom_object",)])
def test_records_that_agree_are_a_success(
    targets: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Delivered by a user with nothing but the shipped permission sets; no warning."""
    options = ("--apply-delay-ms", "20", "--deploy", str(shipped_metadata()))
    with local_salesforce(tmp_path, options=options, seed=LEAST_RIGHTS) as local:
        code = rehearse(local, None, chaos=False, as_json=True, targets=targets)

    document = json.loads(capsys.readouterr().out)
    assert (code, document["warnings"]) == (Exit.DONE, [])
    assert set(document["records"]) == set(targets) - {"voice_call"}
    assert len(document["checks"]) >= 9


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--targets", "case,fax"), "'fax' is none of voice_call, case, custom_object"),
        (("--targets", " , "), "none of"),
        (("--targets", "case", "--chaos"), "excludes --targets"),
    ],
)
def test_targets_that_cannot_be_rehearsed_are_refused_before_anything_starts(
    arguments: tuple[str, ...], said: str
) -> None:
    """As wrong usage."""
    answer = run("demo", *arguments)

    assert (answer.returncode, answer.stdout) == (2, "")
    assert said in " ".join(answer.stderr.split())
