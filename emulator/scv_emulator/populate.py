"""Turns a seed into the records that an administrator would have made in Setup."""

from __future__ import annotations

from scv_emulator.phone_channels import add_phone_channel
from scv_emulator.salesforce.records import Database
from scv_emulator.seed import Flow, PhoneChannel, Queue, Rep, Seed, User


def populate(database: Database, seed: Seed) -> None:
    """Insert the org itself, its users, contact centers, queues, flows and phone channels."""
    _Setup(database, seed).run()


class _Setup:
    def __init__(self, database: Database, seed: Seed) -> None:
        self._database = database
        self._seed = seed
        self._ids: dict[tuple[str, str], str] = {}

    def run(self) -> None:
        seed = self._seed
        self._insert(
            "Organization",
            Id=seed.org_id,
            Name=seed.org_name,
            InstanceName="EMU1",
            IsSandbox=False,
            OrganizationType="Developer Edition",
        )
        self._has_voice = self._database.schema.has("VoiceCall")
        self._profiles = {
            True: self._insert("Profile", Name="System Administrator", PermissionsModifyAllData=True),
            False: self._insert("Profile", Name="Minimum Access - Salesforce"),
        }
        if self._has_voice:
            self._insert("ServiceChannel", DeveloperName="sfdc_phone", MasterLabel="Phone", RelatedEntity="VoiceCall")
        self._insert("ServicePresenceStatus", DeveloperName="Available_Voice", MasterLabel="Available for Voice")
        self._config = self._insert(
            "QueueRoutingConfig",
            DeveloperName="Voice_Routing",
            MasterLabel="Voice Routing",
            RoutingModel="LeastActive",
            RoutingPriority=1,
            CapacityWeight=1.0,
        )
        for center in seed.contact_centers:
            self._ids["center", center.api_name] = self._insert(
                "CallCenter", Name=center.display_name, InternalName=center.api_name
            )
        people: list[User | Rep] = [*seed.users, *seed.reps]
        for person in people:
            self._add_user(person)
        for rep in seed.reps:
            if rep.external_id:
                self._map(rep.username, self._ids["user", rep.username], rep.external_id, rep.name)
        for queue in seed.queues:
            self._add_queue(queue)
        for flow in seed.flows:
            self._add_flow(flow)
        for channel in seed.phone_channels:
            self._add_phone_channel(channel)

    def _add_user(self, person: User | Rep) -> None:
        first, _, last = person.name.rpartition(" ")
        self._ids["user", person.username] = self._insert(
            "User",
            Username=person.username,
            Name=person.name,
            FirstName=first or None,
            LastName=last,
            Email=person.username,
            Alias=last[:8],
            IsActive=True,
            ProfileId=self._profiles[person.admin],
        )

    def _add_queue(self, queue: Queue) -> None:
        label = queue.label or queue.developer_name.replace("_", " ")
        queue_id = self._insert(
            "Group",
            Name=label,
            DeveloperName=queue.developer_name,
            Type="Queue",
            QueueRoutingConfigId=self._config,
        )
        self._ids["queue", queue.developer_name] = queue_id
        if self._has_voice:
            self._insert("QueueSobject", QueueId=queue_id, SobjectType="VoiceCall")
        for username in queue.reps:
            self._insert("GroupMember", GroupId=queue_id, UserOrGroupId=self._ids["user", username])
        if queue.external_id:
            self._map(queue.developer_name, queue_id, queue.external_id, label)

    def _map(self, name: str, record_id: str, external_id: str, label: str) -> None:
        for center in self._seed.contact_centers:
            self._insert(
                "CallCenterRoutingMap",
                CallCenterId=self._ids["center", center.api_name],
                ReferenceRecordId=record_id,
                DeveloperName=f"{name}_{center.api_name}",
                ExternalId=external_id,
                MasterLabel=label,
            )

    def _add_flow(self, flow: Flow) -> None:
        self._ids["flow", flow.developer_name] = self._insert(
            "FlowDefinitionView",
            ApiName=flow.developer_name,
            DurableId=flow.developer_name,
            Label=flow.developer_name.replace("_", " "),
            ProcessType="RoutingFlow",
            IsActive=True,
        )

    def _add_phone_channel(self, channel: PhoneChannel) -> None:
        live_flow = channel.flow if channel.live_flow is None else channel.live_flow
        live_queue = channel.fallback_queue if channel.live_fallback_queue is None else channel.live_fallback_queue
        add_phone_channel(
            self._database,
            channel.number,
            self._ids["center", channel.contact_center],
            {"SessionHandlerId": self._flow(live_flow), "FallbackQueueId": self._queue(live_queue)},
            {
                "VoicemailHandler": self._flow(channel.flow),
                "VoicemailFallbackQueueId": self._queue(channel.fallback_queue),
            },
        )

    def _flow(self, name: str) -> str | None:
        """The id of a flow; one that nobody deployed may be named, and fails, as it does in an org."""
        return (self._ids.get(("flow", name)) or self._missing_flow(name)) if name else None

    def _queue(self, name: str) -> str | None:
        return self._ids["queue", name] if name else None

    def _missing_flow(self, developer_name: str) -> str:
        self._ids["flow", developer_name] = self._insert(
            "FlowDefinitionView", ApiName=developer_name, DurableId=developer_name, IsActive=False
        )
        return self._ids["flow", developer_name]

    def _insert(self, object_name: str, **fields: object) -> str:
        return self._database.insert(object_name, fields, by_system=True)
