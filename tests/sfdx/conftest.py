"""What the checks of the Salesforce half need to run."""

from __future__ import annotations

import os

import pytest

from tests.sfdx.checks.project import Project
from tests.sfdx.checks.schema import DECLARATIONS


@pytest.fixture(scope="session")
def project() -> Project:
    """The Salesforce half as it lies in the repository."""
    return Project.load()


@pytest.fixture(scope="session")
def node_modules() -> None:
    """Salesforce's schemas and parsers. Where they are not installed the test is skipped, but never in CI."""
    if not DECLARATIONS.is_file():
        assert not os.environ.get("CI"), "scripts/sfdx-setup has not run"
        pytest.skip("node_modules is missing: run scripts/sfdx-setup")
