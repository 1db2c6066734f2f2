"""Asks again for what was read before only if it changed, and keeps it meanwhile."""

import zlib
from collections import OrderedDict
from http import HTTPStatus

import msgspec

from relight.kernel.ports import Http, HttpAnswer, HttpRequest

_MOST_KEPT = 16 << 20
_LONGEST_KEPT = 4 << 20


class _Kept(msgspec.Struct, frozen=True, kw_only=True):
    answer: HttpAnswer
    packed: bytes
    headers: dict[str, str]


class ConditionalHttp:
    """Another `Http` that keeps bodies by address, compressed, and asks with the server's marks.

    The marks are `ETag` and `Last-Modified`. At most 16 MB are kept; the oldest go first.
    """

    def __init__(self, http: Http) -> None:
        """Send through another."""
        self._http = http
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._size = 0

    async def request(self, request: HttpRequest) -> HttpAnswer:
        """Send it; an unchanged answer is the one from before, as a 200."""
        known = self._kept.get(request.url) if request.method == "GET" else None
        if known is not None:
            headers = {**request.headers, **known.headers}
            request = msgspec.structs.replace(request, headers=headers)
        answer = await self._http.request(request)
        if known is not None and answer.status == HTTPStatus.NOT_MODIFIED:
            return msgspec.structs.replace(
                known.answer,
                body=zlib.decompress(known.packed),
                took_s=answer.took_s,
                phases=answer.phases,
            )
        if request.method == "GET":
            self._keep(request.url, answer)
        return answer

    def _keep(self, url: str, answer: HttpAnswer) -> None:
        known = self._kept.pop(url, None)
        self._size -= len(known.packed) if known else 0
        marks = {
            "If-None-Match": answer.headers.get("etag", ""),
            "If-Modified-Since": answer.headers.get("last-modified", ""),
        }
        headers = {name: value for name, value in marks.items() if value}
        if (
            not headers
            or answer.status != HTTPStatus.OK
            or answer.cut
            or len(answer.body) > _LONGEST_KEPT
        ):
            return
        packed = zlib.compress(answer.body, 1)
        bare = msgspec.structs.replace(answer, body=b"")
        self._kept[url] = _Kept(answer=bare, packed=packed, headers=headers)
        self._size += len(packed)
        while self._size > _MOST_KEPT:
            _, oldest = self._kept.popitem(last=False)
            self._size -= len(oldest.packed)
