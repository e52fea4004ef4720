"""Checks contact flows before they are deployed: `python -m scv_emulator.connect.flow_checks FILE…`"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Collection, Sequence
from dataclasses import asdict
from pathlib import Path

from scv_emulator.connect import flow_rules, voicemail_rules
from scv_emulator.connect.flow import Flow, FlowUnreadable, read_flow
from scv_emulator.connect.flow_finding import RULES, Finding

_SCHEMA_VERSION = 1


def check(flow: Flow, *, parameters: Collection[str] | None = None) -> list[Finding]:
    """All that is wrong with the flow; `parameters` are those of the template that deploys it, if it is known."""
    found = [
        *flow_rules.envelope(flow),
        *flow_rules.actions(flow),
        *flow_rules.references(flow, parameters),
        *flow_rules.graph(flow),
        *voicemail_rules.words(flow),
        *voicemail_rules.voicemails(flow),
    ]
    return sorted(set(found))


def check_file(path: Path, *, parameters: Collection[str] | None = None) -> list[Finding]:
    """All that is wrong with the flow in a file, be it that there is none."""
    try:
        return check(read_flow(path), parameters=parameters)
    except FlowUnreadable as error:
        return [Finding(path.stem, "", "flow.shape", str(error))]


def main(arguments: Sequence[str] | None = None) -> int:
    """Check the files that are named; 1 when something is wrong with one of them."""
    parser = argparse.ArgumentParser(
        prog="python -m scv_emulator.connect.flow_checks",
        description="Checks Amazon Connect contact flows: what the Flow language allows, and what a voicemail needs.",
        epilog="Example: python -m scv_emulator.connect.flow_checks lambdas/contact_flows/*.json",
    )
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE", help="flows and modules, exported as JSON")
    parser.add_argument("--json", action="store_true", help="print one object with all findings")
    parser.add_argument("--list-rules", action="store_true", help="list the rules and exit")
    given = parser.parse_args(arguments)
    if given.list_rules:
        sys.stdout.write("".join(f"{one.name}\n    {one.fix}\n" for one in RULES.values()))
        return 0
    if not given.files:
        parser.error("name one or more files")
    if missing := [path for path in given.files if not path.is_file()]:
        parser.error(f"there is no file {missing[0]}")
    found = [one for path in given.files for one in check_file(path)]
    if given.json:
        told = [{**asdict(one), "fix": one.fix, "vendor": one.vendor} for one in found]
        sys.stdout.write(json.dumps({"schema_version": _SCHEMA_VERSION, "findings": told}) + "\n")
    else:
        sys.stdout.write("".join(f"{one}\n" for one in found))
        sys.stdout.write(f"{len(given.files)} flows, {len(found)} findings\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
