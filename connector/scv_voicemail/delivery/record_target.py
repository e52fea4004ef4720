"""What the Case and the custom object have in common: one record per voicemail, found by its key, completed, linked.

    match ─► save ─► link ─► verify                          add_transcript
              ▲        ▲        │                            (only one that was late)
              └────────┴────────┘ when the record is gone

The record is made by a plain create that carries the key in a unique External Id: of two creates the first wins, and
the other is refused with DUPLICATE_VALUE. A create never changes a record, so a repeat cannot take back what a rep or
an assignment rule has done in the meantime.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from scv_voicemail.delivery import refused_fields
from scv_voicemail.delivery.field_map import FieldMap
from scv_voicemail.delivery.identity import another, compared, disagreements
from scv_voicemail.delivery.links import Links
from scv_voicemail.delivery.map_checks import KEY_FIX, key_problem
from scv_voicemail.delivery.people import Caller, Owner, People
from scv_voicemail.delivery.record_facts import SPOKEN, facts_of
from scv_voicemail.delivery.record_shape import Fitted, Shape, fit, same
from scv_voicemail.delivery.records import Records
from scv_voicemail.errors import AuthenticationFailed, Misconfigured, PermissionMissing, Rejected
from scv_voicemail.ports import (
    LISTEN,
    LISTEN_AGAIN,
    Attempt,
    NotYet,
    Receipt,
    Redo,
    Step,
    transcript_is_late,
)
from scv_voicemail.voicemail import MailboxKind

NEVER_AGAIN = frozenset({"ownerid", "status", "priority"})
"""Given when the record is made, and then a rep's: no repeat writes them, not even when they are empty."""

FRESH = timedelta(seconds=5)
"""A refusal that a description so young did not foresee is not the description's fault."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordOptions:
    """How records are made. `owner_queue` owns what no mailbox owns, and must be there if somebody has chosen it
    (`owner_is_chosen`); `owner_rules` leaves queues' records to the org's assignment rules (Case only);
    `match_people` looks for the caller's Contact and Account.
    """

    owner_queue: str = ""
    owner_is_chosen: bool = True
    owner_rules: bool = False
    match_people: bool = True


class RecordTarget:
    """Delivers a voicemail as one record of one object."""

    name = "record"
    placeholder = ""

    def __init__(
        self, *, records: Records, people: People, links: Links, fields: FieldMap, options: RecordOptions
    ) -> None:
        self.records = records
        self.people = people
        self.links = links
        self.fields = fields
        self.options = options
        self._compared = compared(fields)

    def steps(self) -> Sequence[Step]:
        """Each step's docstring says what a repeat of it finds."""
        return [
            Step(name="match", run=self._match),
            Step(name="save", run=self._save),
            Step(name="link", run=self._link),
            Step(name="verify", run=self._verify),
        ]

    # ------------------------------------------------------------------------------------------------------- the steps

    def _match(self, attempt: Attempt) -> Receipt:
        """Who called and who is to own the record. Reads only.

        Callers who may not be read are a warning; whoever was to own it must be there, or no rep would see it.
        """
        asked = frozenset().union(*(template.names for template in self.fields.written.values()))
        by_number = self.options.match_people and asked & {"contact_id", "account_id"}
        caller, owner, warnings = Caller(), Owner(), []
        try:
            caller = self.people.caller(attempt.voicemail.caller) if by_number else caller
        except (PermissionMissing, Rejected) as error:
            # An encrypted phone number cannot be asked for, whoever asks.
            warnings.append(f"nobody was linked with the caller's number: {error.what}")
        owner = self._owner(attempt) if "owner_id" in asked else owner
        return {
            "contact_id": caller.contact_id,
            "account_id": caller.account_id,
            "owner_id": owner.id,
            "note": caller.note,
            "warning": "; ".join([*warnings, *([owner.warning] if owner.warning else [])]),
        }

    def _save(self, attempt: Attempt) -> Receipt:
        """Make the record, or complete the one that is there: an earlier try's, the org's own flow's, a rep's."""
        shape = self._shape(attempt)
        fitted = fit(shape, self._values(attempt))
        try:
            held = self._find(shape, attempt)
            if not held:
                record_id, held, written = self._create(shape, fitted, attempt)
                if record_id:
                    return {"recordId": record_id, "created": True, **_told(shape, fitted, written)}
            written = self._complete(shape, held[0], fitted, attempt)
        except PermissionMissing as error:
            self._look_again(shape, attempt, error)
            raise
        told = _told(shape, fitted, written)
        return {"recordId": str(held[0]["Id"]), "completed": sorted(written.values), **told}

    def _link(self, attempt: Attempt) -> Receipt:
        """Link the records that are there by now, both ways. A repeat finds them linked."""
        record_id = str(attempt.receipts["save"]["recordId"])
        return {"recordId": record_id, **self.links.join(attempt, known={self.placeholder: record_id})}

    def _verify(self, attempt: Attempt) -> Receipt:
        """Read the record back. Gone: made again. Doubled, or without what was written: a warning."""
        shape = self._shape(attempt)
        rows = self._find(shape, attempt)
        if not rows:
            raise Redo(f"the {self.fields.object_name} is gone", step="save")
        # By id as well as by key: a record that was made anew has none of the links of the first.
        if attempt.receipts["link"]["recordId"] != str(rows[0]["Id"]):
            step = "link" if attempt.receipts["save"]["recordId"] == str(rows[0]["Id"]) else "save"
            raise Redo(f"the {self.fields.object_name} is another one now", step=step)
        warnings = [f"several {self.fields.object_name} records have this key"] if len(rows) > 1 else []
        late = transcript_is_late(attempt.receipts)
        written = self._before_the_transcript(shape, attempt) if late else fit(shape, self._values(attempt)).values
        refused = attempt.receipts["save"].get("refused", ())
        empty = [name for name in written if rows[0].get(name) is None and name not in refused]
        if empty:
            warnings.append(f"Salesforce shows nothing in {', '.join(empty)}")
        return {"recordId": str(rows[0]["Id"]), "warning": "; ".join(warnings)}

    def add_transcript(self, attempt: Attempt) -> Receipt:
        """Write a transcript that came late where nobody has written meanwhile. A repeat finds it written."""
        name = self.fields.object_name
        try:
            shape = self._shape(attempt)
            held = self._find(shape, attempt)
            if not held:
                return {"warning": f"the {name} is gone, and its transcript was not added"}
            return self._add_transcript(shape, held[0], attempt)
        except AuthenticationFailed:
            raise
        except (Rejected, Misconfigured) as error:
            self.records.forget(name)
            return {"warning": f"the transcript was not added to the {name}: {error.what}"}

    # ----------------------------------------------------------------------------------------------- making, completing

    def _create(
        self, shape: Shape, fitted: Fitted, attempt: Attempt
    ) -> tuple[str, list[dict[str, Any]], refused_fields.Written]:
        """The id of a new record; or "" and the record that somebody else has made in this moment."""
        values = fitted.values | {self.fields.key: attempt.voicemail.id}

        def create(given: dict[str, Any]) -> str:
            return self.records.create(shape.name, given, assignment_rules=self._by_rules(attempt))

        def next_owner() -> str:
            queue = self.options.owner_queue
            return self.people.owner(shape.name, None, fallback_queue=queue, is_chosen=False).id

        try:
            record_id, written = refused_fields.write(values, create, fields=self.fields, next_owner=next_owner)
        except Rejected as error:
            if error.code != "DUPLICATE_VALUE":
                raise
            held = self._find(shape, attempt)
            if not held:
                raise PermissionMissing(
                    f"a {shape.name} with this voicemail's key is there, but the integration user does not see it",
                    service="salesforce",
                    code=error.code,
                    fix="let the integration user see all records of this object, then `scv-voicemail retry ID`",
                ) from None
            return "", held, refused_fields.Written({})
        return record_id, [], written

    def _complete(
        self, shape: Shape, held: Mapping[str, Any], fitted: Fitted, attempt: Attempt
    ) -> refused_fields.Written:
        """Fill what is empty, or as a voicemail without its transcript left it."""
        before = self._before_the_transcript(shape, attempt)
        changes = {
            name: value
            for name, value in fitted.values.items()
            if name.lower() not in NEVER_AGAIN
            and not same(held.get(name), value)
            and (held.get(name) is None or same(held[name], before.get(name)))
        }
        return self._update(shape, held, fit(shape, changes, creating=False).values)

    def _update(self, shape: Shape, held: Mapping[str, Any], changes: Mapping[str, Any]) -> refused_fields.Written:
        def update(given: dict[str, Any]) -> None:
            if given:
                self.records.update(shape.name, str(held["Id"]), given)

        return refused_fields.write(changes, update, fields=self.fields)[1]

    def _add_transcript(self, shape: Shape, held: Mapping[str, Any], attempt: Attempt) -> Receipt:
        """Change what still reads as `save` left it. Whoever writes between look and update is overwritten."""
        said = {
            name: value for name, value in self._values(attempt).items() if self.fields.written[name].names & SPOKEN
        }
        fitted, before = fit(shape, said, creating=False), self._before_the_transcript(shape, attempt)
        changes = {
            name: value
            for name, value in fitted.values.items()
            if name.lower() not in NEVER_AGAIN and not same(held.get(name), value)
        }
        theirs = sorted(name for name in changes if not same(held.get(name), before.get(name)))
        ours = {name: value for name, value in changes.items() if name not in theirs}
        written = self._update(shape, held, ours)
        warnings = [f"{shape.name}.{name} was changed by somebody and is left so" for name in theirs]
        warnings += [one for one in (fitted.warning, written.warning(shape.name)) if one]
        return {"completed": sorted(written.values), "note": fitted.note, "warning": "; ".join(warnings)}

    def _before_the_transcript(self, shape: Shape, attempt: Attempt) -> dict[str, Any]:
        """What the fields hold, or would hold, as long as there is no transcript."""
        receipts = {name: receipt for name, receipt in attempt.receipts.items() if name != LISTEN_AGAIN}
        silent = replace(attempt, voicemail=replace(attempt.voicemail, transcript=None), receipts=receipts)
        return fit(shape, self._values(silent)).values

    def _find(self, shape: Shape, attempt: Attempt) -> list[dict[str, Any]]:
        """The records with this voicemail's key. Raises `Rejected` when they are another voicemail's."""
        rows = self.records.find(
            shape, key_field=self.fields.key, key=attempt.voicemail.id, columns=self.fields.written
        )
        known = attempt.receipts.get("save", {}).get("recordId")
        # What a rep has changed in a record that we have made does not make it another one's.
        if rows and rows[0]["Id"] != known and (why := disagreements(attempt.voicemail, rows[0], self._compared)):
            raise another(attempt.voicemail, record=f"{shape.name} {rows[0]['Id']}", why=why)
        return rows

    # ------------------------------------------------------------------------------------------------------ the values

    def _values(self, attempt: Attempt) -> dict[str, Any]:
        failed = any(attempt.receipts.get(step, {}).get("warning") for step in (LISTEN, LISTEN_AGAIN))
        facts = facts_of(attempt.voicemail, target=self.name, transcription_failed=failed)
        found = attempt.receipts["match"]
        return self.fields.values(facts | {name: found[name] for name in ("contact_id", "account_id", "owner_id")})

    def _owner(self, attempt: Attempt) -> Owner:
        if self._by_rules(attempt):
            return Owner()
        return self.people.owner(
            self.fields.object_name,
            attempt.voicemail.mailbox,
            fallback_queue=self.options.owner_queue,
            is_chosen=self.options.owner_is_chosen,
        )

    def _by_rules(self, attempt: Attempt) -> bool:
        """The org's assignment rules decide, but not about what was left for one rep."""
        mailbox = attempt.voicemail.mailbox
        return self.options.owner_rules and (mailbox is None or mailbox.kind is not MailboxKind.REP)

    def _shape(self, attempt: Attempt) -> Shape:
        shape = self.records.shape(self.fields.object_name, now=attempt.now)
        problem = key_problem(shape, self.fields)
        if shape is None or problem:
            self.records.forget(self.fields.object_name)
            raise Misconfigured(problem, service="salesforce", fix=KEY_FIX)
        return shape

    def _look_again(self, shape: Shape, attempt: Attempt, error: PermissionMissing) -> None:
        """A field may have been taken away since the object was described: describe it anew before calling a human."""
        self.records.forget(self.fields.object_name)
        if attempt.now - shape.read_at > FRESH:
            raise NotYet(f"the org has changed: {error.what}", after_seconds=0.1) from error


def _told(shape: Shape, fitted: Fitted, written: refused_fields.Written) -> Receipt:
    """What a receipt says of fields that were cut, left out or refused."""
    warnings = [one for one in (fitted.warning, written.warning(shape.name)) if one]
    told: dict[str, Any] = {"note": fitted.note, "warning": "; ".join(warnings)}
    return told | ({"refused": sorted(written.refused)} if written.refused else {})
