"""Serves files from memory as raw ASGI: the public page and the static files of the pages.

Nothing is decided per request but which prepared answer to give, so that a public page under load
costs as little as it can. There is no cache in time: answers are replaced as a whole when the
files change, and a browser asks each time whether it still has the newest (`no-cache`).
"""

import gzip
import hashlib
import mimetypes
import re
from collections.abc import Iterable, Mapping
from http import HTTPStatus

from litestar.types import HTTPScope, Message, Receive, Send

from relight.web.headers import Headers

_SMALLEST_GAIN = 64
_ALSO_WHEN_KNOWN = {b"access-control-allow-origin"}
_REFUSES_GZIP = re.compile(rb"gzip\s*;\s*q=0(\.0*)?\s*(,|$)")
_TYPES = {
    ".atom": "application/atom+xml; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
}


class Answer:
    """One prepared answer: the two ASGI messages to send, the second also without a body.

    `head` is the first as it goes over the wire, all but the empty line at its end.
    """

    __slots__ = ("body", "content", "empty", "head", "start")

    def __init__(self, status: int, headers: Headers, content: bytes) -> None:
        """Prepare it; a 304 has no length."""
        if status not in {204, 304}:
            headers = [*headers, (b"content-length", b"%d" % len(content))]
        line = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n".encode()
        self.head = line + b"".join(b"%b: %b\r\n" % each for each in headers)
        self.content = content
        self.start: Message = {"type": "http.response.start", "status": status, "headers": headers}
        self.body: Message = {"type": "http.response.body", "body": content, "more_body": False}
        self.empty: Message = {"type": "http.response.body", "body": b"", "more_body": False}

    async def send(self, scope: HTTPScope, send: Send) -> None:
        """Give it; HEAD gets the same headers alone."""
        await send(self.start)
        await send(self.empty if scope["method"] == "HEAD" else self.body)


class Prepared:
    """One file: plain and gzipped, each with the answer for who has it already."""

    __slots__ = (
        "content",
        "plain",
        "plain_known",
        "plain_tag",
        "zipped",
        "zipped_known",
        "zipped_tag",
    )

    def __init__(self, path: str, content: bytes, headers: Headers, *, keep: bytes) -> None:
        """Prepare all answers; `keep` is how long a browser may.

        The tag follows from the content alone, so it outlives a restart.
        """
        self.content = content
        digest = hashlib.sha256(content).hexdigest()[:24]
        self.plain_tag = f'"{digest}"'.encode()
        self.zipped_tag = f'"{digest}-gz"'.encode()
        lasting = [(b"cache-control", keep), (b"vary", b"accept-encoding")]
        # What a reader has already keeps the headers it came with (RFC 9110, 15.4.5).
        known = [*(each for each in headers if each[0] in _ALSO_WHEN_KNOWN), *lasting]
        common = [*headers, (b"content-type", content_type(path).encode()), *lasting]
        tag = (b"etag", self.plain_tag)
        self.plain = Answer(200, [*common, tag], content)
        self.plain_known = Answer(304, [*known, tag], b"")
        self.zipped, self.zipped_known = self.plain, self.plain_known
        small = gzip.compress(content, 6, mtime=0)
        if len(small) + _SMALLEST_GAIN >= len(content):
            self.zipped_tag = self.plain_tag
            return
        tag = (b"etag", self.zipped_tag)
        self.zipped = Answer(200, [*common, tag, (b"content-encoding", b"gzip")], small)
        self.zipped_known = Answer(304, [*known, tag], b"")


def content_type(path: str) -> str:
    """Give a file's type by the end of its name."""
    end = path[path.rfind(".") :]
    return _TYPES.get(end) or mimetypes.guess_type(path)[0] or "application/octet-stream"


class FilesInMemory:
    """All files of one place by path. Many requests read while they are replaced as a whole."""

    def __init__(
        self, headers: Headers, *, missing: bytes, prefix: str, keep: bytes = b"no-cache"
    ) -> None:
        """Take the headers of every answer, the page for a missing path, and the place.

        `keep` is the `Cache-Control` of what is there.
        """
        self._keep = keep
        self._headers = headers
        self._prefix = len(prefix)
        self._files: Mapping[str, Prepared] = {}
        self.served = 0
        html = (b"content-type", b"text/html; charset=utf-8")
        self._missing = Answer(404, [*headers, html, (b"cache-control", b"no-cache")], missing)
        text = (b"content-type", b"text/plain; charset=utf-8")
        self._not_here = Answer(
            405, [*headers, text, (b"allow", b"GET, HEAD")], b"This can only be read.\n"
        )
        self._not_yet = Answer(
            503,
            [*headers, text, (b"retry-after", b"2"), (b"cache-control", b"no-store")],
            b"This page is not ready yet. Try again in a moment.\n",
        )

    @property
    def ready(self) -> bool:
        """Whether there is anything to serve."""
        return bool(self._files)

    def replace(self, files: Mapping[str, bytes]) -> bool:
        """Serve these files from now on; True when anything differs from before.

        May run in any thread. What stayed the same keeps its prepared answers.
        """
        before = self._files
        after: dict[str, Prepared] = {}
        for path, content in files.items():
            known = before.get(path)
            same = known is not None and known.content == content
            after[path] = known if known and same else self._prepare(path, content)
        self._files = after
        return any(before.get(path) is not each for path, each in after.items()) or len(
            before
        ) != len(after)

    def _prepare(self, path: str, content: bytes) -> Prepared:
        if path.startswith("api/"):
            open_to_all = [*self._headers, (b"access-control-allow-origin", b"*")]
            return Prepared(path, content, open_to_all, keep=self._keep)
        return Prepared(path, content, self._headers, keep=self._keep)

    async def __call__(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["method"] not in {"GET", "HEAD"}:
            await self._not_here.send(scope, send)
            return
        await self.pick(scope["path"], scope["headers"]).send(scope, send)

    def pick(self, path: str, headers: Iterable[tuple[bytes, bytes]]) -> Answer:
        """Choose the answer to a GET or HEAD by path and headers, whose names are lower-case."""
        self.served += 1
        found = self._files.get(path[self._prefix :] or "index.html")
        if found is None:
            return self._missing if self._files else self._not_yet
        known = b""
        zipped = False
        for name, value in headers:
            if name == b"accept-encoding":
                zipped = b"gzip" in value and not _REFUSES_GZIP.search(value)
            elif name == b"if-none-match":
                known = value
        if known:
            if found.zipped_tag in known:
                return found.zipped_known
            if found.plain_tag in known or known == b"*":
                return found.plain_known
        return found.zipped if zipped else found.plain
