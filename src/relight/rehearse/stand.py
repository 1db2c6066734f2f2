"""Everything around Relight in a rehearsal: an origin, the edge before it, mail and a webhook."""

import contextlib
import secrets
from collections.abc import AsyncGenerator
from pathlib import Path

import msgspec

from relight.kernel.clock import Clock
from relight.rehearse import kit
from relight.rehearse.fault_proxy import FaultProxy, fault_proxy
from relight.rehearse.hook_sink import HookSink, hook_sink
from relight.rehearse.mail_sink import MailSink, mail_sink
from relight.rehearse.origin import origin


class Stand(msgspec.Struct, frozen=True, kw_only=True):
    """The parts, open, and what a kit needs to know of them."""

    edge: FaultProxy
    origin: str
    mail: MailSink
    mail_server: str
    hook: HookSink
    hook_url: str
    hook_key: str

    def write_kit(self, folder: Path, *, relight: str, pace: kit.Pace) -> None:
        """Write a kit into a folder; `relight` is the address its pages will have."""
        addresses = kit.Addresses(
            edge=self.edge.url,
            origin=self.origin,
            mail=self.mail_server,
            hook=self.hook_url,
            relight=relight,
        )
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "relight.yaml").write_text(kit.write_kit(addresses, pace), encoding="utf-8")
        key = folder / kit.HOOK_KEY_FILE
        key.touch(mode=0o600)
        key.write_text(f"{self.hook_key}\n", encoding="utf-8")


@contextlib.asynccontextmanager
async def stand(clock: Clock) -> AsyncGenerator[Stand]:
    """Open all parts on loopback for as long as the block lasts."""
    hook_key = secrets.token_hex(16)
    async with (
        origin() as behind,
        fault_proxy(behind.port) as edge,
        mail_sink(clock) as mail,
        hook_sink(clock, hook_key) as hook,
    ):
        yield Stand(
            edge=edge,
            origin=behind.url,
            mail=mail.sink,
            mail_server=mail.server,
            hook=hook.sink,
            hook_url=hook.url,
            hook_key=hook_key,
        )
