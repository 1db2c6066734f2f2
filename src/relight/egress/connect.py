"""Opens TCP connections: the one place where an address is dialled, and so judged last."""

import asyncio
import os
import socket
import ssl
from collections.abc import Sequence
from functools import cache

from relight.egress.policy import Egress, NotAllowed, refusal
from relight.kernel.plug import NoAnswer

_MOST_ADDRESSES = 4


@cache
def verified_tls() -> ssl.SSLContext:
    """Give the one context that checks certificates; making it reads all roots and takes 20 ms.

    The roots are the machine's, or those of SSL_CERT_FILE and SSL_CERT_DIR.
    """
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    return context


async def open_socket(
    addresses: Sequence[str], port: int, *, egress: Egress, timeout_s: float
) -> tuple[socket.socket, str]:
    """Connect to the first address that takes the connection; give the socket and that address.

    The time is shared: an address that is silent leaves enough for those after it. Raises
    `NotAllowed` for an address that the policy refuses, `NoAnswer` where none takes it.
    """
    loop = asyncio.get_running_loop()
    ends = loop.time() + timeout_s
    tried = addresses[:_MOST_ADDRESSES]
    failure = "it has no address"
    for index, address in enumerate(tried):
        reason = refusal(address, egress)
        if reason:
            msg = f"{address} {reason}; Relight does not call it."
            raise NotAllowed(msg)
        share_s = max(0.0, ends - loop.time()) / (len(tried) - index)
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        connection = socket.socket(family, socket.SOCK_STREAM)
        try:
            connection.setblocking(False)
            async with asyncio.timeout(share_s):
                await loop.sock_connect(connection, (address, port))
        except TimeoutError:
            connection.close()
            failure = f"{address} port {port} did not answer within {share_s:.3g} s"
        except OSError as error:
            connection.close()
            failure = f"{address} port {port}: {said(error)}"
        except BaseException:
            connection.close()
            raise
        else:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return connection, address
    msg = f"No connection: {failure}."
    raise NoAnswer(msg)


def said(error: Exception) -> str:
    """Say a network error in a few words that hold nothing of the request."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate is not valid ({error.verify_message.rstrip('.')})"
    if isinstance(error, ssl.SSLError):
        return f"TLS failed ({(error.reason or 'no reason given').replace('_', ' ').lower()})"
    if isinstance(error, ConnectionResetError):
        return "the connection was reset"
    if isinstance(error, OSError) and error.errno:
        return os.strerror(error.errno).lower()
    return "the connection was lost"
