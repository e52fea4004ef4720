"""The signed token, and the clock that its times are taken from."""

from __future__ import annotations

from datetime import timedelta
from email.utils import format_datetime

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from scv_voicemail.errors import AuthenticationFailed, SettingsInvalid
from scv_voicemail.telephony.server_clock import ServerClock

from tests.builders import NOON

AUDIENCE = "https://scrt.salesforce.com"


def claims(token, key):
    """The verified claims; times are compared by the tests themselves."""
    options = {"verify_exp": False, "verify_iat": False}
    return jwt.decode(token, key.public_key(), algorithms=["RS256"], audience=AUDIENCE, options=options)


def test_a_token_says_who_where_and_until_when(client, vendor, time, key):
    """RS256, the 15-character org id, the contact center, the vendor's audience, less than three minutes of life."""
    vendor.answers(200, {})

    client.clear_routing("0LQRM0000006CSz")

    found = claims(vendor.tokens[0], key)
    now = int(time.now().timestamp())
    assert jwt.get_unverified_header(vendor.tokens[0]) == {"alg": "RS256", "typ": "JWT"}
    assert found == {
        "iss": "00DRM000000GuTE",
        "sub": "MyContactCenter",
        "aud": AUDIENCE,
        "iat": now,
        "exp": now + 150,
        "jti": "token-1",
    }


def test_every_request_has_a_token_of_its_own(client, vendor, key):
    """A token id that Salesforce has seen before is refused as a replay."""
    vendor.answers(200, {})

    client.clear_routing("a")
    client.clear_routing("b")

    assert [claims(token, key)["jti"] for token in vendor.tokens] == ["token-1", "token-2"]


def test_both_forms_of_key_are_read(a_client, vendor, key):
    """PKCS#1, PKCS#8, and either of them on one line with backslash-n for its line breaks."""
    vendor.answers(200, {})
    forms = [
        key.private_bytes(Encoding.PEM, form, NoEncryption()).decode()
        for form in (PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL)
    ]
    forms.append(forms[0].replace("\n", "\\n"))

    for form in forms:
        a_client(private_key_pem=form).clear_routing("a")

    assert len(forms) == 3
    assert all(claims(token, key)["sub"] == "MyContactCenter" for token in vendor.tokens)


def broken_keys(key):
    """Texts that are no usable private key."""
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    other = ec.generate_private_key(ec.SECP256R1())
    yield "nothing", "", "no PEM block"
    yield "a path", "/etc/keys/telephony.pem", "no PEM block"
    yield "cut off", pem[:400], "PRIVATE KEY"
    yield (
        "public",
        key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode(),
        "PUBLIC KEY",
    )
    yield "elliptic", other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(), "PRIVATE KEY"
    yield (
        "with a passphrase",
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x")).decode(),
        "ENCRYPTED PRIVATE KEY",
    )


def test_a_broken_key_is_a_setting_to_correct_and_is_never_shown(a_client, vendor, key):
    """The error says what was expected and what kind of block was given, and nothing of the key itself."""
    for kind, text, told in broken_keys(key):
        with pytest.raises(SettingsInvalid) as caught:
            a_client(private_key_pem=text).clear_routing("a")

        secret_lines = [line for line in text.splitlines() if line and "-----" not in line]
        assert "-----BEGIN RSA PRIVATE KEY-----" in str(caught.value), kind
        assert told in str(caught.value), kind
        assert not any(line in str(caught.value) for line in secret_lines), kind
        assert vendor.requests == []


@pytest.mark.parametrize(
    "change",
    [
        {"org_id": "00DRM000000GuT"},
        {"org_id": "005RM000000GuTE"},
        {"call_center": " "},
        {"token_life_seconds": 181},
        {"token_life_seconds": 0},
    ],
)
def test_a_token_that_salesforce_would_refuse_is_refused_at_the_start(a_client, change):
    """A wrong org id, no contact center, or more than three minutes of life."""
    with pytest.raises(SettingsInvalid):
        a_client(**change)


def test_a_refused_token_is_tried_once_more_with_a_key_that_is_read_again(a_client, vendor, pem, key):
    """A rotated key is picked up by itself."""
    vendor.answers(401, {"message": "expired", "code": "UNAUTHORIZED"}).answers(200, {})
    readings = []

    def read_key():
        readings.append("read")
        return pem

    a_client(private_key_pem=read_key).clear_routing("a")

    assert readings == ["read", "read"]
    assert [claims(token, key)["jti"] for token in vendor.tokens] == ["token-1", "token-2"]


def test_a_token_that_is_refused_twice_needs_a_human(client, vendor):
    """There is no third try, and the error carries status, code and request id."""
    vendor.answers(401, {"message": "unknown key", "code": "UNAUTHORIZED"}, headers={"X-Request-Id": "r-1"})

    with pytest.raises(AuthenticationFailed) as caught:
        client.clear_routing("a")

    error = caught.value
    assert len(vendor.requests) == 2
    assert (error.service, error.status, error.code, error.request_id) == ("telephony", 401, "UNAUTHORIZED", "r-1")


def test_a_wrong_clock_is_corrected_from_the_refusal(client, vendor, time, key):
    """The reply's Date header tells Salesforce's time, and the second token is right."""
    ahead = timedelta(minutes=7)
    date = {"Date": format_datetime(time.now() + ahead, usegmt=True)}
    vendor.answers(401, {"code": "UNAUTHORIZED"}, headers=date).answers(200, {}, headers=date)

    client.clear_routing("a")

    times = [claims(token, key)["iat"] - time.now().timestamp() for token in vendor.tokens]
    assert times[0] == 0
    assert abs(times[1] - ahead.total_seconds()) <= 1


class TestServerClock:
    """What is learnt from Date headers."""

    @pytest.mark.parametrize("off_seconds", [0, 1, 2, -2])
    def test_a_small_difference_is_left_alone(self, time, off_seconds):
        """The header has whole seconds only, and the network takes its time."""
        clock = ServerClock(time.now)

        clock.learn(clock.begin(), format_datetime(time.now() + timedelta(seconds=off_seconds), usegmt=True))

        assert clock.now() == time.now()

    @pytest.mark.parametrize("off_seconds", [10, -10, 86_400])
    def test_a_large_difference_is_corrected(self, time, off_seconds):
        """To within the second that the header cuts off."""
        clock = ServerClock(time.now)
        true_time = time.now() + timedelta(seconds=off_seconds)

        clock.learn(clock.begin(), format_datetime(true_time, usegmt=True))

        assert abs(clock.now() - true_time) <= timedelta(seconds=1)

    def test_a_slow_reply_is_no_proof_of_a_wrong_clock(self, time):
        """The server may have written the header any time between sending and receiving."""
        clock = ServerClock(time.now)
        exchange = clock.begin()
        date = format_datetime(time.now(), usegmt=True)
        time.sleep(30)

        clock.learn(exchange, date)

        assert clock.now() == time.now()

    def test_a_late_reply_never_overwrites_what_a_newer_one_told(self, time):
        """Replies of several threads come in any order."""
        clock = ServerClock(time.now)
        older, newer = clock.begin(), clock.begin()
        clock.learn(newer, format_datetime(time.now() + timedelta(seconds=60), usegmt=True))
        known = clock.now()

        clock.learn(older, format_datetime(time.now() - timedelta(hours=3), usegmt=True))

        assert clock.now() == known

    def test_a_clock_that_is_set_right_is_trusted_again(self, time):
        """The correction goes away when the replies agree with the local clock."""
        clock = ServerClock(time.now)
        clock.learn(clock.begin(), format_datetime(time.now() + timedelta(seconds=60), usegmt=True))
        time.moment += timedelta(seconds=60)

        clock.learn(clock.begin(), format_datetime(time.now(), usegmt=True))

        assert clock.now() == time.now()

    @pytest.mark.parametrize("date", [None, "", "yesterday", "Fri, 99 Nov 2026 10:00:00 GMT"])
    def test_a_broken_header_changes_nothing(self, time, date):
        """A proxy may leave it out or write nonsense."""
        clock = ServerClock(time.now)

        clock.learn(clock.begin(), date)

        assert clock.now() == time.now()


@pytest.mark.covers("poison-9", "poison-4")
@pytest.mark.parametrize(
    "date", ["Fri, 31 Dec 9999 23:59:59 GMT", "Sat, 01 Jan 0001 00:00:00 GMT", "yesterday", "1e400"]
)
def test_a_date_header_of_another_age_does_not_move_the_clock(date: str) -> None:
    """Otherwise no token could be made any more."""
    clock = ServerClock(lambda: NOON)

    clock.learn(clock.begin(), date)

    assert clock.now() == NOON
