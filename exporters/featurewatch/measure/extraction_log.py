"""Log records of extractions: which extractor, how it ended, how long it took, in which trace.

Feature values, arguments and messages of exceptions are not in them. Logging everything costs more than measuring
everything: by default only what failed is told, with `slower_than` also what was slow, and at most so many a second.
"""

from __future__ import annotations

import json
import logging
import sys
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from time import monotonic
from typing import Any, Final

from featurewatch import names
from featurewatch.measure.observer import Ended, Work

LOGGER: Final = "featurewatch.extractions"
FIELDS: Final = "featurewatch"
"""The attribute of a log record that holds our fields."""

SECONDS, SUPPRESSED = "duration_seconds", "suppressed"


class ExtractionLog:
    """Writes a record per extraction that failed, or was slow. An observer: `observers=[spans, ExtractionLog()]`.

    Name it after `Spans`, so that its records are written while the span is the current one.

    Args:
        logger: where records go; the logger `featurewatch.extractions` by default.
        slower_than: also tell of successful extractions that took more seconds than this.
        every: also tell of all other successes. Off by default.
        stages: also tell of stages, by the same rules.
        most_per_second: the others are counted, and the next record says how many were left out (`suppressed`).
        clock: monotonic, in seconds.
    """

    def __init__(
        self,
        logger: logging.Logger | None = None,
        *,
        slower_than: float | None = None,
        every: bool = False,
        stages: bool = False,
        most_per_second: int = 10,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        if most_per_second < 1:
            raise ValueError(f"most_per_second must be at least 1, found {most_per_second!r}")
        self._logger = logger or logging.getLogger(LOGGER)
        self._slower_than = float("inf") if slower_than is None else slower_than
        self._every = every
        self._stages = stages
        self._most = most_per_second
        self._clock = clock
        self._lock = threading.RLock()
        self._second, self._written, self._left_out = -1, 0, 0

    def begin(self, work: Work, /) -> None:
        """Nothing is told before the end."""

    def end(self, _: object, work: Work, ended: Ended, /) -> None:
        if work.stage is not None and not self._stages:
            return
        failed = ended.outcome == names.ERROR
        if not (failed or self._every or ended.seconds > self._slower_than):
            return
        level = logging.WARNING if failed else logging.INFO
        if not self._logger.isEnabledFor(level):
            return
        suppressed = self._allowed()
        if suppressed is None:
            return
        fields = _fields(work, ended)
        if suppressed:
            fields[SUPPRESSED] = suppressed
        what = f"extraction {work.extractor}" if work.stage is None else f"stage {work.stage} of {work.extractor}"
        self._logger.log(level, "%s: %s in %.6f s", what, ended.outcome, ended.seconds, extra={FIELDS: fields})

    def _allowed(self) -> int | None:
        """How many records were left out before this one; None when this one is left out as well."""
        with self._lock:
            second = int(self._clock())
            if second != self._second:
                self._second, self._written = second, 0
            if self._written >= self._most:
                self._left_out += 1
                return None
            self._written += 1
            left_out, self._left_out = self._left_out, 0
            return left_out


class JsonFormatter(logging.Formatter):
    """One JSON object per line: time, level, logger, message, our fields, trace and span.

    Of an exception only its class is told, unless `exceptions` is set: messages and stack traces may hold values.
    """

    def __init__(self, *, exceptions: bool = False) -> None:
        super().__init__()
        self._exceptions = exceptions

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="microseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **fields_of(record),
            **current_ids(),
        }
        if record.exc_info and record.exc_info[0] is not None:
            line.setdefault(names.ERROR_TYPE, record.exc_info[0].__name__)
            if self._exceptions:
                line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


def fields_of(record: logging.LogRecord) -> Mapping[str, Any]:
    """What an `ExtractionLog` said in this record; empty for records of others."""
    fields = getattr(record, FIELDS, None)
    return fields if isinstance(fields, Mapping) else {}


def current_ids() -> dict[str, str]:
    """Trace and span that the calling thread and task are in; empty where OpenTelemetry is not in use."""
    trace = sys.modules.get("opentelemetry.trace")  # whoever is inside a span has imported it
    context = trace.get_current_span().get_span_context() if trace is not None else None
    if context is None or not context.is_valid:
        return {}
    return {"trace_id": f"{context.trace_id:032x}", "span_id": f"{context.span_id:016x}"}


def _fields(work: Work, ended: Ended) -> dict[str, Any]:
    fields: dict[str, Any] = {
        names.SERVICE: work.service,
        names.EXTRACTOR: work.extractor,
        names.OUTCOME: ended.outcome,
        names.SERVED_FROM: ended.served_from,
        SECONDS: ended.seconds,
    }
    if work.stage is not None:
        fields[names.STAGE] = work.stage
        del fields[names.SERVED_FROM]
    if ended.error_type is not None:
        fields[names.ERROR_TYPE] = ended.error_type
    return fields
