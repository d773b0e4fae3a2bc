"""What Prometheus prints and interpolates, computed a second time for the tests' expectations."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from urllib.parse import quote_plus

from featurewatch.rules import messages

SMALL_UNITS = ("", "m", "u", "n", "p", "f", "a", "z", "y")


def humanize_percentage(value: float) -> str:
    """Prometheus' template function of that name: four significant digits."""
    return f"{value * 100:.4g}%"


def steady(value: float) -> bool:
    """Whether a rounding error in the last place leaves the printed percentage as it is."""
    return humanize_percentage(value * (1 - 1e-12)) == humanize_percentage(value * (1 + 1e-12))


def humanize_duration(seconds: float) -> str:
    """Prometheus' template function of that name."""
    if seconds == 0:
        return "0s"
    if abs(seconds) >= 60:
        return _minutes(seconds)
    unit = 0
    while abs(seconds) < 1 and unit + 1 < len(SMALL_UNITS):
        seconds, unit = seconds * 1000, unit + 1
    return f"{seconds:.4g}{SMALL_UNITS[unit]}s"


def _minutes(seconds: float) -> str:
    minutes, rest = divmod(int(abs(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = [f"{minutes}m", f"{rest}s"]
    if hours or days:
        parts.insert(0, f"{hours}h")
    if days:
        parts.insert(0, f"{days}d")
    return ("-" if seconds < 0 else "") + " ".join(parts)


def humanize_1024(value: float) -> str:
    """Prometheus' template function of that name."""
    prefixes = iter(("ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi"))
    prefix = ""
    while abs(value) >= 1024 and (following := next(prefixes, None)):
        prefix, value = following, value / 1024
    return f"{value:.4g}{prefix}"


def bucket_quantile(quantile: float, cumulative: Sequence[tuple[float, float]]) -> float:
    """`histogram_quantile` over classic buckets, as (upper edge, cumulative count) up to infinity.

    Linear inside the bucket that holds the rank; in the last one, the highest finite edge; NaN without events.
    """
    rank = quantile * cumulative[-1][1]
    if rank == 0:
        return math.nan
    lower, below = 0.0, 0.0
    for edge, count in cumulative:
        if count >= rank:
            break
        lower, below = edge, count
    if edge == math.inf:
        return cumulative[-2][0]
    return lower + (edge - lower) * (rank - below) / (count - below)


def filled(templates: dict[str, str], labels: dict[str, str], value: float, shown: dict[str, str]) -> dict[str, str]:
    """The annotations of a firing alert. `shown` has what the queries inside the templates return."""
    extractor = labels.get("extractor", "")
    texts = {
        messages.SERVICE: labels.get("service", ""),
        messages.EXTRACTOR: extractor,
        messages.AND_EXTRACTOR: f" ({extractor})" if extractor else "",
        messages.ESCAPED_SERVICE: quote_plus(labels.get("service", "")),
        messages.ESCAPED_EXTRACTOR: quote_plus(extractor),
        messages.PERCENTAGE: humanize_percentage(value),
        messages.DURATION: humanize_duration(value),
        messages.SIZE: f"{humanize_1024(value)}B",
        messages.NUMBER: f"{value:.6g}",
        messages.WHOLE: f"{value:.0f}",
        **{f"{{{{ $labels.{label} }}}}": text for label, text in labels.items()},
        **shown,
    }
    # In one pass, so that a label that looks like a template stays as it is.
    placeholder = re.compile("|".join(re.escape(text) for text in texts))
    return {name: placeholder.sub(lambda match: texts[match[0]], template) for name, template in templates.items()}
