"""The door for vantage points: joining once, then exchanging, each over their one connection."""

import msgspec
from anyio import to_thread
from litestar.types import HTTPScope, Receive, Scope, Send

from relight.desk.vantage import VantagePoints
from relight.detect.vantage import Handed, Joining
from relight.kernel.faults import Denied, RelightError
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
        if scope["type"] != "http":
            return
        try:
            answer = await self._answered(scope, receive)
        except msgspec.DecodeError:
            answer = self._refused(400, "That is not what a vantage point says.")
        except Denied as error:
            answer = self._refused(403, f"{error} {error.hint}".strip())
        except RelightError as error:
            answer = self._refused(503, str(error))
        await answer.send(scope, send)

    async def _answered(self, scope: HTTPScope, receive: Receive) -> Answer:
        if scope["method"] != "POST":
            return self._refused(405, "Vantage points post.")
        body = await _body(receive)
        if body is None:
            return self._refused(413, f"That is more than {LARGEST >> 20} MB at once.")
        if scope["path"] == "/vantage/join":
            token = self._joining.decode(body).token
            return self._ok(await to_thread.run_sync(self._points.join, token))
        if scope["path"] == "/vantage/exchange":
            name = await to_thread.run_sync(self._points.who, _key(scope))
            return self._ok(await self._points.exchange(name, self._handed.decode(body)))
        return self._refused(404, "There is nothing here.")

    def _ok(self, value: msgspec.Struct) -> Answer:
        return Answer(200, self._headers, msgspec.json.encode(value))

    def _refused(self, status: int, sentence: str) -> Answer:
        return Answer(status, self._headers, msgspec.json.encode({"error": sentence}))


def _key(scope: HTTPScope) -> str:
    given = dict(scope["headers"]).get(b"authorization", b"").decode("latin-1")
    scheme, _, key = given.partition(" ")
    return key.strip() if scheme.lower() == "bearer" else ""


async def _body(receive: Receive) -> bytes | None:
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return b""
        body += message.get("body", b"")
        if len(body) > LARGEST:
            return None
        if not message.get("more_body", False):
            return bytes(body)
