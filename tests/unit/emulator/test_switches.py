"""The named choices of the emulator."""

from __future__ import annotations

import pytest
from scv_emulator.switches import Switches, UnknownSwitch


def test_a_switch_reads_the_text_of_a_command_line() -> None:
    """Numbers, booleans and words."""
    switches = Switches()

    switches.set("apply_delay_ms", "5")
    switches.set("jwt_replay_check", "FALSE")
    switches.set("duplicate_message_id", "store")

    assert (switches.apply_delay_ms, switches.jwt_replay_check) == (5, False)
    assert switches.duplicate_message_id == "store"


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("speed", 1, "there is no switch 'speed'"),
        ("apply_delay_ms", "-1", "a whole number"),
        ("apply_delay_ms", True, "a whole number"),
        ("jwt_replay_check", "maybe", "true or false"),
        ("duplicate_message_id", "keep", "ignore, store, reject"),
    ],
)
def test_a_wrong_switch_says_what_would_be_right(name: str, value: object, expected: str) -> None:
    """The message is all that a person at the command line sees."""
    with pytest.raises(UnknownSwitch, match=expected):
        Switches().set(name, value)


def test_every_switch_describes_itself() -> None:
    """A sentence, and a default that is among the choices."""
    described = Switches(apply_delay_ms=7).describe()

    assert all(one["sentence"].endswith(".") for one in described)
    assert all(one["default"] in one["choices"] for one in described if one["choices"])
    assert described[0]["name"] == "apply_delay_ms"
    assert (described[0]["default"], described[0]["value"]) == (300, 7)
