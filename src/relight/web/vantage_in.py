"""The door for vantage points: joining once, then exchanging, each over their one connection."""

import msgspec
from anyio import to_thread
from litestar.enums import ScopeType
from litestar.types import HTTPScope, Receive, Scope, Send

from relight.desk.vantage import VantagePoints
from relight.detect.vantage import Handed, Joining
from relight.kernel.faults import Denied, RelightError
from relight.web.body import BodyTooLarge, BodyTooSlow, bearer, read_body
from relight.web.headers import Headers
from relight.web.memory import Answer

LARGEST = 2 << 20


class VantageIn:
    """Answers `POST /vantage/join` and `POST /vantage/exchange`, in JSON."""

    def __init__(self, points: VantagePoints, headers: Headers) -> None:
        """Take the desk's part and the headers of every answer."""
        self._points = points
        kind = (b"content-type", b"application/json")
        self._headers = [*headers, kind, (b"cache-control", b"no-store")]
        self._joining = msgspec.json.Decoder(Joining)
        self._handed = msgspec.json.Decoder(Handed)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != ScopeType.HTTP:
            return
        try:
            answer = await self._answered(scope, receive)
        except msgspec.DecodeError:
            answer = self._refused(400, "That is not what a vantage point says.")
        except BodyTooLarge as error:
            answer = self._refused(413, str(error))
        except BodyTooSlow as error:
            answer = self._refused(408, str(error))
        except Denied as error:
            answer = self._refused(403, f"{error} {error.hint}".strip())
        except RelightError as error:
            answer = self._refused(503, str(error))
        await answer.send(scope, send)

    async def _answered(self, scope: HTTPScope, receive: Receive) -> Answer:
        if scope["method"] != "POST":
            return self._refused(405, "Vantage points post.")
        body = await read_body(scope, receive, LARGEST)
        if scope["path"] == "/vantage/join":
            token = self._joining.decode(body).token
            return self._ok(await to_thread.run_sync(self._points.join, token))
        if scope["path"] == "/vantage/exchange":
            name = await to_thread.run_sync(self._points.who, bearer(scope))
            return self._ok(await self._points.exchange(name, self._handed.decode(body)))
        return self._refused(404, "There is nothing here.")

    def _ok(self, value: msgspec.Struct) -> Answer:
        return Answer(200, self._headers, msgspec.json.encode(value))

    def _refused(self, status: int, sentence: str) -> Answer:
        return Answer(status, self._headers, msgspec.json.encode({"error": sentence}))
