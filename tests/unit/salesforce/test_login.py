"""Logging in: the assertion, the cached token, its one renewal, and what to do about each refusal."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest
import requests
from scv_voicemail.errors import AuthenticationFailed, RateLimited, SettingsInvalid, Unavailable

EXPIRED = [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}]
TOKEN_URL = "https://login.salesforce.com/services/oauth2/token"
LIMITS = {"DailyApiRequests": {"Max": 5, "Remaining": 4}}


def test_the_assertion_is_the_connected_apps(client, org, time):
    """Issuer, user, audience without a trailing slash, three minutes of life."""
    org.answers("GET", "limits/", json=LIMITS)

    client.limits()

    assert org.logins == [
        {
            "iss": "consumer-key",
            "sub": "integration@example.com",
            "aud": "https://login.salesforce.com",
            "exp": int(time.now().timestamp()) + 180,
            "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
        }
    ]


def test_the_audience_can_differ_from_the_login_url(a_client, org):
    """A My Domain login may want login.salesforce.com as its audience."""
    org.answers("GET", "limits/", json=LIMITS)

    a_client(audience="https://test.salesforce.com/").limits()

    assert org.logins[0]["aud"] == "https://test.salesforce.com"


def test_one_login_serves_many_requests(client, org):
    """The token is kept."""
    org.answers("GET", "limits/", json=LIMITS)

    for _ in range(3):
        client.limits()

    assert len(org.logins) == 1
    assert org.tokens == ["1", "1", "1"]


def test_an_expired_session_is_renewed_once(client, org):
    """The request is repeated with the new token, a create too: it was refused, not carried out."""
    org.answers("POST", "sobjects/Case/", status=401, json=EXPIRED)
    org.answers("POST", "sobjects/Case/", status=201, json={"id": "500000000000001AAA", "success": True, "errors": []})

    created = client.create("Case", {"Subject": "Voicemail"})

    assert created == "500000000000001AAA"
    assert org.tokens == ["1", "2"]


def test_a_session_that_is_refused_right_after_renewal_needs_a_human(client, org):
    """There is no third try."""
    org.answers("GET", "limits/", status=401, json=EXPIRED)

    with pytest.raises(AuthenticationFailed) as caught:
        client.limits()

    assert org.tokens == ["1", "2"]
    assert (caught.value.code, caught.value.status, caught.value.service) == ("INVALID_SESSION_ID", 401, "salesforce")


def test_a_session_that_expires_between_two_pages_is_renewed(client, org):
    """Every page is a request of its own."""
    page = {"done": False, "nextRecordsUrl": "/services/data/v66.0/query/01g-2000", "records": [{"Id": "1"}]}
    org.answers("GET", "query/", json=page)
    org.answers("GET", "query/01g-2000", status=401, json=EXPIRED)
    org.answers("GET", "query/01g-2000", json={"done": True, "records": [{"Id": "2"}]})

    records = client.query("SELECT Id FROM Case")

    assert [record["Id"] for record in records] == ["1", "2"]
    assert org.tokens == ["1", "1", "2"]


def test_threads_that_find_the_session_expired_renew_it_once(client, org, mock):
    """The second thread takes what the first one has got."""
    barrier = threading.Barrier(2, timeout=5)

    def answer(request):
        if request.headers["Authorization"].endswith(".1"):
            barrier.wait()
            return 401, {}, '[{"errorCode": "INVALID_SESSION_ID"}]'
        return 200, {}, '{"A": {"Max": 1}}'

    mock.add_callback("GET", "https://example.my.salesforce.com/services/data/v66.0/limits/", callback=answer)
    results = []
    threads = [threading.Thread(target=lambda: results.append(client.limits())) for _ in range(2)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert results == [{"A": {"Max": 1}}] * 2
    assert len(org.logins) == 2


@pytest.mark.parametrize(
    ("code", "text", "fix"),
    [
        ("invalid_client_id", "client identifier invalid", "consumer key"),
        ("invalid_grant", "user hasn't approved this consumer", "pre-authorized"),
        ("invalid_grant", "audience is invalid", "https://test.salesforce.com"),
        ("invalid_grant", "invalid assertion", "certificate"),
        ("invalid_grant", "expired authorization code", "NTP"),
        ("invalid_grant", "inactive user", "activate"),
        ("invalid_app_access", "user is not admin approved to access this app", "permission set"),
        ("unsupported_grant_type", "grant type not supported", "doctor"),
    ],
)
def test_a_refused_login_says_what_to_do(client, mock, code, text, fix):
    """Each of the vendor's reasons has a fix of its own."""
    mock.add("POST", TOKEN_URL, status=400, json={"error": code, "error_description": text})

    with pytest.raises(AuthenticationFailed, match=text) as caught:
        client.limits()

    assert fix in caught.value.fix
    assert (caught.value.code, caught.value.status) == (code, 400)
    assert len(mock.calls) == 1


def test_a_login_that_is_refused_without_a_reason_needs_a_human_too(client, mock):
    """A proxy or a gateway may have no OAuth error."""
    mock.add("POST", TOKEN_URL, status=401, json=EXPIRED)

    with pytest.raises(AuthenticationFailed):
        client.limits()

    assert len(mock.calls) == 1


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ({"status": 500, "body": "<html>"}, Unavailable),
        ({"status": 503, "json": {"error": "server_error"}}, Unavailable),
        ({"status": 200, "body": "<html>Maintenance</html>"}, Unavailable),
        ({"status": 200, "json": {"access_token": "t"}}, Unavailable),
        ({"status": 302, "headers": {"Location": "https://elsewhere.example"}}, Unavailable),
        ({"body": requests.ConnectionError("down")}, Unavailable),
        ({"body": requests.ReadTimeout("slow")}, Unavailable),
        ({"status": 429, "json": {"error": "x"}}, RateLimited),
        ({"status": 400, "json": {"error": "invalid_grant", "error_description": "login rate exceeded"}}, RateLimited),
    ],
)
def test_a_login_that_may_work_later_is_no_misconfiguration(a_client, mock, answer, kind):
    """The journal tries again."""
    mock.add("POST", TOKEN_URL, **answer)

    with pytest.raises(kind):
        a_client(max_tries=1).limits()

    assert len(mock.calls) == 1


@pytest.mark.parametrize(
    "text", ["", "/keys/oauth.pem", "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----"]
)
def test_a_broken_key_is_a_setting_to_correct(a_client, org, text):
    """The error says what was expected and shows nothing of what was given but its kind."""
    with pytest.raises(SettingsInvalid, match="-----BEGIN PRIVATE KEY-----") as caught:
        a_client(private_key_pem=text).limits()

    assert "MIIB" not in str(caught.value)
    assert org.logins == []


def test_a_key_may_be_a_function_that_is_asked_at_each_login(a_client, org, pem):
    """A rotated key is picked up with the next session."""
    org.answers("GET", "limits/", status=401, json=EXPIRED).answers("GET", "limits/", json=LIMITS)
    readings = []

    def read_key():
        readings.append("read")
        return pem.replace("\n", "\\n")

    a_client(private_key_pem=read_key).limits()

    assert readings == ["read", "read"]


@pytest.mark.parametrize(
    "change",
    [
        {"login_url": "http://login.salesforce.com"},
        {"login_url": "login.salesforce.com"},
        {"login_url": "https://login.salesforce.com/services/oauth2/token"},
        {"login_url": "https://u:p@login.salesforce.com"},
        {"instance_url": "http://example.my.salesforce.com"},
        {"api_version": "v66"},
        {"client_id": ""},
        {"username": " "},
    ],
)
def test_settings_that_cannot_work_are_refused_at_the_start(a_client, change):
    """Before anything is sent."""
    with pytest.raises(SettingsInvalid):
        a_client(**change)


def test_plain_http_works_when_it_is_allowed(a_client, mock):
    """Login, queries and their further pages, records and the Connect API all stay on the emulator's address."""
    base = "http://127.0.0.1:5001"
    grant = {"access_token": "t", "instance_url": base}
    mock.add("POST", f"{base}/services/oauth2/token", json=grant)
    page = {"done": False, "nextRecordsUrl": "/services/data/v66.0/query/01g-1", "records": []}
    mock.add("GET", f"{base}/services/data/v66.0/query/", json=page)
    mock.add("GET", f"{base}/services/data/v66.0/query/01g-1", json={"done": True, "records": []})
    mock.add("PATCH", f"{base}/services/data/v66.0/sobjects/Case/5", status=204)
    mock.add("GET", f"{base}/services/data/v66.0/connect/conversation/k/entries", json={"conversationEntries": []})
    client = a_client(login_url=base, allow_plain_http=True)

    client.query("SELECT Id FROM Case")
    client.update("Case", "5", {})
    client.conversation_entries("k")

    assert len(mock.calls) == 5


def test_an_instance_that_answers_over_plain_http_is_refused(a_client, mock):
    """The token would travel in the clear."""
    mock.add("POST", TOKEN_URL, json={"access_token": "t", "instance_url": "http://example.my.salesforce.com"})

    with pytest.raises(SettingsInvalid, match="https://"):
        a_client().limits()

    assert len(mock.calls) == 1


def test_every_request_has_a_timeout(a_client, mock, org):
    """Connecting and reading have their own."""
    org.answers("GET", "limits/", json=LIMITS)

    a_client(timeout_seconds=7, connect_timeout_seconds=3).limits()

    assert [call.request.req_kwargs["timeout"] for call in mock.calls] == [(3, 7), (3, 7)]


def test_importing_the_client_is_cheap():
    """simple-salesforce, requests and cryptography are loaded with the first login."""
    heavy = "[name for name in ('simple_salesforce', 'requests', 'jwt', 'cryptography') if name in sys.modules]"
    code = f"import sys, scv_voicemail.salesforce; print({heavy})"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def test_nobody_logs_in_before_the_first_request(a_client, mock):
    """Building a client has no effect on the outside."""
    a_client()

    assert len(mock.calls) == 0
