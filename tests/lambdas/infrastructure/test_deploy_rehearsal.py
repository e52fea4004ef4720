"""The template, deployed by SAM into a stand-in of AWS that obeys its roles, brings a voicemail to Salesforce.

Takes a minute or two and is asked for by SCV_VOICEMAIL_DEPLOY_REHEARSAL=1.
"""

from __future__ import annotations

import os
import subprocess

import pytest

from tests.lambdas.infrastructure.stack import REPOSITORY


@pytest.mark.skipif(
    os.environ.get("SCV_VOICEMAIL_DEPLOY_REHEARSAL") != "1", reason="takes minutes; SCV_VOICEMAIL_DEPLOY_REHEARSAL=1"
)
def test_a_deployment_delivers_a_voicemail() -> None:
    """What scripts/deploy-rehearsal says; its output tells how far the voicemail came."""
    command = [REPOSITORY / "scripts/deploy-rehearsal"]

    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)

    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    assert "VoiceCalls: 1" in done.stdout
