"""A public-key world of our own: a root, an authority below it, and servers' certificates."""

import ipaddress
import ssl
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

NAME = "relight.test"
DAY = timedelta(days=1)


class Keyed:
    """A certificate with its key."""

    def __init__(self, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
        self.certificate = certificate
        self.key = key

    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)

    def key_pem(self) -> bytes:
        return self.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )


def issue(
    called: str,
    *,
    by: Keyed | None = None,
    names: Sequence[str] = (),
    authority: bool = False,
    begins: timedelta = -DAY,
    ends: timedelta = 30 * DAY,
) -> Keyed:
    """Make a certificate, signed `by` another or by itself; times count from now."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, called)])
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by.certificate.subject if by else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + begins)
        .not_valid_after(now + ends)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    )
    if names:
        held = x509.SubjectAlternativeName([_general(name) for name in names])
        builder = builder.add_extension(held, critical=False)
    return Keyed(builder.sign(by.key if by else key, hashes.SHA256()), key)


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


class World:
    """What the tests of TLS need, made once."""

    def __init__(self) -> None:
        self.root = issue("Relight test root", authority=True)
        self.between = issue("Relight test authority", by=self.root, authority=True)
        self.leaf = issue(NAME, by=self.between, names=[NAME, f"*.{NAME}", "127.0.0.1"])
        self.expired = issue(NAME, by=self.between, names=[NAME], begins=-3 * DAY, ends=-DAY)
        self.early = issue(NAME, by=self.between, names=[NAME], begins=2 * DAY)
        self.other = issue("other", by=self.between, names=["somebody-else.test"])
        self.wrong = issue(
            "other", by=self.between, names=["somebody-else.test"], begins=-3 * DAY, ends=-DAY
        )
        self.alone = issue(NAME, names=[NAME])
        self.roots = self.root.pem().decode()

    def write(self, folder: Path, stem: str, server: Keyed, *above: Keyed) -> tuple[Path, Path]:
        """Write what a server sends, and its key."""
        sent, key = folder / f"{stem}.pem", folder / f"{stem}.key"
        sent.write_bytes(b"".join(each.pem() for each in (server, *above)))
        key.write_bytes(server.key_pem())
        return sent, key

    def serving(self, folder: Path, stem: str, server: Keyed, *above: Keyed) -> ssl.SSLContext:
        """Give the context of a server that sends these."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.write(folder, stem, server, *above))
        return context
