"""What a server's certificates say, and which of it is wrong when a client refuses them."""

import ipaddress
import warnings
from collections.abc import Sequence
from datetime import datetime

import msgspec
from cryptography import x509
from cryptography.x509.oid import NameOID

from relight.detect.probes._quoted import printable

_MOST_NAMES = 5
_LONGEST_SHOWN = 100
# OpenSSL's X509_V_ERR numbers.
_SELF_SIGNED = frozenset({18})
_NO_ISSUER = frozenset({2, 19, 20, 21})
_TIMES = frozenset({9, 10})
_NAMES = frozenset({62, 64})


class Certificate(msgspec.Struct, frozen=True, kw_only=True):
    """One certificate. `names` are the hosts and addresses it is for."""

    subject: str
    issuer: str
    names: tuple[str, ...]
    begins: datetime
    ends: datetime
    self_signed: bool

    def is_for(self, host: str) -> bool:
        """Whether a client that asks for `host` takes it; a star stands for one whole label."""
        wanted = host.rstrip(".").lower()
        if not wanted.isascii():
            wanted = wanted.encode("idna").decode("ascii")
        try:
            wanted = str(ipaddress.ip_address(wanted))
        except ValueError:
            star = f"*.{wanted.partition('.')[2]}"
            return wanted in self.names or star in self.names
        return wanted in self.names

    def shown_names(self) -> str:
        """Name what it is for, the first few."""
        more = len(self.names) - _MOST_NAMES
        first = (printable(name[:_LONGEST_SHOWN]) for name in self.names[:_MOST_NAMES])
        shown = ", ".join(first) or "nobody"
        return f"{shown} and {more} more" if more > 0 else shown


def read_certificate(der: bytes) -> Certificate | None:
    """Read one, or None where it is none."""
    with warnings.catch_warnings():
        # It says of some that they break a rule; clients are the ones to refuse them.
        warnings.simplefilter("ignore")
        try:
            return _read(x509.load_der_x509_certificate(der))
        except (ValueError, x509.InvalidVersion, x509.UnsupportedGeneralNameType):
            return None


def _read(found: x509.Certificate) -> Certificate:
    return Certificate(
        subject=_called(found.subject),
        issuer=_called(found.issuer),
        names=_names(found),
        begins=found.not_valid_before_utc,
        ends=found.not_valid_after_utc,
        self_signed=found.issuer == found.subject,
    )


def faults(
    chain: Sequence[Certificate], host: str, *, code: int, why: str, now: datetime
) -> list[tuple[str, str]]:
    """Say all that is wrong with a chain that was refused, as pairs of fault and words.

    `code` and `why` are OpenSSL's, which stops at the first: a chain that leads nowhere hides a
    wrong name, and both hide a time that is over. So names and times are looked at here again.
    """
    leaf = chain[0]
    found = [*_untrusted(chain, code), *_times(chain, now)]
    if not leaf.is_for(host):
        found.append(("name", f"the certificate is for {leaf.shown_names()}, not for {host}"))
    if found or code in _TIMES | _NAMES:
        return found or [("certificate", f"the certificate is not valid ({why})")]
    return [("chain", f"the certificate is not valid ({why})")]


def _untrusted(chain: Sequence[Certificate], code: int) -> list[tuple[str, str]]:
    leaf = chain[0]
    if code in _SELF_SIGNED:
        return [("chain", "the certificate is signed by itself and not trusted")]
    if code not in _NO_ISSUER:
        return []
    if len(chain) == 1 and not leaf.self_signed:
        words = f"the server does not send the certificate of its issuer `{leaf.issuer}`"
        return [("chain", f"{words}, or that one is not trusted")]
    return [("chain", f"the authority `{chain[-1].issuer}` is not trusted")]


def _times(chain: Sequence[Certificate], now: datetime) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for index, each in enumerate(chain):
        what = "the certificate" if index == 0 else f"the certificate of `{each.subject}`"
        if each.ends < now:
            found.append(("expired", f"{what} ended on {moment(each.ends)}"))
        elif each.begins > now:
            found.append(("early", f"{what} holds only from {moment(each.begins)}"))
    return found


def moment(at: datetime) -> str:
    """Write a time as people read it."""
    return f"{at:%Y-%m-%d %H:%M} UTC"


def _called(name: x509.Name) -> str:
    parts = name.get_attributes_for_oid(NameOID.COMMON_NAME) or list(name)
    return printable(str(parts[0].value)[:_LONGEST_SHOWN]) if parts else "no name"


def _names(certificate: x509.Certificate) -> tuple[str, ...]:
    try:
        held = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, x509.DuplicateExtension):
        return ()
    hosts = [name.lower() for name in held.get_values_for_type(x509.DNSName)]
    return (*hosts, *map(str, held.get_values_for_type(x509.IPAddress)))
