"""The roots that may vouch for a server: the machine's own, where Python too looks for them."""

import os
import ssl
from functools import cache
from pathlib import Path

from relight.egress.curl import Roots
from relight.kernel.plug import Transient


@cache
def machine_roots() -> Roots:
    """Find them: those of SSL_CERT_FILE and SSL_CERT_DIR, else the system's.

    A folder of roots named by their hash, as Debian, Alpine and Arch keep it, makes a check ten
    times cheaper than the one file that holds them all. Raises `Transient` where there are none.
    """
    known = ssl.get_default_verify_paths()
    hashed = sorted(Path(known.capath).glob("????????.0")) if known.capath else []
    if hashed and not os.environ.get("SSL_CERT_FILE"):
        # libcurl wants a file besides, and reads it for each connection: one root is enough.
        return Roots(str(hashed[0]), str(known.capath))
    if known.cafile:
        return Roots(known.cafile)
    msg = "This machine has no root certificates. Install its package ca-certificates."
    raise Transient(msg)
