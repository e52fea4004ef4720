"""The bundle: what goes in, what stays out, and that the same sources make the same bundle."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from scripts import lambda_bundle
from tests.lambdas.infrastructure.stack import REPOSITORY


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Something like what pip leaves behind."""
    for name in (
        "bin/pip-script",
        "httpx/__init__.py",
        "httpx/__pycache__/old.pyc",
        "httpx/py.typed",
        "httpx/types.pyi",
        "httpx-0.28.dist-info/METADATA",
        "lib/tests/test_lib.py",
        "lib/native.so",
        "simple_salesforce/metadata.wsdl",
        "boto3/data/s3/resources-1.json",
        "botocore/data/endpoints.json",
        "botocore/data/ec2/service-2.json",
        *(f"botocore/data/{service}/service-2.json" for service in lambda_bundle.AWS_SERVICES),
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"# {name}\n")
    return tmp_path


def test_what_no_function_reads_stays_out(folder: Path) -> None:
    """Tests, types, metadata, and botocore's descriptions of services that nobody calls."""
    lambda_bundle.prune(folder)

    left = {path.relative_to(folder).as_posix() for path in lambda_bundle.files(folder)}
    assert left == {
        "httpx/__init__.py",
        "httpx/py.typed",
        "lib/native.so",
        "botocore/data/endpoints.json",
        *(f"botocore/data/{service}/service-2.json" for service in lambda_bundle.AWS_SERVICES),
    }


def test_a_service_that_botocore_does_not_know_stops_the_build(folder: Path) -> None:
    """A typing error would take a service away from the functions."""
    folder.joinpath("botocore/data/sqs/service-2.json").unlink()
    folder.joinpath("botocore/data/sqs").rmdir()

    with pytest.raises(lambda_bundle.BuildFailed, match="sqs"):
        lambda_bundle.prune(folder)


def test_every_service_that_the_code_calls_is_in_the_bundle() -> None:
    """botocore without its description of a service cannot make a client."""
    code = "".join(
        path.read_text(encoding="utf-8")
        for root in ("connector/scv_voicemail", "lambdas/scv_voicemail_lambdas")
        for path in (REPOSITORY / root).rglob("*.py")
    )

    called = set(re.findall(r"(?:\bclient|clients\.at|_clients\.at)\(\s*\"([a-z0-9-]+)\"", code))

    assert {"s3", "sqs", "connect", "kinesisvideo", "kinesis-video-media"} <= called
    assert called <= set(lambda_bundle.AWS_SERVICES)


def test_the_functions_get_the_projects_own_requirements() -> None:
    """And boto3; not what draws tables in a terminal."""
    names = {re.split(r"[^A-Za-z0-9_-]", one)[0] for one in lambda_bundle.requirements()}

    assert {"httpx", "boto3", "PyJWT", "cryptography", "pydantic-settings"} <= names
    assert not {"typer", "rich"} & names


def test_the_functions_do_without_what_is_left_out() -> None:
    """No module in the bundle imports the command line, the demo, or what draws tables."""
    for source in lambda_bundle.SOURCES:
        for path in source.rglob("*.py"):
            if not {*path.relative_to(source).parts} & {*lambda_bundle.LEFT_OUT}:
                text = path.read_text(encoding="utf-8")
                found = re.findall(
                    r"^\s*(?:from|import) (scv_voicemail\.(?:cli|demo)|rich|typer)\b", text, re.MULTILINE
                )
                assert found == [], path


def test_the_same_content_has_the_same_digest(folder: Path) -> None:
    """Whenever and by whomever it was written."""
    before = lambda_bundle.digest(folder)
    for path in folder.rglob("*"):
        os.utime(path, (1, 1))

    lambda_bundle.settle(folder)

    assert lambda_bundle.digest(folder) == before
    assert {path.stat().st_mtime for path in folder.rglob("*")} == {lambda_bundle.EPOCH}
    assert folder.joinpath("lib/native.so").stat().st_mode & 0o777 == 0o755
    folder.joinpath("httpx/__init__.py").write_text("changed")
    assert lambda_bundle.digest(folder) != before


def test_compiled_code_is_never_compared_with_its_source(folder: Path) -> None:
    """Lambda's disk has times of its own, so a check would throw the compiled code away."""
    assert lambda_bundle.compile_all(folder, here=True)

    (compiled,) = folder.glob("httpx/__pycache__/__init__.*.pyc")
    flags = int.from_bytes(compiled.read_bytes()[4:8], "little")
    assert flags == 0b01, "hash-based, unchecked: PEP 552"
    assert b"/var/task/httpx/__init__.py" in compiled.read_bytes()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ('private_key = "-----BEGIN"', "keys do not go into a bundle"),
        ("targets = [", "cannot be used"),
        ('target = "case"', r"no setting target \(is targets meant"),
    ],
)
def test_a_file_of_settings_is_looked_at_first(content: str, reason: str, tmp_path: Path) -> None:
    """A key in a bundle would be readable by whoever may read functions."""
    config = tmp_path / "scv-voicemail.toml"
    config.write_text(content)

    with pytest.raises(lambda_bundle.BuildFailed, match=reason):
        lambda_bundle.check_config(config)


def test_a_python_that_is_not_there_is_not_found() -> None:
    """And one of another version is not taken for it."""
    assert lambda_bundle.find_python("3.99") is None
