"""The program that `apprise` runs for one message: an order on stdin, the outcome on stdout."""

import logging
import os
import resource
import sys
from importlib import import_module
from typing import Any

import msgspec

_MOST_MEMORY = 1 << 30


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What to send, and to which Apprise address; `mood` is Apprise's own word."""

    url: str
    title: str
    body: str
    mood: str


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """Names of the services that took it and that did not; both empty where none is meant."""

    taken: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()


def send(order: Order) -> Outcome:
    """Send to every service that the address names."""
    library: Any = import_module("apprise")
    # Its log lines hold addresses and keys.
    logging.getLogger("apprise").disabled = True
    services: Any = library.Apprise()
    services.add(order.url)
    taken: list[str] = []
    failed: list[str] = []
    for service in services:
        try:
            worked = service.notify(
                body=order.body, title=order.title, notify_type=order.mood, body_format="text"
            )
        except Exception:  # noqa: BLE001 - 170 services of others; whatever it is, it did not work
            worked = False
        (taken if worked else failed).append(str(service.service_name or "the service"))
    return Outcome(taken=tuple(taken), failed=tuple(failed))


def main() -> None:
    """Read one order, carry it out, and tell."""
    # A receiver that never ends its answer fills this process at most, and is killed in time.
    resource.setrlimit(resource.RLIMIT_AS, (_MOST_MEMORY, _MOST_MEMORY))
    order = msgspec.json.decode(sys.stdin.buffer.read(), type=Order)
    # Whatever a service prints must not be taken for the outcome.
    with os.fdopen(os.dup(1), "wb") as answer:
        os.dup2(2, 1)
        answer.write(msgspec.json.encode(send(order)))


if __name__ == "__main__":
    main()
