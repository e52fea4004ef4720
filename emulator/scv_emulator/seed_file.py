"""Reads an org's seed from a TOML or JSON file; an error names the key and what was expected."""

from __future__ import annotations

import json
import tomllib
from dataclasses import MISSING, Field, fields, is_dataclass
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

from scv_emulator.ids import is_wellformed, to_18
from scv_emulator.seed import Seed


class SeedInvalid(ValueError):
    """The seed file cannot be used; the message names the key and what was expected."""


def load_seed(path: Path) -> Seed:
    """The seed of a `.toml` or `.json` file. Keys are those of `scv_emulator.seed`; missing ones keep their default."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SeedInvalid(f"{path}: expected a readable UTF-8 file: {error}") from error
    try:
        data = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except ValueError as error:
        raise SeedInvalid(f"{path}: expected {'JSON' if path.suffix == '.json' else 'TOML'}: {error}") from error
    return read_seed(data)


def read_seed(data: Any) -> Seed:
    """The seed that parsed JSON or TOML describes, checked for dangling names."""
    seed: Seed = _read(Seed, data, "seed")
    if not is_wellformed(seed.org_id) or not seed.org_id.startswith("00D"):
        raise SeedInvalid(f"org_id: expected an organization id of 15 or 18 characters (00D…), got {seed.org_id!r}")
    _check_names(seed)
    org_id = to_18(seed.org_id[:15])
    return seed if seed.org_id == org_id else _read(Seed, data | {"org_id": org_id}, "seed")


def _read(kind: Any, value: Any, key: str) -> Any:
    if is_dataclass(kind):
        return _read_object(kind, value, key)
    if get_origin(kind) is tuple:
        if not isinstance(value, list):
            raise SeedInvalid(f"{key}: expected a list, got {value!r}")
        return tuple(_read(get_args(kind)[0], one, f"{key}[{index}]") for index, one in enumerate(value))
    if isinstance(kind, UnionType):  # what may be left out is not written as null
        kind = next(one for one in get_args(kind) if one is not NoneType)
    # bool is an int in Python, so the type is compared exactly.
    if type(value) is not kind:
        names = {str: "text", bool: "true or false", int: "a whole number"}
        raise SeedInvalid(f"{key}: expected {names[kind]}, got {value!r}")
    return value


def _read_object(kind: Any, value: Any, key: str) -> Any:
    if not isinstance(value, dict):
        raise SeedInvalid(f"{key}: expected a table of {', '.join(_names(kind))}, got {value!r}")
    unknown = sorted(set(value) - set(_names(kind)))
    if unknown:
        raise SeedInvalid(f"{key}.{unknown[0]}: unknown key; expected one of {', '.join(_names(kind))}")
    types = get_type_hints(kind)
    return kind(**{name: _read(types[name], one, f"{key}.{name}") for name, one in value.items()})


def _names(kind: Any) -> list[str]:
    found: tuple[Field[Any], ...] = fields(kind)
    return [one.name for one in found if one.default is not MISSING or one.default_factory is not MISSING]


def _check_names(seed: Seed) -> None:
    for needed in ("contact_centers", "users", "apps"):
        if not getattr(seed, needed):
            raise SeedInvalid(f"{needed}: expected at least one")
    centers = {one.api_name for one in seed.contact_centers}
    queues = {one.developer_name for one in seed.queues}
    reps = {one.username for one in seed.reps}
    people = reps | {one.username for one in seed.users}
    for index, channel in enumerate(seed.phone_channels):
        _expect(f"phone_channels[{index}].contact_center", channel.contact_center, centers)
        _expect(f"phone_channels[{index}].fallback_queue", channel.fallback_queue, queues | {""})
        _expect(f"phone_channels[{index}].live_fallback_queue", channel.live_fallback_queue or "", queues | {""})
    for index, flow in enumerate(seed.flows):
        _expect(f"flows[{index}].voicemail_queue", flow.voicemail_queue, queues)
        _expect(f"flows[{index}].live_queue", flow.live_queue, queues | {""})
    for index, queue in enumerate(seed.queues):
        for rep in queue.reps:
            _expect(f"queues[{index}].reps", rep, reps)
    for index, app in enumerate(seed.apps):
        for username in app.usernames:
            _expect(f"apps[{index}].usernames", username, people)


def _expect(key: str, name: str, known: set[str]) -> None:
    if name not in known:
        raise SeedInvalid(f"{key}: expected one of {', '.join(sorted(filter(None, known))) or 'nothing'}, got {name!r}")
