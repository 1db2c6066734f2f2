"""JMESPath (jmespath.org) as the formats use it: expressions of the kit, on what senders sent."""

from collections.abc import Iterable
from typing import cast

import jmespath
from jmespath.exceptions import JMESPathError

from relight.detect.handed import NotReadable
from relight.detect.intake._reading import cut, details
from relight.kernel.plug import Plug

_LONGEST_TEXT = 4000


def must_be_expressions(plug: Plug, names: Iterable[str]) -> None:
    """Refuse settings that are no JMESPath expressions. Raises `ValueError`."""
    for name in names:
        written = cast("str", getattr(plug, name))
        try:
            if written:
                jmespath.compile(written)
        except JMESPathError as error:
            first = str(error).splitlines()[0]
            msg = f"`{name}` is no JMESPath expression: {first}"
            raise ValueError(msg) from None


def search(written: str, value: object) -> object:
    """Find what an expression names. Raises `NotReadable` where it does not fit."""
    try:
        found: object = jmespath.search(written, value)
    except (JMESPathError, RecursionError, TypeError, ValueError):
        msg = f"The expression `{written}` does not fit what was sent."
        raise NotReadable(msg) from None
    return found


def found_text(written: str, value: object) -> str:
    """Find a text, in bounds; what is none is written as JSON. Empty for nothing."""
    found = search(written, value) if written else None
    if found is None:
        return ""
    if isinstance(found, str):
        return cut(found, _LONGEST_TEXT)
    return "".join(text for _, text in details([found])[:1])[1:-1]
