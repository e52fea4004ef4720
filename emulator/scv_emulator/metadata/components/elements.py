"""Which elements a component may have, and how their values are read.

Source: Metadata API Developer Guide, the page of each type; only for the types whose content the emulator carries out.
"""

from __future__ import annotations

from collections.abc import Iterable

from scv_emulator.metadata.component import Problem
from scv_emulator.metadata.xml_tree import METADATA, Element


def words(text: str) -> frozenset[str]:
    """The words of a text: the names of a type's elements."""
    return frozenset(text.split())


def check_repetition(element: Element, type_name: str) -> None:
    """Elements of one name must stand together, as the vendor's parser wants them."""
    seen: list[str] = []
    for one in element.children:
        if one.name in seen and seen[-1] != one.name:
            raise Problem(f"Element {one.name} is duplicated at this location in type {type_name}", one)
        if not seen or seen[-1] != one.name:
            seen.append(one.name)
        check_repetition(one, one.name)


def check_names(element: Element, allowed: frozenset[str], type_name: str) -> None:
    """Refuse an element that the type does not have."""
    for one in element.children:
        if one.name not in allowed or one.namespace != METADATA:
            message = f"Element {{{one.namespace}}}{one.name} invalid at this location in type {type_name}"
            raise Problem(message, one)


def check_single(element: Element, names: Iterable[str], type_name: str) -> None:
    """Refuse a second element of these names."""
    for name in names:
        found = list(element.all(name))
        if len(found) > 1:
            raise Problem(f"Element {name} is duplicated at this location in type {type_name}", found[1])


def required(element: Element, name: str, type_name: str) -> str:
    """The text of an element that must be there."""
    value = element.value(name)
    if not value:
        raise Problem(f"Required field is missing: {name} (in type {type_name})", element.child(name) or element)
    return value


def short_text(element: Element, name: str, *, longest: int) -> str:
    """A text of bounded length."""
    value = element.value(name)
    if len(value) > longest:
        raise Problem(f"Value too long for field: {name} maximum length is:{longest}", element.child(name))
    return value


def choice(element: Element, name: str, choices: Iterable[str], enum: str) -> str:
    """One of the words of an enumeration, or nothing."""
    value = element.value(name)
    if value and value not in choices:
        raise Problem(f"'{value}' is not a valid value for the enum '{enum}'", element.child(name))
    return value


def whole(element: Element, name: str) -> int | None:
    """A whole number, or None."""
    value = element.value(name)
    if not value:
        return None
    if not value.lstrip("-").isascii() or not value.lstrip("-").isdecimal() or len(value) > 9:
        raise Problem(f"'{value}' is not a valid value for the type xsd:int", element.child(name))
    return int(value)


def decimal(element: Element, name: str) -> float | None:
    """A number, or None."""
    value = element.value(name)
    if not value:
        return None
    try:
        return float(value)
    except ValueError as error:
        raise Problem(f"'{value}' is not a valid value for the type xsd:double", element.child(name)) from error


def truth(element: Element, name: str, *, default: bool = False) -> bool:
    """A boolean."""
    value = element.value(name)
    if value not in ("", "true", "false", "1", "0"):
        raise Problem(f"'{value}' is not a valid value for the type xsd:boolean", element.child(name))
    return element.flag(name, default=default)
