"""`demo --connect`: one call to Amazon Connect, from the caller's keypress to the rep, on this machine."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import typer

from scv_voicemail.cli.compared_calls import compare_call, routed_to
from scv_voicemail.cli.output import Exit, emit, say, show_table
from scv_voicemail.cli.read_back import as_data, show_comparisons
from scv_voicemail.cli.rehearsal import Comparison, compare, demo_recording
from scv_voicemail.cli.rehearsed_calls import SCHEDULES, PlacedCall, local_connect, spoken_words
from scv_voicemail.cli.rehearsed_records import ADMINISTRATOR, compare_records, prepare
from scv_voicemail.cli.story import STEPS
from scv_voicemail.ports import RunState

if TYPE_CHECKING:
    from pathlib import Path

    from scv_voicemail.cli.rehearsal import LocalSalesforce
    from scv_voicemail.cli.rehearsed_calls import LocalConnect
    from scv_voicemail.ports import Event, Run
    from scv_voicemail.voicemail import Voicemail


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that happened, in seconds since the call began."""

    at_seconds: float
    who: str
    what: str


_OF_CALL = {
    "key": ("caller", "presses {}"),
    "key ignored": ("flow", "does not listen to {}"),
    "caller speaks": ("caller", "speaks for {}"),
    "hung up": ("caller", "hangs up"),
    "prompt": ("flow", "“{}”"),
    "function": ("flow", "calls FlowCallFunction: {}"),
    "error": ("flow", "takes its error branch: {}"),
    "queued": ("Connect", "queue {}"),
    "rep answers": ("rep", "answers"),
    "rep connected": ("rep", "is connected"),
    "recording on": ("Connect", "records"),
    "recording off": ("Connect", "records no more"),
    "streaming on": ("Connect", "streams to Kinesis Video Streams"),
    "streaming off": ("Connect", "streams no more"),
    "over": ("Connect", "the call is over: {}"),
}
_WIDEST = 84


def rehearse_call(
    local: LocalSalesforce,
    way: str,
    *,
    as_json: bool,
    targets: Sequence[str] = ("voice_call",),
    said: Path | None = None,
) -> Exit:
    """Call, let AWS do its work, compare and report; `FAILED` when anything that was read back differs."""
    began = time.monotonic()
    with local_connect(local) as connect:
        result = _play(local, connect, way, targets=targets, said=said or demo_recording(), as_json=as_json)
    result["seconds"] = round(time.monotonic() - began, 2)
    if as_json:
        emit(result)
    else:
        verdict = "Everything agrees" if result["ok"] else "NOT what the caller left: see DIFFERS above"
        typer.echo(f"\n{verdict}; {result['seconds']} s in all.")
    return Exit.DONE if result["ok"] else Exit.FAILED


def _play(
    local: LocalSalesforce,
    connect: LocalConnect,
    way: str,
    *,
    targets: Sequence[str],
    said: Path,
    as_json: bool,
) -> dict[str, Any]:
    settings = local.settings()
    number, rep = settings.dialed_number, local.rep()
    with_records = tuple(targets) != ("voice_call",)
    person = prepare(local, number=number) if with_records else ""
    call = connect.call(way, dialed=number, said=said, words=spoken_words())
    say("the call is over; AWS does its work")
    connect.settle()
    waiting = routed_to(local)
    journal = connect.journal()
    voicemail, runs = journal.voicemail(call.contact_id), journal.runs(voicemail_id=call.contact_id)
    events = journal.events(call.contact_id)
    moments = sorted(_moments(call, connect.deliveries(), events), key=lambda one: one.at_seconds)
    if not as_json:
        _show(moments)
    if _in_front_of_a_rep(runs):
        local.door("POST", f"/reps/{rep}/accept", {})
    for schedule in SCHEDULES:
        connect.fire(schedule)
    connect.settle()
    checks = _compare(
        local,
        connect,
        call,
        voicemail,
        said=said,
        rep=rep,
        routed=waiting,
        targets=targets,
        person=person,
    )
    if not as_json:
        show_comparisons(checks)
    return {
        "ok": all(one.agrees for one in checks),
        "way": way,
        "voicemail_id": call.contact_id,
        "timeline": [{"at_seconds": one.at_seconds, "who": one.who, "what": one.what} for one in moments],
        "warnings": [warning for run in runs for warning in run.warnings],
        "checks": [as_data(one) for one in checks],
    }


def _compare(
    local: LocalSalesforce,
    connect: LocalConnect,
    call: PlacedCall,
    voicemail: Voicemail | None,
    *,
    said: Path,
    rep: str,
    routed: Sequence[str],
    targets: Sequence[str],
    person: str,
) -> list[Comparison]:
    from scv_voicemail.wiring import salesforce_client

    if voicemail is None:
        failed = [f"{one['hop']}: {one['outcome']}" for one in connect.deliveries()]
        return [Comparison(name="voicemails in the journal", expected=1, found=f"0 ({'; '.join(failed[-3:])})")]
    found = compare_call(
        connect, local, call, voicemail, said=said, words=spoken_words(), dialed=local.settings().dialed_number
    )
    client = salesforce_client(local.settings(username=ADMINISTRATOR) if person else local.settings())
    assert client is not None
    with closing(client):
        if "voice_call" in targets:
            found.append(Comparison(name="routed to", expected=["Voicemail"], found=list(routed)))
            found += compare(local, client, voicemail, rep=rep, began_at=call.began_at)
        if person:
            found += compare_records(client, voicemail, targets=list(targets), contact_id=person)
    return found


def _in_front_of_a_rep(runs: Sequence[Run]) -> bool:
    return any(run.target == "voice_call" and run.state is RunState.DELIVERED for run in runs)


def _moments(call: PlacedCall, deliveries: Sequence[Mapping[str, Any]], events: Sequence[Event]) -> Iterator[Moment]:
    """What happened in the call, in AWS, and in the pipeline."""
    for at, kind, detail in call.events:
        if kind in _OF_CALL and (detail or kind != "prompt"):
            who, what = _OF_CALL[kind]
            yield Moment(at, who, what.format(detail))

    def since(at: datetime) -> float:
        return round((at - call.began_at).total_seconds(), 3)

    for one in deliveries:
        if one["what"] != "contact flow":
            yield Moment(since(datetime.fromisoformat(one["at"])), *_of_delivery(one))
    for event in events:
        several = len({one.target for one in events if one.target}) > 1
        what = STEPS.get(event.step, event.step) or {"accepted": "is written to the journal"}.get(
            event.kind, event.kind
        )
        if event.kind in ("accepted", "done", "delivered", "parked", "failed"):
            prefix = f"{event.target}: " if several and event.target else ""
            detail = event.detail.partition(", startTime")[0]
            yield Moment(since(event.at), "voicemail", f"{prefix}{what}" + (f": {detail}" if detail else ""))


def _of_delivery(one: Mapping[str, Any]) -> tuple[str, str]:
    kind, _, name = str(one["hop"]).partition(":")
    what, outcome = str(one["what"]), str(one["outcome"])
    match kind:
        case "function":
            return "Lambda", f"{name}, woken by {what}: {outcome}"
        case "rule":
            return "EventBridge", f"“{what}” matches {name}: {outcome}"
        case "contact-record":
            return "Connect", f"writes the contact record: {outcome}"
    return "AWS", f"{one['hop']} {what}: {outcome}"


def _show(moments: Sequence[Moment]) -> None:
    show_table(
        "What happened, in seconds since the call began",
        ("s", "who", "what"),
        [(f"{one.at_seconds:6.1f}", one.who, _short(one.what)) for one in moments],
    )


def _short(text: str) -> str:
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 1]}…"
