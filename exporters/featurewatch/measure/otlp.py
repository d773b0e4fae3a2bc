"""Traces, metrics and logs over OTLP, for those who push: one connection, through OpenTelemetry's own exporters.

Nothing here is in the way of an extraction: spans and records go into bounded queues, which threads of their own empty;
metrics are read by another thread at an interval. An endpoint that is down, slow or gone costs what lay in the queue,
which is counted in `featurewatch_otlp_items_total`; metrics are cumulative, so the next push that arrives has it all.
"""

from __future__ import annotations

import os
import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from time import monotonic
from typing import Any, Final, Literal, Self

from featurewatch.measure.labels import chosen_name
from featurewatch.measure.missing import opentelemetry
from featurewatch.measure.otlp_counting import Counting, Signal
from featurewatch.measure.otlp_logs import OtlpLogs
from featurewatch.measure.otlp_push import Histograms, MetricsPush
from featurewatch.measure.registry import Registry
from featurewatch.measure.tracing import CARRIED, Spans

Protocol = Literal["http", "grpc"]

_EXPORTERS: Final[dict[Signal, tuple[str, str]]] = {
    "traces": ("trace_exporter", "OTLPSpanExporter"),
    "metrics": ("metric_exporter", "OTLPMetricExporter"),
    "logs": ("_log_exporter", "OTLPLogExporter"),
}

WAITING = 2048
"""Spans, and log records, that wait to be sent; what comes on top pushes out the oldest."""

BATCH = 512


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where OTLP goes: the base address, without `/v1/traces` and the like, which belong to HTTP only."""

    address: str
    protocol: Protocol = "http"
    headers: tuple[tuple[str, str], ...] = ()
    timeout: float = 5.0

    def __post_init__(self) -> None:
        if not self.address.startswith(("http://", "https://")):
            raise ValueError(f"endpoint must begin with http:// (plain) or https:// (TLS), found {self.address!r}")
        if self.protocol not in ("http", "grpc"):
            raise ValueError(f"protocol must be http or grpc, found {self.protocol!r}")
        if not self.timeout > 0:
            raise ValueError(f"timeout must be a number of seconds above 0, found {self.timeout!r}")

    def url(self, signal: Signal) -> str:
        """What an exporter is given: it uses the address word for word, unlike the one in its environment variable."""
        if self.protocol == "grpc":
            return self.address
        return f"{self.address.rstrip('/')}/v1/{signal}"

    def exporter(self, signal: Signal) -> Any:
        """OpenTelemetry's exporter for the signal. ImportError says what to install."""
        module, name = _EXPORTERS[signal]
        opentelemetry(f"opentelemetry.exporter.otlp.proto.{self.protocol}", "Otlp")
        made = getattr(import_module(f"opentelemetry.exporter.otlp.proto.{self.protocol}.{module}"), name)
        headers: Any = dict(self.headers) if self.protocol == "http" else self.headers
        return made(endpoint=self.url(signal), headers=headers or None, timeout=self.timeout)


class Otlp:
    """One OTLP endpoint for one process of a service. Also a context manager, which closes it.

        otlp = featurewatch.Otlp("http://127.0.0.1:4318", service="market-features", registry=registry)
        monitor = featurewatch.ExtractionMonitor(…, observers=[otlp.traces(sample=0.1)], exemplars=True)
        otlp.push_metrics(every=15)

    Threads begin with `traces`, `logs` and `push_metrics`, not before. In a forked child, spans and records go on, the
    push does not: call `push_metrics` there. Servers that fork should use HTTP: gRPC's own threads do not survive.

    Args:
        endpoint: base address; over HTTP `/v1/traces`, `/v1/metrics`, `/v1/logs` are appended. `https` means TLS.
        service: becomes `service.name`, which Prometheus turns into `job`.
        registry: what is pushed, and where this counts what it sent.
        protocol: `http` (protobuf over HTTP, usually port 4318) or `grpc` (usually 4317).
        headers: sent with each request, such as a token.
        timeout: seconds that one request may take.
        resource: further attributes of everything sent.

    ValueError for an address that cannot be one; ImportError when `featurewatch[otel]` is not installed.
    """

    def __init__(
        self,
        endpoint: str,
        *,
        service: str,
        registry: Registry,
        protocol: Protocol = "http",
        headers: Mapping[str, str] | None = None,
        timeout: float = 5.0,
        resource: Mapping[str, str] | None = None,
    ) -> None:
        self._endpoint = Endpoint(endpoint, protocol, tuple((headers or {}).items()), timeout)
        self._registry = registry
        self._make_resource = opentelemetry("opentelemetry.sdk.resources", "Otlp").Resource.create
        self._attributes = {"service.name": chosen_name("service", service), **(resource or {})}
        self._process, self._instance = os.getpid(), str(uuid.uuid4())
        self._closing: list[Callable[[float], None]] = []

    def traces(self, *, sample: float = 1.0, baggage: Sequence[str] = CARRIED, exceptions: bool = False) -> Spans:
        """An observer for monitors that sends a span per extraction and stage; `sample` is the share of traces.

        A trace that has begun elsewhere keeps the decision that was made there.
        """
        if not 0 <= sample <= 1:
            raise ValueError(f"sample must be a share between 0 and 1, found {sample!r}")
        trace = opentelemetry("opentelemetry.sdk.trace", "Otlp.traces")
        sampling = import_module("opentelemetry.sdk.trace.sampling")
        processor = _batches("opentelemetry.sdk.trace.export", "BatchSpanProcessor", self._counted("traces"))
        provider = trace.TracerProvider(
            sampler=sampling.ParentBasedTraceIdRatio(sample),
            resource=self._resource(),
            # At the end of a process it would wait half a minute for an endpoint that is down.
            shutdown_on_exit=False,
        )
        provider.add_span_processor(processor)
        self._closing.append(lambda seconds: _shut(provider.shutdown, seconds))
        return Spans(provider.get_tracer("featurewatch"), baggage=baggage, exceptions=exceptions)

    def logs(self, *, values: bool = False) -> OtlpLogs:
        """A handler for Python's logging: `logging.getLogger("featurewatch.extractions").addHandler(otlp.logs())`.

        With `values`, arguments are filled into messages; they may hold feature values, hence off.
        """
        sdk = opentelemetry("opentelemetry.sdk._logs", "Otlp.logs")
        processor = _batches("opentelemetry.sdk._logs.export", "BatchLogRecordProcessor", self._counted("logs"))
        provider = sdk.LoggerProvider(resource=self._resource(), shutdown_on_exit=False)
        provider.add_log_record_processor(processor)
        self._closing.append(lambda seconds: _shut(provider.shutdown, seconds))
        return OtlpLogs(provider, values=values)

    def push_metrics(self, *, every: float = 15.0, histograms: Histograms = "explicit") -> MetricsPush:
        """Push the registry now, then every `every` seconds, from a thread, until `close()`.

        `explicit` sends the classic buckets, exact at their edges; `exponential` the native ones of monitors that keep
        them (`native=True`), and the classic ones of all others.
        """
        push = MetricsPush(self._registry, self._counted("metrics"), self._resource(), every, histograms)
        push.start()
        self._closing.append(push.close)
        return push

    def close(self, timeout: float = 5.0) -> None:
        """Send what waits, for at most `timeout` seconds in all; the rest is lost. Safe to call twice."""
        end = monotonic() + timeout
        while self._closing:
            self._closing.pop()(max(0.0, end - monotonic()))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _resource(self) -> Any:
        """What is sent from this process. Prometheus calls its id `instance`: with equal ones, counts would mix."""
        if self._process != os.getpid():
            self._process, self._instance = os.getpid(), str(uuid.uuid4())
        return self._make_resource({"service.instance.id": self._instance, **self._attributes})

    def _counted(self, signal: Signal) -> Counting:
        return Counting(self._endpoint.exporter(signal), signal, self._registry)


def _batches(module: str, name: str, exporter: Counting) -> Any:
    """A batch processor with bounds of ours, whatever the environment says, that counts what it is offered."""
    plain = getattr(import_module(module), name)

    class Counted(plain):  # type: ignore[misc, valid-type]  # spans and records have one each
        def on_end(self, span: Any) -> None:
            if span.context is not None and span.context.trace_flags.sampled:
                exporter.offered.add()
            super().on_end(span)

        def on_emit(self, record: Any) -> None:
            exporter.offered.add()
            super().on_emit(record)

    return Counted(exporter, max_queue_size=WAITING, max_export_batch_size=BATCH, schedule_delay_millis=1000.0)


def _shut(shutdown: Callable[[], object], seconds: float) -> None:
    """Shut a provider down, which may take half a minute when nobody answers, in no more than this many seconds."""
    thread = threading.Thread(target=shutdown, name="featurewatch-otlp-close", daemon=True)
    thread.start()
    thread.join(seconds)
