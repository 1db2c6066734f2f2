"""Everything that can be asked or can happen says in one sentence what it is."""

import inspect
from typing import get_args

import pytest

from relight.incident import commands, events, refusals
from relight.incident.commands import IncidentCommand
from relight.incident.events import IncidentEvent
from relight.kernel.faults import Refused


def _subclasses(module: object, base: type) -> set[type]:
    return {
        each
        for _, each in inspect.getmembers(module, inspect.isclass)
        if issubclass(each, base) and each is not base
    }


def _name(kind: type) -> str:
    return kind.__name__


ALL = {*get_args(IncidentCommand), *get_args(IncidentEvent), *_subclasses(refusals, Refused)}


@pytest.mark.parametrize(
    "kind", [pytest.param(kind, id=_name(kind)) for kind in sorted(ALL, key=_name)]
)
def test_says_what_it_is(kind: type):
    first = (kind.__doc__ or "").strip().splitlines()[0]

    assert first.endswith(".")
    assert not first.startswith(f"{kind.__name__}(")


def test_the_unions_name_every_class():
    assert set(get_args(IncidentCommand)) == _subclasses(commands, commands.Command)
    assert set(get_args(IncidentEvent)) >= _subclasses(events, events.Event)
