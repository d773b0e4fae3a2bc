"""OpenTelemetry spans around extractions and their stages.

`Spans` is an observer of monitors over any OpenTelemetry tracer: your own provider's, or the one that `Otlp.traces()`
makes. A span is the current one while its work runs, so that spans of instrumented clients, exemplars and log records
inside find it. It says where time went and how it ended, never what was computed: no arguments, no results, and of an
exception its class only, unless asked for more.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from featurewatch import names
from featurewatch.measure.missing import opentelemetry
from featurewatch.measure.observer import Ended, Work

if TYPE_CHECKING:
    from contextvars import Token

    from opentelemetry.context import Context
    from opentelemetry.trace import Span, Tracer

SESSION_ID: Final = "session.id"
MODEL_ID: Final = "model.id"
CARRIED: Final = (SESSION_ID, MODEL_ID)
"""The entries of baggage that spans show."""

LONGEST_CARRIED = 200
"""Characters kept of a baggage entry: it comes from outside."""

ATTRIBUTE_PREFIX = "featurewatch."


class Spans:
    """Opens a span for each extraction and each stage. An observer: `ExtractionMonitor(…, observers=[spans])`.

    Spans are named `extraction NAME` and `stage NAME`, and carry `featurewatch.service`, `featurewatch.extractor`,
    `featurewatch.stage`, `featurewatch.outcome`, `featurewatch.served_from` and, for errors, `error.type`.

    Args:
        tracer: where spans come from. What is sampled is its provider's business.
        baggage: entries of the current baggage that spans show as attributes of the same name; all others stay unseen.
        exceptions: also record message and stack trace of exceptions. They may hold feature values, hence off.
    """

    def __init__(self, tracer: Tracer, *, baggage: Sequence[str] = CARRIED, exceptions: bool = False) -> None:
        self._tracer = tracer
        self._carried = tuple(baggage)
        self._exceptions = exceptions
        self._context = opentelemetry("opentelemetry.context", "Spans")
        self._trace = opentelemetry("opentelemetry.trace", "Spans")
        self._baggage = opentelemetry("opentelemetry.baggage", "Spans")

    def begin(self, work: Work, /) -> tuple[Span, Token[Context]]:
        context = self._context.get_current()
        attributes = {
            ATTRIBUTE_PREFIX + names.SERVICE: work.service,
            ATTRIBUTE_PREFIX + names.EXTRACTOR: work.extractor,
        }
        if work.stage is not None:
            attributes[ATTRIBUTE_PREFIX + names.STAGE] = work.stage
        entries = self._baggage.get_all(context)
        if entries:
            attributes.update(self._shown(entries))
        name = f"extraction {work.extractor}" if work.stage is None else f"stage {work.stage}"
        span = self._tracer.start_span(name, context, attributes=attributes)
        return span, self._context.attach(self._trace.set_span_in_context(span, context))

    def end(self, begun: Any, work: Work, ended: Ended, /) -> None:
        span, token = begun
        try:
            if span.is_recording():
                self._describe(span, work, ended)
        finally:
            self._context.detach(token)
            span.end()

    def _describe(self, span: Span, work: Work, ended: Ended) -> None:
        span.set_attribute(ATTRIBUTE_PREFIX + names.OUTCOME, ended.outcome)
        if work.stage is None:
            span.set_attribute(ATTRIBUTE_PREFIX + names.SERVED_FROM, ended.served_from)
        if ended.error_type is not None:
            span.set_attribute("error.type", ended.error_type)
            span.set_status(self._trace.Status(self._trace.StatusCode.ERROR, ended.error_type))
            if self._exceptions and ended.error is not None:
                span.record_exception(ended.error)

    def _shown(self, entries: Mapping[str, object]) -> dict[str, str]:
        return {name: str(entries[name])[:LONGEST_CARRIED] for name in self._carried if name in entries}


@contextmanager
def carrying(*, session: str | None = None, model: str | None = None) -> Iterator[None]:
    """Put session and model ids into the baggage of everything inside, across services and tasks alike.

    OpenTelemetry's propagators send baggage on with each request (header `baggage`), and the services behind show it on
    their spans. So put nothing there that those must not see. ImportError without OpenTelemetry.
    """
    context: Any = opentelemetry("opentelemetry.context", "carrying")
    baggage: Any = opentelemetry("opentelemetry.baggage", "carrying")
    current = context.get_current()
    for name, value in ((SESSION_ID, session), (MODEL_ID, model)):
        if value is not None:
            current = baggage.set_baggage(name, value, current)
    token = context.attach(current)
    try:
        yield
    finally:
        context.detach(token)
