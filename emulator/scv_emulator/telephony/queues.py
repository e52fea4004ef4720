"""Finds Omni-Channel queues by the names that requests use for them."""

from __future__ import annotations

from scv_emulator.salesforce.records import Database, Record


class Queues:
    """The queues of the org and their mapping to the telephony system."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, name: str, contact_center_id: str | None) -> Record | None:
        """A queue by developer name, record id or the telephony system's own id."""
        for field in ("DeveloperName", "Id"):
            found = self._database.first("Group", **{field: name})
            if found is not None and found["Type"] == "Queue":
                return found
        for mapping in self._database.find("CallCenterRoutingMap", ExternalId=name):
            if mapping["CallCenterId"] == contact_center_id and mapping["ReferenceRecordId"]:
                return self._database.first("Group", Id=mapping["ReferenceRecordId"], Type="Queue")
        return None
