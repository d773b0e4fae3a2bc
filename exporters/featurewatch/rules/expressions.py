"""The shapes of our PromQL, each written once and as a person would indent it.

Shares are compared as `good / total < target - 1e-9`. The forms that subtract first fired falsely at exactly the
target in a third to a half of tried cases, because the subtraction leaves a rounding error on the wrong side.
"""

from __future__ import annotations

from collections.abc import Iterable
from textwrap import indent

from featurewatch.objectives.units import duration_text

LEVEL = "service, extractor"
TOLERANCE = "1e-9"


def selector(metric: str, matchers: Iterable[tuple[str, str]]) -> str:
    """`metric{label="value",…}`; a value with a bar is an alternative of several."""
    inner = ",".join(f"{label}{'=~' if '|' in value else '='}{_quote(value)}" for label, value in matchers)
    return f"{metric}{{{inner}}}" if inner else metric


def selector_without(metric: str, matchers: Iterable[tuple[str, str]], without: Iterable[tuple[str, str]]) -> str:
    """The series of `matchers` less those of `without`, which differ in one label."""
    excluded = dict(without)
    if len(excluded) != 1:
        raise ValueError(f"{metric}: bad events differ from good ones in one label, not in {len(excluded)}")
    kept = ",".join(
        f"{label}{'=~' if '|' in value else '='}{_quote(value)}" for label, value in matchers if label not in excluded
    )
    [(label, value)] = excluded.items()
    allowed = dict(matchers).get(label)
    if allowed is not None:
        rest = "|".join(other for other in allowed.split("|") if other != value)
        return selector(metric, (*((k, v) for k, v in matchers if k != label), (label, rest)))
    return f"{metric}{{{kept},{label}!={_quote(value)}}}"


def le(edge: float) -> str:
    """A bucket's edge as Prometheus writes it since 3.0: 0.1, 1.0."""
    return repr(float(edge))


def total(function: str, series: str, window: float) -> str:
    """`rate` or `increase` of all series of one extractor."""
    return f"sum by ({LEVEL}) (\n  {function}({series}[{duration_text(window)}])\n)"


def ratio(good: str, everything: str, window: float) -> str:
    """Good events over all events; no value where there was none, instead of NaN."""
    divisor = indent(f"{total('rate', everything, window)}\n> 0", "  ")
    return f"{total('rate', good, window)}\n/\n(\n{divisor}\n)"


def missing(good: str, everything: str, window: float) -> str:
    """How many events were not good."""
    return f"{total('increase', everything, window)}\n-\n{total('increase', good, window)}"


def quantile(value: float, buckets: str, window: float) -> str:
    """Interpolated in the bucket it falls into. NaN (no traffic) is dropped: NaN compares equal to nothing."""
    inner = f"  {value:g},\n  sum by ({LEVEL}, le) (\n    rate({buckets}[{duration_text(window)}])\n  )"
    return f"histogram_quantile(\n{inner}\n)\n>= 0"


def violated(
    shown: str, good_ratio: str, target: float, bad: str, minimum_bad: int, events: str, minimum: int, scope: str
) -> str:
    """The share of good events is below the target, and there were enough events to say so. Returns `shown`."""
    condition = f"{good_ratio}{scope} < {target:.12g} - {TOLERANCE}"
    first = [condition] if shown == good_ratio else [f"{shown}{scope}", condition]
    return "\nand\n".join((*first, f"{bad}{scope} >= {minimum_bad}", f"{events}{scope} >= {minimum}"))


def _quote(value: str) -> str:
    escaped = value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
    return f'"{escaped}"'
