"""Prints lambdas/template.yaml as CloudFormation carries it out: SAM's resources turned into plain ones.

Checkers that do not know SAM look at this. It needs SAM's own translator, which scripts/install-aws-tools brings:
.tools/aws/sam/bin/python scripts/translated_template.py > template.json
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from samcli.yamlhelper import yaml_parse
from samtranslator.translator.transform import transform

TEMPLATE = Path(__file__).parents[1] / "lambdas" / "template.yaml"


class NoManagedPolicies:
    """SAM looks AWS's own policies up by name; the template names none, and gives each function its role."""

    def load(self) -> dict[str, str]:
        """Name to ARN."""
        return {}


def translated(template: Path = TEMPLATE) -> dict[str, Any]:
    """The template without SAM."""
    os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")
    given = yaml_parse(template.read_text(encoding="utf-8"))
    given["Globals"]["Function"]["CodeUri"] = "s3://bucket/bundle"
    for resource in given["Resources"].values():
        if resource["Type"] == "AWS::CloudFormation::Stack":
            resource["Properties"]["TemplateURL"] = "https://s3.amazonaws.com/bucket/nested.yaml"
    values = {name: parameter.get("Default", "") for name, parameter in given["Parameters"].items()}
    done: dict[str, Any] = transform(given, values, NoManagedPolicies())
    return done


if __name__ == "__main__":
    json.dump(translated(), sys.stdout, indent=1)
