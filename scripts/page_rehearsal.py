"""Which components a rep sees on the shipped VoiceCall page: scripts/page-rehearsal."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import httpx
from scv_emulator.server import Emulator
from scv_emulator.switches import Switches

ROOT = Path(__file__).parents[1]
PAGE = "Voicemail_Voice_Call_Page"
PLAYERS = {"voicemailPlayer", "runtime_conversation:mediaPlayer"}
CALLER, NUMBER, REP = "+14155550142", "+18005550100", "rep@example.com"


def main() -> int:
    """Deploy, leave two voicemails and a live call, print the page for each; 0 when each has exactly one player."""
    with Emulator(switches=Switches(apply_delay_ms=0)) as emulator:
        for half in ("main", "voice"):
            result = emulator.deploy(ROOT / "sfdx" / "force-app" / half)
            if not result["success"]:
                print(f"{half} was not deployed: {result['details']['componentFailures']}", file=sys.stderr)
                return 1
        emulator.set_channel(NUMBER, flow="Voicemail_Omni_Routing", fallback_queue="Voicemail")
        with tempfile.TemporaryDirectory() as folder:
            deliver(emulator, Path(folder), "default-target", "voice_call")
            deliver(emulator, Path(folder), "with-record", "voice_call,custom_object")
        calls = {call["VendorCallKey"]: call["Id"] for call in emulator.state()["VoiceCall"]}
        calls["live-call"] = a_live_call(emulator)
        shown = {
            "voicemail of the default target (voice_call)": calls["default-target"],
            "voicemail with a linked Voicemail record (voice_call,custom_object)": calls["with-record"],
            "live call": calls["live-call"],
        }
        return max([show(emulator, title, record) for title, record in shown.items()])


def deliver(emulator: Emulator, folder: Path, key: str, targets: str) -> None:
    """Leave a voicemail with the connector's own command."""
    program = Path(sys.executable).with_name("scv-voicemail")
    recording = ROOT / "connector" / "scv_voicemail" / "demo" / "recording.wav"
    settings = emulator.env() | {"SCV_VOICEMAIL_TARGETS": targets, "SCV_VOICEMAIL_JOURNAL": str(folder / f"{key}.db")}
    foreign = {name: value for name, value in os.environ.items() if not name.startswith("SCV_VOICEMAIL_")}
    options = ["--id", key, "--from", CALLER, "--to", NUMBER]
    command = [program, "deliver", str(recording), *options]
    subprocess.run(command, env=foreign | settings, check=True, stdout=sys.stderr)


def a_live_call(emulator: Emulator) -> str:
    """A call that is no voicemail."""
    database = emulator.org.database
    moment = emulator.org.now()
    times = {"CallStartDateTime": moment, "CallEndDateTime": moment}
    call = {"CallType": "Inbound", "FromPhoneNumber": CALLER, "ToPhoneNumber": NUMBER, "VendorCallKey": "live-call"}
    return database.insert("VoiceCall", call | times, by_system=True)


def show(emulator: Emulator, title: str, record: str) -> int:
    """Print what the rep sees; 1 unless there is exactly one player."""
    for permission_set in ("Voicemail_Rep", "Voicemail_Rep_Voice"):
        emulator.assign(REP, permission_set)
    answer = httpx.get(f"{emulator.url}/_emulator/pages/{PAGE}", params={"recordId": record, "username": REP})
    regions = answer.raise_for_status().json()["regions"]
    print(f"\n{PAGE}: {title}")
    for region, components in regions.items():
        print(f"  {region:8} {', '.join(components)}")
    players = [one for components in regions.values() for one in components if one in PLAYERS]
    print(f"  player   {', '.join(players) or 'NONE'}")
    return int(len(players) != 1)


if __name__ == "__main__":
    sys.exit(main())
