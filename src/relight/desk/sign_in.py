"""What the worker is asked to do when someone wants to sign in."""

import msgspec

SIGN_IN = "signin.deliver"


class DeliverSignIn(msgspec.Struct, frozen=True):
    """Send a person a link to sign in with."""

    person: str
