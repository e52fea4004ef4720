"""What a flow refers to by `$.Name`: attributes of the contact and of its surroundings.

https://docs.aws.amazon.com/connect/latest/adminguide/connect-attrib-list.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_REFERENCE = re.compile(r"\$\.([A-Za-z]\w*(?:\.\w+|\['[^']+'\])*)")
_PART = re.compile(r"\w+|'[^']+'")


class UnknownReference(Exception):
    """A flow refers to something that the simulator does not have. Amazon Connect may have it."""


def resolve(value: Any, known: Mapping[str, Any]) -> Any:
    """A parameter with all of its references filled in; what is known but has no value is empty."""
    if isinstance(value, str):
        return _REFERENCE.sub(lambda found: _text(found[1], known), value)
    if isinstance(value, Mapping):
        return {key: resolve(one, known) for key, one in value.items()}
    if isinstance(value, list):
        return [resolve(one, known) for one in value]
    return value


def _text(path: str, known: Mapping[str, Any]) -> str:
    root, *rest = (part.strip("'") for part in _PART.findall(path))
    if root not in known:
        raise UnknownReference(f"$.{path}: the simulator has {', '.join(sorted(known))}")
    place: Any = known[root]
    for part in rest:
        place = place.get(part) if isinstance(place, Mapping) else None
    return "" if place is None else str(place)
