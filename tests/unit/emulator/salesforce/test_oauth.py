"""Logging in and out of the org."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import jwt
import pytest
from scv_emulator.salesforce.oauth import JWT_BEARER, ConnectedApp, OAuthError

QUERY = "/services/data/v63.0/query?q=SELECT+Id+FROM+Organization"


def log_in(org: Any, assertion: str) -> dict[str, Any]:
    answer: dict[str, Any] = org.core.oauth.token({"grant_type": JWT_BEARER, "assertion": assertion})
    return answer


def test_an_assertion_opens_a_session_of_its_user(org: Any) -> None:
    """The answer names token, instance and identity; the token begins with the org's id."""
    answer = log_in(org, org.assertion())

    assert answer["access_token"].startswith("00DHs000000EmuL!AQ")
    assert answer["instance_url"] == org.base_url
    assert answer["id"] == f"{org.base_url}/id/00DHs000000EmuLMAS/{org.user_id}"
    session = org.core.oauth.session(answer["access_token"])
    assert (session.username, session.user_id) == ("integration@example.com", org.user_id)


@pytest.mark.parametrize("form", ["seconds", "text", "milliseconds"])
def test_the_expiry_is_read_in_every_form_that_clients_send(org: Any, form: str) -> None:
    """The CLI sends milliseconds, simple-salesforce sends seconds as text."""
    seconds = int(org.clock.now().timestamp()) + 180
    expiry = {"seconds": seconds, "text": str(seconds), "milliseconds": seconds * 1000}[form]

    assert log_in(org, org.assertion(exp=expiry))["access_token"]


@pytest.mark.parametrize(
    "audience",
    [
        "https://login.salesforce.com",
        "https://test.salesforce.com/",
        "http://emulator.test/",
        "http://emulator.test/services/oauth2/token",
        ["https://elsewhere.example", "https://login.salesforce.com"],
    ],
)
def test_the_audience_may_be_the_login_host_or_the_org(org: Any, audience: Any) -> None:
    """Each of the forms that the vendor's clients use is good."""
    assert log_in(org, org.assertion(aud=audience))["access_token"]


@pytest.mark.parametrize(
    ("claims", "error", "description"),
    [
        ({"iss": "other-key"}, "invalid_client_id", "client identifier invalid"),
        ({"iss": None}, "invalid_client_id", "client identifier invalid"),
        ({"aud": "https://elsewhere.example"}, "invalid_grant", "audience is invalid"),
        ({"aud": None}, "invalid_grant", "audience is invalid"),
        ({"sub": "stranger@example.com"}, "invalid_grant", "user hasn't approved this consumer"),
        ({"sub": None}, "invalid_grant", "user hasn't approved this consumer"),
        ({"exp": 1_600_000_000}, "invalid_grant", "expired authorization code"),
        ({"exp": "soon"}, "invalid_grant", "invalid assertion"),
        ({"exp": None}, "invalid_grant", "invalid assertion"),
    ],
)
def test_a_wrong_claim_is_refused_in_the_vendors_words(
    org: Any, claims: dict[str, Any], error: str, description: str
) -> None:
    """simple-salesforce compares one of these texts, so they are exact."""
    with pytest.raises(OAuthError) as refused:
        log_in(org, org.assertion(**claims))

    assert (refused.value.error, refused.value.description, refused.value.status) == (error, description, 400)


def test_only_the_apps_own_key_and_rs256_are_accepted(org: Any, stranger_keys: Any) -> None:
    """A foreign key, an unsigned assertion and one signed with the certificate as an HMAC secret all fail."""
    good = org.assertion()
    claims = jwt.decode(good, options={"verify_signature": False})
    unsigned = jwt.encode(claims, None, algorithm="none")
    confused = jwt.encode(claims, "c" * 64, algorithm="HS256")
    longer_hash = org.assertion(algorithm="RS512")
    foreign = org.assertion(key=stranger_keys.private_pem)

    for assertion in (unsigned, confused, longer_hash, foreign, good[:-8] + "AAAAAAAA", "garbage", "", "a.b.c"):
        with pytest.raises(OAuthError, match="invalid assertion"):
            log_in(org, assertion)


def test_a_certificate_without_an_rsa_key_is_a_seeding_mistake(org: Any) -> None:
    """A connected app with a broken certificate says so instead of refusing everybody."""
    broken = ConnectedApp(consumer_key="k", certificate_pem="not a certificate", usernames=())

    with pytest.raises(ValueError, match=r"(?i)pem"):
        broken.public_key()


def test_a_session_ends_with_time_and_by_hand(org: Any) -> None:
    """A token is good for its life time, or until it is expired."""
    oauth = org.core.oauth
    old, new, other = org.token(), org.token(), org.token()

    assert oauth.expire(new) == 1
    assert [oauth.session(one) is None for one in (old, new, other)] == [False, True, False]
    org.clock.advance(oauth.session_seconds)
    assert oauth.session(old) is None
    assert oauth.expire() == 2
    assert oauth.expire("never given") == 0


def test_the_token_endpoint_speaks_oauth(org: Any, http: Any) -> None:
    """A form in, JSON out; refusals carry `error` and `error_description` at 400."""
    form = {"grant_type": JWT_BEARER, "assertion": org.assertion()}

    granted = http.post("/services/oauth2/token", data=form)
    refused = http.post("/services/oauth2/token", data={"grant_type": "password"})
    empty = http.post("/services/oauth2/token", content=b"\xff\xfe")
    read = http.get("/services/oauth2/token")

    assert granted.status_code == 200
    assert granted.json()["token_type"] == "Bearer"
    assert (refused.status_code, refused.json()["error"]) == (400, "unsupported_grant_type")
    assert (empty.status_code, empty.json()["error"]) == (400, "invalid_request")
    assert (read.status_code, read.json()["error_description"]) == (400, "must use HTTP POST")


def test_a_token_can_be_looked_into_and_revoked(org: Any, http: Any) -> None:
    """Introspection tells a living token from a dead one; a revoked token opens nothing."""
    token = org.token()
    headers = {"Authorization": f"Bearer {token}"}

    alive = http.post("/services/oauth2/introspect", data={"token": token}).json()
    assert http.get(QUERY, headers=headers).status_code == 200
    assert http.post("/services/oauth2/revoke", data={"token": token}).status_code == 200

    assert (alive["active"], alive["username"]) == (True, "integration@example.com")
    assert http.post("/services/oauth2/introspect", data={"token": token}).json() == {"active": False}
    assert http.post("/services/oauth2/revoke", data={"token": token}).status_code == 400
    dead = http.get(QUERY, headers=headers)
    assert (dead.status_code, dead.json()) == (
        401,
        [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}],
    )


def test_the_identity_url_of_a_token_answers(org: Any, http: Any) -> None:
    """The address in the token's answer, and userinfo, say who is logged in; the token may be a parameter."""
    address = urlsplit(log_in(org, org.assertion())["id"]).path
    token = org.token()

    identity = http.get(address, params={"format": "json", "oauth_token": token}, headers={"Authorization": ""})
    userinfo = http.get("/services/oauth2/userinfo").json()

    assert identity.json()["username"] == userinfo["preferred_username"] == "integration@example.com"
    assert identity.json()["display_name"] == userinfo["name"] == "Integration User"
    assert http.get(address, headers={"Authorization": ""}).text == "Missing_OAuth_Token"
    assert http.get(address, headers={"Authorization": "Bearer no"}).status_code == 403
    assert http.get("/id/00DHs000000EmuLMAS/005000000000000AAA").status_code == 404


def test_other_oauth_resources_are_refused_by_name(http: Any) -> None:
    """What the vendor has and the emulator has not answers 501, what nobody has 404."""
    assert http.get("/services/oauth2/singleaccess").status_code == 501
    assert http.get("/services/oauth2/nonsense").status_code == 404
