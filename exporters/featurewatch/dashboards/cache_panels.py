"""Whether the cache earns its memory: hits, evictions, fill, speed, warming."""

from __future__ import annotations

from featurewatch import names
from featurewatch.dashboards import charts, panels, queries, quiet, units
from featurewatch.dashboards.limits import GOOD, Steps
from featurewatch.dashboards.objective_panels import interval, quantile_name
from featurewatch.dashboards.panels import Panel
from featurewatch.dashboards.queries import Query
from featurewatch.rules.plan import Plan

BY_CACHE = f"{{{{{names.CACHE_NAME}}}}}"
HIT = f'{names.RESULT}="hit"'
FULL: Steps = [{"color": GOOD, "value": None}, {"color": "yellow", "value": 0.8}, {"color": "orange", "value": 0.9}]
MEGABYTE = 1_000_000


def hit_ratio() -> Panel:
    return charts.gauge(
        "Look-ups that hit, now",
        Query(_hits("[$__rate_interval]"), BY_CACHE),
        steps=[{"color": "red", "value": None}, {"color": "yellow", "value": 0.6}, {"color": GOOD, "value": 0.85}],
        no_value=quiet.NO_CACHE,
        description=panels.describe(
            "Keys found over keys looked up.",
            "85 % and more. What was promised is judged by extractions that the cache served, on the first dashboard.",
        ),
    )


def fill() -> Panel:
    return charts.gauge(
        "How full it is",
        Query(f"max by ({names.CACHE_NAME}) ({_known(names.CACHE_FILL)})", BY_CACHE),
        steps=FULL,
        no_value=quiet.NO_CACHE,
        description=panels.describe(
            "What is kept over what fits.",
            "below 90 %. Full with a low hit ratio: too small. Nearly empty with a high one: larger than it must be.",
        ),
    )


def efficiency() -> Panel:
    return panels.stat(
        "Efficiency",
        Query(f"min({_known(names.CACHE_EFFICIENCY)})"),
        unit=units.SHARE,
        decimals=1,
        no_value=quiet.NO_CACHE,
        description=panels.describe(
            "Hit ratio of the last five minutes times fill ratio: how much of the memory set aside works.",
            "near the hit ratio. Far below it: much memory is set aside and not used.",
        ),
    )


def entries() -> Panel:
    return panels.stat(
        "Entries kept",
        Query(f"sum({_known(names.CACHE_ENTRIES)})"),
        unit=units.COUNT,
        no_value=quiet.NO_CACHE,
        description=panels.describe(
            "Entries in all chosen caches, those that have expired unnoticed included.",
            "about as many as there are distinct requests within their time to live.",
        ),
    )


def hits_per_megabyte() -> Panel:
    hits = f"sum (rate({queries.of_caches(names.CACHE_LOOKUPS, HIT)}[$__rate_interval]))"
    size = f"sum ({_known(names.CACHE_SIZE)}) / {MEGABYTE}"
    return panels.stat(
        "Hits/s per megabyte",
        Query(queries.share(hits, size)),
        unit=units.COUNT,
        decimals=1,
        no_value=quiet.NO_BYTES,
        description=panels.describe(
            "What each megabyte earns. Compare it before and after a change of capacity or time to live.",
            "does not fall when capacity grows: then the added memory earns as much as the old.",
        ),
    )


def hit_ratio_over_time(plan: Plan) -> Panel:
    return panels.time_series(
        "Look-ups that hit",
        [Query(_hits("[$__rate_interval]"), BY_CACHE)],
        unit=units.SHARE,
        decimals=1,
        span=(0, 1),
        interval=interval(plan),
        no_value=quiet.NO_CACHE,
        description=panels.describe(
            "Keys found over keys looked up. A gap is a time without look-ups.",
            "level and high. A step down: it was emptied, or requests became different. A slow fall: it is too small.",
        ),
    )


def lookups(plan: Plan) -> Panel:
    expr = queries.rate(queries.of_caches(names.CACHE_LOOKUPS), names.CACHE_NAME, names.RESULT)
    return panels.time_series(
        "Look-ups by result",
        [Query(expr, f"{BY_CACHE} · {{{{{names.RESULT}}}}}")],
        unit=units.OPERATIONS_PER_SECOND,
        stacked=True,
        interval=interval(plan),
        no_value=quiet.NO_CACHE,
        description=panels.describe(
            "Keys looked up per second; several at once count one by one.", "mostly `hit`, following the traffic."
        ),
    )


def evictions(plan: Plan) -> Panel:
    expr = queries.rate(queries.of_caches(names.CACHE_EVICTIONS), names.CACHE_NAME, names.REASON)
    return panels.time_series(
        "Evictions by reason",
        [Query(expr, f"{BY_CACHE} · {{{{{names.REASON}}}}}")],
        unit=units.EVENTS_PER_SECOND,
        stacked=True,
        interval=interval(plan),
        no_value=quiet.NO_CACHE,
        description=panels.describe(
            "Entries that left per second: for want of room (`capacity`), by age (`expired`), by wish (`deleted`, "
            "`cleared`).",
            "`expired` only. `capacity` means that entries leave before their time: larger cache, or shorter time.",
        ),
    )


def evictions_in_range() -> Panel:
    return charts.pie(
        "Why entries left",
        [Query(queries.total(queries.of_caches(names.CACHE_EVICTIONS), names.REASON), f"{{{{{names.REASON}}}}}")],
        unit=units.COUNT,
        no_value=quiet.NO_EVICTION,
        description=panels.describe(
            "Entries that left in the range shown, by reason.", "nearly all `expired`, or none at all."
        ),
    )


def kept(plan: Plan) -> Panel:
    return panels.time_series(
        "Memory kept and set aside",
        [
            Query(f"sum by ({names.CACHE_NAME}) ({_known(names.CACHE_SIZE)})", f"{BY_CACHE} kept"),
            Query(f"sum by ({names.CACHE_NAME}) ({_known(names.CACHE_CAPACITY_BYTES)})", f"{BY_CACHE} fits"),
        ],
        unit=units.BYTES,
        interval=interval(plan),
        no_value=quiet.NO_BYTES,
        description=panels.describe(
            "Bytes in the cache, and bytes that fit. Caches that count entries only are not here.",
            "a line that settles below what fits.",
        ),
    )


def filled(plan: Plan) -> Panel:
    return panels.time_series(
        "Fill and efficiency",
        [
            Query(f"max by ({names.CACHE_NAME}) ({_known(names.CACHE_FILL)})", f"{BY_CACHE} fill"),
            Query(f"min by ({names.CACHE_NAME}) ({_known(names.CACHE_EFFICIENCY)})", f"{BY_CACHE} efficiency"),
        ],
        unit=units.SHARE,
        decimals=1,
        span=(0, 1),
        interval=interval(plan),
        no_value=quiet.NO_CACHE,
        description=panels.describe(
            "What is kept over what fits, and the hit ratio times that.",
            "fill below 90 %, and efficiency close beneath it.",
        ),
    )


def operation_time(plan: Plan, quantile: float) -> Panel:
    buckets = queries.of_caches(f"{names.CACHE_OPERATION_DURATION}_bucket")
    expr = queries.quantile(quantile, buckets, names.CACHE_NAME, names.OPERATION, names.RESULT)
    return panels.time_series(
        f"{quantile_name(quantile)} of operations",
        [Query(expr, f"{BY_CACHE} · {{{{{names.OPERATION}}}}} · {{{{{names.RESULT}}}}}", exemplar=True)],
        unit=units.SECONDS,
        interval=interval(plan),
        no_value=quiet.NO_CACHE,
        description=panels.describe(
            "How long the cache took, as its user sees it: network and serialising included.",
            "a look-up far cheaper than what it saves; `miss` no slower than `hit`.",
        ),
    )


def operation_heat(plan: Plan) -> Panel:
    buckets = queries.of_caches(f"{names.CACHE_OPERATION_DURATION}_bucket", f'{names.OPERATION}="get"')
    return charts.heatmap(
        "Look-ups by how long they took",
        Query(queries.rate(buckets, "le"), exemplar=True),
        unit=units.SECONDS,
        interval=interval(plan),
        no_value=quiet.NO_CACHE,
        description=panels.describe(
            "Look-ups per second in each bucket of duration.",
            "one dark band at the bottom. A second band far above: time-outs, or a server that is busy.",
        ),
    )


def warmed() -> Panel:
    used = f"sum by ({names.CACHE_NAME}) ({queries.of_caches(names.CACHE_WARMED_USED)})"
    every = f"sum by ({names.CACHE_NAME}) ({queries.of_caches(names.CACHE_WARMED)})"
    return charts.gauge(
        "Warmed and used",
        Query(queries.share(used, every), BY_CACHE),
        steps=[{"color": "red", "value": None}, {"color": "yellow", "value": 0.3}, {"color": GOOD, "value": 0.6}],
        no_value=quiet.NO_WARMING,
        description=panels.describe(
            "Of the entries that warming put there, those that were hit at least once.",
            "most. Few: warming fills the cache with what nobody asks for.",
        ),
    )


def warming(plan: Plan) -> Panel:
    pairs = ((names.CACHE_WARMED, "warmed"), (names.CACHE_WARMED_USED, "used"))
    return panels.time_series(
        "Warming",
        [
            Query(queries.rate(queries.of_caches(metric), names.CACHE_NAME), f"{BY_CACHE} {word}")
            for metric, word in pairs
        ],
        unit=units.OPERATIONS_PER_SECOND,
        interval=interval(plan),
        no_value=quiet.NO_WARMING,
        description=panels.describe(
            "Entries per second that warming put there, and those of them that were hit for the first time.",
            "after each burst of `warmed`, `used` follows and covers most of it.",
        ),
    )


def _hits(window: str) -> str:
    hits = f"sum by ({names.CACHE_NAME}) (rate({queries.of_caches(names.CACHE_LOOKUPS, HIT)}{window}))"
    every = f"sum by ({names.CACHE_NAME}) (rate({queries.of_caches(names.CACHE_LOOKUPS)}{window}))"
    return queries.share(hits, every)


def _known(metric: str) -> str:
    """Without what the cache does not know, which it exports as no number."""
    return f"{queries.of_caches(metric)} >= 0"
