"""The page of settings is made from the settings."""

from __future__ import annotations

from pathlib import Path

from scv_voicemail.settings import Settings
from scv_voicemail.settings_page import page

PAGE = Path(__file__).parents[2] / "docs" / "settings.md"


def test_the_page_of_settings_is_up_to_date() -> None:
    """After a change of settings: scripts/make-settings-page."""
    assert PAGE.read_text(encoding="utf-8") == page()


def test_every_setting_has_its_sentence() -> None:
    """No knob without a word about it."""
    silent = [name for name, field in Settings.model_fields.items() if not field.description]

    assert silent == []
