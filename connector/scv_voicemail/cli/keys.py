"""`keys generate`: a key pair and the certificate that the contact center wants."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from scv_voicemail.cli.output import AsJson, emit, say
from scv_voicemail.errors import SettingsInvalid
from scv_voicemail.settings import PREFIX

BITS = 2048
"""What the guide recommends (chapter 3, authorization)."""

NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,63}")


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    keys = typer.Typer(
        help="Keys for the contact center and the external client app.",
        epilog="Example: scv-voicemail keys generate --folder keys",
        no_args_is_help=True,
    )
    keys.command("generate", epilog="Example: scv-voicemail keys generate --folder keys --name mycontactcenter")(
        generate
    )
    app.add_typer(keys, name="keys")


def generate(
    folder: Annotated[Path, typer.Option(help="Where the two files go; made if it is not there")] = Path(),
    name: Annotated[str, typer.Option(help="Name of the files and of the certificate's subject")] = "scv-voicemail",
    days: Annotated[int, typer.Option(min=1, max=3650, help="How long the certificate is valid")] = 730,
    force: Annotated[bool, typer.Option("--force", help="Overwrite files that are there")] = False,
    as_json: AsJson = False,
) -> None:
    """Make an RSA 2048 key and a self-signed certificate (SHA-256). The private key never leaves this machine."""
    if not NAME.fullmatch(name):
        raise typer.BadParameter("expected 1 to 64 letters, digits, dots, dashes or underscores", param_hint="--name")
    key_file, certificate_file = folder / f"{name}.key.pem", folder / f"{name}.crt.pem"
    present = [str(file) for file in (key_file, certificate_file) if file.exists()]
    if present and not force:
        raise SettingsInvalid(f"{' and '.join(present)} would be overwritten", fix="choose another --name, or --force")
    make_pair(key_file, certificate_file, subject=name, days=days)
    if as_json:
        emit({"private_key_file": str(key_file), "certificate_file": str(certificate_file), "days": days})
    else:
        typer.echo(f"{PREFIX}PRIVATE_KEY_FILE={key_file}\n{PREFIX}CERTIFICATE_FILE={certificate_file}")
    say(f"next: paste {certificate_file} into the contact center (Telephony Integration certificate) in Setup")


def make_pair(key_file: Path, certificate_file: Path, *, subject: str, days: int, now: datetime | None = None) -> None:
    """Write the key (mode 0600) and its certificate; raises `SettingsInvalid` when the folder cannot be written."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.x509.oid import NameOID

    start = (now or datetime.now(UTC)) - timedelta(minutes=5)  # a server whose clock is behind must take it as well
    key = rsa.generate_private_key(public_exponent=65537, key_size=BITS)
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=days))
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    try:
        key_file.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(key_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(pem)
        key_file.chmod(0o600)
        certificate_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    except OSError as error:
        raise SettingsInvalid(f"the keys cannot be written: {error}", fix="choose another --folder") from error
