"""From the recording that Amazon Connect stores in S3 to the voicemail in a rep's queue, through all of the AWS half.

    python benchmarks/connect_voicemail.py --number 20

Events, queues and functions of the shipped template run on the local AWS, the functions in processes of their own from
the built bundle; Salesforce is the emulator, which applies updates late, as Salesforce does. Voicemails come one after
the other, without and with transcription in turns; their calls were opened and marked by the flow before. Routed is
when Salesforce has answered the request that routes. Transcribe's own time is set here: what is ours is the rest.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path

from contact_center import a_contact, contact_center, flow_event, functions_of
from figures import heading, percentile, show
from lambda_bundle_here import Bundle, built_bundle
from scv_emulator.aws import LocalAws
from scv_emulator.aws.beside_salesforce import CONNECT_ALIAS, CONNECT_BUCKET
from scv_emulator.connect.ports import SimulatedContact
from scv_emulator.connect.recordings import recording_entry, recording_key
from scv_voicemail.cli.rehearsal import LocalSalesforce, demo_recording, local_salesforce

ROUNDS = 2
TRANSCRIBERS = {"without transcription": "none", "with transcription": "amazon-transcribe"}
OFFICIAL_FLOOR_SECONDS = 60.0
"""What Salesforce's own Lambda function sleeps before it routes, whatever happens."""
PATIENCE_SECONDS = 60.0


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--number", type=int, default=20, help="voicemails of each kind (default 20)")
    parser.add_argument("--apply-delay-ms", type=int, default=200, help="how late the emulator applies updates")
    parser.add_argument("--transcribe-seconds", type=float, default=3.0, help="how long a transcription job takes")
    given = parser.parse_args()
    found: dict[str, list[dict[str, float]]] = {kind: [] for kind in TRANSCRIBERS}
    with built_bundle() as bundle, tempfile.TemporaryDirectory(prefix="scv-voicemail-benchmark-") as folder:
        heading(
            f"{given.number} voicemails of each kind, on Python {bundle.version}; updates applied after"
            f" {given.apply_delay_ms} ms, transcription jobs take {given.transcribe_seconds:g} s"
        )
        with local_salesforce(Path(folder), options=["--apply-delay-ms", str(given.apply_delay_ms)]) as salesforce:
            for number in range(ROUNDS):
                share = given.number // ROUNDS + (number < given.number % ROUNDS)
                for kind, transcriber in TRANSCRIBERS.items():
                    found[kind] += _measure(bundle, salesforce, transcriber, share, given.transcribe_seconds)
    _print(found)


def _measure(
    bundle: Bundle, salesforce: LocalSalesforce, transcriber: str, number: int, job_seconds: float
) -> list[dict[str, float]]:
    with contact_center(functions_of(bundle), salesforce, Transcriber=transcriber) as aws:
        aws.account.transcribe.script.seconds = job_seconds
        aws.run_in_background()
        _leave_one(aws, salesforce)  # every function has its process from here on
        return [_leave_one(aws, salesforce) for _ in range(number)]


def _leave_one(aws: LocalAws, salesforce: LocalSalesforce) -> dict[str, float]:
    """The milliseconds of one voicemail from the stored recording on."""
    salesforce.door("DELETE", "/requests")
    contact = a_contact(salesforce, aws)
    for method in ("createVoiceCall", "beforeRecording"):
        contact.attributes |= aws.invoke("FlowCallFunction", flow_event(contact, method))
    contact.attributes |= {"vm_flag": "1", "vm_source": "ivr", "vm_lang": "en-US"}
    recording = demo_recording().read_bytes()
    key = _hang_up(contact, seconds=len(recording) / 16_000)
    time.sleep(0.3)  # the marked call is in Salesforce before the caller has spoken
    seen, delivered = len(aws.deliveries), _delivered(aws)
    stored_at = time.time()
    aws.account.put_object(CONNECT_BUCKET, key, recording)
    routed_at = _routed(salesforce)
    taken_at = next(
        one.at.timestamp() for one in aws.deliveries[seen:] if one.hop == "function:RecordingStoredFunction"
    )
    figures = {"whole": 1000 * (routed_at - stored_at), "taken in": 1000 * (taken_at - stored_at)}
    jobs = [one for one in aws.account.transcribe.all() if contact.contact_id in one.name]
    if jobs:
        assert jobs[0].status == "COMPLETED", jobs[0]
        assert jobs[0].completed_at is not None
        figures["after the transcript"] = 1000 * (routed_at - jobs[0].completed_at.timestamp())
    _wait_until_delivered(aws, delivered + 1)
    return figures


def _hang_up(contact: SimulatedContact, *, seconds: float) -> str:
    """The call is over; where its recording will be."""
    began_at = datetime.fromisoformat(contact.attributes["vm_timestamp"])
    key = recording_key(alias=CONNECT_ALIAS, contact_id=contact.contact_id, began_at=began_at)
    over = contact.disconnected_at = contact.updated_at = began_at + timedelta(seconds=seconds)
    contact.recordings.append(recording_entry(f"{CONNECT_BUCKET}/{key}", began_at=began_at, ended_at=over))
    return key


def _routed(salesforce: LocalSalesforce) -> float:
    """When Salesforce had answered the first request that routes, of those since the call began."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        asked = salesforce.door("GET", "/requests?path=*/omniFlow&method=PATCH")
        if answered := [one for one in asked if one["status"] == 200]:
            return float(answered[0]["at"] + answered[0]["ms"]) / 1000
        time.sleep(0.02)
    raise SystemExit(f"not routed within {PATIENCE_SECONDS:g} s: {asked}")


def _delivered(aws: LocalAws) -> int:
    """How many voicemails the function has counted as delivered."""
    return sum('"VoicemailDelivered": 1' in line for line in aws.log("DeliverFunction"))


def _wait_until_delivered(aws: LocalAws, number: int) -> None:
    """Let the rest of the steps not disturb the next voicemail."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while _delivered(aws) < number:
        if time.monotonic() > deadline:
            raise SystemExit("the voicemail was routed, and never delivered")
        time.sleep(0.05)


def _print(found: dict[str, list[dict[str, float]]]) -> None:
    rows: list[list[object]] = []
    for kind, figures in found.items():
        whole = [one["whole"] for one in figures]
        share = percentile(whole, 0.5) / (1000 * OFFICIAL_FLOOR_SECONDS)
        rows.append([kind, len(whole), percentile(whole, 0.5), percentile(whole, 0.95), max(whole), f"{share:.3f}"])
        parts = {part: [one[part] for one in figures if part in one] for part in ("taken in", "after the transcript")}
        rows += [
            [f"… {part}", len(values), percentile(values, 0.5), percentile(values, 0.95), max(values), ""]
            for part, values in parts.items()
            if values
        ]
    columns = ["stored → routed", "voicemails", "p50, ms", "p95, ms", "longest, ms", "of the 60 s"]
    show("“The 60 s” is what the official Lambda function sleeps before it routes", columns, rows)


if __name__ == "__main__":
    main()
