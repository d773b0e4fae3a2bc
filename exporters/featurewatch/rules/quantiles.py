"""What shows how durations are spread: quantiles and heat maps, from both kinds of histogram. Nothing is judged by it.

Every bucket is read once for each window; the quantiles are computed from what that recorded. Where Prometheus scrapes
native histograms, whose quantiles are within half a percent, they serve; else the classic buckets do.
"""

from __future__ import annotations

from collections.abc import Iterator

from featurewatch import names
from featurewatch.objectives.model import QuantileObjective
from featurewatch.objectives.units import number_text
from featurewatch.rules import expressions, recorded
from featurewatch.rules.model import Recording
from featurewatch.rules.plan import Plan

GROUP = "shown"
EVALUATIONS = 5
"""Of what is judged, until the group is evaluated again: a thousand extractors have tens of thousands of buckets."""

SHOWN = (0.5, 0.95, 0.99)
SHOWN_BY_SOURCE = (0.95, 0.99)
SHOWN_BY_STAGE = (0.95,)


def recordings(plan: Plan) -> Iterator[Recording]:
    """The spread over each window, and each quantile of it."""
    wanted = of(plan)
    succeeded = ((names.SERVICE, plan.objectives.service), (names.OUTCOME, names.SUCCESS))
    own = expressions.selector("", succeeded[:1])
    for window in sorted({window for _, window in wanted}):
        classic, native = recorded.buckets_rate(window), recorded.native_rate(window)
        buckets = expressions.selector(f"{names.EXTRACTION_DURATION}_bucket", succeeded)
        yield Recording(classic, expressions.total("rate", buckets, window, f"{expressions.LEVEL}, le"))
        histograms = expressions.selector(names.EXTRACTION_DURATION, succeeded)
        yield Recording(native, expressions.total("rate", histograms, window))
        for quantile in sorted(quantile for quantile, over in wanted if over == window):
            both = f"{_quantile(quantile, native, own)}\nor\n{_quantile(quantile, classic, own)}"
            yield Recording(recorded.quantile_seconds(quantile, window), both)
    yield from _parts(plan)


def _parts(plan: Plan) -> Iterator[Recording]:
    """By source and by stage, over the shown window. Their buckets are not kept: those would be thirty series for each
    one that is shown."""
    own, window = ((names.SERVICE, plan.objectives.service),), plan.show_window
    succeeded = (*own, (names.OUTCOME, names.SUCCESS))
    for quantile in SHOWN_BY_SOURCE:
        by = f"{expressions.LEVEL}, {names.SERVED_FROM}"
        expr = _of_both(quantile, names.EXTRACTION_DURATION, succeeded, window, by)
        yield Recording(recorded.source_quantile_seconds(quantile, window), expr)
    for quantile in SHOWN_BY_STAGE:
        expr = _of_both(quantile, names.STAGE_DURATION, own, window, f"{expressions.LEVEL}, {names.STAGE}")
        yield Recording(recorded.stage_quantile_seconds(quantile, window), expr)


def _of_both(value: float, histogram: str, matchers: tuple[tuple[str, str], ...], window: float, by: str) -> str:
    """Of the native histogram where there is one, else of the classic buckets."""
    native = expressions.total("rate", expressions.selector(histogram, matchers), window, by)
    classic = expressions.total("rate", expressions.selector(f"{histogram}_bucket", matchers), window, f"{by}, le")
    return f"{_quantile(value, native)}\nor\n{_quantile(value, classic)}"


def _quantile(value: float, spread: str, own: str = "") -> str:
    """NaN (no traffic) is dropped: NaN compares equal to nothing."""
    return f"histogram_quantile({number_text(value)}, {spread}{own}) >= 0"


def of(plan: Plan) -> set[tuple[float, float]]:
    """(quantile, window): those that panels show, and each that an objective names."""
    named = {
        (judgement.objective.quantile, judgement.window)
        for judgement in plan.judgements
        if isinstance(judgement.objective, QuantileObjective) and not judgement.objective.foreign
    }
    return named | {(quantile, plan.show_window) for quantile in SHOWN}
