"""https for clients that insist on it."""

import datetime
import ipaddress
import json
import ssl
import urllib.request
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from cambist.app.errors import Exit
from tests.support.processes import cambist, serving


def certificate(directory: Path) -> tuple[Path, Path]:
    """A self-signed certificate for 127.0.0.1 and its key, as PEM files."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    start = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start + datetime.timedelta(days=36500))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.IPv4Address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    cert_file, key_file = directory / "cert.pem", directory / "key.pem"
    cert_file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    key_file.write_bytes(private)
    return cert_file, key_file


def test_a_sandbox_speaks_https(tmp_path: Path) -> None:
    cert, key = certificate(tmp_path)
    with serving(tmp_path, "sandbox", "--quiet", "--tls-cert", cert, "--tls-key", key) as running:
        assert running.url.startswith("https://127.0.0.1:")
        trusting = ssl.create_default_context(cafile=str(cert))
        with urllib.request.urlopen(f"{running.url}/api/3/info", context=trusting) as answer:
            assert "btc_usd" in json.load(answer)["pairs"]


def test_a_certificate_that_is_none_is_a_sentence(tmp_path: Path) -> None:
    cert, key = certificate(tmp_path)
    cert.write_text("not a certificate")
    answer = cambist("sandbox", "--port", "0", "--tls-cert", cert, "--tls-key", key)
    assert answer.returncode == Exit.CONFIGURATION
    assert "certificate" in answer.stderr
    device = cambist("sandbox", "--port", "0", "--tls-cert", "/dev/zero", "--tls-key", key)
    assert (device.returncode, "no regular file" in device.stderr) == (Exit.CONFIGURATION, True)
    missing = cambist("sandbox", "--port", "0", "--tls-cert", tmp_path / "none.pem", "--tls-key", key)
    assert missing.returncode == Exit.CONFIGURATION
    assert "Traceback" not in missing.stderr
