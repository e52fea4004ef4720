"""Holds what the documents promise against what ran, when asked to: `--proofs` and `--defects`, see tests/proofs.py."""

from __future__ import annotations

import pytest

from tests.proofs import DOCS, Proofs, listed_ids, named_tests

_PROOFS = pytest.StashKey[Proofs]()
_WRONG = pytest.StashKey[list[str]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Both need a run of all tests that they look for; scripts/test and scripts/defects see to that."""
    group = parser.getgroup("proofs")
    group.addoption(
        "--defects", action="store_true", help="list each id of docs/defects.md with its tests; fail for one without"
    )
    group.addoption(
        "--proofs",
        action="store_true",
        help="fail when docs/defects.md or docs/guarantees.md promise what no test showed",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_PROOFS] = Proofs()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The ids travel with the test's report, from whichever process runs it."""
    for item in items:
        ids = sorted({one for marker in item.iter_markers("covers") for one in marker.args})
        if ids:
            item.user_properties.append(("covers", ids))


class _Listener:
    def __init__(self, proofs: Proofs) -> None:
        self._proofs = proofs

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" or report.outcome != "passed":
            ids = [one for name, value in report.user_properties if name == "covers" for one in value]
            self._proofs.ran(report.nodeid, report.outcome, ids)


def pytest_sessionstart(session: pytest.Session) -> None:
    session.config.pluginmanager.register(_Listener(session.config.stash[_PROOFS]), "proofs")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """In the process that has heard of every test: what is promised and was not shown makes the run fail."""
    config = session.config
    if hasattr(config, "workerinput") or not (config.option.proofs or config.option.defects):
        return
    proofs = config.stash[_PROOFS]
    wrong = proofs.missing(listed_ids((DOCS / "defects.md").read_text(encoding="utf-8")))
    guarantees = DOCS / "guarantees.md"
    if config.option.proofs and guarantees.exists():
        wrong += proofs.unproved(named_tests(guarantees.read_text(encoding="utf-8")))
    config.stash[_WRONG] = wrong
    if wrong and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """The list, and what is missing from it."""
    if config.option.defects:
        terminalreporter.section("defects")
        ids = listed_ids((DOCS / "defects.md").read_text(encoding="utf-8"))
        for line in config.stash[_PROOFS].table(ids):
            terminalreporter.write_line(line)
    for line in config.stash.get(_WRONG, []):
        terminalreporter.write_line(f"NOT SHOWN {line}", red=True)
