"""The templates as the vendor's tools see them. cfn-lint always runs; the others where they are installed."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.lambdas.infrastructure.stack import REPOSITORY, load

TOOLS = REPOSITORY / ".tools" / "aws"
NEEDS_TOOLS = pytest.mark.skipif(
    not (TOOLS / "sam" / "bin" / "sam").exists() or not (TOOLS / "checkov" / "bin" / "checkov").exists(),
    reason="SAM's command line and checkov are not installed; scripts/install-aws-tools installs them",
)


@pytest.mark.parametrize("name", ["template.yaml", "monitoring.yaml", "contact_flows.yaml"])
def test_cfn_lint_has_nothing_to_say(name: str) -> None:
    """Not even a hint."""
    command = [str(Path(sys.executable).parent / "cfn-lint"), str(REPOSITORY / "lambdas" / name)]

    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)

    assert (done.returncode, done.stdout) == (0, "")


@NEEDS_TOOLS
def test_all_checks_of_the_templates_pass() -> None:
    """What scripts/check-lambdas says; its output tells which check failed and why."""
    done = subprocess.run(
        [REPOSITORY / "scripts/check-lambdas"], capture_output=True, text=True, check=False, timeout=300
    )

    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    assert "check-lambdas: all passed" in done.stderr


@NEEDS_TOOLS
def test_sam_adds_no_rights_of_its_own(tmp_path: Path) -> None:
    """Roles of the translated template are those of ours, statement for statement."""
    python = TOOLS / "sam" / "bin" / "python"
    script = REPOSITORY / "scripts" / "translated_template.py"

    done = subprocess.run([python, script], capture_output=True, text=True, check=True, timeout=120, cwd=tmp_path)

    translated = json.loads(done.stdout)["Resources"]
    ours = load("template.yaml")["Resources"]
    kinds = ("AWS::IAM::Role", "AWS::IAM::ManagedPolicy")
    assert {name for name, one in translated.items() if one["Type"] in kinds} == {
        name for name, one in ours.items() if one["Type"] in kinds
    }
    for name, one in translated.items():
        if one["Type"] in kinds:
            assert one["Properties"] == json.loads(json.dumps(ours[name]["Properties"])), name


def test_the_example_of_a_deployment_gives_what_is_needed() -> None:
    """Every parameter without a default, in a form that the template takes."""
    example = tomllib.loads((REPOSITORY / "lambdas" / "samconfig.example.toml").read_text(encoding="utf-8"))
    given = dict(one.split("=", 1) for one in example["default"]["deploy"]["parameters"]["parameter_overrides"])
    declared = load("template.yaml")["Parameters"]

    assert {name for name, one in declared.items() if "Default" not in one} <= given.keys() <= declared.keys()
