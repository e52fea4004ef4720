"""What the DynamoDB journal keeps, item by item, and the table that it keeps them in.

    pk              sk                      what
    voicemail#ID    voicemail               the voicemail, its body as JSON
    voicemail#ID    run#TARGET              a run; `lane` and `at` put it into the index
    voicemail#ID    event#TIME#VERSION#...  one line of the history
    voicemail#ID    facts                   what stands beside the voicemail, as JSON
    gates           gate#TARGET             a target that was ever used, and its circuit breaker
    notices         notice#SHA256           what lies aside, was left or ignored; empty when it is settled

The index holds runs only, one lane per state and target. `at` sorts a lane: waiting runs by when they are due, running
ones by the end of their lease, settled ones by when their voicemail came in. Every item but an event has a `version`
that grows with each write.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from scv_voicemail.errors import BadVoicemail
from scv_voicemail.journal.moments import from_number, to_number
from scv_voicemail.journal.transitions import Change
from scv_voicemail.ports import Event, Gate, Notice, Run, RunState
from scv_voicemail.voicemail import Voicemail

Item = dict[str, Any]
"""Texts and whole numbers by name; what is None is left out."""

INDEX = "runs_by_lane"
GATES = "gates"
GATE = "gate#"
EVENTS = "event#"
RUNS = "run#"
NOTICES = "notices"
NOTICE = "notice#"

MAX_ITEM_BYTES = 400 * 1024
"""https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html"""

_TIMES = ("accepted_at", "due", "patient_since", "step_since", "lease_until")


def table_schema(table: str) -> dict[str, Any]:
    """What `create_table` and `aws dynamodb create-table --cli-input-json` take."""
    return {
        "TableName": table,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "S"},
            {"AttributeName": "lane", "AttributeType": "S"},
            {"AttributeName": "at", "AttributeType": "N"},
        ],
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        "GlobalSecondaryIndexes": [
            {
                "IndexName": INDEX,
                "KeySchema": [
                    {"AttributeName": "lane", "KeyType": "HASH"},
                    {"AttributeName": "at", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["due", "accepted_at", "owner"]},
            }
        ],
    }


def encoded(item: Item) -> dict[str, dict[str, str]]:
    """An item as DynamoDB's API takes it."""
    return {
        name: {"N": str(value)} if isinstance(value, int) else {"S": value}
        for name, value in item.items()
        if value is not None
    }


def decoded(item: dict[str, dict[str, str]]) -> Item:
    """An item as DynamoDB's API gave it."""
    return {name: int(value["N"]) if "N" in value else value["S"] for name, value in item.items()}


def item_bytes(item: Item) -> int:
    """How large DynamoDB counts an item: names and values in UTF-8, a number at most 21 bytes."""
    return sum(
        len(name.encode()) + (21 if isinstance(value, int) else len(value.encode()))
        for name, value in item.items()
        if value is not None
    )


def partition(voicemail_id: str) -> str:
    """Where everything about one voicemail lies."""
    return f"voicemail#{voicemail_id}"


def voicemail_key(voicemail_id: str) -> Item:
    """Of the voicemail itself."""
    return {"pk": partition(voicemail_id), "sk": "voicemail"}


def run_key(run: Run) -> Item:
    """Of a run."""
    return {"pk": partition(run.voicemail_id), "sk": f"{RUNS}{run.target}"}


def gate_key(target: str) -> Item:
    """Of a target's gate."""
    return {"pk": GATES, "sk": f"{GATE}{target}"}


def facts_key(voicemail_id: str) -> Item:
    """Of what stands beside a voicemail."""
    return {"pk": partition(voicemail_id), "sk": "facts"}


def notice_key(source: str, name: str) -> Item:
    """Of a notice: names of files may be longer than a key."""
    known = hashlib.sha256(f"{source}\0{name}".encode()).hexdigest()
    return {"pk": NOTICES, "sk": f"{NOTICE}{known}"}


def lane(state: RunState, target: str) -> str:
    """The part of the index in which these runs are."""
    return f"{state.value}#{target}"


def of_voicemail(voicemail: Voicemail, *, version: int) -> Item:
    """The voicemail; without the times of single words when it is too large with them.

    Raises `BadVoicemail`, naming the limit, for one that no item can hold.
    """
    item = voicemail_key(voicemail.id) | {"version": version, "body": json.dumps(voicemail.to_dict())}
    if (size := item_bytes(item)) > MAX_ITEM_BYTES:
        if voicemail.transcript is not None and any(segment.words for segment in voicemail.transcript.segments):
            return of_voicemail(voicemail.with_transcript(voicemail.transcript.without_words()), version=version)
        raise BadVoicemail(
            f"the voicemail and its transcript are {size:,} bytes; DynamoDB takes items of up to {MAX_ITEM_BYTES:,}",
            service="journal",
            voicemail_id=voicemail.id,
            fix="hand it in with a shorter transcript, or without one",
        )
    return item


def changed_voicemail(before: Item, voicemail: Voicemail, *names: str) -> Item:
    """The item with these members of the body written anew; all others stay, also those that we do not know.

    Raises `BadVoicemail` like `of_voicemail`.
    """
    whole = json.loads(of_voicemail(voicemail, version=1)["body"])
    body = json.loads(before["body"]) | {name: whole[name] for name in names}
    return before | {"body": json.dumps(body), "version": before["version"] + 1}


def of_run(run: Run, *, version: int) -> Item:
    """A run, in its lane of the index."""
    item: Item = {name: getattr(run, name) for name in Run.__dataclass_fields__}
    item |= {name: None if item[name] is None else to_number(item[name]) for name in _TIMES}
    at = {RunState.WAITING: item["due"], RunState.RUNNING: item["lease_until"]}.get(run.state, item["accepted_at"])
    return item | run_key(run) | {
        "state": run.state.value,
        "receipts": json.dumps(dict(run.receipts)),
        "lane": lane(run.state, run.target),
        "at": at,
        "version": version,
    }  # fmt: skip


def of_event(event: Event, *, version: int) -> Item:
    """A line of the history; `version` is that of the run it made, and orders lines of the same microsecond."""
    at = to_number(event.at)
    return {
        "pk": partition(event.voicemail_id),
        "sk": f"{EVENTS}{at:017}#{version:06}#{event.target}",
        "happened_at": at,
        **{name: getattr(event, name) for name in ("voicemail_id", "target", "kind", "step", "detail")},
    }


def of_change(change: Change, *, version: int) -> list[Item]:
    """The run after a change, and the line that its history gains."""
    told = [] if change.event is None else [of_event(change.event, version=version)]
    return [of_run(change.run, version=version), *told]


def of_gate(gate: Gate, *, version: int) -> Item:
    """A target's gate; a closed one stays, as the list of targets."""
    until = {
        name: None if moment is None else to_number(moment)
        for name, moment in (("open_until", gate.open_until), ("probe_until", gate.probe_until))
    }
    return gate_key(gate.target) | until | {"target": gate.target, "failures": gate.failures, "version": version}


def of_facts(voicemail_id: str, facts: Mapping[str, str]) -> Item:
    """What stands beside a voicemail."""
    return facts_key(voicemail_id) | {"facts": json.dumps(dict(facts))}


def of_notice(notice: Notice) -> Item:
    """What lies aside, was left or ignored."""
    item = notice_key(notice.source, notice.name)
    item |= {name: getattr(notice, name) for name in ("source", "name", "kind", "reason", "times")}
    return item | {"first_at": to_number(notice.first_at), "last_at": to_number(notice.last_at)}


def voicemail(item: Item) -> Voicemail:
    """The voicemail that `of_voicemail` wrote."""
    return Voicemail.from_dict(json.loads(item["body"]))


def run(item: Item) -> Run:
    """The run that `of_run` wrote."""
    values = {name: item.get(name) for name in Run.__dataclass_fields__}
    times = {name: _moment(values[name]) for name in _TIMES}
    changed = times | {"state": RunState(item["state"]), "receipts": json.loads(item["receipts"])}
    return Run(**values | changed)


def event(item: Item) -> Event:
    """The event that `of_event` wrote."""
    names = ("voicemail_id", "target", "kind", "step", "detail")
    return Event(at=from_number(item["happened_at"]), **{name: item[name] for name in names})


def gate(item: Item) -> Gate:
    """The gate that `of_gate` wrote."""
    return Gate(
        target=item["target"],
        failures=item["failures"],
        open_until=_moment(item.get("open_until")),
        probe_until=_moment(item.get("probe_until")),
    )


def facts(item: Item) -> dict[str, str]:
    """The facts that `of_facts` wrote."""
    known: dict[str, str] = json.loads(item["facts"])
    return known


def notice(item: Item) -> Notice | None:
    """The notice that `of_notice` wrote; None for one that is settled."""
    if "reason" not in item:
        return None
    texts = {name: item[name] for name in ("source", "name", "kind", "reason", "times")}
    return Notice(**texts, first_at=from_number(item["first_at"]), last_at=from_number(item["last_at"]))


def _moment(number: int | None) -> datetime | None:
    return None if number is None else from_number(number)
