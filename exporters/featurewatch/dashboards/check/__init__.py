"""Dashboards checked like code: what Grafana would show wrongly or not at all is found before anyone looks."""

from featurewatch.dashboards.check.checks import check
from featurewatch.dashboards.check.finding import Finding

__all__ = ["Finding", "check"]
