"""Web addresses as people write them, checked before anything is sent there."""

import ipaddress
from urllib.parse import urlsplit


def check_web_url(written: str) -> str:
    """Give the URL back where it can be called.

    Raises `ValueError` with a sentence that says what is wrong; it never repeats a password.
    """
    if any(ord(character) <= 32 or ord(character) == 127 for character in written):
        msg = "A URL has no spaces or control characters in it. Write a space as %20."
        raise ValueError(msg)
    try:
        parts = urlsplit(written)
        port = parts.port
    except ValueError:
        msg = "That is not a URL. Write one like https://example.org/health."
        raise ValueError(msg) from None
    if parts.username is not None or parts.password is not None:
        msg = "Leave the user and the password out of the URL."
        raise ValueError(msg)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        msg = f"`{written}` is not a web address. Write one like https://example.org/health."
        raise ValueError(msg)
    if port == 0:
        msg = "Port 0 cannot be called. Write a port from 1 to 65535."
        raise ValueError(msg)
    return written


def host_of(url: str) -> str:
    """Give the host alone, for sentences: a path or a query may hold a secret."""
    try:
        return urlsplit(url).hostname or "that address"
    except ValueError:
        return "that address"


def split_host_port(written: str) -> tuple[str, int]:
    """Read `host:port` or `[v6]:port`.

    Raises `ValueError` with a sentence that says the form.
    """
    host, colon, port = written.rpartition(":")
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    plain = bool(bare) and not any(c.isspace() or c in "/@[]" for c in bare)
    if not colon or not plain or (":" in bare) != (bare != host):
        msg = f"`{written}` is not an address. Write host:port, like db.example.org:5432."
        raise ValueError(msg)
    if not (port.isascii() and port.isdigit()) or not 0 < int(port) < 65536:
        msg = f"`{port}` is not a port. Write a number from 1 to 65535."
        raise ValueError(msg)
    return bare, int(port)


def host_and_port(written: str, port: int) -> tuple[str, int]:
    """Read `host`, an address, `host:port` or `[v6]:port`; `port` is meant where none is written.

    Raises `ValueError` with a sentence that says the form.
    """
    bare = written[1:-1] if written.startswith("[") and written.endswith("]") else written
    if ":" not in written or is_address(bare):
        return split_host_port(f"[{bare}]:{port}" if ":" in bare else f"{bare}:{port}")
    return split_host_port(written)


def is_address(text: str) -> bool:
    """Whether this is an IP address, of either family."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
