"""Turns what telephony systems write for a number into what Salesforce matches: E.164."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, ValidationResult

from scv_voicemail.errors import BadVoicemail, SettingsInvalid
from scv_voicemail.redaction import mask
from scv_voicemail.voicemail import ANONYMOUS

__all__ = ["Caller", "as_people_write_it", "caller_number", "mask", "read_caller", "to_e164"]

_WITHHELD = frozenset(
    {
        *("", "anonymous", "anonymous caller", "asterisk", "blocked", "id unavailable", "no caller id", "no number"),
        *("not available", "private", "private number", "restricted", "unavailable", "unknown", "unknown caller"),
        *("unknown number", "withheld"),
    }
)
_KEYS = str.maketrans("abcdefghijklmnopqrstuvwxyz", "22233344455566677778889999")


def _on_keypad(word: str) -> str:
    return word.translate(_KEYS)


_SPELT_ALWAYS = {_on_keypad(word): word for word in ("anonymous", "unavailable", "restricted")}
"""What carriers send for a number, spelt on a keypad. Hardly anybody has such a number."""

_SPELT_ELSEWHERE = {
    _on_keypad(word): word for word in ("blocked", "outofarea", "private", "unknown", "unknowncaller", "withheld")
}
"""The same, where it is no number of the default region: `withheld` is also somebody's number in Norway."""

_CALLER_ID = re.compile(r"^([^<]*|.*)<([^<>]*)>\s*(?:;.*)?$", re.DOTALL)
_SCHEME = re.compile(r"^(?:sips?|tel|callto):(?://)?", re.IGNORECASE)
_EMAIL = re.compile(r"^[^\s@<>:]+@[^\s@<>:]+\.[^\s@<>:]+$")
_IP_HOST = re.compile(r"(?:\d{1,3}\.){3}\d{1,3}|\[[0-9a-f:.]+\]|localhost", re.IGNORECASE)
_NUMBER_AT = re.compile(r"[*#]?\+?[\d\s().-]+")
_SERVICE_CODE = re.compile(r"^[*#]{1,2}\d{2,3}[*#]?\s*(?=\+?[\d(])")
"""What is dialed before a number to show or withhold one's own: `*67`, `#31#`."""

_DIAL_PREFIXES = ("011", "0011", "00", "010", "810")
"""What is dialed before a country code: North America, Australia, most of the world, Japan, Russia."""

_CARRIER_PREFIX = re.compile(r"00(?:1[245]|2[1-35]|31|4[13]|[56]5|99)")
"""The same in Brazil, where a carrier is chosen with it."""

_MIN_DIALED_DIGITS = 7
_MAX_DIGITS = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who has called: the number, the name that came with it, and a warning where no number could be made of it."""

    number: str
    name: str = ""
    warning: str = ""


def to_e164(text: str, *, default_region: str) -> str:
    """A dialed number in E.164; an email address (a WebRTC call) stays as it is.

    Takes national and international writing, `tel:` and `sip:` addresses and `"Name" <number>`. `default_region` is the
    two-letter country whose national numbers come without a country code. What cannot be dialed from outside, such as
    an internal extension, is a `BadVoicemail`.
    """
    _, address = _parts(text)
    if not address:
        raise BadVoicemail("the dialed number is missing", fix="name it, or set a default dialed number")
    if _EMAIL.match(address) and not _is_withheld(address):
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
    """The caller's number in E.164, or `anonymous`; see `read_caller`."""
    return read_caller(text, default_region=default_region).number


def read_caller(text: str | None, *, default_region: str) -> Caller:
    """The caller's number in E.164, or `anonymous` when it was withheld, with the name that stands before it.

    Internal extensions, and digits that are no number of any country, stay as they are: a voicemail is not refused for
    what the caller's side chose to send. A name without a number is nobody who can be called back, and neither is a row
    of more digits than any number has: `anonymous`, with a warning that keeps the digits.
    """
    name, address = _parts(text or "")
    number, warning = _number(address, default_region)
    return Caller(number=number, name=name, warning=warning)


def _number(address: str, default_region: str) -> tuple[str, str]:
    """What is shown as the caller's number, and the warning that keeps what is not shown."""
    digits = re.sub(r"\D", "", address)
    is_spelled = any(character.isalpha() for character in address)
    if _is_withheld(address):
        number, warning = ANONYMOUS, ""
    elif (word := _spelt(digits, address, default_region)) is not None:
        number, warning = ANONYMOUS, f"the caller's number was withheld: {digits} is {word.upper()} on a keypad"
    elif _EMAIL.match(address):
        number, warning = address, ""
    elif digits and (e164 := _international(address, default_region)) is not None:
        number, warning = e164, ""
    elif is_spelled or not digits:
        number, warning = ANONYMOUS, ""
    elif len(digits) > _MAX_DIGITS:
        number, warning = ANONYMOUS, f"the caller's number is none, it has {len(digits):,} digits: {digits[:40]}"
    else:
        number, warning = digits, ""
    return number, warning


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


def _parts(text: str) -> tuple[str, str]:
    """The display name, and what stands between the wrappings: caller id, URI scheme, host and parameters."""
    name, text = "", text.strip()
    if caller_id := _CALLER_ID.match(text):
        name, text = _name(caller_id[1]), caller_id[2].strip()
    bare = _SCHEME.sub("", text)
    if bare != text or (text.startswith("+") and "@" in text):
        # sip:USER;PARAMETERS:PASSWORD@HOST;PARAMETERS and tel:NUMBER;PARAMETERS
        text = re.split(r"[@;:?]", bare, maxsplit=1)[0].strip() if not _is_withheld(bare) else bare
        text = unquote(text)
    elif "@" in text:
        text = _user_of_phone(text)
    return name, _SERVICE_CODE.sub("", text) if len(re.sub(r"\D", "", text)) > _MIN_DIALED_DIGITS else text


def _name(quoted: str) -> str:
    """A display name without its quotes, and the quotes within it without theirs."""
    name = quoted.strip()
    if len(name) > 1 and name[0] == name[-1] == '"':
        name = re.sub(r"\\(.)", r"\1", name[1:-1])
    return " ".join("".join(one for one in name if one.isprintable()).split())[:80]


def _user_of_phone(address: str) -> str:
    """The number of `NUMBER@HOST`; anything else is an email address, or withheld, and stays as it is."""
    user, _, host = address.partition("@")
    host = re.split(r"[;:?](?![0-9a-f:.]*\])", host, maxsplit=1)[0]
    if not _NUMBER_AT.fullmatch(user):
        return address
    is_long = len(re.sub(r"\D", "", user)) >= _MIN_DIALED_DIGITS
    return user.strip() if is_long or _IP_HOST.fullmatch(host) or "." not in host else address


def _is_withheld(address: str) -> bool:
    user, at, host = address.lower().partition("@")
    return address.lower() in _WITHHELD or (bool(at) and (user in _WITHHELD or host.endswith(".invalid")))


def _spelt(digits: str, address: str, default_region: str) -> str | None:
    """The word for a withheld number that these digits spell on a keypad."""
    if any(character.isalpha() or character == "@" for character in address):
        return None
    if (word := _SPELT_ALWAYS.get(digits)) is not None:
        return word
    word = _SPELT_ELSEWHERE.get(digits)
    number = None if word is None else _parsed(address, default_region.upper())
    return None if number is not None and phonenumbers.is_valid_number(number) else word


def _international(address: str, default_region: str) -> str | None:
    digits = re.sub(r"\D", "", address)
    if not address.startswith("+") and len(digits) < _MIN_DIALED_DIGITS:
        return None  # in some countries four digits would pass for a number
    default_region = default_region.upper()
    if default_region and default_region not in phonenumbers.SUPPORTED_REGIONS:
        raise SettingsInvalid(f"the default region {default_region!r} is no country", fix="use two letters: US, GB, DE")
    # "00" is dialed before the country code in most of the world, but a number may begin with it elsewhere.
    likely = [address, *(["+" + digits[2:]] if digits.startswith("00") and address[0] != "+" else [])]
    possible = [number for one in likely if (number := _parsed(one, default_region))]
    others = (number for one in _undialed(digits) if (number := _parsed(one, "")))
    # Validity follows number plans that lag behind; it only decides between readings.
    valid = (number for number in (*possible, *others) if phonenumbers.is_valid_number(number))
    best = next(valid, possible[0] if possible else None)
    return None if best is None else phonenumbers.format_number(best, PhoneNumberFormat.E164)


def _undialed(digits: str) -> Iterator[str]:
    """The number behind what is dialed before a country code, here or in other countries."""
    for prefix in _DIAL_PREFIXES:
        if digits.startswith(prefix):
            yield "+" + digits.removeprefix(prefix)
    if carrier := _CARRIER_PREFIX.match(digits):
        yield "+" + digits[carrier.end() :]


def _parsed(text: str, default_region: str) -> phonenumbers.PhoneNumber | None:
    try:
        number = phonenumbers.parse(text, default_region or None)
    except NumberParseException:
        return None
    reason = phonenumbers.is_possible_number_with_reason(number)
    return number if reason == ValidationResult.IS_POSSIBLE else None
