"""What a check found: a value with a place and a remedy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from featurewatch.faults import Fault


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One thing that is wrong with a dashboard."""

    severity: Literal["error", "warning"]
    """An error shows something false or nothing; a warning makes the dashboard harder to read or to keep."""
    dashboard: str
    """The file it is in."""
    panel: str
    """The panel's title; empty where the dashboard as a whole is concerned."""
    what: str
    remedy: str

    def __str__(self) -> str:
        place = f"{self.dashboard}: {self.panel}" if self.panel else self.dashboard
        return f"{self.severity}: {place}: {self.what}; {self.remedy}"

    def fault(self) -> Fault:
        """As the rest of featurewatch reports what a user has to mend."""
        what = f"panel {self.panel!r}: {self.what}" if self.panel else self.what
        return Fault(self.dashboard, 0, 0, what, self.remedy)
