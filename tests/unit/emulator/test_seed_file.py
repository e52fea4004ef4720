"""Seed files: what an org contains."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from scv_emulator.org import Org
from scv_emulator.seed import Seed
from scv_emulator.seed_file import SeedInvalid, load_seed, read_seed


def test_a_toml_file_replaces_what_it_names(tmp_path: Path) -> None:
    """Everything else keeps its default."""
    path = tmp_path / "org.toml"
    path.write_text(
        'org_name = "Clinic"\n[[phone_channels]]\nnumber = "+4930123456"\nflow = ""\nfallback_queue = "Voicemail"\n',
        encoding="utf-8",
    )

    seed = load_seed(path)

    assert seed.org_name == "Clinic"
    assert [one.number for one in seed.phone_channels] == ["+4930123456"]
    assert seed.queues == Seed().queues


def test_a_short_org_id_is_completed() -> None:
    """Everybody copies the 15 characters."""
    seed = read_seed({"org_id": "00DHs000000EmuL"})

    assert seed.org_id == "00DHs000000EmuLMAS"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([], "seed: expected a table"),
        ({"colour": "red"}, "seed.colour: unknown key"),
        ({"org_id": "42"}, "org_id: expected an organization id"),
        ({"queues": {}}, "seed.queues: expected a list"),
        ({"reps": [{"username": "rep@example.com", "capacity": "5"}]}, r"seed.reps\[0\].capacity: expected a whole"),
        ({"reps": [{"username": "rep@example.com", "online": 1}]}, r"seed.reps\[0\].online: expected true or false"),
        ({"phone_channels": [{"fallback_queue": "Nobody"}]}, r"phone_channels\[0\].fallback_queue: expected one of"),
        ({"apps": []}, "apps: expected at least one"),
    ],
)
def test_a_wrong_seed_names_the_key(data: Any, message: str) -> None:
    """And what was expected there."""
    with pytest.raises(SeedInvalid, match=message):
        read_seed(data)


def test_a_broken_file_is_no_traceback(tmp_path: Path) -> None:
    """JSON by its suffix, TOML otherwise."""
    path = tmp_path / "org.json"
    path.write_text("{", encoding="utf-8")

    with pytest.raises(SeedInvalid, match="expected JSON"):
        load_seed(path)


def test_a_reset_org_is_as_it_was_at_the_start() -> None:
    """Records, switches, faults, requests and time."""
    org = Org()
    before = {name: len(rows) for name, rows in org.state().items()}
    org.database.insert("Case", {"Subject": "x"})
    org.database.delete("Group", org.database.all("Group")[0]["Id"])
    org.switches.set("apply_delay_ms", 0)
    org.faults.add("latency")
    org.clock.freeze()

    org.reset()

    assert {name: len(rows) for name, rows in org.state().items()} == before
    assert org.switches.apply_delay_ms == 300
    assert org.faults.all() == []
    assert org.clock.frozen is False


def test_the_public_seed_holds_no_private_key() -> None:
    """Certificates may be read by everybody."""
    public = str(Org().public_seed())

    assert "BEGIN CERTIFICATE" in public
    assert "PRIVATE KEY" not in public
