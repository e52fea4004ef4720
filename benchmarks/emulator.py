"""The emulator when it is full: what a request costs it beside 2,000 voice calls.

    python benchmarks/emulator.py --number 2000

Voicemails are sent by the connector's own clients, one after the other; the emulator times itself. A request whose
cost grows with the number of records would show in the last column.
"""

from __future__ import annotations

import argparse
import re
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus

from figures import heading, percentile, show
from scv_voicemail.cli.rehearsal import CALLER, LocalSalesforce, local_salesforce
from scv_voicemail.delivery.voice_call_state import VoiceCallView
from scv_voicemail.salesforce import SalesforceClient
from scv_voicemail.telephony import (
    CallOrigin,
    CreateVoiceCall,
    ExecuteOmniFlow,
    InitiationMethod,
    SenderType,
    TelephonyClient,
    TranscriptMessage,
    UpdateVoiceCall,
)
from scv_voicemail.wiring import salesforce_client, telephony_client

WINDOW = 100
"""So many voicemails at the beginning and at the end are compared."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--number", type=int, default=2000, help="voice calls in the end (default 2000)")
    given = parser.parse_args()
    heading(f"The emulator's own time per request, with up to {given.number:,} voice calls")
    switches = ["--apply-delay-ms", "0", "--switch", "calls_per_second=0"]
    with (
        tempfile.TemporaryDirectory(prefix="scv-voicemail-benchmark-") as folder,
        local_salesforce(Path(folder), options=switches) as local,
    ):
        settings = local.settings()
        salesforce = salesforce_client(settings)
        assert salesforce is not None
        with telephony_client(settings) as telephony, salesforce:
            first = _window(local, telephony, salesforce, range(WINDOW))
            for number in range(WINDOW, given.number - WINDOW):
                _send(telephony, salesforce, settings.dialed_number, number)
            last = _window(local, telephony, salesforce, range(given.number - WINDOW, given.number))
    rows = [[name, first[name], last[name], last[name] / first[name]] for name in first]
    show("Milliseconds per request inside the emulator, p50", ["request", "empty", "full", "times"], rows)


def _window(
    local: LocalSalesforce, telephony: TelephonyClient, salesforce: SalesforceClient, numbers: Sequence[int]
) -> dict[str, float]:
    """The emulator's milliseconds per kind of request while these voicemails are sent."""
    local.door("DELETE", "/requests")
    for number in numbers:
        _send(telephony, salesforce, local.settings().dialed_number, number)
    took: dict[str, list[float]] = defaultdict(list)
    for seen in local.door("GET", "/requests"):
        took[_kind(seen)].append(seen["ms"])
    return {name: percentile(values, 0.5) for name, values in took.items() if len(values) >= len(numbers)}


def _send(telephony: TelephonyClient, salesforce: SalesforceClient, dialed_number: str, number: int) -> None:
    key = f"full-{number}"
    began = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=2)
    ended = began + timedelta(seconds=20)
    view = VoiceCallView(salesforce)
    view.find(key)
    call_id = telephony.create_voice_call(
        CreateVoiceCall(
            vendor_call_key=key,
            to=dialed_number,
            from_=CALLER,
            initiation_method=InitiationMethod.INBOUND,
            call_origin=CallOrigin.VOICEMAIL,
            start_time=began,
            participant_key=CALLER,
        )
    ).voice_call_id
    marked = UpdateVoiceCall(call_origin=CallOrigin.VOICEMAIL, is_active_call=True, start_time=began, end_time=ended)
    telephony.update_voice_call(call_id, marked)
    message = TranscriptMessage(
        message_id=f"message-{number}",
        content="Please call me back.",
        start_ms=round(began.timestamp() * 1000),
        end_ms=round(ended.timestamp() * 1000),
        sender_type=SenderType.END_USER,
    )
    telephony.create_transcript(key, message)
    telephony.execute_omni_flow(call_id, ExecuteOmniFlow(dialed_number=dialed_number))
    telephony.update_voice_call(
        call_id,
        UpdateVoiceCall(
            is_active_call=False,
            call_origin=CallOrigin.VOICEMAIL,
            recording_location=f"https://recordings.example.com/{number}.wav",
            total_recording_duration=20,
        ),
    )
    view.get(call_id)
    view.recordings(call_id)
    view.work_ids(call_id)
    view.transcript_ids(key)


def _kind(seen: dict[str, Any]) -> str:
    """What a request is about, without ids and keys."""
    path, _, query = str(seen["path"]).partition("?")
    if query:
        found = re.search(r"FROM (\w+) WHERE (\w+)", unquote_plus(query))
        if found:
            return f"query {found[1]} by {found[2]}"
    path = re.sub(r"full-\d+|0LQ\w+", "…", path.removeprefix("/telephony/v1").removeprefix("/services/data"))
    return f"{seen['method']} {path}"


if __name__ == "__main__":
    main()
