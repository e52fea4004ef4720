"""The VoiceCall target: a VoiceCall marked as voicemail, with transcript and recording, routed by an Omni-Channel flow.

Follows "Send Voicemails to Reps" of the Implementation Guide, and asks where the guide waits: an update is
asynchronous and its outcome can only be read back.

    open ─► mark ─► confirm ─► transcribe ─► route ─► finalize ─► verify ─► upload
                       │                       ▲          ▲          │      (what of the transcript
                       └── until it is applied └──────────┴─ missing ┘       the open call refused)

A transcript that is made while the voicemail is under way is uploaded to the closed call, too: `add_transcript`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from datetime import datetime

from scv_voicemail.delivery import voice_call_payloads as payloads
from scv_voicemail.delivery.flow_inputs import FlowInputs, Told
from scv_voicemail.delivery.identity import another
from scv_voicemail.delivery.links import Links
from scv_voicemail.delivery.voice_call_payloads import VoiceCallOptions
from scv_voicemail.delivery.voice_call_state import VoiceCallState, VoiceCallView
from scv_voicemail.errors import AuthenticationFailed, Misconfigured, Rejected, RoutingFailed, TryAgain
from scv_voicemail.ports import Attempt, NotYet, Receipt, Redo, Step
from scv_voicemail.telephony import TelephonyClient, TranscriptMessage
from scv_voicemail.voicemail import Voicemail

ROUTING_SETTLE_SECONDS = 5.0
"""A voicemail may be between queue and rep for so long before it counts as not routed."""

UPLOADS = 3
"""How often, at the most, a transcript is uploaded that does not arrive."""

UPLOAD_SECONDS = 3600.0
"""How long the upload is tried while Salesforce does not answer; the voicemail is routed, so this can take its time."""

NOT_FOUND = 404

TRIES_BY_MAILBOX = 3
"""So often a voicemail is routed to its mailbox in vain; then it goes where all others go."""

CLOSING_SETTLE_SECONDS = 15.0
"""The closing update may need so long before the closed call takes uploads."""


class VoiceCallTarget:
    """Delivers by the Telephony Integration API and reads everything back by REST.

    Without REST access (`view=None`) nothing can be looked up: confirming becomes a wait, verifying a warning. `links`
    joins the VoiceCall with the Case and the custom object's record of the same voicemail, if there are any. `inputs`
    knows what the flow is told.
    """

    name = "voice_call"

    def __init__(
        self,
        *,
        telephony: TelephonyClient,
        view: VoiceCallView | None,
        options: VoiceCallOptions,
        links: Links | None = None,
        inputs: FlowInputs | None = None,
    ) -> None:
        self.telephony = telephony
        self.view = view
        self.options = options
        self.links = links
        self.inputs = inputs or FlowInputs(
            None, given=options.flow_input_parameters, flow_dev_name=options.flow_dev_name
        )

    def steps(self) -> Sequence[Step]:
        """The documented sequence; each step's docstring says what a repeat of it finds."""
        later: dict[str, Callable[[Attempt], Receipt]] = {
            "mark": self._mark,
            "confirm": self._confirm,
            "transcribe": self._transcribe,
            "route": self._route,
            "finalize": self._finalize,
            "verify": self._verify,
            "upload": self._upload,
            **({"link": self._link} if self.links else {}),
        }
        return [Step(name="open", run=self._open), *(Step(name=name, run=self._on(run)) for name, run in later.items())]

    def _on(self, run: Callable[[Attempt], Receipt]) -> Callable[[Attempt], Receipt]:
        """A step on the call that was opened. When somebody has deleted that call, everything begins anew."""

        def on_the_call(attempt: Attempt) -> Receipt:
            try:
                return run(attempt)
            except (Rejected, RoutingFailed) as error:
                # Only where both say so: a call that nobody may see any more must not be made a second time.
                is_gone = (
                    error.status == NOT_FOUND and self.view is not None and self.view.get(_call_id(attempt)) is None
                )
                if not is_gone:
                    raise
                raise Redo("the VoiceCall is gone", step="open", and_later=True) from error

        return on_the_call

    # ------------------------------------------------------------------------------------------------------- the steps

    def _open(self, attempt: Attempt) -> Receipt:
        """Adopt the VoiceCall with our vendorCallKey (the inbound flow's, or ours of an earlier try), or create it."""
        voicemail = attempt.voicemail
        if self.view is not None and (found := self.view.find(voicemail.id)) is not None:
            if why := found.foreign_to(voicemail):
                raise another(voicemail, record=f"VoiceCall {found.id}", why=why)
            return {
                "voiceCallId": found.id,
                "adopted": True,
                "closed": found.is_completed,
                "startTime": min(voicemail.started_at, found.started_at or voicemail.started_at).isoformat(),
                "earlierWork": [] if self._was_ours(found, voicemail) else self.view.work_ids(found.id),
                # Every update sets to 0 what it does not name ("Update a Voice Call Record").
                **({"holds": dict(found.holds)} if found.holds else {}),
            }
        if self.view is not None:
            self._let_it_arrive(attempt)
        created = self.telephony.create_voice_call(payloads.new_call(voicemail))
        return {
            "voiceCallId": created.voice_call_id,
            "startTime": voicemail.started_at.isoformat(),
            "warning": "; ".join(created.warnings),
        }

    def _was_ours(self, found: VoiceCallState, voicemail: Voicemail) -> bool:
        """Whether this delivery was begun before the journal was lost, so that the routing work may be its own.

        Only the delivery marks with the end of the message, and closes with a recording: the contact flow marks before
        the beep, while the live call's work may still be there, and a sync closes without a recording.
        """
        assert self.view is not None
        if not found.is_voicemail or not found.ended_near(payloads.end_of(voicemail)):
            return False
        return not found.is_completed or self.view.recordings(found.id) > 0

    def _mark(self, attempt: Attempt) -> Receipt:
        """Tag the call as voicemail and keep its conversation open. The same values again change nothing."""
        opened = attempt.receipts["open"]
        mark = payloads.marked(attempt.voicemail, began=_began(attempt), still_open=not opened.get("closed", False))
        update = self.telephony.update_voice_call(opened["voiceCallId"], mark)
        return {"status": update.status}

    def _confirm(self, attempt: Attempt) -> Receipt:
        """Read back that the update is applied: the Omni-Channel flow must not run before. Writes nothing."""
        if self.view is None:
            left = self.options.confirm_wait_seconds - attempt.waited_seconds
            if left > 0:
                raise NotYet("no REST access to confirm with, so the configured time is waited", after_seconds=left)
            return {"waitedSeconds": self.options.confirm_wait_seconds}
        state = self.view.get(_call_id(attempt))
        # A create answers with the call that has the key already, which may be another one's.
        if state is not None and (why := state.foreign_to(attempt.voicemail, marked=True)):
            raise another(attempt.voicemail, record=f"VoiceCall {state.id}", why=why)
        if state is not None and state.is_voicemail and state.ended_near(payloads.end_of(attempt.voicemail)):
            return {"callOrigin": state.call_origin}
        if not _has_waited(attempt, self.options.patience_seconds):
            raise NotYet("Salesforce has not applied the update yet", after_seconds=_pause(attempt))
        if state is not None and state.is_voicemail:
            return {"callOrigin": state.call_origin, "endTime": "not applied"}
        raise Redo("the update did not take effect: CallOrigin is not Voicemail", step="mark")

    def _transcribe(self, attempt: Attempt) -> Receipt:
        """Send the transcript. Message ids never change; after a doubtful try the known ones are left out."""
        messages = payloads.messages(attempt.voicemail)
        if not messages:
            return {"entries": 0}
        try:
            stored = self._stored(attempt) if attempt.again or _adopted(attempt) else set()
            left = [message for message in messages if message.message_id not in stored]
            if left and self.view is not None:
                self._let_it_arrive(attempt)
            refused = self._send(attempt, left)
        except AuthenticationFailed:
            raise
        except TryAgain:
            if attempt.waited_seconds < self.options.patience_seconds:
                raise
            refused = [message.message_id for message in messages]
        except (Rejected, Misconfigured):
            # The transcript never holds the voicemail back: what the open call refuses is uploaded to the closed one.
            refused = [message.message_id for message in messages]
        return {"entries": len(messages) - len(refused), "left": refused}

    def _route(self, attempt: Attempt) -> Receipt:
        """Run the Omni-Channel flow. It is not idempotent: after a doubtful try look for the work that it made."""
        call_id, voicemail = _call_id(attempt), attempt.voicemail
        earlier = attempt.receipts["open"].get("earlierWork", [])
        if self.view is not None and (attempt.again or _adopted(attempt)):
            work = self.view.work(call_id, apart_from=earlier)
            if work is not None:
                return {"found": work}
        # Sent back by a later step, the routing was answered and is gone: only from the next repeat on there is doubt.
        if attempt.number > 2 or "finalize" not in attempt.receipts:
            self._let_it_arrive(attempt)
        if earlier or (self.view is None and attempt.again):
            self.telephony.clear_routing(call_id)
        told = self.inputs.of(voicemail, now=attempt.now)
        try:
            routed = self.telephony.execute_omni_flow(call_id, payloads.flow(voicemail, call_id, self.options, told))
        except RoutingFailed as error:
            if not (told.by_default and told.inputs) or attempt.number < TRIES_BY_MAILBOX:
                raise
            told = Told(warning=f"it could not be routed to its mailbox: {error.what}")
            routed = self.telephony.execute_omni_flow(call_id, payloads.flow(voicemail, call_id, self.options, told))
        answer = {"queue": routed.queue, "agent": routed.agent}
        if told.warning:
            return answer | {"warning": f"{told.warning}; routed to {routed.agent or routed.queue}"}
        return answer

    def _finalize(self, attempt: Attempt) -> Receipt:
        """Close the call, attach the recording; after a doubtful try sent again only when nothing arrives.

        An update can be applied by halves. A recording that is there is not sent a second time: an org may keep both.
        """
        voicemail, call_id, attached, state = attempt.voicemail, _call_id(attempt), False, None
        if self.view is not None and (attempt.again or attempt.receipts["open"].get("closed")):
            state, attached = self.view.get(call_id), self.view.recordings(call_id) > 0
            if state is not None and state.is_completed and (attached or not _has_recording(attempt)):
                return {"status": "found"}
            self._let_it_arrive(attempt)
        holds = attempt.receipts["open"].get("holds", {})
        closing = payloads.closed(voicemail, began=_began(attempt), holds=holds, with_recording=not attached)
        update = self.telephony.update_voice_call(call_id, closing)
        return {"status": update.status, "overClosed": state is not None and state.is_completed}

    def _verify(self, attempt: Attempt) -> Receipt:
        """Read the other side: completed, recording there, queued or with a rep. What is missing is done again."""
        if self.view is None:
            return {"warning": "not verified: without REST access nobody can see what Salesforce holds"}
        call_id = _call_id(attempt)
        state = self.view.get(call_id)
        # Every reading counts against the org's daily limit, so the next one is made only when it matters.
        is_completed = state is not None and state.is_completed
        recordings = self.view.recordings(call_id) if is_completed and _has_recording(attempt) else 0
        complete = is_completed and (recordings > 0 or not _has_recording(attempt))
        earlier = attempt.receipts["open"].get("earlierWork", [])
        work = self.view.work(call_id, apart_from=earlier) if complete else None
        settling = self.options.patience_seconds - attempt.waited_seconds
        if work and settling > 0 and attempt.receipts.get("finalize", {}).get("overClosed"):
            # It shows as completed with or without our update, which may still come and take it out of its queue.
            raise NotYet("the closing update of a call that was closed before may still come", after_seconds=settling)
        if state is not None and complete and work:
            warnings = []
            if not state.is_voicemail:
                warnings.append(f"CallOrigin reads {state.call_origin!r}: something else changed it")
            if recordings > 1:
                warnings.append(f"the VoiceCall has {recordings} recordings")
            return {"work": work, "warning": "; ".join(warnings)}
        patience = ROUTING_SETTLE_SECONDS if complete else self.options.patience_seconds
        if not _has_waited(attempt, patience):
            raise NotYet("Salesforce does not show the finished voicemail yet", after_seconds=_pause(attempt))
        if not complete:
            raise Redo("the closing update did not take effect: no recording or not completed", step="finalize")
        raise Redo("the voicemail is in nobody's queue", step="route")

    def _link(self, attempt: Attempt) -> Receipt:
        """Link the records of the other targets that are there by now, both ways. A repeat finds them linked."""
        assert self.links is not None
        return self.links.join(attempt, known={"voice_call_id": _call_id(attempt)})

    def _upload(self, attempt: Attempt) -> Receipt:
        """Add what the open call refused, by the Connect API (guide, chapter 5). The voicemail is routed by now."""
        return self._upload_entries(attempt, set(attempt.receipts["transcribe"].get("left", ())))

    def add_transcript(self, attempt: Attempt) -> Receipt:
        """Upload a transcript that came late; one that `transcribe` saw already is in hands of `upload`."""
        seen = attempt.receipts["transcribe"]
        if seen.get("entries") or seen.get("left"):
            return {}
        return self._upload_entries(attempt, {message.message_id for message in payloads.messages(attempt.voicemail)})

    def _upload_entries(self, attempt: Attempt, left: set[str]) -> Receipt:
        """Add the entries with these ids to the closed call and wait until they are there; never a hold-up."""
        if not left:
            return {}
        lost = f"{len(left)} transcript entries are not in Salesforce"
        if self.view is None:
            return {"warning": f"{lost}: the open call did not take them, and uploading them later needs REST access"}
        try:
            missing = left - self._stored(attempt)
            if not missing:
                return {"uploaded": len(left)}
            given_up_after = UPLOADS * self.options.patience_seconds
            if attempt.waited_seconds >= given_up_after and not attempt.left_of(given_up_after):
                return {"warning": f"{lost}: they were uploaded and did not arrive"}
            self._let_it_arrive(attempt)
            messages = [message for message in payloads.messages(attempt.voicemail) if message.message_id in missing]
            self.view.upload(attempt.voicemail.id, _call_id(attempt), messages)
        except TryAgain as error:
            if attempt.waited_seconds < UPLOAD_SECONDS:
                raise
            return {"warning": f"{lost}: {error}"}
        except (Rejected, Misconfigured) as error:
            if attempt.waited_seconds < CLOSING_SETTLE_SECONDS:
                raise NotYet(f"the closed call does not take the transcript yet: {error}", after_seconds=2) from error
            return {"warning": f"{lost}: {error}"}
        raise NotYet("the uploaded transcript is not there yet", after_seconds=1 if attempt.number == 1 else 5)

    def _let_it_arrive(self, attempt: Attempt) -> None:
        """After a doubtful try what was sent may still be carried out: wait before it is sent again."""
        if attempt.again and (pause := attempt.left_of(self.options.patience_seconds)):
            raise NotYet("an earlier request may still be under way", after_seconds=pause, is_answer=False)

    # ---------------------------------------------------------------------------------------------------- the payloads

    def _stored(self, attempt: Attempt) -> set[str]:
        return set() if self.view is None else self.view.transcript_ids(attempt.voicemail.id)

    def _send(self, attempt: Attempt, messages: Sequence[TranscriptMessage]) -> list[str]:
        """Send the messages; the ids of those that Salesforce refused for good."""
        key = attempt.voicemail.id
        if not messages:
            return []
        if len(messages) == 1:
            self.telephony.create_transcript(key, messages[0])
            return []
        result = self.telephony.create_transcripts_in_bulk([(key, message) for message in messages])
        return [outcome.message_id for outcome in result.refused]


def _call_id(attempt: Attempt) -> str:
    return str(attempt.receipts["open"]["voiceCallId"])


def _has_recording(attempt: Attempt) -> bool:
    """False for one that is gone, and that the voicemail goes without."""
    return bool(attempt.voicemail.recording.location)


def _adopted(attempt: Attempt) -> bool:
    return bool(attempt.receipts["open"].get("adopted"))


def _began(attempt: Attempt) -> datetime:
    return datetime.fromisoformat(attempt.receipts["open"]["startTime"])


def _pause(attempt: Attempt) -> float:
    """Seconds until the next look: short at first, a quarter of what was waited later, five at most."""
    return _pause_after(attempt.waited_seconds)


def _pause_after(waited_seconds: float) -> float:
    return min(5.0, max(0.25, waited_seconds / 4))


def _has_waited(attempt: Attempt, seconds: float) -> bool:
    """Whether a step has looked for so long, by the clock and by its pauses: a clock that jumps voids one of them."""
    return attempt.waited_seconds >= seconds and attempt.number >= _looks_within(seconds)


@functools.cache
def _looks_within(seconds: float) -> int:
    """How many looks there are in this time at the most."""
    waited, looks = 0.0, 0
    while waited < seconds:
        waited, looks = waited + _pause_after(waited), looks + 1
    return looks
