"""What makes the project deployable in somebody else's org: no ids of ours, and main/ without Service Cloud Voice."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tests.sfdx.checks.code import without_comments
from tests.sfdx.checks.component import Finding
from tests.sfdx.checks.project import Project
from tests.sfdx.checks.standard_names import NEEDS_VOICE, SERVICE_CHANNELS
from tests.sfdx.checks.xml_tree import Malformed, parse

_ID = re.compile(r"(?<![\w/+=-])(?=[0-9A-Za-z]*\d)[0-9a-zA-Z]{5}0[0-9a-zA-Z]{9}(?:[0-9a-zA-Z]{3})?(?![\w/+=-])")
"""15 or 18 characters, the sixth a zero: how ids of records look."""
_MANY_DIGITS = re.compile(r"\d.*\d.*\d.*\d")
PROSE = {"description", "inlineHelpText", "comment", "errorMessage"}
_VOICE = re.compile(rf"\b(?:{'|'.join(sorted({*NEEDS_VOICE, *SERVICE_CHANNELS}))})\b")


def check_no_ids(project: Project) -> Iterator[Finding]:
    """No id of a record stands anywhere: it deploys, and means nothing in another org."""
    for path, text in project.files.items():
        for number, line in enumerate(text.splitlines(), 1):
            for found in _ID.findall(line):
                if _MANY_DIGITS.search(found):
                    yield Finding(path, number, f"{found} looks like the id of a record")


def check_main_names_no_voice(project: Project) -> Iterator[Finding]:
    """Nothing in main/ names what only Service Cloud Voice or Omni-Channel brings; prose may speak of it."""
    for path, text in project.only("main").files.items():
        if path.endswith("-meta.xml"):
            try:
                nodes = [node for node in parse(text).walk() if node.tag not in PROSE]
            except Malformed:
                continue
            places = [(node.line, node.text) for node in nodes]
        else:
            places = list(enumerate(without_comments(text).splitlines(), 1))
        for line, words in places:
            if found := _VOICE.search(words):
                yield Finding(path, line, f"{found[0]} comes with Service Cloud Voice only")
