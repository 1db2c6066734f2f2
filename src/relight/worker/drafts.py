"""Writes the postmortem draft into the kit folder when an incident has been resolved."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import msgspec

from relight.desk.desk import Desk
from relight.incident import commands as cmd
from relight.incident.state import Incident
from relight.kernel.actor import rule
from relight.kernel.ledger import Claim, Due
from relight.learn.postmortem import draft, free_path
from relight.learn.react import DraftPostmortem
from relight.store.files import write_whole

_SCRIBE = rule("postmortem")


class Postmortems:
    """Writes the draft into the kit folder, once, and never over what a person wrote."""

    def __init__(self, *, desk: Desk, due: Due) -> None:
        """Take the desk, whose kit names the folder."""
        self._desk = desk
        self._due = due

    async def draft(self, claim: Claim) -> None:
        """Draft one. Where there is one from before a reopening, note what it does not tell."""
        task = msgspec.json.decode(claim.payload, type=DraftPostmortem)
        incident = await asyncio.to_thread(self._desk.incidents.read, task.incident)
        if incident is not None and not incident.postmortem:
            await asyncio.to_thread(self._write, incident, claim)
        elif incident is not None and incident.reopened_at and incident.resolved_at:
            await asyncio.to_thread(self._say_it_is_older, incident, claim)
        else:
            await asyncio.to_thread(self._due.complete, claim)

    def _write(self, incident: Incident, claim: Claim) -> None:
        desk, folder = self._desk, self._desk.kit.folder
        made = draft(incident, desk.timeline(incident), desk.catalog, desk.clock.now())
        path = self._ours(folder, incident) or free_path(
            made.path, _taken(folder, made.path), number=incident.number
        )
        target = folder / path
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            write_whole(target, made.text.encode())
        desk.run(
            incident.id,
            cmd.RecordPostmortem(path=path),
            _SCRIBE,
            f"postmortem:{incident.id}",
            completes=claim,
        )

    def _say_it_is_older(self, incident: Incident, claim: Claim) -> None:
        reopened_at = incident.reopened_at or incident.declared_at
        text = (
            f"{incident.postmortem} was drafted before the incident was reopened at "
            f"{reopened_at:%H:%M} UTC. It does not tell of what came after."
        )
        self._desk.run(
            incident.id,
            cmd.AddNote(text=text),
            _SCRIBE,
            f"postmortem:{incident.id}:{reopened_at.isoformat()}",
            completes=claim,
        )

    @staticmethod
    def _ours(folder: Path, incident: Incident) -> str | None:
        """Find a draft that was written just before a crash kept it off the record."""
        for path in sorted((folder / "postmortems").glob("*.md")):
            if not path.is_file():
                continue
            head = path.read_text(encoding="utf-8", errors="replace").partition("\n---\n")[0]
            if f"incident: {incident.id}" in head.splitlines():
                return str(path.relative_to(folder))
        return None


def _taken(folder: Path, path: str) -> Sequence[str]:
    parent = folder / Path(path).parent
    return [str(each.relative_to(folder)) for each in parent.glob("*")] if parent.is_dir() else []
