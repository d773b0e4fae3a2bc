"""Python's log records over OTLP."""

from __future__ import annotations

import logging
from typing import Any

from featurewatch.measure.log import FIELD, LONGEST
from featurewatch.measure.missing import opentelemetry


class OtlpLogs(logging.Handler):
    """Hands records to OpenTelemetry: message, level, logger, our fields, and the trace they were written in.

    Nothing else of a record leaves, as with `JsonLines`: exceptions are sent as their class, messages as their
    template, unless `values` is set.
    """

    def __init__(self, provider: Any, *, values: bool = False) -> None:
        super().__init__()
        self._values = values
        self._provider = provider
        logs = opentelemetry("opentelemetry._logs", "OtlpLogs")
        context = opentelemetry("opentelemetry.context", "OtlpLogs")
        self._record, self._severity, self._current = logs.LogRecord, logs.SeverityNumber, context.get_current
        self._severities = {
            logging.DEBUG: self._severity.DEBUG,
            logging.INFO: self._severity.INFO,
            logging.WARNING: self._severity.WARN,
            logging.ERROR: self._severity.ERROR,
            logging.CRITICAL: self._severity.FATAL,
        }

    def emit(self, record: logging.LogRecord) -> None:
        """Queue the record. Errors go to `logging`'s own handling of them, as with every handler."""
        if record.name.startswith("opentelemetry"):
            return  # what fails to be sent must not make more to be sent
        try:
            fields = getattr(record, FIELD, None)
            attributes: dict[str, Any] = dict(fields) if isinstance(fields, dict) else {}
            if record.exc_info and record.exc_info[0] is not None:
                attributes.setdefault("error.type", record.exc_info[0].__name__)
            level = max((level for level in self._severities if level <= record.levelno), default=logging.DEBUG)
            self._provider.get_logger(record.name).emit(
                self._record(
                    timestamp=int(record.created * 1e9),
                    context=self._current(),
                    severity_number=self._severities[level],
                    severity_text=record.levelname,
                    body=record.getMessage() if self._values else str(record.msg)[:LONGEST],
                    attributes=attributes,
                )
            )
        except Exception:  # noqa: BLE001 - never reaches the caller
            self.handleError(record)
