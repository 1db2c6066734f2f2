"""The close gate: what must be true, with figures, before an incident may be called resolved."""

import msgspec


class GateItem(msgspec.Struct, frozen=True):
    """One criterion with its answer and the sentence that shows the figures."""

    name: str
    ok: bool
    sentence: str


class Gate(msgspec.Struct, frozen=True):
    """All criteria as they stood at one moment."""

    items: tuple[GateItem, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether there is evidence and nothing of it speaks against closing."""
        return bool(self.items) and all(item.ok for item in self.items)

    @property
    def failing(self) -> tuple[GateItem, ...]:
        """What still speaks against it."""
        return tuple(item for item in self.items if not item.ok)
