"""Names of the recorded series, `level:metric:operations`; rules write them, alerts, panels and messages read them.

A window is part of the name, as the convention has it: `service_extractor:extractions:rate1m`.
"""

from __future__ import annotations

from decimal import Decimal

from featurewatch import names
from featurewatch.objectives.units import duration_text, number_text

LEVEL = "service_extractor"

SERVICE_UP = "service:up:max"
"""1 while at least one target of the service answers its scrape, 0 while none does or none is there."""


def extractions_rate(window: float) -> str:
    """Extractions per second that ended by themselves."""
    return f"{LEVEL}:extractions:rate{duration_text(window)}"


def extractions_increase(window: float) -> str:
    """How many extractions ended by themselves in the window."""
    return f"{LEVEL}:extractions:increase{duration_text(window)}"


def successes_increase(window: float) -> str:
    """How many extractions succeeded in the window."""
    return f"{LEVEL}:successes:increase{duration_text(window)}"


def buckets_rate(window: float) -> str:
    """Successful extractions per second up to each classic edge (`le`): the heat map, and what quantiles are of."""
    return f"{LEVEL}_le:extraction_duration_seconds_bucket:rate{duration_text(window)}"


def native_rate(window: float) -> str:
    """The same as one native histogram; there only where native histograms are scraped."""
    return f"{LEVEL}:extraction_duration_seconds:rate{duration_text(window)}"


def quantile_seconds(quantile: float, window: float) -> str:
    """A quantile of the duration in seconds, of the native histogram where it is scraped, else interpolated in its
    classic bucket: for showing, never for judging."""
    return f"{LEVEL}:extraction_duration_seconds:p{percent(quantile)}_rate{duration_text(window)}".replace(".", "_")


def source_quantile_seconds(quantile: float, window: float) -> str:
    """The same for each place that the features came from (`served_from`)."""
    level = level_of((names.EXTRACTOR, names.SERVED_FROM))
    return f"{level}:extraction_duration_seconds:p{percent(quantile)}_rate{duration_text(window)}".replace(".", "_")


def stage_quantile_seconds(quantile: float, window: float) -> str:
    """A quantile of the duration of each `stage` in seconds, whether it succeeded or not: for showing."""
    level = level_of((names.EXTRACTOR, names.STAGE))
    return f"{level}:stage_duration_seconds:p{percent(quantile)}_rate{duration_text(window)}".replace(".", "_")


def good_ratio(objective: str, window: float, bound: float | None = None, level: str = LEVEL) -> str:
    """Share of good events, 0 to 1; absent while there are none. `bound` (seconds) tells steps of a ladder apart."""
    return f"{level}:{metric(objective, bound)}:good_ratio_rate{duration_text(window)}"


def bad_ratio(objective: str, window: float, bound: float | None = None, level: str = LEVEL) -> str:
    """Share of bad events, 0 to 1."""
    return f"{level}:{metric(objective, bound)}:bad_ratio_rate{duration_text(window)}"


def good_increase(objective: str, window: float, bound: float | None = None, level: str = LEVEL) -> str:
    """How many good events there were in the window."""
    return f"{level}:{metric(objective, bound)}:good_increase{duration_text(window)}"


def bad_increase(objective: str, window: float, bound: float | None = None, level: str = LEVEL) -> str:
    """How many bad events there were in the window."""
    return f"{level}:{metric(objective, bound)}:bad_increase{duration_text(window)}"


def events_increase(objective: str, window: float, level: str) -> str:
    """How many events of a declared counter or histogram there were in the window."""
    return f"{level}:{metric(objective)}:events_increase{duration_text(window)}"


def value(objective: str, level: str, operation: str) -> str:
    """The value that is compared with a bound; its operation is such as `max`, `rate5m` or `age_seconds`."""
    return f"{level}:{metric(objective)}:{operation}"


def declared_quantile(objective: str, quantile: float, window: float, level: str) -> str:
    """A quantile of a declared histogram in seconds, interpolated in its bucket: for showing, never for judging."""
    return f"{level}:{metric(objective)}:p{percent(quantile)}_rate{duration_text(window)}".replace(".", "_")


def level_of(by: tuple[str, ...]) -> str:
    """The level of series with these labels besides the service."""
    return "_".join(("service", *by))


def availability(window: float) -> str:
    """Share of the window in which the service was up."""
    return f"service:availability:ratio{duration_text(window)}"


def percent(quantile: float) -> str:
    """95 of 0.95, 99.9 of 0.999."""
    return number_text(float(Decimal(str(quantile)) * 100))


def metric(objective: str, bound: float | None = None) -> str:
    """The objective as the middle part of a name; `bound` (seconds) tells steps of a ladder apart."""
    name = objective.replace("-", "_")
    return name if bound is None else f"{name}_{duration_text(bound)}".replace(".", "_")
