"""`demo`: one voicemail, from the recording to the rep, on this machine; read back and compared."""

from __future__ import annotations

import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scv_voicemail.cli.output import AsJson, Exit, emit, say, show_table
from scv_voicemail.cli.story import STEPS
from scv_voicemail.errors import BadRecording, VoicemailError
from scv_voicemail.ports import Event, RunState
from scv_voicemail.voicemail import Voicemail

if TYPE_CHECKING:
    from scv_voicemail.cli.rehearsal import Comparison, LocalSalesforce
    from scv_voicemail.wiring import Connector


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command("demo", epilog="Example: scv-voicemail demo --chaos --json")(demo)


def demo(
    recording: Annotated[Path | None, typer.Option(help="Another WAV instead of the one that ships")] = None,
    chaos: Annotated[bool, typer.Option("--chaos", help="Kill, duplicate and break the network on the way")] = False,
    as_json: AsJson = False,
) -> None:
    """Play one voicemail into a local Salesforce, let a rep accept it, read everything back. Needs no account."""
    from scv_voicemail.cli.rehearsal import local_salesforce

    if recording is not None and not recording.is_file():
        raise BadRecording(f"there is no file {recording}", fix="give the path of a WAV file")
    with _sigterm_cleans_up(), tempfile.TemporaryDirectory(prefix="scv-voicemail-demo-") as folder:
        say("starting a local Salesforce and making keys for it; your own settings are not used")
        with local_salesforce(Path(folder)) as local:
            say(f"it runs at {local.url} (while this runs, watch it at {local.url}/_emulator/)")
            code = rehearse(local, recording, chaos=chaos, as_json=as_json)
    raise typer.Exit(code)


def rehearse(local: LocalSalesforce, recording: Path | None, *, chaos: bool, as_json: bool) -> Exit:
    """Play, compare and report; `FAILED` when anything that was read back differs."""
    began = time.monotonic()
    result = (_play_chaos if chaos else _play)(local, recording, as_json=as_json)
    result["seconds"] = round(time.monotonic() - began, 2)
    if as_json:
        emit(result)
    else:
        verdict = "Everything agrees" if result["ok"] else "NOT what the caller left: see DIFFERS above"
        if chaos:
            verdict = "Nothing is lost or doubled" if result["ok"] else "SOMETHING IS LOST OR DOUBLED"
        typer.echo(f"\n{verdict}; {result['seconds']} s in all.")
    return Exit.DONE if result["ok"] else Exit.FAILED


def _play(local: LocalSalesforce, recording: Path | None, *, as_json: bool) -> dict[str, Any]:
    from scv_voicemail.cli.rehearsal import compare
    from scv_voicemail.wiring import connect, salesforce_client

    rep = _rep(local)
    settings = local.settings()
    with connect(settings) as connector:
        voicemail = _leave(connector, recording)
        say(f"a caller left {voicemail.recording.duration_seconds:.1f} s of speech; it is in the journal")
        runs = connector.deliver(voicemail.id, wait_seconds=30)
        if any(run.state is not RunState.DELIVERED for run in runs):
            raise VoicemailError(f"not delivered: {runs[0].last_error}")
        steps = _timeline(connector.journal.events(voicemail.id))
        asked_at = time.monotonic()
        local.door("POST", f"/reps/{rep}/accept", {})
        steps.append({"step": "rep accepts", "ms": round((time.monotonic() - asked_at) * 1000), "answer": rep})
    client = salesforce_client(settings)
    assert client is not None
    comparisons = compare(local, client, voicemail, rep=rep)
    client.close()
    if not as_json:
        _show(steps, comparisons)
    return {
        "ok": all(one.agrees for one in comparisons),
        "voicemail_id": voicemail.id,
        "voice_call_id": runs[0].receipts["open"]["voiceCallId"],
        "warnings": runs[0].warnings,
        "steps": steps,
        "checks": [_check(one) for one in comparisons],
    }


def _play_chaos(local: LocalSalesforce, recording: Path | None, *, as_json: bool) -> dict[str, Any]:
    from scv_voicemail.cli import chaos
    from scv_voicemail.wiring import connect

    copies = 3

    def leave(numbers: range) -> list[Voicemail]:
        with connect(local.settings()) as connector:
            left = [_leave(connector, recording, number=number) for number in numbers]
            for voicemail in left * (copies - 1):
                connector.accept(voicemail)
        say(f"{len(left)} callers left voicemails; each was handed in {copies} times")
        return left

    voicemails = leave(range(4))
    kills = chaos.kill(local, tell=say)
    voicemails += leave(range(4, 6))
    network_faults = chaos.break_network(local, tell=say)
    counted = chaos.count(local, voicemails, copies=copies, kills=kills, network_faults=network_faults)
    with connect(local.settings()) as connector:
        claimed = connector.journal.counts()
    ok = counted.lost == 0 and counted.duplicated == 0 and claimed[RunState.DELIVERED] == len(voicemails)
    if not as_json:
        survived = counted.kills + counted.network_faults
        typer.echo(
            f"lost {counted.lost}, duplicated {counted.duplicated}, {survived} faults survived "
            f"({counted.kills} kills, {counted.network_faults} of the network), as counted in the local Salesforce"
        )
    return {
        "ok": ok,
        **asdict(counted),
        "faults_survived": counted.kills + counted.network_faults,
        "journal": {state.value: number for state, number in claimed.items()},
    }


def _leave(connector: Connector, recording: Path | None, *, number: int = 0) -> Voicemail:
    from scv_voicemail.cli.rehearsal import CALLER, demo_recording, demo_transcript

    voicemail_id = connector.submit(
        recording or demo_recording(),
        caller=CALLER,
        received_at=datetime.now(UTC) - timedelta(minutes=2 + number),
        transcript=None if recording else demo_transcript(),
        source="demo",
    )
    voicemail = connector.journal.voicemail(voicemail_id)
    assert voicemail is not None
    return voicemail


def _rep(local: LocalSalesforce) -> str:
    seed = local.door("GET", "/seed")
    return str(seed["reps"][0]["username"])


def _timeline(events: Sequence[Event]) -> list[dict[str, Any]]:
    """One row per step: when it was done, and how long after the one before."""
    rows: list[dict[str, Any]] = []
    before = start = events[0].at
    for event in events[1:]:
        if event.kind in ("done", "delivered"):
            rows.append(
                {
                    "step": event.step or event.kind,
                    "ms": round((event.at - before) / timedelta(milliseconds=1)),
                    "at_ms": round((event.at - start) / timedelta(milliseconds=1)),
                    "answer": event.detail,
                }
            )
            before = event.at
    return rows


def _check(one: Comparison) -> dict[str, Any]:
    """A comparison as JSON."""
    values = {"expected": one.expected, "found": one.found}
    dated = {name: value.isoformat() for name, value in values.items() if isinstance(value, datetime)}
    return {"name": one.name, **values, **dated, "agrees": one.agrees}


def _show(steps: Sequence[dict[str, Any]], comparisons: Sequence[Comparison]) -> None:
    show_table(
        "What was done",
        ("ms", "step", "answer"),
        [
            (f"{row['ms']:>4}", STEPS.get(row["step"], row["step"]), str(row["answer"]).partition(", startTime")[0])
            for row in steps
        ],
    )
    show_table(
        "\nWhat Salesforce holds, read back, beside what the caller left",
        ("", "what", "found"),
        [("ok" if one.agrees else "DIFFERS", one.name, _told(one)) for one in comparisons],
    )


def _told(one: Comparison) -> str:
    if not one.agrees:
        return f"{_words(one.found)}\nexpected: {_words(one.expected)}"
    if one.name == "transcript" and isinstance(one.found, list):
        return f"{len(one.found)} entries, word for word"
    text = _words(one.found)
    return text if len(text) <= 60 else f"{text[:23]}…"


def _words(value: object) -> str:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S} UTC"
    return "; ".join(map(str, value)) or "nothing" if isinstance(value, list) else str(value)


@contextmanager
def _sigterm_cleans_up() -> Iterator[None]:
    """SIGTERM ends the block as an exception would, so that the emulator and its files do not stay behind."""
    earlier = signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, earlier)
