"""`demo`: one voicemail, from the recording to the rep, on this machine; read back and compared."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scv_voicemail.cli.deliver import AsJson
from scv_voicemail.cli.output import Exit, Options, emit, say, show_table, told
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
    context: typer.Context,
    recording: Annotated[Path | None, typer.Option(help="Another WAV instead of the one that ships")] = None,
    chaos: Annotated[bool, typer.Option("--chaos", help="Kill, duplicate and break the network on the way")] = False,
    as_json: AsJson = False,
) -> None:
    """Play one voicemail into a local Salesforce, let a rep accept it, read everything back. Needs no account."""
    options: Options = context.obj
    with told(options, as_json=as_json):
        from scv_voicemail.cli.rehearsal import local_salesforce

        if recording is not None and not recording.is_file():
            raise BadRecording(f"there is no file {recording}", fix="give the path of a WAV file")
        began = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="scv-voicemail-demo-") as folder:
            say("starting a local Salesforce and making keys for it")
            with local_salesforce(Path(folder)) as local:
                say(f"it runs at {local.url} (watch it at {local.url}/_emulator/)")
                result = (_play_chaos if chaos else _play)(local, recording, as_json=as_json)
        result["seconds"] = round(time.monotonic() - began, 2)
        if as_json:
            emit(result)
        else:
            typer.echo(f"{'All of it agrees' if result['ok'] else 'NOT WHAT WAS LEFT'}; {result['seconds']} s in all.")
        raise typer.Exit(Exit.DONE if result["ok"] else Exit.FAILED)


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
        "checks": [asdict(one) | {"agrees": one.agrees} for one in comparisons],
    }


def _play_chaos(local: LocalSalesforce, recording: Path | None, *, as_json: bool) -> dict[str, Any]:
    from scv_voicemail.cli import chaos
    from scv_voicemail.wiring import connect

    copies = 3
    with connect(local.settings()) as connector:
        voicemails = [_leave(connector, recording, number=number) for number in range(4)]
        for _ in range(copies - 1):
            for voicemail in voicemails:
                connector.accept(voicemail)
    say(f"{len(voicemails)} callers left voicemails; each was handed in {copies} times")
    counted = chaos.play(local, voicemails, copies=copies, tell=say)
    with connect(local.settings()) as connector:
        claimed = connector.journal.counts()
    ok = counted.lost == 0 and counted.duplicated == 0 and claimed[RunState.DELIVERED] == len(voicemails)
    if not as_json:
        survived = counted.kills + counted.network_faults
        typer.echo(
            f"lost {counted.lost} · duplicated {counted.duplicated} · {survived} faults survived "
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


def _show(steps: Sequence[dict[str, Any]], comparisons: Sequence[Comparison]) -> None:
    show_table(
        "What was done",
        ("step", "ms", "answer"),
        [(row["step"], row["ms"], str(row["answer"])[:90]) for row in steps],
    )
    show_table(
        "What Salesforce holds, read back by REST",
        ("", "what", "found"),
        [("ok" if one.agrees else "DIFFERS", one.name, _short(one)) for one in comparisons],
    )


def _short(one: Comparison) -> str:
    if not one.agrees:
        return f"{one.found}, expected {one.expected}"
    if one.name == "transcript" and isinstance(one.found, list):
        return f"{len(one.found)} entries, word for word"
    text = str(one.found)
    return text if len(text) <= 60 else f"{text[:16]}…"
