"""RSA keys and self-signed certificates for an org that was given none."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

_NOT_BEFORE = datetime(2000, 1, 1, tzinfo=UTC)
_NOT_AFTER = datetime(2100, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A private key and the certificate that goes with it, both as PEM text."""

    private_key_pem: str
    certificate_pem: str


def make_key_pair(
    common_name: str, *, not_before: datetime = _NOT_BEFORE, not_after: datetime = _NOT_AFTER, bits: int = 2048
) -> KeyPair:
    """A fresh RSA key with a self-signed certificate; the life is long because the org's clock can be moved."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(not_before)
        .not_valid_after(not_after)
        .sign(key, hashes.SHA256())
    )
    return KeyPair(
        private_key_pem=key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode(),
        certificate_pem=certificate.public_bytes(serialization.Encoding.PEM).decode(),
    )


@cache
def key_pair_of_this_process(common_name: str) -> KeyPair:
    """The same key pair for every emulator of this process: making one takes longer than most tests."""
    return make_key_pair(common_name)
