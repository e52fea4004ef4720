"""Numbers, made uniform: what telephony systems write against what Salesforce matches."""

from __future__ import annotations

import pytest
from scv_voicemail.errors import BadVoicemail, SettingsInvalid
from scv_voicemail.phone_numbers import as_people_write_it, caller_number, mask, to_e164
from scv_voicemail.voicemail import ANONYMOUS


@pytest.mark.parametrize(
    ("text", "region", "e164"),
    [
        ("8005550100", "US", "+18005550100"),
        ("18005550100", "US", "+18005550100"),
        ("(800) 555-0100", "US", "+18005550100"),
        ("800.555.0100", "us", "+18005550100"),
        ("+1 800 555 0100", "", "+18005550100"),
        ("+18005550100", "DE", "+18005550100"),
        ("tel:+1-800-555-0100;ext=12", "", "+18005550100"),
        ("sip:+18005550100@pbx.example.com:5060;user=phone", "", "+18005550100"),
        ("sips:8005550100;cpc=ordinary@10.0.0.1", "US", "+18005550100"),
        ("+18005550100@pbx.example.com", "", "+18005550100"),
        ('"Support" <8005550100>', "US", "+18005550100"),
        ("Support <sip:+18005550100@10.0.0.1>;tag=as4e", "", "+18005550100"),
        ("0049 30 123456", "DE", "+4930123456"),
        ("0049 30 123456", "US", "+4930123456"),
        ("011 49 30 123456", "US", "+4930123456"),
        ("0011 49 30 123456", "AU", "+4930123456"),
        ("030 123456", "DE", "+4930123456"),
        ("020 7946 0018", "GB", "+442079460018"),
        ("caller@example.com", "", "caller@example.com"),
    ],
)
def test_every_way_to_write_a_number_gives_one_e164(text: str, region: str, e164: str) -> None:
    """National, international, URI, caller id; an email address is a WebRTC caller's number."""
    assert to_e164(text, default_region=region) == e164
    assert caller_number(text, default_region=region) == e164


@pytest.mark.parametrize("text", ["1001", "start", "anonymous", "5550100", "*97", "+1800", "8005550100800555010"])
@pytest.mark.parametrize("region", ["US", ""])
def test_a_dialed_number_that_nobody_outside_can_dial_is_refused(text: str, region: str) -> None:
    """With the number masked and with the way out: the country code or the default region."""
    with pytest.raises(BadVoicemail, match="default region") as refusal:
        to_e164(text, default_region=region)

    assert text not in refusal.value.what
    assert "default region" in refusal.value.fix


def test_an_extension_is_no_german_number_either() -> None:
    """Where the number plan allows four digits, an extension is still not a number from outside."""
    with pytest.raises(BadVoicemail):
        to_e164("1001", default_region="DE")


def test_a_missing_dialed_number_is_called_missing() -> None:
    """Not masked, not malformed: missing."""
    with pytest.raises(BadVoicemail, match="the dialed number is missing"):
        to_e164("  ", default_region="US")


def test_a_region_that_is_no_country_is_a_matter_of_settings() -> None:
    """The most common slip is named with what it should have been."""
    with pytest.raises(SettingsInvalid, match="'UK'") as refusal:
        to_e164("020 7946 0018", default_region="UK")

    assert "GB" in refusal.value.fix


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "anonymous",
        "Anonymous",
        '"Anonymous" <anonymous>',
        "Anonymous <sip:anonymous@anonymous.invalid>",
        "unknown",
        "Unknown",
        '"Unknown" <>',
        "Private",
        "RESTRICTED",
        "unavailable",
        "withheld",
        '"asterisk" <asterisk>',
        "sip:reception@pbx",
    ],
)
def test_a_withheld_number_is_anonymous(text: str | None) -> None:
    """Every word that networks and telephony systems put where a number would be."""
    assert caller_number(text, default_region="US") == ANONYMOUS


@pytest.mark.parametrize(
    ("text", "kept"), [("1001", "1001"), ('"Bob" <1001>', "1001"), ("sip:1001@pbx", "1001"), ("123456789", "123456789")]
)
def test_a_caller_is_not_refused_for_the_number_he_calls_from(text: str, kept: str) -> None:
    """Colleagues call from extensions, and some networks send digits that are no number."""
    assert caller_number(text, default_region="US") == kept


def test_a_caller_with_more_digits_than_a_number_has_is_refused() -> None:
    """That is not a number but a mistake in the mapping of fields."""
    with pytest.raises(BadVoicemail, match="19 digits") as refusal:
        caller_number("8005550100800555010", default_region="US")

    assert "8005550100" not in str(refusal.value)


@pytest.mark.parametrize(
    ("number", "shown"), [("+18005550142", "***42"), ("1001", "***01"), ("42", "***"), ("", "***"), ("a1@b2.c3", "***")]
)
def test_a_masked_number_shows_two_digits_at_most(number: str, shown: str) -> None:
    """Enough to find a call in a log, too little to call back."""
    assert mask(number) == shown


@pytest.mark.parametrize(
    ("number", "ways"),
    [
        (
            "+14155550142",
            {"(415) 555-0142", "415-555-0142", "415.555.0142", "4155550142", "1-415-555-0142", "+1 (415) 555-0142"},
        ),
        ("+493012345678", {"030 12345678", "03012345678", "+49 30 12345678", "00493012345678"}),
        ("+442071838750", {"020 7183 8750", "+44 20 7183 8750", "442071838750"}),
    ],
)
def test_a_number_is_found_as_people_write_it(number: str, ways: set[str]) -> None:
    """Each way once, and never with the country code before the national prefix."""
    found = as_people_write_it(number)

    assert ways | {number} <= set(found)
    assert len(found) == len(set(found)) <= 16
    assert not any(way.startswith(("+49 0", "+440")) for way in found)


def test_what_is_no_number_is_looked_for_as_it_is() -> None:
    """Nobody guesses."""
    assert as_people_write_it("+1") == ["+1"]
