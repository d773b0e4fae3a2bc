"""What the checker says of a rule: a value with severity, place and remedy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from featurewatch.faults import Fault

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One mistake. An error judges or shows something false, or nothing; a warning costs something or may be meant."""

    file: str
    line: int
    """From 1; 0 where it concerns the file as a whole."""
    check: str
    """Which check found it: syntax, window, quantile, label, aggregation, duplicate, unused, runbook, phantom, …"""
    severity: Severity
    rule: str
    what: str
    remedy: str

    def fault(self) -> Fault:
        """As the other checks tell it."""
        return Fault(self.file, self.line, 1, f"{self.rule}: {self.what} ({self.check})", self.remedy)

    def __str__(self) -> str:
        return f"{self.severity}: {self.fault()}"
