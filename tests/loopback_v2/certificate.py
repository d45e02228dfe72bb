"""A certificate for 127.0.0.1 and for storage, made once in each process, which signs itself.

This module imports cryptography, which azure-ai-ml brings along, so it is itself imported where it is needed.
"""

import ssl
import tempfile
from datetime import datetime, timedelta, timezone
from functools import cache
from ipaddress import IPv4Address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

STORAGE = "loop.blob.core.windows.net"  # where the datastores of both loopback services say that their files are


@cache
def identity() -> tuple[bytes, ssl.SSLContext]:
    """Return the certificate, for whoever is to trust it, and the context of a server that has it."""
    key = ec.generate_private_key(ec.SECP256R1())
    public = _certificate(key).public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "both.pem")
        file.write_bytes(private + public)
        context.load_cert_chain(file)
    return public, context


def _certificate(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "loopback")])
    now = datetime.now(timezone.utc)
    names = [x509.IPAddress(IPv4Address("127.0.0.1")), x509.DNSName(STORAGE)]
    mine = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    builder = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=7))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(mine, critical=False)
    )
    return builder.sign(key, hashes.SHA256())
