"""A receiver of OTLP for tests: OpenTelemetry's own services over gRPC and over HTTP, with moods."""

from __future__ import annotations

import gzip
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

import grpc
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2, logs_service_pb2_grpc
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2, metrics_service_pb2_grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc

REQUESTS: dict[str, Any] = {
    "/v1/traces": trace_service_pb2.ExportTraceServiceRequest,
    "/v1/metrics": metrics_service_pb2.ExportMetricsServiceRequest,
    "/v1/logs": logs_service_pb2.ExportLogsServiceRequest,
}


@dataclass
class Received:
    """What came in. `address` is the base that an exporter is given."""

    address: str = ""
    requests: list[Any] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    hold: threading.Event = field(default_factory=threading.Event)
    """While not set, a hanging receiver answers nobody."""

    def spans(self) -> list[Any]:
        return [
            span
            for request in tuple(self.requests)
            for resource in getattr(request, "resource_spans", ())
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    def metrics(self) -> list[Any]:
        return [
            metric
            for request in tuple(self.requests)
            for resource in getattr(request, "resource_metrics", ())
            for scope in resource.scope_metrics
            for metric in scope.metrics
        ]

    def logs(self) -> list[Any]:
        return [
            record
            for request in tuple(self.requests)
            for resource in getattr(request, "resource_logs", ())
            for scope in resource.scope_logs
            for record in scope.log_records
        ]

    def resources(self) -> list[dict[str, Any]]:
        kinds = ("resource_spans", "resource_metrics", "resource_logs")
        return [
            attributes(whole.resource)
            for request in tuple(self.requests)
            for kind in kinds
            for whole in getattr(request, kind, ())
        ]


def attributes(holder: Any) -> dict[str, Any]:
    """Attributes of a span, a point or a resource, as plain values."""
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in holder.attributes}


def until(true: Callable[[], object], what: str, seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        time.sleep(0.02)


@contextmanager
def receiving(protocol: Literal["http", "grpc"], *, hanging: bool = False) -> Iterator[Received]:
    received = Received()
    if not hanging:
        received.hold.set()
    with (_http if protocol == "http" else _grpc)(received):
        try:
            yield received
        finally:
            received.hold.set()


@contextmanager
def _http(received: Received) -> Iterator[None]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.hold.wait(60)
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            received.headers.append({name.lower(): value for name, value in self.headers.items()})
            kind = REQUESTS.get(self.path)
            if kind is not None:
                received.requests.append(kind.FromString(body))
            try:
                self.send_response(200 if kind else 404)
                self.send_header("Content-Type", "application/x-protobuf")
                self.send_header("Content-Length", "0")
                self.end_headers()
            except OSError:
                pass  # the sender did not wait

        def log_message(self, *_: object) -> None: ...

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    received.address = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def _grpc(received: Received) -> Iterator[None]:
    def take(answer: Any) -> Callable[[Any, Any, Any], Any]:
        def export(_: Any, request: Any, context: Any) -> Any:
            received.hold.wait(60)
            received.requests.append(request)
            received.headers.append({pair.key: pair.value for pair in context.invocation_metadata()})
            return answer()

        return export

    traces, metrics, logs = trace_service_pb2_grpc, metrics_service_pb2_grpc, logs_service_pb2_grpc
    with ThreadPoolExecutor(4) as pool:
        server = grpc.server(pool)
        for add, base, answer in (
            (
                traces.add_TraceServiceServicer_to_server,
                traces.TraceServiceServicer,
                trace_service_pb2.ExportTraceServiceResponse,
            ),
            (
                metrics.add_MetricsServiceServicer_to_server,
                metrics.MetricsServiceServicer,
                metrics_service_pb2.ExportMetricsServiceResponse,
            ),
            (
                logs.add_LogsServiceServicer_to_server,
                logs.LogsServiceServicer,
                logs_service_pb2.ExportLogsServiceResponse,
            ),
        ):
            add(type("Servicer", (base,), {"Export": take(answer)})(), server)  # type: ignore[no-untyped-call, unused-ignore]
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        received.address = f"http://127.0.0.1:{port}"
        try:
            yield
        finally:
            received.hold.set()
            server.stop(0).wait(10)
