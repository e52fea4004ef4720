"""A DynamoDB journal where boto3 is not installed."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import sys
sys.modules["boto3"] = sys.modules["botocore"] = None  # as if they were not installed
from scv_voicemail.errors import SettingsInvalid
from scv_voicemail.settings import Settings
from scv_voicemail.wiring import open_journal
try:
    open_journal(Settings(_env_file=None, journal="dynamodb://voicemails"))
except SettingsInvalid as error:
    print(error)
"""


def test_what_is_missing_is_said_with_the_command_that_installs_it() -> None:
    """Not an ImportError, and only when such a journal is opened."""
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)

    assert "pip install 'scv-voicemail[aws]'" in done.stdout
