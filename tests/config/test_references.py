"""The address of a hook is often its secret, so it may be named instead of written."""

from collections.abc import Callable
from pathlib import Path

from relight.config.read import Reading
from relight.kernel.plug import Plugged

Read = Callable[..., Reading]

KIT = """\
name: x
people:
  - name: sam
    contacts: [{webhook: env:HOOK}]
"""


def test_a_hook_may_be_named_by_reference(read: Read):
    catalog = read(KIT, environment={"HOOK": "https://hooks.example.org/s3cret"}).catalog
    assert catalog is not None
    assert catalog.people[0].contacts == (Plugged("webhook", {"url": "env:HOOK"}),)
    assert catalog.people[0].contacts[0].label() == "webhook env:HOOK"


def test_what_it_names_is_looked_at_and_never_shown(read: Read):
    reading = read(KIT, environment={"HOOK": "ftp://hooks.example.org/s3cret"})
    assert reading.catalog is None
    said = " ".join(str(fault) for fault in reading.faults)
    assert "relight.yaml:4:" in said
    assert "s3cret" not in said


def test_a_reference_that_cannot_be_read_yet_is_a_warning(read: Read, tmp_path: Path):
    reading = read(KIT, environment={})
    assert reading.catalog is not None
    assert any("env:HOOK" in str(fault) for fault in reading.faults)
