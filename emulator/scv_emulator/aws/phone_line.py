"""Rings the local Amazon Connect up: a scripted caller goes through contact flows, in the time of the clock."""

from __future__ import annotations

import base64
import io
import math
import wave
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

from scv_emulator.aws.account import Account
from scv_emulator.connect.call_audio import seconds_of, spoken, tone
from scv_emulator.connect.caller import Step, script_of
from scv_emulator.connect.contacts import ConnectQueue
from scv_emulator.connect.flow import Flow, FlowKind, read_flows
from scv_emulator.connect.phone_call import Circumstances
from scv_emulator.connect.ports import SAMPLE_RATE_HZ, SimulatedContact
from scv_emulator.connect.simulator import CallReport, simulate

QUEUE = ConnectQueue(queue_id="66666666-7777-4888-8999-000000000000", name="Support")
_VOICE_HERTZ = 220
_OF_CIRCUMSTANCES = {"rep_answers_at", "talk_seconds", "queue_is_full", "recording", "streaming_allowed"}


class PhoneLine:
    """The flows of a folder, deployed to the instance of an account.

    Their parameters have values that fit: the function of the stack, a queue, the flows' own ARNs; `parameters` of a
    call come before them.
    """

    def __init__(self, account: Account, flows: Mapping[str, Flow]) -> None:
        self._account = account
        self._flows = flows
        instance = account.connect.contacts.instance_arn
        function = account.stack.functions.get("FlowCallFunction")
        self.parameters = {
            "FlowCallFunctionArn": account.stack.outputs.get("FlowCallFunctionArn", function.arn if function else ""),
            "QueueArn": account.connect.contacts.add_queue(QUEUE),
            "HoldPromptArn": f"{instance}/prompt/99999999-0000-4111-8222-333333333333",
            "VoicemailSeconds": "120",
            "VoicemailExtensions": "0",
            "OfferSeconds": "60",
            **{_parameter_of(name): f"{instance}/{_place_of(flow)}/{name}" for name, flow in flows.items()},
        }

    @classmethod
    def of_folder(cls, account: Account, folder: Path) -> PhoneLine:
        """With every flow in a folder."""
        return cls(account, read_flows(folder))

    def call(
        self,
        flow: str,
        script: Sequence[Step],
        *,
        caller: str = "+14155550100",
        dialed: str = "+18005550100",
        contact_id: str = "",
        attributes: Mapping[str, str] | None = None,
        parameters: Mapping[str, str] | None = None,
        circumstances: Circumstances | None = None,
        says: str | None = None,
    ) -> CallReport:
        """One call, beginning now; the clock is at its end afterwards. `says` is what will be transcribed of it."""
        contact = SimulatedContact(
            contact_id=contact_id or str(uuid4()),
            instance_arn=self._account.connect.contacts.instance_arn,
            customer_number=caller,
            system_number=dialed,
            began_at=self._account.clock.now(),
            attributes=dict(attributes or {}),
        )
        if says is not None:
            self._account.transcribe.script.texts[contact.contact_id] = says
        return simulate(
            self._flows,
            flow,
            script,
            self._account.connect,
            contact=contact,
            parameters=self.parameters | dict(parameters or {}),
            circumstances=circumstances or Circumstances(queue_names={self.parameters["QueueArn"]: QUEUE.name}),
        )

    def call_as_told(self, told: Mapping[str, Any]) -> dict[str, Any]:
        """A call that JSON describes, and its report as JSON; TypeError or ValueError for what makes no sense.

        {"flow": "voicemail_flow", "script": [{"hear": "beep"}, {"say": "Please call back."}, {"hang_up": true}],
         "caller": "+1…", "dialed": "+1…", "attributes": {}, "parameters": {}, "circumstances": {"talk_seconds": 30}}
        What is said is a text, a number of seconds, or {"wav": a WAV in Base64}; `says` is what will be transcribed,
        by default the texts.
        """
        rest = dict(told)
        steps, met = rest.pop("script"), rest.pop("circumstances", {})
        if unknown := sorted(set(met) - _OF_CIRCUMSTANCES):
            raise ValueError(f"circumstances: {unknown[0]} is none of {', '.join(sorted(_OF_CIRCUMSTANCES))}")
        texts = [one["say"] for one in steps if isinstance(one, Mapping) and isinstance(one.get("say"), str)]
        report = self.call(
            rest.pop("flow"),
            script_of(steps, _audio),
            says=rest.pop("says", " ".join(texts) or None),
            circumstances=Circumstances(queue_names={self.parameters["QueueArn"]: QUEUE.name}, **met),
            **rest,
        )
        return {
            "contactId": report.contact.contact_id,
            "beganAt": report.contact.began_at.isoformat(),
            "disconnectReason": report.contact.disconnect_reason,
            "attributes": report.contact.attributes,
            "saidAfterBeepSeconds": round(report.said_after_beep_seconds, 3),
            "seconds": round(seconds_of(report.customer), 3),
            "timeline": [[round(one.at_seconds, 3), one.kind, one.detail] for one in report.timeline],
        }


def _audio(said: Any) -> bytes:
    if isinstance(said, str):
        return spoken(said)
    if isinstance(said, Mapping) and isinstance(said.get("wav"), str):
        return _samples(base64.b64decode(said["wav"], validate=True))
    if isinstance(said, bool) or not isinstance(said, int | float) or not 0 < said < math.inf:
        raise ValueError('expected a text, {"wav": …}, or for how many seconds something is said')
    return tone(float(said), _VOICE_HERTZ)


def _samples(content: bytes) -> bytes:
    try:
        with wave.open(io.BytesIO(content), "rb") as wav:
            if (wav.getnchannels(), wav.getsampwidth(), wav.getframerate()) != (1, 2, SAMPLE_RATE_HZ):
                raise ValueError(f"expected a WAV of {SAMPLE_RATE_HZ} Hz, mono, 16-bit")
            return wav.readframes(wav.getnframes())
    except (wave.Error, EOFError) as error:
        raise ValueError(f"not a PCM WAV: {error}") from error


def _parameter_of(name: str) -> str:
    words = "".join(one.capitalize() for one in name.split("_"))
    return f"{words}Arn" if words.endswith(("Flow", "Module")) else f"{words}FlowArn"


def _place_of(flow: Flow) -> str:
    return "flow-module" if flow.kind is FlowKind.MODULE else "contact-flow"
