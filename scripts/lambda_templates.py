"""Writes what is generated of the infrastructure: alarms and dashboard, contact flows, and two tables of the guide.

Run it by scripts/make-lambda-templates. A test fails when a file is out of date.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import yaml
from cfnlint.decode import cfn_yaml

HERE = Path(__file__).parent
if str(HERE) not in sys.path:
    sys.path.insert(0, str(HERE))

import contact_flow_template  # noqa: E402 - beside this file, which is no package
import monitoring_template  # noqa: E402 - as above

LAMBDAS = HERE.parent / "lambdas"
GUIDE = HERE.parent / "docs" / "amazon-connect.md"
NOTE = "# Made by scripts/make-lambda-templates from {source}; changes here are lost.\n"
MARKS = ("<!-- {name}: made by scripts/make-lambda-templates -->", "<!-- end of {name} -->")


class WithoutAliases(yaml.SafeDumper):
    """CloudFormation does not know YAML's aliases."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - the signature is PyYAML's
        """Write everything out, also what is there twice."""
        return True


def generated() -> dict[Path, str]:
    """Every generated file and what should be in it."""
    guide = GUIDE.read_text(encoding="utf-8")
    guide = with_section(guide, "parameters", parameters())
    guide = with_section(guide, "alarms", monitoring_template.table())
    monitoring, flows = monitoring_template.template(), contact_flow_template.template()
    return {
        LAMBDAS / "monitoring.yaml": as_yaml(monitoring, source="lambdas/scv_voicemail_lambdas/metrics.py"),
        LAMBDAS / "contact_flows.yaml": as_yaml(flows, source="lambdas/contact_flows/*.json"),
        GUIDE: guide,
    }


def as_yaml(template: dict[str, Any], *, source: str) -> str:
    """A template as text, always the same for the same content."""
    text = yaml.dump(template, Dumper=WithoutAliases, sort_keys=False, width=120, allow_unicode=True)
    return NOTE.format(source=source) + text


def with_section(page: str, name: str, content: str) -> str:
    """A page with what stands between the marks of a section replaced."""
    begin, end = (mark.format(name=name) for mark in MARKS)
    before, found, rest = page.partition(begin)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        raise ValueError(f"{GUIDE.name} has lost the lines {begin} and {end}")
    return f"{before}{begin}\n{content}\n{end}{after}"


def parameters() -> str:
    """The parameters of the template as tables in Markdown, by group."""
    template = cfn_yaml.load(str(LAMBDAS / "template.yaml"))
    declared = template["Parameters"]
    lines: list[str] = []
    for group in template["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]:
        names = group["Parameters"]
        lines += ["", f"**{group['Label']['default']}**", "", "| parameter | default | what it is |", "|---|---|---|"]
        lines += [f"| `{one}` | {_default(declared[one])} | {_said(declared[one])} |" for one in names]
    return "\n".join([*lines[1:], ""])


def _default(parameter: dict[str, Any]) -> str:
    return "needed" if "Default" not in parameter else f"`{parameter['Default']}`" if parameter["Default"] != "" else ""


def _said(parameter: dict[str, Any]) -> str:
    choices = ", ".join(f"`{one}`" for one in parameter.get("AllowedValues", ())[:6])
    text = parameter["Description"].replace("|", "\\|")
    return f"{text} ({choices})" if choices and parameter["Type"] == "String" else text


def stale() -> list[Path]:
    """The files that are not what they should be."""
    return [path for path, text in generated().items() if not path.exists() or path.read_text(encoding="utf-8") != text]


def main() -> int:
    """The command; with --check it only looks."""
    parser = argparse.ArgumentParser(prog="scripts/make-lambda-templates", description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; fail when a file is out of date")
    options = parser.parse_args()
    changed, texts = stale(), generated()
    for path in changed:
        print(f"{path.relative_to(LAMBDAS.parent)}: {'is out of date' if options.check else 'written'}")
        if not options.check:
            path.write_text(texts[path], encoding="utf-8")
    return 1 if options.check and changed else 0


if __name__ == "__main__":
    sys.exit(main())
