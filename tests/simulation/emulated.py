"""The emulator in the place of the model: its application is called without a server, its clock is the scheduler's."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from typing import Any

from scv_emulator.org import Org as EmulatedOrg
from scv_emulator.salesforce.records import Record
from scv_emulator.server import create_app
from scv_emulator.switches import Switches
from scv_emulator.telephony.fields import Body
from scv_emulator.telephony.flows import FlowOutcome, OmniFlow
from scv_emulator.telephony.requests import CallUpdate, NewCall

from tests.simulation.model import Row, Rules
from tests.simulation.wire import Answer, Asked

CENTER = "DemoContactCenter"
HOST = "127.0.0.1"


class _WatchedFlow(OmniFlow):
    """The flow of the seed; `seen` is told of each run."""

    seen: list[tuple[str, str]]

    def run(self, voice_call: Record, inputs: Any) -> FlowOutcome:
        self.seen.append((voice_call["VendorCallKey"], voice_call["CallOrigin"] or ""))
        return super().run(voice_call, inputs)


class EmulatorOrg:
    """An org of the emulator, which answers within the caller's own step; `delay` as for the model."""

    def __init__(self, *, now: Callable[[], datetime], delay: Callable[[], float], rules: Rules | None = None) -> None:
        self._now = now
        self._delay = delay
        self.org = EmulatedOrg(switches=Switches(**asdict(rules or Rules())))
        self.org.base_url = f"http://{HOST}"
        self.org.clock.freeze()
        self.routed: list[tuple[str, str]] = []
        seed = self.org.seed.flows[0]
        flow = _WatchedFlow(
            developer_name=seed.developer_name, voicemail_queue=seed.voicemail_queue, live_queue=seed.live_queue
        )
        object.__setattr__(flow, "seen", self.routed)
        self.settle()
        self.org.telephony.flows.add(flow)
        self._app = create_app(self.org)
        self._loop = asyncio.new_event_loop()

    @property
    def settings(self) -> dict[str, str]:
        """What a client needs to be let in, as its keyword arguments are named."""
        seed = self.org.seed
        return {
            "telephony_url": self.org.base_url,
            "org_id": seed.org_id,
            "call_center": CENTER,
            "private_key": self.org.telephony_keys[CENTER].private_key_pem,
            "login_url": self.org.base_url,
            "client_id": seed.apps[0].consumer_key,
            "username": seed.apps[0].usernames[0],
            "oauth_key": self.org.app_keys[seed.apps[0].consumer_key].private_key_pem,
        }

    def close(self) -> None:
        """Give the loop back."""
        self._loop.close()

    def answer(self, asked: Asked) -> Answer:
        """See `world.Org`."""
        self.settle()
        self.org.switches.set("apply_delay_ms", round(self._delay() * 1000))
        return self._loop.run_until_complete(self._answer(asked))

    async def _answer(self, asked: Asked) -> Answer:
        headers = [(name.encode(), value.encode()) for name, value in asked.headers.items() if name != "host"]
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": asked.method,
            "scheme": "http",
            "path": asked.path,
            "raw_path": asked.path.encode(),
            "query_string": asked.query.encode(),
            "root_path": "",
            "headers": [(b"host", HOST.encode()), *headers],
            "client": (HOST, 1),
            "server": (HOST, 80),
        }
        told: dict[str, Any] = {"status": 500, "headers": [], "body": b""}
        given = [{"type": "http.request", "body": asked.body, "more_body": False}]

        async def receive() -> dict[str, Any]:
            return given.pop() if given else {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                told["status"], told["headers"] = message["status"], message["headers"]
            else:
                told["body"] += message.get("body", b"")

        await self._app(scope, receive, send)
        named = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in told["headers"]}
        return Answer(told["status"], told["body"], named)

    def settle(self) -> None:
        """See `world.Org`."""
        self.org.clock.set(self._now())
        self.org.settle()

    def open_live(self, key: str, *, caller: str, dialed: str, began: datetime, was_with_a_rep: bool) -> str:
        """See `world.Org`."""
        self.settle()
        body = {
            "callCenterApiName": CENTER,
            "vendorCallKey": key,
            "from": caller,
            "to": dialed,
            "initiationMethod": "Inbound",
            "startTime": began.isoformat(),
            "participants": [{"participantKey": caller, "type": "END_USER"}],
        }
        new = NewCall.read(Body(body), contact_center=CENTER, switches=self.org.switches)
        call_id, _ = self.org.telephony.calls.create(new, contact_center=CENTER)
        self.org.database.update("VoiceCall", call_id, {"CallDisposition": "in-progress"}, by_system=True)
        if was_with_a_rep:
            rep = self.org.database.first("User", Username="rep@example.com")
            assert rep is not None
            work = {"WorkItemId": call_id, "Status": "Closed", "UserId": rep["Id"], "_queue": "live-queue"}
            self.org.database.insert("AgentWork", work, by_system=True)
        return call_id

    def close_live(self, call_id: str, *, began: datetime, ended: datetime) -> None:
        """See `world.Org`."""
        self.settle()
        body = {"isActiveCall": False, "startTime": began.isoformat(), "endTime": ended.isoformat()}
        update = CallUpdate.read(Body(body), switches=self.org.switches)
        self.org.telephony.calls.update(call_id, update, contact_center=CENTER)

    def accept_one(self) -> None:
        """See `world.Org`."""
        self.settle()
        names = self._queues()
        waiting = self.org.database.rows("PendingServiceRouting")
        taken = next((row for row in waiting if names.get(row["GroupId"]) == "voicemail-queue"), None)
        if taken is not None:
            self.org.telephony.reps.accept("rep@example.com", taken["WorkItemId"])

    def state(self) -> dict[str, list[Row]]:
        """See `world.Org`."""
        self.settle()
        names = self._queues()
        state = self.org.database.dump()
        for row in state.get("PendingServiceRouting", []):
            row["_queue"] = names.get(row["GroupId"], "?")
        for row in state.get("AgentWork", []):
            row["_queue"] = row.get("_queue") or names.get(row.get("OriginalGroupId"), "?")
        empty: dict[str, list[Row]] = {
            name: []
            for name in ("VoiceCall", "VoiceCallRecording", "PendingServiceRouting", "AgentWork", "ConversationEntry")
        }
        return empty | state

    def _queues(self) -> dict[str, str]:
        maps = self.org.database.rows("CallCenterRoutingMap")
        return {row["ReferenceRecordId"]: row["ExternalId"] for row in maps}
