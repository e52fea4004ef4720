"""Amazon Connect, AWS and Salesforce in one process, our template, flows and handlers between them, and who counts.

Everybody has one time, which only a test or a wait moves on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest
import time_machine
from scv_emulator.aws import LocalAws
from scv_emulator.aws.beside_salesforce import INSTANCE_ARN, fitting_parameters, put_keys
from scv_emulator.aws.functions import Functions
from scv_emulator.aws.phone_line import QUEUE, PhoneLine
from scv_emulator.clock import Clock
from scv_emulator.connect.caller import Step
from scv_emulator.connect.flow import Flow, read_flows
from scv_emulator.connect.phone_call import Circumstances
from scv_emulator.connect.ports import SimulatedContact
from scv_emulator.connect.simulator import CallReport, simulate
from scv_emulator.server import Emulator
from scv_emulator.switches import Switches
from scv_voicemail.ports import Run
from scv_voicemail.wiring import open_journal

from tests.builders import BENCH_START
from tests.commands import PREFIX
from tests.scenarios.handlers_here import HandlersHere, settings_of
from tests.scenarios.left_messages import Count, Left, pcm_of, speech, without_silence
from tests.scenarios.simulation import Held, held

ROOT = Path(__file__).parents[2]
TEMPLATE = ROOT / "lambdas" / "template.yaml"
FLOWS = ROOT / "lambdas" / "contact_flows"
DIALED = "+18005550100"
IVR, KVS = "voicemail_module", "voicemail_module_kvs"
"""The two modules: Connect records the message, or streams it."""


class SharedClock(Clock):
    """The process's own time: whoever moves it moves it for all."""

    def __init__(self, traveller: Any) -> None:
        super().__init__()
        self._traveller = traveller

    @property
    def frozen(self) -> bool:
        """Functions are told the time of what they are invoked for: a call's own, however long its simulation takes."""
        return True

    def _move_to(self, moment: datetime) -> None:
        self._traveller.move_to(moment.astimezone(UTC))


@cache
def shipped_flows() -> Mapping[str, Flow]:
    """Our contact flows."""
    return read_flows(FLOWS)


@dataclass(kw_only=True)
class ConnectBench:
    """Calls in, records out.

        with ConnectBench() as bench:
            bench.call([Hear("beep"), Say(speech("Ada")), HangUp()])
            bench.aws.settle()
            assert bench.count().wrong == ()

    `functions` run the handlers; `settings` go over those of the template (names without prefix), `parameters` over its
    parameters. `switches` are the org's; everything begins at `start`.
    """

    functions: Functions = field(default_factory=HandlersHere)
    settings: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    switches: Mapping[str, Any] = field(default_factory=dict)
    left: dict[str, Left] = field(default_factory=dict)
    calls_made: int = 0
    start: datetime = BENCH_START

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            traveller = stack.enter_context(time_machine.travel(self.start, tick=True))
            self.clock = SharedClock(traveller)
            self.org = stack.enter_context(Emulator(switches=Switches(**{"apply_delay_ms": 0, **self.switches})))
            named = self.org.env()
            self.aws = stack.enter_context(self._aws(named))
            environment = stack.enter_context(pytest.MonkeyPatch.context())
            for name, value in self.aws.env().items():
                environment.setenv(name, value)
            put_keys(self.aws.client("ssm"), named)
            self.line = PhoneLine(self.aws.account, shipped_flows())
            self.aws.account.transcribe.script.seconds = 4.0
            self.aws.connect.record_milliseconds = True
            self.aws.connect.streams.idle_seconds = 0.1
            self.s3 = self.aws.client("s3")
            outputs = self.aws.account.stack.outputs
            self.bucket, _, self.prefix = outputs["RecordingsFolder"].removeprefix("s3://").partition("/")
            sweep_has = self.aws.account.stack.functions["SweepFunction"].environment
            self.journal = open_journal(settings_of({**sweep_has, **self._own}))
            stack.callback(self.journal.close)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    def _aws(self, named: Mapping[str, str]) -> LocalAws:
        return LocalAws(
            TEMPLATE,
            fitting_parameters(named) | {"DialedNumber": DIALED, **self.parameters},
            functions=self.functions,
            environment=self._own,
            clock=self.clock,
        )

    @property
    def _own(self) -> dict[str, str]:
        own = {"ALLOW_PLAIN_HTTP": "true", "PATIENCE_SECONDS": "1", **self.settings}
        return {f"{PREFIX}{name}": value for name, value in own.items()}

    # --------------------------------------------------------------------------------------------------- what happens

    def caller(self) -> SimulatedContact:
        """A new caller, who is connected just now."""
        self.calls_made += 1
        number = self.calls_made
        return SimulatedContact(
            contact_id=f"{number:08x}-1e84-4367-8930-f69a74b30ca6",
            instance_arn=INSTANCE_ARN,
            customer_number=f"+1415555{number:04d}",
            system_number=DIALED,
            began_at=self.clock.now(),
            queue_arn=self.line.parameters["QueueArn"],
            queue_name=QUEUE.name,
        )

    def call(
        self,
        script: Sequence[Step],
        *,
        contact: SimulatedContact | None = None,
        entry: str = "voicemail_flow",
        module: str = IVR,
        parameters: Mapping[str, str] | None = None,
        **circumstances: Any,
    ) -> CallReport:
        """A call to our flows; nothing that it sets off has been delivered yet."""
        flow_parameters = {
            **self.line.parameters,
            "VoicemailSeconds": "60",
            "VoicemailModuleArn": f"{INSTANCE_ARN}/flow-module/{module}",
            **(parameters or {}),
        }
        return simulate(
            shipped_flows(),
            entry,
            script,
            self.aws.connect,
            contact=contact or self.caller(),
            parameters=flow_parameters,
            circumstances=Circumstances(**circumstances),
            strict=False,  # checked by tests of their own
        )

    def expect(
        self, contact: SimulatedContact, said: bytes, *, uncut: bool = False, loose_seconds: float = 0.0
    ) -> Left:
        """From now on this counts as left; Transcribe will hear words that only this caller has said."""
        text = f"This is caller {contact.customer_number[-4:]}. Please call me back."
        left = Left(
            contact_id=contact.contact_id,
            caller=contact.customer_number,
            said=said,
            text=text,
            uncut=uncut,
            loose_seconds=loose_seconds,
        )
        self.aws.account.transcribe.script.texts[contact.contact_id] = text
        self.left[contact.contact_id] = left
        return left

    def message(
        self,
        script: Callable[[bytes], Sequence[Step]],
        *,
        contact: SimulatedContact | None = None,
        seconds: float = 1.2,
        uncut: bool = False,
        **call: Any,
    ) -> CallReport:
        """Somebody calls and leaves a message that nobody else has left; `script` says how, given the words."""
        contact = contact or self.caller()
        said = speech(contact.contact_id, seconds=seconds)
        self.expect(contact, said, uncut=uncut)
        return self.call(script(said), contact=contact, **call)

    def heal(self) -> None:
        """Nothing is disturbed any more: the schedules find whatever no event has told of."""
        self.aws.account.disturbances.clear()
        self.aws.settle()
        self.clock.advance(20 * 60)  # younger recordings may be on their usual way
        self.aws.fire("ReconcileSchedule")
        self.aws.settle()
        self.clock.advance(2 * 60)
        self.aws.fire("SweepSchedule")
        self.aws.settle()

    def redrive(self) -> int:
        """What an operator does once the cause is mended: dead letters go back where they came from. How many did."""
        queues = self.aws.account.queues
        grave = queues.of_name("DeadLetterQueue")
        moved = [one for one in grave.messages if one.source_arn]
        for one in moved:
            grave.messages.remove(one)
            queues.send(queues.of_arn(one.source_arn), one.body)
        return len(moved)

    def forget(self) -> None:
        """The next count is of what is left from now on; what was disturbed is whole again."""
        self.left.clear()
        self.aws.account.disturbances.clear()

    # ------------------------------------------------------------------------------------------------ what is there

    def kept(self, contact_id: str) -> bytes:
        """The PCM of the recording in our bucket; LookupError when there is none."""
        return pcm_of(self.aws.account.get_object(self.bucket, f"{self.prefix}/{contact_id}.wav"))

    def all_kept(self) -> set[str]:
        """The contacts whose recordings are in our bucket."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=f"{self.prefix}/")
        names = [one["Key"] for page in pages for one in page.get("Contents", ())]
        return {name.rpartition("/")[2].removesuffix(".wav") for name in names}

    def runs(self, contact_id: str) -> list[Run]:
        """The deliveries of a voicemail, as the journal knows them."""
        return self.journal.runs(voicemail_id=contact_id)

    def dead_letters(self) -> list[str]:
        """What is among the dead letters."""
        return self.aws.messages("DeadLetterQueue")

    def count(self) -> Count:
        """Compare what callers have left with what org and bucket hold; nobody asks the connector."""
        state = self.org.state()
        lost = doubled = mixed = 0
        wrong: list[str] = []
        for left in self.left.values():
            found = self._compare(left, held(state, left.contact_id))
            wrong += [f"{left.contact_id[:8]}: {one}" for _, one in found]
            kinds = {kind for kind, _ in found}
            lost, doubled, mixed = lost + ("lost" in kinds), doubled + ("doubled" in kinds), mixed + ("mixed" in kinds)
        return Count(callers=len(self.left), lost=lost, doubled=doubled, mixed=mixed, wrong=tuple(wrong))

    def _compare(self, left: Left, found: Held) -> list[tuple[str, str]]:
        calls, recordings, _, routings = found.counts
        numbers = {"VoiceCall": calls, "recording": recordings, "routing": routings}
        wrong = [
            ("lost" if count < 1 else "doubled", f"{count} {name}s") for name, count in numbers.items() if count != 1
        ]
        try:
            heard = without_silence(self.kept(left.contact_id))
        except LookupError:
            heard = b""
            wrong.append(("lost", "no audio"))
        if heard and not left.is_in(heard):
            wrong.append(("mixed", f"{len(heard)} bytes of audio instead of {len(left.said)}"))
        key = f"{self.prefix}/{left.contact_id}.wav"
        wrong += [
            ("mixed", f"recording at {one['_recordingLocation']}")
            for one in found.recordings
            if not one["_recordingLocation"].endswith(key)
        ]
        for one in found.calls:
            wrong += [("lost", f"CallOrigin {one['CallOrigin']}")] if one["CallOrigin"] != "Voicemail" else []
            wrong += [("mixed", "another caller")] if one["FromPhoneNumber"] != left.caller else []
        texts = " ".join(row["_text"] for row in sorted(found.entries, key=lambda row: row["_startMs"]))
        if texts != left.text:
            kind = "lost" if not texts else "doubled" if texts.replace(left.text, "").strip() == "" else "mixed"
            wrong.append((kind, f"transcript {texts!r}"))
        return wrong
