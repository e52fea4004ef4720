"""The telephony side of one org: calls, transcripts, events, routing and reps, wired together."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from scv_emulator.due import DueWork
from scv_emulator.flows.automation import Automation
from scv_emulator.salesforce.records import Database
from scv_emulator.seed import Rep
from scv_emulator.switches import Switches
from scv_emulator.telephony.calls import Calls
from scv_emulator.telephony.conversations import Conversations
from scv_emulator.telephony.deployed_flows import DeployedFlows
from scv_emulator.telephony.events import Events
from scv_emulator.telephony.flows import Flows
from scv_emulator.telephony.jwt import Tokens
from scv_emulator.telephony.queues import Queues
from scv_emulator.telephony.reps import Reps
from scv_emulator.telephony.routing import Routing
from scv_emulator.telephony.transcripts import Transcripts


class Telephony:
    """Everything behind `/telephony/v1`; `routes.py` is its only HTTP."""

    def __init__(
        self,
        *,
        database: Database,
        due: DueWork,
        switches: Switches,
        now: Callable[[], datetime],
        tokens: Tokens,
        flows: Flows,
        reps: Iterable[Rep],
        automation: Automation,
    ) -> None:
        self.tokens = tokens
        self.flows = flows
        queues = Queues(database)
        self.conversations = Conversations(database)
        self.calls = Calls(
            database=database,
            conversations=self.conversations,
            due=due,
            switches=switches,
            now=now,
            queues=queues,
            automation=automation,
        )
        self.transcripts = Transcripts(
            database=database, conversations=self.conversations, due=due, switches=switches, now=now
        )
        self.events = Events(self.conversations, switches)
        self.routing = Routing(
            database=database,
            calls=self.calls,
            queues=queues,
            flows=flows,
            switches=switches,
            on_pending=lambda pending: self.reps.offer(pending),  # noqa: PLW0108 - reps are made below
            is_available=lambda user: self.reps.is_available(user),  # noqa: PLW0108 - likewise
            now=now,
        )
        self.reps = Reps(database=database, now=now, requeue=self.routing.put_in_queue, reps=reps)
        flows.run_deployed = DeployedFlows(
            automation=automation, database=database, switches=switches, reps=self.reps
        ).run
