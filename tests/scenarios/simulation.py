"""An org and a connector that share one clock which only a test moves: days pass in seconds, the HTTP is real."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from scv_emulator.salesforce.records import Record
from scv_emulator.seed import Seed
from scv_emulator.server import Emulator
from scv_emulator.switches import Switches
from scv_emulator.telephony.flows import FlowOutcome, OmniFlow
from scv_voicemail.delivery.voice_call import VoiceCallTarget
from scv_voicemail.delivery.voice_call_payloads import VoiceCallOptions
from scv_voicemail.delivery.voice_call_state import VoiceCallView
from scv_voicemail.journal.sqlite import SqliteJournal
from scv_voicemail.pipeline import Pipeline, Policy
from scv_voicemail.ports import Run
from scv_voicemail.salesforce import SalesforceClient
from scv_voicemail.telephony import CallOrigin, CreateVoiceCall, ExecuteOmniFlow, TelephonyClient, UpdateVoiceCall
from scv_voicemail.transcription.nothing import NoTranscription
from scv_voicemail.voicemail import Voicemail

from tests.builders import NOON, FakeClock, a_transcript, a_voicemail

REP = "rep@example.com"
PREFIX = "SCV_VOICEMAIL_"


@dataclass(frozen=True, kw_only=True)
class Held:
    """What an org holds of one vendorCallKey."""

    calls: list[Record]
    recordings: list[Record]
    entries: list[Record]
    pending: list[Record]
    work: list[Record]

    @property
    def counts(self) -> tuple[int, int, int, int]:
        """Calls, recordings, transcript entries, and routings (waiting, or with a rep)."""
        taken = [one for one in self.work if one["Status"] in ("Assigned", "Opened", "Closed")]
        return len(self.calls), len(self.recordings), len(self.entries), len(self.pending) + len(taken)


def held(state: Mapping[str, list[Record]], key: str) -> Held:
    """Every record of an emulator's state that belongs to a vendorCallKey."""
    calls = [row for row in state.get("VoiceCall", ()) if row["VendorCallKey"] == key]
    ids = {row["Id"] for row in calls}

    def belonging(name: str, column: str) -> list[Record]:
        return [row for row in state.get(name, ()) if row.get(column) in ids]

    return Held(
        calls=calls,
        recordings=belonging("VoiceCallRecording", "VoiceCallId"),
        entries=belonging("ConversationEntry", "ConversationId"),
        pending=belonging("PendingServiceRouting", "WorkItemId"),
        work=belonging("AgentWork", "WorkItemId"),
    )


class WatchingFlow:
    """The org's Omni-Channel flow, which also writes down the CallOrigin that it was run for."""

    developer_name = "Voicemail_Omni_Routing"

    def __init__(self) -> None:
        self.inner = OmniFlow(developer_name=self.developer_name, voicemail_queue="Voicemail", live_queue="Live_Calls")
        self.saw: list[str | None] = []

    def run(self, voice_call: Record, inputs: Mapping[str, Any]) -> FlowOutcome:
        self.saw.append(voice_call["CallOrigin"])
        return self.inner.run(voice_call, inputs)


class Simulation:
    """A pipeline with the VoiceCall target in front of an emulator.

    with Simulation(tmp_path, apply_delay_ms=5000) as simulation:
        voicemail = simulation.leave()
        simulation.work()
        assert simulation.held(voicemail).counts == (1, 1, 2, 1)
    """

    def __init__(
        self,
        folder: Path,
        *,
        seed: Seed | None = None,
        rest: bool = True,
        target: type[VoiceCallTarget] = VoiceCallTarget,
        options: Mapping[str, Any] | None = None,
        policy: Mapping[str, Any] | None = None,
        **switches: Any,
    ) -> None:
        self.clock = FakeClock(NOON)
        self.emulator = Emulator(seed=seed, switches=Switches(**switches))
        self.emulator.org.clock.set(NOON)
        self.emulator.org.clock.freeze()
        self.emulator.start()
        self.flow = WatchingFlow()
        self.emulator.org.telephony.flows.add(self.flow)
        settings = self.emulator.env()
        self.telephony = self._telephony(settings)
        self.salesforce = self._salesforce(settings)
        self.journal = SqliteJournal(folder / "journal.db")
        self.pipeline = Pipeline(
            journal=self.journal,
            targets={
                "voice_call": target(
                    telephony=self.telephony,
                    view=VoiceCallView(self.salesforce) if rest else None,
                    options=VoiceCallOptions(**(options or {})),
                )
            },
            default_targets=["voice_call"],
            transcriber=NoTranscription(),
            owner="simulation",
            policy=Policy(**(policy or {})),
            now=self.clock,
            chance=lambda: 0.5,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for one in (self.telephony, self.salesforce, self.journal):
            one.close()
        self.emulator.stop()

    def _telephony(self, settings: Mapping[str, str]) -> TelephonyClient:
        return TelephonyClient(
            base_url=settings[f"{PREFIX}TELEPHONY_URL"],
            org_id=settings[f"{PREFIX}ORG_ID"],
            call_center=settings[f"{PREFIX}CALL_CENTER"],
            private_key_pem=Path(settings[f"{PREFIX}PRIVATE_KEY_FILE"]).read_text(encoding="ascii"),
            allow_plain_http=True,
            now=self.clock,
            sleep=self.advance,
            jitter=lambda: 0.5,
        )

    def _salesforce(self, settings: Mapping[str, str]) -> SalesforceClient:
        return SalesforceClient(
            login_url=settings[f"{PREFIX}LOGIN_URL"],
            client_id=settings[f"{PREFIX}CLIENT_ID"],
            username=settings[f"{PREFIX}USERNAME"],
            private_key_pem=Path(settings[f"{PREFIX}OAUTH_KEY_FILE"]).read_text(encoding="ascii"),
            allow_plain_http=True,
            now=self.clock,
            sleep=self.advance,
            jitter=lambda: 0.5,
        )

    # ------------------------------------------------------------------------------------------------- what happens

    def advance(self, seconds: float) -> None:
        """Let time pass, here and in the org."""
        self.clock.advance(seconds)
        self.emulator.advance(seconds)

    def leave(self, **changes: Any) -> Voicemail:
        """Take a voicemail in."""
        voicemail = a_voicemail(**{"transcript": a_transcript()} | changes)
        self.pipeline.accept(voicemail)
        return voicemail

    def work(self, *, at_most_hours: float = 100.0, until: Callable[[], bool] = lambda: False) -> None:
        """Work, moving the clock to whatever is due next; returns when nothing is left to do, or when told."""
        end = self.clock() + timedelta(hours=at_most_hours)
        while not until():
            if self.pipeline.work_one():
                continue
            due = self.journal.next_due()
            if due is None or due > end:
                return
            self.advance(max(0.001, (due - self.clock()).total_seconds()))

    def open_live(self, voicemail: Voicemail, *, seconds_before: float = 30.0, **changes: Any) -> str:
        """Open the VoiceCall of a live call, as the inbound contact flow does before the caller leaves a voicemail."""
        return self.telephony.create_voice_call(
            CreateVoiceCall(
                **{
                    "vendor_call_key": voicemail.id,
                    "to": voicemail.dialed_number,
                    "from_": voicemail.caller,
                    "start_time": voicemail.started_at - timedelta(seconds=seconds_before),
                    "participant_key": voicemail.caller,
                }
                | changes
            )
        ).voice_call_id

    def route_live(self, call_id: str, dialed_number: str) -> None:
        """Route a live call, as the inbound contact flow does."""
        self.telephony.execute_omni_flow(call_id, ExecuteOmniFlow(dialed_number=dialed_number))

    def mark_live(self, call_id: str) -> None:
        """Mark a live call as voicemail, as the contact flow does before the beep."""
        self.telephony.update_voice_call(
            call_id, UpdateVoiceCall(is_active_call=True, call_origin=CallOrigin.VOICEMAIL)
        )

    def close_live(self, call_id: str, *, start: datetime, end: datetime) -> None:
        """Close a live call, as the sync job of a telephony system does."""
        self.telephony.update_voice_call(call_id, UpdateVoiceCall(is_active_call=False, start_time=start, end_time=end))

    # ---------------------------------------------------------------------------------------------- what is read back

    def run(self, voicemail: Voicemail) -> Run:
        """The delivery of a voicemail, as the journal knows it."""
        (run,) = self.journal.runs(voicemail_id=voicemail.id)
        return run

    def held(self, voicemail: Voicemail) -> Held:
        """What the org holds of a voicemail."""
        return held(self.emulator.state(), voicemail.id)

    def sent(self, path: str, *, method: str = "PATCH") -> list[dict[str, Any]]:
        """The requests that the org was sent at a path (a glob)."""
        return self.emulator.requests(path=path, method=method)

    def queues(self, pending: Iterable[Record]) -> list[str]:
        """The developer names of the queues of these pending routings."""
        names = {row["Id"]: row["DeveloperName"] for row in self.emulator.state()["Group"]}
        return [names[one["GroupId"]] for one in pending]
