"""Real client libraries, unmodified, against a live server process: tests/clients has what they are made to do."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.support.clients import drive, situations
from tests.support.processes import Running, serving

BTC_ADDRESS = "1BoatSLRHtKNngkdXEeobR76b53LETtpyT"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """(certificate, key) files for 127.0.0.1: a self-signed authority, which the client is told to trust."""
    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    chain, secret = folder / "certificate.pem", folder / "key.pem"
    chain.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    return chain, secret


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Running]:
    with serving(tmp_path, "sandbox", "--seed", "7", "--quiet") as running:
        yield running


def keys(running: Running, dialect: str) -> dict[str, dict[str, str]]:
    """Key and secret of each user by name."""
    return {user["name"]: user["keys"][dialect] for user in running.ready["users"]}


def test_wexapi(tmp_path: Path, certificate: tuple[Path, Path]) -> None:
    chain, secret = certificate
    with serving(tmp_path, "sandbox", "--seed", "7", "--quiet", "--tls-cert", chain, "--tls-key", secret) as running:
        config = {"host": "127.0.0.1", "port": running.port, **keys(running, "wex")}
        passed = drive("drive_wexapi.py", "wexapi", config, tmp_path, SSL_CERT_FILE=str(chain))
    assert passed == situations("drive_wexapi.py")


def test_ccxt(tmp_path: Path, sandbox: Running) -> None:
    config = {"url": sandbox.url, "address": BTC_ADDRESS, "has_address": True, **keys(sandbox, "wex")}
    assert drive("drive_ccxt_wex.py", "ccxt-1.18", config, tmp_path) == situations("drive_ccxt_wex.py")
