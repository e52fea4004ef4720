"""One emulated Salesforce org: its records, both of its APIs, its clock and everything that can be turned on it."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from scv_emulator.clock import Clock
from scv_emulator.due import DueWork
from scv_emulator.faults import Faults
from scv_emulator.flows.registry import Registry
from scv_emulator.ids import Ids
from scv_emulator.keys import KeyPair, key_pair_of_this_process
from scv_emulator.metadata.deployment import Components, Deployment
from scv_emulator.metadata.deploys import Deploys
from scv_emulator.metadata.pages import PageRuleUnknown, shown
from scv_emulator.metadata.rest import resources as deploy_resources
from scv_emulator.metadata.soap import Soap
from scv_emulator.metadata.xml_tree import parse
from scv_emulator.populate import populate
from scv_emulator.request_journal import RequestJournal
from scv_emulator.salesforce.core import Core
from scv_emulator.salesforce.oauth import ConnectedApp, OAuth
from scv_emulator.salesforce.records import Database, Record
from scv_emulator.salesforce.schema import Schema
from scv_emulator.salesforce.standard_objects import standard_schema
from scv_emulator.seed import Seed
from scv_emulator.switches import Switches
from scv_emulator.telephony.flows import Flows, OmniFlow
from scv_emulator.telephony.jwt import Tokens
from scv_emulator.telephony.store import Telephony


class Org:
    """Everything the server serves, without any HTTP.

    Example::

        org = Org(seed=Seed(), switches=Switches(apply_delay_ms=0))
        org.base_url = "http://127.0.0.1:8080"
        org.database.find("VoiceCall", CallOrigin="Voicemail")

    The server is one thread with one event loop, so nothing in here locks.
    """

    def __init__(
        self,
        *,
        seed: Seed | None = None,
        switches: Switches | None = None,
        clock: Clock | None = None,
        random_seed: int = 0,
    ) -> None:
        self.seed = seed or Seed()
        self.switches = switches or Switches()
        self.clock = clock or Clock()
        self.base_url = "http://127.0.0.1"
        self.due = DueWork(now=self.clock.now)
        self.faults = Faults(seed=random_seed)
        self.requests = RequestJournal()
        self._switches_at_start = {one["name"]: one["value"] for one in self.switches.describe()}
        self.telephony_keys = {
            one.api_name: _key_pair(one.api_name, one.certificate_pem) for one in self.seed.contact_centers
        }
        self.app_keys = {one.consumer_key: _key_pair(one.consumer_key, one.certificate_pem) for one in self.seed.apps}
        self._integration_user = ""
        self.database = Database(
            schema=self._schema(), ids=Ids(seed=random_seed), now=self.now, user_id=lambda: self._integration_user
        )
        self.oauth = OAuth(
            now=self.now,
            org_id=self.seed.org_id,
            base_url=lambda: self.base_url,
            apps=[
                ConnectedApp(
                    consumer_key=one.consumer_key,
                    certificate_pem=self.app_keys[one.consumer_key].certificate_pem,
                    usernames=one.usernames,
                )
                for one in self.seed.apps
            ],
            user_id_of=self.user_id_of,
        )
        self.flows = Registry()
        self.core = Core(
            database=self.database,
            oauth=self.oauth,
            now=self.now,
            base_url=lambda: self.base_url,
            org_id=self.seed.org_id,
            call_origin_updateable=lambda: self.switches.call_origin_rest_updateable,
            due=self.due,
            flows=self.flows,
            flow_text_has_no_case=lambda: self.switches.flow_text_comparison == "case_insensitive",
            upload_success_is_told_as_result=lambda: self.switches.upload_status_of_success == "results",
            voice_fields_are_governed=lambda: self.switches.voice_field_security,
            resources=deploy_resources(lambda: self.deploys),
        )
        self.deploys = Deploys(
            deployment=Deployment(
                database=self.database,
                components=Components(),
                flows=self.flows,
                now=self.now,
                new_id=Ids(seed=random_seed).next,
            ),
            due=self.due,
            now=self.now,
            delay_ms=lambda: self.switches.deploy_delay_ms,
            user_name_of=self.user_name_of,
            may_deploy=self.core.permissions.is_unlimited,
        )
        self.soap = Soap(deploys=lambda: self.deploys, session_of=self.oauth.session)
        self._fill()

    def now(self) -> datetime:
        """The org's time."""
        return self.clock.now()

    def settle(self) -> None:
        """Apply everything that is due; called before every request."""
        self.due.settle()

    def reset(self) -> None:
        """Go back to how the org was when it was started; time is real again, nobody is logged in."""
        self.clock.reset()
        for name, value in self._switches_at_start.items():
            self.switches.set(name, value)
        self.faults.clear()
        self.requests.clear()
        self.due.clear()
        self.oauth.expire(None)
        self.database.clear()
        self.flows.clear()
        # What was deployed goes too; the database itself stays, because both APIs hold on to it.
        self.database.schema = self._schema()
        self.deploys.clear()
        self.core.start_over()
        self._fill()

    def state(self) -> dict[str, list[Record]]:
        """Every record by object, and below `_` names what no API shows, such as transcripts that were dropped."""
        self.settle()
        extra: dict[str, list[dict[str, Any]]] = {
            "_DroppedTranscripts": list(self.telephony.transcripts.dropped),
            "_ConversationEvents": list(self.telephony.events.kept),
            "_Routings": list(self.telephony.routing.log.kept),
            "_Reps": self.telephony.reps.describe(),
        }
        return self.database.dump() | extra

    def record_page(self, name: str, record_id: str, *, username: str = "") -> dict[str, list[str]]:
        """The components of a deployed record page that a user sees for a record, by region.

        Without a user everything may be read. Raises `PageRuleUnknown` or `SalesforceError`.
        """
        stored = self.deploys.components.stored.get(("FlexiPage", name))
        if stored is None:
            raise PageRuleUnknown(f"no page {name[:100]} was deployed")
        page = parse(next(iter(stored.files.values())))
        about = page.value("sobjectType")
        user = self.user_id_of(username) if username else ""
        if user is None:
            raise PageRuleUnknown(f"there is no user {username[:100]}")
        hidden = self.core.permissions.hidden_custom_fields(user, about) if user else set()
        record = {name: value for name, value in self.database.get(about, record_id).items() if name not in hidden}
        return shown(page, record)

    def public_seed(self) -> dict[str, Any]:
        """The seed as JSON-ready data, with the certificates that are in use and without any private key."""
        public = asdict(self.seed)
        for center in public["contact_centers"]:
            center["certificate_pem"] = self.telephony_keys[center["api_name"]].certificate_pem
        for app in public["apps"]:
            app["certificate_pem"] = self.app_keys[app["consumer_key"]].certificate_pem
        return public

    def user_id_of(self, username: str) -> str | None:
        """The id of an active user."""
        user = self.database.first("User", Username=username, IsActive=True)
        return None if user is None else str(user["Id"])

    def user_name_of(self, user_id: str) -> str:
        """The full name of a user; empty for nobody."""
        user = self.database.first("User", Id=user_id)
        return "" if user is None else str(user["Name"])

    @property
    def administrator_id(self) -> str:
        """The first user who may do everything; empty when the seed has none."""
        users = (user["Id"] for user in self.database.rows("User"))
        return next((str(one) for one in users if self.core.permissions.is_unlimited(one)), "")

    def _schema(self) -> Schema:
        return standard_schema(voice=self.switches.voice_enabled)

    def _fill(self) -> None:
        self._integration_user = ""
        populate(self.database, self.seed)
        self._integration_user = self.user_id_of(self.seed.users[0].username) or ""
        tokens = Tokens(org_id=self.seed.org_id, switches=self.switches, now=self.now)
        for name, keys in self.telephony_keys.items():
            tokens.trust(name, keys.certificate_pem)
        self.telephony = Telephony(
            database=self.database,
            due=self.due,
            switches=self.switches,
            now=self.now,
            tokens=tokens,
            flows=Flows(
                OmniFlow(
                    developer_name=one.developer_name, voicemail_queue=one.voicemail_queue, live_queue=one.live_queue
                )
                for one in self.seed.flows
            ),
            reps=self.seed.reps,
            automation=self.core.automation,
        )


def _key_pair(name: str, certificate_pem: str) -> KeyPair:
    """The certificate of the seed, whose private key only its owner has; or a pair of our own."""
    return KeyPair("", certificate_pem) if certificate_pem else key_pair_of_this_process(name)
