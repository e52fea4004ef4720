"""`demo`: one voicemail, from the recording to the rep, on this machine; read back and compared."""

from __future__ import annotations

import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scv_voicemail.cli.output import AsJson, Exit, emit, say, show_table
from scv_voicemail.cli.read_back import as_data, show_comparisons
from scv_voicemail.cli.story import STEPS
from scv_voicemail.errors import BadRecording, VoicemailError
from scv_voicemail.ports import Event, RunState
from scv_voicemail.voicemail import Mailbox, Voicemail

if TYPE_CHECKING:
    from scv_voicemail.cli.rehearsal import Comparison, LocalSalesforce
    from scv_voicemail.wiring import Connector


VOICE_CALL_ONLY = ("voice_call",)


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command("demo", epilog="Example: scv-voicemail demo --connect=kvs --json")(demo)


def demo(
    recording: Annotated[Path | None, typer.Option(help="Another WAV instead of the one that ships")] = None,
    chaos: Annotated[bool, typer.Option("--chaos", help="Kill, duplicate and break the network on the way")] = False,
    targets: Annotated[
        str, typer.Option(help="Comma-separated; with case or custom_object the Salesforce metadata is deployed first")
    ] = "voice_call",
    connect: Annotated[
        str,
        typer.Option(metavar="[=ivr|kvs]", help="Begin with a call to a local Amazon Connect, recorded or streamed"),
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Play one voicemail into a local Salesforce, let a rep accept it, read everything back. Needs no account."""
    from scv_voicemail.cli.rehearsal import local_salesforce
    from scv_voicemail.cli.rehearsed_records import LEAST_RIGHTS, shipped_metadata

    wanted = _targets(targets, chaos=chaos)
    options = _connect_options(connect, wanted, excluded={"--chaos": chaos, "--recording": recording is not None})
    if recording is not None and not recording.is_file():
        raise BadRecording(f"there is no file {recording}", fix="give the path of a WAV file")
    org: dict[str, Any] = {"options": options}
    if wanted != VOICE_CALL_ONLY:
        org = {"seed": LEAST_RIGHTS, "options": (*options, "--deploy", str(shipped_metadata()))}
    with _sigterm_cleans_up(), tempfile.TemporaryDirectory(prefix="scv-voicemail-demo-") as folder:
        say("starting a local Salesforce and making keys for it; your own settings are not used")
        with local_salesforce(Path(folder), **org) as local:
            say(f"it runs at {local.url} (while this runs, watch it at {local.url}/_emulator/)")
            if "seed" in org:
                say("sfdx/force-app is deployed; the connector's user has its permission sets and no other right")
            if connect:
                from scv_voicemail.cli.demo_connect import rehearse_call

                say("a local Amazon Connect and the AWS around it run lambdas/template.yaml; somebody calls")
                code = rehearse_call(local, connect, as_json=as_json, targets=wanted)
            else:
                code = rehearse(local, recording, chaos=chaos, as_json=as_json, targets=wanted)
    raise typer.Exit(code)


def spelled_out(arguments: Sequence[str]) -> list[str]:
    """The arguments with `demo --connect` as `demo --connect=ivr`: Typer has no option whose value may be left out."""
    spelled: list[str] = []
    for one, following in zip_longest(arguments, arguments[1:]):
        bare = one == "--connect" and "demo" in spelled and following not in ("ivr", "kvs")
        spelled.append(f"{one}=ivr" if bare else one)
    return spelled


def _connect_options(way: str, targets: Sequence[str], *, excluded: Mapping[str, bool]) -> tuple[str, ...]:
    """How the emulator is started for a call; nothing without one."""
    from scv_voicemail.cli.rehearsed_calls import WAYS, emulator_options

    if not way:
        return ()
    if way not in WAYS:
        raise typer.BadParameter(f"{way!r} is none of {', '.join(WAYS)}", param_hint="--connect")
    if given := [name for name, value in excluded.items() if value]:
        raise typer.BadParameter(f"it excludes {given[0]}", param_hint="--connect")
    return emulator_options(way, targets=targets)


def _targets(text: str, *, chaos: bool) -> tuple[str, ...]:
    from scv_voicemail.target_wiring import NEEDS

    wanted = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    if not wanted or (unknown := [name for name in wanted if name not in NEEDS]):
        given = unknown[0] if wanted else ""
        raise typer.BadParameter(f"{given!r} is none of {', '.join(NEEDS)}", param_hint="--targets")
    if chaos and wanted != VOICE_CALL_ONLY:
        raise typer.BadParameter("it excludes --targets", param_hint="--chaos")
    return wanted


def rehearse(
    local: LocalSalesforce,
    recording: Path | None,
    *,
    chaos: bool,
    as_json: bool,
    targets: Sequence[str] = VOICE_CALL_ONLY,
) -> Exit:
    """Play, compare and report; `FAILED` when anything that was read back differs."""
    began = time.monotonic()
    if chaos:
        result = _play_chaos(local, recording, as_json=as_json)
    else:
        result = _play(local, recording, as_json=as_json, targets=targets)
    result["seconds"] = round(time.monotonic() - began, 2)
    if as_json:
        emit(result)
    else:
        verdict = "Everything agrees" if result["ok"] else "NOT what the caller left: see DIFFERS above"
        if chaos:
            verdict = "Nothing is lost or doubled" if result["ok"] else "SOMETHING IS LOST OR DOUBLED"
        typer.echo(f"\n{verdict}; {result['seconds']} s in all.")
    return Exit.DONE if result["ok"] else Exit.FAILED


def _play(local: LocalSalesforce, recording: Path | None, *, as_json: bool, targets: Sequence[str]) -> dict[str, Any]:
    from scv_voicemail.cli.rehearsal import compare
    from scv_voicemail.cli.rehearsed_records import ADMINISTRATOR, QUEUE, compare_records, prepare
    from scv_voicemail.wiring import connect, salesforce_client

    rep, with_records = local.rep(), targets != VOICE_CALL_ONLY
    settings = local.settings(targets=targets)
    contact_id = prepare(local, number=settings.dialed_number) if with_records else ""
    with connect(settings) as connector:
        voicemail = _leave(connector, recording, mailbox=QUEUE if with_records else None)
        say(f"a caller left {voicemail.recording.duration_seconds:.1f} s of speech; it is in the journal")
        runs = {run.target: run for run in connector.deliver(voicemail.id, wait_seconds=30)}
        if undelivered := [run for run in runs.values() if run.state is not RunState.DELIVERED]:
            raise VoicemailError(f"not delivered to {undelivered[0].target}: {undelivered[0].last_error}")
        steps = _timeline(connector.journal.events(voicemail.id))
        if "voice_call" in runs:
            asked_at = time.monotonic()
            local.door("POST", f"/reps/{rep}/accept", {})
            steps.append({"step": "rep accepts", "ms": round((time.monotonic() - asked_at) * 1000), "answer": rep})
    # What the connector itself may read is less than what is compared here.
    client = salesforce_client(local.settings(username=ADMINISTRATOR) if with_records else settings)
    assert client is not None
    comparisons = compare(local, client, voicemail, rep=rep) if "voice_call" in runs else []
    if with_records:
        comparisons += compare_records(client, voicemail, targets=targets, contact_id=contact_id)
    client.close()
    if not as_json:
        _show(steps, comparisons)
    return {
        "ok": all(one.agrees for one in comparisons),
        "voicemail_id": voicemail.id,
        "voice_call_id": runs["voice_call"].receipts["open"]["voiceCallId"] if "voice_call" in runs else None,
        "records": {name: run.receipts["save"]["recordId"] for name, run in runs.items() if "save" in run.receipts},
        "warnings": [warning for run in runs.values() for warning in run.warnings],
        "steps": steps,
        "checks": [as_data(one) for one in comparisons],
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


def _leave(
    connector: Connector, recording: Path | None, *, number: int = 0, mailbox: Mailbox | None = None
) -> Voicemail:
    from scv_voicemail.cli.rehearsal import CALLER, demo_recording, demo_transcript

    voicemail_id = connector.submit(
        recording or demo_recording(),
        caller=CALLER,
        received_at=datetime.now(UTC) - timedelta(minutes=2 + number),
        transcript=None if recording else demo_transcript(),
        mailbox=mailbox,
        source="demo",
    )
    voicemail = connector.journal.voicemail(voicemail_id)
    assert voicemail is not None
    return voicemail


def _timeline(events: Sequence[Event]) -> list[dict[str, Any]]:
    """One row per step: when it was done, and how long after the one before."""
    rows: list[dict[str, Any]] = []
    before = start = events[0].at
    for event in events[1:]:
        if event.kind in ("done", "delivered"):
            rows.append(
                {
                    "target": event.target,
                    "step": event.step or event.kind,
                    "ms": round((event.at - before) / timedelta(milliseconds=1)),
                    "at_ms": round((event.at - start) / timedelta(milliseconds=1)),
                    "answer": event.detail,
                }
            )
            before = event.at
    return rows


def _show(steps: Sequence[dict[str, Any]], comparisons: Sequence[Comparison]) -> None:
    several = len({row["target"] for row in steps if "target" in row}) > 1
    show_table(
        "What was done",
        ("ms", *(["target"] if several else []), "step", "answer"),
        [
            (
                f"{row['ms']:>4}",
                *([row.get("target", "")] if several else []),
                STEPS.get(row["step"], row["step"]),
                str(row["answer"]).partition(", startTime")[0],
            )
            for row in steps
        ],
    )
    show_comparisons(comparisons)


@contextmanager
def _sigterm_cleans_up() -> Iterator[None]:
    """SIGTERM ends the block as an exception would, so that the emulator and its files do not stay behind."""
    earlier = signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, earlier)
