"""Takes in what Amazon Connect announces: looked at once, written down, and a worker is told.

    known to the journal? ──no──► intake ──► ignored: counted, done
          │                         └─────► accepted
          └──yes──────────────────────────────►┴──► the doorbell rings, if there is something left to deliver

A kill anywhere leaves an event that comes again; it finds what is done already. Two ways to one voicemail meet here.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime

from scv_voicemail.aws.contacts import Contact
from scv_voicemail.aws_wiring import AmazonConnect
from scv_voicemail.intake.amazon_connect import Ignored, IgnoredReason, Taken
from scv_voicemail.intake.s3_events import contact_id_of
from scv_voicemail.wiring import OPEN_STATES

from scv_voicemail_lambdas.log import about
from scv_voicemail_lambdas.metrics import Metrics, Name

log = logging.getLogger(__name__)

SETTLED = frozenset({IgnoredReason.EMPTY, IgnoredReason.GIVEN_UP, IgnoredReason.BEFORE_OURS})
"""Nobody waits for the message of such a caller any more; other reasons leave it to another event."""


class Reception:
    """Takes in recordings and contacts. `metrics` counts what became of them."""

    def __init__(self, parts: AmazonConnect, metrics: Metrics) -> None:
        self._parts = parts
        self._metrics = metrics

    def recording(self, bucket: str, key: str, *, patient: bool, stored_at: datetime | None = None) -> bool:
        """An IVR recording of Connect; True when it is a new voicemail. `patient`: it may be too early to cut it."""
        contact_id = contact_id_of(key)
        if contact_id is None:
            log.info("an object that is no IVR recording was ignored")
            self._metrics.add(Name.CONTACT_IGNORED)
            return False
        intake = self._parts.intake
        is_new = self._admit(contact_id, lambda: intake.of_recording(bucket, key, patient=patient))
        if is_new and stored_at is not None:
            waited = (self._parts.now() - stored_at).total_seconds()
            self._metrics.add(Name.STORED_TO_ACCEPTED_SECONDS, max(waited, 0.0))
        return is_new

    def contact(self, contact: Contact, *, patient: bool) -> bool:
        """A contact of the contact-record stream; True when it is a new voicemail. `patient`: its audio may be late."""
        return self._admit(contact.id, lambda: self._parts.intake.of_contact_record(contact, patient=patient))

    def kept_recording(self, voicemail_id: str, key: str) -> bool:
        """A recording of ours that the journal may not know; True when it did not."""
        return self._admit(voicemail_id, lambda: self._parts.intake.of_kept_recording(key))

    def _admit(self, voicemail_id: str, look: Callable[[], Taken | Ignored]) -> bool:
        connector = self._parts.connector
        with about(contactId=voicemail_id):
            is_new = False
            if connector.journal.voicemail(voicemail_id) is None:
                found = look()
                if isinstance(found, Ignored):
                    log.info("ignored: %s", found.reason)
                    is_others = found.reason is IgnoredReason.BEFORE_OURS
                    self._metrics.add(Name.CONTACT_LEFT_OUT if is_others else Name.CONTACT_IGNORED)
                    if found.reason in SETTLED:
                        self._metrics.account_for(found.beep_at)
                    return False
                for note in found.notes:
                    log.warning("%s", note)
                is_new = connector.accept(found.voicemail, deliver=found.deliver)
                if is_new:
                    self._metrics.add(Name.VOICEMAIL_ACCEPTED if found.deliver else Name.VOICEMAIL_SUPPRESSED)
                    self._metrics.account_for(found.beep_at)
                    if connector.pipeline.unknown_targets(found.voicemail):
                        self._metrics.add(Name.TARGET_UNKNOWN)
            if any(run.state in OPEN_STATES for run in connector.journal.runs(voicemail_id=voicemail_id)):
                self._parts.doorbell.ring(voicemail_id)
                self._metrics.add(Name.DOORBELLS_RUNG)
            return is_new
