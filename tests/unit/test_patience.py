"""When it is tried again, for whom an answer speaks, and when a human is called."""

from __future__ import annotations

from datetime import timedelta

import pytest
from scv_voicemail.errors import (
    AuthenticationFailed,
    PermissionMissing,
    RateLimited,
    SettingsInvalid,
    Unavailable,
    VoicemailError,
)
from scv_voicemail.ports import NotYet, RunState

from tests.builders import a_voicemail
from tests.unit.pipeline_bench import Bench, ScriptedTarget


def alone(what: str) -> Unavailable:
    """An answer about one voicemail, such as a governor limit of its own transaction."""
    error = Unavailable(what, service="salesforce", status=500, code="APEX_ERROR")
    error.scope = "voicemail"
    return error


@pytest.mark.covers("poison-7")
def test_a_limit_of_one_voicemails_own_transaction_is_tried_three_times_for_it_alone() -> None:
    """Within the hour a human is called with what the answer says; nobody else waits for it."""
    target = ScriptedTarget(
        send=[alone("the flow Case_Routing failed"), {}, *[alone("the flow Case_Routing failed")] * 2]
    )
    bench = Bench(target, outage_failures=1)
    start = bench.clock()
    bench.pipeline.accept(a_voicemail(id="poor"))

    bench.work()
    gates = bench.journal.gates()
    bench.pipeline.accept(a_voicemail(id="rich"))
    bench.work_until_done()

    states = {run.voicemail_id: run.state for run in bench.journal.runs()}
    assert gates == []
    assert states == {"poor": RunState.PARKED, "rich": RunState.DELIVERED}
    parked = next(run for run in bench.journal.runs() if run.voicemail_id == "poor")
    assert "the flow Case_Routing failed" in parked.last_error
    assert bench.clock() - start < timedelta(hours=1)


@pytest.mark.covers("first-hour-14")
@pytest.mark.parametrize("error", [AuthenticationFailed("invalid_grant"), SettingsInvalid("no such call center")])
def test_a_refused_login_holds_the_target_and_parks_nobody(error: VoicemailError) -> None:
    """What is wrong for everybody is told once; when it is mended, everything is delivered."""
    target = ScriptedTarget(send=[error] * 20)
    bench = Bench(target)
    for number in range(5):
        bench.pipeline.accept(a_voicemail(id=f"voicemail-{number}"))

    bench.work()
    asked, notices = len(target.calls), bench.journal.notices()
    bench.work_until_done(at_most_hours=24)

    assert asked == 1
    assert [(one.source, one.kind) for one in notices] == [("target fake", "trouble")]
    assert error.what in notices[0].reason
    assert bench.journal.counts()[RunState.DELIVERED] == 5
    assert bench.journal.notices() == []


def test_a_missing_right_of_the_user_is_this_voicemails_own_trouble_or_everybodys_as_the_error_says() -> None:
    """The error decides by its scope."""
    one, all_of_them = PermissionMissing("no access to the field"), PermissionMissing("API access is disabled")
    one.scope, all_of_them.scope = "voicemail", "org"
    bench = Bench(ScriptedTarget(send=[one, all_of_them]))
    bench.pipeline.accept(a_voicemail(id="first"))
    bench.pipeline.accept(a_voicemail(id="second"))

    bench.work()

    states = {run.voicemail_id: run.state for run in bench.journal.runs()}
    assert states == {"first": RunState.PARKED, "second": RunState.WAITING}


@pytest.mark.covers("clock-1")
def test_after_three_days_off_one_failure_parks_nobody() -> None:
    """The host was off for longer than the horizon; Salesforce is not there yet when it starts."""
    target = ScriptedTarget(send=[Unavailable("down")] * 12)
    bench = Bench(target)
    for number in range(10):
        bench.pipeline.accept(a_voicemail(id=f"voicemail-{number}"))
    bench.clock.advance(73 * 3600)

    bench.work_until_done(at_most_hours=2)

    assert bench.journal.counts()[RunState.PARKED] == 0
    assert bench.journal.counts()[RunState.DELIVERED] == 10


@pytest.mark.covers("clock-1")
@pytest.mark.parametrize("hours", [-73, 73, 24 * 365])
def test_a_clock_that_jumps_after_much_trying_parks_nobody(hours: float) -> None:
    """Half a day of trying, then the clock is set: there is as much patience left as for a new one."""
    target = ScriptedTarget(send=[Unavailable("down")] * 60)
    bench = Bench(target)
    bench.pipeline.accept(a_voicemail())
    bench.work_until_done(at_most_hours=12)
    tried = len(target.calls)
    bench.clock.advance(hours * 3600)

    bench.work_until_done(at_most_hours=100)

    assert tried > 10
    assert bench.run().state is RunState.DELIVERED


@pytest.mark.covers("clock-1")
def test_a_clock_that_jumps_within_a_step_parks_nobody() -> None:
    """It was right when the step began and three days ahead when its answer failed."""
    bench = Bench(ScriptedTarget())
    original = bench.pipeline.targets["fake"].steps

    class Jumping(ScriptedTarget):
        def steps(self) -> object:  # type: ignore[override]
            bench.clock.advance(80 * 3600)
            return original()

    target = ScriptedTarget(send=[Unavailable("down")])
    bench.pipeline.targets = {"fake": Jumping("fake")}
    original = target.steps
    bench.pipeline.accept(a_voicemail())

    bench.work()

    assert bench.run().state is RunState.WAITING


@pytest.mark.covers("operating-10")
def test_the_last_real_answer_stays_the_reason() -> None:
    """Waiting before it is sent again says nothing new; what the other side said is what a human needs."""
    waiting = NotYet("an earlier request may still be under way", after_seconds=600, is_answer=False)
    bench = Bench(ScriptedTarget(send=[Unavailable("HTTP 503 from the gateway"), waiting]))
    bench.pipeline.accept(a_voicemail())

    bench.work_until_done(at_most_hours=0.01)

    assert "HTTP 503 from the gateway" in bench.run().last_error


@pytest.mark.covers("poison-4")
def test_what_the_other_side_asks_for_is_bounded() -> None:
    """A date in 9999 or an epoch where seconds are meant closes no target for years."""
    for asked in (1e20, float("inf"), float("nan"), 1_796_086_953.0, -5.0):
        bench = Bench(ScriptedTarget(send=[RateLimited("429", retry_after_seconds=asked)]))
        bench.pipeline.accept(a_voicemail())

        bench.work_until_done(at_most_hours=0.5)

        assert bench.run().state is RunState.DELIVERED, asked
