"""One voicemail after the other: where the time goes between taking a recording in and its last receipt.

    python benchmarks/voicemail.py --number 200

The emulator runs in a process of its own and times every request. What is left of the whole, without that and without
the waiting on purpose (for Salesforce to apply an update), is the connector's own time.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import requests
from figures import Stopwatch, Timed, heading, percentile, show
from requests.adapters import HTTPAdapter
from scv_voicemail.cli.rehearsal import CALLER, LocalSalesforce, demo_recording, demo_transcript, local_salesforce
from scv_voicemail.delivery.voice_call import VoiceCallOptions, VoiceCallTarget
from scv_voicemail.delivery.voice_call_state import VoiceCallView
from scv_voicemail.intake.recordings import RecordingStore
from scv_voicemail.intake.single import read_voicemail
from scv_voicemail.journal.sqlite import SqliteJournal
from scv_voicemail.pipeline import Pipeline
from scv_voicemail.ports import RunState
from scv_voicemail.salesforce import SalesforceClient
from scv_voicemail.settings import Settings
from scv_voicemail.telephony import TelephonyClient
from scv_voicemail.transcription.nothing import NoTranscription
from scv_voicemail.worker import drive, whoami

READINGS = {"voicemail", "runs", "events", "counts", "gates", "next_due"}
"""The methods of the journal that commit nothing."""


class TimedTransport(httpx.HTTPTransport):
    """The telephony client's way to the network."""

    def __init__(self, watch: Stopwatch) -> None:
        super().__init__()
        self._watch = watch

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send, and read the answer to its end."""
        with self._watch.running("transport"):
            response = super().handle_request(request)
            response.read()
            return response


class TimedAdapter(HTTPAdapter):
    """The REST client's way to the network."""

    def __init__(self, watch: Stopwatch) -> None:
        super().__init__()
        self._watch = watch

    def send(self, *given: Any, **named: Any) -> requests.Response:
        """Send, and read the answer to its end."""
        with self._watch.running("transport"):
            response = super().send(*given, **named)
            assert response.content is not None
            return response


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--number", type=int, default=200, help="voicemails, one after the other (default 200)")
    parser.add_argument("--apply-delay-ms", type=int, default=200, help="how late the emulator applies updates")
    given = parser.parse_args()
    heading(f"{given.number} voicemails, one after the other; updates applied after {given.apply_delay_ms} ms")
    with tempfile.TemporaryDirectory(prefix="scv-voicemail-benchmark-") as folder:
        options = ["--apply-delay-ms", str(given.apply_delay_ms)]
        with local_salesforce(Path(folder), options=options) as local:
            rig = _Rig(local)
            first, *rest = [_measure(local, rig, number) for number in range(given.number + 1)]
            rig.close()
    _print(rest, first)


class _Rig:
    """The connector as `wiring.connect` builds it, with a stopwatch in front of every neighbour."""

    def __init__(self, local: LocalSalesforce) -> None:
        self.watch = watch = Stopwatch()
        self.settings: Settings = local.settings()
        session = requests.Session()
        session.mount("http://", TimedAdapter(watch))
        self._telephony = _telephony(self.settings, watch)
        self._salesforce = _salesforce(self.settings, session)
        self._journal = SqliteJournal(self.settings.journal)
        telephony: Any = Timed(self._telephony, watch, lambda _name: "client")
        salesforce: Any = Timed(self._salesforce, watch, lambda _name: "client")
        self.journal: Any = Timed(self._journal, watch, lambda name: "reading" if name in READINGS else "commit")
        store = RecordingStore(
            self.settings.recordings_dir, location=self.settings.recording_url, allow_plain_http=True
        )
        self.recordings: Any = Timed(store, watch, lambda _name: "keeping")
        target = VoiceCallTarget(telephony=telephony, view=VoiceCallView(salesforce), options=VoiceCallOptions())
        self.pipeline = Pipeline(
            journal=self.journal,
            targets={"voice_call": target},
            default_targets=["voice_call"],
            transcriber=NoTranscription(),
            owner=whoami(),
        )

    def close(self) -> None:
        """Give connections and files back."""
        for one in (self._telephony, self._salesforce, self._journal):
            one.close()

    def sleep(self, seconds: float) -> None:
        """Wait, on purpose."""
        with self.watch.running("waiting"):
            time.sleep(seconds)


def _telephony(settings: Settings, watch: Stopwatch) -> TelephonyClient:
    return TelephonyClient(
        base_url=settings.telephony_url,
        org_id=settings.org_id,
        call_center=settings.call_center,
        private_key_pem=settings.telephony_key,
        transport=TimedTransport(watch),
        allow_plain_http=True,
    )


def _salesforce(settings: Settings, session: requests.Session) -> SalesforceClient:
    return SalesforceClient(
        login_url=settings.login_url,
        client_id=settings.client_id,
        username=settings.username,
        private_key_pem=settings.rest_key,
        session=session,
        allow_plain_http=True,
    )


def _measure(local: LocalSalesforce, rig: _Rig, number: int) -> dict[str, float]:
    """The milliseconds of one voicemail by part, and how often each part came up."""
    local.door("DELETE", "/requests")
    watch = rig.watch
    watch.seconds.clear()
    watch.times.clear()
    with watch.running("whole"):
        with watch.running("intake"):
            voicemail = read_voicemail(
                demo_recording(),
                caller=CALLER,
                dialed_number=rig.settings.dialed_number,
                voicemail_id=f"benchmark-{number}",
                received_at=datetime.now(UTC) - timedelta(minutes=2),
                transcript=demo_transcript(),
            )
            kept = rig.recordings.keep(voicemail)
        rig.pipeline.accept(kept)
        drive(
            rig.pipeline,
            until=lambda: rig.journal.next_due(voicemail_id=kept.id) is None,
            voicemail_id=kept.id,
            sleep=rig.sleep,
        )
    delivered = rig.journal.runs(voicemail_id=kept.id)
    assert [run.state for run in delivered] == [RunState.DELIVERED], delivered
    seen = local.door("GET", "/requests")
    ms = {name: 1000 * seconds for name, seconds in watch.seconds.items()}
    emulator = sum(one["ms"] for one in seen)
    return {
        "whole": ms["whole"],
        "waiting on purpose": ms.get("waiting", 0.0),
        "inside the emulator": emulator,
        "the connector's own time": ms["whole"] - ms.get("waiting", 0.0) - emulator,
        "… on the wire, both HTTP stacks": ms["transport"] - emulator,
        "… clients: signing, JSON, requests and httpx": ms["client"] - ms["transport"],
        "… journal, commits": ms["commit"],
        "… journal, readings": ms["reading"],
        "… measuring and keeping the recording": ms["intake"],
        "… pipeline, target, worker": ms["whole"]
        - sum(ms.get(one, 0.0) for one in ("waiting", "client", "commit", "reading", "intake")),
        "requests": float(len(seen)),
        "commits": float(watch.times["commit"]),
    }


def _print(rows: list[dict[str, float]], first: dict[str, float]) -> None:
    whole = percentile([row["the connector's own time"] for row in rows], 0.5)
    parts = [name for name in first if name not in ("requests", "commits")]
    show(
        "Milliseconds per voicemail",
        ["part", "p50", "p95", "first", "of its own time"],
        [
            [
                name,
                percentile([row[name] for row in rows], 0.5),
                percentile([row[name] for row in rows], 0.95),
                first[name],
                f"{100 * percentile([row[name] for row in rows], 0.5) / whole:.0f} %" if name[0] == "…" else "",
            ]
            for name in parts
        ],
    )
    counted = [f"{percentile([row[name] for row in rows], 0.5):.0f} {name}" for name in ("requests", "commits")]
    print(f"\nper voicemail: {', '.join(counted)}; `first` includes imports, log-in and connecting")


if __name__ == "__main__":
    main()
