"""A record is not written for a run that is another worker's; readings go on."""

from __future__ import annotations

import pytest
from scv_voicemail import fence
from scv_voicemail.errors import LeaseLost

ID = "500000000000001AAA"


def lost() -> None:
    raise LeaseLost("the lease has expired")


@pytest.mark.covers("lease-1")
@pytest.mark.parametrize(
    "write",
    [
        lambda client: client.create("Case", {"Subject": "Voicemail"}),
        lambda client: client.update("Case", ID, {"Subject": "Voicemail"}),
        lambda client: client.upsert("Case", "Key__c", "42", {"Subject": "Voicemail"}),
        lambda client: client.delete("Case", ID),
        lambda client: client.upload_conversation_entries("42", [], voice_call_ids=["0LQ"]),
    ],
    ids=["create", "update", "upsert", "delete", "upload"],
)
def test_no_write_leaves_for_a_run_that_is_lost(client, org, write):
    """Whatever is written, the one place that sends asks first."""
    with fence.guarded(lost), pytest.raises(LeaseLost):
        write(client)

    assert org.requests == []


@pytest.mark.covers("lease-1")
def test_a_reading_needs_no_lease(client, org):
    """Looking changes nothing."""
    org.answers("GET", "query/", json={"done": True, "records": []})

    with fence.guarded(lost):
        assert client.query("SELECT Id FROM Case") == []
