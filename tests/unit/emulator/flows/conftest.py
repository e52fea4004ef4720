"""A small org whose flows are run without any HTTP."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from scv_emulator.flows import Registry, check_in_org, load
from scv_emulator.flows.automation import Automation
from scv_emulator.ids import Ids
from scv_emulator.salesforce.records import Database, Record
from scv_emulator.salesforce.schema import Field, SObject, reference
from scv_emulator.salesforce.standard_objects import standard_schema

from .flow_files import Part, a_flow

NOW = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)


@dataclass
class Bench:
    """An org to try flows in."""

    database: Database
    registry: Registry
    automation: Automation

    def deploy(self, name: str, xml: str) -> None:
        """Deploy a flow, checked against the org."""
        flow = load(xml, name=name)
        check_in_org(flow, self.database.schema, self.registry.get)
        self.registry.deploy(flow)

    def run(self, *parts: Part, inputs: dict[str, Any] | None = None, **how: Any) -> dict[str, Any]:
        """Deploy an autolaunched flow of these parts, run it, and give its outputs."""
        self.deploy("Tried", a_flow(*parts, **how))
        flow = self.registry.get("Tried")
        assert flow is not None
        return self.automation.call(flow, inputs or {}, started_by="a test", record_id="")

    @property
    def path(self) -> list[str]:
        """The elements that the latest run went through."""
        return list(self.registry.executions[-1].path)

    def insert(self, object_name: str, **fields: Any) -> str:
        """A record that is simply there."""
        return self.database.insert(object_name, fields, by_system=True)

    def all(self, object_name: str) -> list[Record]:
        """Every record of an object."""
        return self.database.all(object_name)


@pytest.fixture
def bench() -> Bench:
    """An org with a custom field on Case and a custom metadata type."""
    schema = standard_schema()
    schema.add_field("Case", Field("Key__c", "string", unique=True, external_id=True))
    schema.add_field("Case", Field("Count__c", "double"))
    schema.add_field("Case", Field("Due__c", "datetime"))
    schema.add_field("Case", Field("Day__c", "date"))
    schema.add_field("VoiceCall", reference("Case__c", "Case"))
    fields = [Field("DeveloperName", "string"), Field("MasterLabel", "string"), Field("Queue__c", "string")]
    schema.add_object(SObject.of("Setting__mdt", "m00", fields))
    ids: list[str] = []
    database = Database(schema=schema, ids=Ids(), now=lambda: NOW, user_id=lambda: ids[0] if ids else "")
    user = {"Username": "integration@example.com", "LastName": "User", "FirstName": "Integration"}
    ids.append(database.insert("User", user, by_system=True))
    database.insert("Organization", {"Name": "Test Org"}, by_system=True)
    registry = Registry()
    return Bench(database, registry, Automation(database=database, registry=registry, now=lambda: NOW))
