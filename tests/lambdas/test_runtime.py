"""What every handler stands on."""

from __future__ import annotations

import importlib
import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from scv_voicemail.errors import SettingsInvalid, Unavailable
from scv_voicemail_lambdas import runtime
from scv_voicemail_lambdas.metrics import Name

from tests.commands import PREFIX, environment
from tests.lambdas.bench import FakeContext

BEHIND_QUEUES = ("recording_stored", "contact_record", "transcription_finished", "deliver", "sweep")
HANDLERS = (*BEHIND_QUEUES, "flow_call")


@pytest.fixture
def _settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """A function's environment, read anew; the loggers are put back as they were."""
    monkeypatch.setenv(f"{PREFIX}METRICS_NAMESPACE", "Sandbox")
    monkeypatch.chdir(tmp_path)
    root = logging.getLogger()
    before, level = root.handlers, root.level
    runtime.settings.cache_clear()
    yield
    runtime.settings.cache_clear()
    root.handlers, root.level = before, level


@pytest.mark.usefixtures("_settings")
def test_what_was_counted_is_written_also_when_the_handler_fails(capsys: pytest.CaptureFixture[str]) -> None:
    """Under the namespace of this deployment, with the function's name beside it."""

    def handler() -> None:
        with runtime.invocation(FakeContext()) as metrics:
            metrics.add(Name.OPEN_RUNS, 3)
            raise Unavailable("no answer", service="s3")

    with pytest.raises(runtime.HandlerFailed):
        handler()

    log_line, metric_line = map(json.loads, capsys.readouterr().out.splitlines())
    assert log_line["context"] == {
        "function": "stack-SomeFunction-1A2B",
        "requestId": "9a2c1c57-0000-4000-8000-000000000000",
    }
    assert log_line["error"]["kind"] == "Unavailable [service s3]"
    assert metric_line["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "Sandbox"
    assert (metric_line["Function"], metric_line["OpenRuns"]) == ("stack-SomeFunction-1A2B", 3)


@pytest.mark.usefixtures("_settings")
def test_what_leaves_a_handler_quotes_nobody(capsys: pytest.CaptureFixture[str]) -> None:
    """Lambda writes every exception that leaves a handler into the log, as it is."""
    for error in (ValueError("Hello, this is Ada"), Unavailable("Ada said no", fix="try later")):
        with pytest.raises(runtime.HandlerFailed) as caught, runtime.invocation(FakeContext()):
            raise error

        assert "Ada" not in str(caught.value)
        assert caught.value.__cause__ is None
        assert caught.value.__suppress_context__
    assert "try later" in str(caught.value)
    assert "Ada" not in capsys.readouterr().out


@pytest.mark.usefixtures("_settings")
def test_a_function_without_its_settings_says_what_is_missing() -> None:
    """At the first invocation, by name."""
    runtime.parts.cache_clear()

    with pytest.raises(SettingsInvalid, match="CONNECT_INSTANCE_ID, SCV_VOICEMAIL_DOORBELL_QUEUE_URL"):
        runtime.parts()


def test_the_time_left_is_asked_for_when_it_matters() -> None:
    """It runs out while records are taken."""
    context = FakeContext(seconds=30)
    left = runtime.seconds_left(context)
    context.seconds = 7

    assert left() == 7


@pytest.mark.parametrize("name", HANDLERS)
def test_every_handler_is_where_the_template_says(name: str) -> None:
    """`scv_voicemail_lambdas.NAME.handler`, and each says in one sentence what it is."""
    module = importlib.import_module(f"scv_voicemail_lambdas.{name}")

    assert callable(module.handler)
    assert "Function: " in str(module.__doc__).splitlines()[0]


def test_nothing_happens_at_import() -> None:
    """No environment is read and no client is made: a function without settings can be loaded, and a snapshot taken.

    Only the flow's function loads boto3 at once; its callers wait, and a snapshot has it in memory.
    """
    code = (
        f"import importlib, logging, os, sys, threading; [importlib.import_module('scv_voicemail_lambdas.' + one) "
        f"for one in {BEHIND_QUEUES!r}]; assert not logging.getLogger().handlers; assert threading.active_count() == 1"
        "; "
        "print(sorted({'boto3', 'botocore', 'simple_salesforce', 'moto'} & set(sys.modules)))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment({}), check=True
    )

    assert answer.stdout.strip() == "[]"
