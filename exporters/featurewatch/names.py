"""Every metric, label, unit and bucket edge, spelled once.

Instrumentation, rules, panels and the responder import these names; a metric that a rule or a panel uses and that is
not declared here (or in the manifest of a third-party exporter) is a phantom, and `featurewatch check` refuses it.
Names follow the Prometheus conventions: base units, `_total` for counters, ratios between 0 and 1.
"""

from __future__ import annotations

from typing import Final, Literal

# --- labels -----------------------------------------------------------------------------------------------------
SERVICE: Final = "service"
EXTRACTOR: Final = "extractor"
SERVED_FROM: Final = "served_from"
OUTCOME: Final = "outcome"
ERROR_TYPE: Final = "error_type"
REASON: Final = "reason"
VERSION: Final = "version"

SEVERITY: Final = "severity"
OBJECTIVE: Final = "objective"
CATEGORY: Final = "category"
TEAM: Final = "team"

# --- label values -----------------------------------------------------------------------------------------------
ServedFrom = Literal["compute", "cache", "fallback"]
"""Where the features of a successful extraction came from. A failed one was served from nowhere: `none`."""

COMPUTE: Final = "compute"
CACHE: Final = "cache"
FALLBACK: Final = "fallback"
NOWHERE: Final = "none"

SUCCESS: Final = "success"
ERROR: Final = "error"
CANCELLED: Final = "cancelled"
"""The caller went away. It says nothing about the extractor, so it counts neither as success nor as error."""

OTHER: Final = "other"
"""The label value that takes whatever lies beyond a cardinality cap."""

EXTRACTION_SERIES: Final[tuple[tuple[str, str], ...]] = (
    (COMPUTE, SUCCESS),
    (CACHE, SUCCESS),
    (FALLBACK, SUCCESS),
    (NOWHERE, ERROR),
    (NOWHERE, CANCELLED),
)
"""The (served_from, outcome) pairs that exist. All are exported from the start, at 0, so that no increase is missed."""

# --- metrics ----------------------------------------------------------------------------------------------------
EXTRACTION_DURATION: Final = "featurewatch_extraction_duration_seconds"
"""Histogram {service, extractor, served_from, outcome}: how long extractions took, by monotonic clock."""

EXTRACTION_ERRORS: Final = "featurewatch_extraction_errors_total"
"""Counter {service, extractor, error_type}: failed extractions by exception class, capped (`other`)."""

EXTRACTIONS_IN_PROGRESS: Final = "featurewatch_extractions_in_progress"
"""Gauge {service, extractor}: extractions that have begun and not ended."""

OBSERVATIONS_REFUSED: Final = "featurewatch_observations_refused_total"
"""Counter {service, extractor, reason}: durations that were NaN, infinite or negative."""

LABEL_VALUES_FOLDED: Final = "featurewatch_label_values_folded_total"
"""Counter {service, extractor}: observations whose label value went into `other` because of the cardinality cap."""

INTERNAL_ERRORS: Final = "featurewatch_internal_errors_total"
"""Counter {service}: errors inside featurewatch that were kept from the caller."""

BUILD_INFO: Final = "featurewatch_build_info"
"""Gauge {service, version}, always 1."""

PREVIEW_QUERIES_ASKED: Final = "featurewatch_preview_queries_asked_total"
"""Counter: questions that readers of the preview had for Prometheus or the responder."""

PREVIEW_QUERIES_SENT: Final = "featurewatch_preview_queries_sent_total"
"""Counter: those that were really sent; the others were answered with what somebody else had just been told."""

HISTOGRAMS: Final[frozenset[str]] = frozenset({EXTRACTION_DURATION})
"""The metrics that are exported as `_bucket`, `_count` and `_sum`."""

# --- bucket edges -----------------------------------------------------------------------------------------------
DURATION_EDGES_SECONDS: Final[tuple[float, ...]] = (
    *(0.001, 0.0025, 0.005, 0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.075, 0.09, 0.1),
    *(0.11, 0.12, 0.135, 0.15, 0.175, 0.2, 0.25, 0.3, 0.5, 1.0, 2.5, 10.0),
)
"""Upper edges of the classic buckets, dense around the promise (100, 150, 200 ms).

A threshold is judged by the exact share of extractions beyond it, so it must be one of these; the compiler refuses
any other.
"""
