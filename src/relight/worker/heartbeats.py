"""Looks for silence: what a heartbeat's timer does when it goes off."""

import asyncio

import msgspec

from relight.desk.heartbeats import Heartbeats
from relight.kernel.ledger import Claim, Due
from relight.store.heartbeats import HeartbeatDue


class Silence:
    """Judges heartbeats whose time has come."""

    def __init__(self, *, heartbeats: Heartbeats, due: Due) -> None:
        """Take the parts."""
        self._heartbeats = heartbeats
        self._due = due

    async def look(self, claim: Claim) -> None:
        """Put a heartbeat down that has been silent for too long, or come back when it may be."""
        name = msgspec.json.decode(claim.payload, type=HeartbeatDue).name
        if not await asyncio.to_thread(self._heartbeats.expire, claim, name):
            await asyncio.to_thread(self._due.complete, claim)
