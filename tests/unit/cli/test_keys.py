"""Key pairs for the contact center."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from scv_voicemail.cli.app import app
from scv_voicemail.cli.keys import make_pair
from scv_voicemail.cli.output import run
from scv_voicemail.errors import SettingsInvalid
from scv_voicemail.telephony.token import load_rsa_key

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def test_a_pair_is_what_the_guide_recommends(tmp_path: Path) -> None:
    """RSA 2048, self-signed with SHA-256, and the key is for its owner's eyes only."""
    key_file, certificate_file = tmp_path / "new" / "a.key.pem", tmp_path / "new" / "a.crt.pem"

    make_pair(key_file, certificate_file, subject="mycenter", days=30, now=NOW)

    key = load_rsa_key(key_file.read_text())
    certificate = x509.load_pem_x509_certificate(certificate_file.read_bytes())
    public_key = certificate.public_key()
    assert isinstance(public_key, RSAPublicKey)
    assert key.key_size == 2048
    assert public_key == key.public_key()
    assert certificate.subject.rfc4514_string() == "CN=mycenter"
    assert certificate.signature_hash_algorithm is not None
    assert certificate.signature_hash_algorithm.name == "sha256"
    public_key.verify(
        certificate.signature, certificate.tbs_certificate_bytes, PKCS1v15(), certificate.signature_hash_algorithm
    )
    assert certificate.not_valid_before_utc < NOW < certificate.not_valid_after_utc
    assert key_file.stat().st_mode & 0o777 == 0o600


def test_a_key_that_is_there_is_not_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Losing the private key of a contact center stops its voicemails; --force is for those who know."""
    generate = ["keys", "generate", "--folder", str(tmp_path), "--json"]
    assert run(app, generate) == 0
    answer = json.loads(capsys.readouterr().out)
    before = Path(answer["private_key_file"]).read_text()

    refused = run(app, generate)
    error = json.loads(capsys.readouterr().out)["error"]
    kept = Path(answer["private_key_file"]).read_text()
    forced = run(app, [*generate, "--force"])

    assert (refused, error["kind"], kept == before) == (3, "SettingsInvalid", True)
    assert "--force" in error["fix"]
    assert forced == 0
    assert Path(answer["private_key_file"]).read_text() != before


@pytest.mark.parametrize("option", [("--days", "0"), ("--days", "-5"), ("--days", "x"), ("--name", "../up")])
def test_a_senseless_option_is_a_usage_error(option: tuple[str, str], tmp_path: Path) -> None:
    """Nothing is written."""
    assert run(app, ["keys", "generate", "--folder", str(tmp_path), *option]) == 2
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    """A file stands where the folder should be."""
    (tmp_path / "file").write_text("")

    with pytest.raises(SettingsInvalid, match="cannot be written"):
        make_pair(tmp_path / "file" / "a.pem", tmp_path / "file" / "b.pem", subject="a", days=1)
