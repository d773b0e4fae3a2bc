"""The shapes of our PromQL, each written once and as a person would indent it.

Shares are compared as `good / total < target - 1e-9`. The forms that subtract first fired falsely at exactly the
target in a third to a half of tried cases, because the subtraction leaves a rounding error on the wrong side.
"""

from __future__ import annotations

from collections.abc import Iterable
from textwrap import indent

from featurewatch.objectives.model import Scope
from featurewatch.objectives.units import duration_text, number_text

LEVEL = "service, extractor"
TOLERANCE = "1e-9"


def selector(metric: str, matchers: Iterable[tuple[str, str]]) -> str:
    """`metric{label="value",…}`."""
    return _selector(metric, (f"{label}={_quote(value)}" for label, value in matchers))


def selector_of_words(metric: str, matchers: Iterable[tuple[str, str]]) -> str:
    """As `selector`, but a value with a bar is an alternative of several words."""
    return _selector(metric, (_words(label, value) for label, value in matchers))


def selector_without(metric: str, matchers: Iterable[tuple[str, str]], without: Iterable[tuple[str, str]]) -> str:
    """The series of `matchers` less those of `without`, which differ in one label."""
    excluded = tuple(without)
    if len(excluded) != 1:
        raise ValueError(f"{metric}: bad events differ from good ones in one label, not in {len(excluded)}")
    [(label, value)] = excluded
    kept = dict(matchers)
    if label in kept:
        kept[label] = "|".join(other for other in kept[label].split("|") if other != value)
        return selector_of_words(metric, kept.items())
    words = [_words(name, words) for name, words in kept.items()]
    return _selector(metric, (*words, f"{label}!={_quote(value)}"))


def _selector(metric: str, matchers: Iterable[str]) -> str:
    inner = ",".join(matchers)
    return f"{metric}{{{inner}}}" if inner else metric


def _words(label: str, value: str) -> str:
    return f"{label}{'=~' if '|' in value else '='}{_quote(value)}"


def _quote(value: str) -> str:
    escaped = value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
    return f'"{escaped}"'


def scoped(metric: str, matchers: Iterable[tuple[str, str]], scope: Scope) -> str:
    """As `selector`, for the extractors of this scope alone."""
    words = [f"{label}={_quote(value)}" for label, value in matchers]
    if scope.only:
        words.append(_words("extractor", "|".join(scope.only)))
    elif scope.without:
        excluded = "|".join(scope.without)
        words.append(f"extractor{'!~' if len(scope.without) > 1 else '!='}{_quote(excluded)}")
    return _selector(metric, words)


def le(edge: float) -> str:
    """A bucket's edge as Prometheus writes it since 3.0: 0.1, 1.0."""
    return repr(float(edge))


def total(function: str, series: str, window: float, by: str = LEVEL) -> str:
    """`rate` or `increase` of all series of one extractor."""
    return f"sum by ({by}) (\n  {function}({series}[{duration_text(window)}])\n)"


def ratio(good: str, everything: str, window: float, by: str = LEVEL) -> str:
    """Good events over all events; no value where there was none, instead of NaN."""
    divisor = indent(f"{total('rate', everything, window, by)}\n> 0", "  ")
    return f"{total('rate', good, window, by)}\n/\n(\n{divisor}\n)"


def missing(good: str, everything: str, window: float, by: str = LEVEL) -> str:
    """How many events were not good."""
    return f"{total('increase', everything, window, by)}\n-\n{total('increase', good, window, by)}"


def quantile(value: float, buckets: str, window: float, by: str = LEVEL) -> str:
    """Interpolated in the bucket it falls into. NaN (no traffic) is dropped: NaN compares equal to nothing."""
    inner = f"  {number_text(value)},\n  sum by ({by}, le) (\n    rate({buckets}[{duration_text(window)}])\n  )"
    return f"histogram_quantile(\n{inner}\n)\n>= 0"


def up(series: str) -> str:
    """1 while a target answers, 0 while none does, and 0 as well while there is none to ask."""
    return f"max by (service) ({series})\nor\n0 * max by (service) (absent({series}))"


def violated(
    shown: str, good_ratio: str, target: float, bad: str, minimum_bad: int, events: str, minimum: int, scope: str
) -> str:
    """The share of good events is below the target, and there were enough events to say so. Returns `shown`.

    `and` compares service and extractor, so the scope of the first operand holds for all.
    """
    limit = f"< {number_text(target)} - {TOLERANCE}"
    first = [f"{shown}{scope} {limit}"] if shown == good_ratio else [f"{shown}{scope}", f"{good_ratio} {limit}"]
    return "\nand\n".join((*first, f"{bad} >= {minimum_bad}", f"{events} >= {minimum}"))


def silent(rate: str, up_series: str) -> str:
    """Nothing is counted although a target answers. While none does, the alert about that says it all."""
    return f"(\n  {rate} == 0\n  or\n  absent({rate})\n)\nand on (service)\n{up_series} == 1"


def violates(value: str, scope: str, comparison: str, bound: float, tolerance: float) -> str:
    """The value lies beyond its bound by more than a rounding error."""
    beyond = ""
    if tolerance:
        beyond = f" {'-' if comparison.startswith('<') else '+'} {_power(tolerance)}"
    return f"{value}{scope} {comparison} {number_text(bound)}{beyond}"


def _power(value: float) -> str:
    """1e-9, 0.001, 10: tolerances are powers of ten."""
    return f"{value:.0e}".replace("e-0", "e-") if value < 1e-3 else number_text(value)


def now(aggregate: str, series: str, window: float, by: str) -> str:
    """One value of all series now, or of their averages over a window. A series that says NaN says nothing."""
    each = f"avg_over_time({series}[{duration_text(window)}])" if window else series
    return f"{aggregate} by ({by}) (\n  {each} >= -Inf\n)"


def quotient(dividend: str, divisor: str) -> str:
    """No value where there is nothing to divide by."""
    below = indent(f"{divisor}\n> 0", "  ")
    return f"{dividend}\n/\n(\n{below}\n)"


def rate(aggregate: str, series: str, window: float, by: str) -> str:
    return f"{aggregate} by ({by}) (\n  rate({series}[{duration_text(window)}])\n)"


def whole(value: str, series: str, window: float, by: str) -> str:
    """Only where somebody counted a window ago already: in a shorter time fewer events are no lower rate."""
    return f"{value}\nand\ngroup by ({by}) (\n  {series} offset {duration_text(window)}\n)"


def increase(series: str, up: str, window: float, by: str) -> str:
    """How many events there were. A counter that appeared inside the window, while its target was there already, has
    counted all that it shows; `increase` would miss what it began with."""
    over = duration_text(window)
    born = f"{series}\nunless\n{series} offset {over}\nand on (job, instance)\n{up} offset {over} == 1"
    return f"sum by ({by}) (\n{indent(born, '  ')}\n  or\n  increase({series}[{over}])\n)"


def age(aggregate: str, series: str, by: str) -> str:
    """Seconds since a point in time that a series shows; 0 is no point in time."""
    return f"time()\n-\n{aggregate} by ({by}) (\n  {series} > 0\n)"


def filled(value: str, others: str) -> str:
    """0 instead of nothing while there are the others: some series do not exist before the first event."""
    return f"{value}\nor\n0 * {others}"


def absent(series: str, up_series: str | None) -> str:
    """A series is not there. With `up_series`, only while a target answers: the alert about that says it all."""
    expr = f"max by (service) (absent({series}))"
    return f"{expr}\nand on (service)\n{up_series} == 1" if up_series else expr


def less(first: str, second: str) -> str:
    return f"{first}\n-\n(\n{indent(second, '  ')}\n)"


def more(first: str, second: str) -> str:
    return f"{first}\n+\n(\n{indent(second, '  ')}\n)"
