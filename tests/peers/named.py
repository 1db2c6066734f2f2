"""A real BIND on loopback: authoritative for small zones, and a validating resolver before it."""

import subprocess
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.peers.programs import free_port, running

_ZONE = """\
$TTL 60
@ IN SOA ns.widget.test. admin.widget.test. 7 3600 600 86400 60
@ IN NS ns.widget.test.
ns IN A 127.0.0.1
@ IN A 203.0.113.7
@ IN A 203.0.113.8
@ IN AAAA 2001:db8::7
@ IN MX 10 Mail.widget.test.
@ IN TXT "v=spf1 -all." " second"
@ IN CAA 0 issue "letsencrypt.org"
_sip._tcp IN SRV 5 0 5060 sip.widget.test.
www IN CNAME widget.test.
7 IN PTR www.widget.test.
odd IN TXT "red \\027[31m"
"""
_LONG = "".join(f'many IN TXT "{index:03} {"x" * 100}"\n' for index in range(40))

_OPTIONS = """\
options {{
  directory "{folder}";
  pid-file "{folder}/{stem}.pid";
  session-keyfile none;
  listen-on port {port} {{ 127.0.0.1; }};
  listen-on-v6 {{ none; }};
  {more}
}};
controls {{ }};
"""
_AUTHORITY = """\
recursion no;
  dnssec-validation no;
  allow-query { any; };
"""
_RESOLVER = """\
recursion yes;
  // Without this it would ask the roots of the world.
  forward only;
  forwarders {{ 127.0.0.1 port {authority}; }};
  dnssec-validation yes;
  empty-zones-enable no;
  qname-minimization off;
  max-cache-size 8m;
"""


class Names(NamedTuple):
    """The ports of an authoritative server and of the resolver that asks it."""

    authority: int
    resolver: int


@contextmanager
def named(folder: Path) -> Generator[Names]:
    """Serve widget.test plain, signed.test signed, bogus.test signed wrongly, broken.test not."""
    at = Names(free_port(), free_port())
    (folder / "widget").write_text(_ZONE + _LONG)
    keys = {zone: _signed(folder, zone) for zone in ("signed", "bogus")}
    bogus = folder / "bogus.signed"
    # An address that its signature does not hold for.
    bogus.write_text(bogus.read_text().replace("203.0.113.7", "203.0.113.9"))
    zones = "".join(
        f'zone "{name}" {{ type primary; file "{folder}/{file}"; {more} }};\n'
        for name, file, more in (
            ("widget.test", "widget", ""),
            ("113.0.203.in-addr.arpa", "widget", ""),
            ("signed.test", "signed.signed", ""),
            ("bogus.test", "bogus.signed", ""),
            ("private.test", "widget", "allow-query { none; };"),
            # It cannot be loaded, so whatever is asked of it fails.
            ("broken.test", "missing", ""),
        )
    )
    authority = _OPTIONS.format(folder=folder, stem="authority", port=at.authority, more=_AUTHORITY)
    (folder / "authority.conf").write_text(authority + zones)
    anchors = "".join(f"  {zone}.test. static-key {key};\n" for zone, key in keys.items())
    resolver = _OPTIONS.format(
        folder=folder,
        stem="resolver",
        port=at.resolver,
        more=_RESOLVER.format(authority=at.authority),
    )
    (folder / "resolver.conf").write_text(f"{resolver}trust-anchors {{\n{anchors}}};\n")
    with (
        _server(folder, "authority", at.authority),
        _server(folder, "resolver", at.resolver),
    ):
        yield at


def _signed(folder: Path, stem: str) -> str:
    """Sign a zone with a key of its own; give the key as a trust anchor holds it."""
    zone = f"{stem}.test"
    (folder / stem).write_text(_ZONE)

    def run(*argv: str) -> str:
        return subprocess.run(
            argv, cwd=folder, check=True, capture_output=True, text=True
        ).stdout.strip()

    key = run("dnssec-keygen", "-q", "-a", "ECDSAP256SHA256", "-f", "KSK", zone)
    run("dnssec-signzone", "-S", "-z", "-o", zone, "-f", f"{stem}.signed", stem)
    line = next(
        line for line in (folder / f"{key}.key").read_text().splitlines() if "DNSKEY" in line
    )
    flags, protocol, algorithm, *data = line.partition("DNSKEY ")[2].split()
    return f'{flags} {protocol} {algorithm} "{"".join(data)}"'


def _server(folder: Path, stem: str, port: int) -> AbstractContextManager[None]:
    own = folder / f"{stem}.d"
    own.mkdir()
    argv: list[str | Path] = ["named", "-g", "-n", "1", "-c", folder / f"{stem}.conf"]
    return running(argv, port=port, folder=own)
