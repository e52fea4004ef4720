"""A rehearsal that cannot fail is worthless: what differs is shown, and the exit code says so."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from scv_voicemail.cli.demo import rehearse
from scv_voicemail.cli.output import Exit
from scv_voicemail.cli.rehearsal import LocalSalesforce
from scv_voicemail.wiring import salesforce_client


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
