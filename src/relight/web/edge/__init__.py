"""The door for customers' pages: the script they load, and what it reports.

A report is answered at once from memory and written within a second. Whatever comes, the answer is
the same: a page can tell neither whether its key is known nor whether it was counted.
"""

import asyncio
import os
import re
from functools import cache
from importlib.resources import files

import structlog
from anyio import to_thread
from litestar.enums import ScopeType
from litestar.types import HTTPScope, Receive, Scope, Send

from relight.catalog.catalog import Catalog
from relight.detect.edge.sums import BUCKET_S
from relight.detect.edge.tally import LARGEST, Drained, Tally, together
from relight.kernel.faults import RelightError
from relight.web.edge.report import Report, of_headers, visitor
from relight.web.headers import Headers
from relight.web.house import House
from relight.web.memory import Answer, FilesInMemory

log = structlog.get_logger("relight.web")

SCRIPT = "/edge.js"
REPORT = "/edge"
_WRITE_S = 0.5
_AGAIN_S = 2.0
_FORGET_S = 300.0
_PIXEL = bytes.fromhex(
    "47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b"
)
_COMMENT = re.compile(r"^\s*//.*$", re.MULTILINE)
_SPACE = re.compile(r"\s*([{}();,=?:<>&|+*/\-]|=>)\s*")


@cache
def script() -> bytes:
    """Give the script as it is served: without comments, and without space that means nothing."""
    source = (files("relight.web.edge") / "edge.js").read_text(encoding="utf-8")
    return _SPACE.sub(r"\1", _COMMENT.sub("", source)).strip().encode() + b"\n"


class EdgeDoor:
    """Takes reports in memory and writes them in batches; as an ASGI app, and for the short way."""

    def __init__(self, house: House) -> None:
        """Take the house; nothing runs before the first report."""
        self._house = house
        self.tally = Tally(os.urandom(16), left_out=house.edge.left_out)
        self._catalog: Catalog | None = None
        self._bucket = 0
        self._forget_at_s = 0.0
        self._owed: Drained | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._writing: asyncio.Task[None] | None = None
        headers: Headers = [(b"cache-control", b"no-store")]
        gif = (b"content-type", b"image/gif")
        self._taken = Answer(204, headers, b"")
        self._pixel = Answer(200, [*headers, gif], _PIXEL)
        self._only = Answer(405, [*headers, (b"allow", b"GET, POST")], b"")
        # A page elsewhere runs it, also one that asks to see where all it runs comes from.
        own: Headers = [
            (b"x-content-type-options", b"nosniff"),
            (b"access-control-allow-origin", b"*"),
            (b"cross-origin-resource-policy", b"cross-origin"),
        ]
        self.script = FilesInMemory(
            own, missing=b"", prefix="/", keep=b"public, max-age=3600, stale-if-error=604800"
        )
        self.script.replace({SCRIPT[1:]: script()})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer what does not come the short way."""
        if scope["type"] != ScopeType.HTTP:
            return
        answer = self._only
        if scope["method"] == "POST":
            text = await _body(receive)
            answer = self.report(of_headers(text, scope["headers"]), _peer(scope))
        elif scope["method"] in {"GET", "HEAD"}:
            self.report(of_headers(scope["query_string"], scope["headers"]), _peer(scope))
            answer = self._pixel
        await answer.send(scope, send)

    def report(self, report: Report, peer: str) -> Answer:
        """Take a report and give the answer to it."""
        if self._timer is None:
            self._begin()
        self.tally.take(report.text, visitor(peer, report.forwarded), report.origin)
        return self._taken

    def _begin(self) -> None:
        """Get ready to count, and see to it that what is counted is written soon."""
        catalog, loop = self._house.kit.catalog, asyncio.get_running_loop()
        if catalog is not self._catalog:
            self._catalog = catalog
            self.tally.declare(self._house.edge.reporters(catalog))
        if loop.time() >= self._forget_at_s:
            self._forget_at_s = loop.time() + _FORGET_S
            self.tally.forget(os.urandom(16))
        bucket = int(loop.time() // BUCKET_S)
        if bucket != self._bucket:
            self._bucket = bucket
            self.tally.turn()
        self._timer = loop.call_later(_WRITE_S, self._due)

    def _due(self) -> None:
        loop = asyncio.get_running_loop()
        if self._writing and not self._writing.done():
            self._timer = loop.call_later(_WRITE_S, self._due)
        else:
            self._writing = loop.create_task(self._write(), name="edge")

    async def _write(self) -> None:
        """Write what was counted; what cannot be written now is added to the next."""
        house = self._house
        # Whoever reports from now on sets the timer anew.
        self._timer = None
        drained = self.tally.drain()
        if self._owed:
            drained, self._owed = together(self._owed, drained), None
        if not drained.counts and not drained.reasons:
            return
        try:
            await to_thread.run_sync(house.edge.records.add, drained, house.clock.now())
        except RelightError as error:
            log.warning("edge.not_written", reason=house.masker.mask(str(error)))
            self._owed = together(drained, self._owed) if self._owed else drained
            if self._timer is None:
                self._timer = asyncio.get_running_loop().call_later(_AGAIN_S, self._due)

    async def close(self) -> None:
        """Write all that was answered."""
        if self._writing:
            await asyncio.gather(self._writing, return_exceptions=True)
        if self._timer:
            self._timer.cancel()
        await self._write()
        if self._timer:
            self._timer.cancel()


def _peer(scope: HTTPScope) -> str:
    client = scope["client"]
    return client[0] if client else ""


async def _body(receive: Receive) -> bytes:
    """Read a body; of one that is too large so much that it is seen to be."""
    body = b""
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return body
        if len(body) <= LARGEST:
            body += message["body"][: LARGEST + 1]
        if not message["more_body"]:
            return body
