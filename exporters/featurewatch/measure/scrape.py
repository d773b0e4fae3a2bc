"""The answer to one scrape, independent of the server that carries it."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Protocol

from featurewatch.measure.bridge import WithoutNative, as_protobuf
from featurewatch.measure.exposition import CONTENT_TYPES, END, TextExposition
from featurewatch.measure.negotiation import wanted_format, wants_gzip
from featurewatch.measure.protobuf_exposition import CONTENT_TYPE as PROTOBUF_TYPE
from featurewatch.measure.protobuf_exposition import ProtobufExposition
from featurewatch.measure.registry import Registry

WORTH_COMPRESSING = 1024
"""Bytes below which gzip costs more than it saves."""


class OtherRegistry(Protocol):
    """A `prometheus_client` registry: anything with its `collect()`."""

    def collect(self) -> Any: ...


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP response without its carrier."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


class Scrapes:
    """Answers scrapes of one registry, and of a prometheus_client registry beside it if `also` names one.

    ImportError when `also` is given and prometheus_client is not installed.
    """

    def __init__(self, registry: Registry, also: OtherRegistry | None = None) -> None:
        self._text = TextExposition(registry, "text")
        self._openmetrics = TextExposition(registry, "openmetrics")
        self._protobuf = ProtobufExposition(registry)
        self._also_protobuf = self._also_text = self._also_openmetrics = _nothing
        if also is not None:
            self._also_protobuf = lambda: as_protobuf(also.collect())
            self._also_text = _writer("prometheus_client.exposition", also)
            self._also_openmetrics = _writer("prometheus_client.openmetrics.exposition", also)

    def answer(self, method: str, accept: str = "", accept_encoding: str = "") -> Answer:
        """What to send for a request with this method and these headers (empty when absent)."""
        if method not in ("GET", "HEAD"):
            return Answer(405, (("Allow", "GET, HEAD"), *_plain(b"only GET and HEAD\n")), b"only GET and HEAD\n")
        format_ = wanted_format(accept)
        if format_ == "protobuf":
            body = self._protobuf.render() + self._also_protobuf()
        elif format_ == "openmetrics":
            body = self._openmetrics.render().encode() + (self._also_openmetrics() or END.encode())
        else:
            body = self._text.render().encode() + self._also_text()
        headers = [("Content-Type", CONTENT_TYPES.get(format_, PROTOBUF_TYPE)), ("Vary", "Accept, Accept-Encoding")]
        if len(body) >= WORTH_COMPRESSING and wants_gzip(accept_encoding):
            body = gzip.compress(body, compresslevel=1, mtime=0)
            headers.append(("Content-Encoding", "gzip"))
        headers.append(("Content-Length", str(len(body))))
        return Answer(200, tuple(headers), b"" if method == "HEAD" else body)


def failure(error: Exception) -> Answer:
    """A scrape that could not be answered whole: Prometheus then sees the target as down, which is the truth."""
    body = f"the metrics could not be rendered: {type(error).__name__}\n".encode()
    return Answer(500, _plain(body), body)


def _plain(body: bytes) -> tuple[tuple[str, str], ...]:
    return ("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body)))


def _nothing() -> bytes:
    return b""


def _writer(module: str, also: OtherRegistry) -> Callable[[], bytes]:
    try:
        generate: Callable[[OtherRegistry], bytes] = import_module(module).generate_latest
    except ImportError as error:
        raise ImportError("also= needs prometheus_client: pip install prometheus-client") from error
    return lambda: generate(WithoutNative(also))
