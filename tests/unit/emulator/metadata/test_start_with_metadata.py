"""`python -m scv_emulator --deploy DIR`: the org has the project's metadata before it answers, or does not start."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import httpx

from tests.unit.emulator.metadata.packages import a_field, metadata

ROOT = Path(__file__).parents[4]


def start(*arguments: str) -> subprocess.Popen[str]:
    """The emulator as a program."""
    return subprocess.Popen(
        [sys.executable, "-m", "scv_emulator", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT / "emulator")},
    )


def write_field(folder: Path, body: str) -> None:
    """A project of one field of Case."""
    field = metadata("CustomField", a_field("A__c", body).removeprefix("<fields>").removesuffix("</fields>"))
    path = folder / "objects" / "Case" / "fields" / "A__c.field-meta.xml"
    path.parent.mkdir(parents=True)
    path.write_text(field, encoding="utf-8")


def test_it_starts_with_the_projects_metadata(tmp_path: Path) -> None:
    """The first line is the URL, as always."""
    write_field(tmp_path, "<length>10</length><type>Text</type>")

    with start("--deploy", str(tmp_path)) as program:
        assert program.stdout is not None
        url = program.stdout.readline().strip()
        deploys = httpx.get(f"{url}/_emulator/deploys").json()
        program.terminate()

    assert [one["status"] for one in deploys] == ["Succeeded"]


def test_it_does_not_start_with_metadata_that_fails(tmp_path: Path) -> None:
    """File, line, component and problem are told; so is a folder with a file of no type."""
    write_field(tmp_path / "bad", "<type>Text</type>")
    (tmp_path / "odd" / "teapots").mkdir(parents=True)
    (tmp_path / "odd" / "teapots" / "Green.teapot").write_text("", encoding="utf-8")

    with start("--deploy", str(tmp_path / "bad")) as program:
        _, told = program.communicate(timeout=30)
    with start("--deploy", str(tmp_path / "odd")) as odd:
        _, told_of_odd = odd.communicate(timeout=30)

    assert program.returncode == 1
    assert "objects/Case.object:3: Case.A__c: Must specify 'length' for a CustomField of type Text" in told
    assert (odd.returncode, "Green.teapot" in told_of_odd) == (2, True)
