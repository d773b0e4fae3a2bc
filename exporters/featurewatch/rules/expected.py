"""What Prometheus prints and interpolates, computed a second time for the tests' expectations."""

from __future__ import annotations

from urllib.parse import quote_plus

from featurewatch.rules import messages


def humanize_percentage(value: float) -> str:
    """Prometheus' template function of that name: four significant digits."""
    return f"{value * 100:.4g}%"


def humanize_duration(seconds: float) -> str:
    """Prometheus' template function of that name, for 0.001 s up to a minute."""
    if seconds >= 1:
        return f"{seconds:.4g}s"
    return f"{seconds * 1000:.4g}ms"


def bucket_quantile(quantile: float, cumulative: list[tuple[float, float]]) -> float:
    """`histogram_quantile` over classic buckets, as (upper edge, cumulative count) up to infinity.

    Linear inside the bucket that holds the rank; in the last one, the highest finite edge.
    """
    rank = quantile * cumulative[-1][1]
    lower, below = 0.0, 0.0
    for edge, count in cumulative:
        if count >= rank:
            break
        lower, below = edge, count
    if edge == float("inf"):
        return cumulative[-2][0]
    return lower + (edge - lower) * (rank - below) / (count - below)


def filled(templates: dict[str, str], labels: dict[str, str], value: float, shown: dict[str, str]) -> dict[str, str]:
    """The annotations of a firing alert. `shown` has what the queries inside the templates return."""
    texts = {
        messages.SERVICE: labels.get("service", ""),
        messages.EXTRACTOR: labels.get("extractor", ""),
        messages.ESCAPED_SERVICE: quote_plus(labels.get("service", "")),
        messages.ESCAPED_EXTRACTOR: quote_plus(labels.get("extractor", "")),
        messages.PERCENTAGE: humanize_percentage(value),
        **shown,
    }
    texts_by_name = {}
    for name, template in templates.items():
        for placeholder, text in texts.items():
            template = template.replace(placeholder, text)
        texts_by_name[name] = template
    return texts_by_name
