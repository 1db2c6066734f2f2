"""What holds for a plug-in of any seam."""

import inspect
import types
from typing import Any, Union, get_args, get_origin, get_type_hints

import msgspec
import pytest

from relight.kernel.plug import Plug
from relight.kernel.registry import Registry, UnknownKind

MARKER = "hunter2-do-not-show"


def example(plug: type[Plug], **changed: object) -> Plug:
    """Build a kind from its example, through msgspec as the configuration does."""
    return msgspec.convert({**plug.EXAMPLE, **changed}, plug)


def takes_text(hint: object) -> bool:
    if get_origin(hint) in {Union, types.UnionType}:
        return any(takes_text(each) for each in get_args(hint))
    return hint is str


def check_plug(plug: type[Plug], base: type[Plug], verb: str) -> None:
    """Everything that can be said without running it."""
    made = example(plug)
    assert isinstance(made, base)
    assert msgspec.json.decode(msgspec.json.encode(made), type=plug) == made
    assert msgspec.convert(msgspec.to_builtins(made), plug) == made
    check_manual(plug)
    first = plug.__struct_fields__[0]
    assert first in plug.EXAMPLE, "a bare scalar sets the first field, so it has to matter"
    assert takes_text(get_type_hints(plug)[first])
    assert msgspec.convert({first: plug.EXAMPLE[first]}, plug), "the first field alone is enough"
    with pytest.raises(msgspec.ValidationError, match="unknown field"):
        example(plug, no_such_key=1)
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({}, plug)
    assert getattr(plug, verb) is not getattr(base, verb)
    assert inspect.iscoroutinefunction(getattr(plug, verb))
    with pytest.raises(AttributeError):
        setattr(made, first, "changed")


def check_manual(plug: type[Plug]) -> None:
    manual = inspect.cleandoc(plug.__dict__.get("__doc__") or "")
    summary, _, rest = manual.partition("\n\n")
    assert summary.endswith(".")
    assert len(rest.split()) >= 20, "the docstring is the manual page"


def check_secrets_hidden(plug: type[Plug]) -> Plug:
    """Fill every secret with a marker and look for it where people could see it."""
    assert set(plug.__struct_fields__) >= plug.SECRETS
    made = example(plug, **dict.fromkeys(plug.SECRETS, MARKER))
    shown = [repr(made), str(made), f"{made!r:>1}", str([made]), str(made.__rich_repr__())]
    assert not any(MARKER in each for each in shown)
    return made


def check_unknown_kind(registry: Registry[Any]) -> None:
    kinds = registry.kinds()
    with pytest.raises(UnknownKind) as caught:
        registry.get(kinds[0] + "x")
    assert kinds[0] in caught.value.hint
