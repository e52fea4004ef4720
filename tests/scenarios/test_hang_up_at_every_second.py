"""The caller hangs up at every second of a call: there is a voicemail exactly when something was said, all of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

pytest.importorskip("moto", reason="the local AWS is built on moto, which is not installed")

from scv_emulator.connect.caller import HangUpAfter, Hear, Press, Say, Step, Wait
from scv_emulator.connect.simulator import CallReport

from tests.scenarios.connect_bench import IVR, KVS, ConnectBench
from tests.scenarios.left_messages import RATE_HZ, speech, without_silence
from tests.scenarios.simulation import held

BEEP_SECONDS = 0.5
A_WINDOW_SECONDS = 0.02
"""How exactly audio is cut."""

LONGEST_SECONDS = 36
FIRST, SECOND = speech("first", seconds=1.6), speech("second", seconds=1.2)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConnectBench]:
    """The shortest word is a message here, and silence is none."""
    journal = tmp_path_factory.mktemp("journal") / "journal.db"
    with ConnectBench(settings={"JOURNAL": str(journal), "SHORT_SECONDS": "0"}) as running:
        yield running


def moment_of(report: CallReport, kind: str, detail: str = "") -> float | None:
    """When something happened for the first time, in seconds since the call began."""
    return next((one.at_seconds for one in report.timeline if one.kind == kind and detail in one.detail), None)


def said_after_the_beep(report: CallReport) -> bytes:
    """What the caller said from the end of the beep until the key or the hang-up, by the caller's own side."""
    beep, key = moment_of(report, "prompt", "beep"), moment_of(report, "key", "#")
    if beep is None:
        return b""
    samples = report.customer[2 * round((beep + BEEP_SECONDS) * RATE_HZ) :]
    return without_silence(samples if key is None else samples[: 2 * round((key - beep - BEEP_SECONDS) * RATE_HZ)])


@pytest.mark.parametrize("module", [IVR, KVS])
def test_there_is_a_voicemail_exactly_when_something_was_said(bench: ConnectBench, module: str) -> None:
    """Prompts, beep, words, a pause, words, the key, the menu: whenever it ends, what was said is there, once."""
    bench.forget()
    # Connect's own examples of contact records show whole seconds.
    bench.aws.connect.record_milliseconds = module == IVR
    script: list[Step] = [Hear("beep"), Say(FIRST), Wait(1.3), Say(SECOND), Wait(0.4), Press("#"), Wait(60)]
    whole = bench.call(script, module=module)
    beep = moment_of(whole, "prompt", "beep")
    key = moment_of(whole, "key", "#")
    assert beep is not None
    assert key is not None
    halves = {beep + BEEP_SECONDS + half / 2 for half in range(-6, 14)}
    moments = sorted({float(second) for second in range(1, LONGEST_SECONDS)} | halves)

    silent: list[tuple[float, str]] = []
    for at in moments:
        contact = bench.caller()
        report = bench.call([*script, HangUpAfter(at)], contact=contact, module=module)
        said = said_after_the_beep(report)
        if said:
            bench.expect(contact, said, loose_seconds=A_WINDOW_SECONDS)
        else:
            silent.append((at, contact.contact_id))
    bench.aws.settle()

    state = bench.org.state()
    # Transcribe takes nothing below half a second.
    too_short = [one for one in bench.left if len(bench.kept(one)) < RATE_HZ]
    assert [one for one in bench.count().wrong if one not in {f"{name[:8]}: transcript ''" for name in too_short}] == []
    assert len(too_short) <= 1
    assert len(bench.left) > 15
    assert len({one.said for one in bench.left.values()}) > 6
    assert min(len(one.said) for one in bench.left.values()) < RATE_HZ
    assert [at for at, _ in silent if at > beep + BEEP_SECONDS + 0.31] == []
    assert [at for at, contact in silent if bench.runs(contact) or held(state, contact).counts[1:] != (0, 0, 0)] == []
    bench.aws.connect.record_milliseconds = True


def test_a_second_take_is_the_message(bench: ConnectBench) -> None:
    """What was said before is deleted; hung up in the middle of the second, it is what was said of it."""
    bench.forget()
    again: list[Step] = [Hear("beep"), Say(FIRST), Wait(0.2), Press("#"), Hear("press 0"), Press("2")]
    for module in (IVR, KVS):
        contact = bench.caller()
        bench.call([*again, Hear("beep"), Say(SECOND), Wait(0.1), HangUpAfter(60)], contact=contact, module=module)
        bench.expect(contact, SECOND, loose_seconds=A_WINDOW_SECONDS)
    bench.aws.settle()

    assert bench.count().wrong == ()


def test_the_caller_can_listen_to_the_message_before_it_is_sent(bench: ConnectBench) -> None:
    """The review is what was said, and is played; the message is the same as without it."""
    bench.forget()
    contact = bench.caller()
    script: list[Step] = [Hear("beep"), Say(FIRST), Wait(0.2), Press("#"), Hear("press 0"), Press("1")]

    report = bench.call([*script, Hear("press 0"), Press("#")], contact=contact)
    bench.expect(contact, FIRST)
    bench.aws.settle()

    assert "audio from S3" in report.heard()
    assert bench.count().wrong == ()
