"""Log records as lines of JSON that say which extractor, which outcome, which trace; and none of the features.

Nothing sensitive leaves by default: a record's own words are written as their template, without what was filled in, and
an exception as its type and where it was raised, without its message.
"""

from __future__ import annotations

import json
import logging
import sys
import traceback
from collections.abc import Callable
from contextvars import ContextVar, Token
from datetime import UTC, datetime
from typing import Any, Final

from featurewatch import names
from featurewatch.measure.observer import Ended, Work

LOGGER: Final = "featurewatch.extractions"
"""The logger that extractions are written to."""

SUCCEEDED: Final = logging.DEBUG
CANCELLED: Final = logging.INFO
FAILED: Final = logging.WARNING

FIELD: Final = "featurewatch"
"""The attribute of a log record that holds the fields of an extraction."""

LONGEST = 1000
"""Characters of a template that are written."""

_current: ContextVar[Work | None] = ContextVar("featurewatch_work", default=None)


class ExtractionLog:
    """An observer that writes a log record for each extraction: `ExtractionMonitor(…, observers=[ExtractionLog()])`.

    Failures are written at WARNING, cancellations at INFO, successes at DEBUG, to the logger
    `featurewatch.extractions`: set its level to choose. A record costs some 10 microseconds if it is written, and two
    if its level is off. Records that other code writes while an extraction runs carry its extractor and stage, too,
    when they pass through `JsonLines`.

    Args:
        stages: also write a record for each stage.
        trace_id: where the current trace's id comes from, as 32 hexadecimal digits; OpenTelemetry's current span when
            that is loaded.
        logger: another logger.
    """

    def __init__(
        self,
        *,
        stages: bool = False,
        trace_id: Callable[[], str | None] | None = None,
        logger: logging.Logger | None = None,
    ) -> None:
        self._stages = stages
        self._trace_id = trace_id or current_trace_id
        self._logger = logger or logging.getLogger(LOGGER)

    def begin(self, work: Work, /) -> object:
        return _current.set(work)

    def end(self, begun: object, work: Work, ended: Ended, /) -> None:
        if isinstance(begun, Token):
            try:
                _current.reset(begun)
            except ValueError:
                _current.set(None)  # begun in another context, which has gone
        if work.stage is not None and not self._stages:
            return
        level = {names.SUCCESS: SUCCEEDED, names.CANCELLED: CANCELLED}.get(ended.outcome, FAILED)
        if self._logger.isEnabledFor(level):
            fields = fields_of(work, ended, self._trace_id())
            self._logger.log(level, "extraction" if work.stage is None else "stage", extra={FIELD: fields})


def fields_of(work: Work, ended: Ended, trace_id: str | None) -> dict[str, str | float]:
    """What a record of an extraction says, by name."""
    fields: dict[str, str | float] = {names.SERVICE: work.service, names.EXTRACTOR: work.extractor}
    if work.stage is not None:
        fields[names.STAGE] = work.stage
    fields[names.OUTCOME] = ended.outcome
    if work.stage is None:
        fields[names.SERVED_FROM] = ended.served_from
    fields["duration_seconds"] = ended.seconds
    if ended.error_type is not None:
        fields[names.ERROR_TYPE] = ended.error_type
    if trace_id:
        fields["trace_id"] = trace_id
    return fields


class JsonLines(logging.Formatter):
    """Writes any log record as one line of JSON: `handler.setFormatter(JsonLines())`.

    Every line has `time` (UTC, ISO 8601), `level`, `logger` and `message`; those of an extraction, and those written
    while one runs that an `ExtractionLog` observes, have its fields as well.

    Args:
        values: fill the arguments into messages and write exceptions' own messages. Off by default, since both may hold
            feature values; a message that was put together beforehand (an f-string) cannot be told from a template.
    """

    def __init__(self, *, values: bool = False, trace_id: Callable[[], str | None] | None = None) -> None:
        super().__init__()
        self._values = values
        self._trace_id = trace_id or current_trace_id

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="microseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage() if self._values else str(record.msg)[:LONGEST],
        }
        fields = getattr(record, FIELD, None)
        line.update(fields if isinstance(fields, dict) else self._around())
        if record.exc_info and record.exc_info[1] is not None:
            line.update(self._exception(record.exc_info[1]))
        return json.dumps(line, default=lambda value: type(value).__name__)

    def _around(self) -> dict[str, str]:
        """The extraction that runs while somebody writes a record of their own."""
        work = _current.get()
        if work is None:
            return {}
        fields = {names.SERVICE: work.service, names.EXTRACTOR: work.extractor}
        if work.stage is not None:
            fields[names.STAGE] = work.stage
        trace_id = self._trace_id()
        return {**fields, "trace_id": trace_id} if trace_id else fields

    def _exception(self, error: BaseException) -> dict[str, Any]:
        frames = traceback.extract_tb(error.__traceback__)
        found: dict[str, Any] = {
            "exception": type(error).__name__,
            "raised_at": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames[-20:]],
        }
        if self._values:
            found["exception_message"] = str(error)
        return found


def current_trace_id() -> str | None:
    """The id of OpenTelemetry's current trace; None without one, or where OpenTelemetry is not loaded."""
    api = sys.modules.get("opentelemetry.trace")
    if api is None:
        return None
    context = api.get_current_span().get_span_context()
    return f"{context.trace_id:032x}" if context.is_valid else None
