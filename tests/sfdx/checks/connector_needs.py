"""What the connector reads and writes in Salesforce by REST, derived from its own code.

Reads come from every SOQL text in the package, writes from the field maps of the delivery targets. A query that is put
together at run time cannot be read from here, so each of them is named below with what it reads; another one is an
error. The demo is left out: it looks at the emulator as a spectator, with an administrator's rights.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import scv_voicemail
from scv_voicemail.cli import doctor_there
from scv_voicemail.delivery import announcement, case, custom_object, links, voice_call_state

from tests.sfdx.checks.soql import selects

PACKAGE = Path(scv_voicemail.__file__).parent
SPECTATORS = ("cli/rehears", "cli/demo", "cli/chaos")
"""How the modules of the demo begin."""
NOT_SALESFORCE = frozenset({"journal/sqlite.py", "journal/sqlite_rows.py"})
"""SQL of the journal, not SOQL."""
PUT_TOGETHER = frozenset(
    {
        ("delivery/records.py", "SELECT {} FROM {} WHERE {} = :key ORDER BY CreatedDate, Id LIMIT 2"),
        ("delivery/voice_call_state.py", "SELECT {} FROM VoiceCall WHERE {}"),
    }
)
"""Queries of the record targets: the record's key, the fields of its map, and its links; and that of VoiceCalls."""

PARENTS = {("ContactCenterChannel", "Channel"): "MessagingChannel"}
"""Objects that are reached by a relationship and need a permission of their own."""


class Unreadable(Exception):
    """A query that is put together at run time, of which nobody has said what it reads."""


@dataclass(slots=True)
class Need:
    """What is done with one object."""

    reads: set[str] = field(default_factory=set)
    writes: set[str] = field(default_factory=set)
    creates: bool = False
    updates: bool = False


@cache
def needs() -> Mapping[str, Need]:
    """What the connector does, by object."""
    found: dict[str, Need] = {}
    for path, text in queries():
        for query in selects(text):
            assert path not in NOT_SALESFORCE
            for path_of_field in query.fields:
                relationship, _, name = path_of_field.rpartition(".")
                parent = PARENTS.get((query.object, relationship))
                of_the_object = f"{relationship}Id" if parent else path_of_field
                found.setdefault(query.object, Need()).reads.add(of_the_object)
                if parent:
                    found.setdefault(parent, Need()).reads.add(name)
    for object_name, fields in doctor_there.OBJECTS.items():
        found.setdefault(object_name, Need()).reads.update(fields)
    for object_name, key, field_map in (
        ("Case", case.CASE_KEY, case.CASE_FIELDS),
        (custom_object.VOICEMAIL_OBJECT, custom_object.VOICEMAIL_KEY, custom_object.VOICEMAIL_FIELDS),
    ):
        need = found.setdefault(object_name, Need())
        need.creates = need.updates = True
        need.writes |= {key, *field_map}
        need.reads |= {"Id", key, "CreatedDate", *field_map}
    call = found.setdefault(links.VOICE_CALL.object_name, Need())
    call.updates = True
    call.writes |= set(links.VOICE_CALL.links)
    call.reads |= {
        links.VOICE_CALL.key_field,
        *links.VOICE_CALL.links,
        *voice_call_state.NEEDED,
        *voice_call_state.TOLD,
        *voice_call_state.HOLDS,
    }
    event = found.setdefault(announcement.EVENT, Need())
    event.creates = True
    event.writes |= set(announcement.EVENT_FIELDS)
    return found


def queries() -> Iterator[tuple[str, str]]:
    """Module and text of every SOQL query; raises when one is put together in a way that nobody described."""
    for file in sorted(PACKAGE.rglob("*.py")):
        path = file.relative_to(PACKAGE).as_posix()
        if path.startswith(SPECTATORS) or path in NOT_SALESFORCE:
            continue
        tree = ast.parse(file.read_text(encoding="utf-8"))
        docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
                if node.value.startswith("SELECT ") and " FROM " in node.value:
                    yield path, node.value
            elif isinstance(node, ast.JoinedStr):
                text = "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
                if text.startswith("SELECT ") and (path, text) not in PUT_TOGETHER:
                    raise Unreadable(f"{path}: what does {text!r} read? Say it in connector_needs.PUT_TOGETHER")
