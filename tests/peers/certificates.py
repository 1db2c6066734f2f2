"""A certificate authority of our own, made with the openssl program."""

import ssl
import subprocess
from pathlib import Path
from typing import NamedTuple

NAME = "relight.test"


class Authority(NamedTuple):
    """A root, and contexts for servers that it vouches for and for clients that trust it."""

    root: Path
    right: ssl.SSLContext
    other_name: ssl.SSLContext
    expired: ssl.SSLContext

    def trusting(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.root))


def _run(folder: Path, *words: str) -> None:
    subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)


def _server(folder: Path, stem: str, name: str, *dates: str) -> ssl.SSLContext:
    _run(folder, "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", f"{stem}.key")
    _run(
        folder, "req", "-new", "-key", f"{stem}.key", "-subj", f"/CN={name}", "-out", f"{stem}.csr"
    )
    (folder / f"{stem}.ext").write_text(f"subjectAltName=DNS:{name}\n")
    sign = ["x509", "-req", "-in", f"{stem}.csr", "-CA", "root.pem", "-CAkey", "root.key"]
    serial = ["-set_serial", str(abs(hash(stem)) % 100000 + 2)]
    days = list(dates) or ["-days", "30"]
    _run(folder, *sign, *serial, *days, "-extfile", f"{stem}.ext", "-out", f"{stem}.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / f"{stem}.pem", folder / f"{stem}.key")
    return context


def make_authority(folder: Path) -> Authority:
    """Make a root and three servers: the right one, one of another name, and an expired one."""
    _run(folder, "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", "root.key")
    subject = ["-subj", "/CN=Relight test root"]
    usage = ["-addext", "keyUsage=critical,keyCertSign,cRLSign"]
    root = ["req", "-x509", "-new", "-key", "root.key", "-days", "30", "-out", "root.pem"]
    _run(folder, *root, *subject, *usage)
    return Authority(
        root=folder / "root.pem",
        right=_server(folder, "right", NAME),
        other_name=_server(folder, "other", "somebody-else.test"),
        expired=_server(folder, "expired", NAME, "-days", "-1"),
    )
