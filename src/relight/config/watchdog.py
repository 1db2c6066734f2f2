"""The watchdog: an address outside that is pinged while Relight is well."""

from relight.catalog.watchdog import Watchdog
from relight.config import forms
from relight.config.forms import Form, Nothing, duration
from relight.config.notes import Notes
from relight.config.section import Key, Section, build, made_of
from relight.config.tree import Node, Scalar
from relight.kernel.secret import is_reference


def _read_url(node: Node, notes: Notes, key: str) -> str | Nothing:
    if isinstance(node, Scalar) and is_reference(node.text.strip()):
        return forms.read_secret(node, notes, key)
    return forms.URL.read(node, notes, key)


WATCHDOG = Section(
    path="watchdog",
    noun="the watchdog",
    meaning="An address outside that is pinged while Relight is well. Its silence tells that "
    "Relight is gone: give it to a heartbeat of another Relight, or to Healthchecks.",
    shape=Watchdog,
    keys=(
        Key(
            name="url",
            form=Form("web address, or `env:NAME` or `file:PATH` that holds one", _read_url),
            required=True,
            meaning="What to ping, by GET.",
        ),
        Key(name="every", field="every_s", form=duration(least_s=5), meaning="How often."),
    ),
)

WATCHDOG_FORM = made_of(WATCHDOG, lambda found, _notes: build(Watchdog, found.values))
