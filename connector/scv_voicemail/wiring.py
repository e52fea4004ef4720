"""Settings in, a ready connector out: the only place that builds clients and picks classes."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from scv_voicemail import storage_wiring as storage
from scv_voicemail.aws.session import AwsClients
from scv_voicemail.errors import BadVoicemail, JournalLost, VoicemailError
from scv_voicemail.intake import arguments
from scv_voicemail.intake.again import HandedIn
from scv_voicemail.intake.arguments import MailboxLike, TranscriptLike
from scv_voicemail.intake.register import Recordings, Register
from scv_voicemail.intake.single import read_voicemail
from scv_voicemail.intake.taking import Taken, Taking, name_of
from scv_voicemail.journal.sqlite import SqliteJournal
from scv_voicemail.pipeline import Pipeline, Policy
from scv_voicemail.ports import Journal, RecordingSource, Run, RunState
from scv_voicemail.settings import PREFIX, DynamoDbTable, Settings, load
from scv_voicemail.target_wiring import (
    TELEPHONY_NEEDS,
    build_targets,
    check_targets,
    needed,
    require,
    wants_telephony,
)
from scv_voicemail.voicemail import Mailbox, MailboxKind, Voicemail
from scv_voicemail.worker import drive, is_gone, tend, whoami

if TYPE_CHECKING:
    from scv_voicemail.journal.dynamodb import DynamoDbJournal
    from scv_voicemail.salesforce import SalesforceClient
    from scv_voicemail.telephony import TelephonyClient

log = logging.getLogger(__name__)

KNOW_TARGETS_SECONDS = 60.0
"""So often a worker makes sure that the runs of its targets are found."""

OPEN_STATES = (RunState.WAITING, RunState.RUNNING)


class Connector:
    """A pipeline with everything it needs. Build it with `connect()`.

    with connect() as connector:
        voicemail_id = connector.submit("msg0001.wav", caller="+14155550142", dialed_number="+18005550100")
        runs = connector.deliver(voicemail_id, wait_seconds=60)
    """

    def __init__(
        self,
        *,
        settings: Settings,
        journal: Journal,
        pipeline: Pipeline,
        recordings: Recordings,
        closing: list[Any],
    ) -> None:
        self.settings = settings
        self.journal = journal
        self.pipeline = pipeline
        self.recordings = recordings
        self._closing = closing
        self._is_closed = False
        self._register = Register(
            journal=journal,
            recordings=recordings,
            accept=lambda voicemail, deliver: pipeline.accept(voicemail, deliver=deliver),
        )
        self._taking = Taking(journal=journal, accept=self.accept, now=pipeline.now)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give connections and files back. Whatever is under way goes on when a worker runs again."""
        if not self._is_closed:
            self._is_closed = True
            for thing in self._closing:
                thing.close()

    def _ensure_open(self) -> None:
        if self._is_closed:
            raise VoicemailError("this connector is closed", fix="use it inside its `with`, or build another one")

    def submit(
        self,
        recording: str | Path,
        *,
        caller: str | None,
        dialed_number: str = "",
        voicemail_id: str = "",
        received_at: datetime | str | None = None,
        transcript: TranscriptLike | None = None,
        language: str = "",
        mailbox: MailboxLike | None = None,
        targets: str | Iterable[str] = (),
        attributes: Mapping[str, str] | None = None,
        source: str = "library",
        again: bool = False,
        handed_in: Callable[[HandedIn], None] = lambda _outcome: None,
    ) -> str:
        """Take in one recording; the voicemail is safe when this returns its id. See `intake.single.read_voicemail`.

        Handed in once more it is known, and what still can takes effect: one more target, a transcript, a mailbox.
        `handed_in` is told what came of it. With `again` it is a second voicemail, whatever is known. Raises `Rejected`
        for what cannot be delivered, and `AnotherVoicemail` naming what can take effect no more; nothing is kept or
        changed then.
        """
        self._ensure_open()
        if again and voicemail_id:
            raise BadVoicemail("a second voicemail has an id of its own", fix="leave out either the id or `again`")
        names = arguments.target_names(targets)
        self._refuse_unknown(names)
        named = {"received_at": received_at, "transcript": transcript, "language": language, "mailbox": mailbox}
        voicemail = read_voicemail(
            recording,
            caller=caller,
            dialed_number=dialed_number or self.settings.dialed_number,
            default_region=self.settings.default_region,
            voicemail_id=str(uuid.uuid4()) if again else voicemail_id,
            received_at=received_at,
            transcript=transcript,
            language=language,
            mailbox=mailbox,
            targets=names,
            attributes=attributes,
            source=source,
        )
        given = {name for name, value in (named | {"attributes": attributes}).items() if value}
        outcome = self._register.submit(voicemail, named=given, now=self.pipeline.now())
        handed_in(outcome)
        return outcome.voicemail_id

    def _refuse_unknown(self, names: Iterable[str]) -> None:
        known = (*self.pipeline.targets, *self.settings.other_targets)
        if unknown := [name for name in names if name not in known]:
            raise BadVoicemail(
                f"there is no delivery target called {unknown[0]!r}; there are: {', '.join(known)}",
                fields=("targets",),
                fix=f"name one of them, or configure it; one of another process is named in {PREFIX}OTHER_TARGETS",
            )

    def accept(self, voicemail: Voicemail, *, deliver: bool = True) -> bool:
        """Keep our own copy of the audio, then write the voicemail down; False when it was already known.

        Nothing is added to a known one. Raises `AnotherVoicemail` when another one is known under this id.
        """
        self._ensure_open()
        return self._register.take(arguments.checked(voicemail), deliver=deliver)

    def take(self, source: RecordingSource) -> Taken:
        """Take in what lies in a recording source now; see `intake.taking`."""
        self._ensure_open()
        return self._taking.look(source)

    def deliver(
        self,
        voicemail_id: str,
        *,
        wait_seconds: float = 60.0,
        claimed: Callable[[Run], None] = lambda _run: None,
    ) -> list[Run]:
        """Work on one voicemail until it is delivered or parked, or until it would take longer than `wait_seconds`.

        `claimed` is told of every run that this call takes, as it was then.
        """
        self._ensure_open()
        end = datetime.now(UTC) + timedelta(seconds=wait_seconds)

        def settled() -> bool:
            # The runs are read once: between two readings another worker may take one over or give it back.
            left = [run for run in self.journal.runs(voicemail_id=voicemail_id) if run.state in OPEN_STATES]
            if not left or datetime.now(UTC) >= end:
                return True
            # A running one's worker is about to go on, or dead, and then it is ours at once.
            return all(run.state is RunState.WAITING and self._earliest(run) > end for run in left)

        drive(self.pipeline, until=settled, voicemail_id=voicemail_id, claimed=claimed, longest_sleep_seconds=0.2)
        return self.journal.runs(voicemail_id=voicemail_id)

    def _earliest(self, run: Run) -> datetime:
        """When a waiting run can go on: when it is due and its target's gate is probed."""
        probes = [gate.next_probe for gate in self.journal.gates() if gate.target == run.target and gate.next_probe]
        return max([run.due, *probes])

    def _take_or_tell(self, source: RecordingSource) -> None:
        """One source's trouble is told, and is no other one's."""
        side = f"intake from {name_of(source)}"
        try:
            self.take(source)
        except JournalLost:
            raise
        except Exception as error:  # noqa: BLE001 - a wall between sources
            self.pipeline.trouble.tell(side, error)
        else:
            self.pipeline.trouble.ended(side)

    def work(
        self,
        *,
        until: Callable[[], bool],
        sources: Iterable[RecordingSource] = (),
        poll_seconds: float = 1.0,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Take in and deliver until told to stop; `sources` are looked at every `poll_seconds`."""
        self._ensure_open()
        looked_at = told_at = float("-inf")
        known_sources = tuple(sources)

        def look() -> None:
            nonlocal looked_at, told_at
            if time.monotonic() - told_at >= KNOW_TARGETS_SECONDS:
                told_at = time.monotonic()
                tend(self.pipeline)
            if known_sources and time.monotonic() - looked_at >= poll_seconds:
                looked_at = time.monotonic()
                for source in known_sources:
                    self._take_or_tell(source)

        drive(self.pipeline, until=until, between=look, longest_sleep_seconds=poll_seconds, sleep=sleep)


def connect(
    settings: Settings | None = None, *, owner: str = "", aws: AwsClients | None = None, **overrides: Any
) -> Connector:
    """The connector that the settings describe (by default the environment's, see `settings`).

    `owner` is a name for this worker that no other has; with it nobody is taken for dead before a lease has expired.
    Without it the worker is named so that others on this machine see whether it lives. `aws` are clients of your own.
    Raises `SettingsInvalid` naming every setting that is missing. Talks to nobody yet.
    """
    settings = settings or load(**overrides)
    given, aws = aws, aws or AwsClients()
    check_targets(settings)
    require(settings, *needed(settings))
    recordings = storage.recordings(settings, aws)
    telephony = telephony_client(settings, aws) if wants_telephony(settings) else None
    salesforce = salesforce_client(settings, aws)
    targets = build_targets(settings, telephony=telephony, salesforce=salesforce)
    journal = open_journal(settings)
    pipeline = Pipeline(
        journal=journal,
        targets=targets,
        default_targets=settings.targets,
        transcriber=storage.transcriber(settings, aws),
        owner=owner or whoami(),
        is_gone=_nobody_is_gone if owner else is_gone,
        policy=Policy(
            **{name: getattr(settings, name) for name in Policy.__dataclass_fields__ if hasattr(settings, name)}
        ),
        check_recording=storage.recording_check(aws),
        other_targets=settings.other_targets,
    )
    closing: list[Any] = [one for one in (telephony, salesforce, journal, aws) if one not in (None, given)]
    return Connector(settings=settings, journal=journal, pipeline=pipeline, recordings=recordings, closing=closing)


def open_journal(settings: Settings) -> SqliteJournal | DynamoDbJournal:
    """The journal, enough to look at voicemails without talking to Salesforce."""
    if isinstance(settings.journal, DynamoDbTable):
        return dynamodb_journal(settings.journal)
    return SqliteJournal(settings.journal)


def dynamodb_journal(table: DynamoDbTable) -> DynamoDbJournal:
    """A journal in this table, with the region, credentials and endpoint that boto3 finds."""
    from scv_voicemail.journal.dynamodb import DynamoDbJournal

    return DynamoDbJournal(table.name)


def _nobody_is_gone(_owner: str) -> bool:
    return False


def telephony_client(settings: Settings, aws: AwsClients | None = None) -> TelephonyClient:
    """A client of the Telephony Integration API."""
    from scv_voicemail.telephony import TelephonyClient

    require(settings, *TELEPHONY_NEEDS)
    return TelephonyClient(
        base_url=settings.telephony_url,
        org_id=settings.org_id,
        call_center=settings.call_center,
        private_key_pem=storage.telephony_key(settings, aws or AwsClients()),
        provider_name=settings.provider_name,
        timeout_seconds=settings.timeout_seconds,
        allow_plain_http=settings.allow_plain_http,
    )


def salesforce_client(settings: Settings, aws: AwsClients | None = None) -> SalesforceClient | None:
    """A client of the REST API, or None when the settings give no REST access."""
    from scv_voicemail.salesforce import SalesforceClient

    if not settings.has_rest:
        return None
    return SalesforceClient(
        login_url=settings.login_url,
        client_id=settings.client_id,
        username=settings.username,
        private_key_pem=storage.rest_key(settings, aws or AwsClients()),
        audience=settings.oauth_audience or None,
        api_version=settings.api_version,
        timeout_seconds=settings.timeout_seconds,
        allow_plain_http=settings.allow_plain_http,
    )


def watched_folder(settings: Settings, folder: Path) -> RecordingSource:
    """A folder of NAME.wav and NAME.json."""
    from scv_voicemail.intake.folder import WatchedFolder

    return WatchedFolder(
        folder,
        default_region=settings.default_region,
        default_dialed_number=settings.dialed_number,
        remove_taken=settings.remove_taken,
    )


def asterisk_spool(settings: Settings, folder: Path) -> RecordingSource:
    """The voicemail spool of Asterisk or FreePBX."""
    from scv_voicemail.intake.asterisk import AsteriskSpool

    return AsteriskSpool(
        folder,
        default_region=settings.default_region,
        dialed_numbers=settings.mailbox_numbers,
        default_dialed_number=settings.dialed_number,
        mailboxes={
            **{box: Mailbox(kind=MailboxKind.QUEUE, name=queue) for box, queue in settings.mailbox_queues.items()},
            **{box: Mailbox(kind=MailboxKind.REP, name=rep) for box, rep in settings.mailbox_reps.items()},
        },
        remove_taken=settings.remove_taken,
    )
