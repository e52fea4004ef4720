"""The real simple-salesforce, logging in to and working with the org over a socket."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
import uvicorn
from requests.adapters import HTTPAdapter
from scv_emulator.salesforce.routes import routes
from simple_salesforce import Salesforce
from simple_salesforce.exceptions import SalesforceAuthenticationFailed, SalesforceMalformedRequest
from starlette.applications import Starlette

from tests.builders import time_now


class ToTheEmulator(HTTPAdapter):
    """Sends what is meant for Salesforce's hosts to the emulator: the library knows https addresses only."""

    def __init__(self, base_url: str) -> None:
        super().__init__()
        self._base_url = base_url

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        parts = urlsplit(str(request.url))
        request.url = f"{self._base_url}{parts.path}" + (f"?{parts.query}" if parts.query else "")
        return super().send(request, *args, **kwargs)


@pytest.fixture
def session(org: Any) -> Iterator[requests.Session]:
    server = uvicorn.Server(
        uvicorn.Config(Starlette(routes=routes(org.core)), port=0, log_level="error", lifespan="off", ws="none")
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        thread.join(0.01)
    host, port = server.servers[0].sockets[0].getsockname()
    with requests.Session() as session:
        session.trust_env = False
        session.mount("https://", ToTheEmulator(f"http://{host}:{port}"))
        yield session
    server.should_exit = True
    thread.join()


def log_in(org: Any, session: requests.Session, **changes: Any) -> Salesforce:
    settings = {
        "username": "integration@example.com",
        "consumer_key": "consumer-key",
        "privatekey": org.keys.private_pem,
        "session": session,
    }
    return Salesforce(**settings | changes)


def test_the_library_logs_in_and_works(org: Any, session: requests.Session) -> None:
    """Log in by JWT, create, query, upsert, page, describe and delete, with the library's own addresses."""
    org.clock.moment = time_now()  # the library signs with the real time
    salesforce = log_in(org, session)

    created = salesforce.Case.create({"Subject": "it's a voicemail"})
    status = salesforce.Case.upsert("Voicemail_Id__c/vm-1", {"Subject": "by key"})
    found = salesforce.query("SELECT Id, Subject FROM Case WHERE Subject = 'it\\'s a voicemail'")
    by_key = salesforce.Case.get_by_custom_id("Voicemail_Id__c", "vm-1")
    changed = salesforce.Case.update(created["id"], {"Priority": "High"})
    for number in range(250):
        org.database.insert("Account", {"Name": str(number)})
    accounts = salesforce.query_all("SELECT Id FROM Account", headers={"Sforce-Query-Options": "batchSize=200"})
    limits = salesforce.limits()

    assert found["records"][0]["Id"] == created["id"]
    assert (status, by_key["Subject"], changed) == (201, "by key", 204)
    assert len(accounts["records"]) == accounts["totalSize"] == 250
    assert limits["DailyApiRequests"]["Remaining"] < limits["DailyApiRequests"]["Max"]
    assert salesforce.VoiceCall.describe()["keyPrefix"] == "0LQ"
    assert 0 < salesforce.api_usage["api-usage"].used <= org.core.api_requests
    assert salesforce.Case.delete(created["id"]) == 204


def test_the_library_understands_refusals_and_logs_in_again(org: Any, session: requests.Session) -> None:
    """Its own exceptions come out of the envelopes, and an expired session is renewed without being noticed."""
    org.clock.moment = time_now()
    salesforce = log_in(org, session)

    with pytest.raises(SalesforceMalformedRequest, match="No such column"):
        salesforce.query("SELECT Nope FROM Case")
    with (
        pytest.warns(UserWarning, match="authorize this"),
        pytest.raises(SalesforceAuthenticationFailed, match="user hasn't approved this consumer"),
    ):
        log_in(org, session, username="stranger@example.com")
    org.core.oauth.expire()
    assert salesforce.query("SELECT Name FROM Organization")["records"][0]["Name"] == "Test Org"
