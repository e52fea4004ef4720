"""The core half of a Salesforce org, as the REST resources see it: records, sessions, clock and choices."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from scv_emulator.due import DueWork
from scv_emulator.flows.automation import Automation
from scv_emulator.flows.registry import Registry
from scv_emulator.salesforce.connect_api import Conversations
from scv_emulator.salesforce.oauth import OAuth
from scv_emulator.salesforce.permissions import Permissions
from scv_emulator.salesforce.query import Queries
from scv_emulator.salesforce.records import Database

if TYPE_CHECKING:
    from scv_emulator.salesforce.rest import Resource

API_VERSIONS = tuple(f"{number}.0" for number in range(51, 68))


@dataclass(slots=True, kw_only=True)
class Core:
    """Everything behind `/services` and `/id`.

    `base_url` is where the org answers. `call_origin_updateable` is the vendor's contradiction about
    VoiceCall.CallOrigin: the Object Reference says no, the guide's own remedy for lost voicemails updates it.
    `voice_fields_are_governed` is another: whether the standard fields of VoiceCall need a grant of their own.
    `upload_success_is_told_as_result` is the third: what the status of an upload that succeeded looks like.
    `due` carries out what flows do later.
    `flows` are those that were deployed; `flow_text_has_no_case` is how their decisions compare text.
    `resources` are those that other parts of the emulator add below `/services/data/vXX.X`. `api_requests` counts the
    requests of the day.
    """

    database: Database
    oauth: OAuth
    now: Callable[[], datetime]
    base_url: Callable[[], str]
    org_id: str
    call_origin_updateable: Callable[[], bool] = lambda: True
    voice_fields_are_governed: Callable[[], bool] = lambda: False
    flows: Registry = field(default_factory=Registry)
    flow_text_has_no_case: Callable[[], bool] = lambda: False
    upload_success_is_told_as_result: Callable[[], bool] = lambda: False
    due: DueWork | None = None
    resources: Sequence[Resource] = ()
    api_versions: tuple[str, ...] = API_VERSIONS
    daily_api_requests: int = 1_000_000
    api_requests: int = 0
    queries: Queries = field(init=False)
    conversations: Conversations = field(init=False)
    permissions: Permissions = field(init=False)
    automation: Automation = field(init=False)

    def __post_init__(self) -> None:
        self.start_over()
        self.permissions = Permissions(self.database, voice_fields_are_governed=self.voice_fields_are_governed)
        self.automation = Automation(
            database=self.database,
            registry=self.flows,
            now=self.now,
            due=self.due,
            fold_text=self.flow_text_has_no_case,
        )

    def start_over(self) -> None:
        """Forget what was asked and uploaded so far."""
        self.queries = Queries(database=self.database, now=self.now)
        self.conversations = Conversations(
            database=self.database, now=self.now, success_is_told_as_result=self.upload_success_is_told_as_result
        )
        self.api_requests = 0
