"""Numbers, made uniform: what telephony systems write against what Salesforce matches."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scv_voicemail.errors import BadVoicemail, SettingsInvalid
from scv_voicemail.phone_numbers import Caller, as_people_write_it, caller_number, mask, read_caller, to_e164
from scv_voicemail.voicemail import ANONYMOUS


@pytest.mark.covers("number-1", "number-2")
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
        ("011 86 139 1234 5678", "US", "+8613912345678"),
        ("011861391234 5678", "", "+8613912345678"),
        ("0011 86 139 1234 5678", "US", "+8613912345678"),
        ("0021 55 11 2345 6789", "US", "+551123456789"),
        ("0021551123456789", "BR", "+551123456789"),
        ("010 49 30 123456", "US", "+4930123456"),
        ("+0049 30 123456", "US", "+4930123456"),
        ("4155550142@10.1.1.1", "US", "+14155550142"),
        ("4155550142@[2001:db8::1]:5060", "US", "+14155550142"),
        ("4155550142@pbx;user=phone", "US", "+14155550142"),
        ("sip:%2B14155550142@pbx.example.com", "", "+14155550142"),
        ("*67 4155550142", "US", "+14155550142"),
        ("#31#+49 30 123456", "US", "+4930123456"),
        (r'"Bob \"007\" Smith" <+14155550142>', "", "+14155550142"),
        ('"A < B" <+14155550142>', "", "+14155550142"),
        ("Bob <4155550142> ;tag=1", "US", "+14155550142"),
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


@pytest.mark.covers("number-2")
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
        "anonymous@anonymous.invalid",
        "Anonymous@10.0.0.1",
        "unavailable@unknown.invalid",
        "restricted@pbx.example.com",
        "266696687",
        "86282452253",
        "7378742833",
        "+7378742833",
        "7748283",
        "8656696",
        "2562533",
        "94844353",
        "sip:266696687@10.0.0.1",
        "266696687@pbx.example.com",
        "80055501008005550105",
        "8" * 300,
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


@pytest.mark.covers("number-1")
@pytest.mark.parametrize("text", ["8005550100800555010", "00000000000000000000", "+99999999999999999999"])
def test_an_impossible_number_never_costs_the_voicemail(text: str) -> None:
    """Spam carries ids of 20 digits; nobody can be called back by them, and a human can still read them."""
    caller = read_caller(text, default_region="US")

    assert caller.number == ANONYMOUS
    assert text.lstrip("+") in caller.warning


@pytest.mark.covers("number-2")
@pytest.mark.parametrize(
    ("text", "region", "number"),
    [
        ("94844353", "NO", "+4794844353"),
        ("+1 737 874 2833", "US", "+17378742833"),
        ("2 666 966 87", "US", ANONYMOUS),
        ("ada@example.com", "US", "ada@example.com"),
        ("ada42@example.com", "US", "ada42@example.com"),
    ],
)
def test_a_number_that_somebody_has_is_not_taken_for_a_word(text: str, region: str, number: str) -> None:
    """A word of eight letters is a number in Norway; with its country code it is always one."""
    assert caller_number(text, default_region=region) == number


@pytest.mark.covers("number-2")
def test_the_digits_of_a_word_are_kept() -> None:
    """They are a number in Austin, too, so a human may want to try it."""
    caller = read_caller("7378742833", default_region="US")

    assert (caller.number, caller.warning) == (
        ANONYMOUS,
        "the caller's number was withheld: 7378742833 is RESTRICTED on a keypad",
    )


@pytest.mark.covers("number-2")
@pytest.mark.parametrize(
    ("text", "name"),
    [
        (r'"Bob \"007\" Smith" <+14155550142>', 'Bob "007" Smith'),
        ("Ada Lovelace <sip:+14155550142@10.0.0.1>;tag=1", "Ada Lovelace"),
        ('"Line\x00 one" <+14155550142>', "Line one"),
        ("<+14155550142>", ""),
        ("+14155550142", ""),
    ],
)
def test_the_display_name_is_kept(text: str, name: str) -> None:
    """The number is the one in the brackets, whatever digits the name has."""
    assert read_caller(text, default_region="US") == Caller(number="+14155550142", name=name)


@given(st.text() | st.from_regex(r"[*#+<>\"@;:0-9a-z. ()-]{0,60}"), st.sampled_from(["US", "DE", "BR", ""]))
def test_no_text_at_all_costs_the_voicemail(text: str, region: str) -> None:
    """A caller's number comes from the caller's side; there is always something to show."""
    caller = read_caller(text, default_region=region)

    assert caller.number
    assert len(re.sub(r"\D", "", caller.number.partition("@")[0])) <= 15 or "@" in caller.number


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
