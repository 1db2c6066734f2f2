"""Takes OTLP metrics in: from the agent of a host, and from any program that pushes them.

`POST /v1/metrics`, protobuf or JSON, perhaps gzipped, with the source's key as a bearer token. An
answer of 200 means that it is on disk; what found no room is told as a partial success.
"""

import gzip
import io
import zlib
from collections.abc import Mapping

import msgspec
from anyio import to_thread
from litestar.enums import ScopeType
from litestar.types import HTTPScope, Receive, Scope, Send

from relight.catalog.metric import Host, MetricSource
from relight.desk.metrics import Metrics, Pushed
from relight.detect.metrics.otlp import NotOtlp, Otlp, Taken
from relight.detect.metrics.page import kept
from relight.kernel.clock import Clock
from relight.kernel.faults import RelightError
from relight.web.body import BodyTooLarge, BodyTooSlow, bearer, read_body
from relight.web.group_commit import GroupCommit
from relight.web.headers import Headers
from relight.web.memory import Answer

LARGEST = 4 << 20
_JSON = b"application/json"
_PROTOBUF = b"application/x-protobuf"
_LARGEST_UNPACKED = 16 << 20


class _Refused(Exception):
    """What is answered instead; `status` is HTTP's."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class MetricsIn:
    """The door for what is pushed. `close` writes what still waits."""

    def __init__(self, metrics: Metrics, clock: Clock, headers: Headers) -> None:
        """Take the desk's part, the clock, and the headers of every answer."""
        self._metrics = metrics
        self._clock = clock
        self._headers = [*headers, (b"cache-control", b"no-store")]
        self._otlp = Otlp()
        self._group = GroupCommit(metrics.take, name="metrics", largest=64, most=2000)

    async def close(self) -> None:
        """Write what still waits."""
        await self._group.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != ScopeType.HTTP:
            return
        given = dict(scope["headers"]).get(b"content-type", b"").partition(b";")[0].strip()
        kind = _JSON if given == _JSON else _PROTOBUF
        try:
            answer = await self._taken(scope, receive, kind)
        except _Refused as refusal:
            answer = self._answer(refusal.status, _status(str(refusal), kind), kind)
        except BodyTooLarge as error:
            answer = self._answer(413, _status(str(error), kind), kind)
        except BodyTooSlow as error:
            answer = self._answer(408, _status(str(error), kind), kind)
        except RelightError as error:
            answer = self._answer(503, _status(str(error), kind), kind)
        await answer.send(scope, send)

    async def _taken(self, scope: HTTPScope, receive: Receive, kind: bytes) -> Answer:
        if scope["path"] != "/v1/metrics":
            raise _Refused(404, "Only metrics are taken here, at /v1/metrics.")
        if scope["method"] != "POST":
            raise _Refused(405, "Metrics are posted.")
        headers = dict(scope["headers"])
        source = self._metrics.who(bearer(scope))
        if source is None:
            raise _Refused(401, "This key belongs to no host and no source of metrics.")
        raw = await read_body(scope, receive, LARGEST)
        taken = await to_thread.run_sync(self._read, raw, headers, source, kind)
        keep = source.keep if isinstance(source, MetricSource) else ()
        readings = tuple(each for each in taken.readings if kept(each.name, keep))
        left_out = await self._group.put(Pushed(source.name, readings))
        why = taken.why or ("no room for more series" if left_out else "")
        return self._answer(200, _success(taken.refused + left_out, why, kind), kind)

    def _read(
        self, raw: bytes, headers: Mapping[bytes, bytes], source: Host | MetricSource, kind: bytes
    ) -> Taken:
        body = _unpacked(raw, headers.get(b"content-encoding", b""))
        own = {"host": source.name} if isinstance(source, Host) else {}
        try:
            return self._otlp.read(
                body, is_json=kind == _JSON, sender=source.name, labels=own, now=self._clock.now()
            )
        except NotOtlp as error:
            raise _Refused(400, str(error)) from error

    def _answer(self, status: int, body: bytes, kind: bytes) -> Answer:
        return Answer(status, [*self._headers, (b"content-type", kind)], body)


def _unpacked(raw: bytes, encoding: bytes) -> bytes:
    if encoding in {b"", b"identity"}:
        return raw
    if encoding != b"gzip":
        raise _Refused(415, "Only gzip is unpacked.")
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(raw)) as file:
            body = file.read(_LARGEST_UNPACKED + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise _Refused(400, "That is not gzip.") from error
    if len(body) > _LARGEST_UNPACKED:
        raise _Refused(413, f"Unpacked that is more than {_LARGEST_UNPACKED >> 20} MB.")
    return body


def _success(refused: int, why: str, kind: bytes) -> bytes:
    """Write an ExportMetricsServiceResponse; an empty one is a whole success."""
    if kind == _JSON:
        partial = {"rejectedDataPoints": str(refused), "errorMessage": why}
        return msgspec.json.encode({"partialSuccess": partial} if refused else {})
    from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
        ExportMetricsServiceResponse,
    )

    response = ExportMetricsServiceResponse()
    if refused:
        response.partial_success.rejected_data_points = refused
        response.partial_success.error_message = why
    written: bytes = response.SerializeToString()
    return written


def _status(sentence: str, kind: bytes) -> bytes:
    """Write a google.rpc.Status, as OTLP asks for: field 2 is the message."""
    if kind == _JSON:
        return msgspec.json.encode({"message": sentence})
    text = sentence.encode()[:120]
    return b"\x12" + bytes([len(text)]) + text
