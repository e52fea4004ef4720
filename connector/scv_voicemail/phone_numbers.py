"""Turns what telephony systems write for a number into what Salesforce matches: E.164."""

from __future__ import annotations

import re

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, ValidationResult

from scv_voicemail.errors import BadVoicemail, SettingsInvalid
from scv_voicemail.redaction import mask
from scv_voicemail.voicemail import ANONYMOUS

__all__ = ["as_people_write_it", "caller_number", "mask", "to_e164"]

_WITHHELD = frozenset(
    {
        *("", "anonymous", "anonymous caller", "asterisk", "blocked", "id unavailable", "no caller id", "no number"),
        *("not available", "private", "private number", "restricted", "unavailable", "unknown", "unknown caller"),
        *("unknown number", "withheld"),
    }
)
_CALLER_ID = re.compile(r'^(?:"[^"]*"|[^<"]*)\s*<([^<>]*)>(?:;.*)?$')
_SCHEME = re.compile(r"^(?:sips?|tel|callto):(?://)?", re.IGNORECASE)
_EMAIL = re.compile(r"^[^\s@<>:]+@[^\s@<>:]+\.[^\s@<>:]+$")
_MIN_DIALED_DIGITS = 7
_MAX_DIGITS = 15


def to_e164(text: str, *, default_region: str) -> str:
    """A dialed number in E.164; an email address (a WebRTC call) stays as it is.

    Takes national and international writing, `tel:` and `sip:` addresses and `"Name" <number>`. `default_region` is the
    two-letter country whose national numbers come without a country code. What cannot be dialed from outside, such as
    an internal extension, is a `BadVoicemail`.
    """
    address = _address(text)
    if not address:
        raise BadVoicemail("the dialed number is missing", fix="name it, or set a default dialed number")
    if _EMAIL.match(address):
        return address
    e164 = _international(address, default_region)
    if e164 is None:
        region = f"region {default_region!r}" if default_region else "no default region"
        raise BadVoicemail(
            f"the dialed number {mask(address)} is not a phone number anybody outside can dial ({region})",
            fix="write it with + and the country code, or set the default region to the country of your numbers",
        )
    return e164


def caller_number(text: str | None, *, default_region: str) -> str:
    """The caller's number in E.164, or `anonymous` when it was withheld.

    Internal extensions, and digits that are no number of any country, stay as they are: a voicemail is not refused for
    what the caller's side chose to send. A name without a number is nobody who can be called back: `anonymous`.
    """
    address = _address(text or "")
    if address.lower() in _WITHHELD:
        return ANONYMOUS
    if _EMAIL.match(address):
        return address
    digits = re.sub(r"\D", "", address)
    spelled = any(character.isalpha() for character in address)
    if not digits:
        return ANONYMOUS
    if len(digits) > _MAX_DIGITS and not spelled:
        raise BadVoicemail(f"the caller's number {mask(digits)} has {len(digits)} digits, more than any number has")
    return _international(address, default_region) or (ANONYMOUS if spelled else digits)


def as_people_write_it(e164: str) -> list[str]:
    """The ways in which people and systems write a number: Salesforce compares phone fields letter by letter."""
    try:
        number = phonenumbers.parse(e164)
    except NumberParseException:
        return [e164]
    national = phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL)
    international = phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL)
    digits, groups, all_groups = (re.findall(r"\d+", way) for way in (e164, national, international))
    ways = [e164, *digits, f"00{digits[0]}", international, *("+" + sign.join(all_groups) for sign in ("", " ", "-"))]
    ways += [national, *(sign.join(groups) for sign in ("", " ", "-", "."))]
    if number.country_code == 1:  # in North America the country code is dialed at home, too
        ways += [f"+1 {national}", f"1 {national}", f"1-{'-'.join(groups)}", f"1 {' '.join(groups)}"]
    return list(dict.fromkeys(ways))


def _address(text: str) -> str:
    """What stands between the wrappings: caller id, URI scheme, host and parameters."""
    text = text.strip()
    if caller_id := _CALLER_ID.match(text):
        text = caller_id[1].strip()
    bare = _SCHEME.sub("", text)
    if bare == text and not (text.startswith("+") and "@" in text):
        return text
    # sip:USER;PARAMETERS:PASSWORD@HOST;PARAMETERS and tel:NUMBER;PARAMETERS
    return re.split(r"[@;:?]", bare, maxsplit=1)[0].strip()


def _international(address: str, default_region: str) -> str | None:
    digits = re.sub(r"\D", "", address)
    if not address.startswith("+") and len(digits) < _MIN_DIALED_DIGITS:
        return None  # in some countries four digits would pass for a number
    default_region = default_region.upper()
    if default_region and default_region not in phonenumbers.SUPPORTED_REGIONS:
        raise SettingsInvalid(f"the default region {default_region!r} is no country", fix="use two letters: US, GB, DE")
    # "00" is dialed before the country code in most of the world, but a number may begin with it elsewhere.
    candidates = [address, "+" + digits[2:]] if digits.startswith("00") and address[0] != "+" else [address]
    possible = [number for number in (_parsed(one, default_region) for one in candidates) if number]
    # Validity follows number plans that lag behind; it only decides between two readings.
    best = next(filter(phonenumbers.is_valid_number, possible), possible[0] if possible else None)
    return None if best is None else phonenumbers.format_number(best, PhoneNumberFormat.E164)


def _parsed(text: str, default_region: str) -> phonenumbers.PhoneNumber | None:
    try:
        number = phonenumbers.parse(text, default_region or None)
    except NumberParseException:
        return None
    reason = phonenumbers.is_possible_number_with_reason(number)
    return number if reason == ValidationResult.IS_POSSIBLE else None
