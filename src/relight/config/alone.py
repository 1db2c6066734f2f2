"""One plug-in with settings from a command line, read as the same words in a kit would be."""

from collections.abc import Sequence
from pathlib import Path

from relight.config.forms import Nothing
from relight.config.kinds import Kinds, Seam
from relight.config.notes import Notes
from relight.config.plugs import declared, fields_of, plugged
from relight.config.tree import Node, NotYaml, Pairs, Scalar, grow
from relight.kernel.faults import Fault, Level, RelightError, did_you_mean
from relight.kernel.plug import Plugged


class SettingsFaulty(RelightError):
    """These settings cannot be used."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        """Take what is wrong; there is no file, so the lines say nothing."""
        wrong = [each for each in faults if each.level is Level.ERROR]
        super().__init__("\n".join(f"{each.what} {each.hint}".rstrip() for each in wrong))


def read_alone(
    kind: str, written: Sequence[tuple[str, str]], *, seam: Seam, kinds: Kinds, root: Path
) -> Plugged:
    """Read a kind with its settings, each a key and its value in YAML.

    A key of its own stands for `expect: {…}` as in a kit. Raises `UnknownKind`, `SettingsFaulty`.
    """
    fields = fields_of(seam.get(kind))
    notes = Notes("settings", kinds=kinds, root=root, environment=None)
    pairs: list[tuple[Scalar, Node]] = []
    for key, text in written:
        if key not in fields:
            notes.wrong(1, f"`{key}` is not a setting of `{kind}`.", did_you_mean(key, fields))
            continue
        try:
            value = grow(text, notes)
        except NotYaml as error:
            notes.wrong(1, f"`{key}`: {error.what}", error.hint)
            continue
        pairs.append((Scalar(1, key), value))
    found = declared(Pairs(1, ((Scalar(1, kind), Pairs(1, tuple(pairs))),)), seam, notes, _no_kind)
    read = found if isinstance(found, Nothing) else plugged(found, notes)
    if isinstance(read, Nothing) or notes.failed:
        raise SettingsFaulty(notes.faults())
    return read


def _no_kind(text: str) -> str | None:
    del text  # The kind is always named.
    return None
